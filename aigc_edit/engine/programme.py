"""What goes into the file besides pictures and sound: names, dates, chapters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction

from aigc_edit.errors import PluginError
from aigc_edit.media import AudioStream, Source
from aigc_edit.timeline import Chapter, EditList, Span, SubtitleTrack

# Where a file was filmed: ISO 6709 strings of phones, QuickTime's and Matroska's names for them.
_PLACES = re.compile(r"location|gps|geo|latitude|longitude|altitude|(^|\W)xyz$|©xyz", re.IGNORECASE)
# What describes the container that was read, and not the film.
_OF_THE_FILE = re.compile(
    r"^(major_brand|minor_version|compatible_brands|encoder|duration|_statistics.*)$", re.IGNORECASE
)


def output_metadata(metadata: Mapping[str, str], *, strip_location: bool) -> dict[str, str]:
    """What the source says of itself, as far as it is true of the output."""
    return {
        key: text
        for key, text in metadata.items()
        if not _OF_THE_FILE.search(key) and not (strip_location and _PLACES.search(key))
    }


def output_chapters(chapters: Sequence[Chapter], edits: EditList) -> tuple[Chapter, ...]:
    """Chapters of the source where they are in the output; parts that meet again are one."""
    found: list[Chapter] = []
    last: Chapter | None = None
    for span, at in edits.placed():
        for chapter in chapters:
            shared = Span(chapter.start, chapter.end).overlap(span)
            if shared is None:
                continue
            placed = shared.shifted(at - span.start)
            start = found.pop().start if chapter is last else placed.start
            found.append(Chapter(start, placed.end, chapter.title))
            last = chapter
    return tuple(found)


def check_subtitles(track: SubtitleTrack, duration: Fraction) -> None:
    """Raises PluginError for subtitles that no player could show one after another."""
    reached = Fraction(0)
    for subtitle in track.subtitles:
        if subtitle.span.start < reached or subtitle.span.end > duration:
            raise PluginError(
                f"gave a subtitle at {subtitle.span}, which lies over the one before it or "
                f"outside of the film ({float(duration):.3f} s)",
                cure="Give them in the order of output time, one at a time.",
            )
        reached = subtitle.span.end


def track_metadata(stream: AudioStream | None) -> dict[str, str]:
    """How a sound track is named."""
    if stream is None:
        return {}
    named = {"language": stream.language, "title": stream.title}
    return {key: text for key, text in named.items() if text}


def sound_tracks(
    chosen: AudioStream | None, every: Sequence[AudioStream], wanted: str, *, made: bool
) -> tuple[AudioStream | None, ...]:
    """The sound tracks that come out, the chosen one first.

    Where none was chosen: none, or None for one that is `made` here.
    """
    if chosen is None:
        return (None,) if made else ()
    others = [s for s in every if s.index != chosen.index] if wanted == "all" else []
    return (chosen, *others)


def left_out(source: Source, heard: Sequence[AudioStream | None]) -> list[str]:
    """Streams of a source that do not come out, in words."""
    sounds = [s for s in source.audio_tracks if s not in heard]
    return [
        *(f"sound: {stream}" for stream in sounds),
        *(f"subtitles: {stream}" for stream in source.subtitle_tracks),
        *source.others,
    ]
