"""`aigc-edit train` as a person uses it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from aigc_edit.cli import main
from aigc_edit.cli.train_command import LOOK_LOSSES
from aigc_edit.models.gan import LookRecipe, Painter
from aigc_edit.models.shelf import LOOKS
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


def test_a_look_is_learnt_from_one_painting_and_used_by_its_name(picture, tmp_path, capsys):
    folder = tmp_path / "mine"
    settings = ("--style", picture, "--lines", 160, "--content", picture, "-o", folder)
    more = ("--batch", 2, "--device", "cpu", "--steps", 1, "--name", "harbour")
    assert main(["train", "style-gan", *map(str, settings + more)]) == 0
    told = capsys.readouterr()

    assert "step 1/1: unmasking " in told.err
    assert Path(told.out.strip()) == LOOKS.find("harbour").path
    assert main(["looks", "--preview", str(tmp_path / "sheet.png"), "--on", str(picture)]) == 0
    assert "harbour                yours     trained for 1 step" in capsys.readouterr().out
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 2 * 200


def test_a_look_begins_with_another_ones_weights(picture, tmp_path, capsys):
    settings = ("--style", picture, "--lines", 160, "--content", picture, "-o", tmp_path / "mine")
    more = ("--batch", 2, "--device", "cpu", "--steps", 1, "--begin", "wave", "--quiet")
    assert main(["train", "style-gan", *map(str, settings + more)]) == 0
    learnt = Painter.load(Path(capsys.readouterr().out.strip()))
    begun = Painter.load(LOOKS.find("wave").path)
    frame = torch.rand(1, 3, 32, 32)

    assert (learnt.painted(frame) - begun.painted(frame)).abs().mean() < 0.02
    assert (learnt.palette_mean - begun.palette_mean).abs().max() > 0.02  # of its own painting


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (("--style", "none.png"), "no such picture"),
        (("--lines", "5"), "5 lines cannot be learnt from"),
        (("--begin", "wawe"), 'Did you mean "wave"?'),
        (("--name", "../up"), "cannot be named"),
    ],
)
def test_what_no_look_can_be_learnt_from_is_told_before_anything_is_learnt(
    picture, tmp_path, capsys, wrong, told
):
    given = ("--style", picture, "--content", picture, "-o", tmp_path / "mine", "--steps", 1)
    code = main(["train", "style-gan", *map(str, (*given, *wrong))])

    assert code != 0
    assert told in capsys.readouterr().err
    assert not (tmp_path / "mine").exists()


def test_the_command_weighs_losses_as_the_recipe_does():
    recipe = LookRecipe()

    assert {name: getattr(recipe, name) for name in LOOK_LOSSES} == {
        name: weight for name, (weight, _) in LOOK_LOSSES.items()
    }


def test_a_preview_needs_something_to_paint(tmp_path, capsys):
    assert main(["looks", "--preview", str(tmp_path / "sheet.png")]) == 2
    assert "--on" in capsys.readouterr().err
