"""What stays loaded."""

from __future__ import annotations

import os
import shutil

import pytest

from aigc_edit.api import ModelError
from aigc_edit.models.gan import Painter
from aigc_edit.models.kept import kept_net
from aigc_edit.models.recognizer import RecognizerSettings
from aigc_edit.models.shelf import LOOKS
from aigc_edit.models.sphinx import PocketSphinx
from aigc_edit.models.transnet import TransNet

SETTINGS = RecognizerSettings()


@pytest.fixture
def weights(tmp_path):
    return shutil.copy(LOOKS.find("wave").path, tmp_path / "own.safetensors")


def test_a_net_is_loaded_once_while_its_file_stays_as_it_is(weights):
    first = kept_net(Painter.load, weights, "cpu")

    assert kept_net(Painter.load, weights, "cpu") is first
    os.utime(weights, (0, 0))
    assert kept_net(Painter.load, weights, "cpu") is not first


def test_weights_that_are_missing_are_told(tmp_path):
    with pytest.raises(ModelError):
        kept_net(Painter.load, tmp_path / "none.safetensors", "cpu")


def test_one_decoder_serves_one_after_the_other_and_no_two_at_once():
    one, other = PocketSphinx(SETTINGS), PocketSphinx(SETTINGS)
    one.begin()
    other.begin()
    assert one._decoder is not other._decoder

    kept = other._decoder
    del other
    third = PocketSphinx(SETTINGS)
    third.begin()
    assert third._decoder is kept


def test_the_detector_of_shots_is_loaded_once():
    assert TransNet.load("cpu")._net is TransNet.load("cpu")._net
