"""Parts of phase 6: the files of a folder, and the release they are from."""
