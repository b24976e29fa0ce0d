"""Run the plain library calls that the analysis of music consists of.

    python -m bench.library_calls MODELS FILE...

For each file, in one process: FFmpeg decodes it and measures its loudness, Essentia's
MusicExtractor analyzes it, and onnxruntime runs both of musicnn's networks on the mel
bands that Essentia computes for them. Nothing is stored.
"""

import sys
from pathlib import Path
from typing import Any

import av
import essentia
import numpy as np
import onnxruntime
from av.filter import Graph
from essentia import standard

from segued.media.analyzers import musicnn

FRAME, HOP = 512, 256


def main() -> None:
    """Analyze all files that the command line names."""
    essentia.log.infoActive = essentia.log.warningActive = False
    models, *files = sys.argv[1:]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    networks = [
        onnxruntime.InferenceSession(
            str(musicnn.model_file(Path(models), name)), options
        )
        for name in ("msd", "mtt")
    ]
    for file in files:
        loudness(file)
        standard.MusicExtractor()(file)
        tags(file, networks)


def loudness(file: str) -> None:
    """Measure the loudness of a file."""
    with av.open(file) as container:
        stream = container.streams.audio[0]
        graph = Graph()
        source = graph.add_abuffer(template=stream)
        meter = graph.add("ebur128", "metadata=1:peak=true:framelog=quiet")
        sink = graph.add("abuffersink")
        source.link_to(meter)
        meter.link_to(sink)
        graph.configure()
        for frame in container.decode(stream):
            source.push(frame)
            try:
                while True:
                    sink.pull()
            except (av.BlockingIOError, av.EOFError):
                pass


def tags(file: str, networks: list[Any]) -> None:
    """Run the tagging networks on a file."""
    sound = standard.MonoLoader(filename=file, sampleRate=musicnn.RATE)()
    bands = standard.TensorflowInputMusiCNN()
    frames = standard.FrameGenerator(
        sound, frameSize=FRAME, hopSize=HOP, startFromZero=True
    )
    mels = np.array([bands(frame) for frame in frames], dtype=np.float32)
    for start in range(0, len(mels) - musicnn.FRAMES + 1, musicnn.FRAMES):
        patch = mels[np.newaxis, start : start + musicnn.FRAMES]
        for network in networks:
            (layer,) = network.get_inputs()
            network.run(None, {layer.name: patch.reshape([1, *layer.shape[1:]])})


if __name__ == "__main__":
    main()
