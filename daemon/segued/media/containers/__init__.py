"""The structure of audio files, read without decoding."""
