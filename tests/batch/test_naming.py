"""Where results go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aigc_edit.batch import DEFAULT_TEMPLATE, Input, Names, Template
from aigc_edit.errors import UsageError


def names(text: str = DEFAULT_TEMPLATE) -> Names:
    return Names(Template(text, "cut", "mp4"), Path("out"))


def placed(text: str, given: Input) -> str:
    return str(names(text).job(given).output)


DEEP = Input(Path("in/a/b/film.mov"), Path("a/b"))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (DEFAULT_TEMPLATE, "out/a/b/film.cut.mp4"),
        ("{folder}/{name}", "out/a/b/film.mov.mp4"),
        ("{pipeline}/{stem}.mkv", "out/cut/film.mkv"),
        ("{stem}-best", "out/film-best.mp4"),
        ("{{{stem}}}", "out/{film}.mp4"),
    ],
)
def test_a_template_says_where_a_result_goes(text, place):
    assert placed(text, DEEP) == place


def test_a_file_that_is_named_itself_goes_right_into_the_folder():
    given = Input(Path("/far/away/film.mov"), named=True)

    assert placed(DEFAULT_TEMPLATE, given) == "out/film.cut.mp4"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{stm}", 'Did you mean "stem"'),
        ("{stem.__class__}", "no field"),
        ("{stem!r}", "as they are"),
        ("{stem:>9}", "as they are"),
        ("{", "cannot be read"),
        ("{}", "no field"),
        ("../{stem}", "leads out"),
        ("{folder}/../../{stem}", "leads out"),
        ("/tmp/{stem}", "leads out"),
    ],
)
def test_a_template_that_cannot_be_is_refused(text, what):
    with pytest.raises(UsageError, match=what):
        placed(text, DEEP)


def test_a_stem_of_dots_stays_in_the_folder():
    assert placed("{stem}", Input(Path("in/...mp4"))) == "out/...mp4"
    with pytest.raises(UsageError, match="leads out"):
        placed("{stem}/x", Input(Path("in/...mp4")))


@pytest.mark.parametrize("name", ["two\nlines", "視頻🎬", "{stem}", "%s", os.fsdecode(b"caf\xe9")])
def test_odd_names_stay_as_they_are(name):
    assert placed(DEFAULT_TEMPLATE, Input(Path(f"in/{name}.mp4"))) == f"out/{name}.cut.mp4"


def test_names_that_are_too_long_are_cut_and_stay_apart():
    one, other = (placed(DEFAULT_TEMPLATE, Input(Path(f"{'ü' * 122}{c}.mp4"))) for c in "ab")

    assert one != other
    assert max(len(os.fsencode(Path(name).name)) for name in (one, other)) <= 230


def test_two_inputs_for_one_output_are_refused_and_both_are_named():
    inputs = [Input(Path("in/a.mp4")), Input(Path("in/a.mov"))]
    with pytest.raises(UsageError, match=r"in/a\.mp4 and in/a\.mov"):
        names().jobs(inputs)

    assert len(names("{name}").jobs(inputs)) == 2


def test_a_result_is_never_written_over_an_input():
    inputs = [Input(Path("out/a.mp4")), Input(Path("out/a.cut.mp4"))]
    with pytest.raises(UsageError, match="over another input"):
        names().jobs(inputs)
