"""The kit sees every promise that a stage can break, and blames no stage that keeps them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from aigc_edit.testing import BrokenPromiseError, check_stage
from aigc_edit.testing.kind_promises import promises_of
from aigc_edit.testing.kit import broken_promise, subject_of
from aigc_edit.testing.promises import PROMISES
from tests.testing.broken import BROKEN, KEPT, FindsNothing, HalfAsWide, KeepsSpans

pytest_plugins = ["pytester"]


@pytest.mark.parametrize(("name", "stage"), BROKEN, ids=lambda v: getattr(v, "__name__", v))
def test_a_broken_promise_is_seen(name, stage, tmp_path, monkeypatch):
    if name == "devices_agree" and not torch.cuda.is_available():
        pytest.skip("no GPU here to disagree with")
    monkeypatch.chdir(tmp_path)
    subject, promises = subject_of(stage), {p.name: p for p in promises_of(stage)}
    broken_promise(subject, promises["works"])  # comes before, and may leave something behind

    error = broken_promise(subject, promises[name])

    assert f"breaks {name}: " in str(error)


def test_every_promise_is_broken_by_some_stage():
    assert {name for name, _ in BROKEN} == {promise.name for promise in PROMISES}


@pytest.mark.parametrize("stage", KEPT)
def test_a_stage_that_keeps_all_is_not_blamed(stage):
    report = check_stage(stage)

    assert set(report.promises) == {promise.name for promise in promises_of(stage)}
    assert report.seconds_per_frame > 0


def test_all_broken_promises_are_told_at_once():
    stage = dict(BROKEN)["memory_stays_flat"]
    broken = type("Both", (stage,), {"__doc__": "", "name": "level"})

    with pytest.raises(BrokenPromiseError) as told:
        check_stage(broken)
    assert "declares_itself" in str(told.value)
    assert "memory_stays_flat" in str(told.value)


def test_one_cause_is_told_once_with_what_was_given_and_what_to_do():
    with pytest.raises(BrokenPromiseError) as told:
        check_stage(HalfAsWide)
    said, given, unseen = str(told.value).splitlines()

    assert said.startswith("filter breaks works: stage 'filter' gave frames [4, 3, 36, 32]")
    assert said.endswith("`size` says a new size.")
    assert given == "  Given: 12 frames of 64x36, in batches of 4"
    assert unseen.startswith("not to be seen before `works` is kept: same_again, two_at_once")


def test_what_was_given_is_told_where_it_was_unusual():
    stage = dict(BROKEN)["any_sound"]
    with pytest.raises(BrokenPromiseError, match=r"with samples \[1, 16000\]"):
        check_stage(stage)


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        (FindsNothing, "promised level (Curve) and gave no track (NoneType)"),
        (KeepsSpans, "gave list, not an EditList"),
    ],
)
def test_a_wrong_kind_of_result_is_said_in_words(stage, said):
    with pytest.raises(BrokenPromiseError) as told:
        check_stage(stage)

    assert said in str(told.value)


def test_every_promise_says_what_it_is_and_those_of_results_what_to_do():
    at_work = {"works", "any_size", "black_and_white"}
    at_work |= {"any_sound", "any_source", "any_name"}

    assert all(promise.words for promise in PROMISES)
    assert {promise.name for promise in PROMISES if not promise.cure} == at_work


RAISES = """
    from aigc_edit.api import FrameFilter

    class Raises(FrameFilter):
        "Divides."
        name = "raises"
        def apply(self, frames):
            return frames / nothing()

    def nothing():
        return 1 // 0
"""


def test_a_failure_shows_the_lines_of_the_stage_and_none_of_the_kit(pytester):
    pytester.makepyfile(
        raises=RAISES,
        test_it="""
        import pytest
        from raises import Raises

        @pytest.mark.stages([Raises])
        def test_keeps_its_promises(promise):
            promise()
        """,
    )
    result = pytester.runpytest("-q", "-W", "error")

    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines(
        [
            "raises breaks works: *raises.py:10: stage 'raises' failed at 0.00 s (ZeroDiv*",
            "  Given: 12 frames of *",
            '  File "*raises.py", line 7, in apply',
            "    return frames / nothing()",
            '  File "*raises.py", line 10, in nothing',
        ]
    )
    assert not {"stages.py", "filtering.py", "driving.py", "kit.py"} & {
        Path(line.split('"')[1]).name for line in result.outlines if line.startswith("  File ")
    }


def test_the_pytest_plugin_makes_a_test_for_each_promise(pytester):
    pytester.makepyfile(
        test_it="""
        import pytest
        from aigc_edit.api import FrameFilter
        from aigc_edit.stages.frames.grade import Grade

        class Talks(FrameFilter):
            "Prints."
            name = "talks"
            def apply(self, frames):
                print("hello")
                return frames

        @pytest.mark.stages([Talks, (Grade, {"warmth": 0.5})])
        def test_keeps_its_promises(promise):
            promise()
        """
    )
    result = pytester.runpytest("-q", "-W", "error")
    promised = len(promises_of(KEPT[0]))

    result.assert_outcomes(passed=2 * promised - 1, failed=1)
    assert "milliseconds" not in result.stdout.str()  # it is quiet
    result.stdout.fnmatch_lines(
        ["talks breaks says_nothing: it printed 'hello*'. Give *mend what the warning is about."]
    )


def test_the_pytest_plugin_tells_how_long_a_frame_takes(pytester):
    pytester.makepyfile(
        test_it="""
        import pytest
        from tests.testing.broken import FindsNothing, Filter

        @pytest.mark.stages([Filter, FindsNothing])
        def test_keeps_its_promises(promise):
            promise()
        """
    )
    lines = pytester.runpytest("-k", "works", "--junit-xml=report.xml").outlines
    told = [line.split() for line in lines if line.endswith("-works]")]

    assert [name for _, name in told] == ["test_it.py::test_keeps_its_promises[filter-works]"]
    assert float(told[0][0]) > 0
    assert 'name="seconds_per_frame"' in Path("report.xml").read_text()


@pytest.mark.parametrize(
    ("stage", "options", "said"),
    [
        ("WrongDefault", "{}", "a default of WrongDefault.Options is refused by itself: size: "),
        ("WrongDefault", "{'size': 'x'}", "options of WrongDefault: size: wants a whole number"),
    ],
)
def test_options_that_are_refused_are_told_without_a_traceback(pytester, stage, options, said):
    pytester.makepyfile(
        test_it=f"""
        import pytest
        from tests.testing.broken import {stage}

        @pytest.mark.stages([({stage}, {options})])
        def test_keeps_its_promises(promise):
            promise()
        """
    )
    result = pytester.runpytest("-q")

    result.stdout.fnmatch_lines([f"*{said}*"])
    assert "kit.py" not in result.stdout.str()


def test_a_mark_that_would_make_the_test_vanish_is_refused(pytester):
    pytester.makepyfile(
        test_it="""
        import pytest
        from aigc_edit.stages.frames.grade import Grade

        @pytest.mark.stages(Grade)
        def test_keeps_its_promises(promise):
            promise()
        """
    )
    result = pytester.runpytest("-q")

    result.stdout.fnmatch_lines(["*write @pytest.mark.stages(?Grade?)*"])
    assert result.ret


def test_an_unknown_kind_of_track_must_be_given():
    from aigc_edit.api import Selector, Track

    class Palette(Track):
        """A track that the kit cannot make up."""

    class Reads(Selector):
        """Reads it."""

        name, reads = "reads", (Palette.named("palette"),)

        def select(self, edits, tracks):
            return edits

    with pytest.raises(BrokenPromiseError, match="give an example of the track palette"):
        check_stage(Reads)
