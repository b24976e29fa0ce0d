"""A library on record as decoded and fingerprinted, though nothing was decoded."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from segued.compute.pools import Compute
from segued.config.config import Config, Settings
from segued.media import file_analysis
from segued.media.safe_open import signature_of
from segued.model import (
    AudioFacts,
    AudioFile,
    FileId,
    Folder,
    Found,
    LevelCurve,
    Print,
    Span,
    Tags,
)
from segued.phases import (
    p01_filename,
    p02_hash,
    p03_tags,
    p04_segment,
)
from segued.phases.base import Phase, Tools
from segued.store import checkpoints, codec, decode_cache, duplicates, files, inventory
from segued.store.database import Store
from segued.store.decode_cache import Heard
from segued.store.schema.files import File
from segued.units import TICKS_PER_SECOND, Frames, Hertz, Seconds, Ticks

__all__ = ["Shelved", "shelve"]

RATE: Final = Hertz(44_100)


@dataclass(frozen=True, slots=True)
class Shelved:
    """A song: where it is, how long, how it sounds, and what its tags say."""

    path: str
    seconds: int
    fingerprint: str
    title: str | None
    artist: str | None
    album: str | None
    release_mbid: str | None


async def shelve(music: Path, database: Path, songs: Sequence[Shelved]) -> None:
    """Make a library whose files have four phases behind them, and their sound.

    Args:
        music: Folder for the files, which are nearly empty.
        database: The library.
        songs: What is in it, those of a folder together.
    """
    store = Store(database)
    await store.open()
    compute = Compute(processes=1, memory_mib=512, file_limit=Seconds(1))
    tools = Tools(Config(), Settings(), store, compute, database.parent)
    folders: dict[str, list[Shelved]] = {}
    for song in songs:
        folders.setdefault(os.path.dirname(song.path), []).append(song)
    for name, inside in folders.items():
        place = music / name
        place.mkdir(parents=True, exist_ok=True)
        await store.do(_shelve_folder, music, place, inside, tools)
    await store.close()


def _shelve_folder(
    music: Path, place: Path, songs: Sequence[Shelved], tools: Tools
) -> None:
    there = []
    for song in songs:
        path = music / song.path
        path.write_bytes(b"-")
        there.append(Found(bytes(path), signature_of(path.stat())))
    inventory.admit([Folder(bytes(music), bytes(place), tuple(there))])
    for song, found in zip(songs, there, strict=True):
        row = File.get(File.path == found.path)
        file = AudioFile(FileId(row.id), found.path, bytes(music), found.signature)
        _shelve(file, song, tools)


def _shelve(file: AudioFile, song: Shelved, tools: Tools) -> None:
    digest = hashlib.blake2b(song.path.encode(), digest_size=32).hexdigest()
    span = Span(Ticks(0), Ticks(song.seconds * TICKS_PER_SECOND))
    frames = Frames(song.seconds * RATE)
    facts = AudioFacts(frames, RATE, 2, 0.9, "mp3", "FFmpeg")
    curve = LevelCurve(bytes([20]) * (song.seconds * 100), Frames(441), RATE, frames)
    prints = (Print(span, (song.fingerprint,)),)
    decode_cache.keep(digest, file_analysis.VERSION, Heard(facts, curve, prints, ()))
    files.begin(file)
    duplicates.claim(file, digest, digest, ())
    tags = Tags(
        title=song.title,
        artist=song.artist,
        album=song.album,
        release_mbid=song.release_mbid,
    )
    files.keep_tags(file.id, tags)
    files.keep_facts(file.id, facts)
    named = p03_tags.Named(tags, Tags(), (), None, ())
    _done(file.id, p01_filename.PHASE, p01_filename.Looked(file.signature), tools)
    _done(file.id, p02_hash.PHASE, p02_hash.Hashed(digest, digest), tools)
    _done(file.id, p03_tags.PHASE, named, tools)
    segmented = p04_segment.Segmented(facts, (span,), ())
    _done(file.id, p04_segment.PHASE, segmented, tools)
    files.put_back(file.id)


def _done(file: FileId, phase: Phase[Any], result: object, tools: Tools) -> None:
    kept = checkpoints.Kept(
        phase.number, phase.recipe(tools), codec.encode(result), None
    )
    checkpoints.put(file, kept)
