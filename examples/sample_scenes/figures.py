"""Small figures that several scenes share: people, birds, trees, boats, houses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_scenes.paint import Image, arc_points, box, dice, disc, mix, oval, poly, stroke

SKINS = ("#f3c9a5", "#d99e73", "#a86b45", "#7c4a30", "#f0bb94")
COATS = ("#e4572e", "#f3a712", "#29a3a3", "#f5e6ca", "#5b6fd6", "#d1495b", "#7bb662", "#ffffff")
HAIRS = ("#3a2a22", "#6b4226", "#1d1b22", "#c98f45", "#8a3b1f")


@dataclass(frozen=True)
class Look:
    coat: str
    skin: str
    hair: str
    legs: str = "#33415c"


def looks(name: str, count: int) -> tuple[Look, ...]:
    random = dice(name)
    return tuple(
        Look(*(str(random.choice(choices)) for choices in (COATS, SKINS, HAIRS)))
        for _ in range(count)
    )


def dim(look: Look, shade: str, weight: float) -> Look:
    """The same person in the dark."""
    return Look(*(mix(c, shade, weight) for c in (look.coat, look.skin, look.hair, look.legs)))


def person(
    canvas: Image, x: float, y: float, tall: float, look: Look,
    arms: tuple[float, float] = (0.2, 0.2), *, stride: float = 0.0, lean: float = 0.0,
) -> None:  # fmt: skip
    """Feet at x, y. Arm angles: 0 hangs down, pi points up. Stride swings the legs."""
    hip, neck = y - 0.36 * tall, y - 0.66 * tall
    top = x + lean * tall
    for side in (-1, 1):
        foot = x + side * (0.06 + 0.22 * stride) * tall
        stroke(canvas, [(x + side * 0.05 * tall, hip), (foot, y)], look.legs, 0.1 * tall)
    low, wide, high = hip + 0.04 * tall, neck + 0.04 * tall, neck - 0.02 * tall
    outline = ((-0.12, x, low), (-0.14, top, wide), (-0.07, top, high),
               (0.07, top, high), (0.14, top, wide), (0.12, x, low))  # fmt: skip
    body = [(middle + u * tall, v) for u, middle, v in outline]
    poly(canvas, body, look.coat)
    for side, angle in zip((-1, 1), arms, strict=True):
        shoulder = (top + side * 0.12 * tall, neck + 0.04 * tall)
        reach = (shoulder[0] + side * 0.32 * tall * np.sin(angle),
                 shoulder[1] + 0.32 * tall * np.cos(angle))  # fmt: skip
        stroke(canvas, [shoulder, reach], look.coat, 0.085 * tall)
        disc(canvas, *reach, 0.05 * tall, look.skin)
    head = y - 0.82 * tall
    disc(canvas, top, head, 0.14 * tall, look.skin)
    cap = arc_points(top, head - 0.02 * tall, 0.15 * tall, 0.14 * tall, -np.pi, 0)
    poly(canvas, cap, look.hair)


def gull(
    canvas: Image, x: float, y: float, size: float, flap: float, colour: str, alpha: float = 1.0
) -> None:
    tip = 0.35 * flap
    wing = [(-1, -tip), (-0.55, -0.28 - 0.3 * tip), (0, 0.05), (0.55, -0.28 - 0.3 * tip), (1, -tip)]
    under = [(0.5, -0.14 - 0.3 * tip), (0, 0.2), (-0.5, -0.14 - 0.3 * tip)]
    points = [(x + size * u, y + size * v) for u, v in wing + under]
    poly(canvas, points, colour, alpha)


def pine(canvas: Image, x: float, y: float, tall: float, colour: str) -> None:
    box(canvas, x - 0.03 * tall, y - 0.15 * tall, 0.06 * tall, 0.2 * tall, colour)
    for level in range(3):
        foot, wide = y - (0.1 + 0.24 * level) * tall, (0.26 - 0.06 * level) * tall
        poly(canvas, [(x - wide, foot), (x, foot - 0.44 * tall), (x + wide, foot)], colour)


def tree(canvas: Image, x: float, y: float, tall: float, dark: str, bright: str) -> None:
    box(canvas, x - 0.04 * tall, y - 0.4 * tall, 0.08 * tall, 0.42 * tall, "#5b4636")
    for u, v, r in ((-0.18, 0.52, 0.2), (0.18, 0.5, 0.2), (0, 0.7, 0.26)):
        disc(canvas, x + u * tall, y - v * tall, r * tall, dark)
    for u, v, r in ((-0.22, 0.56, 0.13), (0.1, 0.56, 0.13), (-0.06, 0.76, 0.17)):
        disc(canvas, x + u * tall, y - v * tall, r * tall, bright)


def house(canvas: Image, x: float, y: float, size: float, wall: str, roof: str, pane: str) -> None:
    box(canvas, x, y - 0.7 * size, size, 0.75 * size, wall)
    gable = [(x - 0.1 * size, y - 0.68 * size), (x + 0.5 * size, y - 1.25 * size),
             (x + 1.1 * size, y - 0.68 * size)]  # fmt: skip
    poly(canvas, gable, roof)
    for u in (0.16, 0.58):
        box(canvas, x + u * size, y - 0.5 * size, 0.24 * size, 0.26 * size, pane)


def sailboat(
    canvas: Image, x: float, y: float, size: float, sail: str, jib: str, lean: float
) -> None:
    c, s = np.cos(lean), np.sin(lean)

    def turned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(x + size * (u * c - v * s), y + size * (u * s + v * c)) for u, v in points]

    poly(canvas, turned([(-0.5, -0.1), (0.62, -0.14), (0.4, 0.1), (-0.36, 0.1)]), "#fbf3e4")
    poly(canvas, turned([(-0.44, 0.0), (0.5, 0.0), (0.4, 0.1), (-0.36, 0.1)]), "#8c4a3a")
    stroke(canvas, turned([(0.06, -0.1), (0.06, -1.45)]), "#6b4b3a", 0.03 * size)
    main = [(0.02, -1.42), (-0.16, -0.9), (-0.42, -0.3), (0.02, -0.26)]
    poly(canvas, turned(main), sail)
    poly(canvas, turned([(0.02, -0.8), (-0.2, -0.8), (-0.33, -0.5), (0.02, -0.48)]), "#fff7e8", 0.7)
    poly(canvas, turned([(0.1, -1.3), (0.1, -0.28), (0.58, -0.24), (0.32, -0.7)]), jib)


def lighthouse(canvas: Image, x: float, y: float, tall: float, wall: str, band: str) -> None:
    def width(level: float) -> float:
        return (0.15 - 0.06 * level) * tall

    def slab(low: float, high: float, colour: str) -> None:
        poly(
            canvas,
            [(x - width(low), y - low * tall), (x - width(high), y - high * tall),
             (x + width(high), y - high * tall), (x + width(low), y - low * tall)],
            colour,
        )  # fmt: skip

    slab(0, 0.78, wall)
    for low in (0.14, 0.42, 0.68):
        slab(low, low + 0.12, band)
    box(canvas, x - 0.13 * tall, y - 0.81 * tall, 0.26 * tall, 0.04 * tall, "#39404f")
    box(canvas, x - 0.07 * tall, y - 0.93 * tall, 0.14 * tall, 0.12 * tall, "#ffe9a8")
    stroke(canvas, [(x, y - 0.93 * tall), (x, y - 0.81 * tall)], "#39404f", 0.02 * tall)
    dome = arc_points(x, y - 0.92 * tall, 0.1 * tall, 0.09 * tall, -np.pi, 0)
    poly(canvas, dome, "#39404f")


def rowboat(canvas: Image, x: float, y: float, size: float, hull: str, inside: str) -> None:
    oval(canvas, x, y - 0.2 * size, 0.5 * size, 0.07 * size, inside)
    low = arc_points(x, y - 0.2 * size, 0.5 * size, 0.26 * size, 0, np.pi)
    poly(canvas, low, hull)
    rim = arc_points(x, y - 0.2 * size, 0.5 * size, 0.07 * size, 0, np.pi)
    stroke(canvas, rim, "#f3e3c8", 0.02 * size)
    for u in (-0.2, 0.14):
        stroke(canvas, [(x + u * size, y - 0.25 * size), (x + u * size, y - 0.15 * size)],
               "#e9cfa4", 0.05 * size)  # fmt: skip
