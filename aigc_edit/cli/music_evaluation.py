"""A style beside what it learnt from: what it foretells, and what it writes."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aigc_edit.errors import UsageError

if TYPE_CHECKING:
    from aigc_edit.models.music import Composer, Corpus, Figures, Piece

_BEATS = 40  # to the last chord of a piece that is judged: one section
_RING = 4
_ROLLS = 10  # pieces that are drawn
_SMALL_RATE = 1e-2  # a net of 32 units learns best so, of 3e-3, 1e-2 and 3e-2
_ORDER = 5
_FIGURES, _SHEET = "evaluation.json", "rolls.png"


@dataclass(frozen=True)
class MusicFound:
    """What came out of an evaluation."""

    conditions: Mapping[str, Any]
    models: Mapping[str, Figures]
    qualities: Mapping[str, Any]
    pieces: Sequence[Piece]

    def tables(self) -> Iterator[list[tuple[str, ...]]]:
        """What is foretold, then what is written; heads first."""
        rows: list[tuple[str, ...]] = [
            ("of the test part", "nll, nats", "nll of notes", "next note right")
        ]
        for name, it in self.models.items():
            rows.append((name, f"{it.nll:.3f}", f"{it.note_nll:.3f}", f"{it.accuracy:.1%}"))
        yield rows
        rows = [("of pieces", "corpus 5 %", "median", "95 %", "written", "within")]
        for name, it in self.qualities.items():
            figures = (it.low, it.middle, it.high, it.written)
            rows.append((name, *(f"{value:.3f}" for value in figures), f"{it.within:.0%}"))
        yield rows

    def written(self, folder: Path) -> list[Path]:
        """Writes the figures and piano rolls; gives their paths."""
        import torch

        from aigc_edit.cli.common import write_text
        from aigc_edit.models.music import sheet
        from aigc_edit.models.training import write_png

        folder.mkdir(parents=True, exist_ok=True)
        facts = {
            **self.conditions,
            "models": {name: asdict(it) for name, it in self.models.items()},
            "qualities": {name: asdict(it) for name, it in self.qualities.items()},
        }
        write_text(folder / _FIGURES, json.dumps(facts, indent=1, ensure_ascii=False) + "\n")
        write_png(folder / _SHEET, torch.from_numpy(sheet(self.pieces[:_ROLLS])))
        return [folder / _FIGURES, folder / _SHEET]


@dataclass(frozen=True)
class MusicEvaluation:
    """What is evaluated, and how much of it.

    Attributes:
        style: a style's name or file of weights.
        corpus: as `train music-lstm` takes it.
        pieces: how many are written.
        small_steps: how long the small net learns; 0 leaves it out.
    """

    style: str
    corpus: str
    pieces: int
    small_steps: int
    say: Callable[[str], None]

    def found(self) -> MusicFound:
        """Raises AigcEditError where style or corpus are missing, or do not go together."""
        from aigc_edit.engine import read_corpus
        from aigc_edit.models.music import Composer, compared
        from aigc_edit.models.shelf import STYLES

        net = Composer.load(STYLES.find(self.style).path)
        net.eval()
        corpus = read_corpus(self.corpus, net.config.voices)
        if not set(corpus.styles) <= set(net.vocabulary.styles):
            known = " ".join(net.vocabulary.styles)
            what = f"{self.style} knows {known}, the corpus is {' '.join(corpus.styles)}"
            raise UsageError(what, cure="Name the corpus that it learnt from.")
        self.say(f"writing {self.pieces} pieces")
        written = list(self._written(net, corpus))
        return MusicFound(
            conditions={"style": self.style, "corpus": self.corpus, "pieces": len(written)},
            models=dict(self._models(net, corpus)),
            qualities=compared([work.piece for work in corpus.train], written),
            pieces=written,
        )

    def _written(self, net: Composer, corpus: Corpus) -> Iterator[Piece]:
        """Pieces in all keys; modes and densities as often as the corpus has them."""
        import numpy as np

        from aigc_edit.models.music import Head, Key, Sampling, Writer, density, sections

        chances = np.random.default_rng(1)
        writer = Writer(net, Sampling(), chances)
        for _ in range(self.pieces):
            model = corpus.train[int(chances.integers(len(corpus.train)))].piece
            key = Key(int(chances.integers(12)), model.key.mode)
            (section,) = sections(
                key, net.config.usual_meter, last=_BEATS, ring=_RING, cuts=frozenset()
            )
            head = Head(net.vocabulary.styles[0], net.config.voices, density(model))
            yield writer.section(section, head)

    def _models(self, net: Composer, corpus: Corpus) -> Iterator[tuple[str, Figures]]:
        from aigc_edit.models.music import judged, lstm_model, ngram_model

        works = corpus.test
        if not works:
            self.say("the corpus is too small for a test part: nothing is foretold")
            return
        self.say(f"foretelling {len(works)} pieces of the test part")
        yield self.style, judged(lstm_model(net), works, net.vocabulary)
        counted = ngram_model(corpus.train, net.vocabulary, _ORDER)
        yield f"n-gram of order {_ORDER}", judged(counted, works, net.vocabulary)
        if self.small_steps:
            small = self._small(corpus)
            yield "LSTM of 1 x 32", judged(lstm_model(small), works, small.vocabulary)

    def _small(self, corpus: Corpus) -> Composer:
        """The textbook size, trained here."""
        from dataclasses import replace

        from aigc_edit.models.music import SMALL, Composer, ComposerObjective, ComposerRecipe
        from aigc_edit.models.training import TrainingPlan, train

        config = replace(SMALL, styles=" ".join(corpus.styles))
        self.say(f"training an LSTM of 1 x 32 for {self.small_steps} steps")
        with tempfile.TemporaryDirectory() as folder:
            plan = TrainingPlan(Path(folder), self.small_steps, rate=_SMALL_RATE)
            objective = ComposerObjective(corpus, ComposerRecipe(validate_every=0), config)
            net = Composer.load(train(plan, lambda: objective, lambda _: None))
        net.eval()
        return net
