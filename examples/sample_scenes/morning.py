"""Dawn, the still harbour, the early train and the ball game."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from sample_scenes.figures import Look, gull, house, looks, person, pine, rowboat, tree
from sample_scenes.paint import (
    HEIGHT,
    WIDTH,
    Floats,
    Image,
    arc_points,
    box,
    camera,
    cloud,
    dice,
    disc,
    ease,
    ease_out,
    gradient,
    light,
    mirror,
    mix,
    oval,
    poly,
    poly_holes,
    ramp,
    ridge,
    ridge_at,
    stamp,
    stroke,
    textured,
)

CONFETTI = ("#ffd23f", "#ee4266", "#3bceac", "#ffffff", "#4ea8de", "#ff8c42")

NIGHT_SKY = ((0.0, "#20295a"), (110.0, "#5d4b86"), (185.0, "#c9716f"), (240.0, "#f2a774"))
DAWN_SKY = ((0.0, "#5b7fb8"), (100.0, "#a99cc0"), (175.0, "#f6b592"), (240.0, "#ffe2ad"))
RIDGES = (
    (222.0, 46.0, 0.7, 8.0, ((170.0, "#a77f9b"), (260.0, "#f0b191"))),
    (252.0, 58.0, 0.9, 18.0, ((190.0, "#78608c"), (300.0, "#d79a8d"))),
    (286.0, 54.0, 1.0, 34.0, ((225.0, "#4d4674"), (340.0, "#a3788a"))),
    (330.0, 60.0, 1.2, 62.0, ((260.0, "#2b2c55"), (360.0, "#4d4269"))),
)


def dawn(t: float, canvas: Image) -> Image:
    """The sun comes up behind hills that slide past one another."""
    up = ease(t)
    cv2.addWeighted(gradient(NIGHT_SKY), 1 - up, gradient(DAWN_SKY), up, 0, dst=canvas)
    stamp(canvas, cloud("dawn a", 260, 60, "#ffd9c2", "#d98d92"), 150 - 14 * t, 84, 0.75)
    stamp(canvas, cloud("dawn b", 210, 44, "#ffd9c2", "#d98d92"), 520 - 20 * t, 60, 0.6)
    sun = 218 - 62 * up
    light(canvas, 404, sun, 250, "#ffb877", 0.85)
    light(canvas, 404, sun, 80, "#fff0c8", 0.8)
    disc(canvas, 404, sun, 23, "#fff6dc")
    for layer, (base, height, rough, speed, tones) in enumerate(RIDGES):
        outline = ridge(f"dawn {layer}", base, height, 40 + speed * t, rough)
        textured(canvas, outline, gradient(tones), mix(tones[0][1], tones[1][1], 0.35))
        if layer == 2:
            for k, x in enumerate((96, 118, 137, 163, 190)):
                place = x - speed * t
                house(canvas, place, ridge_at(outline, place + 7) + 6, 13 + k % 3 * 2,
                      "#6d5a80", "#3c3560", "#ffd27a")  # fmt: skip
        if layer == 3:
            for x, tall in zip(
                range(-20, 760, 31), dice("pines").uniform(34, 76, 26), strict=False
            ):
                if not 250 < x < 470:
                    place = x - speed * t
                    pine(canvas, place, ridge_at(outline, place) + 8, tall, "#20224a")
    for k, (u, v) in enumerate(((0, 0), (-19, 9), (19, 8), (-37, 19), (39, 16))):
        flap = np.sin(t * 46 + k * 1.3)
        gull(canvas, 210 + u + 150 * t, 130 + v - 24 * t, 8, flap, "#3b3560", 0.9)
    return camera(canvas, 1.02 + 0.05 * up, 0, -3 + 3 * up)


MIST_SKY = ((0.0, "#b9cfd3"), (110.0, "#dbe5dd"), (168.0, "#f1ecd9"))
CALM_WATER = ((168.0, "#dfe6dc"), (230.0, "#a9c5c8"), (360.0, "#5d8a94"))


def harbour(t: float, canvas: Image) -> Image:
    """One rowing boat on water like glass, mist behind: almost nothing moves."""
    np.copyto(canvas, gradient(MIST_SKY))
    for layer, tone in enumerate(("#c3d3d2", "#a5bebf")):
        outline = ridge(f"mist {layer}", 166 + 4 * layer, 34 - 12 * layer, 300 * layer, 0.8)
        poly(canvas, outline, tone, 0.8)
    for x, size in ((492, 20), (516, 25), (546, 19), (572, 23)):
        house(canvas, x, 168, size, "#b7c4c0", "#8fa3a6", "#d9ddd0")
    mirror(canvas, 168, gradient(CALM_WATER), 0.55, 1.3, 1.6 * t)
    light(canvas, 320, 168, 210, "#fff6e0", 0.35)
    bob = 0.8 * np.sin(t * 9)
    for k, x in enumerate((60, 104, 148)):
        box(canvas, x, 196 - 3 * k, 7, 96 + 2 * k, "#4d5b5c")
        box(canvas, x, 262 - k, 7, 44, "#4d6e74", 0.45)
    poly(canvas, [(-10, 208), (176, 190), (176, 199), (-10, 222)], "#6b7472")
    poly(canvas, [(-10, 208), (176, 190), (176, 192), (-10, 211)], "#98a19b")
    shadow = arc_points(372, 264 + bob * 0.5, 98, 34, 0, np.pi)
    poly(canvas, shadow, "#4c6f78", 0.5)
    rowboat(canvas, 372, 288 + bob, 196, "#c8553d", "#7d3f33")
    rope = [(278, 252 + bob), (240, 258), (200, 240), (155, 212)]
    stroke(canvas, rope, "#efe5cf", 1.0, 0.8)
    gull(canvas, 152, 184, 9, 0.1, "#f7f5ee")
    return camera(canvas, 1.02 + 0.03 * ease(t))


NOON_SKY = ((0.0, "#4fa3d9"), (120.0, "#9fd3ec"), (210.0, "#f4f0d8"))
FIELD = ((250.0, "#d9b64a"), (300.0, "#b8a53a"), (360.0, "#6f8f3a"))


def viaduct(canvas: Image, slide: float) -> None:
    """A brick bridge whose arches let the hills be seen."""
    outer = [(-60, 186), (WIDTH + 60, 186), (WIDTH + 60, 320), (-60, 320)]
    arches = []
    for x in range(-80, WIDTH + 160, 76):
        left = x - slide % 76
        top = arc_points(left + 29, 236, 29, 30, -np.pi, 0)
        arches.append(np.array([(left, 320), *top, (left + 58, 320)]))
    poly_holes(canvas, [outer, *arches], "#b8694b")
    for arch in arches:
        stroke(canvas, arch[1:-1], "#e09a72", 2.2)
    box(canvas, -20, 182, WIDTH + 40, 7, "#8a4a38")
    box(canvas, -20, 180, WIDTH + 40, 3, "#d98f6c")


def wagon(canvas: Image, x: float, colour: str) -> None:
    poly(canvas, [(x, 176), (x, 146), (x + 4, 141), (x + 84, 141), (x + 88, 146), (x + 88, 176)],
         colour)  # fmt: skip
    box(canvas, x, 164, 88, 4, "#fff3d6")
    for k in range(5):
        box(canvas, x + 7 + 16 * k, 148, 11, 12, "#cfeaf2")
    box(canvas, x - 8, 170, 10, 3, "#3b3b44")
    for u in (14, 30, 58, 74):
        disc(canvas, x + u, 177, 5, "#2e2c36")


def engine(canvas: Image, x: float) -> None:
    box(canvas, x, 136, 30, 40, "#1f6b63")
    box(canvas, x - 3, 133, 36, 5, "#174f4a")
    box(canvas, x + 7, 143, 15, 13, "#ffe7a8")
    box(canvas, x + 28, 150, 56, 26, "#278a7e")
    oval(canvas, x + 84, 163, 5, 13, "#1b5a53")
    box(canvas, x + 66, 134, 9, 17, "#2e2c36")
    box(canvas, x + 63, 131, 15, 5, "#d8a23a")
    box(canvas, x, 168, 86, 4, "#d8a23a")
    poly(canvas, [(x + 84, 172), (x + 100, 180), (x + 84, 180)], "#3b3b44")
    for u, r in ((12, 8), (36, 8), (60, 8), (78, 5)):
        disc(canvas, x + u, 180 - r, r, "#2e2c36")
        disc(canvas, x + u, 180 - r, r * 0.45, "#d1495b")


def train(t: float, canvas: Image) -> Image:
    """A steam train crosses a viaduct over ripe fields."""
    np.copyto(canvas, gradient(NOON_SKY))
    stamp(canvas, cloud("train a", 250, 80, "#ffffff", "#c9dfe9"), 130 - 10 * t, 70)
    stamp(canvas, cloud("train b", 190, 56, "#ffffff", "#c9dfe9"), 470 - 12 * t, 46, 0.9)
    far = ridge("train far", 232, 60, 60 + 14 * t, 0.8)
    textured(canvas, far, gradient(((165.0, "#7fb0a8"), (260.0, "#b9d3a8"))), "#8fbba8")
    near = ridge("train near", 268, 40, 200 + 30 * t, 0.9)
    textured(canvas, near, gradient(((220.0, "#7ea65a"), (300.0, "#a9bf5f"))), "#86aa5a")
    viaduct(canvas, 46 * t)
    front = -120 + 700 * t
    for k, colour in enumerate(("#d1495b", "#edae49", "#d1495b", "#edae49")):
        wagon(canvas, front - 98 * (k + 1), colour)
    engine(canvas, front)
    for k in range(22):
        born = t - 0.022 * k - (t * 45 % 1) / 2045
        if born > -0.05:
            age = 0.022 * k
            x, y = -120 + 700 * born + 70 + 60 * age, 126 - 120 * age**0.8
            light(canvas, x, y, 13 + 100 * age, "#fffdf6", 0.95 * (1 - age / 0.5))
    textured(canvas, ridge("field", 306, 24, 150 + 90 * t, 1.4), gradient(FIELD), "#d2b047")
    flowers(canvas, t)
    return camera(canvas, 1.03, 6 * t - 3, 2)


def flowers(canvas: Image, t: float) -> None:
    random = dice("flowers")
    across, down = random.uniform(0, 900, 90), random.uniform(312, 362, 90)
    tones = random.choice(["#e4572e", "#fff4d6", "#d1495b"], 90)
    for x, y, tone in zip(across, down, tones, strict=True):
        near = (y - 300) / 60
        place, sway = x - 60 - (60 + 120 * near) * t, 2 * np.sin(9 * t + x)
        stroke(canvas, [(place, y + 10 * near), (place + sway, y)], "#5d7a32", 0.6 + near)
        disc(canvas, place + sway, y, 1.2 + 2.4 * near, str(tone))


@lru_cache(maxsize=4)
def confetti_cloud(name: str, count: int) -> Floats:
    """Columns: x, y, fall, sway, spin, size, colour index; all random, fixed by the name."""
    random = dice(name)
    spans = ((-60, WIDTH + 60), (-420, 330), (150, 300), (8, 26), (4, 12), (2.0, 4.2), (0, 6))
    columns = [random.uniform(low, high, count) for low, high in spans]
    return np.stack(columns, axis=1).astype(np.float32)


def confetti(canvas: Image, name: str, seconds: float, count: int, shown: float = 1.0) -> None:
    """Paper scraps that tumble down; a few seconds long, shown grows with the throw."""
    for x, y, fall, sway, spin, size, tone in confetti_cloud(name, count):
        place = (x + sway * np.sin(2.2 * seconds + y), y + fall * seconds)
        if not -10 < place[1] < HEIGHT + 10 or shown <= 0:
            continue
        a, flat = spin * seconds + x, size * abs(np.cos(spin * seconds * 0.9 + y))
        u, v = np.array([np.cos(a), np.sin(a)]) * size, np.array([-np.sin(a), np.cos(a)]) * flat
        corners = np.array([u + v, u - v, -u - v, v - u]) + place
        poly(canvas, corners, CONFETTI[int(tone)], shown)


PITCH_SKY = ((0.0, "#79c4e8"), (90.0, "#bfe6ee"), (130.0, "#e9f5e3"))
GRASS = (("#4fa34a", "#5db356"), ("#479943", "#56ab50"))
REDS, BLUES = "#e4372e", "#2f6fd6"


def pitch(canvas: Image, shift: float) -> None:
    """Mown stripes in perspective, a line of trees, flags and a fence behind."""
    np.copyto(canvas, gradient(PITCH_SKY))
    stamp(canvas, cloud("pitch", 260, 70, "#ffffff", "#d3e8ec"), 420 - 0.15 * shift, 46)
    for k in range(16):
        x = 70 * k - 0.45 * shift
        tree(canvas, x, 140, 70 + 17 * (k * 7 % 4), "#3d8250", "#59a35d")
    box(canvas, 0, 132, WIDTH, 20, "#f4efe2")
    for k in range(12):
        x = 120 * k - 0.7 * shift
        box(canvas, x, 134, 96, 16, ("#ee6c4d", "#3d5a98", "#f2b84b", "#2a9d8f")[k % 4])
    for k in range(-3, 20):
        far, near = 70 * k - 0.75 * shift, 70 * 1.7 * k - 1.3 * shift - 120
        stripe = [(far, 152), (far + 71, 152), (near + 121, 362), (near, 362)]
        poly(canvas, stripe, GRASS[k % 2][0])
    box(canvas, 0, 152, WIDTH, 4, "#f4fff0", 0.6)
    touch = [(0, 330), (WIDTH, 330), (WIDTH, 334), (0, 334)]
    poly(canvas, touch, "#f4fff0", 0.85)


def goal_posts(canvas: Image, x: float, bulge: float) -> None:
    for k in range(9):
        u = k / 8
        back = (x + 88 - 22 * u + bulge * 14 * np.sin(np.pi * u), 152 + 118 * u * 0.72)
        stroke(canvas, [(x + 6, 128 + 130 * u), back], "#eef4f4", 0.6, 0.75)
        top = (x + 6 + 80 * u + bulge * 16 * np.sin(np.pi * u), 132 + 20 * u)
        stroke(canvas, [top, (top[0] - 22 * u, 258 - 20 * u)], "#eef4f4", 0.6, 0.75)
    stroke(canvas, [(x, 262), (x, 126), (x + 88, 150), (x + 68, 238)], "#ffffff", 4)


def goal(t: float, canvas: Image) -> Image:
    """A run-up, a long shot, the keeper too late: goal, and everyone jumps."""
    shift = 300 * ease(t, 0.3, 0.6)
    wild = ease(t, 0.5, 0.56)
    pitch(canvas, shift)
    post, flight = 700 - shift, ramp(t, 0.3, 0.54)
    goal_posts(canvas, post, ease_out(t, 0.54, 0.6))
    keeper = ease_out(t, 0.44, 0.58)
    look = Look("#f6c445", "#d99e73", "#3a2a22", "#22252f")
    person(canvas, post - 8, 262 - 34 * np.sin(np.pi * 0.8 * keeper), 84, look,
           (0.6 + 2.2 * keeper, 0.6 + 2.2 * keeper), stride=0.3 * keeper,
           lean=-0.25 * keeper)  # fmt: skip
    ball_x = 250 + 500 * flight - shift - 26 * ease(t, 0.54, 0.7)
    ball_y = 292 - 110 * flight - 150 * flight * (1 - flight) + 80 * ease(t, 0.56, 0.75) ** 2
    run = ease(t, 0.0, 0.28)
    for k, (x, y, start) in enumerate(((60, 302, 1.0), (300, 214, 0.4), (430, 240, 0.3),
                                       (120, 222, 0.5), (500, 318, 0.3))):  # fmt: skip
        coat = REDS if k in (0, 1, 3, 4) else BLUES
        chase = 190 * start * run + (330 if k != 2 else 200) * ease(t, 0.34, 0.95)
        cheer = wild if coat == REDS else 0.0
        hop = 26 * cheer * abs(np.sin(26 * t + k))
        gait = 0.55 * np.sin(60 * t + 2 * k) * (1 - cheer)
        arms = 0.5 + 2.2 * cheer + 0.4 * np.sin(30 * t + k)
        person(canvas, x + chase - shift, y - hop, 56 + (y - 210) * 0.42,
               Look(coat, ("#7c4a30", "#f3c9a5", "#d99e73")[k % 3], "#2b211d", "#fafafa"),
               (arms, arms), stride=gait, lean=0.06)  # fmt: skip
    oval(canvas, ball_x, max(292 - 40 * flight, 258), 9, 2.5, "#2d6b33", 0.5)
    disc(canvas, ball_x, ball_y, 8.5, "#fdfdfb")
    for k in range(3):
        a = 14 * flight + 2.1 * k
        disc(canvas, ball_x + 4.6 * np.cos(a), ball_y + 4.6 * np.sin(a), 2.2, "#2b2d3a")
    confetti(canvas, "goal", 4 * (t - 0.5), 240, ease(t, 0.52, 0.58))
    shake = 3.5 * wild * (1 - 0.5 * t)
    return camera(canvas, 1.03 + 0.05 * wild, shake * np.sin(47 * t), shake * np.cos(61 * t))


STAND = ((0.0, "#1d2b53"), (140.0, "#28407a"), (360.0, "#16213f"))


def crowd(t: float, canvas: Image) -> Image:
    """The stand goes wild: four rows jump, scarves swing, paper rains."""
    np.copyto(canvas, gradient(STAND))
    for x in (90, 320, 550):
        light(canvas, x, 0, 170, "#ffe6b0", 0.8)
    for k in range(7):
        flag(canvas, 30 + 96 * k, 118 + 8 * (k % 2), 60, CONFETTI[k % 6], 7 * t + k)
    for row in range(4):
        y, tall = 196 + 62 * row, 86 + 20 * row
        box(canvas, 0, y + 14, WIDTH, 70, ("#33508f", "#2c4680", "#253b6e", "#1d2f59")[row])
        people = looks(f"stand {row}", 14)
        for k, look in enumerate(people):
            beat = np.sin(20 * t + 2.4 * k + row)
            x = (k - 0.4) * (52 + 6 * row) - 20 * row + 4 * np.sin(9 * t + k)
            lift = (16 + 3 * row) * max(beat, -0.2)
            arms = 2.5 + 0.45 * np.sin(26 * t + k), 2.5 + 0.45 * np.cos(24 * t + 2 * k)
            person(canvas, x, y + 52 - lift, tall, look, arms)
            head = (x, y + 52 - lift - 0.78 * tall)
            disc(canvas, head[0], head[1] + 0.02 * tall, 0.05 * tall, "#5d1f28")
    confetti(canvas, "crowd", 3 * t + 0.6, 330)
    return camera(canvas, 1.07, 7 * np.sin(8 * t), 5 * np.sin(17 * t))


def flag(canvas: Image, x: float, y: float, size: float, colour: str, phase: float) -> None:
    stroke(canvas, [(x, y + size), (x, y - 30)], "#d9c7a0", 2)
    u = np.linspace(0, 1, 12)
    wave = 6 * u * np.sin(7 * u - 3.2 * phase)
    upper = np.stack([x + 52 * u, y - 30 + wave], axis=1)
    lower = np.stack([x + 52 * u[::-1], y + 2 + wave[::-1]], axis=1)
    poly(canvas, np.concatenate([upper, lower]), colour)
