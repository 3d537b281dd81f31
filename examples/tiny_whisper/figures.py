"""Measures a checkpoint through Whisper's own decoding and timing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import torch
import whisper
from whisper.audio import FRAMES_PER_SECOND
from whisper.decoding import DecodingResult
from whisper.timing import find_alignment

from tiny_whisper import phrases, store, tokens
from tiny_whisper.cases import Case, nobody, packed, trimmed
from tiny_whisper.speech import RATE, SEEN_VOICES, UNSEEN_VOICES, Utterance, speak

_BATCH = 12  # windows decoded at once


def load(stored: Path) -> whisper.Whisper:
    """The stored file as Whisper loads it."""
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "tiny.pt"
        store.expand(stored, checkpoint)
        return whisper.load_model(str(checkpoint), device="cpu")


def quick(stored: Path, spoken: Sequence[Utterance]) -> float:
    """Word error rate of single sentences."""
    cases = [trimmed(one) for one in spoken]
    return error_rate(cases, decoded(load(stored), cases))


def report(stored: Path, count: int, seed: int) -> Iterator[str]:
    """All figures, a line each.

    Args:
        count: sentences a kind of voice, and windows without speech.
    """
    model = load(stored)
    for kind, voices in (("known", SEEN_VOICES), ("unseen", UNSEEN_VOICES)):
        spoken = speak(count, voices, seed=seed, held_out=True)
        single, many = [trimmed(one) for one in spoken], packed(spoken)
        yield f"{count} held-out sentences in {kind} voices, {_figures(model, single)}"
        yield f"the same in {len(many)} windows of up to 30 s, {_figures(model, many)}"
    invented = [phrases.words(found.text) for found in decoded(model, nobody(count, seed))]
    yield f"{count} windows of 30 s without speech: {sum(map(len, invented))} words"


def _figures(model: whisper.Whisper, cases: Sequence[Case]) -> str:
    heard = decoded(model, cases)
    errors = start_errors(model, cases, heard)
    median, most = np.percentile(errors or [np.nan], [50, 90]) * 1000
    wrong = error_rate(cases, heard)
    return (
        f"words wrong: {wrong:.1%}, starts off by {median:.0f} ms in the median, 90 %: {most:.0f}"
    )


def decoded(model: whisper.Whisper, cases: Sequence[Case]) -> list[DecodingResult]:
    """What Whisper's own decoding hears."""
    # Nobody says more than three words a second; a net that has learnt nothing yet goes on and on.
    longest = max(8 + len(case.sound) * 5 // RATE for case in cases)
    options = whisper.DecodingOptions(language="en", fp16=False, sample_len=longest)
    mels = torch.stack([case.mel for case in cases])
    return [found for part in mels.split(_BATCH) for found in whisper.decode(model, part, options)]


def error_rate(cases: Sequence[Case], heard: Sequence[DecodingResult]) -> float:
    """Wrong, missing and invented words, as a share of those that were said."""
    pairs = zip(cases, heard, strict=True)
    wrong = sum(edits(case.words, phrases.words(found.text)) for case, found in pairs)
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


def start_errors(
    model: whisper.Whisper, cases: Sequence[Case], heard: Sequence[DecodingResult]
) -> list[float]:
    """Seconds between where right words begin and where Whisper's own timing puts them."""
    errors: list[float] = []
    for case, found in zip(cases, heard, strict=True):
        timed = starts(model, case, found)
        matcher = SequenceMatcher(None, case.words, [word for word, _ in timed], autojunk=False)
        for said, other, count in matcher.get_matching_blocks():
            pairs = zip(case.starts[said : said + count], timed[other : other + count], strict=True)
            errors += [abs(start - at) for start, (_, at) in pairs]
    return errors


def starts(model: whisper.Whisper, case: Case, found: DecodingResult) -> list[tuple[str, float]]:
    """Each word and its start, by Whisper's cross-attention.

    Whisper lets the first word swallow the silence before it; voice activity corrects that.
    """
    text = [token for token in found.tokens if token < tokens.tokenizer().eot]
    frames = len(case.sound) * FRAMES_PER_SECOND // RATE
    timed = find_alignment(model, tokens.tokenizer(), text, case.mel, frames)
    said = ((phrases.words(one.word), float(one.start)) for one in timed)
    return [(words[0], max(start, case.onset)) for words, start in said if words]
