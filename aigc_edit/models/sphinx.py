"""PocketSphinx: English, with the acoustic and language model that its wheel carries.

It needs no download and little time, and errs far more often than Whisper. Its words come without
punctuation; fillers such as `<sil>` and `[NOISE]` are not words.
"""

from __future__ import annotations

import importlib.metadata
import re
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from statistics import fmean
from typing import Any

import numpy as np

from aigc_edit.models.recognizer import Recognizer, SpeechWindow, Utterance
from aigc_edit.timeline import Span, Word

_LANGUAGE = "en"
_FRAME = Fraction(1, 100)  # seconds of a frame of features
_FILLER = re.compile(r"[<\[+]")
_VARIANT = re.compile(r"\(\d+\)$")  # the second way to say a word: `the(2)`
# Mean probability of words, with a few of medium probability added since one or two words prove
# little, below which a window is no English that it understands. Measured: English 0.36 (a sonnet,
# half of it wrong) to 0.82; Japanese, Chinese, French and German 0.28 to 0.34; music 0.34, laughter
# less; an astronaut by radio 0.21 to 0.34, with hardly a word right.
_BELIEVED = 0.35
_ADDED, _MEDIUM = 5, 0.4
_I = re.compile(r"i('|$)")
_own = threading.local()


class PocketSphinx(Recognizer):
    """English words out of speech, offline."""

    punctuates = False
    languages = (_LANGUAGE,)

    def refusal(self) -> str:
        refused = super().refusal()
        return refused and "PocketSphinx hears English only, and does not translate"

    def weights(self) -> str:
        return f"pocketsphinx {importlib.metadata.version('pocketsphinx')}"

    def report(self) -> Mapping[str, str]:
        limits = "knows English only, errs often and leaves out what it does not understand"
        return {"engine": "PocketSphinx", "note": f"words by PocketSphinx, which {limits}"}

    def begin(self) -> None:
        self._decoder = _decoder(self)

    def recognize(self, windows: Sequence[SpeechWindow]) -> list[Utterance]:
        return [Utterance(tuple(self._heard(window)), _LANGUAGE) for window in windows]

    def _heard(self, window: SpeechWindow) -> Iterator[Word]:
        whole = (np.clip(window.samples, -1, 1) * 32_767).astype("<i2")
        self._decoder.start_utt()
        self._decoder.process_raw(whole.tobytes(), full_utt=True)
        self._decoder.end_utt()
        said = [part for part in self._decoder.seg() or () if not _FILLER.match(part.word)]
        if said and fmean([part.prob for part in said] + [_MEDIUM] * _ADDED) >= _BELIEVED:
            yield from (_word(part, window) for part in said)


def _decoder(owner: PocketSphinx) -> Any:
    """A decoder that has heard nothing. It stays in this thread when its owner is gone, since
    loading one takes 0.4 s of CPU for each film."""
    is_free = hasattr(_own, "owner") and _own.owner() is None
    if not is_free:
        import pocketsphinx

        pocketsphinx.set_loglevel("FATAL")
        _own.decoder = pocketsphinx.Decoder()
    _own.owner = weakref.ref(owner)
    _own.decoder.reinit_feat()  # it adapts to what it hears
    return _own.decoder


def _word(part: Any, window: SpeechWindow) -> Word:
    first, last = part.start_frame * _FRAME, (part.end_frame + 1) * _FRAME
    span = Span(window.start + first, window.start + min(last, window.duration))
    return Word(span, f" {_written(part.word)}", min(1.0, max(0.0, part.prob)))


def _written(word: str) -> str:
    """As people write it."""
    plain = _VARIANT.sub("", word)
    return plain.capitalize() if _I.match(plain) else plain
