"""What a file says of itself: tags, CUE sheets, chapters, its name."""
