"""From words to cues, and from subtitle files to words: what captions and subtitles share."""

from aigc_edit.stages.text.cues import Cue, Shortfalls, lay_out, shortfalls
from aigc_edit.stages.text.files import read_subtitles
from aigc_edit.stages.text.options import LayoutOptions
from aigc_edit.stages.text.style import CueStyle
from aigc_edit.stages.text.writing import Format, subtitle_text

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
