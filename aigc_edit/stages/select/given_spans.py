"""Stretches that the user names."""

from __future__ import annotations

from fractions import Fraction

from pydantic import field_validator

from aigc_edit.api import EditList, Seconds, Selector, Span, StageOptions, Timeline, option


class GivenSpans(Selector):
    """Keeps the stretches that you name, in the order that you name them."""

    name = "given_spans"

    class Options(StageOptions):
        """Options of given_spans."""

        spans: tuple[tuple[Seconds, Seconds], ...] = option(
            help="Stretches as [start, end] pairs, such as [[10s, 20s], [1m, 1m5s]].",
            min_length=1,
        )

        @field_validator("spans")
        @classmethod
        def _in_order(
            cls, spans: tuple[tuple[Fraction, Fraction], ...]
        ) -> tuple[tuple[Fraction, Fraction], ...]:
            for start, end in spans:
                if start < 0 or end <= start:
                    raise ValueError(f"a stretch from {float(start)} s to {float(end)} s is empty")
            return spans

    options: Options

    def expected(self, duration: Fraction) -> Fraction:
        return min(duration, sum((e - s for s, e in self.options.spans), Fraction(0)))

    def select(self, edits: EditList, tracks: Timeline) -> EditList:
        del tracks
        named = (Span(start, end) for start, end in self.options.spans)
        return EditList.of(
            part for span in named for allowed in edits.spans if (part := span.overlap(allowed))
        )
