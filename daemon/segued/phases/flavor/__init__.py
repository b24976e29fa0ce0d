"""What phase 9 alone uses: where a flavor comes from."""
