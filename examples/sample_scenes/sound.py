"""The sound of the film: ambience, crowds, effects, a soft music bed and the narrator."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, lfilter, sosfilt

from sample_scenes.night import BURSTS
from sample_scenes.paint import dice
from sample_scenes.story import FLASH, FPS, FRAMES, LINES, LIVELY, SHOTS, shot
from sample_scenes.voice import RATE, Sound, Word, speak

Stereo = NDArray[np.float64]
TOTAL = FRAMES * RATE // FPS
LOUD, CEILING = -4.5, 0.7  # decibels for crowds and effects; highest sample


def level(decibel: float) -> float:
    return float(10 ** (decibel / 20))


def seconds(count: int) -> Sound:
    return np.arange(count) / RATE


def band(sound: NDArray[np.float64], low: float, high: float, order: int = 2) -> Stereo:
    bounds = [low, min(high, 0.49 * RATE)]
    result: Stereo = sosfilt(
        butter(order, bounds, "bandpass", fs=RATE, output="sos"), sound, axis=0
    )
    return result


def unit(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scaled to an RMS of one."""
    return sound / (np.sqrt(np.mean(sound**2)) + 1e-12)


def hiss(name: str, count: int, low: float, high: float) -> Stereo:
    """Band-passed stereo noise at an RMS of one."""
    return unit(band(dice(name).standard_normal((count, 2)), low, high))


def swell(name: str, count: int, pace: float, depth: float) -> Sound:
    """A slow random rise and fall around one."""
    random = dice(name)
    t, wave = seconds(count), np.zeros(count)
    for k in range(3):
        wave += np.sin(2 * np.pi * pace * (0.6 + 0.5 * k) * t + random.uniform(0, 6.3))
    return 1 + depth * wave / 3


def edges(count: int, rise: float, fall: float) -> Sound:
    t = seconds(count)
    shape = np.clip(t / rise, 0, 1) * np.clip((count / RATE - t) / fall, 0, 1)
    return np.sin(0.5 * np.pi * shape) ** 2


def pan(sound: Sound, side: float) -> Stereo:
    """Mono to stereo; side from -1 (left) to 1 (right)."""
    a = (side + 1) * np.pi / 4
    return np.stack([sound * np.cos(a), sound * np.sin(a)], axis=1)


def add(track: Stereo, sound: Stereo, start: float) -> None:
    first = int(start * RATE)
    piece = track[first : first + len(sound)]
    piece += sound[: len(piece)]


def wind(name: str, count: int) -> Stereo:
    gusts = swell(name + " gusts", count, 0.25, 0.5)[:, None]
    return hiss(name, count, 140, 700) * gusts * level(-41)


def water(name: str, count: int) -> Stereo:
    lap = swell(name + " lap", count, 0.5, 0.6)[:, None]
    return hiss(name, count, 250, 1500) * lap * level(-43) + wind(name + " air", count) * 0.4


def surf(name: str, count: int) -> Stereo:
    roll = swell(name + " roll", count, 0.3, 0.7)[:, None]
    return hiss(name, count, 200, 2600) * roll * level(-36)


def birds(name: str, count: int) -> Stereo:
    track, random = wind(name, count) * 0.7, dice(name + " song")
    for start in np.cumsum(random.uniform(0.35, 0.9, 40)):
        if start > count / RATE - 0.5:
            break
        base, side = random.uniform(2600, 4200), random.uniform(-0.8, 0.8)
        for k in range(random.integers(2, 5)):
            t = seconds(int(0.07 * RATE))
            pitch = base * (1 + 0.12 * np.sin(2 * np.pi * 14 * t + k))
            note = np.sin(2 * np.pi * np.cumsum(pitch) / RATE) * np.hanning(len(t)) * level(-37)
            add(track, pan(note, side), start + 0.095 * k)
    return track


def rails(name: str, count: int) -> Stereo:
    """Rumble, puffing steam and the two-beat clatter of wheels."""
    t = seconds(count)
    puff = np.clip(np.sin(2 * np.pi * 3.4 * t), 0, 1)[:, None] ** 2
    near = edges(count, 1.4, 1.2)[:, None]
    rumble = hiss(name, count, 50, 180) * level(-31)
    return (rumble + hiss(name + " steam", count, 500, 2600) * puff * level(-36)) * near + wind(
        name + " air", count
    ) * 0.5


def crickets(name: str, count: int) -> Stereo:
    t = seconds(count)
    chirp = np.clip(np.sin(2 * np.pi * 24 * t), 0, 1) * (np.sin(2 * np.pi * 1.1 * t) > 0.2)
    chirp = lfilter([0.01], [1, -0.99], chirp)
    return pan(np.sin(2 * np.pi * 4300 * t) * chirp * level(-44), 0.4) + water(name, count)


def gale(name: str, count: int) -> Stereo:
    howl = swell(name + " howl", count, 0.5, 0.6)[:, None]
    air = hiss(name, count, 220, 900) * howl * level(-35)
    return air + hiss(name + " sea", count, 80, 1800) * level(-38)


def patter(name: str, count: int) -> Stereo:
    """Rain heard from inside: a soft even rush and single drops."""
    track, random = hiss(name, count, 900, 5200) * level(-44), dice(name + " drops")
    track += hiss(name + " low", count, 150, 500) * level(-46)
    for start in random.uniform(0, count / RATE - 0.1, 70):
        t = seconds(int(0.03 * RATE))
        tick = np.sin(2 * np.pi * random.uniform(900, 2400) * t) * np.exp(-t * 160)
        add(track, pan(tick * level(-40), random.uniform(-1, 1)), start)
    return track


AMBIENCE: dict[str, Callable[[str, int], Stereo]] = {
    "dawn": birds, "harbour": water, "train": rails, "goal": wind, "crowd": wind, "kite": birds,
    "pond": water, "sailing": surf, "carousel": wind, "storm": gale, "rain": patter,
    "dusk": wind, "pier": crickets, "fireworks": water, "moon": crickets,
}  # fmt: skip


def ambience() -> Stereo:
    """Every shot's own air, laid over its neighbours for a tenth of a second."""
    track, lap = np.zeros((TOTAL, 2)), 0.1
    for item in SHOTS:
        start, end = max(item.first / FPS - lap / 2, 0), min(item.end / FPS + lap / 2, FRAMES / FPS)
        count = int((end - start) * RATE)
        add(track, AMBIENCE[item.name](item.name, count) * edges(count, lap, lap)[:, None], start)
    return track


def cheer(name: str, count: int) -> Stereo:
    """Many throats: noise through two vowel bands each, every one with its own swell."""
    track, random = np.zeros((count, 2)), dice(name)
    for k in range(22):
        noise = random.standard_normal(count)
        first, second = random.uniform(420, 950), random.uniform(1150, 2500)
        throat = unit(band(noise, first * 0.86, first * 1.16, 1))
        throat = throat + 0.7 * unit(band(noise, second * 0.9, second * 1.1, 1))
        shape = np.clip(swell(f"{name} {k}", count, random.uniform(0.5, 1.1), 1.1), 0.1, None)
        add(track, pan(throat * shape, random.uniform(-0.9, 0.9)), 0)
    return unit(track)


def whoops(name: str, count: int) -> Stereo:
    """Single voices that slide up and down."""
    track, random = np.zeros((count, 2)), dice(name + " whoops")
    for start in random.uniform(0.1, count / RATE - 0.9, 16):
        t = seconds(int(random.uniform(0.45, 0.8) * RATE))
        u = t / t[-1]
        low = random.uniform(260, 520)
        pitch = low * (1 + random.uniform(0.5, 1.1) * np.sin(np.pi * u**0.7))
        angle = 2 * np.pi * np.cumsum(pitch * (1 + 0.012 * np.sin(38 * t))) / RATE
        voice = sum(np.sin(k * angle) / k**1.3 for k in (1, 2, 3, 4))
        add(track, pan(voice * np.hanning(len(t)), random.uniform(-0.9, 0.9)), start)
    return unit(track)


def claps(name: str, count: int) -> Stereo:
    track, random = np.zeros((count, 2)), dice(name + " claps")
    t = seconds(int(0.018 * RATE))
    for start in random.uniform(0, count / RATE - 0.05, int(70 * count / RATE)):
        hit = random.standard_normal(len(t)) * np.exp(-t * random.uniform(220, 420))
        add(track, pan(hit * random.uniform(0.3, 1), random.uniform(-1, 1)), start)
    return unit(band(track, 900, 3800, 1))


def crowds() -> Stereo:
    track = np.zeros((TOTAL, 2))
    for k, (start, end) in enumerate(LIVELY):
        count = int((end - start) * RATE)
        name = f"lively {k}"
        rise = np.interp(np.linspace(0, 1, count), [0, 0.12, 0.3, 0.8, 1], [0.65, 1, 0.85, 1, 0.8])
        noise = cheer(name, count) * level(-17.5) + whoops(name, count) * level(-25)
        noise += claps(name, count) * level(-23)
        add(track, noise * (rise * edges(count, 0.12, 0.3))[:, None], start)
    return track


def organ(count: int) -> Stereo:
    """The carousel's quick waltz in broken chords."""
    track = np.zeros((count, 2))
    chords = (
        (0, 4, 7, 12, 7, 4),
        (5, 9, 12, 17, 12, 9),
        (7, 11, 14, 19, 14, 11),
        (0, 4, 7, 12, 16, 12),
    )
    t = seconds(int(0.2 * RATE))
    for k in range(int(count / RATE / 0.14)):
        pitch = 523.25 * 2 ** (chords[k // 6 % 4][k % 6] / 12)
        pipe = sum(np.sin(2 * np.pi * h * pitch * t) / h for h in (1, 2, 4))
        add(track, pan(pipe * edges(len(t), 0.012, 0.1), 0.3 * np.sin(k)), 0.14 * k)
    return unit(track) * edges(count, 0.15, 0.3)[:, None] * level(-27)


def bang(name: str) -> Stereo:
    """A firework: a thump and crackling embers."""
    random, t = dice(name), seconds(int(0.9 * RATE))
    thump = np.sin(2 * np.pi * (48 * t + 9 * (1 - np.exp(-t * 18)))) * np.exp(-t * 7)
    crackle = random.standard_normal(len(t)) * (random.random(len(t)) > 0.996) * np.exp(-t * 3.5)
    burst = unit(band(random.standard_normal(len(t)), 120, 1400)) * np.exp(-t * 11)
    return pan(0.2 * thump + 0.08 * burst + 0.12 * crackle, float(random.uniform(-0.6, 0.6)))


def thunder() -> Stereo:
    count = int(3.2 * RATE)
    t = seconds(count)[:, None]
    roll = swell("thunder roll", count, 2.2, 0.7)[:, None]
    return (
        hiss("thunder", count, 35, 210)
        * roll
        * np.exp(-1.3 * t)
        * np.clip(t / 0.12, 0, 1)
        * level(-23)
    )


def effects() -> Stereo:
    track = crowds()
    start, end = LIVELY[1]
    add(track, organ(int((end - start) * RATE)), start)
    show = shot("fireworks")
    for burst in BURSTS:
        when = (show.first + burst.start * (show.end - show.first - 1)) / FPS
        add(track, bang(f"bang {burst.start}"), when)
    add(track, thunder(), FLASH[0] / FPS + 0.12)
    # Nothing of the show rings on behind the cut to the quiet sea.
    last, tail = show.end * RATE // FPS, int(0.25 * RATE)
    track[last - tail : last] *= np.linspace(1, 0, tail)[:, None]
    track[last:] = 0
    return track


def pads() -> Stereo:
    """Slow chords of soft sines, each four seconds long, sliding into one another."""
    track, random = np.zeros((TOTAL, 2)), dice("pads")
    chords = ((48, 55, 64, 71), (45, 52, 60, 67), (41, 53, 60, 69), (43, 55, 62, 69))
    count = int(6.4 * RATE)
    t = seconds(count)
    for k in range(int(TOTAL / RATE / 4) + 1):
        shape = edges(count, 2.4, 2.4)
        for note in chords[k % 4]:
            pitch = 440 * 2 ** ((note - 69) / 12)
            drift = 1 + 0.0012 * np.sin(2 * np.pi * random.uniform(0.2, 0.5) * t)
            angle = 2 * np.pi * pitch * np.cumsum(drift) / RATE
            tone = np.sin(angle) + 0.3 * np.sin(2 * angle) + 0.1 * np.sin(3 * angle)
            add(track, pan(tone * shape * level(-47), random.uniform(-0.6, 0.6)), 4.0 * k)
    return track * edges(TOTAL, 1.5, 2.5)[:, None]


def narrator() -> tuple[Stereo, list[Word]]:
    """All lines, softened and set in a small room; the words in film time."""
    dry, words = np.zeros(TOTAL), []
    for line in LINES:
        spoken, first = speak(line.text), int(line.start * RATE)
        dry[first : first + len(spoken.sound)] += spoken.sound
        words += [
            Word(w.word, round(line.start + w.start, 3), round(line.start + w.end, 3))
            for w in spoken.words
        ]
    gentle = band(dry, 90, 6200, 1) + 0.35 * band(dry, 160, 420, 1)
    t = seconds(int(0.28 * RATE))
    tail = dice("room").standard_normal((len(t), 2)) * np.exp(-t * 20)[:, None]
    tail = band(tail, 250, 4200, 1)
    tail /= np.sqrt(np.sum(tail**2, axis=0))
    room = np.stack([fftconvolve(gentle, tail[:, k])[:TOTAL] for k in (0, 1)], axis=1)
    return (pan(gentle, 0) * 1.0 + 0.16 * room) * level(-4), words


def limited(sound: Stereo) -> Stereo:
    """Peaks bend softly towards the ceiling; quiet sound passes unchanged."""
    knee = 0.6 * CEILING
    over = np.clip(np.abs(sound) - knee, 0, None)
    bent = knee + (CEILING - knee) * np.tanh(over / (CEILING - knee))
    return np.where(np.abs(sound) > knee, np.sign(sound) * bent, sound)


def mix_down() -> tuple[Stereo, list[Word]]:
    """The whole sound track and the spoken words."""
    speech, words = narrator()
    return limited(ambience() + effects() * level(LOUD) + pads() + speech), words
