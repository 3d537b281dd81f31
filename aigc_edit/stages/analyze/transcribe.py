"""What is said, word by word."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

from pydantic import field_validator, model_validator

from aigc_edit.api import (
    AnalysisContext,
    Analyzer,
    Audio,
    AudioBlock,
    EditList,
    Recognizer,
    RecognizerSettings,
    Sentence,
    SpeechWindow,
    StageOptions,
    Timeline,
    Track,
    Transcript,
    Utterance,
    Word,
    option,
    sentences,
)
from aigc_edit.errors import MediaError, UsageError
from aigc_edit.models import recognizers, silero, windows
from aigc_edit.models.recognizer import AUTO, MULTI
from aigc_edit.stages.text import read_subtitles, track_transcript

_EMBEDDED = "embedded"  # no engine: text that is there already


class Transcribe(Analyzer):
    """What is said, with the time of every word: by Whisper, or offline by PocketSphinx (English).

    Speech is found by Silero VAD first, so that nothing is made up where nobody speaks. `auto`
    takes Whisper if its weights are on this machine (`aigc-edit models fetch whisper:base`).
    Text that is there already is read instead: the video's own subtitles, or a file.
    """

    name = "transcribe"
    writes = (Transcript.named("transcript"),)

    class Options(StageOptions):
        """Options of transcribe."""

        engine: str = option(
            "auto",
            min_length=1,
            help="What hears: whisper, pocketsphinx, a plugin; embedded: the video's subtitles.",
        )
        from_: str = option(
            "", help="A subtitle file (.srt, .vtt, .ass) to read instead, such as --review wrote."
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
                recognizers.check_name(engine, besides=(_EMBEDDED,))
            except UsageError as unknown:
                raise ValueError(str(unknown)) from unknown
            return engine

        @model_validator(mode="after")
        def _can_be_heard(self) -> Transcribe.Options:
            if self.from_ and self.engine != "auto":
                raise ValueError("where text is read from a file, no engine hears")
            refused = not self.reads_text and recognizers.refusal(self.engine, self.settings())
            if refused:
                raise ValueError(refused)
            return self

        @property
        def reads_text(self) -> bool:
            """Whether text that is there already is read, so that nobody hears."""
            return bool(self.from_) or self.engine == _EMBEDDED

        def settings(self, device: str = "cpu") -> RecognizerSettings:
            """What is asked of the engine."""
            return RecognizerSettings(self.model, self.language, self.task, self.prompt, device)

    options: Options

    @property
    def needs(self) -> Sequence[Audio]:
        """Sound, where somebody must hear it."""
        return () if self.options.reads_text else (Audio(rate=SpeechWindow.RATE, channels=1),)

    def weights(self) -> str:
        if self.options.from_:
            self._read_file()  # what is wrong with it is told before anything is decoded
            return hashlib.sha256(Path(self.options.from_).read_bytes()).hexdigest()
        if self.options.reads_text:
            return ""
        return f"{silero.weights_digest()} {recognizers.identity(self._made())}"

    def report(self) -> Mapping[str, float | str]:
        if self.options.reads_text:
            return {"engine": self.options.from_ or "the video's own subtitles"}
        engine = self._made()
        told = dict(engine.report())
        if self.options.engine == "auto" and "note" in told:
            told["note"] += f"; {recognizers.advice(engine.settings)}"
        return told

    def _made(self, device: str = "cpu") -> Recognizer:
        return recognizers.recognizer(self.options.engine, self.options.settings(device))

    def begin(self, context: AnalysisContext) -> None:
        self._context = context
        self._heard: list[Word] = []
        self._seconds: defaultdict[str, Fraction] = defaultdict(Fraction)  # of each language
        self._foreign: defaultdict[str, Fraction] = defaultdict(Fraction)  # left out
        self._waiting: list[SpeechWindow] = []
        self._engine: Recognizer | None = None
        hears = context.audio_rate and not self.options.reads_text
        self._speech = windows.SpeechWindows(context.device) if hears else None
        self._sound = Fraction(0)  # seconds that were heard

    def audio(self, block: AudioBlock) -> None:
        if self._speech is not None:
            self._sound += Fraction(block.samples.shape[1], block.rate)
            self._take(self._speech.add(block.samples[0]))

    def _take(self, speech: Iterable[SpeechWindow]) -> None:
        for window in speech:
            if self._engine is None:  # at the first word: films without speech need none
                self._engine = self._made(self._context.device)
                recognizers.begin(self._engine)
            self._waiting.append(window)
            if len(self._waiting) >= self._engine.batch:
                self._recognize(self._engine)

    def _recognize(self, engine: Recognizer) -> None:
        heard = recognizers.recognized(engine, self._waiting)
        for window, said in zip(self._waiting, heard, strict=True):
            self._heard += said.words
            seconds = self._foreign if self._is_foreign(said) else self._seconds
            seconds[said.language] += sum(span.duration for span in window.speech)
        self._waiting = []

    def _is_foreign(self, said: Utterance) -> bool:
        """Whether an engine left out what is not in the language that was asked for."""
        asked = self.options.language
        return not said.words and asked not in (AUTO, MULTI, said.language) and bool(said.language)

    def finish(self, tracks: Timeline) -> Sequence[Track]:
        del tracks
        if self.options.reads_text:
            return [self._read()]
        if self._speech is not None:
            self._take(self._speech.rest())
        if self._engine is not None and self._waiting:
            self._recognize(self._engine)
        if self._engine is None or not self._heard:
            return [Transcript("transcript", remark=self._silence())]
        said = sentences(self._heard)
        if not self._engine.punctuates:
            said = tuple(map(_begun, said))
        spoken_most = max(self._seconds, key=self._seconds.__getitem__)
        language = "en" if self.options.task == "translate" else spoken_most
        return [Transcript("transcript", said, language, self._left_out())]

    def _silence(self) -> str:
        """Why there are no words."""
        if self._speech is None:
            return "no words: there is no sound"
        if self._engine is None:
            return f"no words: no speech in {_seconds(self._sound)} of sound"
        if self._foreign and not self._seconds:
            return f"no words: {self._left_out()}"
        told = self._engine.report()
        advised = self.options.engine == "auto" and "note" in told
        advice = f"; {recognizers.advice(self._engine.settings)}" if advised else ""
        spoken = _seconds(sum(self._seconds.values(), Fraction(0)))
        name = told.get("engine", "the engine")
        return f"no words: {spoken} of speech, of which {name} understood none{advice}"

    def _left_out(self) -> str:
        """What was said in another language than was asked for."""
        if not self._foreign:
            return ""
        most = max(self._foreign, key=self._foreign.__getitem__)
        length = _seconds(sum(self._foreign.values(), Fraction(0)))
        return (
            f"{length} of speech left out, in {most!r} by what is heard, since "
            f"{self.options.language!r} was asked for; say language: {most}, auto or multi"
        )

    def _read(self) -> Transcript:
        """The text that is there already, as far as the video goes."""
        if self.options.from_:
            found = self._read_file()
        else:
            found = track_transcript(self._context.subtitles())
            if not found.sentences:
                raise MediaError(
                    "this video has no subtitles of its own", cure="Say engine: auto to hear it."
                )
        return found.in_output(EditList.whole(self._context.duration))

    def _read_file(self) -> Transcript:
        language = "" if self.options.language in (AUTO, MULTI) else self.options.language
        return read_subtitles(Path(self.options.from_), language=language)


def _seconds(duration: Fraction) -> str:
    return f"{max(1, round(duration))} s"


def _begun(sentence: Sentence) -> Sentence:
    """With a capital."""
    first, *others = sentence.words
    text = first.text.strip()
    return Sentence((replace(first, text=f" {text[:1].upper()}{text[1:]}"), *others))
