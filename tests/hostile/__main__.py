"""`python -m tests.hostile`: the whole corpus through the command line, and a table.

What of `must_not` is checked by machine: memory, time, size of files, tracebacks, what is left
behind in any folder, marks of code that ran, /etc/passwd in messages, control characters, frames
and seconds against the record, full decode, NaN, shape of rotated and anamorphic pictures, true
peak, silence; and under strace (groups `playlists` and `links`, where strace is installed) every
network call, every open of /etc/passwd, every write outside the trial's folders. The rest (sync to
the frame, wrong pitch, looks) is for the tests next to the code.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tests.conftest import ROOT
from tests.hostile import corpus, judge, outputs, watch
from tests.hostile.child import AIGC, Limits, Outcome, environment, run_limited
from tests.hostile.corpus import MARK, MEDIA, SOURCES, Case
from tests.hostile.warm import WarmServers

say = partial(print, flush=True)  # lint allows no print call in tests; this is a program
PIPELINES = ROOT / "pipelines"
# Groups that go through highlight.yaml as well, with every analyser; of the first source only.
SECOND_PIPELINE = ("damaged", "streams", "timing", "changing", "picture", "sound")
_WATCHED = ("playlists", "links")
_LOADERS = {"silero": ("silero", "SileroVad()"), "transnet": ("transnet", "TransNet.load('cpu')")}
_LOAD = """\
import pathlib, sys
from aigc_edit.errors import AigcEditError
from aigc_edit.models import {module} as net
net.weights_path = lambda: pathlib.Path(sys.argv[1])
try:
    net.{call}
except AigcEditError as error:
    sys.exit(f"aigc-edit: {{error}}")
"""


@dataclass(frozen=True)
class Trial:
    """A case with the pipeline that it goes through."""

    case: Case
    pipeline: Path
    command: str = "run"

    @property
    def label(self) -> str:
        source = self.case.path.parents[1].name
        return f"{source}/{self.case.group}/{self.case.name!r} {self.command} {self.pipeline.stem}"


@dataclass(frozen=True)
class Hands:
    """What runs commands: plain processes, or forks of warm ones; a slow machine needs patience.

    Attributes:
        patience: factor on all time limits.
    """

    patience: float
    warm: WarmServers | None

    def run(
        self, words: Sequence[str], cwd: Path, env: Mapping[str, str], limits: Limits
    ) -> Outcome:
        limits = replace(limits, seconds=limits.seconds * self.patience)
        plain = self.warm is None or tuple(words[: len(AIGC)]) != AIGC
        if plain or self.warm is None:
            return run_limited(words, cwd, env, limits)
        return self.warm.run(words, cwd, env, limits)


@dataclass(frozen=True)
class Verdict:
    """How a trial ended; complaints in plain words."""

    trial: Trial
    complaints: tuple[str, ...]
    outcome: Outcome | None


def trials(found: Sequence[Case], groups: Sequence[str], *, first: bool) -> Iterator[Trial]:
    """All trials of a corpus; the first source goes through two pipelines."""
    for case in found:
        if groups and case.group not in groups:
            continue
        if case.door == "pipeline":
            yield from (Trial(case, case.path, word) for word in ("check", "run"))
            continue
        yield Trial(case, PIPELINES / "no_silence.yaml")
        if first and case.group in SECOND_PIPELINE and case.door == "input":
            yield Trial(case, PIPELINES / "highlight.yaml")


def command(trial: Trial, good: Path, out: Path) -> list[str]:
    """The words a user would type."""
    case = trial.case
    if case.door in _LOADERS:
        module, call = _LOADERS[case.door]
        return [sys.executable, "-c", _LOAD.format(module=module, call=call), str(case.path)]
    if trial.command == "check":
        return [*AIGC, "check", str(case.path)]
    path = good if case.door == "pipeline" else case.path
    named = path.name if case.group.startswith("names") else str(path)
    return [*AIGC, "run", str(trial.pipeline), "-o", f"{out}{os.sep}", "--", named]


def tried(trial: Trial, good: Path, rooms_folder: Path, hands: Hands) -> Verdict:
    """Runs one trial in folders of its own."""
    case = trial.case
    if not case.door:
        return Verdict(trial, (), None)
    room = Path(tempfile.mkdtemp(dir=rooms_folder))
    out, cwd, cache, temporary = (room / n for n in ("out", "cwd", "cache", "tmp"))
    for folder in (out, cwd, temporary):
        folder.mkdir()
    words = command(trial, good, out)
    watching = case.group in _WATCHED and watch.available()
    if watching:
        words = watch.watched(words, room / "strace.txt")
    # A bare name such as `pipe:0` is typed where it lies.
    here = case.path.parent if case.group.startswith("names") else cwd
    env = environment(cache, TMPDIR=str(temporary))
    outcome = hands.run(words, here, env, judge.limits(case))
    rooms = judge.Rooms(out, cwd)
    complaints = judge.judged(case, outcome, rooms)
    complaints += [f"temporary file left: {name}" for name in outputs.leftovers(temporary)]
    if watching:
        complaints += sorted(set(watch.reached(room / "strace.txt", room)))
    shutil.rmtree(room)
    return Verdict(trial, tuple(complaints), outcome)


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Every name below a folder, with size and time of change."""
    found = {}
    for path in folder.rglob("*"):
        facts = path.lstat()
        if not path.is_dir() or path.is_symlink():
            found[str(path.relative_to(folder))] = (facts.st_size, facts.st_mtime_ns)
    return found


def same_stem(
    source: str, found: Sequence[Case], good: Path, work: Path, hands: Hands
) -> Verdict | None:
    """Inputs that differ in their extension only, one after the other into one folder."""
    twins = [case for case in found if case.group == "names_same_stem"]
    if not twins:
        return None
    out = work / f"{source}.same_stem"
    out.mkdir()
    ends = []
    for case in twins:
        trial = Trial(case, PIPELINES / "no_silence.yaml")
        words = command(trial, good, out)
        env = environment(work / "cache.same_stem")
        ends.append(hands.run(words, case.path.parent, env, judge.limits(case)))
    results = outputs.results(out)
    whole = len(results) == len(twins) or any(end.code for end in ends)
    complaint = f"{len(twins)} inputs, {len(results)} results: {[r.name for r in results]}"
    trial = Trial(replace(twins[0], path=twins[0].path.with_name("all four")), Path("no_silence"))
    verdict = Verdict(trial, () if whole else (complaint,), ends[-1])
    _tell(verdict)
    return verdict


def corpus_verdicts(
    source: Path, number: int, work: Path, asked: argparse.Namespace, hands: Hands
) -> list[Verdict]:
    """Builds the corpus of one source and tries all of it."""
    folder = work / source.stem
    for line in corpus.build(source, folder, special=asked.special):
        say(f"not built: {line}")
    found = corpus.cases(folder)
    groups = tuple(filter(None, asked.only.split(",")))
    before = snapshot(folder)
    rooms = work / f"rooms.{number}"
    rooms.mkdir()
    listed = list(trials(found, groups, first=number == 0 and not asked.one_pipeline))
    say(f"{source.name}: {len(found)} cases, {len(listed)} trials")
    good = folder / ".build" / "base.mp4"
    verdicts = []
    with ThreadPoolExecutor(asked.jobs) as pool:
        for verdict in pool.map(lambda trial: tried(trial, good, rooms, hands), listed):
            verdicts.append(verdict)
            _tell(verdict)
    if not groups or "names_same_stem" in groups:
        verdicts += filter(None, [same_stem(source.stem, found, good, work, hands)])
    return [*verdicts, *_changed(before, folder, work)]


def _changed(before: dict[str, tuple[int, int]], folder: Path, work: Path) -> list[Verdict]:
    """A verdict for every file that appeared, went or changed among the inputs."""
    after = snapshot(folder)
    names = sorted(n for n in before.keys() | after.keys() if before.get(n) != after.get(n))
    names += [p.name for p in work.parent.glob(f"{MARK}*")]
    nowhere = Case("inputs", folder / "inputs" / "all", "ok", 0)
    trial = Trial(nowhere, Path("all"))
    complaints = tuple(f"changed among the inputs: {name!r}" for name in names)
    verdict = Verdict(trial, complaints, Outcome(0, "", "", 0, 0))
    _tell(verdict)
    return [verdict]


def _tell(verdict: Verdict) -> None:
    for complaint in verdict.complaints:
        say(f"FAILED {verdict.trial.label}: {complaint}".encode(errors="replace").decode())


def table(verdicts: Sequence[Verdict]) -> list[str]:
    """Group, cases, trials, passed, failed, skipped."""
    groups = list(dict.fromkeys(v.trial.case.group for v in verdicts))
    rows = [("group", "cases", "trials", "passed", "failed", "skipped", "slowest", "peak MiB")]
    for group in [*groups, "all"]:
        mine = [v for v in verdicts if group in (v.trial.case.group, "all")]
        skipped = sum(v.outcome is None for v in mine)
        failed = sum(bool(v.complaints) for v in mine)
        ended = [v.outcome for v in mine if v.outcome is not None]
        rows.append((
            group,
            str(len({v.trial.case.path for v in mine})),
            str(len(mine)),
            str(len(mine) - skipped - failed),
            str(failed),
            str(skipped),
            f"{max((o.seconds for o in ended), default=0):.1f} s",
            f"{max((o.peak for o in ended), default=0) >> 20}",
        ))  # fmt: skip
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]


def skips(verdicts: Sequence[Verdict]) -> list[str]:
    """Why cases were skipped, and how many for each reason."""
    shut = Counter(v.trial.case.why_not for v in verdicts if v.outcome is None)
    return [f"skipped {count}: {reason}" for reason, count in shut.items()]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--sources", nargs="*", default=list(SOURCES), help="files of real clips")
    parser.add_argument("--only", default="", help="only these groups, with commas between")
    parser.add_argument("--jobs", type=int, default=2, help="trials at a time")
    parser.add_argument("--special", action="store_true", help="pipes, sockets, devices too")
    parser.add_argument("--one-pipeline", action="store_true", help="only no_silence.yaml")
    parser.add_argument(
        "--warm", action="store_true", help="fork commands from processes with all imports done"
    )
    parser.add_argument(
        "--patience", type=float, default=1, help="factor on time limits, for a busy machine"
    )
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="build here and keep it")
    return parser.parse_args()


def _all(sources: Sequence[Path], work: Path, asked: argparse.Namespace) -> list[Verdict]:
    with ExitStack() as stack:
        warm = stack.enter_context(WarmServers(asked.jobs)) if asked.warm else None
        hands = Hands(asked.patience, warm)
        return [
            verdict
            for number, source in enumerate(sources)
            for verdict in corpus_verdicts(source.absolute(), number, work, asked, hands)
        ]


def main() -> int:
    asked = _arguments()
    sources = [p if (p := Path(name)).exists() else MEDIA / name for name in asked.sources]
    if gone := [str(p) for p in sources if not p.exists()]:
        say(f"no such source: {', '.join(gone)}")
        return 2
    if not watch.available():
        say("strace is missing: network and foreign files are not checked")
    keep = asked.keep and asked.keep.absolute()
    work = Path(tempfile.mkdtemp(dir=keep, prefix="hostile.")) if not keep else keep / "corpus"
    work.mkdir(parents=True, exist_ok=True)
    try:
        verdicts = _all(sources, work, asked)
    finally:
        if not keep:
            shutil.rmtree(work)
    say("\n".join(["", *table(verdicts), *skips(verdicts)]))
    return int(any(v.complaints for v in verdicts))


if __name__ == "__main__":
    sys.exit(main())
