"""What is done: files taken through the phases, N at a time."""
