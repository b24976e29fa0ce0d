"""Clients of the outside services: AcoustID, MusicBrainz and AcousticBrainz.

`service_client` sends requests to any of them, within its rate limit; `acoustid`,
`musicbrainz` and `acousticbrainz` build the requests and parse the answers. Answers
are returned as the bytes received, so stored ones can be parsed again offline.
"""
