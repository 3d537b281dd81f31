"""The storm at the lighthouse, rain on a window, and the town that lights up at dusk."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from sample_scenes.figures import lighthouse
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
    new_canvas,
    oval,
    poly,
    ramp,
    stamp,
    stroke,
)

STORM_SKY = ((0.0, "#1b2136"), (130.0, "#3d4763"), (230.0, "#8a8fa3"))
STRIKE = (0.4496, 0.4689)  # the part of the storm shot in which the bolt is seen
WAVES = (("#55637c", 226, 5, 90), ("#3f4f6a", 246, 8, 130), ("#2c3c57", 274, 11, 180),
         ("#1c2a43", 312, 15, 250))  # fmt: skip


def storm(t: float, canvas: Image) -> Image:
    """Heavy clouds, rolling waves, the lighthouse beam, one stroke of lightning."""
    np.copyto(canvas, gradient(STORM_SKY))
    light(canvas, 210, 226, 190, "#d9d3cf", 0.45)
    for k, (x, y, pace) in enumerate(((120, 40, 40), (380, 20, 56), (600, 60, 48), (300, 96, 74))):
        shade = cloud(f"storm {k}", 420, 150, "#59617a", "#262d43")
        stamp(canvas, shade, x - pace * t, y, 0.92)
    if STRIKE[0] <= t <= STRIKE[1]:
        bolt(canvas)
    wave(canvas, *WAVES[0], t)
    rocks = [(392, 272), (420, 240), (446, 226), (520, 222), (556, 236), (600, 262), (640, 280),
             (640, 330), (392, 330)]  # fmt: skip
    lamp = (486, 106)
    turn = 7 * t + 2.4
    for a in (turn, turn + np.pi):
        beam(canvas, lamp, a)
    wave(canvas, *WAVES[1], t)
    poly(canvas, rocks, "#232b3e")
    poly(canvas, [(420, 240), (446, 226), (520, 222), (470, 240), (440, 262)], "#3a4459")
    lighthouse(canvas, 486, 230, 142, "#d9d6d0", "#a63d40")
    light(canvas, *lamp, 46, "#fff0b8", 0.9)
    wave(canvas, *WAVES[2], t)
    wave(canvas, *WAVES[3], t)
    rainfall(canvas, t)
    return camera(canvas, 1.05 + 0.02 * t, 0, 2 * np.sin(6 * t), 0.4 * np.sin(5 * t))


def beam(canvas: Image, lamp: tuple[float, float], a: float) -> None:
    """One arm of the turning light, brightest when it points along the picture."""
    side, strength = 700 * np.sign(np.cos(a)), 0.24 * np.cos(a) ** 2
    middle = lamp[1] + 60 * np.sin(a)
    for wide in (74, 48, 24):
        far = [(lamp[0] + side, middle - wide), (lamp[0] + side, middle + wide)]
        poly(canvas, [(lamp[0], lamp[1] - 3), *far, (lamp[0], lamp[1] + 3)], "#ffeeb5", strength)


def wave(canvas: Image, colour: str, base: float, high: float, pace: float, t: float) -> None:
    x = np.linspace(-20, WIDTH + 20, 140)
    phase = (x + pace * t) / (6 * high + 12)
    y = base + high * (0.3 * np.sin(5 * t) - abs(np.sin(phase)) ** 0.8 + 0.3 * np.sin(2.7 * phase))
    line = np.stack([x, y], axis=1)
    poly(canvas, [*line, (WIDTH + 20, HEIGHT + 20), (-20, HEIGHT + 20)], colour)
    stroke(canvas, line, mix(colour, "#ffffff", 0.45), 0.6 + high / 10, 0.8)
    stroke(canvas, line + np.array((0, high * 0.5)), mix(colour, "#ffffff", 0.2), 1, 0.5)


def bolt(canvas: Image) -> None:
    random = dice("bolt")
    y = np.linspace(30, 226, 12)
    x = 232 + np.cumsum(random.uniform(-17, 15, 12))
    main = np.stack([x, y], axis=1)
    branch = [main[5] + (0, 0), main[5] + (26, 22), main[5] + (40, 50), main[5] + (66, 66)]
    light(canvas, float(x[5]), 110, 260, "#dfe6ff", 0.8)
    stroke(canvas, main, "#ffffff", 3.5)
    stroke(canvas, branch, "#ffffff", 1.8)


def rainfall(canvas: Image, t: float) -> None:
    random = dice("rainfall")
    for x, y, pace in random.uniform((0, 0, 900), (WIDTH + 120, 420, 1300), (110, 3)):
        fall = (y + pace * t * 2.5) % 420 - 30
        place = x - 0.25 * fall
        stroke(canvas, [(place, fall), (place - 4, fall + 16)], "#c9d3e6", 0.5, 0.3)


@lru_cache(maxsize=1)
def street_behind_glass() -> Image:
    """Blurred street lights in the blue hour, drawn once."""
    scene = new_canvas()
    np.copyto(scene, gradient(((0.0, "#27364f"), (150.0, "#3f5570"), (360.0, "#1c2738"))))
    random = dice("street")
    for x in range(-20, WIDTH, 92):
        box(scene, x, random.uniform(40, 130), 84, 300, mix("#22304a", "#34465f", random.random()))
    scene = cv2.GaussianBlur(scene, (0, 0), 14)
    tones = ("#ffb35c", "#ffd58a", "#ff7f6b", "#8fd0ff", "#ffc06a")
    for k in range(26):
        x, y = random.uniform(20, 620), random.normal(180, 50)
        r = random.uniform(9, 25)
        disc(scene, x, y, r, tones[k % 5], random.uniform(0.22, 0.6))
        stroke(scene, arc_points(x, y, r, r, 0, 6.3), tones[k % 5], 1, 0.35)
    scene = cv2.GaussianBlur(scene, (0, 0), 2.2)
    for x, y, r in random.uniform((0, 0, 1.0), (WIDTH, 290, 3.6), (230, 3)):
        drop(scene, x, y, r)
    return scene


def drop(canvas: Image, x: float, y: float, r: float) -> None:
    oval(canvas, x, y + 0.3, r, 1.15 * r, "#16202f", 0.42)
    oval(canvas, x, y + 0.35 * r, 0.7 * r, 0.7 * r, "#c4dcf0", 0.45)
    disc(canvas, x - 0.3 * r, y - 0.45 * r, 0.28 * r, "#ffffff", 0.85)


def rain_window(t: float, canvas: Image) -> Image:
    """Inside, dry and warm: drops on the pane, a cup of tea, a sleeping cat."""
    np.copyto(canvas, street_behind_glass())
    for k, (x, start) in enumerate(((92, 40), (262, 96), (408, 20), (560, 120))):
        y = start + 64 * ease(t, 0.1 + 0.2 * k, 0.5 + 0.16 * k)
        stroke(canvas, [(x, start - 6), (x, y)], "#aecbe2", 2.0, 0.28)
        drop(canvas, x, y, 4.2)
    for x in (-6, 312, 626):
        box(canvas, x, -10, 20, 330, "#57413a")
        box(canvas, x + 3, -10, 4, 330, "#755849")
    box(canvas, -10, -10, WIDTH + 20, 22, "#57413a")
    box(canvas, -10, 292, WIDTH + 20, 80, "#7a5a48")
    box(canvas, -10, 292, WIDTH + 20, 9, "#a07a5d")
    light(canvas, 90, 330, 330, "#ff9d57", 0.42)
    cat(canvas, 462, 300, 0.5 + 0.5 * np.sin(9 * t))
    mug(canvas, 150, 304, t)
    return camera(canvas, 1.03 + 0.02 * t)


def cat(canvas: Image, x: float, y: float, breath: float) -> None:
    dark, fur, pale = "#c4763a", "#e0934f", "#f7d7ae"
    oval(canvas, x + 8, y + 2, 92, 9, "#4b352c", 0.5)
    body = arc_points(x + 10, y, 78, 56 + 1.4 * breath, -np.pi, 0)
    poly(canvas, body, fur)
    for k, a in enumerate((-1.95, -1.6, -1.25)):
        u, v = x + 10 + 74 * np.cos(a), y + 52 * np.sin(a)
        stroke(canvas, [(u, v), (u + 3 * (k - 1), v + 22)], dark, 5)
    tail = arc_points(x + 22, y - 4, 74, 12, 0.1, np.pi - 0.5)
    stroke(canvas, tail, dark, 12)
    for side in (-1, 1):
        ear = [
            (x - 52 + side * 25, y - 36),
            (x - 52 + side * 24, y - 64),
            (x - 52 + side * 5, y - 50),
        ]
        poly(canvas, ear, fur)
        poly(
            canvas,
            [((px + x - 52 + side * 18) / 2, (py + y - 44) / 2) for px, py in ear],
            "#e9a58c",
        )
    oval(canvas, x - 52, y - 25, 33, 28, fur)
    oval(canvas, x - 52, y - 14, 18, 12, pale)
    for side in (-1, 1):
        eye = arc_points(x - 52 + side * 14, y - 27, 6, 4, 0.2, np.pi - 0.2)
        stroke(canvas, eye, "#5a3420", 1.6)
        for lift in (-3, 2):
            whisker = [(x - 52 + side * 12, y - 13), (x - 52 + side * 42, y - 14 + lift * 2)]
            stroke(canvas, whisker, "#fff3df", 0.6, 0.8)
    poly(canvas, [(x - 55, y - 20), (x - 49, y - 20), (x - 52, y - 16)], "#b4554c")


def mug(canvas: Image, x: float, y: float, t: float) -> None:
    oval(canvas, x + 4, y + 14, 40, 7, "#4b352c", 0.5)
    stroke(canvas, arc_points(x + 28, y - 14, 15, 14, -1.4, 1.4), "#2f8f8b", 6)
    box(canvas, x - 28, y - 38, 56, 46, "#38a3a5")
    poly(canvas, arc_points(x, y + 8, 28, 7, 0, np.pi), "#38a3a5")
    box(canvas, x - 28, y - 20, 56, 8, "#fff1d6")
    oval(canvas, x, y - 38, 28, 6.5, "#e6f3ee")
    oval(canvas, x, y - 37, 24, 5, "#8a4b2a")
    for k in range(14):
        u = k / 13
        sway = 7 * u * np.sin(5 * u - 5 * t)
        light(canvas, x - 4 + sway, y - 46 - 66 * u, 12 + 8 * u, "#ffffff", 0.2 * (1 - u))


DUSK_SKY = ((0.0, "#2c2a5e"), (110.0, "#7a4b8c"), (190.0, "#e2777a"), (262.0, "#ffc48a"))
CANAL = ((270.0, "#9b5a7c"), (310.0, "#4a3a72"), (360.0, "#24234f"))
PANES = ("#ffd27a", "#ffe3a3", "#ffbf69")


def block(
    canvas: Image, name: str, x: float, top: float, wide: float, tone: str, lit: float
) -> None:
    """One house front; its windows come on one after another as lit goes from 0 to 1."""
    box(canvas, x, top, wide, 270 - top, tone)
    random = dice(name)
    kind = random.integers(3)
    if kind == 0:
        poly(canvas, [(x - 3, top + 1), (x + wide / 2, top - 26), (x + wide + 3, top + 1)], tone)
    elif kind == 1:
        box(canvas, x + wide * 0.62, top - 18, 9, 20, tone)
    else:
        box(canvas, x - 3, top - 4, wide + 6, 6, mix(tone, "#ffffff", 0.08))
    for v in np.arange(top + 12, 256, 21):
        for u in np.arange(x + 8, x + wide - 12, 17):
            wait, use = random.uniform(0, 1.25, 2)
            glow = ease(lit, wait * 0.8, wait * 0.8 + 0.04)
            colour = mix(mix(tone, "#0f0f2a", 0.35), PANES[int(use * 2.3)], glow)
            box(canvas, u, v, 9, 13, colour)


def dusk(t: float, canvas: Image) -> Image:
    """House fronts along a canal; their windows light up one by one."""
    np.copyto(canvas, gradient(DUSK_SKY))
    stamp(canvas, cloud("dusk a", 330, 70, "#f79a8d", "#a35a8c"), 180 - 18 * t, 92, 0.7)
    stamp(canvas, cloud("dusk b", 240, 50, "#f79a8d", "#a35a8c"), 500 - 14 * t, 60, 0.6)
    light(canvas, 330, 262, 240, "#ffd9a0", 0.5)
    for k, x in enumerate(range(-40, WIDTH + 60, 58)):
        top = 128 + 34 * np.sin(2.1 * k)
        block(canvas, f"far {k}", x - 8 * t, top, 60, "#7c5288", 0.6 * t)
    for k, (x, wide) in enumerate(((-60, 84), (26, 66), (96, 96), (196, 60), (384, 70), (458, 92),
                                   (554, 64), (622, 96))):  # fmt: skip
        top = (96, 138, 116, 168, 156, 104, 140, 92)[k]
        block(canvas, f"near {k}", x - 22 * t, top, wide, mix("#352a5c", "#44336b", k % 3 / 2), t)
    for x in (266, 318, 370):
        lamp = x - 30 * t
        stroke(canvas, [(lamp, 270), (lamp, 214)], "#1f1b3f", 2.5)
        light(canvas, lamp, 210, 44, "#ffdf9e", 0.9 * ease(t, 0.15, 0.25))
        disc(canvas, lamp, 210, 4.5, mix("#6d5a8a", "#fff4cf", ease(t, 0.15, 0.25)))
    box(canvas, -10, 266, WIDTH + 20, 5, "#241f47")
    mirror(canvas, 270, gradient(CANAL), 0.5, 4.5, 9 * t)
    glow = ramp(t, 0.2, 1.0)
    light(canvas, 320, 300, 260, "#ff9f5c", 0.12 * glow)
    return camera(canvas, 1.03, -6 * t, 5 - 8 * ease(t))
