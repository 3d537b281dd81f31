"""Single pictures, whatever they are kept in."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from PIL import Image

from aigc_edit.errors import DecodeError
from aigc_edit.media import read_picture
from tests.tolerances import PATCH_LEVELS

COLOUR = (200, 100, 50)


def drawn(mode: str, colour) -> Image.Image:
    return Image.new(mode, (40, 30), colour)


@pytest.mark.parametrize(
    ("name", "picture", "expected"),
    [
        ("rgb.png", drawn("RGB", COLOUR), COLOUR),
        ("palette.gif", drawn("RGB", COLOUR).quantize(4), COLOUR),
        ("print.jpg", drawn("CMYK", (55, 155, 205, 0)), COLOUR),
        ("gray.png", drawn("L", 77), (77, 77, 77)),
        ("deep.png", Image.fromarray(np.full((30, 40), 257 * 77, np.uint16)), (77, 77, 77)),
        ("deep.tif", Image.fromarray(np.full((30, 40), 257 * 77, np.uint16)), (77, 77, 77)),
        ("veil.png", drawn("RGBA", (200, 100, 50, 128)), (100, 50, 25)),
        ("gone.webp", drawn("RGBA", (200, 100, 50, 0)), (0, 0, 0)),
        ("bits.png", drawn("1", 1), (255, 255, 255)),
    ],
)
def test_pictures_of_every_kind_are_rgb_over_black(tmp_path, name, picture, expected):
    picture.save(tmp_path / name)
    found = read_picture(tmp_path / name, side=640)

    assert (found.shape, found.dtype) == ((30, 40, 3), np.uint8)
    assert np.abs(found[15, 20].astype(int) - expected).max() <= PATCH_LEVELS


def test_turned_pictures_stand_upright_and_large_ones_are_shrunk(tmp_path):
    turned = Image.Exif()
    turned[0x0112] = 6  # a quarter to the right
    picture = Image.new("RGB", (4000, 2000))
    picture.paste((255, 255, 255), (0, 0, 2000, 2000))
    picture.save(tmp_path / "turned.jpg", exif=turned)
    found = read_picture(tmp_path / "turned.jpg", side=100)

    assert found.shape == (100, 50, 3)
    assert found[10, 25, 0] > 250
    assert found[90, 25, 0] < 5


def bomb(width: int, height: int) -> bytes:
    """A PNG file of a few bytes that promises so many pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        whole = kind + content
        return len(content).to_bytes(4) + whole + zlib.crc32(whole).to_bytes(4)

    head = width.to_bytes(4) + height.to_bytes(4) + b"\x08\x02\x00\x00\x00"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"no picture", "cannot be read"),
        (b"", "cannot be read"),
        (bomb(40_000, 40_000), "too large.* Save a smaller one"),
        (bomb(40, 30), "cannot be read"),
        (None, "No such file"),
    ],
)
def test_what_is_no_picture_is_told_in_one_line(tmp_path, content, what):
    path = tmp_path / "picture.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DecodeError, match=what) as told:
        read_picture(path, side=100)

    assert "\n" not in str(told.value)
    assert str(path) in str(told.value)


def test_a_picture_that_is_cut_short_is_refused(tmp_path):
    path = tmp_path / "short.jpg"
    Image.effect_noise((400, 300), 80).save(path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DecodeError, match="truncated"):
        read_picture(path, side=100)
