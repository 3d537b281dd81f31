"""The kite on the hill, the lily pond, the three sailing boats and the carousel."""

from __future__ import annotations

import numpy as np

from sample_scenes.figures import Look, gull, lighthouse, looks, person, sailboat
from sample_scenes.morning import CONFETTI
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
    ridge,
    ridge_at,
    stamp,
    stroke,
    textured,
)

KITE_SKY = ((0.0, "#1f9ad6"), (160.0, "#74d0ea"), (290.0, "#d8f6ee"))
MEADOW = ((240.0, "#a6d65c"), (360.0, "#3f9a55"))


def kite(t: float, canvas: Image) -> Image:
    """A child flies a red kite; big clouds, wide sky, grass in the wind."""
    np.copyto(canvas, gradient(KITE_SKY))
    stamp(canvas, cloud("kite a", 360, 150, "#ffffff", "#bfe4f0"), 190 - 26 * t, 120)
    stamp(canvas, cloud("kite b", 240, 90, "#ffffff", "#bfe4f0"), 590 - 18 * t, 196, 0.9)
    stamp(canvas, cloud("kite c", 180, 60, "#ffffff", "#cdeaf3"), 330 - 12 * t, 40, 0.8)
    far = ridge("kite far", 292, 46, 30 + 8 * t, 0.9)
    textured(canvas, far, gradient(((240.0, "#7cc5b0"), (320.0, "#a8dfb0"))), "#84cab0")
    hill = ridge("kite hill", 318, 64, 420, 0.55)
    textured(canvas, hill, gradient(MEADOW), "#a0d25c")
    stand = ridge_at(hill, 152)
    sail = (430 + 46 * np.sin(7 * t + 0.4), 96 + 26 * np.sin(11 * t) - 10 * t)
    hand = (152 + 14, stand - 46)
    u = np.linspace(0, 1, 20)[:, None]
    string = (1 - u) * hand + u * sail + 42 * u * (1 - u) * (0, 1)
    stroke(canvas, string, "#ffffff", 0.8, 0.9)
    kite_sail(canvas, sail[0], sail[1], 0.3 * np.sin(9 * t), t)
    arms = 0.5 + 0.1 * np.sin(12 * t), 1.7 + 0.2 * np.sin(11 * t)
    look = Look("#f3a712", "#f3c9a5", "#8a3b1f")
    person(canvas, 152, stand + 4, 62, look, arms, stride=0.1, lean=-0.05)
    person(canvas, 96, ridge_at(hill, 96) + 4, 48, Look("#d1495b", "#d99e73", "#1d1b22"),
           (0.4, 2.4 + 0.3 * np.sin(14 * t)), stride=0.1)  # fmt: skip
    blades(canvas, t)
    return camera(canvas, 1.04 + 0.03 * ease(t), 4 - 8 * t, 5 - 8 * ease(t))


def kite_sail(canvas: Image, x: float, y: float, turn: float, t: float) -> None:
    c, s = np.cos(turn + 0.5), np.sin(turn + 0.5)

    def at(u: float, v: float) -> tuple[float, float]:
        return x + u * c - v * s, y + u * s + v * c

    u = np.linspace(0, 1, 26)
    tail = [(at(0, 42)[0] - 74 * k + 9 * k * np.sin(9 * k - 22 * t),
             at(0, 42)[1] + 46 * k + 9 * np.sin(11 * k - 20 * t) * k) for k in u]  # fmt: skip
    stroke(canvas, tail, "#fff3d6", 1.4)
    for k in (7, 13, 19, 25):
        disc(canvas, *tail[k], 3.6, CONFETTI[k % 4])
    top, right, low, left = at(0, -40), at(27, -8), at(0, 42), at(-27, -8)
    middle = at(0, -8)
    rim, tones = (top, right, low, left, top), ("#ef476f", "#d7263d", "#ff8c42", "#ffd166")
    for first, second, colour in zip(rim, rim[1:], tones, strict=False):
        poly(canvas, (first, second, middle), colour)


def blades(canvas: Image, t: float) -> None:
    random = dice("blades")
    for x, tall, tone in zip(random.uniform(-10, 660, 130), random.uniform(14, 44, 130),
                             random.uniform(0, 1, 130), strict=True):  # fmt: skip
        sway = 7 * np.sin(8 * t - x * 0.03) + 4 * np.sin(17 * t + x)
        tip = (x + 0.3 * tall + sway, 364 - tall)
        poly(canvas, [(x - 2, 366), tip, (x + 2, 366)], mix("#2f7d4a", "#8ccb4f", tone))


POND = ((0.0, "#16383a"), (120.0, "#1f5450"), (260.0, "#2b6b5a"), (360.0, "#173f3e"))


def lily_pad(canvas: Image, x: float, y: float, r: float, turn: float, tone: float) -> None:
    oval(canvas, x + 3, y + 5, r, 0.46 * r, "#0f2f30", 0.5)
    outline = arc_points(x, y, r, 0.46 * r, turn + 0.22, turn + 2 * np.pi - 0.22)
    poly(canvas, np.concatenate([outline, [(x, y)]]), mix("#3f8f58", "#78b35a", tone))
    inner = arc_points(x, y - 1, 0.86 * r, 0.38 * r, turn + 0.4, turn + 2 * np.pi - 0.4)
    poly(canvas, np.concatenate([inner, [(x, y)]]), mix("#4ea263", "#90c566", tone), 0.8)
    for a in np.linspace(turn + 0.7, turn + 2 * np.pi - 0.7, 7):
        rim = (x + 0.8 * r * np.cos(a), y + 0.36 * r * np.sin(a))
        stroke(canvas, [(x, y), rim], "#b4da8a", 0.5, 0.45)


def lotus(canvas: Image, x: float, y: float, size: float) -> None:
    oval(canvas, x, y + 3, 0.8 * size, 0.22 * size, "#0f2f30", 0.5)
    layers = ((1.0, 0.7, "#d96a97", (-1.25, -0.75, 0.75, 1.25)),
              (0.95, 0.85, "#ee8fb2", (-0.9, -0.4, 0.4, 0.9)),
              (0.8, 1.0, "#ffc2d6", (-0.5, 0.0, 0.5)))  # fmt: skip
    for long, tall, colour, angles in layers:
        for a in angles:
            tip = (x + size * long * np.sin(a), y - size * tall * np.cos(a) * 0.95)
            side = (0.2 * size * np.cos(a), 0.2 * size * np.sin(a))
            mid = ((x + tip[0]) / 2, (y + tip[1]) / 2)
            leaf = [(x, y), (mid[0] - side[0], mid[1] - side[1]), tip,
                    (mid[0] + side[0], mid[1] + side[1])]  # fmt: skip
            poly(canvas, leaf, colour)
    disc(canvas, x, y - 0.28 * size, 0.12 * size, "#ffd76a")


def pond(t: float, canvas: Image) -> Image:
    """Lily pads and one flower on dark green water; a single ring widens slowly."""
    np.copyto(canvas, gradient(POND))
    for x, y, reach, tone in ((150, 60, 220, "#4f9a86"), (470, 120, 260, "#3f8574"),
                          (330, 330, 200, "#2f7566")):  # fmt: skip
        light(canvas, x + 2 * np.sin(3 * t), y, reach, tone, 0.5)
    for k in range(3):
        r = 16 + 40 * ((t * 0.9 + k / 3) % 1.0)
        ring = arc_points(420, 148, r * 1.9, r * 0.72, 0, 2 * np.pi)
        stroke(canvas, ring, "#9fd3c0", 0.7, 0.3 * (1 - (r - 16) / 40))
    random = dice("pads")
    for x, y in ((60, 300), (118, 226), (38, 120), (205, 322), (306, 286), (566, 318), (596, 214),
                 (500, 262), (250, 66), (330, 40), (604, 74), (160, 38)):  # fmt: skip
        r = (22 + 0.14 * y) * random.uniform(0.8, 1.15)
        drift = 0.7 * np.sin(4 * t + x)
        lily_pad(canvas, x + drift, y, r, random.uniform(0, 6.3), random.uniform(0, 1))
    lotus(canvas, 306, 276, 50)
    lotus(canvas, 604, 70, 24)
    for x, v in ((-1, 0), (1, 0)):
        for lift in (-7, 4):
            oval(canvas, 118 + 13 * x, 214 + lift + v, 13, 3, "#dff4f2", 0.75, turn=0.25 * x)
    stroke(canvas, [(118, 204), (118, 232)], "#27b0c9", 2.4)
    disc(canvas, 118, 203, 3.2, "#176b86")
    return camera(canvas, 1.03 + 0.025 * t)


SEA_SKY = ((0.0, "#8fd3f0"), (90.0, "#c6ebf3"), (150.0, "#fff4dc"))
SEA = ((150.0, "#5ccfcf"), (210.0, "#2aa7b8"), (360.0, "#126f93"))


def sailing(t: float, canvas: Image) -> Image:
    """Three sailing boats pass a cliff with a lighthouse; the sun glitters."""
    np.copyto(canvas, gradient(SEA_SKY))
    stamp(canvas, cloud("sea a", 300, 70, "#ffffff", "#e3eef0"), 260 - 16 * t, 66, 0.9)
    stamp(canvas, cloud("sea b", 170, 46, "#ffffff", "#e3eef0"), 520 - 12 * t, 96, 0.8)
    slide = 16 * t
    cliff = [(-30, 152), (-30, 96), (30, 100), (96, 112), (140, 116), (176, 124), (205, 152)]
    poly(canvas, [(x - slide, y) for x, y in cliff], "#c9b79c")
    grass = [(-30, 96), (30, 100), (96, 112), (140, 116), (176, 124), (150, 124), (60, 114),
             (-30, 110)]  # fmt: skip
    poly(canvas, [(x - slide, y) for x, y in grass], "#7fb069")
    mirror(canvas, 150, gradient(SEA), 0.22, 5, 14 * t)
    lighthouse(canvas, 118 - slide, 118, 84, "#fffaf0", "#e4572e")
    glitter(canvas, t)
    for x, y, size, sail, jib, pace in ((250, 186, 44, "#ffd166", "#fff3d6", 70),
                                        (330, 232, 76, "#ef6f6c", "#ffe0d2", 96),
                                        (90, 296, 112, "#ffffff", "#3d7ea6", 150)):  # fmt: skip
        bob, lean = 2.2 * np.sin(11 * t + x), 0.06 + 0.03 * np.sin(8 * t + x)
        place = x + pace * t
        oval(canvas, place, y + 0.12 * size, 0.5 * size, 0.06 * size, "#0f5f80", 0.5)
        sailboat(canvas, place, y + bob, size, sail, jib, lean)
        for k in range(3):
            wake = [(place - (0.6 + 0.3 * k) * size, y + 0.1 * size + 3 * k),
                    (place - (0.36 + 0.2 * k) * size, y + 0.1 * size + 3 * k)]  # fmt: skip
            stroke(canvas, wake, "#f2fffb", 1.2, 0.7)
    for x, y, size in ((430, 70, 13), (480, 92, 9), (404, 104, 8)):
        gull(canvas, x - 90 * t, y + 8 * np.sin(6 * t + x), size, np.sin(30 * t + x), "#ffffff")
    return camera(canvas, 1.05, 6 * t - 3, 2 * np.sin(5 * t), 0.5 * np.sin(5 * t))


def glitter(canvas: Image, t: float) -> None:
    random = dice("glitter")
    for x, depth, phase in zip(random.normal(400, 110, 110), random.uniform(0, 1, 110) ** 1.6,
                               random.uniform(0, 6.3, 110), strict=True):  # fmt: skip
        shine = np.sin(22 * t + phase)
        y, half = 154 + 200 * depth, 2 + 12 * depth
        if shine > 0:
            stroke(canvas, [(x - half, y), (x + half, y)], "#f6fff4", 0.8 + depth, 0.75 * shine)


FAIR_SKY = ((0.0, "#5a3d8a"), (110.0, "#d4608f"), (210.0, "#ffab76"), (290.0, "#ffe0a3"))


def carousel(t: float, canvas: Image) -> Image:
    """The carousel at full turn: horses, bulbs, balloons and a dancing crowd."""
    np.copyto(canvas, gradient(FAIR_SKY))
    big_wheel(canvas, 88, 176, 104, 2.5 * t)
    big_wheel(canvas, 592, 214, 70, -3 * t)
    box(canvas, 0, 288, WIDTH, 80, "#6b3a6e")
    oval(canvas, 320, 300, 236, 34, "#4f2a5c")
    oval(canvas, 320, 292, 224, 30, "#f7d9a0")
    oval(canvas, 320, 289, 214, 26, "#b9446b")
    turn = 12 * t
    seats = sorted(range(10), key=lambda k: np.sin(turn + k * 0.628))
    for k in (k for k in seats if np.sin(turn + k * 0.628) < 0):
        rider(canvas, k, turn)
    box(canvas, 286, 120, 68, 168, "#ffe7b0")
    for k in range(6):
        u = (k / 6 + turn / 6.28) % 1.0
        box(canvas, 286 + 68 * u, 128, 6, 154, "#e85d75", 1 - abs(2 * u - 1) ** 3)
    for k in (k for k in seats if np.sin(turn + k * 0.628) >= 0):
        rider(canvas, k, turn)
    canopy(canvas, turn)
    balloons(canvas, t)
    for k, look in enumerate(looks("fair", 15)):
        hop = 17 * abs(np.sin(17 * t + 1.9 * k))
        wave = 2.4 + 0.5 * np.sin(25 * t + k)
        person(canvas, 46 * k - 4 + 5 * np.sin(11 * t + k), 392 - hop, 82, look, (wave, wave))
    beat = np.sin(17 * t)
    return camera(canvas, 1.08, 8 * np.sin(6 * t), 6 + 3 * beat)


def big_wheel(canvas: Image, x: float, y: float, r: float, turn: float) -> None:
    dark = "#7d3f78"
    stroke(canvas, [(x - 0.5 * r, 300), (x, y), (x + 0.5 * r, 300)], dark, 4)
    rim = arc_points(x, y, r, r, 0, 2 * np.pi)
    stroke(canvas, rim, dark, 3)
    for k in range(10):
        a = turn + k * np.pi / 5
        end = (x + r * np.cos(a), y + r * np.sin(a))
        stroke(canvas, [(x, y), end], dark, 1.2)
        oval(canvas, end[0], end[1] + 8, 9, 8, CONFETTI[k % 6])
        disc(canvas, end[0], end[1], 3, "#fff3c4")


def rider(canvas: Image, seat: int, turn: float) -> None:
    """One wooden horse with a child, placed by its angle around the column."""
    a = turn + seat * 0.628
    depth = np.sin(a)
    size = 42 + 16 * depth
    x, y = 320 + 186 * np.cos(a), 240 + 24 * depth + 9 * np.sin(2.2 * a + seat)
    face = 1 if depth > 0 else -1
    coat = ("#fff7ea", "#ffd9a0", "#c98bb9", "#9ad1d4", "#f4a6a0")[seat % 5]
    stroke(canvas, [(x, 118), (x, 288 + 22 * depth)], "#e8b64c", 2.5)

    def at(u: float, v: float) -> tuple[float, float]:
        return x - face * u * size, y + v * size

    for u, foot in ((-0.38, -0.6), (-0.26, -0.2), (0.26, 0.55), (0.36, 0.2)):
        stroke(canvas, [at(u, 0.1), at(0.5 * (u + foot), 0.42), at(foot, 0.52)], coat, 0.1 * size)
    oval(canvas, *at(0, 0), 0.5 * size, 0.21 * size, coat)
    stroke(canvas, [at(0.34, -0.02), at(0.52, -0.4)], coat, 0.2 * size)
    oval(canvas, *at(0.62, -0.46), 0.2 * size, 0.1 * size, coat, turn=-0.4 * face)
    stroke(canvas, [at(0.3, -0.16), at(0.44, -0.5)], "#8a3b5c", 0.09 * size)
    stroke(canvas, [at(-0.46, -0.06), at(-0.66, 0.08), at(-0.7, 0.34)], "#8a3b5c", 0.1 * size)
    oval(canvas, *at(-0.02, -0.16), 0.2 * size, 0.1 * size, "#d1495b")
    look = looks("riders", 10)[seat]
    seat_x, seat_y = x + 0.06 * face * size, y + 0.1 * size
    person(canvas, seat_x, seat_y, 0.72 * size, look, (2.5, 2.2), stride=0.3)


def canopy(canvas: Image, turn: float) -> None:
    """A striped tent roof whose stripes turn, with blinking bulbs on its rim."""
    rim = [(320 + 246 * np.cos(a), 112 + 30 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 49)]
    poly(canvas, rim, "#8d2f5a")
    for k in range(24):
        a, b = (turn / 3 % 0.5236) + k * 0.2618, (turn / 3 % 0.5236) + (k + 1) * 0.2618
        if np.sin((a + b) / 2) < -0.2:
            continue
        arc = np.linspace(a, b, 5)
        edge = [(320 + 246 * np.cos(u), 112 + 30 * np.sin(u)) for u in arc]
        colour = "#e63e62" if k % 2 else "#fff1d0"
        poly(canvas, [(320, 26), *edge], colour)
        hang = [(x, y + 17 - 5 * abs(i - 2)) for i, (x, y) in enumerate(edge)]
        poly(canvas, [*edge, *hang[::-1]], "#ffcf5c" if k % 2 else "#c72c55")
    stroke(canvas, [(320, 26), (320, 2)], "#e8b64c", 3)
    for k in range(22):
        a = np.pi * (k + 0.5) / 22
        x, y = 320 + 246 * np.cos(a), 114 + 30 * np.sin(a)
        on = (k + int(turn * 2)) % 2
        light(canvas, x, y, 13 if on else 7, "#fff2b0", 0.9)
        disc(canvas, x, y, 3.2, "#fffbe0" if on else "#ffc65c")


def balloons(canvas: Image, t: float) -> None:
    random = dice("balloons")
    for k in range(12):
        x, start = random.uniform(20, WIDTH - 20), random.uniform(0, 520)
        y = HEIGHT + 60 + start - 620 * t - 60
        x += 14 * np.sin(6 * t + k)
        stroke(canvas, [(x, y + 17), (x + 5 * np.sin(9 * t + k), y + 48)], "#fff3d6", 0.8)
        oval(canvas, x, y, 14, 17, CONFETTI[k % 6])
        oval(canvas, x - 5, y - 6, 3, 5, "#ffffff", 0.6, turn=0.4)
