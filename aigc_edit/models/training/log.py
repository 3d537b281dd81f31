"""How a training goes: a line now and then for people, and the same for programs."""

from __future__ import annotations

import json
import math
import time
from collections import defaultdict
from collections.abc import Callable, Mapping

from aigc_edit.models.training.plan import TrainingPlan

FILE = "log.jsonl"
Say = Callable[[str], None]


class Log:
    """Means over the steps since the last line, and when it will be done.

    A line of the file is `{"step": 50, "rate": 0.001, "seconds": 12.5, "means": {...}}`; what was
    written after the checkpoint that a training goes on from is taken back.
    """

    def __init__(self, plan: TrainingPlan, step: int, say: Say) -> None:
        self._plan, self._say = plan, say
        self._first, self._began = step, time.monotonic()
        self._seen: dict[str, list[float]] = defaultdict(list)
        self._path = plan.folder / FILE
        self._take_back(step)

    def add(self, step: int, figures: Mapping[str, float]) -> None:
        """Takes in what a step gave; `step` steps are done now."""
        for name, value in figures.items():
            self._seen[name].append(value)
        if step % self._plan.log_every == 0 or step in (self._first + 1, self._plan.steps):
            self._tell(step, {name: sum(v) / len(v) for name, v in self._seen.items()})
            self._seen.clear()

    def _tell(self, step: int, means: Mapping[str, float]) -> None:
        seconds = time.monotonic() - self._began
        told = ", ".join(f"{name} {value:.4g}" for name, value in means.items())
        each = seconds / (step - self._first)
        left = words_of_seconds(each * (self._plan.steps - step))
        self._say(f"step {step}/{self._plan.steps}: {told}; {each:.2f} s a step, {left} left")
        entry = {"step": step, "rate": self._plan.rate_at(step - 1), "seconds": round(seconds, 2)}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**entry, "means": means}) + "\n")

    def _take_back(self, step: int) -> None:
        lines = self._path.read_text("utf-8").splitlines() if self._path.exists() else []
        kept = [line for line in lines if _step_of(line) <= step]
        self._path.write_text("".join(f"{line}\n" for line in kept), "utf-8")


def _step_of(line: str) -> float:
    """Of a line of the file; a line that a kill cut short belongs to no step that counts."""
    try:
        return float(json.loads(line)["step"])
    except ValueError:
        return math.inf


def words_of_seconds(seconds: float) -> str:
    """A time that is waited for.

    >>> words_of_seconds(42), words_of_seconds(600), words_of_seconds(7300)
    ('42 s', '10 min', '2 h 2 min')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
