"""What is shown: to people, and to programs that ask."""
