"""Seeded damage to small files: bits, bytes, chunks, and the numbers that boxes live by."""

from __future__ import annotations

import random
import re
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.hostile.outputs import ffmpeg

_PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=1"]
_SOUND = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=1"]
# Every demuxer family that users bring, each with small and simple codecs.
SEEDS = {
    "h264.mp4": "-c:v libx264 -preset ultrafast -g 10 -bf 2 -c:a aac -movflags +faststart",
    "h264_tail.mp4": "-c:v libx264 -preset ultrafast -g 10 -c:a aac",
    "fragmented.mp4": "-c:v libx264 -preset ultrafast -g 10 -c:a aac -movflags frag_keyframe",
    "h264.mkv": "-c:v libx264 -preset ultrafast -g 10 -c:a libmp3lame",
    "vp8.webm": "-c:v libvpx -deadline realtime -cpu-used 8 -g 10 -c:a libvorbis",
    "h264.ts": "-c:v libx264 -preset ultrafast -g 10 -c:a aac",
    "mpeg2.mpg": "-c:v mpeg2video -g 10 -c:a mp2",
    "mpeg4.avi": "-c:v mpeg4 -g 10 -c:a pcm_s16le -ar 16000",
}
_EXTREMES = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE, 0x10000, 0x01000000)
# Four letters that name an MP4 box or an AVI chunk, and EBML ids of Matroska's main elements.
_LABEL = re.compile(
    rb"moov|trak|mdia|minf|stbl|stsd|stts|stsc|stsz|stco|ctts|stss|mvhd|tkhd|mdhd|hdlr|avcC|esds"
    rb"|elst|edts|ftyp|mdat|moof|traf|trun|tfhd|mfra|RIFF|LIST|avih|strh|strf|movi|idx1"
    rb"|\x1a\x45\xdf\xa3|\x18\x53\x80\x67|\x15\x49\xa9\x66|\x16\x54\xae\x6b|\x1f\x43\xb6\x75"
    rb"|\x1c\x53\xbb\x6b|\x00\x00\x01[\xb3\xb5\xba\xbb\xbd\xe0]"
)
Damage = Callable[[bytearray, random.Random], None]


def make_seeds(folder: Path) -> list[Path]:
    """One second of 64x48 with sound in each container."""
    made = []
    for name, options in SEEDS.items():
        path = folder / name
        common = [ffmpeg(), "-nostdin", "-v", "error", "-y", "-threads", "1", *_PICTURE, *_SOUND]
        form = ["-pix_fmt", "yuv420p", "-fflags", "+bitexact", "-flags", "+bitexact"]
        subprocess.run([*common, *options.split(), *form, str(path)], check=True)
        made.append(path)
    return made


def mutant(seed_file: bytes, number: int, seed: int) -> bytes:
    """The `number`-th mutant; the same for the same seed. One to four wounds."""
    rng = random.Random(seed * 1_000_003 + number)
    data = bytearray(seed_file)
    for _ in range(rng.choice((1, 1, 2, 4))):
        rng.choice(_DAMAGES)(data, rng)
    return bytes(data)


def _place(data: bytearray, rng: random.Random, room: int = 1) -> int:
    """Anywhere, but in every second case in the first 2 KiB, where headers are."""
    end = max(1, len(data) - room)
    return rng.randrange(min(end, 2048) if rng.random() < 0.5 else end)


def _flip_bits(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 3, 20))):
        data[_place(data, rng)] ^= 1 << rng.randrange(8)


def _swap_bytes(data: bytearray, rng: random.Random) -> None:
    a, b = _place(data, rng), _place(data, rng)
    data[a], data[b] = data[b], data[a]


def _remove(data: bytearray, rng: random.Random) -> None:
    start, size = _place(data, rng), rng.choice((1, 4, 188, 1000))
    if len(data) > size + 16:
        del data[start : start + size]


def _double(data: bytearray, rng: random.Random) -> None:
    start, size = _place(data, rng), rng.choice((4, 188, 2000))
    data[start:start] = data[start : start + size]


def _insert(data: bytearray, rng: random.Random) -> None:
    start = _place(data, rng)
    data[start:start] = rng.randbytes(rng.choice((1, 4, 188, 1000)))


def _truncate(data: bytearray, rng: random.Random) -> None:
    del data[max(1, rng.randrange(len(data))) :]


def _extreme_number(data: bytearray, rng: random.Random) -> None:
    start = _place(data, rng, 4)
    data[start : start + 4] = struct.pack(rng.choice("<>") + "I", rng.choice(_EXTREMES))


def _box_numbers(data: bytearray, rng: random.Random) -> None:
    """The size before a label, or a field shortly after it."""
    labels = [found.start() for found in _LABEL.finditer(bytes(data))]
    if not labels:
        return
    offset = rng.choice((-4, -4, 4, 8, 12, 16, 20, 24, 28))
    start = max(0, rng.choice(labels) + offset)
    value = rng.choice((*_EXTREMES, rng.randrange(1 << 16)))
    data[start : start + 4] = struct.pack(">I", value)


def _zero_stretch(data: bytearray, rng: random.Random) -> None:
    start = _place(data, rng)
    size = min(rng.choice((16, 500)), len(data) - start)
    data[start : start + size] = bytes(size)


_DAMAGES: tuple[Damage, ...] = (
    _flip_bits, _swap_bytes, _remove, _double, _insert, _truncate, _extreme_number,
    _box_numbers, _box_numbers, _zero_stretch,
)  # fmt: skip
