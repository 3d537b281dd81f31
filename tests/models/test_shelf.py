"""Nets by name: those that ship, and the user's own."""

import hashlib

import pytest

from aigc_edit.errors import ModelError
from aigc_edit.models.shelf import LOOKS, STYLES, Shelf


@pytest.fixture
def shelf(tmp_path):
    """One net ships, of the name `sea`."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    (folder / "sea.safetensors").write_bytes(b"shipped")
    (folder / "CARD.md").write_text("no net")
    return Shelf("look", folder)


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "trained.safetensors"
    path.write_bytes(b"own")
    return path


@pytest.mark.parametrize("shelf", [LOOKS, STYLES], ids=lambda shelf: shelf.kind)
def test_what_ships_is_found_by_its_name(shelf):
    assert shelf.all()
    for name, net in shelf.all().items():
        assert shelf.find(name) == net
        assert net.shipped
        assert net.path.is_file()


def test_each_kind_has_a_folder_of_its_own():
    assert LOOKS.folder != STYLES.folder


def test_the_users_own_goes_before_one_that_ships(shelf, weights):
    assert shelf.find("sea").shipped
    path = shelf.keep(weights, "sea")

    assert shelf.find("sea").path == path
    assert not shelf.find("sea").shipped
    assert [*shelf.all()] == ["sea"]


def test_a_net_is_kept_again_under_its_name(shelf, weights):
    shelf.keep(weights, "dunes")
    weights.write_bytes(b"better")
    path = shelf.keep(weights, "dunes")

    assert path.read_bytes() == b"better"
    assert [file.name for file in shelf.folder.iterdir()] == ["dunes.safetensors"]


def test_a_path_is_taken_as_it_is(shelf, weights):
    found = shelf.find(str(weights))

    assert (found.name, found.path, found.shipped) == ("trained", weights, False)
    assert found.digest() == hashlib.sha256(b"own").hexdigest()


def test_a_name_that_nobody_has_is_told_with_those_there_are(shelf):
    with pytest.raises(ModelError, match=r"no look is named 'see'.*sea"):
        shelf.find("see")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", ".hidden", "sea.safetensors"])
def test_a_name_that_could_not_be_found_again_is_refused(shelf, weights, name):
    with pytest.raises(ModelError, match="cannot be named"):
        shelf.keep(weights, name)


def test_weights_that_are_gone_are_told(shelf, tmp_path):
    with pytest.raises(ModelError, match=r"the look 'gone' cannot be read"):
        shelf.find(str(tmp_path / "gone.safetensors")).digest()


def test_a_folder_that_cannot_be_written_is_told(shelf, weights):
    shelf.folder.parent.mkdir(parents=True, exist_ok=True)
    shelf.folder.write_text("a file, where the folder should be")
    with pytest.raises(ModelError, match="cannot be written"):
        shelf.keep(weights, "dunes")
