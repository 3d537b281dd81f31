"""Notes from a net: token by token, within the rules, bar by bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from aigc_edit.models.music.form import Section
from aigc_edit.models.music.net import Composer, State, Stepper
from aigc_edit.models.music.notes import Note, Piece
from aigc_edit.models.music.rules import Bias, Rules
from aigc_edit.models.music.timing import BEAT
from aigc_edit.models.music.tokens import HEAD, Reading

Said = dict[tuple[int, int], int]
_TRIES = 4  # at a bar that was there too often
_WARMER = 1.25  # each time
_TOO_OFTEN = 2  # times that a bar may be there already among those before
_REMEMBERED = 8  # bars


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn.

    Attributes:
        temperature: logits are divided by it; below 1 the likely comes more often.
        nucleus: only the likeliest tokens that together have this much of p are drawn from
            (Holtzman et al. 2020, "The curious case of neural text degeneration").
    """

    temperature: float = 1.0
    nucleus: float = 0.95

    def __post_init__(self) -> None:
        if not self.temperature > 0 or not 0 < self.nucleus <= 1:
            raise ValueError(f"nothing can be drawn so: {self}")

    def drawn(self, logits: Bias, chance: float) -> int:
        """A token. `chance`: in [0, 1), decides which."""
        order = np.argsort(-logits, kind="stable")
        scaled = (logits[order] - logits[order[0]]) / self.temperature
        shares = np.exp(scaled) / np.exp(scaled).sum()
        sums = np.cumsum(shares)
        count = 1 + int(np.searchsorted(sums, self.nucleus))
        return int(order[np.searchsorted(sums[:count], chance * sums[min(count, len(sums)) - 1])])


@dataclass(frozen=True)
class Head:
    """What a section begins with, besides its key and metre.

    Attributes:
        style: one of the net's.
        voices: how many lines.
        density: which of the corpus's quarters, 0 the sparsest.
    """

    style: str
    voices: int
    density: int


class Writer:
    """Writes sections, one after the other.

    What a piece begins with comes back, since a net of notes alone has no themes: later in the
    section, and where a later section in the same key begins; until a beat before phrases close.
    """

    def __init__(self, net: Composer, sampling: Sampling, chances: np.random.Generator) -> None:
        net.eval()
        self._vocabulary = net.vocabulary
        self._stepper = Stepper(net)
        self._sampling, self._chances = sampling, chances
        self._opening: _Theme | None = None

    def section(self, section: Section, head: Head) -> Piece:
        """The notes of a section, exactly as long as it.

        Raises:
            ModelError: the net has no such style.
        """
        self._vocabulary.check_style(head.style)
        draft = self._begun(section, head)
        while not draft.reading.ended:
            draft = self._bar(section, draft)
        if self._opening is None:
            self._opening = _Theme(section, draft.said)
        return draft.reading.piece()

    def _begun(self, section: Section, head: Head) -> _Draft:
        key, number = section.key, self._vocabulary.number
        said = (head.style, key.mode, key.tonic, section.meter, head.voices, head.density)
        tokens = [number("mark", "start")]
        tokens += [number(kind, member) for kind, member in zip(HEAD, said, strict=True)]
        rules = Rules(self._vocabulary, section, head.voices, head.density)
        draft = _Draft(Reading(self._vocabulary), rules)
        if self._opening is not None and self._opening.suits(section):
            draft.quoted = self._opening.said
        for token in tokens:
            self._take(draft, token)
        return draft

    def _bar(self, section: Section, before: _Draft) -> _Draft:
        """One more bar, another one where it was there too often."""
        sampling = self._sampling
        for _ in range(_TRIES):
            draft = before.copied()
            self._fill(section, draft, sampling)
            if draft.bars[:-1][-_REMEMBERED:].count(draft.bars[-1]) < _TOO_OFTEN:
                break
            sampling = Sampling(sampling.temperature * _WARMER, sampling.nucleus)
        return draft

    def _fill(self, section: Section, draft: _Draft, sampling: Sampling) -> None:
        reading, begun = draft.reading, max(draft.reading.time + 1, 0)
        bar = section.meter.bar
        end = min(section.length, begun + bar - (section.entry + begun) % bar)
        tokens: list[int] = []
        while reading.time < end - 1 or reading.voice < draft.rules.voices:
            tokens.append(self._next(section, draft, sampling))
            self._take(draft, tokens[-1])
        draft.bars.append(tuple(tokens))
        if end == section.length:
            self._take(draft, self._vocabulary.number("mark", "end"))

    def _next(self, section: Section, draft: _Draft, sampling: Sampling) -> int:
        reading, rules, vocabulary = draft.reading, draft.rules, self._vocabulary
        if reading.voice == rules.voices:
            place = (section.entry + reading.time + 1) % section.meter.bar
            return vocabulary.number("place", place)
        allowed = reading.allowed()
        phrase = vocabulary.number("mark", "phrase")
        if allowed[phrase] and reading.time in section.chords:
            return phrase
        allowed[phrase] = False
        logits = draft.logits + rules.bias(reading, allowed)
        token = _quoted(section, draft)
        if token is None or not np.isfinite(logits[token]):
            token = sampling.drawn(logits, self._chances.random())
        draft.said[reading.time, reading.voice] = token
        return token

    def _take(self, draft: _Draft, token: int) -> None:
        draft.reading.take(token)
        said, draft.state = self._stepper.step(torch.tensor([token]), draft.state)
        draft.logits = said[0].double().numpy()


def _quoted(section: Section, draft: _Draft) -> int | None:
    """What the beginning had, where it comes back."""
    time, voice = draft.reading.time, draft.reading.voice
    theme = section.chords[0] - BEAT
    if time < theme:
        return draft.quoted.get((time, voice))
    begin, close = section.returning
    since = time - begin
    return draft.said.get((since, voice)) if 0 <= since < theme and time < close - BEAT else None


@dataclass(frozen=True)
class _Theme:
    """What a section begins with: tokens by sixteenth and voice."""

    section: Section
    said: Said

    def suits(self, section: Section) -> bool:
        """Whether another section can begin so."""
        own = self.section
        return (section.key, section.entry) == (own.key, own.entry)


class _Draft:
    """What is written so far, and what the net says of it.

    Attributes:
        said: tokens by sixteenth and voice.
        quoted: what it begins with, if that is given.
    """

    def __init__(self, reading: Reading, rules: Rules) -> None:
        self.reading, self.rules = reading, rules
        self.bars: list[tuple[int, ...]] = []
        self.said: Said = {}
        self.quoted: Said = {}
        self.logits: npt.NDArray[np.float64] = np.zeros(0)
        self.state: State | None = None

    def copied(self) -> _Draft:
        found = _Draft(self.reading.copied(), self.rules)
        found.bars, found.logits, found.state = [*self.bars], self.logits, self.state
        found.said, found.quoted = {**self.said}, self.quoted
        return found


def joined(pieces: Sequence[tuple[Section, Piece]]) -> tuple[Note, ...]:
    """The notes of all sections, in the order of time and voices."""
    return tuple(
        Note(section.first + note.start, note.voice, note.duration, note.pitch)
        for section, piece in pieces
        for note in piece.notes
    )
