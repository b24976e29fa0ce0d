"""One file, read: everything that looks inside an audio file.

All of it runs in child processes, on untrusted bytes.
"""
