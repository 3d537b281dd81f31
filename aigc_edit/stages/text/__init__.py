"""From words to cues, and from subtitle files to words: what captions and subtitles share."""

from aigc_edit.stages.text.cues import Cue, Shortfalls, lay_out, shortfalls
from aigc_edit.stages.text.style import CueStyle

__all__ = ["Cue", "CueStyle", "Shortfalls", "lay_out", "shortfalls"]
