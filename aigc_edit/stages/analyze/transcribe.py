"""What is said, word by word."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Literal

from pydantic import field_validator, model_validator

from aigc_edit.api import (
    AnalysisContext,
    Analyzer,
    Audio,
    AudioBlock,
    Recognizer,
    RecognizerSettings,
    Sentence,
    SpeechWindow,
    StageOptions,
    Timeline,
    Track,
    Transcript,
    Word,
    option,
    sentences,
)
from aigc_edit.errors import UsageError
from aigc_edit.models import recognizers, silero, windows


class Transcribe(Analyzer):
    """What is said, with the time of every word: by Whisper, or offline by PocketSphinx (English).

    Speech is found by Silero VAD first, so that nothing is made up where nobody speaks. `auto`
    takes Whisper if its weights are on this machine (`aigc-edit models fetch whisper:base`).
    """

    name = "transcribe"
    needs = (Audio(rate=SpeechWindow.RATE, channels=1),)
    writes = (Transcript.named("transcript"),)

    class Options(StageOptions):
        """Options of transcribe."""

        engine: str = option(
            "auto",
            min_length=1,
            help="What turns speech into words: whisper, pocketsphinx, or a plugin's name.",
        )
        model: str = option(
            "auto",
            min_length=1,
            help="Of the engine: a name (aigc-edit models list), or a file; Whisper's is base.",
        )
        language: str = option(
            "auto",
            pattern="auto|multi|[a-z]{2,3}",
            help="What is spoken, such as en or de; auto: what is heard at first; multi: several.",
        )
        task: Literal["transcribe", "translate"] = option(
            "transcribe", help="translate: into English, if the engine can."
        )
        prompt: str = option("", help="Names and words that are likely to occur, for Whisper.")

        @field_validator("engine")
        @classmethod
        def _exists(cls, engine: str) -> str:
            try:
                recognizers.check_name(engine)
            except UsageError as unknown:
                raise ValueError(str(unknown)) from unknown
            return engine

        @model_validator(mode="after")
        def _can_be_heard(self) -> Transcribe.Options:
            if refused := recognizers.refusal(self.engine, self.settings()):
                raise ValueError(refused)
            return self

        def settings(self, device: str = "cpu") -> RecognizerSettings:
            """What is asked of the engine."""
            return RecognizerSettings(self.model, self.language, self.task, self.prompt, device)

    options: Options

    def weights(self) -> str:
        return f"{silero.weights_digest()} {recognizers.identity(self._made())}"

    def report(self) -> Mapping[str, float | str]:
        engine = self._made()
        told = dict(engine.report())
        if self.options.engine == "auto" and "note" in told:
            told["note"] += f"; {recognizers.advice(engine.settings)}"
        return told

    def _made(self, device: str = "cpu") -> Recognizer:
        return recognizers.recognizer(self.options.engine, self.options.settings(device))

    def begin(self, context: AnalysisContext) -> None:
        self._device = context.device
        self._heard: list[Word] = []
        self._seconds: defaultdict[str, Fraction] = defaultdict(Fraction)  # of each language
        self._waiting: list[SpeechWindow] = []
        self._engine: Recognizer | None = None
        self._speech = windows.SpeechWindows(context.device) if context.audio_rate else None

    def audio(self, block: AudioBlock) -> None:
        if self._speech is not None:
            self._take(self._speech.add(block.samples[0]))

    def _take(self, speech: Iterable[SpeechWindow]) -> None:
        for window in speech:
            if self._engine is None:  # at the first word: films without speech need none
                self._engine = self._made(self._device)
                recognizers.begin(self._engine)
            self._waiting.append(window)
            if len(self._waiting) >= self._engine.batch:
                self._recognize(self._engine)

    def _recognize(self, engine: Recognizer) -> None:
        heard = recognizers.recognized(engine, self._waiting)
        for window, said in zip(self._waiting, heard, strict=True):
            self._heard += said.words
            self._seconds[said.language] += sum(span.duration for span in window.speech)
        self._waiting = []

    def finish(self, tracks: Timeline) -> Sequence[Track]:
        del tracks
        if self._speech is not None:
            self._take(self._speech.rest())
        if self._engine is None:
            return [Transcript("transcript")]
        if self._waiting:
            self._recognize(self._engine)
        said = sentences(self._heard)
        if not self._engine.punctuates:
            said = tuple(map(_begun, said))
        spoken_most = max(self._seconds, key=self._seconds.__getitem__)
        language = "en" if self.options.task == "translate" else spoken_most
        return [Transcript("transcript", said, language)]


def _begun(sentence: Sentence) -> Sentence:
    """With a capital."""
    first, *others = sentence.words
    text = first.text.strip()
    return Sentence((replace(first, text=f" {text[:1].upper()}{text[1:]}"), *others))
