"""Plugins that are files: found where the user says, loud where they fail, never run unasked."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aigc_edit.errors import PipelineError, PluginError, UsageError
from aigc_edit.pipeline import PluginChoice, load_pipeline, pipeline_from_text, registered

GRAIN = '''
from aigc_edit.api import FrameFilter

class Grain(FrameFilter):
    """Grain."""
    name = "grain"
    def apply(self, frames):
        return frames
'''
NO_SELECT = """
from aigc_edit.api import Selector

class First(Selector):
    name = "first"
    def choose(self, edits, tracks):
        return edits
"""
USES_GRAIN = "schema: 1\nstages:\n  - uses: grain\n"


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def refused(action) -> str:
    with pytest.raises((PipelineError, PluginError, UsageError)) as caught:
        action()
    return str(caught.value)


@pytest.mark.parametrize("given", ["plugins", "plugins/grain.py"])
def test_a_folder_and_a_file_bring_their_stages(tmp_path, given):
    put(tmp_path, "plugins/grain.py", GRAIN)
    put(tmp_path, "plugins/test_grain.py", "raise RuntimeError('never loaded')")

    pipeline = pipeline_from_text(USES_GRAIN, plugins=PluginChoice((tmp_path / given,)))

    assert pipeline.stages[0].stage.name == "grain"


def test_a_package_in_a_folder_may_import_its_own_modules(tmp_path):
    put(tmp_path, "grainy/__init__.py", "from .stage import Grain")
    put(tmp_path, "grainy/stage.py", GRAIN)

    pipeline = pipeline_from_text(USES_GRAIN, plugins=PluginChoice((tmp_path,)))

    assert pipeline.stages[0].stage.name == "grain"


def test_two_files_of_one_name_live_side_by_side(tmp_path):
    put(tmp_path, "a/grain.py", GRAIN)
    put(tmp_path, "b/grain.py", GRAIN.replace('"grain"', '"other"'))

    found = registered().with_plugins([tmp_path / "a", tmp_path / "b"])

    assert {found["grain"].load().__name__, found["other"].load().__name__} == {"Grain"}


def test_a_pipeline_file_may_not_load_code_from_beside_itself(tmp_path):
    mark = f"from pathlib import Path\nPath({str(tmp_path / 'ran')!r}).touch()\n"
    put(tmp_path, "plugins/grain.py", GRAIN + mark)
    file = put(tmp_path, "p.yaml", "plugins: [plugins]\n" + USES_GRAIN)

    told = refused(lambda: load_pipeline(file))

    assert f"{file}:1:11: this file wants to run code from {tmp_path / 'plugins'}" in told
    assert "--trust" in told
    assert "no stage named" not in told  # it may be in there
    assert not (tmp_path / "ran").exists()
    for choice in (PluginChoice(trusted=True), PluginChoice((tmp_path / "plugins",))):
        assert load_pipeline(file, plugins=choice).stages[0].stage.name == "grain"
    assert (tmp_path / "ran").exists()


def test_a_link_does_not_lead_around_the_question(tmp_path):
    put(tmp_path, "evil/grain.py", GRAIN)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "plugins").symlink_to(tmp_path / "evil")
    put(tmp_path, "mine/own.py", GRAIN.replace('"grain"', '"own"'))
    file = put(tmp_path, "home/p.yaml", "plugins: [plugins]\n" + USES_GRAIN)

    told = refused(lambda: load_pipeline(file, plugins=PluginChoice((tmp_path / "mine",))))

    assert "wants to run code" in told


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("from aigc_edit.api import FrameFilter\nclass Grain(FrameFilter:\n", ":2", "SyntaxError"),
        ("import os\n\nraise RuntimeError('no luck')\n", ":3", "no luck"),
        ("def f():\n    return 1 / 0\nf()\n", ":2", "ZeroDivisionError"),
        ("import sys\nsys.exit(3)\n", ":2", "SystemExit"),
        ("x = 1\n", "", "it holds no stage. A stage is a class with a `name` on Analyzer, Sel"),
        (GRAIN.replace("(FrameFilter)", ""), "", "Grain has `apply`, and no kind of stage as its"),
        (GRAIN.replace("name =", "nmae ="), "", "it holds no stage; Grain has no `name`. A stage"),
        (NO_SELECT, "", "it holds no stage; First has no select"),
        ("import cv2_missing\n", ":1", "needs the package 'cv2_missing', which is not installed"),
    ],
)
def test_a_broken_file_is_named_with_its_line_and_breaks_no_other(tmp_path, text, where, what):
    broken = put(tmp_path, "broken.py", text)
    put(tmp_path, "grain.py", GRAIN)

    pipeline = pipeline_from_text(USES_GRAIN, plugins=PluginChoice((tmp_path,)))

    assert len(pipeline.warnings) == 1
    assert pipeline.warnings[0].startswith(f"{broken}{where}: ")
    assert what in pipeline.warnings[0]


def test_a_stage_that_is_missing_points_at_the_file_that_failed(tmp_path):
    put(tmp_path, "grain.py", GRAIN + "\n1 / 0\n")

    told = refused(lambda: pipeline_from_text(USES_GRAIN, plugins=PluginChoice((tmp_path,))))

    assert 'no stage named "grain"' in told
    assert "ZeroDivisionError" in told


def test_a_missing_package_is_named_as_pip_knows_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)  # as if it were not there
    put(tmp_path, "grain.py", "import sklearn\n" + GRAIN)

    found = registered().with_plugins([tmp_path])

    assert "pip install scikit-learn" in str(found.broken[0])


def test_a_name_that_two_bring_is_an_error_that_names_both(tmp_path):
    one, other = put(tmp_path, "a.py", GRAIN), put(tmp_path, "b.py", GRAIN)

    told = refused(lambda: pipeline_from_text(USES_GRAIN, plugins=PluginChoice((tmp_path,))))

    assert f"{one} and {other} both bring a stage 'grain'" in told


def test_a_name_of_ours_cannot_be_taken(tmp_path):
    put(tmp_path, "a.py", GRAIN.replace('"grain"', '"grade"'))
    choice = PluginChoice((tmp_path,))

    told = refused(lambda: pipeline_from_text("schema: 1\nstages: [grade]\n", plugins=choice))

    assert "aigc-edit and " in told
    assert pipeline_from_text("schema: 1\nstages: [motion]\n", plugins=choice)


def test_what_is_not_there_is_said(tmp_path):
    assert "no such plugin file or folder" in refused(
        lambda: pipeline_from_text(USES_GRAIN, plugins=PluginChoice((tmp_path / "gone",)))
    )
    assert "no plugins in this folder" in refused(
        lambda: pipeline_from_text(USES_GRAIN, plugins=PluginChoice((tmp_path,)))
    )


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('"""Grain."""', "", "no docstring"),
        (
            'name = "grain"',
            'name = "grain"\n    api_version = 2',
            "version 2 of the plugin API, and this is 1",
        ),
        ('name = "grain"', 'name = "grain"\n    api_version = 0', "Update the plugin"),
        ('name = "grain"', 'name = "gr ain"', "letters, digits"),
        ('name = "grain"', 'name = "grain"\n    pixels = "hsv"', "`pixels` is 'hsv'"),
        ('name = "grain"', 'name = "grain"\n    pixels = "yuv"', "its class has no apply_planes"),
        ('name = "grain"', 'name = "grain"\n    dtype = "int8"', "`dtype` is 'int8'"),
        (
            'name = "grain"',
            'name = "grain"\n    context = -1',
            "`context` is -1, not a whole",
        ),
        ('name = "grain"', 'name = "grain"\n    context = "2"', "`context` is '2', not a whole"),
        (
            'name = "grain"',
            'name = "grain"\n    max_batch = 2.5',
            "`max_batch` is 2.5, not",
        ),
        ('name = "grain"', 'name = "grain"\n    steady = 1', "`steady` is 1, not True or False"),
        ('name = "grain"', 'name = "grain"\n    version = 2', "`version` is 2, not text"),
        ("class Grain(FrameFilter)", "class Grain(FrameFilter.__base__)", "'grain' is not a stage"),
        ('name = "grain"', 'name = "grain"\n    reads = ("shots")', "`reads` is a tuple"),
        ('name = "grain"', 'name = "grain"\n    Options = dict', "no subclass of StageOptions"),
        ("def apply(self", "def aply(self", "its class has no apply or apply_batch"),
    ],
)
def test_a_class_that_breaks_the_rules_is_refused_before_anything_runs(tmp_path, old, new, what):
    put(tmp_path, "grain.py", GRAIN.replace(old, new))
    uses = USES_GRAIN.replace("grain", "'gr ain'" if "gr ain" in new else "grain")

    told = refused(lambda: pipeline_from_text(uses, plugins=PluginChoice((tmp_path,))))

    assert what in told


@pytest.mark.parametrize(
    ("supported", "says", "cure"),
    [
        (2, "", "Update the plugin."),
        (2, "api_version = 1", "Update the plugin."),
        (2, "api_version = 3", "Update aigc-edit."),
        (2, "api_version = 2", ""),
        (1, "", ""),
    ],
)
def test_a_plugin_is_held_to_the_version_that_it_was_written_for(
    tmp_path, monkeypatch, supported, says, cure
):
    """One that says nothing was written for the first."""
    monkeypatch.setattr("aigc_edit.pipeline.declared.API_VERSION", supported)
    put(tmp_path, "grain.py", GRAIN.replace("name =", f"{says}\n    name ="))
    entry = registered().with_plugins([tmp_path])["grain"]

    if not cure:
        assert entry.load().name == "grain"
    else:
        told = refused(entry.load)
        assert f"and this is {supported}. {cure}" in told


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("grian:Grain", "No module named 'grian'"),
        ("grain_plugin:Grian", "module 'grain_plugin' has no attribute 'Grian'"),
        ("grain_plugin", "'grain' is not a stage"),
    ],
)
def test_a_wrong_entry_point_is_named_with_its_distribution(tmp_path, monkeypatch, value, what):
    put(tmp_path, "grain_plugin.py", GRAIN)
    put(tmp_path, "film_grain-1.0.dist-info/METADATA", "Name: film-grain\nVersion: 1.0\n")
    points = f"[aigc_edit.stages]\ngrain = {value}\n"
    put(tmp_path, "film_grain-1.0.dist-info/entry_points.txt", points)
    monkeypatch.syspath_prepend(tmp_path)
    found = registered.__wrapped__()

    told = refused(found["grain"].load)

    assert told.startswith(f"film-grain, entry point `grain = {value}`: ")
    assert what in told


def test_a_wrong_default_is_the_fault_of_its_class(tmp_path):
    size = '    class Options(StageOptions):\n        size: int = option(0, gt=0, help="Of it.")\n'
    text = GRAIN.replace("    def apply", f"{size}    def apply")
    file = put(
        tmp_path, "own.py", text.replace("FrameFilter\n", "FrameFilter, StageOptions, option\n")
    )
    choice = PluginChoice((tmp_path,))

    told = refused(lambda: pipeline_from_text(USES_GRAIN, plugins=choice))

    assert "a default of Grain.Options is refused by itself: size: input should be greater" in told
    assert f"({file}:7)" in told
    given = "schema: 1\nstages: [{uses: grain, with: {size: 0}}]\n"
    assert "pipeline:1:" not in refused(lambda: pipeline_from_text(given, plugins=choice))
    assert "pipeline:2:" in refused(lambda: pipeline_from_text(given, plugins=choice))


def test_a_folder_that_is_a_package_is_one_plugin(tmp_path):
    put(tmp_path, "grainy/__init__.py", "from .stage import Grain")
    put(tmp_path, "grainy/stage.py", GRAIN)

    pipeline = pipeline_from_text(USES_GRAIN, plugins=PluginChoice((tmp_path / "grainy",)))

    assert pipeline.warnings == ()


SINK = '''
from aigc_edit.api import Sink

class Notes(Sink):
    """Notes."""
    name, suffixes = "notes", (".txt",)
    def deliver(self, delivery):
        return {}
'''
LOOKER = '''
from aigc_edit.api import Analyzer, Frames

class Looks(Analyzer):
    """Looks."""
    name = "looks"
    needs = (Frames(fps=1),)
    def frames(self, batch): ...
    def finish(self, tracks):
        return []
'''


@pytest.mark.parametrize(
    ("text", "old", "new", "what"),
    [
        (SINK, '".txt"', '"txt"', "'txt' is no suffix, such as '.notes.txt'"),
        (SINK, '".txt"', '".mp4"', ".mp4 is the name of the result or its record"),
        (SINK, '".txt"', '".mp4.run.json"', "is the name of the result or its record"),
        (SINK, '(".txt",)', "None", "`suffixes` is None, not a tuple"),
        (SINK, '(".txt",)', '".txt"', "`suffixes` is '.txt', not a tuple"),
        (SINK, "def deliver", "def __init__(self): ...\n    def deliver", "takes no options"),
        (LOOKER, "needs = (Frames(fps=1),)", "", "and `needs` asks for nothing"),
        (LOOKER, "fps=1", 'pixels="grey"', "pixels are 'rgb' or 'gray', not 'grey'"),
        (LOOKER, "fps=1", "fps=0", "sizes and fps are above 0"),
    ],
)
def test_what_would_fail_late_is_refused_early(tmp_path, text, old, new, what):
    put(tmp_path, "own.py", text.replace(old, new))
    uses = "notes" if text is SINK else "looks"
    choice = PluginChoice((tmp_path,))

    told = refused(lambda: pipeline_from_text(f"schema: 1\nstages: [{uses}]\n", plugins=choice))

    assert what in told


FAULTS = (
    ("def __init__(self, options=None): 1 / 0", "stage 'looks' failed (ZeroDivisionError"),
    ("def __init__(self, options=None): import gone_lost", "needs the package 'gone_lost'"),
    ("reads = property(lambda self: 1 / 0)", "stage 'looks' failed (ZeroDivisionError"),
    ("writes = property(lambda self: self.nothing)", "stage 'looks' failed (AttributeError"),
    ("reads = property(lambda self: None)", "stage 'looks': `reads` is a tuple, such as"),
    ("writes = property(lambda self: ('shots',))", "stage 'looks': `writes` is a tuple"),
    ("needs = property(lambda self: Frames(fps=1))", "stage 'looks': `needs` is a tuple"),
)


@pytest.mark.parametrize(("fault", "what"), FAULTS)
def test_a_stage_that_cannot_be_made_is_named_with_its_line(tmp_path, fault, what):
    text = LOOKER.replace("    def finish", f"    {fault}\n    def finish")
    file = put(tmp_path, "own.py", text)

    told = refused(
        lambda: pipeline_from_text("schema: 1\nstages: [looks]\n", plugins=PluginChoice((file,)))
    )

    assert told.startswith("pipeline:2:10: ")
    assert what in told
    assert f"({file}:{4 if 'is a tuple' in what else 9})" in told


def test_whatever_looking_at_a_class_raises_is_told_with_its_line(tmp_path):
    odd = "class Odd(tuple):\n    def __iter__(self): raise OSError('no')\n"
    file = put(tmp_path, "own.py", odd + SINK.replace('(".txt",)', "Odd()"))

    told = refused(registered().with_plugins([file])["notes"].load)

    assert told.startswith(f"{file}:2: stage 'notes' of {file} cannot be loaded (OSError: no)")


def test_a_refused_class_is_named_with_its_line_in_the_module_that_defines_it(tmp_path):
    put(tmp_path, "grainy/__init__.py", "from .stage import Grain")
    file = put(tmp_path, "grainy/stage.py", GRAIN.replace("name =", "context = '2'\n    name ="))

    told = refused(registered().with_plugins([tmp_path])["grain"].load)

    assert told.startswith(f"{file}:4: stage 'grain': `context` is '2'")


def test_two_sinks_may_not_write_one_file(tmp_path):
    put(tmp_path, "own.py", SINK + SINK.replace("Notes", "More").replace('"notes"', '"more"'))
    choice = PluginChoice((tmp_path,))

    told = refused(lambda: pipeline_from_text("schema: 1\nstages: [notes, more]\n", plugins=choice))

    assert "more writes NAME.txt, as notes does" in told


def test_names_with_a_dot_are_set_from_the_command_line(tmp_path):
    dotted = GRAIN.replace('"grain"', '"me.grain"').replace(
        "    def apply",
        "    class Options(StageOptions):\n"
        '        size: int = option(1, help="Of a grain.")\n    def apply',
    )
    put(tmp_path, "own.py", dotted.replace("FrameFilter\n", "FrameFilter, StageOptions, option\n"))
    choice = PluginChoice((tmp_path,))
    text = "schema: 1\nstages: [me.grain]\n"

    made = pipeline_from_text(text, ["me.grain.size=7"], choice)

    assert made.stages[0].stage.options.size == 7
    assert "no stage has the id" in refused(lambda: pipeline_from_text(text, ["me.size=7"], choice))
