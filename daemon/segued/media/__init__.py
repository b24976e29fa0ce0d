"""Read single audio files: hashes, tags, decoding, fingerprints, analyzers.

Apart from `disk_calls` this runs in child processes, because the bytes are untrusted.
"""
