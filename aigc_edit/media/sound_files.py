"""Files of sound alone: written as samples come, read a little at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

from aigc_edit.errors import DecodeError, EncodeError, UsageError, one_line
from aigc_edit.media.arrays import Samples
from aigc_edit.media.scratch import writing

# What is written, by the ending of its name: libsndfile's names for container and samples.
_FORMATS = {".wav": ("WAV", "PCM_24"), ".flac": ("FLAC", "PCM_24"), ".ogg": ("OGG", "VORBIS")}
SAMPLE_BYTES = 3  # the most that a sample takes in a file
_AT_ONCE = 2**16  # samples


def check_sound_name(path: Path) -> None:
    """Raises UsageError where no sound is written under such a name."""
    if path.suffix.lower() not in _FORMATS:
        cure = f"Name it {', '.join(f'NAME{ending}' for ending in _FORMATS)}."
        raise UsageError("no sound is written under such a name", where=path, cure=cure)


class SoundFileWriter:
    """Writes a .wav, .flac or .ogg; used in a `with`."""

    def __init__(self, path: Path, rate: int, channels: int) -> None:
        container, subtype = _FORMATS[path.suffix.lower()]
        self._path = path
        with _written(path):
            self._file = soundfile.SoundFile(path, "w", rate, channels, subtype, format=container)

    def write(self, samples: Samples) -> None:
        """float32 [C, N] in [-1, 1]."""
        with _written(self._path):
            self._file.write(samples.T)

    def __enter__(self) -> SoundFileWriter:
        return self

    def __exit__(self, *_: object) -> None:
        with _written(self._path):
            self._file.close()


class SoundFileReader:
    """Reads what libsndfile reads. Raises DecodeError where it does not, or nothing is in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._read():
            facts = soundfile.info(path)
        self.rate, self.channels, self.samples = facts.samplerate, facts.channels, facts.frames
        if not self.samples:
            raise DecodeError("this sound file is empty", where=path)

    def blocks(self) -> Iterator[Samples]:
        """float32 [C, N], of one length but for the last."""
        with self._read():
            for block in soundfile.blocks(self.path, _AT_ONCE, dtype="float32", always_2d=True):
                yield np.ascontiguousarray(block.T)

    @contextmanager
    def _read(self) -> Iterator[None]:
        try:
            yield
        except (OSError, soundfile.SoundFileError) as cause:
            what = f"no sound file that can be read ({one_line(cause)})"
            raise DecodeError(what, where=self.path) from cause


@contextmanager
def _written(path: Path) -> Iterator[None]:
    with writing(path):
        try:
            yield
        except soundfile.SoundFileError as cause:
            raise EncodeError(f"cannot be written ({one_line(cause)})", where=path) from cause
