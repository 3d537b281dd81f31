"""Chapter marks, in the file and as text: both from the same spans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Literal

from pydantic import field_validator

from aigc_edit.api import (
    Chapter,
    Delivery,
    Regions,
    Seconds,
    Shots,
    Sink,
    StageOptions,
    Timeline,
    TrackRef,
    option,
)

from .borders import Border, chapter_spans, of_pauses, of_shots, spoken

_SHORTEST = 10  # seconds; YouTube takes no shorter ones (YouTube Help, "Video chapters")


class Chapters(Sink):
    """Marks chapters at shots or pauses of speech: in the file, for YouTube, and as WebVTT."""

    name = "chapters"
    api_version = 1
    suffixes = (".chapters.txt", ".chapters.vtt")

    class Options(StageOptions):
        """Options of chapters."""

        min_length: Seconds = option(
            "20s", ge=_SHORTEST, help="Shorter shots are joined with their neighbours."
        )
        title: str = option(
            "Chapter {n}", min_length=1, help="Title of each; {n} is its number, {time} its start."
        )
        by: Literal["auto", "shots", "pauses"] = option(
            "auto", help="What chapters begin at; auto takes pauses where there are no cuts."
        )
        min_pause: Seconds = option("0.5s", gt=0, help="Shorter pauses of speech begin nothing.")
        shots: str = option("shots", min_length=1, help="Track of the shots.")
        speech: str = option("speech_regions", min_length=1, help="Track of the speech.")

        @field_validator("title")
        @classmethod
        def _one_line(cls, title: str) -> str:
            if not title.isprintable() or not title.strip():
                raise ValueError("a title is one line of text")
            if set(_titled(title, 1, Fraction(0))) & set("{}"):
                raise ValueError("a title knows {n} and {time}, and no other braces")
            return title

    options: Options

    @property
    def reads(self) -> Sequence[TrackRef]:
        """Both tracks; one must be there only where it was asked for."""
        chosen, by = self.options, self.options.by
        return (
            Shots.named(chosen.shots, optional=by != "shots" and chosen.shots == "shots"),
            Regions.named(
                chosen.speech, optional=by != "pauses" and chosen.speech == "speech_regions"
            ),
        )

    def chapters(self, tracks: Timeline) -> Sequence[Chapter]:
        spans = chapter_spans(self._borders(tracks), tracks.duration, self.options.min_length)
        return [
            Chapter(span.start, span.end, _titled(self.options.title, number, span.start))
            for number, span in enumerate(spans, 1)
        ]

    def deliver(self, delivery: Delivery) -> Mapping[str, str]:
        chapters = self.chapters(delivery.tracks)
        lines = (f"{_clock(chapter.start)} {chapter.title}\n" for chapter in chapters)
        return {".chapters.txt": "".join(lines), ".chapters.vtt": _webvtt(chapters)}

    def _borders(self, tracks: Timeline) -> list[Border]:
        shots, regions = self.options.shots, self.options.speech
        speech = spoken(tracks.get(Regions, regions) if regions in tracks else None)
        cuts: list[Border] = []
        if self.options.by != "pauses" and shots in tracks:
            cuts = of_shots(tracks.get(Shots, shots), speech)
        if self.options.by == "shots" or len(cuts) > 1:
            return cuts
        return of_pauses(speech, self.options.min_pause)


def _titled(template: str, number: int, start: Fraction) -> str:
    """Fields are replaced, not formatted: a width of a billion would fill the memory."""
    return template.replace("{n}", str(number)).replace("{time}", _clock(start))


def _clock(time: Fraction) -> str:
    """Whole seconds as YouTube reads them: 00:00, 1:02:03. Rounded down, so that nothing of a
    chapter is missed."""
    minutes, seconds = divmod(int(time), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"


def _webvtt(chapters: Sequence[Chapter]) -> str:
    """A chapter file (W3C WebVTT, 1.4): a cue for each, numbered."""
    cues = (
        f"{number}\n{_stamp(chapter.start)} --> {_stamp(chapter.end)}\n{_escaped(chapter.title)}\n"
        for number, chapter in enumerate(chapters, 1)
    )
    return "\n".join(["WEBVTT\n", *cues])


def _stamp(time: Fraction) -> str:
    """Such as 00:01:02.500; to the millisecond, as the marks in the file."""
    seconds, thousandths = divmod(round(time * 1000), 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{thousandths:03d}"


def _escaped(title: str) -> str:
    """As cue text has it: no tags, and no arrow."""
    return title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
