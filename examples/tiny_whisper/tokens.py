"""The tokens that the closed vocabulary uses, in Whisper's numbers and in ours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from whisper.tokenizer import Tokenizer, get_tokenizer

from tiny_whisper import phrases

STAMP_SECONDS = 0.02
LATEST_FIRST_STAMP = 1.0  # Whisper's decoding allows no later one
VOCABULARY = 51_865  # of the multilingual models


@dataclass(frozen=True)
class Heard:
    """A token that the net shall say, and where it is heard: seconds, or nowhere."""

    token: int
    span: tuple[float, float] | None = None


@lru_cache(maxsize=1)
def tokenizer() -> Tokenizer:
    return get_tokenizer(multilingual=True, language="en", task="transcribe")


@lru_cache(maxsize=1)
def known() -> tuple[int, ...]:
    """Whisper's numbers of all tokens in use but the time stamps, in order."""
    written = tokenizer()
    said = {token for word in phrases.vocabulary() for token in written.encode(f" {word}")}
    special = {written.eot, written.no_speech, written.no_timestamps, written.sot_prev}
    return tuple(sorted(said | special | set(written.encode(".")) | set(written.sot_sequence)))


@lru_cache(maxsize=1)
def _places() -> dict[int, int]:
    return {token: place for place, token in enumerate(known())}


def ours(token: int) -> int:
    """The place of a token of Whisper in our short table; time stamps follow the known ones."""
    stamp = token - tokenizer().timestamp_begin
    return _places()[token] if stamp < 0 else len(known()) + stamp


def stamp(seconds: float) -> int:
    """Whisper's token for a time."""
    return int(tokenizer().timestamp_begin) + round(seconds / STAMP_SECONDS)


def heard(text: str, times: tuple[tuple[float, float], ...]) -> list[Heard]:
    """The tokens of a sentence, each where its word is; the full stop just after the last."""
    pieces = re.findall(r"[A-Za-z]+", text)
    said = [
        Heard(token, span)
        for piece, span in zip(pieces, times, strict=True)
        for token in tokenizer().encode(f" {piece}")
    ]
    end = times[-1][1]
    return [*said, *(Heard(token, (end, end + 0.15)) for token in tokenizer().encode("."))]
