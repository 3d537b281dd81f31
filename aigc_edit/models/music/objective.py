"""How the net learns: by saying the next token of pieces in many keys."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import mode

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 -- its name everywhere

from aigc_edit.errors import UsageError
from aigc_edit.models.music.net import Composer, ComposerConfig, State
from aigc_edit.models.music.notes import Piece
from aigc_edit.models.music.tokens import HEAD, Vocabulary, encoded
from aigc_edit.models.music.works import Corpus, Work
from aigc_edit.models.training import Architecture, Config, Turn, Update

IGNORED = -100  # a target that nobody is asked for; torch's own number for it
_NET = "composer"
_HEAD = 1 + len(HEAD)  # tokens before the music begins
_OCTAVE = range(-6, 6)  # semitones; further is the same key again


@dataclass(frozen=True)
class ComposerRecipe:
    """What the net is shown in a step.

    Attributes:
        batch: pieces side by side.
        window: tokens that gradients go back through (truncated backpropagation through time,
            Williams & Peng 1990).
        windows: how many of them follow one another in a step, each a move of the net, while the
            state is carried on.
        validate_every: steps between two looks at the validation part; 0: never.
    """

    batch: int = 16
    window: int = 128
    windows: int = 4
    validate_every: int = 50

    def __post_init__(self) -> None:
        for name in ("batch", "window", "windows"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}", cure="Give 1 or more.")


class ComposerObjective:
    """Lowers the cross-entropy of the next token, -log p(token | those before), its mean in nats.

    Each piece is moved to any key in which all its voices stay where the corpus's voices are.
    """

    kept = _NET

    def __init__(
        self,
        corpus: Corpus,
        recipe: ComposerRecipe | None = None,
        config: ComposerConfig | None = None,
    ) -> None:
        self._recipe = recipe or ComposerRecipe()
        self._net = Composer(config or config_for(corpus))
        self._pieces = Transposed(corpus.train, self._net.vocabulary)
        self._validation = self._fixed(corpus.validation)
        self._content = {"pieces": len(corpus.train), "content": _digest(corpus.train)}

    @property
    def nets(self) -> dict[str, nn.Module]:
        return {_NET: self._net}

    @property
    def architecture(self) -> Architecture:
        return self._net.architecture

    @property
    def recipe(self) -> Config:
        return {**asdict(self._recipe), **self._content}

    def optimizer(self, net: nn.Module, rate: float) -> torch.optim.Optimizer:
        return torch.optim.Adam(net.parameters(), rate)

    def updates(self, turn: Turn) -> Iterator[Update]:
        recipe = self._recipe
        length = recipe.window * recipe.windows
        tokens = self._pieces.draw(recipe.batch, length).to(turn.device)
        state: State | None = None
        for first in range(0, length, recipe.window):
            window = tokens[:, first : first + recipe.window + 1]
            if (window[:, 1:] == IGNORED).all():
                return
            logits, after = self._net(window[:, :-1].clamp(min=0), state)
            state = (after[0].detach(), after[1].detach())
            figures = {} if first else self._validated(turn)
            yield Update(_NET, {"nll": next_token_nll(logits, window[:, 1:])}, figures)

    def picture(self, net: nn.Module) -> Tensor | None:  # noqa: ARG002 -- the loop's protocol
        return None

    def _validated(self, turn: Turn) -> dict[str, Tensor]:
        """The mean of -log p over the validation part's first windows, now and then."""
        every = self._recipe.validate_every
        if self._validation is None or not every or turn.step % every:
            return {}
        tokens = self._validation.to(turn.device)
        self._net.eval()
        with torch.no_grad():
            logits, _ = self._net(tokens[:, :-1].clamp(min=0))
            figure = next_token_nll(logits, tokens[:, 1:])
        self._net.train()
        return {"validation nll": figure}

    def _fixed(self, works: Sequence[Work]) -> Tensor | None:
        """The beginnings of validation pieces as they are; int64 [pieces, length + 1]."""
        if not works:
            return None
        length = self._recipe.window * self._recipe.windows
        pieces = [encoded(work.piece, work.style, self._net.vocabulary) for work in works]
        return torch.stack([_filled(torch.tensor(piece), length + 1) for piece in pieces])


def config_for(corpus: Corpus, width: int = 256, layers: int = 3) -> ComposerConfig:
    """A net for a corpus: its styles, and how many voices and what metre most pieces have."""
    works = corpus.train
    return ComposerConfig(
        styles=" ".join(corpus.styles),
        width=width,
        layers=layers,
        voices=mode(work.piece.voices for work in works) if works else 4,
        meter=str(mode(work.piece.meter for work in works)) if works else "4/4",
    )


def next_token_nll(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean of -log p(target) in nats; logits [B, T, tokens], targets int64 [B, T] or IGNORED."""
    return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED)


class Transposed:
    """Random stretches of pieces in random keys."""

    def __init__(self, works: Sequence[Work], vocabulary: Vocabulary) -> None:
        if not works:
            raise UsageError("there are no pieces to learn from", cure="Name a larger corpus.")
        pieces = [(work, encoded(work.piece, work.style, vocabulary)) for work in works]
        self.pieces = [torch.tensor(tokens) for _, tokens in pieces]
        reach = _reach([work.piece for work in works])
        self.shifts = [_shifts(work.piece, reach) for work in works]
        tables = [torch.from_numpy(vocabulary.moved(shift)) for shift in _OCTAVE]
        self._tables = torch.stack(tables)  # [12, tokens]
        self._place = vocabulary.span("place")
        self._lengths = torch.tensor([float(len(tokens)) for tokens in self.pieces])

    def draw(self, count: int, length: int) -> Tensor:
        """int64 [count, length + 1], by torch's own generator; IGNORED after the end of a piece.

        Longer pieces are drawn more often, so that all bars are alike. Each row begins with the
        head of its piece, and goes on at any sixteenth of it; only true beginnings have the
        token of the start.
        """
        chosen = torch.multinomial(self._lengths, count, replacement=True).tolist()
        return torch.stack([self._stretch(number, length + 1) for number in chosen])

    def moved(self, number: int, semitones: int) -> Tensor:
        """All tokens of a piece in another key."""
        return self._tables[semitones - _OCTAVE.start][self.pieces[number]]

    def _stretch(self, number: int, length: int) -> Tensor:
        tokens, shifts = self.pieces[number], self.shifts[number]
        begin = self._begin(tokens, length)
        shift = shifts[int(torch.randint(len(shifts), ()))]
        joined = torch.cat([tokens[int(begin > _HEAD) : _HEAD], tokens[begin:]])[:length]
        return _filled(self._tables[shift - _OCTAVE.start][joined], length)

    def _begin(self, tokens: Tensor, length: int) -> int:
        """A sixteenth, early enough that most of a stretch is filled."""
        last = max(_HEAD, len(tokens) - length // 2)
        begin = int(torch.randint(_HEAD - length // 4, last + 1, ()))  # true beginnings, too
        places = (tokens >= self._place.start) & (tokens < self._place.stop)
        after = places[max(begin, _HEAD) :].nonzero()
        return max(begin, _HEAD) + int(after[0, 0]) if len(after) else _HEAD


def _filled(tokens: Tensor, length: int) -> Tensor:
    return F.pad(tokens[:length], (0, max(0, length - len(tokens))), value=IGNORED)


def _reach(pieces: Sequence[Piece]) -> dict[tuple[int, int], tuple[int, int]]:
    """Lowest and highest pitch of each voice, by how many there are and which."""
    found: dict[tuple[int, int], list[int]] = {}
    for piece in pieces:
        for note in piece.notes:
            found.setdefault((piece.voices, note.voice), []).append(note.pitch)
    return {voice: (min(pitches), max(pitches)) for voice, pitches in found.items()}


def _shifts(piece: Piece, reach: dict[tuple[int, int], tuple[int, int]]) -> list[int]:
    """Semitones by which the piece can be moved, none among them."""
    bounds = [(reach[piece.voices, note.voice], note.pitch) for note in piece.notes]
    down = max(low - pitch for (low, _), pitch in bounds)
    up = min(high - pitch for (_, high), pitch in bounds)
    return [shift for shift in _OCTAVE if down <= shift <= up]


def _digest(works: Sequence[Work]) -> str:
    """Tells one set of pieces from another."""
    content = repr([(work.style, work.piece) for work in works])
    return hashlib.sha256(content.encode()).hexdigest()[:16]
