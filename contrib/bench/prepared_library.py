"""A library that lists files as decoded and fingerprinted, without decoding any."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from segued.compute.pools import ProcessPools
from segued.config.config import Config, Settings
from segued.media import file_analysis
from segued.media.safe_open import signature_of
from segued.media.tags import filename
from segued.model import (
    AudioFacts,
    AudioFile,
    FileEntry,
    FileId,
    Fingerprint,
    FolderListing,
    LevelCurve,
    Span,
    Tags,
)
from segued.phases import (
    p01_filename,
    p02_hash,
    p03_tags,
    p04_segment,
)
from segued.phases.base import Phase, PhaseContext
from segued.store import (
    checkpoints,
    codec,
    decode_cache,
    file_tags,
    files,
    inventory,
    moves,
)
from segued.store.database import Store
from segued.store.decode_cache import DecodeResult
from segued.store.schema.files import File
from segued.units import TICKS_PER_SECOND, Frames, Hertz, Seconds, Ticks

__all__ = ["PreparedSong", "prepare_library"]

RATE: Final = Hertz(44_100)


@dataclass(frozen=True, slots=True)
class PreparedSong:
    """A song: path, length in seconds, fingerprint and tags."""

    path: str
    seconds: int
    fingerprint: str
    title: str | None
    artist: str | None
    album: str | None
    release_mbid: str | None


async def prepare_library(
    music: Path, database: Path, songs: Sequence[PreparedSong]
) -> None:
    """Create a library whose files have passed four phases, with a decode cache.

    Args:
        music: Folder for the files, of one byte each.
        database: The library.
        songs: Its songs, those of a folder in sequence.
    """
    store = Store(database)
    await store.open()
    compute = ProcessPools(processes=1, memory_mib=512, file_limit=Seconds(1))
    context = PhaseContext(Config(), Settings(), store, compute, database.parent)
    folders: dict[str, list[PreparedSong]] = {}
    for song in songs:
        folders.setdefault(os.path.dirname(song.path), []).append(song)
    for name, inside in folders.items():
        place = music / name
        place.mkdir(parents=True, exist_ok=True)
        await store.do(_prepare_folder, music, place, inside, context)
    await store.close()


def _prepare_folder(
    music: Path, place: Path, songs: Sequence[PreparedSong], context: PhaseContext
) -> None:
    entries = []
    for song in songs:
        path = music / song.path
        path.write_bytes(b"-")
        entries.append(FileEntry(bytes(path), signature_of(path.stat())))
    inventory.apply_listing([FolderListing(bytes(music), bytes(place), tuple(entries))])
    for song, entry in zip(songs, entries, strict=True):
        row = File.get(File.path == entry.path)
        file = AudioFile(FileId(row.id), entry.path, bytes(music), entry.signature)
        _prepare_file(file, song, context)


def _prepare_file(file: AudioFile, song: PreparedSong, context: PhaseContext) -> None:
    digest = hashlib.blake2b(song.path.encode(), digest_size=32).hexdigest()
    span = Span(Ticks(0), Ticks(song.seconds * TICKS_PER_SECOND))
    frames = Frames(song.seconds * RATE)
    facts = AudioFacts(frames, RATE, 2, 0.9, "mp3", "FFmpeg")
    curve = LevelCurve(bytes([20]) * (song.seconds * 100), Frames(441), RATE, frames)
    prints = (Fingerprint(span, (song.fingerprint,)),)
    decode_cache.save(
        digest, file_analysis.VERSION, DecodeResult(facts, curve, prints, ())
    )
    files.mark_processing(file)
    moves.claim_content(file, digest, digest, ())
    tags = Tags(
        title=song.title,
        artist=song.artist,
        album=song.album,
        release_mbid=song.release_mbid,
    )
    file_tags.save(file.id, tags, {}, complete=True)
    files.set_audio_facts(file.id, facts)
    tags_read = p03_tags.TagsRead(
        tags,
        filename.tags_from_name(file.path),
        (),
        filename.leading_number(file.path),
        (),
    )
    _save_checkpoint(
        file.id, p01_filename.PHASE, p01_filename.FileChecked(file.signature), context
    )
    _save_checkpoint(file.id, p02_hash.PHASE, p02_hash.Hashed(digest, digest), context)
    _save_checkpoint(file.id, p03_tags.PHASE, tags_read, context)
    segmented = p04_segment.Segmented(facts, (span,), ())
    _save_checkpoint(file.id, p04_segment.PHASE, segmented, context)
    files.mark_pending(file.id)


def _save_checkpoint(
    file: FileId, phase: Phase[Any], result: object, context: PhaseContext
) -> None:
    checkpoint = checkpoints.StoredCheckpoint(
        phase.number, phase.recipe(context), codec.encode(result), None
    )
    checkpoints.save(file, checkpoint)
