"""What several kinds of stage ask of the tracks: where somebody speaks."""

from __future__ import annotations

from aigc_edit.api import Regions, Span, Timeline, Transcript


def spoken_spans(tracks: Timeline) -> tuple[Span, ...]:
    """Where somebody speaks, as far as anybody knows: speech regions and words."""
    regions, said = tracks.find(Regions, "speech_regions"), tracks.find(Transcript, "transcript")
    words = [word.span for word in said.words] if said else []
    return Span.merged([*(regions.spans if regions else ()), *words])
