"""What arrives: music folders walked, and work offered."""
