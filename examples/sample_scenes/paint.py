"""A small painting kit: shapes, gradients, light, mirrors and a camera on a picture canvas.

All coordinates are in picture units (640 x 360). The canvas holds SCALE x SCALE samples for
each picture point, so that edges and slow camera moves stay smooth after scaling down.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

WIDTH, HEIGHT, SCALE = 640, 360, 2
SEED = 20
SHIFT = 4  # bits of sub-sample precision that OpenCV's polygons take

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
Colour = tuple[int, int, int]
Point = tuple[float, float]
Stops = tuple[tuple[float, str], ...]


def dice(name: str) -> np.random.Generator:
    """A random source that depends only on the film's seed and a name."""
    return np.random.default_rng([SEED, zlib.crc32(name.encode())])


def rgb(text: str) -> Colour:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def mix(first: str, second: str, weight: float) -> str:
    pairs = zip(rgb(first), rgb(second), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * weight):02x}" for a, b in pairs)


def ramp(t: float, start: float, end: float) -> float:
    """Where t lies between start and end, held to 0..1."""
    return min(max((t - start) / (end - start), 0.0), 1.0)


def ease(t: float, start: float = 0.0, end: float = 1.0) -> float:
    u = ramp(t, start, end)
    return u * u * (3 - 2 * u)


def ease_out(t: float, start: float = 0.0, end: float = 1.0) -> float:
    return 1 - (1 - ramp(t, start, end)) ** 3


def new_canvas() -> Image:
    return np.zeros((HEIGHT * SCALE, WIDTH * SCALE, 3), np.uint8)


@lru_cache(maxsize=96)
def gradient(stops: Stops) -> Image:
    """A vertical gradient through (height in picture units, colour) stops, dithered."""
    rows = (np.arange(HEIGHT * SCALE) + 0.5) / SCALE
    places = [place for place, _ in stops]
    colours = np.array([rgb(colour) for _, colour in stops], float)
    columns = [np.interp(rows, places, colours[:, k]) for k in range(3)]
    picture = np.repeat(np.stack(columns, axis=1)[:, None, :], WIDTH * SCALE, axis=1)
    picture += dice("dither").uniform(-0.5, 0.5, (*picture.shape[:2], 1))
    result: Image = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    result.setflags(write=False)
    return result


def fixed(points: ArrayLike) -> NDArray[np.int32]:
    placed = (np.asarray(points, float) * SCALE - 0.5) * (1 << SHIFT)
    return np.rint(placed).astype(np.int32)


def blend(
    canvas: Image, points: ArrayLike, reach: float, alpha: float, draw: Callable[[], object]
) -> None:
    """Run draw, then let what was there before show through by 1 - alpha."""
    if alpha >= 0.995:
        draw()
        return
    low, high = np.min(points, axis=0) - reach - 2, np.max(points, axis=0) + reach + 2
    x0, y0 = (max(int(v * SCALE), 0) for v in low)
    x1, y1 = (max(int(v * SCALE) + 1, 0) for v in high)
    part = canvas[y0:y1, x0:x1]
    if part.size == 0 or alpha <= 0.005:
        return
    before = part.copy()
    draw()
    part[:] = cv2.addWeighted(part, alpha, before, 1 - alpha, 0)


def poly(canvas: Image, points: ArrayLike, colour: str, alpha: float = 1.0) -> None:
    shape = fixed(points)
    paint = rgb(colour)
    blend(
        canvas, np.asarray(points, float), 0, alpha,
        lambda: cv2.fillPoly(canvas, [shape], paint, cv2.LINE_AA, SHIFT),
    )  # fmt: skip


def poly_holes(canvas: Image, contours: Sequence[ArrayLike], colour: str) -> None:
    """A polygon whose further contours are holes."""
    cv2.fillPoly(canvas, [fixed(c) for c in contours], rgb(colour), cv2.LINE_AA, SHIFT)


def textured(canvas: Image, points: ArrayLike, picture: Image, edge: str) -> None:
    """A polygon filled from a picture; the edge colour smooths its rim."""
    shape = fixed(points)
    cv2.fillPoly(canvas, [shape], rgb(edge), cv2.LINE_AA, SHIFT)
    mask = np.zeros(canvas.shape[:2], np.uint8)
    cv2.fillPoly(mask, [shape], 255, cv2.LINE_8, SHIFT)
    cv2.copyTo(picture, mask, canvas)


def box(
    canvas: Image, x: float, y: float, w: float, h: float, colour: str, alpha: float = 1.0
) -> None:
    poly(canvas, [(x, y), (x + w, y), (x + w, y + h), (x, y + h)], colour, alpha)


def arc_points(
    x: float, y: float, rx: float, ry: float, start: float, end: float, turn: float = 0.0
) -> NDArray[np.float64]:
    """Points on an ellipse from one angle to another (radians), the whole turned by turn."""
    count = max(8, min(48, int(6 + (abs(rx) + abs(ry)) * abs(end - start) / 8)))
    a = np.linspace(start, end, count)
    u, v = rx * np.cos(a), ry * np.sin(a)
    c, s = np.cos(turn), np.sin(turn)
    return np.stack([x + u * c - v * s, y + u * s + v * c], axis=1)


def oval(
    canvas: Image, x: float, y: float, rx: float, ry: float, colour: str,
    alpha: float = 1.0, *, turn: float = 0.0,
) -> None:  # fmt: skip
    poly(canvas, arc_points(x, y, rx, ry, 0, 2 * np.pi, turn), colour, alpha)


def disc(canvas: Image, x: float, y: float, r: float, colour: str, alpha: float = 1.0) -> None:
    oval(canvas, x, y, r, r, colour, alpha)


def stroke(canvas: Image, points: ArrayLike, colour: str, width: float, alpha: float = 1.0) -> None:
    shape = fixed(points)
    thick, paint = max(1, round(width * SCALE)), rgb(colour)
    blend(
        canvas, np.asarray(points, float), width, alpha,
        lambda: cv2.polylines(canvas, [shape], isClosed=False, color=paint, thickness=thick,
                              lineType=cv2.LINE_AA, shift=SHIFT),
    )  # fmt: skip


def ridge(
    name: str, base: float, height: float, offset: float = 0.0, rough: float = 1.0
) -> NDArray[np.float64]:
    """The outline of a hill range, closed at the bottom edge; offset slides along it."""
    random = dice(name)
    x = np.linspace(-10, WIDTH + 10, 166)
    y = np.zeros_like(x)
    for octave in range(5):
        wave = (150 / rough) / 1.9**octave
        phase = random.uniform(0, 2 * np.pi)
        y += np.sin((x + offset) / wave + phase) / 1.8**octave
    line = np.stack([x, base - height * (0.5 + 0.3 * y)], axis=1)
    corners = np.array([(WIDTH + 10, HEIGHT + 10), (-10, HEIGHT + 10)], float)
    return np.concatenate([line, corners])


def ridge_at(outline: NDArray[np.float64], x: float) -> float:
    return float(np.interp(x, outline[:-2, 0], outline[:-2, 1]))


@lru_cache(maxsize=1)
def falloff() -> Floats:
    axis = np.linspace(-1, 1, 257, dtype=np.float32)
    distance = np.sqrt(axis[:, None] ** 2 + axis[None, :] ** 2)
    return (np.clip(1 - distance, 0, 1) ** 2.2).astype(np.float32)


def light(canvas: Image, x: float, y: float, r: float, colour: str, strength: float = 1.0) -> None:
    """A soft glow that brightens what is there (screen blending)."""
    x0, y0 = max(int((x - r) * SCALE), 0), max(int((y - r) * SCALE), 0)
    x1, y1 = int((x + r) * SCALE), int((y + r) * SCALE)
    part = canvas[y0 : max(y1, 0), x0 : max(x1, 0)]
    if part.size == 0:
        return
    zoom = 128 / (r * SCALE)
    shift = (128 + (x0 - x * SCALE) * zoom, 128 + (y0 - y * SCALE) * zoom)
    matrix = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]], np.float32)
    size = (part.shape[1], part.shape[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    weight = cv2.warpAffine(falloff(), matrix, size, flags=flags) * np.float32(strength)
    for channel, level in enumerate(rgb(colour)):
        plane = part[:, :, channel]
        gain = cv2.multiply(weight, 255 - plane, scale=level / 255, dtype=cv2.CV_32F)
        cv2.add(plane, gain + 0.5, dst := np.empty_like(plane), dtype=cv2.CV_8U)
        part[:, :, channel] = dst


@lru_cache(maxsize=24)
def cloud(name: str, width: int, height: int, top: str, bottom: str) -> Floats:
    """A soft flat-based cloud: premultiplied colour and cover, as a stamp."""
    random = dice(name)
    cover = np.zeros((height * SCALE, width * SCALE), np.float32)
    for _ in range(10 + 5 * width // height):
        u = random.uniform(-0.55, 0.55)
        r = height * SCALE * random.uniform(0.19, 0.29) * (1.1 - abs(u))
        lift = random.uniform(0, 0.38) * (1 - abs(u)) ** 1.5
        x, y = (0.5 + u / 2) * width * SCALE, (0.72 - lift) * height * SCALE
        cv2.circle(cover, (int(x), int(y)), int(r), 1.0, -1, cv2.LINE_AA)
    cover = cv2.GaussianBlur(cover, (0, 0), height * SCALE * 0.035)
    rows = np.linspace(0, 1, height * SCALE, dtype=np.float32)
    cover *= np.clip((0.86 - rows) / 0.16, 0, 1)[:, None]
    shade = np.clip((rows - 0.3) / 0.5, 0, 1)[:, None, None]
    colour = np.array(rgb(top)) * (1 - shade) + np.array(rgb(bottom)) * shade
    full = np.broadcast_to(colour, (*cover.shape, 3)) * cover[:, :, None]
    return np.dstack([full, cover]).astype(np.float32)


def stamp(
    canvas: Image, sprite: Floats, x: float, y: float, alpha: float = 1.0, scale: float = 1.0
) -> None:
    """Lay a premultiplied sprite on the canvas with its middle at x, y."""
    high, wide = sprite.shape[0] * scale, sprite.shape[1] * scale
    left, top = x * SCALE - wide / 2, y * SCALE - high / 2
    x0, y0 = max(int(left) - 1, 0), max(int(top) - 1, 0)
    x1, y1 = max(int(left + wide) + 2, 0), max(int(top + high) + 2, 0)
    part = canvas[y0:y1, x0:x1]
    if part.size == 0:
        return
    matrix = np.array([[scale, 0, left - x0], [0, scale, top - y0]], np.float32)
    placed = cv2.warpAffine(sprite, matrix, (part.shape[1], part.shape[0])) * np.float32(alpha)
    part[:] = (part * (1 - placed[:, :, 3:]) + placed[:, :, :3] + 0.5).astype(np.uint8)


def mirror(
    canvas: Image, horizon: float, water: Image, keep: float, ripple: float, phase: float,
    squeeze: float = 1.0,
) -> None:  # fmt: skip
    """Water below the horizon: what stands above, upside down and rippled, over a tint."""
    first = int(horizon * SCALE)
    rows = np.arange(first, HEIGHT * SCALE, dtype=np.float32)
    depth = (rows - first) / (HEIGHT * SCALE - first)
    wave = np.sin(30 * np.log(0.12 + depth) + phase) + 0.6 * np.sin(rows * 0.31 - 1.7 * phase)
    slide = (ripple * SCALE * (0.15 + depth) * wave)[:, None].astype(np.float32)
    across = np.arange(WIDTH * SCALE, dtype=np.float32)[None, :] + slide
    up = np.maximum(first - 1 - squeeze * (rows - first) + 0.7 * slide[:, 0], 0)[:, None]
    down = np.ascontiguousarray(np.broadcast_to(up, across.shape))
    image = cv2.remap(canvas, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    canvas[first:] = cv2.addWeighted(image, keep, water[first:], 1 - keep, 0)


def camera(
    canvas: Image, zoom: float = 1.0, x: float = 0.0, y: float = 0.0, roll: float = 0.0
) -> Image:
    """Look at the canvas closer, moved (picture units) and turned (degrees)."""
    high, wide = canvas.shape[:2]
    matrix = cv2.getRotationMatrix2D((wide / 2, high / 2), roll, zoom)
    matrix[:, 2] -= (x * SCALE, y * SCALE)
    return cv2.warpAffine(canvas, matrix, (wide, high), borderMode=cv2.BORDER_REFLECT)
