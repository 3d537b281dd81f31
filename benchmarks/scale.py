"""`python -m benchmarks.scale`: ten thousand hours of video, on paper.

`measure` runs pipelines over a film and notes what they cost, `simulate` works through many films
with these figures, `check` compares a simulated batch with a real one.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from aigc_edit.batch import (
    Cost,
    Ended,
    Entry,
    Journal,
    Pool,
    Sizing,
    Task,
    Work,
    alone_in,
    pipeline_digest,
)
from benchmarks.costs import Costs, Line, beginning, measured_costs
from benchmarks.media import ROOT, programme
from benchmarks.simulation import Cluster, Job, Outcome, lengths, simulate

FIGURES = ROOT / "benchmarks" / "scale.json"
# Seconds that they keep at most.
PIPELINES = {"no_silence": math.inf, "highlight": 60.0, "full_remix": 30.0}
_MINUTES = 1
_ENTRIES = 3000
_PUTS = 3  # of each job: waiting, running, what became of it
_WORDS, _MOST_WORDS = 5.0, 200.0  # of a worker, of all of them: a second, at most
_WORKERS = (1, 100, 400)  # between whose words the caller waits
_ROUNDS = 300

# What the simulation assumes.
MEDIAN, SPREAD = 360.0, 1.2  # films: half are shorter than six minutes, one in forty over an hour
BITS = 5_000_000 / 8  # bytes of a second of film
NETWORK, STORE = 10e9 / 8, 2e9  # bytes a second
CORES, MEMORY = 16, 64 << 30  # of each node
CALM, SPOT = 1 / 720, 1 / 20  # nodes lost: one in a month, and one in twenty hours


# What things cost


def measure(film: Path | None, pipelines: Sequence[str], to: Path) -> None:
    told: dict[str, Any] = json.loads(to.read_text()) if to.exists() else {"pipelines": {}}
    with tempfile.TemporaryDirectory(prefix="scale.") as name:
        folder = Path(name)
        film = film or programme(folder / "programme.mp4", _MINUTES)
        for pipeline in pipelines:
            path, place = ROOT / "pipelines" / f"{pipeline}.yaml", folder / pipeline
            place.mkdir()
            costs = measured_costs(path, film, place, PIPELINES[pipeline])
            told["pipelines"][pipeline] = asdict(costs)
            _write(told, to)
            hours = costs.cpu_of(3600) / 3600
            print(f"{pipeline}: {hours:.2f} hours of a core for an hour of film", flush=True)
        _write(told | {"entry": _PUTS * put_seconds(folder), "word": word_costs()}, to)


def _write(told: Mapping[str, Any], to: Path) -> None:
    to.write_text(json.dumps(told, indent=1) + "\n")


def put_seconds(folder: Path) -> float:
    """What the journal takes for an entry."""
    place = folder / "journal"
    with alone_in(place), closing(Journal(place)) as journal:
        began = time.perf_counter()
        for k in range(_ENTRIES):
            passes = {"analysis": 1.0, "render": 1.0}
            journal.put(Entry(Path(f"{k // _PUTS}.mp4"), Path("in.mp4"), "done", passes=passes))
        return (time.perf_counter() - began) / _ENTRIES


def word_costs() -> Mapping[str, float]:
    """Seconds of the caller for a word of an actor, by how many actors it waits for."""
    from aigc_edit.batch.ray_executor import _connected

    ray = _connected("ray")
    speaker = ray.remote(num_cpus=1)(_Speaker).remote()
    silent = ray.remote(resources={"nowhere": 1})(_silence)
    found: dict[str, float] = {}
    waiting: list[Any] = []
    for count in _WORKERS:
        waiting += [silent.remote() for _ in range(count - 1 - len(waiting))]
        ray.get(speaker.said.remote())
        began = time.process_time()
        for _ in range(_ROUNDS):
            said = speaker.said.remote()
            (ready, *_), _ = ray.wait([*waiting, said], timeout=10)
            ray.get(ready)
        found[str(count)] = (time.process_time() - began) / _ROUNDS
    ray.shutdown()
    return found


class _Speaker:
    def said(self) -> tuple[str, list[int]]:
        return "here", [1]


def _silence() -> None: ...


# Ten thousand hours


@dataclass(frozen=True)
class Figures:
    """What was measured."""

    pipelines: Mapping[str, Costs]
    entry: float
    word: Mapping[int, float]

    @classmethod
    def read(cls, path: Path) -> Figures:
        told: dict[str, Any] = json.loads(path.read_text())
        pipelines = {name: Costs.of_json(costs) for name, costs in told["pipelines"].items()}
        return cls(pipelines, told["entry"], {int(n): s for n, s in told["word"].items()})

    def reading(self, times: float | None) -> Figures:
        """The same, where sources are read so many times."""
        if times is None:
            return self
        read = Line(0.0, times)
        pipelines = {name: replace(costs, read=read) for name, costs in self.pipelines.items()}
        return replace(self, pipelines=pipelines)

    def word_of(self, workers: int) -> float:
        """Seconds of the caller for a word, a line through the first and the last measurement."""
        (few, least), *_, (many, most) = sorted(self.word.items())
        return least + (most - least) * (workers - few) / (many - few)


def jobs_of(costs: Costs, films: Sequence[float]) -> list[Job]:
    """What films of so many seconds take."""
    return [
        Job(
            costs.cpu_of(seconds),
            BITS * seconds * costs.read.more + BITS * costs.result_of(seconds) * costs.moved.more,
        )
        for seconds in films
    ]


def cluster_of(figures: Figures, costs: Costs, nodes: int) -> Cluster:
    sizing = Sizing(None, 10**9, ("cpu",), CORES, MEMORY)
    sizing.learn(Cost(peak=costs.peak))
    workers = nodes * sizing.jobs
    return Cluster(
        nodes,
        sizing.jobs,
        NETWORK,
        STORE,
        begin=costs.begin,
        entry=figures.entry,
        word=figures.word_of(workers),
        words=min(_WORDS, _MOST_WORDS / workers),
    )


def cost_rows(figures: Figures) -> Iterator[str]:
    """A table: what passes take."""
    yield "| pipeline | pass | hours of a core for an hour of it | for each file, s | memory, MB |"
    yield "|---|---|---|---|---|"
    for name, costs in figures.pipelines.items():
        for word, each in costs.passes.items():
            of = "source" if each.of_source else "result"
            line = f"{each.cpu.more:.3f} ({of}) | {each.cpu.each:.2f} | {each.peak / 1e6:.0f}"
            yield f"| {name} | {word} | {line} |"
        yield (
            f"| {name} | all, a film of an hour | {costs.cpu_of(3600) / 3600:.3f} | begin "
            f"{costs.begin:.1f} | {costs.peak / 1e6:.0f} |"
        )
        moved = f"read {costs.read.more:.1f} x source, moved {costs.moved.more:.1f} x result"
        yield f"| {name} | {moved} | | | |"
    words = ", ".join(f"{1e3 * s:.2f} ms with {n} workers" for n, s in figures.word.items())
    yield f"\nThe journal: {1e3 * figures.entry:.2f} ms for a job. A word: {words}.\n"


def rows(figures: Figures, hours: float, sizes: Sequence[int]) -> Iterator[str]:
    """A table: pipelines, sizes, hours, how busy each resource is."""
    films = lengths(3600 * hours, MEDIAN, SPREAD, seed=1)
    yield f"{len(films)} films, {hours:.0f} hours, the longest {max(films) / 3600:.1f} hours"
    yield ""
    yield "| pipeline | nodes | hours | cores | network | store | caller |"
    yield "|---|---|---|---|---|---|---|"
    for name, costs in figures.pipelines.items():
        jobs = jobs_of(costs, films)
        for nodes in sizes:
            yield _row(f"{name} | {nodes}", simulate(cluster_of(figures, costs, nodes), jobs))
    yield from _losses(figures, films, sizes)


def _row(name: str, outcome: Outcome) -> str:
    shares = [
        f"**{share:.0%}**" if kind == outcome.first else f"{share:.0%}"
        for kind, share in outcome.busy.items()
    ]
    return f"| {name} | {outcome.seconds / 3600:.1f} | {' | '.join(shares)} |"


def _losses(figures: Figures, films: Sequence[float], sizes: Sequence[int]) -> Iterator[str]:
    """What nodes that are lost cost, by what becomes of their jobs."""
    yield ""
    yield "| pipeline | nodes | a node is lost | begun again | hours, failed | hours, not alone |"
    yield "|---|---|---|---|---|---|"
    for name, costs in figures.pipelines.items():
        jobs = jobs_of(costs, films)
        for nodes in sizes:
            for losses, word in ((CALM, "once a month"), (SPOT, "every 20 h")):
                cluster = replace(cluster_of(figures, costs, nodes), losses=losses)
                alone = simulate(cluster, jobs)
                among = simulate(replace(cluster, alone=False), jobs)
                yield (
                    f"| {name} | {nodes} | {word} | {alone.again} | {alone.seconds / 3600:.1f}, "
                    f"{alone.failed} | {among.seconds / 3600:.1f} |"
                )


# The simulation and the truth


def check(pipeline: str, count: int, jobs: int) -> str:
    """A batch by the local pool, and the same one simulated from what one clip more has cost."""
    with tempfile.TemporaryDirectory(prefix="scale.") as name:
        folder = Path(name)
        film = programme(folder / "programme.mp4", _MINUTES)
        path = ROOT / "pipelines" / f"{pipeline}.yaml"
        (folder / "costs").mkdir()
        costs = measured_costs(path, film, folder / "costs", PIPELINES[pipeline])
        seconds = [10.0 + 50.0 * k / count for k in range(count)]
        clips = [beginning(film, s, folder / f"{k}.mp4") for k, s in enumerate(seconds)]
        wall, cpu = _batch(path, clips, jobs, folder)
    work = [Job(costs.cpu_of(s), 0.0) for s in seconds]
    foreseen = simulate(Cluster(1, jobs, begin=costs.begin), work).seconds
    all_work = sum(job.cpu for job in work) + jobs * costs.begin
    return (
        f"{pipeline}, {count} clips, {jobs} workers: foreseen {foreseen:.1f} s ({all_work:.1f} s "
        f"of cores), measured {wall:.1f} s ({cpu:.1f} s); load {os.getloadavg()[0]:.1f}"
    )


def _batch(pipeline: Path, clips: Sequence[Path], jobs: int, folder: Path) -> tuple[float, float]:
    """Seconds of a batch on the wall, and of its workers' cores."""
    work = Work(pipeline, cache=False)
    work = replace(work, digest=pipeline_digest(work.loaded()))
    before, began = os.times(), time.perf_counter()
    pool = Pool(work, replace(Sizing.here(jobs, len(clips), "cpu")), folder)
    tasks = [Task(k, clip, folder / f"{k}.out.mp4") for k, clip in enumerate(clips, 1)][::-1]
    running = 0
    while tasks or running:
        while tasks and running < jobs:
            pool.submit(tasks.pop())
            running += 1
        for event in pool.events(0.2):
            if isinstance(event, Ended):
                assert not event.error, event.error
                running -= 1
    wall = time.perf_counter() - began
    pool.stop()
    after = os.times()
    children = after.children_user + after.children_system
    return wall, children - before.children_user - before.children_system


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("what", choices=["measure", "simulate", "check"])
    parser.add_argument("pipelines", nargs="*", default=[], help=f"of {', '.join(PIPELINES)}")
    parser.add_argument("--input", type=Path, help="default: a minute made of the sample")
    parser.add_argument("--figures", type=Path, default=FIGURES, help="what was measured")
    parser.add_argument("--hours", type=float, default=10_000.0)
    parser.add_argument("--read", type=float, help="bytes for one of the source; else as measured")
    parser.add_argument("--nodes", type=int, nargs="+", default=[4, 16, 64])
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    if asked.what == "measure":
        measure(asked.input, asked.pipelines or [*PIPELINES], asked.figures)
    elif asked.what == "simulate":
        figures = Figures.read(asked.figures).reading(asked.read)
        print("\n".join([*cost_rows(figures), *rows(figures, asked.hours, asked.nodes)]))
    else:
        for pipeline in asked.pipelines or ["no_silence"]:
            print(check(pipeline, asked.clips, asked.jobs), flush=True)


if __name__ == "__main__":
    main()
