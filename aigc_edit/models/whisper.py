"""Whisper (Radford et al., 2022, arXiv 2212.04356) over many windows at once.

The encoder sees each window once; language, text and word times all come from what it found.
Word times are Whisper's own: the path of least cost (dynamic time warping) through the
cross-attention of its alignment heads.
"""

from __future__ import annotations

import hashlib
import sys
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aigc_edit.errors import ModelError, one_line
from aigc_edit.models.alignment import first_frames, followed
from aigc_edit.models.catalogue import whisper_languages
from aigc_edit.models.foreign import is_foreign
from aigc_edit.models.loops import without_loops
from aigc_edit.models.recognizer import AUTO, MULTI, Recognizer, SpeechWindow, Utterance
from aigc_edit.timeline import Word

if TYPE_CHECKING:
    from torch import Tensor

    from aigc_edit.models.store import Store

_USUAL, _ENGLISH = "base", "en"
_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# Whisper's own thresholds (section 4.5 of the paper): text that repeats itself compresses well.
_REPETITIVE, _UNSURE, _SILENT = 2.4, -1.0, 0.6
# Signs that belong to the word after or before them, also of East Asian scripts.
_OPENING = "\"'([{-\u201c\u00bf"
_CLOSING = "\"'.,!?:)]}\u201d\u3001\u3002\uff0c\uff01\uff1a\uff1f"
_TOKENS_A_SECOND = 50  # frames of the encoder
_BATCH = {"cpu": 4}
_LARGE_BATCH = 16


class Whisper(Recognizer):
    """Words of any of its languages, out of windows of speech.

    `model` is one of Whisper's own models, or a checkpoint: a file with `dims` and
    `model_state_dict`, in which the heads of the upper half of the decoder follow the words.
    """

    translates = True
    detects = True

    @property
    def languages(self) -> Sequence[str]:
        if self._model_name.endswith(".en"):
            return (_ENGLISH,)
        with suppress(ModelError):  # without the package: told when weights are asked for
            return whisper_languages()
        return ()

    def refusal(self) -> str:
        if self.settings.task == "translate" and self._model_name.endswith(".en"):
            return f"Whisper {self._model_name} knows English only, and translates nothing"
        return super().refusal()

    def is_ready(self) -> bool:
        if self._checkpoint_file() is not None:
            return True
        try:
            return _store().found(self._weights_name) is not None
        except ModelError:  # without the package there is no Whisper
            return False

    def weights(self) -> str:
        file = self._checkpoint_file()
        if file is not None:
            with file.open("rb") as opened:
                return hashlib.file_digest(opened, "sha256").hexdigest()
        store = _store()
        store.check_reachable(self._weights_name)
        return store[self._weights_name].sha256

    def report(self) -> Mapping[str, str]:
        return {"engine": f"Whisper {self._model_name}"}

    @property
    def _model_name(self) -> str:
        return _USUAL if self.settings.model == AUTO else self.settings.model

    @property
    def _weights_name(self) -> str:
        return f"whisper:{self._model_name}"

    def _checkpoint_file(self) -> Path | None:
        """The checkpoint that `model` names as a file, or None for the name of a model.

        Raises:
            ModelError: there is no such file.
        """
        given = self._model_name
        if "/" not in given and not given.endswith(".pt"):
            return None
        file = Path(given).expanduser()
        if not file.is_file():
            raise ModelError("no such checkpoint", where=file, cure="Name a file, or base.")
        return file

    def _own_weights(self) -> Path:
        """The file of one of Whisper's own models; says so where it must be fetched first."""
        store, name = _store(), self._weights_name
        if store.found(name) is None:
            sys.stderr.write(f"fetching {name}, {store[name].megabytes} MB\n")
        return store.ensured(name)

    def begin(self) -> None:
        checkpoint, device = self._checkpoint_file(), self.settings.device
        model = _loaded(checkpoint or self._own_weights(), device)
        if checkpoint is None:  # load_model knows the heads of what it fetched itself only
            import whisper

            model.set_alignment_heads(whisper._ALIGNMENT_HEADS[self._model_name])  # noqa: SLF001
        self._model = model
        self._language = self.settings.language if model.is_multilingual else _ENGLISH
        self.batch = _BATCH.get(device, _LARGE_BATCH)

    def recognize(self, windows: Sequence[SpeechWindow]) -> list[Utterance]:
        import torch

        with torch.inference_mode(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # higher temperatures draw words
            features = self._model.encoder(self._mels(windows))
            heard = {place: Utterance((), code) for place, code in self._foreign(features).items()}
            for language, places in self._by_language(features, besides=heard).items():
                results = self._decoded(features[places], language)
                for place, result in zip(places, results, strict=True):
                    words = self._aligned(windows[place], features[place], result, language)
                    heard[place] = Utterance(tuple(words), language)
            return [heard[place] for place in range(len(windows))]

    def _foreign(self, features: Tensor) -> Mapping[int, str]:
        """Windows in another language than was asked for, and that language."""
        if self.settings.language in (AUTO, MULTI) or not self._model.is_multilingual:
            return {}
        found = enumerate(self._likely_languages(features))
        return {
            place: max(likely, key=likely.__getitem__)
            for place, likely in found
            if is_foreign(likely, self.settings.language)
        }

    def _by_language(
        self, features: Tensor, besides: Container[int]
    ) -> Mapping[str, Sequence[int]]:
        """Which windows to decode in which language: a decode is in one language."""
        places = [place for place in range(len(features)) if place not in besides]
        if self._language == MULTI:
            found: defaultdict[str, list[int]] = defaultdict(list)
            for place, likely in zip(places, self._likely_languages(features), strict=True):
                found[max(likely, key=likely.__getitem__)].append(place)
            return found
        if self._language == AUTO:
            self._language = self._heard_language(features)
        return {self._language: places} if places else {}

    def _mels(self, windows: Sequence[SpeechWindow]) -> Tensor:
        """[B, mels, 3000]: log-mel spectra, padded to half a minute."""
        import torch
        from whisper.audio import N_SAMPLES, log_mel_spectrogram, pad_or_trim

        count = self._model.dims.n_mels
        sounds = np.stack([pad_or_trim(window.samples, N_SAMPLES) for window in windows])
        mels: Tensor = log_mel_spectrogram(torch.from_numpy(sounds), count)
        return mels.to(self.settings.device, self._dtype)

    @property
    def _dtype(self) -> Any:
        import torch

        return torch.float32 if self.settings.device == "cpu" else torch.float16

    def _heard_language(self, features: Tensor) -> str:
        """The language that is most likely over all windows."""
        found = self._likely_languages(features)
        total = {code: sum(likely[code] for likely in found) for code in found[0]}
        return max(total, key=total.__getitem__)

    def _likely_languages(self, features: Tensor) -> list[dict[str, float]]:
        """How likely each language is, a window each."""
        found: list[dict[str, float]] = self._model.detect_language(features)[1]
        return found

    def _decoded(self, features: Tensor, language: str) -> list[Any]:
        """A result for each window; those that look wrong are tried again, warmer each time."""
        results: list[Any] = [None] * len(features)
        left = list(range(len(features)))
        for temperature in _TEMPERATURES:
            found = self._model.decode(features[left], self._options(temperature, language))
            for place, result in zip(left, found, strict=True):
                results[place] = result
            left = [place for place in left if _looks_wrong(results[place])]
            if not left:
                break
        return results

    def _options(self, temperature: float, language: str) -> Any:
        from whisper import DecodingOptions

        return DecodingOptions(
            task=self.settings.task,
            language=language,
            temperature=temperature,
            prompt=self.settings.prompt or None,
            without_timestamps=True,
            fp16=self._dtype.itemsize == 2,
        )

    def _aligned(
        self, window: SpeechWindow, features: Tensor, result: Any, language: str
    ) -> Iterator[Word]:
        if _is_silent(result):
            return
        timings = self._timings(window, features, result.tokens, self._tokenizer(language))
        for text, start, end, probability in without_loops(
            timings, key=lambda found: found.text.lower()
        ):
            span = window.spoken(start, end)
            if span is not None:
                yield Word(span, text, probability)

    def _timings(
        self, window: SpeechWindow, features: Tensor, written: Sequence[int], tokenizer: Any
    ) -> list[_Timing]:
        """When each word of a text is said, in seconds of the window."""
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

    def _tokenizer(self, language: str) -> Any:
        from whisper.tokenizer import get_tokenizer

        return get_tokenizer(
            self._model.is_multilingual,
            num_languages=self._model.num_languages,
            language=language,
            task=self.settings.task,
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


def _looks_wrong(result: Any) -> bool:
    unsure = result.avg_logprob < _UNSURE
    return not _is_silent(result) and (result.compression_ratio > _REPETITIVE or unsure)


def _is_silent(result: Any) -> bool:
    return bool(result.no_speech_prob > _SILENT and result.avg_logprob < _UNSURE)


def _store() -> Store:
    from aigc_edit.models.store import user_store

    return user_store()


def _loaded(checkpoint: Path, device: str) -> Any:
    """The net; the last one is kept, since loading `base` takes a second and `large` ten, for each
    of many files."""
    state = checkpoint.stat()
    return _read(checkpoint, device, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=1)
def _read(checkpoint: Path, device: str, _size: int, _changed: int) -> Any:
    """The net, without running code that a checkpoint may hold."""
    import pickle

    import torch
    import whisper

    try:
        with torch.random.fork_rng(devices=[]):  # weights are drawn before they are loaded
            model = whisper.load_model(str(checkpoint), device=device)
    except (RuntimeError, KeyError, TypeError, EOFError, OSError, pickle.UnpicklingError) as cause:
        raise ModelError(
            f"this is no checkpoint of Whisper ({one_line(cause)})",
            where=checkpoint,
            cure="Name a model such as base, or a file that openai-whisper wrote.",
        ) from cause
    return (model if device == "cpu" else _halved(model)).eval()


def _halved(model: Any) -> Any:
    """In half precision, but for layer norms: Whisper gives them floats in any precision."""
    import torch

    for part in model.half().modules():
        if isinstance(part, torch.nn.LayerNorm):
            part.float()
    return model
