"""Measures our batches of Whisper against `whisper.transcribe`, window by window, as a ratio.

Both take the same sound, windows of half a minute, and the same checkpoint: the size of `base` by
default, with random weights, since weights do not change what a window costs, and no download is
needed. Both give words with times.

What a net decides is decided here, so that both do the same work:

- `decode`, which both call, writes exactly `--tokens` tokens of text for each window: timestamps
  and the end are suppressed, and the number is bounded. 110 is what half a minute of talk takes.
- The text then ends with a timestamp of the window's end, as it does for `whisper.transcribe` where
  talk goes on; without, it would step back to its last word and decode parts twice.
- No window is tried again at another temperature: random weights are as unsure as can be, so
  both are told that the text looks right.
- The language is given to both, and no text is carried from window to window.

Not measured, since only one of them does it: finding the speech, and reading the file.

What batches can save is the decoder's part: the weights are read once a token for all windows.
The encoder is as busy with four windows as with four times one; but `whisper.transcribe` runs it
twice, for the text and for the times of words, where we run it once.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import whisper
from whisper.audio import N_SAMPLES
from whisper.tokenizer import get_tokenizer

from aigc_edit.models.recognizer import RecognizerSettings, SpeechWindow
from aigc_edit.models.whisper import Whisper
from aigc_edit.models.windows import MOST_SECONDS
from aigc_edit.timeline import Span

REACH = 1.5  # on two cores
# Of openai-whisper's models: audio and text are as wide and as deep as each other.
SIZES = {"tiny": (384, 6, 4), "base": (512, 8, 6), "small": (768, 12, 12)}
Samples = npt.NDArray[np.float32]


def checkpoint(size: str, folder: Path) -> Path:
    """A file as openai-whisper writes them, of random weights."""
    width, heads, layers = SIZES[size]
    dims = whisper.model.ModelDimensions(
        n_mels=80,
        n_audio_ctx=1500,
        n_audio_state=width,
        n_audio_head=heads,
        n_audio_layer=layers,
        n_vocab=51_865,
        n_text_ctx=448,
        n_text_state=width,
        n_text_head=heads,
        n_text_layer=layers,
    )
    torch.manual_seed(0)
    model = whisper.model.Whisper(dims)
    torch.nn.init.normal_(model.decoder.positional_embedding, std=0.02)  # it is left as it was
    path = folder / f"random_{size}.pt"
    torch.save({"dims": asdict(dims), "model_state_dict": model.state_dict()}, path)
    return path


class EvenWhisper:
    """Makes `decode` of a model write so many tokens for any window, and be sure of them.

    Attributes:
        encoding, decoding: seconds that the encoder took, and writing without it.
    """

    def __init__(self, model: Any, tokens: int) -> None:
        tokenizer = get_tokenizer(multilingual=True)
        self._tokens = tokens
        self._no_text = list(range(tokenizer.eot, model.dims.n_vocab))
        self._end = tokenizer.timestamp_begin + MOST_SECONDS * 50
        self._written, self._encoded = model.decode, model.encoder.forward
        self.encoding = self.decoding = 0.0
        model.decode, model.encoder.forward = self._decode, self._encode

    def _encode(self, mel: torch.Tensor) -> torch.Tensor:
        started = now()
        found: torch.Tensor = self._encoded(mel)
        self.encoding += now() - started
        return found

    def _decode(self, mel: torch.Tensor, options: whisper.DecodingOptions) -> Any:
        started, encoding = now(), self.encoding
        same = replace(
            options,
            sample_len=self._tokens,
            suppress_tokens=[-1, *self._no_text],
            without_timestamps=True,
        )
        found = self._written(mel, same)
        self.decoding += now() - started - (self.encoding - encoding)
        return [self._sure(one) for one in found] if isinstance(found, list) else self._sure(found)

    def _sure(self, found: Any) -> Any:
        if len(found.tokens) != self._tokens:
            raise RuntimeError(f"{len(found.tokens)} tokens were written, not {self._tokens}")
        tokens = [*found.tokens, self._end]
        return replace(found, tokens=tokens, avg_logprob=-0.3, compression_ratio=1.5)


def now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


@dataclass(frozen=True)
class Cost:
    """Seconds of one run: in all, of the encoder, and of writing text."""

    total: float
    encoding: float
    decoding: float

    def cells(self, name: str) -> list[str]:
        rest = self.total - self.encoding - self.decoding
        parts = (self.total, self.encoding, self.decoding, rest)
        return [name, *(f"{seconds:.2f} s" for seconds in parts)]


class Contender:
    """One way to do the work, and what each run of it costs."""

    def __init__(self, model: Any, tokens: int, work: Callable[[], object]) -> None:
        self._even, self._work = EvenWhisper(model, tokens), work

    def cost(self) -> Cost:
        self._even.encoding = self._even.decoding = 0.0
        started = now()
        self._work()
        return Cost(now() - started, self._even.encoding, self._even.decoding)


def by_batches(path: Path, sound: Samples, tokens: int, device: str) -> Contender:
    engine = Whisper(RecognizerSettings(str(path), language="en", device=device))
    engine.begin()
    windows = [
        SpeechWindow(Fraction(MOST_SECONDS * number), part, (Span(0, MOST_SECONDS),))
        for number, part in enumerate(sound.reshape(-1, N_SAMPLES))
    ]

    def work() -> None:
        for first in range(0, len(windows), engine.batch):
            engine.recognize(windows[first : first + engine.batch])

    return Contender(engine._model, tokens, work)  # noqa: SLF001 -- of no use to stages


def by_transcribe(path: Path, sound: Samples, tokens: int, device: str) -> Contender:
    model = whisper.load_model(str(path), device=device)

    def work() -> None:
        model.transcribe(
            sound,
            language="en",
            temperature=0.0,
            word_timestamps=True,
            condition_on_previous_text=False,
            fp16=device != "cpu",
        )

    return Contender(model, tokens, work)


def median(costs: Sequence[Cost]) -> Cost:
    return sorted(costs, key=lambda cost: cost.total)[len(costs) // 2]


def row(*cells: str) -> None:
    print(" | ".join(cells), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", choices=SIZES, default="base")
    parser.add_argument("--windows", type=int, default=8, help="half minutes of sound")
    parser.add_argument("--tokens", type=int, default=110, help="written for each window")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    asked = parser.parse_args()
    noise = np.random.default_rng(0).normal(0, 0.1, asked.windows * N_SAMPLES)
    with tempfile.TemporaryDirectory() as folder:
        job = checkpoint(asked.size, Path(folder)), noise.astype(np.float32)
        ours, theirs = (
            make(*job, asked.tokens, asked.device) for make in (by_batches, by_transcribe)
        )
    pairs = [(ours.cost(), theirs.cost()) for _ in range(asked.rounds + 1)][1:]  # one to warm up
    row(f"{asked.size}, {torch.get_num_threads()} threads", "in all", "encoder", "text", "rest")
    row("---", "---", "---", "---", "---")
    row(*median([their for _, their in pairs]).cells("whisper.transcribe"))
    row(*median([our for our, _ in pairs]).cells("in batches"))
    ratio = statistics.median(their.total / our.total for our, their in pairs)
    verdict = "reached" if ratio >= REACH else "missed"
    row(f"times as fast: {ratio:.2f}", f"to reach: {REACH}", verdict)


if __name__ == "__main__":
    main()
