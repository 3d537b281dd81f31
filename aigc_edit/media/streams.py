"""Which streams of a file are read: by choice, or as players choose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av.stream

from aigc_edit.errors import ProbeError
from aigc_edit.media.languages import same_language
from aigc_edit.media.opening import MAX_PIXELS
from aigc_edit.timeline import Chapter

Choice = int | str | None
_COVER = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
_LONGEST_TEXT = 1000  # characters of one piece of metadata


@dataclass(frozen=True, slots=True)
class InputChoice:
    """What of an input file is read.

    Attributes:
        video_track, audio_track, subtitle_track: number among the tracks of that kind, from 1;
            or a language (`de`, `deu`); None chooses as players do; `none` (not for the
            picture) takes no track.
        max_pixels: pictures of more pixels are refused.
    """

    video_track: Choice = None
    audio_track: Choice = None
    subtitle_track: Choice = None
    max_pixels: int = MAX_PIXELS


@dataclass(frozen=True, slots=True)
class AudioStream:
    """The sound of a source: samples a second, channels and their layout."""

    index: int
    codec: str
    rate: int
    channels: int
    layout: str
    language: str = ""
    title: str = ""
    default: bool = False

    def __str__(self) -> str:
        return _words(self.language, self.codec, self.layout, self.title)


@dataclass(frozen=True, slots=True)
class SubtitleStream:
    """Subtitles within a source: `index` among all its streams."""

    index: int
    codec: str
    language: str = ""
    title: str = ""
    default: bool = False

    def __str__(self) -> str:
        return _words(self.language, self.codec, self.title)


def _words(*words: str) -> str:
    return " ".join(word for word in words if word)


def chosen_video(container: Any, choice: Choice, path: Path) -> Any:
    """The picture stream: the chosen one, or the first default one that is no cover."""
    films = [s for s in container.streams.video if not s.disposition & _COVER]
    if not films:
        heard = "only sound" if container.streams.audio else "nothing to see or hear"
        raise ProbeError(f"no video stream, {heard}", where=path, cure="Name a video file.")
    return _chosen("video", films, choice, path, _video_words)


def chosen_audio(container: Any, choice: Choice, path: Path) -> Any:
    """The sound stream: the chosen one, or the first default one that can be decoded; None
    where there is none, or `none` is wanted."""
    return _chosen("audio", _audible(container), choice, path, lambda s: str(audio_stream(s)))


def chosen_subtitles(container: Any, choice: Choice, path: Path) -> Any:
    """The subtitle stream: the chosen one, or the first default one; None without."""
    tracks = list(container.streams.subtitles)
    return _chosen("subtitle", tracks, choice, path, lambda s: str(subtitle_stream(s)))


def audio_streams(container: Any) -> tuple[AudioStream, ...]:
    return tuple(audio_stream(s) for s in _audible(container))


def subtitle_streams(container: Any) -> tuple[SubtitleStream, ...]:
    return tuple(subtitle_stream(s) for s in container.streams.subtitles)


def codec_of(stream: Any) -> str:
    """The codec's own name, whichever library decodes it."""
    return str(stream.codec_context.codec.canonical_name)


def other_streams(container: Any, chosen: Any) -> tuple[str, ...]:
    """Streams that are neither the chosen picture nor sound nor subtitles, in words."""
    found = (s for s in container.streams if s.type not in ("audio", "subtitle"))
    return tuple(_other(s) for s in found if s.index != chosen.index)


def _other(stream: Any) -> str:
    cover = "cover" if stream.type == "video" and stream.disposition & _COVER else ""
    codec = codec_of(stream) if stream.codec_context is not None else ""
    return _words(cover or stream.type, codec, clean_text(stream.metadata.get("filename", "")))


def audio_stream(stream: Any) -> AudioStream:
    context = stream.codec_context
    return AudioStream(
        index=stream.index,
        codec=codec_of(stream),
        rate=context.sample_rate,
        channels=context.channels,
        layout=context.layout.name,
        language=_language(stream),
        title=clean_text(stream.metadata.get("title", "")),
        default=bool(stream.disposition & av.stream.Disposition.default),
    )


def subtitle_stream(stream: Any) -> SubtitleStream:
    context = stream.codec_context
    return SubtitleStream(
        index=stream.index,
        codec=codec_of(stream) if context is not None else "unknown",
        language=_language(stream),
        title=clean_text(stream.metadata.get("title", "")),
        default=bool(stream.disposition & av.stream.Disposition.default),
    )


def _audible(container: Any) -> list[Any]:
    return [s for s in container.streams.audio if _usable(s)]


def _usable(stream: Any) -> bool:
    context = stream.codec_context
    return context is not None and bool(context.sample_rate) and bool(context.channels)


def _video_words(stream: Any) -> str:
    context = stream.codec_context
    if context is None:
        return "unknown"
    return _words(_language(stream), context.name, f"{context.width}x{context.height}")


def _chosen(
    kind: Literal["video", "audio", "subtitle"],
    tracks: Sequence[Any],
    choice: Choice,
    path: Path,
    words: Callable[[Any], str],
) -> Any:
    if choice == "none":
        return None
    if choice is None:
        default = [s for s in tracks if s.disposition & av.stream.Disposition.default]
        return next(iter(default or tracks), None)
    if isinstance(choice, int):
        found = tracks[choice - 1 : choice] if choice > 0 else []
    else:
        found = [s for s in tracks if same_language(_language(s), choice)]
    if not found:
        there = ", ".join(f"{number} {words(s)}" for number, s in enumerate(tracks, 1))
        raise ProbeError(
            f"no {kind} track {choice}; " + (f"there are {there}" if there else "there is none"),
            where=path,
            cure=f"Set input.{kind}_track to one of them."
            if there
            else f"Leave input.{kind}_track out.",
        )
    return found[0]


def _language(stream: Any) -> str:
    language = clean_text(stream.language or stream.metadata.get("language", ""))
    return "" if language == "und" else language


def chapters_of(container: Any, first: Fraction, duration: Fraction) -> tuple[Chapter, ...]:
    """The chapters in source time, those outside of the picture left out."""
    found = []
    for chapter in container.chapters():
        base = chapter["time_base"] or Fraction(1, 1000)
        start = max(Fraction(0), chapter["start"] * base - first)
        end = min(duration, chapter["end"] * base - first)
        if start < end:
            found.append(Chapter(start, end, clean_text(chapter["metadata"].get("title", ""))))
    return tuple(found)


def clean_metadata(metadata: dict[str, str]) -> dict[str, str]:
    """What a file says of itself, as plain text."""
    cleaned = {clean_text(key): clean_text(text) for key, text in metadata.items()}
    return {key: text for key, text in cleaned.items() if key and text}


def clean_text(text: str) -> str:
    """One line without control characters, surrogates and directions; of bearable length."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(plain.split())[:_LONGEST_TEXT]
