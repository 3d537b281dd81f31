"""Talk without its pauses."""

from __future__ import annotations

from aigc_edit.api import (
    EditList,
    Kept,
    Regions,
    Seconds,
    Selector,
    Span,
    StageOptions,
    Timeline,
    Transcript,
    option,
)
from aigc_edit.stages.spoken import spoken_spans


class SkipSilence(Selector):
    """Keeps where somebody speaks, with a margin; long pauses go, short ones stay.

    With a transcript, words that voice activity missed are kept whole, too.
    """

    name = "skip_silence"
    reads = (Regions.named("speech_regions"), Transcript.named("transcript", optional=True))

    class Options(StageOptions):
        """Options of skip_silence."""

        min_pause: Seconds = option("0.6s", ge=0, help="Shorter pauses stay.")
        before: Seconds = option("0.15s", ge=0, help="Kept before each stretch of speech.")
        after: Seconds = option("0.25s", ge=0, help="Kept after each stretch of speech.")

    options: Options

    def select(self, edits: EditList, tracks: Timeline) -> EditList:
        spoken = spoken_spans(tracks)
        if not spoken:
            why = {"note": "nobody speaks, so everything is kept"}
            return EditList(tuple(Kept(span, why) for span in edits.spans))
        joined = Span.merged(spoken, gap=self.options.min_pause)
        padded = Span.merged(self._padded(span) for span in joined)
        return EditList.of(
            part for allowed in edits.spans for span in padded if (part := span.overlap(allowed))
        )

    def _padded(self, span: Span) -> Span:
        return span.padded(self.options.before, self.options.after)
