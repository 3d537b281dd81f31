"""The command line: what it says, how it ends, and what it leaves behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import pytest

from aigc_edit.api import Curve, Shots, Timeline
from aigc_edit.cli import main
from aigc_edit.testing import ClipSpec, make_clip, shown_frames
from tests.conftest import ROOT
from tests.media.films import told_by_ffmpeg

GOLDENS = Path(__file__).parent / "goldens"
COMMAND = [sys.executable, "-m", "aigc_edit"]
CUT = "schema: 1\nname: cut\nstages:\n  - uses: given_spans\n    with: {spans: [[0.5s, 1s]]}\n"
SHOTS = "schema: 1\nstages: [scenes]\n"
BROKEN = "schema: 1\nstages:\n  - uses: sceens\n  - uses: motion\n    with: {smoth: 1s}\n"


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    """A folder of its own, terminal width and signal handlers as they were."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    handlers = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def cut(tmp_path) -> str:
    (tmp_path / "cut.yaml").write_text(CUT)
    return "cut.yaml"


@pytest.fixture
def film(tmp_path, silent_film) -> str:
    shutil.copy(silent_film, tmp_path / "film.mp4")
    return "film.mp4"


def called(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        **options,
    )


def golden(name: str) -> str:
    return (GOLDENS / name).read_text()


def test_help_says_what_was_agreed(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--help"])

    assert left.value.code == 0
    assert capsys.readouterr().out == golden("help.txt")


def test_without_a_command_help_is_printed(capsys):
    assert main([]) == 0
    assert capsys.readouterr().out == golden("help.txt")


def test_the_list_of_stages_is_the_one_that_was_agreed(capsys):
    assert main(["stages"]) == 0
    listed = capsys.readouterr().out.splitlines()
    ours = [line.split() for line in listed if not line.endswith("]")]

    assert ours == [line.split() for line in golden("stages.txt").splitlines()]


def test_every_stage_explains_itself_and_its_options(capsys):
    from aigc_edit.pipeline import registered

    for name, entry in registered().items():
        assert main(["stages", name]) == 0
        said = capsys.readouterr().out

        assert said.startswith(f"{name} (")
        for option in entry.load().Options.option_fields():
            assert f"\n  {option}: " in said


@pytest.mark.parametrize(
    "words",
    ["--help", "--version", "run --help", "stages", "models list", "check wrong.yaml",
     "run wrong.yaml film.mp4", "plan wrong.yaml film.mp4"],
)  # fmt: skip
def test_answers_without_importing_what_is_heavy(tmp_path, film, words):
    (tmp_path / "wrong.yaml").write_text(BROKEN)
    heavy = ["torch", "librosa", "cv2", "scenedetect", *([] if "film" in words else ["av"])]
    code = (
        "import sys\nfrom aigc_edit.cli import main\n"
        f"try: main({words.split()!r})\nexcept SystemExit: pass\n"
        f"print('HEAVY', [m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "HEAVY []"


def test_a_run_leaves_the_result_and_says_where(cut, film, tmp_path, capsys):
    assert main(["run", cut, film]) == 0
    said = capsys.readouterr().out

    assert [n for _, n in shown_frames(tmp_path / "film.cut.mp4")] == list(range(15, 30))
    assert said.startswith("film.cut.mp4: 0.5 s from 1 span, made in ")
    assert "film.cut.mp4.run.json" in said


def test_quiet_says_nothing(cut, film, capsys):
    assert main(["run", cut, film, "--quiet"]) == 0

    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("target", ["there", "there/", "results/", "deep/er/"])
def test_an_output_folder_gets_the_default_name(cut, film, tmp_path, target):
    (tmp_path / "there").mkdir()

    assert main(["run", cut, film, "-o", target]) == 0

    assert (tmp_path / target / "film.cut.mp4").exists()


def test_an_output_file_gets_its_name(cut, film, tmp_path):
    assert main(["run", cut, film, "-o", "x.mkv", "--set", "given_spans.spans=[[1s, 2s]]"]) == 0

    assert [n for _, n in shown_frames(tmp_path / "x.mkv")] == list(range(30, 60))


RUN = ["run", "cut.yaml", "film.mp4"]
ERRORS = {
    "a missing film": (["run", "cut.yaml", "gone.mp4"], 1, "gone.mp4: no such file"),
    "a film that is text": (["run", "cut.yaml", "cut.yaml"], 1, "not a media file"),
    "a missing pipeline": (["run", "gone.yaml", "film.mp4"], 2, "gone.yaml"),
    "a wrong pipeline": (["run", "wrong.yaml", "film.mp4"], 2, 'no stage named "sceens"'),
    "a wrong override": (["run", "cut.yaml", "film.mp4", "--set", "nonsense"], 2, "--set"),
    "the input as output": (["run", "cut.yaml", "film.mp4", "-o", "film.mp4"], 2, "is the input"),
    "the input by another name": ([*RUN, "-o", "link.mp4"], 2, "is the input"),
    "a folder that is a file": ([*RUN, "-o", "cut.yaml/x.mp4"], 1, "cannot be written"),
    "an unknown container": (["run", "cut.yaml", "film.mp4", "-o", "x.avi"], 1, "*.avi"),
    "an unknown stage": (["stages", "sceens"], 2, 'Did you mean "scenes"?'),
    "nothing left": ([*RUN, "--set", "given_spans.spans=[[50, 60]]"], 2, "nothing is left"),
    "an address": (["run", "cut.yaml", "http://127.0.0.1:9/a.mp4"], 2, "--allow-network"),
    "a picture that is too large": ([*RUN, "--max-pixels", "20000"], 1, "more than 20000 pixels"),
    "no such sound": ([*RUN, "--set", "input.audio_track=2"], 1, "no audio track 2; there is none"),
    "an unknown device": (["run", "shots.yaml", "film.mp4", "--device", "warp"], 2, "warp"),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(ERRORS))
def test_an_error_is_one_line_with_its_exit_code_and_leaves_nothing(cut, film, tmp_path, case):
    arguments, code, what = ERRORS[case]
    (tmp_path / "wrong.yaml").write_text("schema: 1\nstages:\n  - uses: sceens\n")
    (tmp_path / "shots.yaml").write_text(SHOTS)
    (tmp_path / "link.mp4").symlink_to("film.mp4")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    done = called(*arguments)
    told = [
        line for line in done.stderr.splitlines() if not line.startswith(("analysis", "render"))
    ]

    assert done.returncode == code
    assert len(told) == 1
    assert what in told[0]
    assert done.stdout == ""
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_all_problems_of_a_pipeline_are_said_each_on_its_line(film, tmp_path, capsys):
    (tmp_path / "wrong.yaml").write_text(BROKEN)

    assert main(["run", "wrong.yaml", film]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert "wrong.yaml:3:5:" in told[0]
    assert "wrong.yaml:5:12:" in told[1]


@pytest.mark.parametrize(
    "arguments", [["fly"], ["run"], ["plan", "a", "b", "c"], ["run", "a", "b", "--nope"]]
)
def test_wrong_usage_is_two(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        main(arguments)

    assert left.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_debug_shows_the_traceback(cut):
    done = called("run", cut, "gone.mp4", "--debug")

    assert done.returncode != 0
    assert "Traceback" in done.stderr
    assert "ProbeError" in done.stderr


def test_check_names_what_is_right_and_what_is_wrong(cut, tmp_path, capsys):
    (tmp_path / "wrong.yaml").write_text(BROKEN)

    assert main(["check", cut]) == 0
    assert capsys.readouterr().out == "cut.yaml: 1 stage, nothing wrong\n"
    assert main(["check", "wrong.yaml", cut]) == 2
    said = capsys.readouterr()
    assert said.out == "cut.yaml: 1 stage, nothing wrong\n"
    assert "Did you mean" in said.err


def test_a_plan_says_the_passes_and_does_nothing(clap_clip, tmp_path, capsys):
    pipeline = ROOT / "pipelines" / "highlight.yaml"

    assert main(["plan", str(pipeline), str(clap_clip), "--set", "best_moments.duration=4s"]) == 0
    lines = capsys.readouterr().out.splitlines()
    passes = [line.split()[1] for line in lines if line[:1].isdigit()]
    assert passes == ["analysis", "tracks", "decision", "render", "sound", "mux", "deliver"]
    assert "decode 300 frames and the sound once, feeding" in lines[0]
    assert lines[-1].startswith("about ")
    assert list(tmp_path.iterdir()) == []


def test_a_plan_is_exact_where_nothing_must_be_found_first(cut, film, capsys):
    assert main(["plan", cut, film]) == 0

    assert "1 span, decode 18 frames, encode 15 (h264)" in capsys.readouterr().out


def test_analyze_gives_a_timeline_that_loads_back(film, tmp_path, capsys):
    (tmp_path / "shots.yaml").write_text("schema: 1\nstages: [scenes, motion]\n")

    assert main(["analyze", "shots.yaml", film, "-o", "found/t.json", "--quiet"]) == 0
    timeline = Timeline.loads((tmp_path / "found" / "t.json").read_text())
    assert timeline.duration == 2
    assert timeline.get(Shots, "shots").spans
    assert len(timeline.get(Curve, "motion")) == 20
    assert main(["analyze", "shots.yaml", film, "--quiet"]) == 0
    assert Timeline.loads(capsys.readouterr().out) == timeline


def test_analyze_never_writes_over_its_input(film, tmp_path):
    (tmp_path / "shots.yaml").write_text(SHOTS)
    before = (tmp_path / film).read_bytes()
    done = called("analyze", "shots.yaml", film, "-o", film)

    assert (tmp_path / film).read_bytes() == before
    assert done.returncode == 2


def test_a_pipelines_name_cannot_place_the_result_elsewhere(film, tmp_path):
    (tmp_path / "here").mkdir()
    shutil.move(tmp_path / film, tmp_path / "here" / film)
    (tmp_path / "here" / "p.yaml").write_text(CUT.replace("name: cut", 'name: "/../../escaped"'))
    done = called("run", "p.yaml", film, cwd=tmp_path / "here")

    assert done.returncode == 2
    assert [p.name for p in tmp_path.iterdir()] == ["here"]


def test_the_schema_is_the_one_that_is_committed(capsys):
    assert main(["schema"]) == 0

    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((ROOT / "pipelines" / "schema.json").read_text())


def test_the_doctor_answers(capsys):
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out

    assert "libx264 opens" in said
    assert "silero-vad" in said
    assert "FriBidi" in said


def test_a_reader_that_leaves_early_is_no_error():
    with subprocess.Popen(
        [*COMMAND, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        child.stdout.close()
        told = child.stderr.read().decode()

    assert "Traceback" not in told
    assert "Exception ignored" not in told


NAMES = [
    "-dash.mp4",
    'it\'s "quoted".mp4',
    "two\nlines.mp4",
    "視頻 영상.mp4",
    "🎬👩‍🎤.mp4",
    "%d %s.mp4",
    "a" * 200 + ".mp4",
]


@pytest.mark.parametrize("name", NAMES, ids=lambda n: ascii(n)[1:15])
def test_any_name_comes_in_and_out(cut, film, tmp_path, name):
    (tmp_path / film).rename(tmp_path / name)
    done = called("run", cut, "--", name)
    output = tmp_path / f"{name.removesuffix('.mp4')}.cut.mp4"

    assert done.returncode == 0, done.stderr
    assert len(shown_frames(output)) == 15
    record = json.loads(output.with_name(f"{output.name}.run.json").read_text())
    assert Path(record["source"]["path"]).name == name


def test_a_name_that_is_no_text_comes_in_and_out_or_is_refused(cut, film, tmp_path):
    raw = os.fsencode(tmp_path) + b"/caf\xe9.mp4"
    (tmp_path / film).rename(os.fsdecode(raw))
    command = [*map(os.fsencode, COMMAND), b"run", b"cut.yaml", b"caf\xe9.mp4"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    left = {os.fsencode(p.name) for p in tmp_path.iterdir()} - {b"cut.yaml", b"caf\xe9.mp4"}

    assert b"unexpected" not in done.stderr
    assert b"Traceback" not in done.stderr
    assert left == (set() if done.returncode else {b"caf\xe9.cut.mp4", b"caf\xe9.cut.mp4.run.json"})


@pytest.fixture(scope="module")
def long_film(tmp_path_factory) -> Path:
    """Five minutes: a short film again and again."""
    folder = tmp_path_factory.mktemp("long")
    spec = ClipSpec(frames=150, size=(1280, 720), claps=(Fraction(1),), gop=150)
    short = make_clip(folder / "short.mp4", spec)
    told_by_ffmpeg("-stream_loop", "59", "-i", str(short), "-c", "copy", str(folder / "long.mp4"))
    return folder / "long.mp4"


STOPPED_IN = {
    "render": "schema: 1\nstages:\n  - uses: grade\n    with: {contrast: 1.1}\n",
    "loudness": "schema: 1\nstages:\n  - uses: grade\noutput: {audio: {loudness: -14 LUFS}}\n",
    "analysis": "schema: 1\nstages: [scenes, motion, loudness, speech, highlights, best_moments]\n",
}


@pytest.mark.alone
@pytest.mark.parametrize("during", sorted(STOPPED_IN))
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_within_two_seconds_and_leaves_nothing(
    tmp_path, long_film, during, number, code
):
    (tmp_path / "p.yaml").write_text(STOPPED_IN[during])
    command = [
        *COMMAND,
        "run",
        "p.yaml",
        str(long_film),
        "-o",
        "o.mp4",
        "--no-cache",
        "--device",
        "cpu",
    ]
    started = "analysis: " if during == "analysis" else "render: "
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
        try:
            for line in child.stderr:
                if line.startswith(started):
                    break
            time.sleep(0.7)
            assert child.poll() is None
            child.send_signal(number)
            sent = time.monotonic()
            told = child.stderr.read()
            child.wait(timeout=20)
            took = time.monotonic() - sent
        finally:
            child.kill()

    assert child.returncode == code
    assert took < 2
    assert "Traceback" not in told
    assert [p.name for p in tmp_path.iterdir()] == ["p.yaml"]
