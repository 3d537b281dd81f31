"""Subtitle files, read as a transcript."""

from __future__ import annotations

import html
import re
import warnings
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from aigc_edit.api import Sentence, Span, SubtitleTrack, Transcript, spread
from aigc_edit.errors import MediaError, one_line
from aigc_edit.stages.text.encodings import decoded
from aigc_edit.stages.text.segments import unspaced
from aigc_edit.stages.text.writing import Format

if TYPE_CHECKING:
    from pysubs2 import SSAEvent

_LARGEST = 64 * 2**20  # bytes; a day of talk is 2 MB
_ASS_HEAD = re.compile(r"^\[(script info|v4\+? styles)\]", re.IGNORECASE | re.MULTILINE)
_STAMP = r"((?:\d+:)?\d{1,2}:\d{1,2}[.,]\d{1,3})"
# By format: the lines that hold times, and how they should look.
_TIME_LINES: dict[Format, tuple[re.Pattern[str], re.Pattern[str]]] = {
    "srt": (re.compile("-->"), re.compile(rf"\s*{_STAMP}\s*-->\s*{_STAMP}")),
    "vtt": (re.compile("-->"), re.compile(rf"\s*{_STAMP}\s*-->\s*{_STAMP}")),
    "ass": (re.compile("Dialogue:"), re.compile(rf"Dialogue:[^,]*,\s*{_STAMP}\s*,\s*{_STAMP}\s*,")),
}


def read_subtitles(path: Path, *, language: str = "") -> Transcript:
    """A transcript from an .srt, .vtt or .ass file: each cue a sentence, its words spread.

    Raises MediaError, with the line where there is one, for what is no such file.
    """
    text = decoded(_bytes(path)).replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    kind = _kind(text)
    _check_times(text, kind, path)
    said = [sentence for event in _events(text, kind, path) for sentence in _sentence(event, kind)]
    if not said:
        raise MediaError(
            "holds no subtitles", where=path, cure="SubRip, WebVTT and ASS files are read."
        )
    said.sort(key=lambda sentence: sentence.span.start)
    return Transcript("transcript", tuple(said), language)


def track_transcript(track: SubtitleTrack) -> Transcript:
    """A transcript from subtitles within a video: each a sentence, its words spread."""
    each = (spread(_one_line(subtitle.text), subtitle.span) for subtitle in track.subtitles)
    said = tuple(Sentence(words) for words in each if words)
    return Transcript("transcript", said, track.language)


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise MediaError("is too large for a subtitle file", where=path)
        return path.read_bytes()
    except OSError as cause:
        raise MediaError(
            f"cannot be read ({one_line(cause.strerror)})", where=path, cure="Check the path."
        ) from cause


def _kind(text: str) -> Format:
    if text.lstrip().startswith("WEBVTT"):
        return "vtt"
    return "ass" if _ASS_HEAD.search(text) else "srt"


def _check_times(text: str, kind: Format, path: Path) -> None:
    """Raises MediaError for the first line whose times nobody could read."""
    marked, written = _TIME_LINES[kind]
    for number, line in enumerate(text.split("\n"), start=1):
        if not marked.match(line) if kind == "ass" else not marked.search(line):
            continue
        times = written.match(line)
        if times is None:
            raise _broken(f"{line.strip()!r} are no times of {kind}", path, number)
        if _seconds(times[2]) < _seconds(times[1]):
            raise _broken(f"it ends ({times[2]}) before it starts ({times[1]})", path, number)


def _broken(what: str, path: Path, number: int) -> MediaError:
    return MediaError(one_line(what), where=f"{path}:{number}", cure="Correct this line.")


def _seconds(stamp: str) -> Fraction:
    """Hours, minutes and seconds, from the right."""
    parts = reversed(stamp.replace(",", ".").split(":"))
    return sum((Fraction(part) * 60**power for power, part in enumerate(parts)), Fraction(0))


def _events(text: str, kind: Format, path: Path) -> Iterator[SSAEvent]:
    """What is shown, as pysubs2 reads it."""
    from pysubs2 import Pysubs2Error, SSAFile

    if kind == "vtt":  # times of single words within a cue would be taken for those of cues
        text = re.sub(r"<[\d:.]+>", "", text)
    if kind == "ass":  # nobody reads styles here, so they may be broken
        text = re.sub(r"^\s*Style:.*", "", text, flags=re.MULTILINE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about margins and layers
            file = SSAFile.from_string(text, format_=kind)
    except (Pysubs2Error, ValueError, TypeError, IndexError) as cause:
        raise MediaError(f"is broken ({one_line(cause)})", where=path) from cause
    return iter(file.get_text_events())


def _sentence(event: SSAEvent, kind: Format) -> Iterator[Sentence]:
    """The words of a cue, as long as they have letters; none where it is empty."""
    text = event.plaintext
    if kind == "vtt":  # what follows an empty line is the name of the next cue, or a note
        text = html.unescape(text.split("\n\n")[0])
    end = max(event.start, event.end)  # pysubs2 takes any line with two times for those of a cue
    span = Span(Fraction(event.start, 1000), Fraction(end, 1000))
    if words := spread(_one_line(text), span):
        yield Sentence(words)


def _one_line(text: str) -> str:
    """All lines as one; a space between them where the script has spaces."""
    joined = ""
    for line in filter(None, map(str.strip, text.split("\n"))):
        spaced = joined and not (unspaced(joined[-1]) and unspaced(line[0]))
        joined += f" {line}" if spaced else line
    return joined
