"""Text that a player shows over the picture, if the viewer wants it."""

from __future__ import annotations

from dataclasses import dataclass

from aigc_edit.timeline.span import Span


@dataclass(frozen=True, slots=True)
class Subtitle:
    """What is shown from when to when; lines are parted by newlines.

    >>> Subtitle(Span(1, 3), "Hello.\\nGood morning.").text.count("\\n")
    1
    """

    span: Span
    text: str

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise ValueError("a subtitle has text")
        object.__setattr__(self, "span", self.span.on_clock())


@dataclass(frozen=True)
class SubtitleTrack:
    """Subtitles within a video, in the order of time, one at a time.

    >>> SubtitleTrack((Subtitle(Span(1, 3), "Guten Tag."),), "de").language
    'de'

    Attributes:
        language: ISO 639-1 or -3 code, such as `en`; empty where nobody knows.
        title: as players list it.
    """

    subtitles: tuple[Subtitle, ...]
    language: str = ""
    title: str = ""
