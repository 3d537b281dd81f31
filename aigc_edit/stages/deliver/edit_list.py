"""The cut as an editor opens it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from aigc_edit.api import Delivery, Kept, Sink


class EditListFile(Sink):
    """Writes the edit list as OpenTimelineIO, so that the cut opens in an editor."""

    name = "edit_list"
    suffixes = (".otio",)

    def deliver(self, delivery: Delivery) -> Mapping[str, str]:
        import opentimelineio as otio

        timeline = otio.schema.Timeline(name=_text(delivery.output.stem))
        for kind in (otio.schema.TrackKind.Video, otio.schema.TrackKind.Audio):
            track = otio.schema.Track(name=kind, kind=kind)
            track.extend(_clip(otio, kept, delivery) for kept in delivery.edits.kept)
            timeline.tracks.append(track)
        return {".otio": otio.adapters.write_to_string(timeline, "otio_json") + "\n"}


def _text(name: str) -> str:
    """A file's name as text; bytes that are none come out as escapes."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def _clip(otio: Any, kept: Kept, delivery: Delivery) -> Any:
    media = otio.schema.ExternalReference(
        target_url=delivery.source.absolute().as_uri(),
        available_range=_range(otio, Fraction(0), delivery.source_duration, delivery.rate),
    )
    return otio.schema.Clip(
        name=_text(delivery.source.stem),
        media_reference=media,
        source_range=_range(otio, kept.span.start, kept.span.duration, delivery.rate),
        metadata={"aigc_edit": dict(kept.why)},
    )


def _range(otio: Any, start: Fraction, duration: Fraction, rate: Fraction) -> Any:
    """A range in frames of the source, as editors count."""
    times = (otio.opentime.RationalTime(float(t * rate), float(rate)) for t in (start, duration))
    return otio.opentime.TimeRange(*times)
