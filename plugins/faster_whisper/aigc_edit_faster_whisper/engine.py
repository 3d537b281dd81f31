"""The engine: a window of speech in, words with their times out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aigc_edit.api import (
    ModelError,
    Recognizer,
    RecognizerSettings,
    SpeechWindow,
    Utterance,
    Word,
)

from .weights import fetched, found, identity, package

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

_USUAL = "base"


class FasterWhisper(Recognizer):
    """Whisper by CTranslate2 (faster-whisper): the same weights, converted."""

    translates = True
    detects = True

    def __init__(self, settings: RecognizerSettings) -> None:
        super().__init__(settings)
        self._name = _USUAL if settings.model == "auto" else settings.model
        self._model: WhisperModel | None = None
        self._language = None if settings.language in ("auto", "multi") else settings.language

    @property
    def languages(self) -> Sequence[str]:
        return ("en",) if self._name.endswith(".en") else ()

    def refusal(self) -> str:
        if self.settings.task == "translate" and self._name.endswith(".en"):
            return f"{self._name} knows English only, and translates nothing"
        return super().refusal()

    def is_ready(self) -> bool:
        return found(self._name) is not None

    def weights(self) -> str:
        from_package = package("tokenizer")
        if self._language not in (None, *from_package._LANGUAGE_CODES):  # noqa: SLF001 -- in no other place
            raise ModelError(
                f"Whisper knows no language {self._language!r}",
                cure="Codes are those of ISO 639-1, such as en, de, zh.",
            )
        return identity(self._name)

    def report(self) -> Mapping[str, str]:
        return {"engine": f"faster-whisper {self._name}"}

    def begin(self) -> None:
        import ctranslate2

        folder = found(self._name) or fetched(self._name)
        kind, _, number = self.settings.device.partition(":")
        device = "cuda" if kind == "cuda" else "cpu"  # CTranslate2 has no others
        ctranslate2.set_random_seed(0)  # higher temperatures draw words
        try:
            self._model = package().WhisperModel(
                str(folder),
                device=device,
                device_index=int(number or 0),
                compute_type=_compute_type(device, int(number or 0)),
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as cause:
            raise ModelError(
                f"this model cannot be loaded ({cause})",
                where=folder,
                cure="A model is a folder that ct2-transformers-converter wrote, or a name.",
            ) from cause

    def recognize(self, windows: Sequence[SpeechWindow]) -> list[Utterance]:
        return [self._heard(window) for window in windows]

    def _heard(self, window: SpeechWindow) -> Utterance:
        assert self._model is not None
        segments, facts = self._model.transcribe(
            window.samples,
            language=self._language,
            task=self.settings.task,
            initial_prompt=self.settings.prompt or None,
            word_timestamps=True,
            without_timestamps=True,  # a window is one segment
            vad_filter=False,  # it is speech already
        )
        # What comes after the first segment is the silence behind the last word, heard again.
        segment = next(iter(segments), None)
        if self.settings.language == "auto":
            self._language = facts.language
        words = (_word(window, said) for said in (segment and segment.words) or ())
        return Utterance(tuple(word for word in words if word is not None), facts.language)


def _word(window: SpeechWindow, said: Any) -> Word | None:
    """None for what was made up: nobody speaks there."""
    span = window.spoken(float(said.start), float(said.end))
    if span is None:
        return None
    return Word(span, said.word, min(1.0, max(0.0, float(said.probability))))


def _compute_type(device: str, index: int) -> str:
    """Eight bits on a CPU, as the authors advise; half precision on a GPU that has it."""
    import ctranslate2

    if device == "cpu":
        return "int8"
    able = ctranslate2.get_supported_compute_types(device, index)
    return "float16" if "float16" in able else "float32"
