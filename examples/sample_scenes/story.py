"""The order of the film: shots, the narrator's lines, the lively and the dull stretches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from sample_scenes import evening, morning, night, noon
from sample_scenes.paint import Image

FPS = 30
Span = tuple[float, float]


@dataclass(frozen=True)
class Shot:
    name: str
    scene: Callable[[float, Image], Image]
    first: int  # frame
    end: int  # frame after the last; greater than the next shot's first in a dissolve


@dataclass(frozen=True)
class Line:
    start: float  # seconds
    text: str


SHOTS = (
    Shot("dawn", morning.dawn, 0, 180),
    Shot("harbour", morning.harbour, 180, 384),
    Shot("train", morning.train, 384, 525),
    Shot("goal", morning.goal, 525, 645),
    Shot("crowd", morning.crowd, 645, 735),
    Shot("kite", noon.kite, 735, 885),
    Shot("pond", noon.pond, 885, 1113),
    Shot("sailing", noon.sailing, 1089, 1245),
    Shot("carousel", noon.carousel, 1245, 1416),
    Shot("storm", evening.storm, 1416, 1575),
    Shot("rain", evening.rain_window, 1575, 1785),
    Shot("dusk", evening.dusk, 1785, 1950),
    Shot("pier", night.pier, 1920, 2070),
    Shot("fireworks", night.fireworks, 2070, 2265),
    Shot("moon", night.moon, 2265, 2415),
)
FRAMES = SHOTS[-1].end
FLASH = (1488, 1490)  # first and last frame of the lightning

LINES = (
    Line(0.9, "Good morning, Pebble Bay."),
    Line(3.7, "The sun is coming up."),
    Line(13.4, "The early train rolls over the old bridge."),
    Line(25.4, "After the match, we fly our kite."),
    Line(37.5, "Three little boats sail along the coast."),
    Line(47.9, "Then the clouds roll in."),
    Line(50.6, "Time to go inside."),
    Line(60.0, "The rain is over, and the windows light up."),
    Line(65.4, "Everyone walks down to the water."),
    Line(76.4, "Good night, Pebble Bay."),
    Line(78.7, "See you tomorrow."),
)
LIVELY: tuple[Span, ...] = ((18.6, 24.4), (41.9, 47.0), (69.4, 75.4))
DULL: tuple[Span, ...] = ((6.0, 12.8), (29.6, 36.2), (52.5, 59.5))


def cuts() -> list[int]:
    return [after.first for before, after in pairwise(SHOTS) if before.end == after.first]


def dissolves() -> list[tuple[int, int]]:
    """First and last frame in which two shots are seen at once."""
    return [
        (after.first, before.end - 1)
        for before, after in pairwise(SHOTS)
        if before.end > after.first
    ]


def shot(name: str) -> Shot:
    return next(item for item in SHOTS if item.name == name)
