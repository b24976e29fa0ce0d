"""Extract the audio from Ogg streams: the first packet, and those after the headers.

The first packet describes the audio (codec, rate, channels).

Pages have sequence numbers and checksums, and a longer comment renumbers all of them.
Retagging changes neither the first packet nor the packets after the headers.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from segued.media.containers.detect import OGG_PAGE

__all__ = ["OggAudio"]

Sink: TypeAlias = Callable[[bytes], object]

HEAD_BYTES: Final = 27
STREAMS_MAX: Final = 1_000
SPEEX_EXTRA_AT: Final = 68
FLAC_FRAME: Final = 0xFF
HEADERS_ONLY: Final = 1 << 32


class OggAudio:
    """Parses an Ogg file block by block, and passes its audio to `sink`.

    Interleaved and chained streams are distinguished by serial number; their audio
    is passed on in the order of the file.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink: Final = sink
        self._remainder = b""
        self._headers: dict[bytes, _HeaderCounter] = {}
        self._out_of_sync = False
        self._audio_seen = False

    def update(self, block: bytes | bytearray | memoryview) -> None:
        """Parse the next block of the file, of any length."""
        if self._out_of_sync:
            return
        data = b"".join((self._remainder, block))
        audio: list[bytes] = []
        at = 0
        while (page := _parse_page(data, at)) is not None:
            segments, body, end = page
            self._process_page(data[at:body], segments, data[body:end], audio)
            at = end
        self._remainder = data[at:]
        in_step = OGG_PAGE.startswith(self._remainder[: len(OGG_PAGE)])
        self._out_of_sync = not in_step or len(self._headers) > STREAMS_MAX
        # Hashing one long block is several times faster than many short ones.
        joined = b"".join(audio)
        self._audio_seen = self._audio_seen or joined != b""
        self._sink(joined)

    @property
    def has_audio(self) -> bool:
        """Whether audio was found, and the file consists of whole pages only."""
        return self._audio_seen and not self._out_of_sync and not self._remainder

    def _process_page(
        self, head: bytes, segments: bytes, body: bytes, audio: list[bytes]
    ) -> None:
        serial = head[14:18]
        headers = self._headers.get(serial)
        if headers is None or head[5] & 2:
            headers = self._headers[serial] = _HeaderCounter()
            # FLAC's first packet starts with the number of headers, tags included.
            self._sink(body[9:] if body.startswith(b"\x7fFLAC") else body)
        if headers.finished:
            audio.append(body)
        else:
            audio.append(body[headers.consume(segments, body) :])


def _parse_page(data: bytes, at: int) -> tuple[bytes, int, int] | None:
    """Return a page's segment table, body and end; None if it is incomplete."""
    if len(data) - at < HEAD_BYTES or not data.startswith(OGG_PAGE, at):
        return None
    body = at + HEAD_BYTES + data[at + HEAD_BYTES - 1]
    segments = data[at + HEAD_BYTES : body]
    end = body + sum(segments)
    return (segments, body, end) if end <= len(data) else None


class _HeaderCounter:
    """Counts the header packets of one stream."""

    def __init__(self) -> None:
        self.finished = False
        self._first_packet = b""  # its first 80 bytes, as far as received
        self._packets = 0
        self._at_packet_start = True  # whether the next byte begins a packet
        self._header_packets = HEADERS_ONLY

    def consume(self, segments: bytes, body: bytes) -> int:
        """Return the offset of the audio in `body`; its length if there is none."""
        at = 0
        for length in segments:
            if self._at_packet_start and self._is_audio(body[at : at + 1]):
                self.finished = True
                return at
            if self._packets == 0:
                self._first_packet = (self._first_packet + body[at : at + length])[:80]
            self._at_packet_start = length < 255  # noqa: PLR2004
            at += length
            if self._at_packet_start:
                self._packets += 1
                if self._packets == 1:
                    self._header_packets = _count_header_packets(self._first_packet)
        return at

    def _is_audio(self, byte: bytes) -> bool:
        if self._packets == 0:
            return False
        if self._first_packet.startswith(b"\x7fFLAC"):
            return byte == bytes((FLAC_FRAME,))
        return self._packets >= self._header_packets


def _count_header_packets(first: bytes) -> int:
    """Return the number of header packets of a stream whose first packet is `first`."""
    if first.startswith((b"\x01vorbis", b"\x80theora")):
        return 3
    if first.startswith(b"OpusHead"):
        return 2
    if first.startswith(b"Speex   "):
        extra = first[SPEEX_EXTRA_AT : SPEEX_EXTRA_AT + 4]
        return 2 + int.from_bytes(extra, "little")
    if first.startswith(b"fishead\0"):
        return HEADERS_ONLY  # Skeleton describes the other streams, without audio
    return 1
