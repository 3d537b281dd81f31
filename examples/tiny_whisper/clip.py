"""A clip to try a checkpoint on: held-out sentences, and a file that says what is true of it."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np

from tiny_whisper.cases import together
from tiny_whisper.speech import RATE, SEEN_VOICES, UNSEEN_VOICES, speak
from tiny_whisper.windows import Said


def write(path: Path, count: int, seed: int) -> None:
    """Writes a sound file, and beside it `.json`: text, voice and words' times of each sentence.

    Args:
        path: FLAC or WAV, by its suffix.
        count: sentences; every other one in a voice that nobody was trained on.
    """
    known = speak(count - count // 2, SEEN_VOICES, seed=seed, held_out=True)
    unseen = speak(count // 2, UNSEEN_VOICES, seed=seed + 1, held_out=True)
    spoken = [*known, *unseen]
    spoken[::2], spoken[1::2] = known, unseen
    case = together(spoken)
    with av.open(str(path), "w") as file:
        codec = "flac" if path.suffix == ".flac" else "pcm_s16le"
        stream = file.add_stream(codec, rate=RATE, layout="mono", format="s16")
        samples = np.int16(case.sound * 32767)[None]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)
    lines = ",\n ".join(
        json.dumps({"text": said.text, "voice": one.voice, "words": _rounded(said)})
        for said, one in zip(case.said, spoken, strict=True)
    )
    path.with_suffix(".json").write_text(f"[{lines}]\n", encoding="utf-8")


def _rounded(said: Said) -> list[list[float]]:
    return [[round(start, 3), round(end, 3)] for start, end in said.times]
