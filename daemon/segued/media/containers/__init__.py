"""Parse the structure of audio files without decoding them."""
