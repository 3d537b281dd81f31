"""What is said, as files that players and editors open."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from aigc_edit.api import (
    Delivery,
    Sink,
    Subtitle,
    SubtitleTrack,
    Timeline,
    Transcript,
    option,
)
from aigc_edit.stages.text import LayoutOptions

if TYPE_CHECKING:
    from aigc_edit.stages.text import Cue


class Subtitles(Sink):
    """Writes what is said as subtitles: files beside the result, or a track within it."""

    name = "subtitles"
    reads = (Transcript.named("transcript"),)
    suffixes = (".srt", ".vtt", ".ass", ".words.json")

    class Options(LayoutOptions):
        """Options of subtitles."""

        formats: tuple[Literal["srt", "vtt", "ass", "json"], ...] = option(
            ("srt",), help="Files to write; json has all words with their times."
        )
        track: bool = option(
            default=False, help="Also a track within the video, which viewers can switch on."
        )

    options: Options
    _cues: tuple[Cue, ...] = ()
    _said = Transcript("transcript")

    def subtitles(self, tracks: Timeline) -> Sequence[SubtitleTrack]:
        from aigc_edit.stages.text import lay_out

        if not self.options.track:
            return ()
        said = tracks.get(Transcript, "transcript")
        cues = lay_out(said, self.options.style, end=tracks.duration)
        return [SubtitleTrack(tuple(Subtitle(cue.span, cue.text) for cue in cues), said.language)]

    def deliver(self, delivery: Delivery) -> Mapping[str, str]:
        from aigc_edit.stages.text import lay_out, subtitle_text

        self._said = said = delivery.tracks.get(Transcript, "transcript")
        self._cues = lay_out(said, self.options.style, end=delivery.tracks.duration)
        if not self._cues:
            return {}
        files = {f".{k}": subtitle_text(self._cues, k) for k in self.options.formats if k != "json"}
        if "json" in self.options.formats:
            files[".words.json"] = json.dumps(said.to_json(), indent=1, ensure_ascii=False) + "\n"
        return files

    def report(self) -> Mapping[str, float | str]:
        from aigc_edit.stages.text import shortfalls, silence

        if not self._cues:
            return {"cues": 0, **silence(self._said, "subtitles were written")}
        note = shortfalls(self._cues, self.options.style).note
        return {"cues": len(self._cues), **({"note": note} if note else {})}
