"""Without FriBidi on the system, texts that need no shaping are drawn all the same."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import ImageFont

from aigc_edit.api import PluginError
from aigc_edit.stages.text import shaping
from aigc_edit.stages.text.drawing import CueArtist, Paint
from aigc_edit.stages.text.fonts import PILLOWS, FontChain
from tests.conftest import ROOT

PLAIN = ["Good", " morning,", " Cafe\u0301"]


@pytest.fixture
def unshaped(monkeypatch):
    """Pillow as it is without FriBidi: its fonts are laid out without Raqm."""
    monkeypatch.setattr(shaping, "is_there", lambda: False)


def drawn(words: list[str]) -> np.ndarray:
    fonts = FontChain()
    fonts.check(words)
    return np.asarray(CueArtist(fonts, 40, (600, 300), Paint()).drawn([words]))


def test_latin_looks_nearly_the_same_without_shaping(monkeypatch):
    shaped = drawn(PLAIN)
    monkeypatch.setattr(shaping, "is_there", lambda: False)
    plain = drawn(PLAIN)

    assert PILLOWS.sized(40).layout_engine == ImageFont.Layout.BASIC
    assert plain.shape[0] == shaped.shape[0]
    assert plain.shape[1] == pytest.approx(shaped.shape[1], rel=0.05)  # pairs are not kerned
    assert (plain > 128).mean() == pytest.approx((shaped > 128).mean(), rel=0.05)


@pytest.mark.usefixtures("unshaped")
def test_marks_that_never_show_are_not_drawn():
    assert np.array_equal(drawn(["so\u200f \u2060it"]), drawn(["so it"]))


@pytest.mark.usefixtures("unshaped")
@pytest.mark.parametrize(
    "text", ["Ελλάδα", "Привет", "今日は", "カタカナ", "안녕", "฿500", "\u200fhello", "№ 5 — “x”"]
)
def test_what_needs_no_shaping_is_allowed(text):
    shaping.check(text)


@pytest.mark.usefixtures("unshaped")
@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("مرحبا", "Arabic"), ("שלום", "Hebrew"), ("ܫܠܡܐ", "Syriac"), ("नमस्ते", "Devanagari"),
        ("বাংলা", "Bengali"), ("தமிழ்", "Tamil"), ("สวัสดี", "Thai"), ("ສະບາຍດີ", "Lao"),
        ("សួស្តី", "Khmer"), ("မြန်မာ", "Myanmar"), ("བོད", "Tibetan"),
    ],
)  # fmt: skip
def test_scripts_that_need_shaping_are_named_with_what_to_install(text, script):
    with pytest.raises(PluginError, match=rf"{script} needs FriBidi.*libfribidi0.*brew install"):
        FontChain().check(["Hello", text])


@pytest.mark.skipif(sys.platform != "linux", reason="libraries are found otherwise there")
def test_pillow_draws_where_the_system_has_no_fribidi(tmp_path):
    for name in ("libfribidi.so", "libfribidi.so.0"):
        (tmp_path / name).touch()  # what is no library is found first, and not loaded
    program = (
        "from aigc_edit.stages.text import shaping\n"
        "from tests.stages.text.test_shaping import PLAIN, drawn\n"
        "print(shaping.is_there(), drawn(PLAIN).any())"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "LD_LIBRARY_PATH": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.stdout.split() == ["False", "True"], run.stderr
