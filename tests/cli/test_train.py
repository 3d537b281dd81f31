"""`aigc-edit train` as a person uses it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from aigc_edit.cli import main
from aigc_edit.models.vae import FrameVae

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def picture(tmp_path):
    random = np.random.default_rng(1)
    path = tmp_path / "picture.png"
    Image.fromarray(random.integers(0, 255, (160, 200, 3), np.uint8)).save(path)
    return path


def called(*arguments) -> int:
    return main(["train", "style-vae", *map(str, arguments)])


def test_trains_goes_on_and_says_where_the_weights_are(picture, tmp_path, capsys):
    folder = tmp_path / "mine"
    settings = ("--content", picture, "-o", folder, "--batch", 1, "--device", "cpu", "--every", 1)
    assert called(*settings, "--steps", 1) == 0
    first = capsys.readouterr()
    assert called(*settings, "--steps", 2) == 0
    second = capsys.readouterr()

    assert first.err.startswith("1 picture to learn from\ntraining frame-vae 1: ")
    assert "step 1/1: distortion " in first.err
    assert "going on after step 1" in second.err
    assert second.out.strip() == str(folder / "frame-vae.safetensors")
    FrameVae.load(folder / "frame-vae.safetensors")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (("--content", "none.mp4"), "no such file"),
        (("--steps", "0"), "steps is 0"),
        (("--batch", "0"), "batch is 0"),
        (("--device", "abacus"), "no device 'abacus'"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(picture, tmp_path, capsys, wrong, told):
    code = called("--content", picture, "-o", tmp_path / "mine", *wrong)
    error = capsys.readouterr().err

    assert code == 2
    assert told in error
    assert error.count("\n") == 1
    assert not (tmp_path / "mine").exists()
