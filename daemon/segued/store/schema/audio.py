"""The library database, declared: what is kept by the audio, whatever its file is."""

from typing import ClassVar

from peewee import BlobField, Check, CompositeKey, IntegerField, TextField

from segued.store.schema.files import BaseTable, now

__all__ = ["AnalyzerOutput", "DecodeCache"]


class DecodeCache(BaseTable):
    """What decoding showed, for every file with the same audio.

    Keyed by the audio and not by the file, so that a retagged, moved or
    copied file is never decoded again.
    """

    audio_hash = TextField(primary_key=True)
    version = IntegerField()  # of the decoding and measuring code
    rate = IntegerField()
    hop_frames = IntegerField()
    frames = IntegerField()
    levels = BlobField()  # deflated model.LevelCurve.levels
    facts = TextField()  # JSON of model.AudioFacts
    prints = TextField()  # JSON of model.Print, all spans ever asked for
    warnings = TextField()  # JSON of model.Warned

    class Meta:
        table_name = "decode_cache"


class AnalyzerOutput(BaseTable):
    """What one tool heard in one stretch of some audio, whole and for ever.

    Keyed by the audio and not by the file, as `DecodeCache`; so what follows from it
    can be worked out anew without decoding.
    """

    audio_hash = TextField()
    start_ticks = IntegerField()
    end_ticks = IntegerField()
    source = TextField()
    version = TextField()  # of the tool, and of how it is used
    output = BlobField()  # deflated JSON
    at = TextField(default=now)

    class Meta:
        table_name = "analyzer_outputs"
        primary_key = CompositeKey("audio_hash", "start_ticks", "end_ticks", "source")
        constraints: ClassVar = [Check("0 <= start_ticks AND start_ticks < end_ticks")]
