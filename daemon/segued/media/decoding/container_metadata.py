"""Read the metadata of a container that mutagen has no reader for.

FFmpeg is imported where it is used, as in `segued.media.decoding.decode`.
"""

__all__ = ["read_metadata"]


def read_metadata(path: bytes, descriptor: int, start: int) -> list[tuple[str, bytes]]:
    """Return the metadata of a container and then of its audio, as names and bytes.

    Args:
        path: Absolute path, for errors.
        descriptor: Descriptor of the file.
        start: End of the tags in front of the container.

    Raises:
        NotAudioError: It is not an audio container, or has no audio.
        DecodeError: There is no decoder for its audio.
    """
    from segued.media.decoding.libav import (  # noqa: PLC0415
        audio_stream,
        open_container,
    )

    with open_container(path, descriptor, start) as container:
        stream = audio_stream(path, container)
        return [
            (name, text.encode("utf-8", "surrogateescape"))
            for metadata in (container.metadata, stream.metadata)
            for name, text in metadata.items()
        ]
