"""The net: what token comes next, as a stack of LSTM layers has it from all before."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from aigc_edit.models.music.notes import METERS, MOST_VOICES, Meter
from aigc_edit.models.music.tokens import VERSION, Vocabulary
from aigc_edit.models.training import Architecture, load_weights

_MOST = (1024, 1024, 8)  # what a file of weights may ask for
State = tuple[Tensor, Tensor]  # h and c, each [layers, B, width]


@dataclass(frozen=True)
class ComposerConfig:
    """Sizes of the net, and what its tokens mean.

    Attributes:
        styles: names of the styles, with a blank between.
        embedding: numbers that stand for a token.
        width: units of a layer.
        layers: one above the other.
        dropout: share of the values between layers that are left out in training (Zaremba et
            al. 2014, arXiv 1409.2329).
        vocabulary: version of the tokens.
        voices, meter: what most pieces have that it learnt from.
    """

    styles: str = "bach"
    embedding: int = 64
    width: int = 256
    layers: int = 3
    dropout: float = 0.3
    vocabulary: int = VERSION
    voices: int = 4
    meter: str = "4/4"

    def __post_init__(self) -> None:
        sizes = (self.embedding, self.width, self.layers)
        if not all(1 <= size <= most for size, most in zip(sizes, _MOST, strict=True)):
            raise ValueError(f"no such net: {self}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"a dropout of {self.dropout}")
        if self.vocabulary != VERSION:
            raise ValueError(f"its tokens are version {self.vocabulary}, ours {VERSION}")
        if not 1 <= self.voices <= MOST_VOICES or self.meter not in map(str, METERS):
            raise ValueError(f"no pieces have {self.voices} voices in {self.meter}")

    @property
    def usual_meter(self) -> Meter:
        return next(meter for meter in METERS if str(meter) == self.meter)


SMALL = ComposerConfig(embedding=32, width=32, layers=1, dropout=0.0)  # the textbook size


class Composer(nn.Module):
    """p(next token | all before), after Liang et al. 2017 ("BachBot"): 3 layers of 256 units.

    A layer's cell, at token t (Hochreiter & Schmidhuber 1997; the forget gate f: Gers et al. 2000):

        i = s(W_i x + U_i h + b_i)      f = s(W_f x + U_f h + b_f)
        o = s(W_o x + U_o h + b_o)      g = tanh(W_g x + U_g h + b_g)
        c <- f * c + i * g              h <- o * tanh(c)

    where s is the logistic function and x what the layer below says.
    """

    name, version = "music-lstm", 1

    def __init__(self, config: ComposerConfig | None = None) -> None:
        super().__init__()
        self.config = config or ComposerConfig()
        size, width, layers = self.config.embedding, self.config.width, self.config.layers
        self.vocabulary = Vocabulary(tuple(self.config.styles.split()))
        between = self.config.dropout if layers > 1 else 0.0
        self.embedding = nn.Embedding(len(self.vocabulary), size)
        self.lstm = nn.LSTM(size, width, layers, batch_first=True, dropout=between)
        self.drop = nn.Dropout(self.config.dropout)
        self.output = nn.Linear(width, len(self.vocabulary))
        self._remember()

    @torch.no_grad()
    def _remember(self) -> None:
        """Forget gates begin open (Gers et al. 2000; Jozefowicz et al. 2015)."""
        width = self.config.width
        for name, values in self.lstm.named_parameters():
            if name.startswith("bias_ih"):
                values[width : 2 * width] += 1  # torch's order: input, forget, cell, output

    @property
    def architecture(self) -> Architecture:
        return Architecture(self.name, self.version, asdict(self.config))

    @classmethod
    def load(cls, path: Path) -> Composer:
        """The net with the weights of a file. Raises ModelError where they are not for it."""
        return load_weights(
            path, cls.name, cls.version, lambda **sizes: cls(ComposerConfig(**sizes))
        )

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Logits of what follows each token, and where to go on from.

        Args:
            tokens: int64 [B, T].
            state: after the tokens before these; None at the start.

        Returns:
            float [B, T, tokens], and the state after the last one.
        """
        said, state = self.lstm(self.drop(self.embedding(tokens)), state)
        return self.output(self.drop(said)), state


class Stepper:
    """A net token by token, as sampling needs it: about ten times quicker than `forward` on a CPU.

    torch's own LSTM puts the weights in another order in each call, which takes longer than the
    products of one token. Later changes of the net's weights do not arrive here.
    """

    def __init__(self, net: Composer) -> None:
        self._net = net
        weights = {name: value.detach() for name, value in net.lstm.named_parameters()}
        self._layers = [
            (
                weights[f"weight_ih_l{layer}"].T.contiguous(),
                weights[f"weight_hh_l{layer}"].T.contiguous(),
                weights[f"bias_ih_l{layer}"] + weights[f"bias_hh_l{layer}"],
            )
            for layer in range(net.config.layers)
        ]

    @torch.no_grad()
    def step(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Logits of what follows, float [B, tokens], and the state; `tokens`: int64 [B]."""
        said = self._net.embedding(tokens)
        before = state or self._silence(len(tokens))
        hidden, cells = [], []
        for (inner, outer, bias), h, c in zip(self._layers, *before, strict=True):
            gates = torch.addmm(bias, said, inner).addmm_(h, outer)
            i, f, g, o = gates.chunk(4, dim=1)
            cells.append(f.sigmoid() * c + i.sigmoid() * g.tanh())
            said = o.sigmoid() * cells[-1].tanh()
            hidden.append(said)
        return self._net.output(said), (torch.stack(hidden), torch.stack(cells))

    def _silence(self, count: int) -> State:
        config = self._net.config
        zeros = self._net.embedding.weight.new_zeros(config.layers, count, config.width)
        return zeros, zeros
