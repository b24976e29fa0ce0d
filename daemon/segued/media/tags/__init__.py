"""Read a file's metadata: tags, CUE sheets, chapters and its name."""
