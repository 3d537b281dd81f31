"""How well a model foretells pieces that it never saw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from aigc_edit.models.music.net import Composer
from aigc_edit.models.music.ngram import NGram
from aigc_edit.models.music.objective import Transposed
from aigc_edit.models.music.tokens import HEAD, Mask, Vocabulary, choices, encoded
from aigc_edit.models.music.works import Work

_GIVEN = 1 + len(HEAD) + 1
# Of a piece's n tokens: log p of each token after the first, float64 [n - 1, tokens].
Model = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Figures:
    """Means over tokens.

    Attributes:
        nll: -log p of what came, nats, over all tokens of the music; its head, and where in a
            bar it begins, are given.
        note_nll: the same over what voices do, with p shared among the tokens that may come:
            what the grammar says already counts for nobody.
        accuracy: how often the likeliest of those came.
        tokens, notes: how many the means are over.
    """

    nll: float
    note_nll: float
    accuracy: float
    tokens: int
    notes: int


def judged(model: Model, works: Sequence[Work], vocabulary: Vocabulary) -> Figures:
    """Figures over all tokens of the works."""
    seen = [_of_piece(model, work, vocabulary) for work in works]
    nll, notes, hits = (np.concatenate(them) for them in zip(*seen, strict=True))
    return Figures(float(nll.mean()), float(notes.mean()), float(hits.mean()), len(nll), len(notes))


def _of_piece(
    model: Model, work: Work, vocabulary: Vocabulary
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], Mask]:
    tokens = np.array(encoded(work.piece, work.style, vocabulary))
    allowed = choices(tokens.tolist(), vocabulary)[_GIVEN:]
    logs, came = model(tokens)[_GIVEN - 1 :], tokens[_GIVEN:]
    among = np.where(allowed, logs, -np.inf)
    among = among - np.logaddexp.reduce(among, axis=1, keepdims=True)
    rows, place = np.arange(len(came)), vocabulary.span("place")
    notes = ((came < place.start) | (came >= place.stop)) & (
        came != vocabulary.number("mark", "end")
    )
    hits: Mask = among.argmax(1) == came
    return -logs[rows, came], -among[rows, came][notes], hits[notes]


def lstm_model(net: Composer) -> Model:
    """Each piece as one sequence, from its start."""

    def logs(tokens: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        with torch.no_grad():
            logits, _ = net(torch.from_numpy(tokens)[None, :-1])
        return np.asarray(logits[0].double().log_softmax(-1).numpy())

    return logs


def ngram_model(works: Sequence[Work], vocabulary: Vocabulary, order: int = 5) -> Model:
    """Counts of the works in all the keys that a net is shown them in."""
    shown = Transposed(works, vocabulary)
    keys = [(number, shift) for number, them in enumerate(shown.shifts) for shift in them]
    counted = NGram(
        [shown.moved(number, shift).numpy() for number, shift in keys], len(vocabulary), order
    )

    def logs(tokens: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        ends = range(1, len(tokens))
        return np.log([counted.distribution(tokens[max(0, e - order + 1) : e]) for e in ends])

    return logs
