"""Sound fonts of one instrument, made on the spot."""

import struct
from pathlib import Path

import numpy as np

RATE = 32_000
ROOT = 69
FRAMES = 3200
CYCLE = 8  # frames
PITCH = RATE / CYCLE  # Hz at the root


def sine():
    return np.round(20_000 * np.sin(2 * np.pi * np.arange(FRAMES) / CYCLE)).astype("<i2")


def font_bytes(generators=(), *, frames=None, sample=None, program=0, zones=None, bags=None):
    """An .sf2 file of one preset, one instrument, one looped sample.

    Args:
        generators: pairs of number and amount, before those that name loop and sample.
        sample: first, last, loop's first and last, rate, key, correction.
        zones: lists of generators, instead of the one zone.
        bags: where the zones of the instrument begin and end, to tell lies.
    """
    frames = sine() if frames is None else frames
    head = sample or (0, len(frames), 800, 2400, RATE, ROOT, 0)
    zones = [[*generators, (54, 1), (53, 0)]] if zones is None else zones
    borders = np.cumsum([0, *map(len, zones)])
    tables = {
        b"phdr": _preset(b"one", program, 0) + _preset(b"EOP", 0, 1),
        b"pbag": struct.pack("<4H", 0, 0, 1, 0),
        b"pmod": bytes(10),
        b"pgen": struct.pack("<HhHh", 41, 0, 0, 0),
        b"inst": _named("<H", b"one", (bags or (0, len(zones)))[0])
        + _named("<H", b"EOI", (bags or (0, len(zones)))[1]),
        b"ibag": b"".join(struct.pack("<2H", border, 0) for border in borders),
        b"imod": bytes(10),
        b"igen": b"".join(struct.pack("<Hh", *it) for zone in zones for it in [*zone]) + bytes(4),
        b"shdr": _named("<5IBb2H", b"one", *head, 0, 1) + _named("<5IBb2H", b"EOS", *[0] * 9),
    }
    info = _chunk(b"ifil", struct.pack("<2H", 2, 4))
    body = _list(b"INFO", info) + _list(b"sdta", _chunk(b"smpl", frames.tobytes()))
    body += _list(b"pdta", b"".join(_chunk(*it) for it in tables.items()))
    return _chunk(b"RIFF", b"sfbk" + body)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _named(form, name, *values):
    return name.ljust(20, b"\0") + struct.pack(form, *values)


def _preset(name, program, bag):
    return _named("<3H3I", name, program, 0, bag, 0, 0, 0)


def _chunk(name, data):
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _list(name, data):
    return _chunk(b"LIST", name + data)
