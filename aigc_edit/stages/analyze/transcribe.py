"""What is said, word by word."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import model_validator

from aigc_edit.api import (
    AnalysisContext,
    Analyzer,
    Audio,
    AudioBlock,
    EditList,
    ModelError,
    Sentence,
    StageOptions,
    Timeline,
    Track,
    Transcript,
    Word,
    option,
    sentences,
)
from aigc_edit.errors import MediaError
from aigc_edit.models import silero, sphinx, windows
from aigc_edit.models.recognizer import Recognizer
from aigc_edit.models.whisper import Whisper, WhisperSettings
from aigc_edit.stages.text import read_subtitles, track_transcript

if TYPE_CHECKING:
    from aigc_edit.models.store import Store


def _store() -> Store:
    from aigc_edit.models.store import user_store

    return user_store()


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

        engine: Literal["auto", "whisper", "pocketsphinx", "embedded"] = option(
            "auto", help="What turns speech into words; embedded: the video's own subtitles."
        )
        from_: str = option(
            "", help="A subtitle file (.srt, .vtt, .ass) to read instead, such as --review wrote."
        )
        model: str = option(
            "base", min_length=1, help="Of Whisper: a name (aigc-edit models list), or a file."
        )
        language: str = option(
            "auto",
            pattern="^(auto|[a-z]{2,3})$",
            help="What is spoken, such as en or de; auto: what Whisper hears at first.",
        )
        task: Literal["transcribe", "translate"] = option(
            "transcribe", help="translate: into English, by Whisper."
        )
        prompt: str = option("", help="Names and words that are likely to occur, for Whisper.")

        @model_validator(mode="after")
        def _can_be_heard(self) -> Transcribe.Options:
            if self.from_ and self.engine != "auto":
                raise ValueError("where text is read from a file, no engine hears")
            if self.engine == "pocketsphinx" and self.needs_whisper:
                raise ValueError("PocketSphinx hears English only, and does not translate")
            return self

        @property
        def needs_whisper(self) -> bool:
            """Whether no other engine can do what is asked."""
            return self.language not in ("auto", sphinx.LANGUAGE) or self.task == "translate"

    options: Options

    @property
    def needs(self) -> Sequence[Audio]:
        """Sound, where somebody must hear it."""
        return () if self._reads else (Audio(rate=windows.RATE, channels=1),)

    @property
    def _reads(self) -> bool:
        """Whether text that is there already is read."""
        return bool(self.options.from_) or self.options.engine == "embedded"

    def weights(self) -> str:
        if self.options.from_:
            self._read_file()  # what is wrong with it is told before anything is decoded
            return hashlib.sha256(Path(self.options.from_).read_bytes()).hexdigest()
        if self._reads:
            return ""
        return f"{silero.weights_digest()} {self._engine_identity()}"

    def _engine_identity(self) -> str:
        if not self._by_whisper():
            return sphinx.identity()
        file = self._checkpoint_file()
        if file is not None:
            with file.open("rb") as opened:
                return hashlib.file_digest(opened, "sha256").hexdigest()
        store = _store()
        store.check_reachable(self._weights_name)
        return store[self._weights_name].sha256

    def _read_file(self) -> Transcript:
        language = "" if self.options.language == "auto" else self.options.language
        return read_subtitles(Path(self.options.from_), language=language)

    def report(self) -> Mapping[str, float | str]:
        if self._reads:
            return {"engine": self.options.from_ or "the video's own subtitles"}
        if self._by_whisper():
            return {"engine": f"Whisper {self.options.model}"}
        note = "words by PocketSphinx, which errs often"
        if self.options.engine == "auto":
            note += f"; Whisper hears better: aigc-edit models fetch {self._weights_name}"
        return {"engine": "PocketSphinx", "note": note}

    @property
    def _weights_name(self) -> str:
        return f"whisper:{self.options.model}"

    def _checkpoint_file(self) -> Path | None:
        """The checkpoint that `model` names as a file, or None for the name of a model.

        Raises:
            ModelError: there is no such file.
        """
        given = self.options.model
        if "/" not in given and not given.endswith(".pt"):
            return None
        file = Path(given).expanduser()
        if not file.is_file():
            raise ModelError("no such checkpoint", where=file, cure="Name a file, or base.")
        return file

    def _by_whisper(self) -> bool:
        if self.options.engine != "auto" or self.options.needs_whisper:
            return self.options.engine != "pocketsphinx"
        if self._checkpoint_file() is not None:
            return True
        try:
            return _store().found(self._weights_name) is not None
        except ModelError:  # without the package there is no Whisper
            return False

    def begin(self, context: AnalysisContext) -> None:
        self._context = context
        self._heard: list[Word] = []
        self._waiting: list[windows.Window] = []
        self._engine: Recognizer | None = None
        hears = context.audio_rate and not self._reads
        self._speech = windows.SpeechWindows(context.device) if hears else None

    def audio(self, block: AudioBlock) -> None:
        if self._speech is not None:
            for window in self._speech.add(block.samples[0]):
                self._take(window)

    def _take(self, window: windows.Window) -> None:
        self._engine = self._engine or self._made()
        self._waiting.append(window)
        if len(self._waiting) == self._engine.batch:
            self._recognize(self._engine)

    def _recognize(self, engine: Recognizer) -> None:
        self._heard += engine.words(self._waiting)
        self._waiting = []

    def _made(self) -> Recognizer:
        """The engine, loaded at the first word: films without speech need none."""
        if not self._by_whisper():
            return sphinx.PocketSphinx()
        checkpoint = self._checkpoint_file()
        return Whisper(
            WhisperSettings(
                checkpoint=checkpoint or _store().ensured(self._weights_name),
                model="" if checkpoint else self.options.model,
                language="" if self.options.language == "auto" else self.options.language,
                task=self.options.task,
                prompt=self.options.prompt,
                device=self._context.device,
            )
        )

    def finish(self, tracks: Timeline) -> Sequence[Track]:
        del tracks
        if self._reads:
            return [self._read()]
        if self._speech is not None:
            for window in self._speech.rest():
                self._take(window)
        if self._engine is not None and self._waiting:
            self._recognize(self._engine)
        if self._engine is None:
            return [Transcript("transcript")]
        said = sentences(self._heard)
        if not self._engine.punctuates:
            said = tuple(map(_begun, said))
        language = "en" if self.options.task == "translate" else self._engine.language
        return [Transcript("transcript", said, language)]

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


def _begun(sentence: Sentence) -> Sentence:
    """With a capital."""
    first, *others = sentence.words
    text = first.text.strip()
    return Sentence((replace(first, text=f" {text[:1].upper()}{text[1:]}"), *others))
