"""Spoken sentences, kept in a file, since speaking them takes minutes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from tiny_whisper.speech import Utterance, speak


def training(folder: Path, count: int, voices: Sequence[str], *, seed: int) -> list[Utterance]:
    """The sentences to train on: from the folder if they are there, else spoken into it."""
    path = folder / f"corpus_{count}_{len(voices)}_{seed}.npz"
    if not path.exists():
        print(f"speaking {count} sentences into {path}", flush=True)
        save(path, speak(count, voices, seed=seed))
    return load(path)


def save(path: Path, spoken: Sequence[Utterance]) -> None:
    edges = np.cumsum([0, *(len(one.sound) for one in spoken)])
    about = json.dumps([(one.text, one.voice, one.times) for one in spoken])
    part = path.with_suffix(".part.npz")
    np.savez(part, sound=np.concatenate([one.sound for one in spoken]), edges=edges, about=about)
    part.rename(path)


def load(path: Path) -> list[Utterance]:
    with np.load(path, allow_pickle=False) as file:
        sound, edges, about = file["sound"], file["edges"], json.loads(str(file["about"]))
    return [
        Utterance(text, voice, sound[first:last], tuple((a, b) for a, b in times))
        for (text, voice, times), (first, last) in zip(about, pairwise(edges), strict=True)
    ]
