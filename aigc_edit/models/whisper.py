"""Whisper (Radford et al., 2022, arXiv 2212.04356) over many windows at once.

The encoder sees each window once; language, text and word times all come from what it found.
Word times are Whisper's own: the path of least cost (dynamic time warping) through the
cross-attention of its alignment heads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from aigc_edit.errors import ModelError, one_line
from aigc_edit.models.alignment import first_frames, followed
from aigc_edit.models.loops import without_loops
from aigc_edit.models.recognizer import Recognizer
from aigc_edit.models.windows import Window
from aigc_edit.timeline import Span, Word, on_clock

if TYPE_CHECKING:
    from torch import Tensor

_SOME_LANGUAGES = "Codes are those of ISO 639-1, such as en, de, zh."
Task = Literal["transcribe", "translate"]
_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# Whisper's own thresholds (section 4.5 of the paper): text that repeats itself compresses well.
_REPETITIVE, _UNSURE, _SILENT = 2.4, -1.0, 0.6
# Signs that belong to the word after or before them, also of East Asian scripts.
_OPENING = "\"'([{-\u201c\u00bf"
_CLOSING = "\"'.,!?:)]}\u201d\u3001\u3002\uff0c\uff01\uff1a\uff1f"
_TOKENS_A_SECOND = 50  # frames of the encoder
_BATCH = {"cpu": 4}
_LARGE_BATCH = 16


@dataclass(frozen=True)
class WhisperSettings:
    """How Whisper works.

    Attributes:
        checkpoint: a file with `dims` and `model_state_dict`.
        model: which of Whisper's own models it is, so that it is known which heads of the
            cross-attention follow the words; empty: those of the upper half of the decoder.
        language: ISO 639-1 code; empty: what it hears at first.
        prompt: words that are likely to occur, such as names.
        device: where the net runs.
    """

    checkpoint: Path
    model: str = ""
    language: str = ""
    task: Task = "transcribe"
    prompt: str = ""
    device: str = "cpu"


class Whisper(Recognizer):
    """Words of any of its languages, out of windows of speech.

    Raises:
        ModelError: the checkpoint is none, or of another net; a language that it does not know.
    """

    def __init__(self, settings: WhisperSettings) -> None:
        self._settings = settings
        self._model = _loaded(settings)
        self.language = settings.language if self._model.is_multilingual else "en"
        if self.language not in ("", *_languages()):
            raise ModelError(f"Whisper knows no language {self.language!r}", cure=_SOME_LANGUAGES)
        self.batch = _BATCH.get(settings.device, _LARGE_BATCH)

    def words(self, windows: Sequence[Window]) -> list[Word]:
        import torch

        with torch.inference_mode(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # higher temperatures draw words
            features = self._model.encoder(self._mels(windows))
            self.language = self.language or self._heard_language(features)
            results = self._decoded(features)
            return [
                word
                for window, found, result in zip(windows, features, results, strict=True)
                for word in self._aligned(window, found, result)
            ]

    def _mels(self, windows: Sequence[Window]) -> Tensor:
        """[B, mels, 3000]: log-mel spectra, padded to half a minute."""
        import torch
        from whisper.audio import N_SAMPLES, log_mel_spectrogram, pad_or_trim

        count = self._model.dims.n_mels
        sounds = np.stack([pad_or_trim(window.samples, N_SAMPLES) for window in windows])
        mels: Tensor = log_mel_spectrogram(torch.from_numpy(sounds), count)
        return mels.to(self._settings.device, self._dtype)

    @property
    def _dtype(self) -> Any:
        import torch

        return torch.float32 if self._settings.device == "cpu" else torch.float16

    def _heard_language(self, features: Tensor) -> str:
        """The language that is most likely over all windows."""
        _, found = self._model.detect_language(features)
        total = {str(code): float(sum(p[code] for p in found)) for code in found[0]}
        return max(total, key=lambda code: total[code])

    def _decoded(self, features: Tensor) -> list[Any]:
        """A result for each window; those that look wrong are tried again, warmer each time."""
        results: list[Any] = [None] * len(features)
        left = list(range(len(features)))
        for temperature in _TEMPERATURES:
            found = self._model.decode(features[left], self._options(temperature))
            for place, result in zip(left, found, strict=True):
                results[place] = result
            left = [place for place in left if _looks_wrong(results[place])]
            if not left:
                break
        return results

    def _options(self, temperature: float) -> Any:
        from whisper import DecodingOptions

        return DecodingOptions(
            task=self._settings.task,
            language=self.language,
            temperature=temperature,
            prompt=self._settings.prompt or None,
            without_timestamps=True,
            fp16=self._dtype.itemsize == 2,
        )

    def _aligned(self, window: Window, features: Tensor, result: Any) -> Iterator[Word]:
        if _is_silent(result):
            return
        timings = without_loops(
            self._timings(window, features, result.tokens), key=lambda found: found.text.lower()
        )
        for text, start, end, probability in timings:
            span = within_speech(start, end, window.speech)
            if span is not None:
                moved = Span(window.start + span.start, window.start + span.end)
                yield Word(moved, text, probability)

    def _timings(self, window: Window, features: Tensor, written: Sequence[int]) -> list[_Timing]:
        """When each word of a text is said, in seconds of the window."""
        tokenizer = self._tokenizer()
        tokens = [token for token in written if token < tokenizer.eot]  # no timestamps
        if not tokens:
            return []
        scores, probabilities = self._attention(tokenizer, tokens, features)
        frames = min(scores.shape[-1], int(window.duration * _TOKENS_A_SECOND) + 1)
        starts = first_frames(followed(scores[..., :frames])[-1 - len(tokens) :])
        edges = [Fraction(int(frame), _TOKENS_A_SECOND) for frame in starts]
        texts, parts = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
        places = [0, *accumulate(len(part) for part in parts[:-1])]
        return _joined(
            _Timing(text, edges[a], edges[b], float(np.mean(probabilities[a:b])))
            for text, (a, b) in zip(texts[:-1], pairwise(places), strict=True)
        )

    def _attention(
        self, tokenizer: Any, tokens: Sequence[int], features: Tensor
    ) -> tuple[Tensor, Sequence[float]]:
        """Scores of the heads that follow words, [heads, rows, frames], where the last rows are
        before each token and at the end; and how likely each token was."""
        import torch
        from whisper.model import disable_sdpa

        start = (*tokenizer.sot_sequence, tokenizer.no_timestamps)
        row = torch.tensor([[*start, *tokens]], device=features.device)
        with _watched(self._model) as scores, disable_sdpa():
            logits = self._model.decoder(row, features[None])[0]
        said = logits[len(start) - 1 : -1].float().softmax(dim=-1)
        likely = said[torch.arange(len(tokens)), list(tokens)].tolist()
        heads = self._model.alignment_heads.indices().T.tolist()
        return torch.stack([scores[layer][0, head] for layer, head in heads]), likely

    def _tokenizer(self) -> Any:
        from whisper.tokenizer import get_tokenizer

        return get_tokenizer(
            self._model.is_multilingual,
            num_languages=self._model.num_languages,
            language=self.language,
            task=self._settings.task,
        )


class _Timing(NamedTuple):
    text: str
    start: Fraction
    end: Fraction
    probability: float


def _joined(timings: Iterable[_Timing]) -> list[_Timing]:
    """Signs joined to the words that they belong to."""
    found: list[_Timing] = []
    opening = ""
    for timing in timings:
        sign = timing.text.strip()
        if found and sign and sign in _CLOSING:
            found[-1] = found[-1]._replace(text=found[-1].text + sign)
        elif sign and sign in _OPENING and timing.text.startswith(" "):
            opening += timing.text
        elif sign:
            found.append(
                timing._replace(text=opening + (timing.text.lstrip() if opening else timing.text))
            )
            opening = ""
    return found


@contextmanager
def _watched(model: Any) -> Iterator[dict[int, Tensor]]:
    """Scores of the cross-attention of each layer, [1, heads, tokens, frames], once it ran."""
    seen: dict[int, Tensor] = {}

    def keep(layer: int) -> Any:
        return lambda _module, _given, result: seen.__setitem__(layer, result[-1])

    hooks = [
        block.cross_attn.register_forward_hook(keep(layer))
        for layer, block in enumerate(model.decoder.blocks)
    ]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def within_speech(start: Fraction, end: Fraction, speech: Sequence[Span]) -> Span | None:
    """The part of a word's time that lies in speech: the stretch where most of it lies.

    Attention begins a word in the silence before it and ends it in the silence after it. None
    where nobody speaks: the word was made up.
    """
    word = Span(on_clock(start), on_clock(max(start, end)))
    parts = [part for stretch in speech if (part := stretch.overlap(word)) is not None]
    return max(parts, key=lambda part: part.duration, default=None)


def _looks_wrong(result: Any) -> bool:
    unsure = result.avg_logprob < _UNSURE
    return not _is_silent(result) and (result.compression_ratio > _REPETITIVE or unsure)


def _is_silent(result: Any) -> bool:
    return bool(result.no_speech_prob > _SILENT and result.avg_logprob < _UNSURE)


def _languages() -> list[str]:
    from whisper.tokenizer import LANGUAGES

    return list(LANGUAGES)


def _loaded(settings: WhisperSettings) -> Any:
    """The net, without running code that a checkpoint may hold."""
    import pickle

    import torch
    import whisper

    try:
        with torch.random.fork_rng(devices=[]):  # weights are drawn before they are loaded
            model = whisper.load_model(str(settings.checkpoint), device=settings.device)
    except (RuntimeError, KeyError, TypeError, EOFError, OSError, pickle.UnpicklingError) as cause:
        raise ModelError(
            f"this is no checkpoint of Whisper ({one_line(cause)})",
            where=settings.checkpoint,
            cure="Name a model such as base, or a file that openai-whisper wrote.",
        ) from cause
    if settings.model:  # load_model knows the heads of what it fetched itself only
        model.set_alignment_heads(whisper._ALIGNMENT_HEADS[settings.model])  # noqa: SLF001
    if settings.device != "cpu":
        model = _halved(model)
    return model.eval()


def _halved(model: Any) -> Any:
    """In half precision, but for layer norms: Whisper gives them floats in any precision."""
    import torch

    for part in model.half().modules():
        if isinstance(part, torch.nn.LayerNorm):
            part.float()
    return model
