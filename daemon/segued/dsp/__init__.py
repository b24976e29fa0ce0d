"""The arithmetic of sound: arrays in, values out. No files, no clock."""
