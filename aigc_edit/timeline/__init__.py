"""Floor 0: spans, tracks, edit lists. Nothing here knows of files or pixels."""

from aigc_edit.timeline.edit_list import EditList, Kept
from aigc_edit.timeline.instants import Instant, Instants
from aigc_edit.timeline.span import NANOSECOND, SAME_TIME, Chapter, Span, on_clock
from aigc_edit.timeline.subtitle import Subtitle, SubtitleTrack
from aigc_edit.timeline.tracks import (
    Curve,
    Json,
    Moment,
    Moments,
    Regions,
    Shots,
    Timeline,
    Track,
    TrackRef,
    track_from_json,
    track_json,
)
from aigc_edit.timeline.transcript import Sentence, Transcript, Word, sentences, spread

__all__ = [
    "NANOSECOND",
    "SAME_TIME",
    "Chapter",
    "Curve",
    "EditList",
    "Instant",
    "Instants",
    "Json",
    "Kept",
    "Moment",
    "Moments",
    "Regions",
    "Sentence",
    "Shots",
    "Span",
    "Subtitle",
    "SubtitleTrack",
    "Timeline",
    "Track",
    "TrackRef",
    "Transcript",
    "Word",
    "on_clock",
    "sentences",
    "spread",
    "track_from_json",
    "track_json",
]
