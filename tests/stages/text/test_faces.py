"""Fonts are found by the names that they have themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from fontTools.ttLib import TTCollection

from aigc_edit.api import PluginError
from aigc_edit.stages.text.fonts import Font, installed, named
from tests.fonts import made


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The only folder with fonts; file names say nothing."""
    made("Harbour Sans", "Bold", 700).save(tmp_path / "notosans-bold.ttf")
    made("Harbour Sans", "Italic", italic=True).save(tmp_path / "a.ttf")
    made("Harbour Sans").save(tmp_path / "z.ttf")
    collection = TTCollection()
    collection.fonts = [made("Bay Sans JP"), made("Bay Sans SC"), made("Bay Sans SC", "Bold", 700)]
    collection.save(str(tmp_path / "bay.ttc"))
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    monkeypatch.setattr("aigc_edit.stages.text.fonts.folders", lambda: (tmp_path,))
    installed.cache_clear()
    yield tmp_path
    installed.cache_clear()


@pytest.mark.parametrize(
    ("name", "file", "number"),
    [
        ("Harbour Sans", "z.ttf", 0),
        ("harbour-sans bold", "notosans-bold.ttf", 0),
        ("Harbour Sans Italic", "a.ttf", 0),
        ("Bay Sans JP", "bay.ttc", 0),
        ("Bay Sans SC", "bay.ttc", 1),
        ("Bay Sans SC Bold", "bay.ttc", 2),
        ("bay", "bay.ttc", 0),  # the beginning of a file's name will do, where nobody has the name
    ],
)
def test_a_name_is_that_of_a_family_or_of_one_of_its_fonts(folder: Path, name, file, number):
    assert named(name) == Font(folder / file, number)


def test_a_name_that_no_font_has_is_refused(folder: Path):
    with pytest.raises(PluginError, match="no font named 'Bay Serif'"):
        named("Bay Serif")
    assert named(str(folder / "bay.ttc")) == Font(folder / "bay.ttc")
