"""Measures a checkpoint through Whisper's own decoding and timing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from random import Random

import numpy as np
import torch
import whisper
from torch import Tensor
from whisper.audio import FRAMES_PER_SECOND, N_SAMPLES, log_mel_spectrogram
from whisper.decoding import DecodingResult
from whisper.timing import find_alignment

from aigc_edit.models.silero import WINDOW, SileroVad
from tiny_whisper import phrases, store, tokens
from tiny_whisper.sounds import Sound, chords, noise
from tiny_whisper.speech import RATE, SEEN_VOICES, UNSEEN_VOICES, Utterance, speak
from tiny_whisper.windows import Said

_BATCH = 12  # windows decoded at once
_SPEECH = 0.5  # probability of Silero VAD
_PAD = 0.06  # seconds kept before and after speech


@dataclass(frozen=True)
class Case:
    """Thirty seconds, or less, and what is said in them."""

    sound: Sound
    said: tuple[Said, ...]
    onset: float = 0.0  # where speech begins, as voice activity detection says

    @property
    def words(self) -> list[str]:
        return [word for said in self.said for word in phrases.words(said.text)]

    @property
    def starts(self) -> list[float]:
        return [start for said in self.said for start, _ in said.times]

    @property
    def mel(self) -> Tensor:
        return log_mel_spectrogram(self.sound, padding=N_SAMPLES - len(self.sound))


def load(stored: Path) -> whisper.Whisper:
    """The stored file as Whisper loads it."""
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "tiny.pt"
        store.expand(stored, checkpoint)
        return whisper.load_model(str(checkpoint), device="cpu")


def quick(stored: Path, spoken: Sequence[Utterance]) -> float:
    """Word error rate of single sentences."""
    return error_rate(load(stored), [trimmed(one) for one in spoken])


def report(stored: Path, count: int, seed: int) -> Iterator[str]:
    """All figures, a line each."""
    model = load(stored)
    for name, voices in (("known", SEEN_VOICES), ("unseen", UNSEEN_VOICES)):
        spoken = speak(count, voices, seed=seed, held_out=True)
        single = [trimmed(one) for one in spoken]
        many = [together(spoken[at : at + 8]) for at in range(0, count - 7, 8)]
        yield f"{name} voices, {count} single sentences: {error_rate(model, single):.1%} wrong"
        yield f"{name} voices, {len(many)} windows of many: {error_rate(model, many):.1%} wrong"
        yield f"{name} voices, word starts: {_spread(start_errors(model, single))}"
        yield f"{name} voices, word starts among many: {_spread(start_errors(model, many))}"
    empty = nobody(count, seed)
    invented = [phrases.words(found.text) for found in decoded(model, empty)]
    yield f"{count} windows without speech: {sum(map(len, invented))} words"


def _spread(errors: Sequence[float]) -> str:
    if not errors:
        return "no word was right"
    median, most = np.percentile(errors, [50, 90])
    return f"median {median * 1000:.0f} ms, 90 % within {most * 1000:.0f} ms ({len(errors)} words)"


def trimmed(utterance: Utterance) -> Case:
    """A sentence as voice activity detection cuts it out of silence."""
    around = np.pad(np.float32(utterance.sound) / 32768, RATE // 2)
    around = np.pad(around, (0, -len(around) % WINDOW))
    speaks = np.flatnonzero(SileroVad().probabilities(around) >= _SPEECH)
    onset, end = (
        (speaks[0] * WINDOW, (speaks[-1] + 1) * WINDOW) if len(speaks) else (0, len(around))
    )
    first = max(0, int(onset - _PAD * RATE))
    moved = 0.5 - first / RATE
    times = tuple((a + moved, b + moved) for a, b in utterance.times)
    sound = around[first : int(end + _PAD * RATE)]
    return Case(sound, (Said(utterance.text, times),), float(onset - first) / RATE)


def together(spoken: Sequence[Utterance]) -> Case:
    """Sentences one after another with half a second between, as many as fit into 30 seconds."""
    parts, said, at = [np.zeros(0, np.float32)], [], 0.0
    for one in spoken:
        if at + one.seconds + 0.5 > N_SAMPLES / RATE:
            break
        said.append(Said(one.text, tuple((a + at, b + at) for a, b in one.times)))
        parts += [np.float32(one.sound) / 32768, np.zeros(RATE // 2, np.float32)]
        at += one.seconds + 0.5
    return Case(np.concatenate(parts), tuple(said))


def nobody(count: int, seed: int) -> list[Case]:
    """Silence, noise of many colours and levels, and chords."""
    random = Random(seed)  # noqa: S311 -- for variety, not for secrets
    cases = [Case(np.zeros(N_SAMPLES, np.float32), ())]
    for number in range(1, count):
        level = np.float32(10 ** random.uniform(-3.5, -0.7))
        if number % 3 == 0:
            sound = chords(random, N_SAMPLES)
        else:
            sound = noise(random, N_SAMPLES, unheard=True)
        cases.append(Case(sound * level, ()))
    return cases


def decoded(model: whisper.Whisper, cases: Sequence[Case]) -> list[DecodingResult]:
    """What Whisper's own decoding hears."""
    # Nobody says more than three words a second; a net that has learnt nothing yet goes on and on.
    longest = max(8 + len(case.sound) * 5 // RATE for case in cases)
    options = whisper.DecodingOptions(language="en", fp16=False, sample_len=longest)
    mels = torch.stack([case.mel for case in cases])
    return [found for part in mels.split(_BATCH) for found in whisper.decode(model, part, options)]


def error_rate(model: whisper.Whisper, cases: Sequence[Case]) -> float:
    """Wrong, missing and invented words, as a share of those that were said."""
    wrong = sum(
        edits(case.words, phrases.words(found.text))
        for case, found in zip(cases, decoded(model, cases), strict=True)
    )
    return wrong / sum(len(case.words) for case in cases)


def edits(said: Sequence[str], heard: Sequence[str]) -> int:
    """Levenshtein's distance.

    >>> edits(["go", "north"], ["go", "now", "north"])
    1
    """
    row = list(range(len(heard) + 1))
    for n, word in enumerate(said, 1):
        before, row[0] = row[0], n
        for k, other in enumerate(heard, 1):
            best = min(before + (word != other), row[k] + 1, row[k - 1] + 1)
            before, row[k] = row[k], best
    return row[-1]


def start_errors(model: whisper.Whisper, cases: Sequence[Case]) -> list[float]:
    """Seconds between where right words begin and where Whisper's own timing puts them."""
    errors: list[float] = []
    for case, found in zip(cases, decoded(model, cases), strict=True):
        text = [token for token in found.tokens if token < tokens.tokenizer().eot]
        frames = len(case.sound) * FRAMES_PER_SECOND // RATE
        timed = find_alignment(model, tokens.tokenizer(), text, case.mel, frames)
        heard = [(phrases.words(t.word)[0], t.start) for t in timed if phrases.words(t.word)]
        matcher = SequenceMatcher(None, case.words, [word for word, _ in heard], autojunk=False)
        for said_at, heard_at, count in matcher.get_matching_blocks():
            for n in range(count):
                # The first word swallows the silence before it; voice activity corrects that.
                start = max(heard[heard_at + n][1], case.onset)
                errors.append(abs(start - case.starts[said_at + n]))
    return errors
