"""What a pipeline costs by pass: seconds of a core, bytes, memory; as a line over the length.

A pass costs something for each file and something for each second: of the source where all of it
is looked at, of the result elsewhere. Two lengths of one film give both.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import av

_OF_SOURCE = ("analysis", "rest")  # which take longer with a longer source; others with the result
_PART = 4  # the whole is so many times as long as the shorter one


@dataclass(frozen=True)
class Taken:
    """What a stretch of a run took: seconds on the wall and of all cores, bytes read and written
    by calls (also where the system had them in memory), the most memory then, bytes."""

    wall: float = 0.0
    cpu: float = 0.0
    read: int = 0
    written: int = 0
    peak: int = 0

    def since(self, other: Taken) -> Taken:
        return replace(
            self,
            wall=self.wall - other.wall,
            cpu=self.cpu - other.cpu,
            read=self.read - other.read,
            written=self.written - other.written,
        )

    def plus(self, other: Taken) -> Taken:
        return Taken(
            self.wall + other.wall,
            self.cpu + other.cpu,
            self.read + other.read,
            self.written + other.written,
            max(self.peak, other.peak),
        )


@dataclass
class Meter:
    """Listens to a run and notes what each pass takes; `rest` is what lies between them."""

    taken: dict[str, Taken] = field(default_factory=dict)
    _name: str = "rest"

    def __post_init__(self) -> None:
        self._last = _now()

    def begin(self, name: str, frames: int) -> None:
        del frames
        self._note(name)

    def advance(self, frames: int) -> None: ...

    def end(self) -> None:
        self._note("rest")

    def say(self, message: str) -> None: ...

    def _note(self, following: str) -> None:
        now = _now()
        took = now.since(self._last)
        self.taken[self._name] = self.taken.get(self._name, Taken()).plus(took)
        self._last, self._name = now, following


def _now() -> Taken:
    """By this process, since it began."""
    io = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    spent = (time.perf_counter(), time.process_time())
    return Taken(*spent, int(io["rchar"]), int(io["wchar"]), _peak())


def _peak() -> int:
    """The most memory since it was asked last, bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            peak = int(line.split()[1]) << 10
    Path("/proc/self/clear_refs").write_text("5")
    return peak


@dataclass(frozen=True)
class Run:
    """One run: what its passes took, and what went in and came out.

    Attributes:
        before: seconds of a core that the process had taken when it began.
    """

    before: float
    passes: Mapping[str, Taken]
    source: float  # seconds
    result: float  # seconds
    source_bytes: int
    result_bytes: int

    @property
    def looked(self) -> int:
        """Bytes that passes over the source read."""
        return sum(taken.read for name, taken in self.passes.items() if name in _OF_SOURCE)

    @property
    def moved(self) -> int:
        """Bytes that were read and written besides."""
        return sum(t.read + t.written for t in self.passes.values()) - self.looked


@dataclass(frozen=True)
class Line:
    """A cost over length: `each` for a file, `more` for a second or a byte of it."""

    each: float
    more: float

    def at(self, length: float) -> float:
        return self.each + self.more * length


@dataclass(frozen=True)
class PassCosts:
    """What a pass costs; `of_source` says which seconds count."""

    of_source: bool
    cpu: Line
    peak: int

    def cpu_of(self, source: float, result: float) -> float:
        return self.cpu.at(source if self.of_source else result)


@dataclass(frozen=True)
class Costs:
    """What a pipeline costs.

    Attributes:
        result: seconds of result for a second of source, and at most so many.
        read: bytes read by passes over the source, over its bytes; what each file takes are nets
            and tables, which lie beside the program.
        moved: bytes that others read and write over those of the result, with what is only for a
            while.
        begin: seconds of a core until a new worker has its modules and nets.
    """

    passes: Mapping[str, PassCosts]
    result: float
    most: float
    read: Line
    moved: Line
    begin: float

    @property
    def peak(self) -> int:
        return max(each.peak for each in self.passes.values())

    def result_of(self, source: float) -> float:
        return min(source * self.result, self.most)

    def cpu_of(self, source: float) -> float:
        result = self.result_of(source)
        return sum(each.cpu_of(source, result) for each in self.passes.values())

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> Costs:
        passes = {
            name: PassCosts(each["of_source"], Line(**each["cpu"]), each["peak"])
            for name, each in told["passes"].items()
        }
        moved = {name: Line(**told[name]) for name in ("read", "moved")}
        return cls(**{**told, **moved, "passes": passes})


def measured_costs(pipeline: Path, film: Path, folder: Path, most: float) -> Costs:
    """Of a pipeline: a whole film and a quarter of it, in a process that has warmed up.

    Args:
        most: seconds that the pipeline keeps at most.
    """
    with av.open(str(film)) as source:
        length = (source.duration or 0) / av.time_base
    part = beginning(film, length / _PART, folder / f"part{film.suffix}")
    first = beginning(film, length / _PART / 2, folder / f"first{film.suffix}")
    _, short, whole = _runs(pipeline, [first, part, film], folder)
    names = sorted(short.passes.keys() & whole.passes.keys())
    passes = {name: _pass_costs(name, short, whole) for name in names}
    half = sum(taken.cpu for taken in short.passes.values()) / 2
    return Costs(
        passes,
        whole.result / whole.source,
        most,
        line_through([short.source_bytes, whole.source_bytes], [short.looked, whole.looked]),
        line_through([short.result_bytes, whole.result_bytes], [short.moved, whole.moved]),
        max(0.0, short.before - half),
    )


def _pass_costs(name: str, short: Run, whole: Run) -> PassCosts:
    of_source = name in _OF_SOURCE
    lengths = [run.source if of_source else run.result for run in (short, whole)]
    cpu = [run.passes[name].cpu for run in (short, whole)]
    return PassCosts(of_source, line_through(lengths, cpu), whole.passes[name].peak)


def line_through(lengths: Sequence[float], costs: Sequence[float]) -> Line:
    """Through two points, with nothing below zero; through zero where they are one."""
    (x, y), (x1, y1) = zip(lengths, costs, strict=True)
    slope = (y1 - y) / (x1 - x) if x1 > 1.05 * x else y1 / x1
    slope = min(max(0.0, slope), y1 / x1)
    return Line(max(0.0, y1 - slope * x1), slope)


def _runs(pipeline: Path, films: list[Path], folder: Path) -> list[Run]:
    """One after the other in one new process, without a cache of tracks."""
    code = "import sys; from benchmarks.costs import tell; tell(*sys.argv[1:])"
    words = [sys.executable, "-c", code, str(pipeline), str(folder), *map(str, films)]
    told = subprocess.run(words, check=True, stdout=subprocess.PIPE, env=os.environ).stdout
    return [_run_of(each) for each in json.loads(told.splitlines()[-1])]


def _run_of(told: dict[str, Any]) -> Run:
    passes = {name: Taken(**taken) for name, taken in told["passes"].items()}
    return Run(**told | {"passes": passes})


def tell(pipeline: str, folder: str, *films: str) -> None:
    """Prints what runs took, as JSON."""
    runs = [_run(Path(pipeline), Path(film), Path(folder) / f"{k}") for k, film in enumerate(films)]
    print(json.dumps([asdict(run) for run in runs]))


def _run(pipeline: Path, film: Path, folder: Path) -> Run:
    from aigc_edit.engine import RunOptions, run
    from aigc_edit.pipeline import load_pipeline

    folder.mkdir()
    before, meter = time.process_time(), Meter()
    options = RunOptions(device="cpu", cache=False, progress=meter)
    result = run(load_pipeline(pipeline), film, folder / "result.mp4", options)
    meter.end()
    source = result.record["source"]
    size, length = result.output.stat().st_size, result.record["output"]["duration"]
    shutil.rmtree(folder)
    return Run(before, meter.taken, source["duration"], length, source["bytes"], size)


def beginning(film: Path, seconds: float, to: Path) -> Path:
    """The first seconds of a film, as its packets are."""
    with av.open(str(film)) as source, av.open(str(to), "w") as target:
        chosen = [*source.streams.video[:1], *source.streams.audio[:1]]
        copies = {s.index: target.add_stream_from_template(s) for s in chosen}
        for packet in source.demux(chosen):
            if packet.dts is None or packet.pts * packet.time_base >= seconds:
                continue
            packet.stream = copies[packet.stream.index]
            target.mux(packet)
    return to
