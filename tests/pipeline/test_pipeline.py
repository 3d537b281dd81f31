"""Pipeline files: everything that is wrong is said at once, with its place and a cure."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from aigc_edit.errors import PipelineError, UsageError
from aigc_edit.media import InputChoice
from aigc_edit.pipeline import (
    PluginChoice,
    load_pipeline,
    pipeline_from_text,
    registered,
    schema_text,
)
from tests.conftest import ROOT

GOOD = """\
schema: 1
name: short
stages:
  - uses: speech
  - uses: skip_silence
    with: {min_pause: 1s}
"""


def problems(text: str, *overrides: str) -> list[str]:
    with pytest.raises(PipelineError) as caught:
        pipeline_from_text(text, overrides)
    return str(caught.value).splitlines()


def test_list_order_is_run_order_and_options_are_typed():
    pipeline = pipeline_from_text(GOOD)

    assert [spec.id for spec in pipeline.stages] == ["speech", "skip_silence"]
    assert pipeline.stages[1].stage.options.min_pause == 1
    assert pipeline.name == "short"


@pytest.mark.parametrize("path", sorted((ROOT / "pipelines").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_pipeline_that_ships_is_right(path):
    pipeline = load_pipeline(path)

    assert pipeline.stages
    assert pipeline.description
    assert pipeline.name == path.stem


def test_all_problems_are_said_at_once_with_line_column_and_cure():
    text = (
        "schema: 1\n"
        "stages:\n"
        "  - uses: speeech\n"
        "  - uses: motion\n"
        "    with: {smoth: 1s}\n"
        "  - uses: best_moments\n"
        "    with: {duration: soon}\n"
        "outputs: {}\n"
    )

    assert problems(text) == [
        'pipeline:3:5: no stage named "speeech". Did you mean "speech"?',
        "pipeline:5:12: no option 'smoth'. Did you mean \"smooth\"?",
        "pipeline:7:12: duration: 'soon' is not a length of time, such as 60s, 1m30s or 250ms",
        "pipeline:8:1: no key 'outputs' here. Did you mean \"output\"?",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a pipeline file is a mapping"),
        ("- 1\n- 2\n", "a pipeline file is a mapping"),
        ("schema: 1\nstages: []\n", "there are no stages"),
        ("schema: 2\nstages:\n  - uses: motion\n", "schema 2 is not known"),
        ("stages:\n  - uses: motion\n", "`schema:` is missing"),
        ("schema: 1\nstages:\n  - 12\n", "a stage is `uses: NAME`"),
        ("schema: 1\nstages:\n  - uses: motion\n    with: [1]\n", "options are a mapping"),
        ("schema: 1\nschema: 1\nstages:\n  - uses: motion\n", "stands twice"),
        ("schema: 1\nstages: [\n", "not valid YAML"),
        ("schema: 1\nstages: !!python/object:os.system x\n", "not valid YAML"),
        (
            "schema: 1\nstages:\n  - uses: skip_silence\n",
            "reads the track 'speech_regions', which nobody writes. Add `- uses: speech` above",
        ),
        (
            "schema: 1\nstages:\n  - uses: highlights\n  - uses: motion\n",
            "which motion writes later",
        ),
        (
            "schema: 1\nstages:\n  - uses: motion\n  - uses: motion\n",
            "motion_2 writes the track 'motion', as motion does",
        ),
        (
            "schema: 1\nstages:\n  - {uses: grade, id: a}\n  - {uses: grade, id: a}\n",
            "the id 'a' stands twice",
        ),
        (
            "schema: 1\nstages:\n  - uses: grade\n    with: {contrast: 9}\n",
            "contrast: input should be less than or equal to 4",
        ),
        (
            "schema: 1\nstages:\n  - uses: given_spans\n    with: {spans: [3s, 5s]}\n",
            "pipeline:4:20: spans.0: wants a list, not '3s'. Stretches as [start, end] pairs, such",
        ),
        (
            "schema: 1\nstages:\n  - uses: given_spans\n    with: {spans: [[3s]]}\n",
            "pipeline:4:20: spans.0.1: must be given. Stretches as [start, end] pairs",
        ),
        (
            "schema: 1\nstages:\n  - uses: given_spans\n    with: {spans: [[1, 2, 3]]}\n",
            "spans.0: has 3 values, and wants at most 2. Stretches as",
        ),
        ("schema: 1\nstages: [given_spans]\n", "spans: must be given. Stretches as"),
        (
            "schema: 1\nstages:\n  - uses: motion\noutput: {video: {quality: best}}\n",
            "video.quality: wants a whole number, not 'best'. As x264's crf",
        ),
        (
            "schema: 1\nstages:\n  - uses: motion\noutput: {audio: loud, metadata: maybe}\n",
            "audio: wants a mapping, not 'loud'. How the sound is written.",
        ),
        (
            "schema: 1\nstages:\n  - uses: motion\noutput: {audio: loud, metadata: maybe}\n",
            "metadata: wants true or false, not 'maybe'. Keep titles",
        ),
        (
            "schema: 1\nstages:\n  - uses: motion\noutput: {audio: {loudness: loud}}\n",
            "audio.loudness: 'loud' is not a number of LUFS",
        ),
        (
            "schema: 1\nstages:\n  - uses: motion\noutput: {video: {qualty: 3}}\n",
            "no option 'video.qualty'. Did you mean \"quality\"?",
        ),
    ],
)
def test_each_mistake_is_told(text, said):
    assert said in "\n".join(problems(text))


def test_overrides_win_and_name_themselves_when_wrong():
    pipeline = pipeline_from_text(GOOD, ["skip_silence.min_pause=250ms", "output.video.quality=30"])

    assert float(pipeline.stages[1].stage.options.min_pause) == 0.25
    assert pipeline.output.video.quality == 30
    (problem,) = problems(GOOD, "skip_silence.min_paus=1s")
    assert problem.startswith("pipeline:6:5: --set skip_silence.min_paus=1s: no option 'min_paus'")
    assert problem.endswith('Did you mean "min_pause"?')
    assert "no stage has the id 'skip'" in problems(GOOD, "skip.x=1")[0]


@pytest.mark.parametrize("text", ["x", "x=1", ".=1", "a.=1", "=1"])
def test_an_override_that_cannot_be_read_is_wrong_usage(text):
    with pytest.raises(UsageError, match="is not understood"):
        pipeline_from_text(GOOD, [text])


def test_plain_words_stay_what_they_look_like():
    text = GOOD + "output: {video: {encoder: no}}\n"

    assert pipeline_from_text(text).output.video.encoder == "no"
    spans = "schema: 1\nstages:\n  - uses: given_spans\n    with: {spans: [[1:02, 1:30.5]]}\n"
    ((start, end),) = pipeline_from_text(spans).stages[0].stage.options.spans
    assert (start, float(end)) == (62, 90.5)


def test_yaml_bombs_are_refused():
    laughs = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + k)}: &{chr(98 + k)} [{', '.join(['*' + chr(97 + k)] * 30)}]\n" for k in range(6)
    )
    deep = "[" * 60 + "]" * 60

    assert "aliases" in problems(laughs)[0]
    assert "levels" in problems(deep)[0]


def test_a_file_that_is_missing_or_no_text_is_told(tmp_path):
    binary = tmp_path / "b.yaml"
    binary.write_bytes(bytes(range(256)))

    for path in (tmp_path / "none.yaml", tmp_path, binary):
        with pytest.raises(PipelineError, match=r"cannot be read|not UTF-8"):
            load_pipeline(path)


def test_the_schema_that_is_committed_is_current():
    committed = (ROOT / "pipelines" / "schema.json").read_text("utf-8")

    assert committed == schema_text(), "run `aigc-edit schema > pipelines/schema.json`"
    assert json.loads(committed)["properties"]["stages"]["items"]["oneOf"]


def test_every_stage_explains_itself():
    for name, entry in registered().items():
        stage = entry.load()
        assert stage.name == name
        assert stage.__doc__
        for field_name, field in stage.Options.option_fields().items():
            assert field.description, f"{name}.{field_name}"


def test_options_within_options_are_found_in_the_schema():
    text = schema_text()
    places = set(re.findall(r'"#/\$defs/([^"]+)"', text))

    assert places == set(json.loads(text)["$defs"])


_STAMP = """
from aigc_edit.api import FilePath, FrameFilter, StageOptions, option


class Stamp(FrameFilter):
    '''Reads a picture.'''

    name = "stamp"

    class Options(StageOptions):
        picture: FilePath = option(help="A picture.")

    def apply(self, frames):
        return frames
"""


def test_files_are_named_from_where_the_pipeline_file_is_or_the_command_line(tmp_path, monkeypatch):
    for name in ("mine/one.png", "two.png", "stamp.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(_STAMP)
    file = tmp_path / "mine" / "stamped.yaml"
    file.write_text("schema: 1\nstages: [{uses: stamp, with: {picture: one.png}}]\n")
    monkeypatch.chdir(tmp_path)
    plugins = PluginChoice((tmp_path / "stamp.py",))

    def picture(*overrides: str) -> Path:
        return load_pipeline(file, overrides, plugins).stages[0].stage.options.picture

    assert picture().samefile(tmp_path / "mine" / "one.png")
    assert picture("stamp.picture=two.png").samefile(tmp_path / "two.png")
    assert picture("stamp.picture=none.png") == Path("none.png")


def test_the_input_part_says_which_tracks_are_read():
    text = "schema: 1\ninput: {audio_track: de, subtitle_track: none}\nstages: [scenes]\n"
    pipeline = pipeline_from_text(text, ["input.video_track=2", "input.max_pixels=100"])

    assert pipeline.input.choice() == InputChoice(2, "de", "none", max_pixels=100)
    assert pipeline.describe()["input"]["audio_track"] == "de"


@pytest.mark.parametrize(
    ("part", "what"),
    [
        ("{audio_track: 0}", "2:9: audio_track: a track is a number from 1"),
        ("{audio_track: true}", "a track is a number from 1 or a language such as de, not True"),
        ("{video_track: none}", "video_track: without a picture there is no film"),
        ("{damage: 2}", "damage: input should be less than or equal to 1"),
        ("{audio_trak: 1}", 'Did you mean "audio_track"'),
    ],
)
def test_a_wrong_input_part_is_refused_with_its_place(part, what):
    with pytest.raises(PipelineError) as caught:
        pipeline_from_text(f"schema: 1\ninput: {part}\nstages: [scenes]\n")

    assert what in str(caught.value)
