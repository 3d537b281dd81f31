"""What is said, word by word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from aigc_edit.api import (
    AnalysisContext,
    Analyzer,
    Audio,
    AudioBlock,
    StageOptions,
    Timeline,
    Track,
    Transcript,
    Word,
    option,
    sentences,
)
from aigc_edit.models import silero, sphinx, windows
from aigc_edit.models.recognizer import Recognizer


class Transcribe(Analyzer):
    """What is said, with the time of every word. PocketSphinx hears English, offline."""

    name = "transcribe"
    needs = (Audio(rate=windows.RATE, channels=1),)
    writes = (Transcript.named("transcript"),)

    class Options(StageOptions):
        """Options of transcribe."""

        engine: Literal["auto", "pocketsphinx"] = option(
            "auto", help="What turns speech into words."
        )

    options: Options

    def weights(self) -> str:
        return f"{silero.weights_digest()} {sphinx.identity()}"

    def begin(self, context: AnalysisContext) -> None:
        self._heard: list[Word] = []
        self._waiting: list[windows.Window] = []
        self._engine: Recognizer | None = None
        self._speech = windows.SpeechWindows(context.device) if context.audio_rate else None

    def audio(self, block: AudioBlock) -> None:
        assert self._speech is not None
        for window in self._speech.add(block.samples[0]):
            self._take(window)

    def _take(self, window: windows.Window) -> None:
        self._engine = self._engine or sphinx.PocketSphinx()
        self._waiting.append(window)
        if len(self._waiting) == self._engine.batch:
            self._recognize()

    def _recognize(self) -> None:
        if self._engine is not None and self._waiting:
            self._heard += self._engine.words(self._waiting)
            self._waiting = []

    def finish(self, tracks: Timeline) -> Sequence[Track]:
        del tracks
        if self._speech is not None:
            for window in self._speech.rest():
                self._take(window)
            self._recognize()
        language = self._engine.language if self._engine else ""
        return [Transcript("transcript", sentences(self._heard), language)]
