"""What happens now, as everybody who watches sees it."""
