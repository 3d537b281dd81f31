from .cues import Cue, Shortfalls, lay_out, sentence_cues, shortfalls, silence
from .files import read_subtitles, track_transcript
from .options import LayoutOptions
from .style import CueStyle
from .writing import Format, subtitle_text

__all__ = [
    "Cue",
    "CueStyle",
    "Format",
    "LayoutOptions",
    "Shortfalls",
    "lay_out",
    "read_subtitles",
    "sentence_cues",
    "shortfalls",
    "silence",
    "subtitle_text",
    "track_transcript",
]
