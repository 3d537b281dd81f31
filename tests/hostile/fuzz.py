"""`python -m tests.hostile.fuzz`: random damage to small files, through probe and a short render.

A worker takes many mutants; where it dies, hangs or swells, the mutant is kept, counted, and a
new worker goes on.
"""

from __future__ import annotations

import argparse
import json
import resource
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO

from tests.conftest import ROOT
from tests.hostile.child import GIB, end_session, environment, resident
from tests.hostile.mutants import make_seeds, mutant

say = partial(print, flush=True)  # lint allows no print call in tests; this is a program
SECONDS = 20.0  # a clip of one second takes 0.05
MEMORY = 2 * GIB
_ADDRESSES = 8 * GIB  # the kernel's own stop, should memory swell between two glances


@dataclass(frozen=True)
class Finding:
    """A mutant that did harm.

    Attributes:
        kind: bug, left or short (see fuzz_worker), or crash, hang, memory.
    """

    number: int
    seed_file: str
    kind: str
    what: str


class Worker:
    """A child that takes mutants until it dies; then a new one is started."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._end()

    def verdict(self, path: Path) -> tuple[str, str]:
        """(how it ended, as in Finding, or ok or error; more words)."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{path}\n")
        process.stdin.flush()
        begin = time.monotonic()
        while not select.select([process.stdout], [], [], 0.25)[0]:
            if resident(process.pid) > MEMORY:
                return self._stopped("memory", f"more than {MEMORY / GIB:g} GiB")
            if time.monotonic() - begin > SECONDS:
                return self._stopped("hang", f"no answer after {SECONDS:g} s")
        line = process.stdout.readline()
        if not line:
            return self._stopped("crash", f"the process ended with {process.wait()}")
        answer = json.loads(line)
        return answer["end"], answer["what"]

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            with (self._folder / "worker.txt").open("a") as log:
                self._process = self._started(log)
            with suppress(ProcessLookupError):
                resource.prlimit(self._process.pid, resource.RLIMIT_AS, (_ADDRESSES,) * 2)
        return self._process

    def _started(self, log: IO[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-m", "tests.hostile.fuzz_worker"],
            cwd=ROOT,
            env=environment(self._folder / "cache"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )

    def _stopped(self, end: str, what: str) -> tuple[str, str]:
        self._end()
        return end, what

    def _end(self) -> None:
        if self._process is None:
            return
        end_session(self._process.pid)
        self._process.wait()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._process = None


def fuzzed(
    mutants: int, seed: int, folder: Path, keep: Path | None = None, first: int = 0
) -> tuple[Counter[str], list[Finding]]:
    """How many ended how, and every mutant that did harm (a copy of it goes to `keep`)."""
    seeds = [(path.name, path.read_bytes()) for path in make_seeds(folder)]
    ends: Counter[str] = Counter()
    findings = []
    with Worker(folder) as worker:
        for number in range(first, first + mutants):
            name, data = seeds[number % len(seeds)]
            path = folder / f"mutant{number}{Path(name).suffix}"
            path.write_bytes(mutant(data, number, seed))
            end, what = worker.verdict(path)
            ends[end] += 1
            if end not in ("ok", "error"):
                findings.append(Finding(number, name, end, what))
                if keep is not None:
                    shutil.copy(path, keep / f"{seed}.{path.name}")
            path.unlink()
            shutil.rmtree(path.with_suffix(".out"), ignore_errors=True)
    return ends, findings


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.fuzz", description=__doc__)
    parser.add_argument("--mutants", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutant")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep harmful mutants here")
    asked = parser.parse_args()
    if asked.keep:
        asked.keep.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz.") as folder:
        ends, findings = fuzzed(asked.mutants, asked.seed, Path(folder), asked.keep, asked.first)
    for finding in findings:
        say(
            f"FAILED mutant {finding.number} of {finding.seed_file}: {finding.kind}: {finding.what}"
        )
    told = ", ".join(f"{count} {end}" for end, count in ends.most_common())
    say(f"{asked.mutants} mutants, seed {asked.seed}: {told}; {time.monotonic() - begin:.0f} s")
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main())
