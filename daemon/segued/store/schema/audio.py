"""Tables keyed by the audio hash: decode results, loudness, analyzer outputs."""

from typing import ClassVar

from peewee import BlobField, Check, CompositeKey, IntegerField, TextField

from segued.store.schema.files import BaseTable, now

__all__ = ["AnalyzerOutput", "DecodeCache", "SpectrumCache", "StoredLoudness"]


class DecodeCache(BaseTable):
    """The decode result of all files with the same audio.

    The key is the audio, not the file, so a retagged, moved or copied file is
    not decoded again.
    """

    audio_hash = TextField(primary_key=True)
    version = IntegerField()  # of the decoding and level code
    rate = IntegerField()
    hop_frames = IntegerField()
    frames = IntegerField()
    levels = BlobField()  # deflated model.LevelCurve.levels
    facts = TextField()  # JSON of model.AudioFacts
    prints = TextField()  # JSON of model.Fingerprint, for every requested span
    warnings = TextField()  # JSON of model.FileWarning

    class Meta:
        table_name = "decode_cache"


class StoredLoudness(BaseTable):
    """The loudness curve of all files with the same audio.

    The key is the audio, as in `DecodeCache`. It is a table of its own because older
    libraries have decode results without it, and because few queries need it.
    """

    audio_hash = TextField(primary_key=True)
    version = IntegerField()  # of the loudness code
    rate = IntegerField()
    block_frames = IntegerField()
    frames = IntegerField()
    blocks = BlobField()  # deflated dsp.loudness.pack

    class Meta:
        table_name = "loudness_curves"


class SpectrumCache(BaseTable):
    """The spectrum curve of audio that is long enough for an album side.

    Computed in the decode whose result is in `decode_cache`; audio that was decoded
    earlier has none.
    """

    audio_hash = TextField(primary_key=True)
    version = IntegerField()  # that of the decode result
    interval_frames = IntegerField()
    spectra = BlobField()  # deflated model.SpectrumCurve.values

    class Meta:
        table_name = "spectrum_cache"


class AnalyzerOutput(BaseTable):
    """The complete output of one analyzer for one range of some audio.

    The key is the audio, not the file, as in `DecodeCache`. Rows are never deleted,
    so new flavor rules can be applied without decoding.
    """

    audio_hash = TextField()
    start_ticks = IntegerField()
    end_ticks = IntegerField()
    source = TextField()
    version = TextField()  # of the analyzer, and of how it is used
    output = BlobField()  # deflated JSON
    at = TextField(default=now)

    class Meta:
        table_name = "analyzer_outputs"
        primary_key = CompositeKey("audio_hash", "start_ticks", "end_ticks", "source")
        constraints: ClassVar = [Check("0 <= start_ticks AND start_ticks < end_ticks")]
