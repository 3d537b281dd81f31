"""`aigc-edit evaluate` as a person uses it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aigc_edit.cli import main
from aigc_edit.models.training import save_weights
from aigc_edit.models.vae import FrameVae, VaeConfig
from aigc_edit.testing import ClipSpec, make_clip

pytestmark = pytest.mark.usefixtures("one_thread")
LARGER = """
from aigc_edit.api import FrameFilter

class Larger(FrameFilter):
    'Twice the size.'

    name = 'larger'

    def size(self, width, height):
        return 2 * width, 2 * height

    def apply(self, frames):
        return frames.repeat_interleave(2, 2).repeat_interleave(2, 3)
"""


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_clip(tmp_path / "clip.mp4", ClipSpec(frames=12, size=(192, 136), sound_rate=None))
    shutil.copy("clip.mp4", "other.mp4")
    make_clip(tmp_path / "small.mp4", ClipSpec(frames=3, sound_rate=None))
    random = np.random.default_rng(1)
    Image.fromarray(random.integers(0, 255, (140, 200, 3), np.uint8)).save("painting.png")
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "larger.py").write_text(LARGER)


def called(*arguments) -> int:
    return main(["evaluate", *map(str, arguments)])


def test_a_stage_is_measured_and_shown(capsys):
    settings = ("--set", "grade.contrast=0.5", "--judge-steps", 2, "--device", "cpu")
    code = called("look", "--stage", "grade", *settings, "clip.mp4", "--style", "painting.png")
    told = capsys.readouterr()
    written = json.loads(Path("grade.evaluation/evaluation.json").read_text())
    facts = written["clips"]["clip.mp4"]

    assert code == 0
    assert "clip.mp4: judging 12 frames" in told.err
    assert told.out.splitlines()[-2:] == [
        "grade.evaluation/evaluation.json",
        "grade.evaluation/sheet.png",
    ]
    assert f"{facts['style_distance']['ratio']:.3f}" in told.out
    assert written["with"]["contrast"] == 0.5
    assert facts["frames"] == 12
    assert facts["gradient_correlation"] == pytest.approx(1, abs=0.05)
    assert facts["luma_ssim"] < 0.95
    with Image.open("grade.evaluation/sheet.png") as sheet:
        assert sheet.size == (1444, 542)


def test_a_plugin_that_changes_the_size_is_measured_on_several_clips(capsys):
    usual = ("--plugins", "larger.py", "--judge-steps", 1, "--seconds", "0.1s", "--quiet")
    code = called(
        "look", "--stage", "larger", *usual, "--style", "painting.png", "-o", "out", "clip.mp4",
        "other.mp4",
    )  # fmt: skip
    told = capsys.readouterr()

    assert code == 0
    assert told.err == ""
    clips = json.loads(Path("out/evaluation.json").read_text())["clips"]
    assert clips["clip.mp4"]["frames"] == 4  # a tenth of a second that begins within a frame
    assert list(clips) == ["clip.mp4", "other.mp4"]


STYLE = ("--style", "painting.png")


@pytest.mark.parametrize(
    ("wrong", "code", "told"),
    [
        (("--stage", "grad", "clip.mp4", *STYLE), 2, 'Did you mean "grade"?'),
        (("--stage", "scenes", "clip.mp4", *STYLE), 2, "'scenes' is no frame filter"),
        (("--stage", "grade", "--set", "grade.warm=1", "clip.mp4", *STYLE), 2, '"warmth"'),
        (("--stage", "grade", "none.mp4", *STYLE), 1, "none.mp4"),
        (("--stage", "grade", "small.mp4", *STYLE), 2, "192x108 is too small"),
        (("--stage", "grade", "clip.mp4", "--style", "none.png"), 2, "no such picture"),
        (("--stage", "grade", "clip.mp4", "--style", "text.jpg"), 1, "cannot be read"),
        (("--stage", "captions", "clip.mp4", *STYLE), 2, "'transcript'"),
        (("wave", *STYLE), 2, "no clip is named"),
        (("--stage", "grade", "clip.mp4", *STYLE, "-o", "clip.mp4/x"), 2, "this is a file"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(capsys, wrong, code, told):
    found = called("look", *wrong, "--judge-steps", 1, "--quiet")
    error = capsys.readouterr().err

    assert (found, error.count("\n")) == (code, 1)
    assert told in error


def test_an_autoencoder_is_measured_on_pictures_and_clips(capsys):
    net = FrameVae(VaeConfig(latents=2, width=6))
    save_weights(Path("tiny.safetensors"), net, net.architecture, {})
    code = called("style-vae", "--weights", "tiny.safetensors", "painting.png", "clip.mp4")
    lines = capsys.readouterr().out.splitlines()

    assert code == 0
    assert [line.split(": PSNR ")[0] for line in lines] == ["painting.png", "clip.mp4"]


def test_weights_that_are_none_are_refused(capsys):
    code = called("style-vae", "--weights", "text.jpg", "painting.png")

    assert code == 1
    assert "text.jpg" in capsys.readouterr().err
