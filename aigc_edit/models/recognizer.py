"""What every engine is that turns speech into words; plugins see it through `aigc_edit.api`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from aigc_edit.timeline import Span, Word, on_clock

RATE = 16_000  # samples a second that engines hear
AUTO, MULTI = "auto", "multi"
Task = Literal["transcribe", "translate"]
_FEW = 5  # languages that are named where another one was asked for


@dataclass(frozen=True)
class SpeechWindow:
    """Sound with speech in it, which begins and ends in pauses.

    >>> window = SpeechWindow(Fraction(60), np.zeros(32_000, np.float32), (Span(0, 1),))
    >>> window.duration
    Fraction(2, 1)
    >>> print(window.spoken(0.5, 1.5), window.spoken(1.25, 1.5))
    60.500-61.000 s None

    Attributes:
        start: seconds of the source.
        samples: float32 [N] in [-1, 1], 16 kHz mono, at most 30 s.
        speech: where in the window somebody speaks, seconds from its start; in order.
    """

    RATE: ClassVar[int] = RATE

    start: Fraction
    samples: npt.NDArray[np.float32]
    speech: tuple[Span, ...]

    @property
    def duration(self) -> Fraction:
        """Seconds."""
        return Fraction(len(self.samples), RATE)

    @property
    def span(self) -> Span:
        """Where it lies in the source."""
        return Span(self.start, self.start + self.duration)

    def spoken(self, start: Fraction | float, end: Fraction | float) -> Span | None:
        """The part of a word's time that lies in speech: the stretch where most of it lies.

        Engines that listen to attention begin a word in the silence before it and end it in the
        silence after it. None where nobody speaks: the word was made up.

        start, end: seconds of the window. The result is in seconds of the source.
        """
        first = on_clock(Fraction(start))
        word = Span(first, max(first, on_clock(Fraction(end))))
        parts = [part for stretch in self.speech if (part := stretch.overlap(word)) is not None]
        found = max(parts, key=lambda part: part.duration, default=None)
        return found and Span(self.start + found.start, self.start + found.end)


@dataclass(frozen=True)
class RecognizerSettings:
    """What an engine is asked for; the options of `transcribe`, and a device.

    >>> RecognizerSettings(language="de", prompt="Ada Lovelace").task
    'transcribe'

    Attributes:
        model: a name or a file that the engine understands; `auto`: its own choice.
        language: ISO 639-1 code; `auto`: what is spoken at first; `multi`: what is spoken in
            each window.
        task: `translate` is into English.
        prompt: words that are likely to occur, such as names.
        device: where nets run: `cpu`, `cuda:0`, `mps`.
    """

    model: str = AUTO
    language: str = AUTO
    task: Task = "transcribe"
    prompt: str = ""
    device: str = "cpu"


@dataclass(frozen=True)
class Utterance:
    """What was said in a window.

    >>> Utterance((Word(Span(60, 61), " Yes."),), "en").language
    'en'

    Attributes:
        words: in order, in seconds of the source, within the window.
        language: ISO 639-1 code of what is spoken; empty where nobody knows. Without words, and
            another one than was asked for: it was left out, and the user is told.
    """

    words: tuple[Word, ...] = ()
    language: str = ""


class Recognizer(ABC):
    """An engine that turns windows of speech into words, for `transcribe: {engine: NAME}`.

    It is made with its settings as often as somebody has a question, which must cost nothing.
    Before anything is decoded it says whether it can do what is asked (`refusal`) and which weights
    it will use (`weights`). Only where somebody speaks `begin` is called, once, and then
    `recognize` with up to `batch` windows at a time.

    >>> class Beeps(Recognizer):
    ...     '''Hears a beep in every window.'''
    ...
    ...     languages = ("en",)
    ...
    ...     def recognize(self, windows):
    ...         return [Utterance(spread("beep", w.span), "en") for w in windows]
    >>> Beeps(RecognizerSettings(language="de")).refusal()
    "Beeps hears no 'de', only en"

    Class attributes:
        batch: how many windows it takes at once, at best.
        punctuates: whether its words carry punctuation and capitals.
        languages: ISO 639-1 codes of what it can hear; empty where nobody knows before it began.
        translates: whether it can translate into English.
        detects: whether it finds out which language a window is in.
    """

    batch: int = 1
    punctuates: bool = True
    translates: ClassVar[bool] = False
    detects: ClassVar[bool] = False

    def __init__(self, settings: RecognizerSettings) -> None:
        self.settings = settings

    @property
    def languages(self) -> Sequence[str]:
        """A plain tuple on the class, or a property of the settings."""
        return ()

    def refusal(self) -> str:
        """Why it cannot do what its settings ask for, in one line; empty where it can.

        Asked for when options are read: it looks at no weights.
        """
        asked, name, known = self.settings, type(self).__name__, self.languages
        if asked.task == "translate" and not self.translates:
            return f"{name} does not translate"
        if asked.language == MULTI and not self.detects:
            return f"{name} does not tell languages apart"
        if known and asked.language not in (AUTO, MULTI, *known):
            few = (
                f", only {', '.join(known)}" if len(known) <= _FEW else "; codes are as en, de, zh"
            )
            return f"{name} hears no {asked.language!r}{few}"
        return ""

    def is_ready(self) -> bool:
        """Whether all that it needs is on this machine, so that nothing would be fetched."""
        return True

    def weights(self) -> str:
        """What identifies its weights: a file's hash, or the version of the wheel they came in.

        Raises:
            ModelError: they are missing and cannot be had, or may not be fetched (`is_offline`).
        """
        return ""

    def report(self) -> Mapping[str, str]:
        """Which engine it is (`engine`), for the run record; a `note` is told to the user, too."""
        return {"engine": type(self).__name__}

    def begin(self) -> None:  # noqa: B027 -- nothing to load is usual for small ones
        """Loads what it needs, and fetches it if it may.

        Raises:
            ModelError: weights are missing, or are none of its own.
        """

    @abstractmethod
    def recognize(self, windows: Sequence[SpeechWindow]) -> Sequence[Utterance]:
        """What is said in each of at most `batch` windows."""
