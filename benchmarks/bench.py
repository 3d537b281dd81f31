"""Measures aigc-edit against FFmpeg and Python peers on the same work, as ratios.

Each pair runs in turn, in one go, so that a machine that slows down slows both down.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.media import (
    ROOT,
    cut_command,
    decode_command,
    repeated,
    ten_minutes,
    through_rgb_command,
    transcode_command,
)
from benchmarks.processes import Measured, measured

AIGC = [sys.executable, "-m", "aigc_edit"]
NOOP_SPAN = (100, 160)
SPANS = [(30 + 55 * k, 36 + 55 * k) for k in range(10)]
Command = list[str]


@dataclass(frozen=True)
class Pair:
    """Our command and the peers' commands for the same work; `reach` bounds ours / theirs."""

    name: str
    ours: Command
    theirs: Sequence[Command]
    reach: float


def cut_pipeline(folder: Path) -> Path:
    spans = json.dumps([list(span) for span in SPANS])
    text = f"schema: 1\nname: cut\nstages:\n  - uses: given_spans\n    with: {{spans: {spans}}}\n"
    return _written(folder / "cut.yaml", text)


def noop_pipeline(folder: Path, name: str = "") -> Path:
    """A minute of it, through a filter that does nothing, or through none."""
    filters = f"  - uses: {name}\n" if name else ""
    spans = f"  - uses: given_spans\n    with: {{spans: [{list(NOOP_SPAN)}]}}\n"
    text = f"schema: 1\nname: noop\nstages:\n{spans}{filters}"
    return _written(folder / f"noop_{name or 'none'}.yaml", text)


def captions_pipeline(folder: Path, style: str = "") -> Path:
    """A minute of talk, with captions of that style or without any."""
    captions = f"  - uses: captions\n    with: {{style: {style}}}\n" if style else ""
    spans = f"  - uses: given_spans\n    with: {{spans: [{list(NOOP_SPAN)}]}}\n"
    text = f"schema: 1\nname: talk\nstages:\n  - uses: made_talk\n{spans}{captions}"
    return _written(folder / f"captions_{style or 'none'}.yaml", text)


def highlight_pipeline(folder: Path) -> Path:
    """The ready one without its words: the peers do not hear."""
    data = yaml.safe_load((ROOT / "pipelines" / "highlight.yaml").read_text())
    data["stages"] = [s for s in data["stages"] if s["uses"] not in ("transcribe", "captions")]
    return _written(folder / "highlight.yaml", yaml.safe_dump(data, sort_keys=False))


def scenes_pipeline(folder: Path) -> Path:
    text = "schema: 1\nname: shots\nstages:\n  - uses: scenes\n    with: {detector: content}\n"
    return _written(folder / "shots.yaml", text)


def transcode_pipeline(folder: Path) -> Path:
    return _written(folder / "whole.yaml", "schema: 1\nname: all\nstages:\n  - uses: edit_list\n")


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def pairs(film: Path, folder: Path) -> list[Pair]:
    highlight = str(highlight_pipeline(folder))
    ours, theirs = str(folder / "ours.mp4"), folder / "theirs.mp4"
    run = [*AIGC, "run", "--quiet", "--no-cache"]
    analyze = [*AIGC, "analyze", "--quiet", "--no-cache"]
    encode = ["--set", "output.video.mode=encode"]  # the same work as the peers
    copied = [*run, str(cut_pipeline(folder)), str(film), "-o", ours]
    cut = [*copied, *encode]
    moviepy = _peer("cut", film, theirs, "--spans", json.dumps(SPANS))
    minute = _peer("cut", film, theirs, "--spans", "[[100, 130], [300, 330]]")
    detect = _scenedetect(film, folder)
    listen = _peer("listen", film, folder / "sound.wav")
    shots = [*analyze, str(scenes_pipeline(folder)), str(film), "-o", str(folder / "shots.json")]
    tracks = str(folder / "tracks.json")
    noop = ["-o", ours, *encode, "--plugins", str(ROOT / "benchmarks" / "noop.py")]

    def through(name: str) -> Command:
        return [*run, str(noop_pipeline(folder, name)), str(film), *noop]

    def captioned(style: str = "") -> Command:
        plugin = ["--plugins", str(ROOT / "benchmarks" / "talk.py")]
        job = [str(captions_pipeline(folder, style)), str(film), "-o", ours]
        return [*run, *job, *encode, *plugin]

    everything = [*run, str(transcode_pipeline(folder)), str(film), "-o", ours, *encode]
    return [
        Pair(
            "analysis for highlight / ffmpeg decode",
            [*analyze, highlight, str(film), "-o", tracks],
            [decode_command(film)],
            1.4,
        ),
        Pair("keep 10 x 6 s / ffmpeg", cut, [cut_command(film, SPANS, theirs)], 1.05),
        Pair("keep 10 x 6 s with copies / ffmpeg", copied, [cut_command(film, SPANS, theirs)], 0.6),
        Pair("transcode / ffmpeg", everything, [transcode_command(film, theirs)], 1.05),
        Pair("keep 10 x 6 s / MoviePy", cut, [moviepy], 1 / 1.6),
        Pair("shots (content) / PySceneDetect", shots, [detect], 0.8),
        Pair(
            "whole highlight job / PySceneDetect + librosa + MoviePy",
            [*run, highlight, str(film), "-o", ours, *encode],
            [detect, listen, minute],
            0.65,
        ),
        Pair(
            "noop_uint8 / ffmpeg through RGB and back",
            through("noop_uint8"),
            [through_rgb_command(film, NOOP_SPAN, theirs)],
            1.1,
        ),
        *(
            Pair(f"{name} / no filter", through(name), [through("")], reach)
            for name, reach in (("noop_yuv", 1.1), ("noop_uint8", 1.35), ("noop_float32", 1.6))
        ),
        *(
            Pair(f"captions ({style}) / none", captioned(style), [captioned()], 1.1)
            for style in ("plain", "karaoke")
        ),
    ]


def _peer(work: str, film: Path, output: Path, *more: str) -> Command:
    return [sys.executable, "-m", "benchmarks.peers", work, str(film), str(output), *more]


def _scenedetect(film: Path, folder: Path) -> Command:
    common = [sys.executable, "-m", "scenedetect", "-q", "-i", str(film), "-o", str(folder)]
    return [*common, "detect-content", "-m", "0.25s", "list-scenes", "-q", "-f", "theirs.csv"]


def compared(pair: Pair, rounds: int) -> tuple[float, float, float]:
    """Seconds of ours, of theirs, and the ratio: medians over the rounds."""
    ours, theirs, ratios = [], [], []
    for _ in range(rounds):
        ours.append(measured(pair.ours).seconds)
        theirs.append(sum(measured(command).seconds for command in pair.theirs))
        ratios.append(ours[-1] / theirs[-1])
    return statistics.median(ours), statistics.median(theirs), statistics.median(ratios)


def memory(film: Path, folder: Path) -> tuple[Measured, Measured]:
    """The highlight job on the film, and on the film four times over."""
    command = [*AIGC, "run", "--quiet", "--no-cache", str(highlight_pipeline(folder))]
    output = ["-o", str(folder / "ours.mp4")]
    short, long = (
        measured([*command, str(source), *output]) for source in (film, repeated(film, 4, folder))
    )
    return short, long


def same_cuts(folder: Path) -> str:
    """How our cuts compare with those of PySceneDetect's own command line."""
    tracks = json.loads((folder / "shots.json").read_text())["tracks"]
    rows = (folder / "theirs.csv").read_text().splitlines()
    first = next(k for k, row in enumerate(rows) if row.startswith("Scene Number"))
    seconds = rows[first].split(",").index("Start Time (seconds)")
    ours = {round(shot["start"] * 30) for shot in tracks["shots"]["shots"]} - {0}
    theirs = {round(float(row.split(",")[seconds]) * 30) for row in rows[first + 1 :]} - {0}
    alone, missed = len(ours - theirs), len(theirs - ours)
    return f"{len(ours & theirs)} cuts in both, {alone} only ours, {missed} only theirs"


def listing(folder: Path, count: int = 50) -> float:
    """Seconds that `aigc-edit stages` takes with that many plugins, beyond what Python takes."""
    plugins = folder / "plugins"
    plugins.mkdir(exist_ok=True)
    text = (ROOT / "benchmarks" / "noop.py").read_text()
    for number in range(count):
        name = f"noop{number}"
        alone = text[: text.index("class NoopBytes")].replace("noop_yuv", name)
        (plugins / f"{name}.py").write_text(alone)
        facts = plugins / f"{name}-1.dist-info"
        facts.mkdir(exist_ok=True)
        (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        (facts / "entry_points.txt").write_text(f"[aigc_edit.stages]\n{name} = {name}:NoopYuv\n")
    path = f"import sys; sys.path.insert(0, {str(plugins)!r}); "
    listed = [sys.executable, "-c", f"{path}from aigc_edit.cli import main; main(['stages'])"]
    measured(listed)  # compiles what is new, as an installer does
    rounds = [
        measured(listed).seconds - measured([sys.executable, "-c", "pass"]).seconds
        for _ in range(5)
    ]
    return statistics.median(rounds)


def row(*cells: object) -> None:
    print(" | ".join(map(str, cells)), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", type=Path, help="a film; default: ten minutes of the sample")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="run the rows that contain this word")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "aigc_bench")
    parsed = parser.parse_args()
    parsed.folder.mkdir(parents=True, exist_ok=True)
    film = parsed.input or ten_minutes(parsed.folder)
    row("work", "ours", "theirs", "ratio", "reach", "")
    row("---", "---", "---", "---", "---", "---")
    for pair in pairs(film, parsed.folder):
        if parsed.only in pair.name:
            ours, theirs, ratio = compared(pair, parsed.rounds)
            verdict = "reached" if ratio <= pair.reach else "missed"
            row(
                pair.name,
                f"{ours:.1f} s",
                f"{theirs:.1f} s",
                f"{ratio:.2f}",
                f"{pair.reach:.2f}",
                verdict,
            )
            if "shots" in pair.name:
                row(f"  {same_cuts(parsed.folder)}")
    if parsed.only in "stages of 50 plugins":
        seconds = listing(parsed.folder)
        verdict = "reached" if seconds < 0.5 else "missed"
        row("stages of 50 plugins, beyond Python", f"{seconds:.2f} s", "", "", "0.5 s", verdict)
    if parsed.only in "peak memory":
        short, long = memory(film, parsed.folder)
        ratio = long.peak_mib / short.peak_mib
        verdict = "reached" if ratio <= 1.1 else "missed"
        sizes = (f"{long.peak_mib:.0f} MiB", f"{short.peak_mib:.0f} MiB")
        row("peak memory, 4 times the film / the film", *sizes, f"{ratio:.2f}", "1.10", verdict)


if __name__ == "__main__":
    main()
