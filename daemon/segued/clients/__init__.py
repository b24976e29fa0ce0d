"""The outside services, asked politely: what they answer, and what they do not.

`service` knows how to ask any of them, `acoustid` and `musicbrainz` what to ask
and how to read it. An answer that is kept is kept as it came, in bytes; reading
it again needs no network.
"""
