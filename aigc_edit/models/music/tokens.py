"""Pieces as sequences of tokens, and back.

In the manner of BachBot (Liang et al. 2017, "Automatic stylistic composition of Bach chorales with
deep LSTM"): music is cut into sixteenths; in each, every voice from top to bottom has a token that
says the pitch, and if it begins there or is held. Other than there, the place in the bar begins
each sixteenth (and so ends the one before); a silent voice has a token too, so that a token's rank
says its voice, and lines that cross or meet stay apart; and a piece begins with what it is to be.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
import numpy.typing as npt

from aigc_edit.errors import ModelError
from aigc_edit.models.music.notes import (
    HIGHEST,
    LOWEST,
    METERS,
    MOST_VOICES,
    Key,
    Meter,
    Mode,
    Note,
    Piece,
)

VERSION = 1  # of the tokens below, their order and their meaning
DENSITIES = (1.0, 1.08, 1.2)  # the quartiles of Bach's chorales
_LONGEST_BAR = max(meter.bar for meter in METERS)
_PITCHES = range(LOWEST, HIGHEST + 1)
HEAD = ("style", "mode", "tonic", "meter", "voices", "density")  # after the start, in this order

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Vocabulary:
    """All tokens: their names in the order of their numbers.

    Attributes:
        styles: names of the styles that a piece can begin with.
    """

    styles: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.styles or any(not s or set(s) & set(" :") for s in self.styles):
            raise ValueError(f"no names of styles: {self.styles}")

    @cached_property
    def families(self) -> dict[str, tuple[str, ...]]:
        """The tokens of each kind, by what follows the colon in their names."""
        return {
            "mark": ("start", "end", "phrase", "rest"),
            "style": self.styles,
            "mode": ("major", "minor"),
            "tonic": tuple(map(str, range(12))),
            "meter": tuple(map(str, METERS)),
            "voices": tuple(map(str, range(1, MOST_VOICES + 1))),
            "density": tuple(map(str, range(len(DENSITIES) + 1))),
            "place": tuple(map(str, range(_LONGEST_BAR))),
            "onset": tuple(map(str, _PITCHES)),
            "held": tuple(map(str, _PITCHES)),
        }

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{kind}:{it}" for kind, members in self.families.items() for it in members)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.names)}

    @cached_property
    def _firsts(self) -> dict[str, int]:
        return {kind: self._numbers[f"{kind}:{them[0]}"] for kind, them in self.families.items()}

    def __len__(self) -> int:
        return len(self.names)

    def number(self, kind: str, member: object) -> int:
        """Raises KeyError where there is no such token."""
        return self._numbers[f"{kind}:{member}"]

    def check_style(self, name: str) -> None:
        """Raises ModelError where there is no such style."""
        if name not in self.styles:
            known = ", ".join(self.styles)
            raise ModelError(f'there is no style "{name}"', cure=f"There are: {known}.")

    def span(self, kind: str) -> slice:
        """Where the tokens of a kind are."""
        first = self._firsts[kind]
        return slice(first, first + len(self.families[kind]))

    def moved(self, semitones: int) -> npt.NDArray[np.int64]:
        """What each token becomes when a piece is transposed; int64 [tokens].

        A pitch beyond the lowest or highest is left where it is: ask `room` first.
        """
        table = np.arange(len(self))
        tonic = self.span("tonic")
        table[tonic] = tonic.start + (np.arange(12) + semitones) % 12
        for kind in ("onset", "held"):
            span = self.span(kind)
            table[span] = np.clip(table[span] + semitones, span.start, span.stop - 1)
        return table


def encoded(piece: Piece, style: str, vocabulary: Vocabulary) -> list[int]:
    """The tokens of a piece, from start to end.

    Raises:
        ModelError: the vocabulary has no such style.
    """
    vocabulary.check_style(style)
    number = vocabulary.number
    said = (style, piece.key.mode, piece.key.tonic, piece.meter, piece.voices, density(piece))
    found = [number("mark", "start")]
    found += [number(kind, member) for kind, member in zip(HEAD, said, strict=True)]
    sounding = _sounding(piece)
    for time in range(piece.length):
        found.append(number("place", (piece.entry + time) % piece.meter.bar))
        if time in piece.phrases:
            found.append(number("mark", "phrase"))
        found += [_voice(vocabulary, note, time) for note in sounding[time]]
    return [*found, number("mark", "end")]


def density(piece: Piece) -> int:
    """Which bucket of density a piece is in, 0 the sparsest."""
    return sum(piece.density >= border for border in DENSITIES)


def _sounding(piece: Piece) -> list[list[Note | None]]:
    """What each voice sounds in each sixteenth."""
    found: list[list[Note | None]] = [[None] * piece.voices for _ in range(piece.length)]
    for note in piece.notes:
        for time in range(note.start, note.end):
            found[time][note.voice] = note
    return found


def _voice(vocabulary: Vocabulary, note: Note | None, time: int) -> int:
    if note is None:
        return vocabulary.number("mark", "rest")
    return vocabulary.number("onset" if note.start == time else "held", note.pitch)


def decoded(tokens: Iterable[int], vocabulary: Vocabulary) -> Piece:
    """The piece that tokens say.

    Raises:
        ModelError: they are not those of a whole piece.
    """
    reading = Reading(vocabulary)
    for token in tokens:
        reading.take(token)
    return reading.piece()


class Reading:
    """Tokens so far, what they mean, and which may come next.

    It is the grammar of the tokens: reads them, keeps who writes them to what can be read, and
    says for which tokens there was a choice.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._head: list[str] = []
        self._begun = self._ended = self._may_mark = False
        self._entry, self._time = 0, -1
        self._voice = 0  # whose turn it is; as many as there are: a place is due
        self._open: list[Note | None] = []
        self._notes: list[Note] = []
        self._phrases: list[int] = []

    @property
    def ended(self) -> bool:
        return self._ended

    @property
    def time(self) -> int:
        """The sixteenth that tokens are about, -1 before the first."""
        return self._time

    @property
    def voice(self) -> int:
        """Whose turn it is; as many as there are voices when a sixteenth is to begin."""
        return self._voice

    @property
    def sounding(self) -> Sequence[Note | None]:
        """What each voice sounds; those whose turn is to come, from the sixteenth before."""
        return self._open

    def latest(self, voice: int, count: int) -> list[Note]:
        """The notes that a voice began last, the latest first."""
        found = [note for note in (self._open[voice],) if note is not None]
        back = (note for note in reversed(self._notes) if note.voice == voice)
        return found + list(islice(back, count - len(found)))

    def copied(self) -> Reading:
        """The same, to go on another way."""
        found = copy(self)
        for name in ("_head", "_open", "_notes", "_phrases"):
            setattr(found, name, [*getattr(found, name)])
        return found

    def allowed(self) -> Mask:
        """Which tokens may come next; bool [tokens]."""
        mask: Mask = np.zeros(len(self._vocabulary), np.bool_)
        if not self._begun:
            mask[self._vocabulary.number("mark", "start")] = True
        elif len(self._head) < len(HEAD):
            mask[self._vocabulary.span(HEAD[len(self._head)])] = True
        elif not self._ended:
            (self._allow_place if self._voice == self._voices else self._allow_voice)(mask)
        return mask

    def _allow_place(self, mask: Mask) -> None:
        first = self._vocabulary.span("place").start
        if self._time < 0:
            mask[first : first + self._bar] = True
            return
        mask[first + (self._entry + self._time + 1) % self._bar] = True
        # A piece ends where its last note does.
        mask[self._vocabulary.number("mark", "end")] = any(self._open)

    def _allow_voice(self, mask: Mask) -> None:
        mask[self._vocabulary.span("onset")] = True
        mask[self._vocabulary.number("mark", "rest")] = True
        mask[self._vocabulary.number("mark", "phrase")] = self._may_mark
        before = self._open[self._voice]
        if before is not None:
            mask[self._vocabulary.number("held", before.pitch)] = True

    def take(self, token: int) -> None:
        """Goes on by a token. Raises ModelError where it may not come here."""
        if not 0 <= token < len(self._vocabulary) or not self.allowed()[token]:
            known = 0 <= token < len(self._vocabulary)
            name = self._vocabulary.names[token] if known else token
            raise ModelError(f"{name} cannot come here", where=f"sixteenth {self._time}")
        kind, member = self._vocabulary.names[token].split(":", 1)
        match kind:
            case "mark":
                self._mark(member)
            case "place":
                self._begin_sixteenth(int(member))
            case "onset":
                self._sound(Note(self._time, self._voice, 1, int(member)))
            case "held":
                self._sound(self._longer())
            case _:
                self._say(member)

    def _mark(self, member: str) -> None:
        match member:
            case "start":
                self._begun = True
            case "end":
                self._ended = True
                self._notes += [note for note in self._open if note is not None]
            case "phrase":
                self._phrases.append(self._time)
                self._may_mark = False
            case _:
                self._sound(None)

    def _say(self, member: str) -> None:
        self._head.append(member)
        if len(self._head) == len(HEAD):
            self._open = [None] * self._voices
            self._voice = self._voices

    def _begin_sixteenth(self, place: int) -> None:
        if self._time < 0:
            self._entry = place
        self._time += 1
        self._voice, self._may_mark = 0, True

    def _longer(self) -> Note:
        before = self._open[self._voice]
        assert before is not None  # else it was not allowed
        self._open[self._voice] = None
        return Note(before.start, before.voice, before.duration + 1, before.pitch)

    def _sound(self, note: Note | None) -> None:
        before = self._open[self._voice]
        if before is not None:
            self._notes.append(before)
        self._open[self._voice] = note
        self._voice, self._may_mark = self._voice + 1, False

    @property
    def _voices(self) -> int:
        return int(self._head[HEAD.index("voices")])

    @property
    def _bar(self) -> int:
        return self._meter.bar

    @cached_property
    def _meter(self) -> Meter:
        return METERS[[str(meter) for meter in METERS].index(self._head[HEAD.index("meter")])]

    def piece(self) -> Piece:
        """The piece, once its end was read. Raises ModelError before."""
        if not self._ended:
            raise ModelError("these tokens are no whole piece", where=f"sixteenth {self._time}")
        mode: Mode = "major" if self._head[HEAD.index("mode")] == "major" else "minor"
        key = Key(int(self._head[HEAD.index("tonic")]), mode)
        notes = tuple(sorted(self._notes))
        return Piece(key, self._meter, self._voices, notes, self._entry, tuple(self._phrases))


def choices(tokens: Sequence[int], vocabulary: Vocabulary) -> Mask:
    """Which tokens could have stood at each place of a piece; bool [tokens of it, tokens]."""
    reading, found = Reading(vocabulary), []
    for token in tokens:
        found.append(reading.allowed())
        reading.take(token)
    return np.stack(found)
