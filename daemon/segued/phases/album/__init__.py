"""What phase 6 alone uses: the folder's files and their release."""
