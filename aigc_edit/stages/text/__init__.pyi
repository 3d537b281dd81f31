from .cues import Cue, Shortfalls, lay_out, shortfalls
from .files import read_subtitles
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
    "shortfalls",
    "subtitle_text",
]
