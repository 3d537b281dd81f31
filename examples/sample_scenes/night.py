"""The lantern walk on the pier, the fireworks, and the moon over the bay."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from sample_scenes.figures import dim, house, looks, person, sailboat
from sample_scenes.paint import (
    HEIGHT,
    WIDTH,
    Image,
    arc_points,
    box,
    camera,
    cloud,
    dice,
    disc,
    ease,
    gradient,
    light,
    mirror,
    mix,
    oval,
    poly,
    ramp,
    rgb,
    ridge,
    ridge_at,
    stamp,
    stroke,
    textured,
)

PIER_SKY = ((0.0, "#0f1e44"), (140.0, "#1f4a6e"), (232.0, "#4d8a94"))
PIER_WATER = ((240.0, "#235a6e"), (360.0, "#0c2340"))


def stars(canvas: Image, t: float, count: int, low: float) -> None:
    random = dice("stars")
    for x, y, r, phase in random.uniform((0, 0, 0.4, 0), (WIDTH, low, 1.2, 6.3), (count, 4)):
        disc(canvas, x, y, r, "#ffffff", 0.55 + 0.35 * np.sin(9 * t + phase))


def pier(t: float, canvas: Image) -> Image:
    """People carry lanterns along the pier; the lights swim in the water below."""
    np.copyto(canvas, gradient(PIER_SKY))
    stars(canvas, t, 70, 150)
    far = ridge("pier far", 244, 56, 500, 0.7)
    textured(canvas, far, gradient(((180.0, "#1b3f5e"), (250.0, "#2f6475"))), "#21486a")
    for k, x in enumerate(range(30, WIDTH, 47)):
        light(canvas, x, ridge_at(far, x) + 22 + 5 * (k % 3), 9, "#ffd58a", 0.8)
    poly(canvas, [(-10, 208), (WIDTH + 10, 208), (WIDTH + 10, 218), (-10, 218)], "#2b1f2e")
    box(canvas, -10, 206, WIDTH + 20, 3, "#6b4a45")
    for x in range(-8, WIDTH, 58):
        box(canvas, x - 4 * t, 216, 8, 40, "#241a29")
    for k, look in enumerate(looks("pier", 13)):
        x = 62 * k - 130 + 96 * t + 9 * np.sin(2.3 * k)
        tall = 62 + 10 * np.sin(5.1 * k)
        step = np.sin(38 * t + 1.7 * k)
        person(canvas, x, 208 - 1.5 * abs(step), tall, look, (0.3, 1.25), stride=0.4 * step)
        lantern(canvas, x + 0.42 * tall, 208 - 0.5 * tall + 1.5 * np.sin(19 * t + k), k)
    mirror(canvas, 240, gradient(PIER_WATER), 0.62, 7, 10 * t)
    festoon(canvas, t)
    return camera(canvas, 1.14 - 0.04 * t, 14 * t - 7, 2)


def festoon(canvas: Image, t: float) -> None:
    """Two strings of small lamps that hang across the picture, nearer than the pier."""
    for row, (left, right, sag) in enumerate(((44, 18, 58), (10, 62, 44))):
        u = np.linspace(0, 1, 15)
        y = left + (right - left) * u + 4 * sag * u * (1 - u) + 1.5 * np.sin(8 * t + 3 * u)
        points = np.stack([-10 + (WIDTH + 20) * u - 16 * t, y], axis=1)
        stroke(canvas, points, "#0a1430", 1)
        for k, (x, low) in enumerate(points):
            tone = ("#ffd58a", "#ff9f68", "#9be3d8")[(k + row) % 3]
            light(canvas, x, low + 5, 22, tone, 0.8)
            oval(canvas, x, low + 5, 3.4, 4.4, tone)


def lantern(canvas: Image, x: float, y: float, kind: int) -> None:
    tone = ("#ff9a3c", "#ffc145", "#ff6f59")[kind % 3]
    light(canvas, x, y + 5, 46, tone, 0.85)
    stroke(canvas, [(x, y - 10), (x, y)], "#3b2a2f", 1)
    oval(canvas, x, y + 6, 6.5, 7.5, tone)
    oval(canvas, x, y + 6, 3.4, 5, "#fff3c9")


@dataclass(frozen=True)
class Burst:
    start: float  # of the shot, 0..1
    x: float
    y: float
    size: float
    colours: tuple[str, str]
    sparks: int


BURSTS = (
    Burst(0.07, 190, 96, 96, ("#ffd166", "#ff8c42"), 64),
    Burst(0.13, 470, 74, 110, ("#ef476f", "#ffd1dc"), 70),
    Burst(0.22, 330, 118, 84, ("#4cc9f0", "#ffffff"), 56),
    Burst(0.30, 110, 66, 100, ("#9b5de5", "#f15bb5"), 64),
    Burst(0.36, 540, 120, 90, ("#06d6a0", "#fff3b0"), 60),
    Burst(0.44, 300, 70, 128, ("#ffd166", "#fff8e1"), 84),
    Burst(0.52, 450, 100, 96, ("#ff6b6b", "#ffe66d"), 64),
    Burst(0.58, 160, 116, 92, ("#4cc9f0", "#b8f2ff"), 60),
    Burst(0.65, 360, 90, 110, ("#f15bb5", "#fee440"), 72),
    Burst(0.71, 560, 68, 100, ("#ffd166", "#ff8c42"), 64),
    Burst(0.75, 90, 84, 110, ("#06d6a0", "#d8fff1"), 64),
    Burst(0.80, 310, 80, 138, ("#fff1c1", "#ffb703"), 96),
    Burst(0.85, 470, 108, 110, ("#ef476f", "#ffd166"), 72),
    Burst(0.90, 190, 88, 120, ("#9b5de5", "#bde0fe"), 72),
)
SHOW_SKY = ((0.0, "#0a0b26"), (150.0, "#241a4d"), (250.0, "#533a6b"))
SHOW_WATER = ((250.0, "#2b2452"), (360.0, "#0b0c22"))


@lru_cache(maxsize=32)
def headings(burst: Burst) -> np.ndarray:
    """Unit directions of a ball of sparks as it is seen from the side, and their reach."""
    random = dice(f"burst {burst.start}")
    a = random.uniform(0, 2 * np.pi, burst.sparks)
    reach = np.sqrt(1 - random.uniform(-1, 1, burst.sparks) ** 2 * 0.7)
    reach *= random.uniform(0.85, 1.05, burst.sparks)
    return np.stack([np.cos(a) * reach, np.sin(a) * reach], axis=1)


def sparks(layer: Image, burst: Burst, age: float) -> None:
    """age runs 0..1 from the bang to the last ember."""

    def place(when: float) -> np.ndarray:
        spread = burst.size * (1 - np.exp(-4.2 * max(when, 0)))
        fall = 46 * max(when, 0) ** 2
        return headings(burst) * spread + (burst.x, burst.y + fall)

    fade = (1 - age) ** 0.8
    points = zip(place(age - 0.13), place(age - 0.05), place(age), strict=True)
    for k, (tail, middle, head) in enumerate(points):
        twinkle = 1 if age < 0.5 or (k * 7 + int(age * 60)) % 3 else 0.3
        tone = rgb(burst.colours[k % 2])
        colour = "#" + "".join(f"{int(level * fade * twinkle):02x}" for level in tone)
        stroke(layer, [tail, middle], mix("#000000", colour, 0.4), 1)
        stroke(layer, [middle, head], colour, 1.3)
        disc(layer, *head, 1.9 * fade + 0.5, colour)


def fireworks(t: float, canvas: Image) -> Image:
    """Rockets burst over the bay, faster and faster; the people on the beach dance."""
    np.copyto(canvas, gradient(SHOW_SKY))
    stars(canvas, t, 40, 160)
    layer = np.zeros_like(canvas)
    for burst in BURSTS:
        rise, age = ramp(t, burst.start - 0.07, burst.start), (t - burst.start) / 0.26
        if 0 < rise < 1:
            y = 250 + (burst.y - 250) * ease(rise)
            stroke(layer, [(burst.x, y + 22 * (1 - rise)), (burst.x, y)], "#ffe2b0", 1.6)
        if 0 <= age < 1:
            light(canvas, burst.x, burst.y, 170, burst.colours[0], 0.42 * (1 - age) ** 2)
            sparks(layer, burst, age)
    small = cv2.resize(layer, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
    halo = cv2.resize(cv2.GaussianBlur(small, (0, 0), 3.5), (canvas.shape[1], canvas.shape[0]))
    cv2.add(canvas, layer, dst=canvas)
    cv2.add(canvas, halo, dst=canvas)
    poly(canvas, ridge("show", 254, 30, 90, 0.8), "#1b1540")
    for k, x in enumerate(range(20, WIDTH, 36)):
        house(canvas, x, 252, 13 + 4 * (k * 5 % 3), "#1e1845", "#151033", "#ffcf7a")
    mirror(canvas, 250, gradient(SHOW_WATER), 0.75, 6, 16 * t, 2.2)
    for k, look in enumerate(looks("show", 17)):
        jump = 20 * abs(np.sin(21 * t + 1.7 * k)) * ease(t, 0.05, 0.1)
        arms = 2.4 + 0.5 * np.sin(28 * t + 2 * k)
        person(
            canvas,
            42 * k - 14 + 5 * np.sin(10 * t + k),
            384 - jump,
            74,
            dim(look, "#1a1440", 0.55),
            (arms, arms),
        )
    return camera(canvas, 1.06, 5 * np.sin(13 * t), 3 * np.sin(19 * t))


MOON_SKY = ((0.0, "#0d1b33"), (120.0, "#27476b"), (205.0, "#7fa0b8"))
MOON_SEA = ((205.0, "#6d91ab"), (270.0, "#27496b"), (360.0, "#0e1f38"))


def moon(t: float, canvas: Image) -> Image:
    """The moon over a quiet sea, a silver path and one late boat."""
    np.copyto(canvas, gradient(MOON_SKY))
    stars(canvas, t, 80, 170)
    light(canvas, 432, 96, 260, "#cfe3f5", 0.5)
    light(canvas, 432, 96, 90, "#ffffff", 0.5)
    poly(canvas, ridge("moon hills", 208, 46, 120, 0.6), "#31516f")
    mirror(canvas, 205, gradient(MOON_SEA), 0.3, 6, 7 * t)
    disc(canvas, 432, 96, 42, "#f6f3e4")
    for x, y, r in ((418, 84, 9), (446, 106, 12), (442, 76, 5), (420, 112, 6)):
        disc(canvas, x, y, r, "#dcd9cc", 0.7)
    stamp(canvas, cloud("moon", 300, 50, "#a9c2d6", "#4f6f8d"), 330 + 26 * t, 122, 0.75)
    random = dice("silver")
    for u, depth, phase in random.uniform((-1, 0, 0), (1, 1, 6.3), (130, 3)):
        y, shine = 207 + 150 * depth**1.4, np.sin(15 * t + phase)
        if shine > 0:
            x, half = 432 + u * (26 + 60 * depth), 2 + 9 * depth
            stroke(canvas, [(x - half, y), (x + half, y)], "#f3f7ee", 1 + depth, 0.7 * shine)
    bob = 1.5 * np.sin(9 * t)
    sailboat(canvas, 176 + 30 * t, 252 + bob, 78, "#3a5674", "#2e4863", 0.03 * np.sin(7 * t))
    light(canvas, 178 + 30 * t, 236 + bob, 26, "#ffc878", 0.9)
    shore = arc_points(40, 392, 300, 62, -np.pi, 0)
    poly(canvas, shore, "#101c30")
    for x, tall in ((60, 52), (92, 44)):
        person(canvas, x, 340, tall, dim(looks("end", 2)[x > 70], "#101c30", 0.6), (0.3, 0.3))
    return camera(canvas, 1.1 - 0.06 * ease(t), 0, 4 - 4 * ease(t))
