"""What music costs, how near its beats are to cuts, and how clear speech stays above it.

python -m benchmarks.music [--talk TALK.mp4]
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np

from aigc_edit.api import AudioBlock, Samples, SoundContext, Span, Timeline
from aigc_edit.engine import RunOptions, analyse, compose
from aigc_edit.media import SoundReader, converted_blocks, probe, sample_at
from aigc_edit.models.music import MOODS, timing_for
from aigc_edit.pipeline import pipeline_from_text
from aigc_edit.stages.audio.music_lstm import MusicLstm
from aigc_edit.stages.spoken import spoken_spans

RATE = 48_000
LENGTHS = (15, 60, 240)  # seconds
EDITS = 40
SHOTS = (2.0, 8.0)  # seconds, shortest and longest
COMPOSE = "schema: 1\nstages:\n  - uses: music_lstm\n  - uses: loudnorm\n"
ANALYSIS = "schema: 1\nstages: [scenes, speech]\n"
BACK = 0.6  # seconds after speech at which music is measured again
PAUSE = 1.6  # seconds of a pause in which that can be seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--talk", type=Path, default=Path("../shared/media/talk_autoeditor_42s.mp4")
    )
    options = parser.parse_args()
    print_costs()
    print_alignment()
    print_clarity(options.talk)


def print_costs() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for seconds in LENGTHS:
            began, used = time.perf_counter(), time.process_time()
            pipeline = pipeline_from_text(COMPOSE)
            compose(pipeline, Fraction(seconds), Path(folder) / "music.wav", RunOptions("cpu"))
            wall, cpu = time.perf_counter() - began, time.process_time() - used
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{seconds:4} s of music: {wall:.1f} s, {cpu:.1f} s of CPU, peak {peak:.0f} MB")


def print_alignment() -> None:
    for name, mood in MOODS.items():
        chances, near, random_near = np.random.default_rng(1), [], []
        for _ in range(EDITS):
            cuts = list(random_cuts(chances))
            timing = timing_for(Fraction(60), cuts, mood.tempo, mood.ring)
            near.append(timing.distance)
            random_near.append(timing.distance_at_random)
        found, usual = 1000 * np.mean(near), 1000 * np.mean(random_near)
        print(f"{name:8} cut to beat {found:.0f} ms, any tempo {usual:.0f} ms, {found / usual:.2f}")


def random_cuts(chances: np.random.Generator) -> list[Fraction]:
    cuts, reached = [], 0.0
    while (reached := reached + chances.uniform(*SHOTS)) < 60:
        cuts.append(Fraction(round(reached * 25), 25))
    return cuts


def print_clarity(talk: Path) -> None:
    """Levels of speech and of the music under it, while somebody speaks and after."""
    source = probe(talk)
    tracks = analyse(pipeline_from_text(ANALYSIS), talk, RunOptions("cpu")).timeline
    total = sample_at(source.duration, RATE)
    reader = SoundReader(source)
    native = (reader.rate, reader.layout)
    whole = Span(0, source.duration)
    sound = np.concatenate(
        list(converted_blocks(reader.blocks(whole), native, (RATE, 2), total)), axis=1
    )
    music = music_under(sound, tracks)
    spans = spoken_spans(tracks)
    spoken = np.zeros(total, bool)
    for span in spans:
        spoken[sample_at(span.start, RATE) : sample_at(span.end, RATE)] = True
    apart = decibels(sound[:, spoken]) - decibels(music[:, spoken])
    print(f"{talk.name}: speech {apart:.1f} dB above the music while words are spoken")
    ends = [a.end for a, b in pairwise(spans) if b.start - a.end > PAUSE]
    for end in ends:
        during = music[:, sample_at(end, RATE) - RATE : sample_at(end, RATE)]
        back = sample_at(end + Fraction(BACK), RATE)
        after = music[:, back : back + RATE // 2]
        told = (
            f"music {decibels(during):.1f} dB while speaking, {decibels(after):.1f} {BACK} s later"
        )
        print(f"  at {float(end):.1f} s: {told}")


def music_under(sound: Samples, tracks: Timeline) -> Samples:
    """What the stage adds."""
    stage = MusicLstm()
    context = SoundContext(RATE, 2, sound.shape[1], (), tracks)
    stage.begin(context)
    blocks = [
        AudioBlock(sound[:, at : at + RATE], RATE, at) for at in range(0, sound.shape[1], RATE)
    ]
    for block in blocks:
        stage.measure(block)
    mixed = np.concatenate([stage.apply(block) for block in blocks], axis=1)
    lowered = float(stage.report()["both_lowered_db"])
    added: Samples = mixed * np.float32(10 ** (lowered / 20)) - sound
    return added


def decibels(samples: Samples) -> float:
    return float(10 * np.log10(np.square(samples).mean() + 1e-12))


if __name__ == "__main__":
    main()
