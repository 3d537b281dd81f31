"""What analysers find, placed in time: frozen values, JSON in and out."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
import numpy.typing as npt

from aigc_edit.timeline.edit_list import EditList
from aigc_edit.timeline.span import Exact, Span, on_clock

Json = dict[str, Any]
FloatArray = npt.NDArray[np.float32]
T = TypeVar("T", bound="Track")


@dataclass(frozen=True, slots=True)
class TrackRef:
    """A track that a stage reads or writes: its kind and its name.

    >>> reads = (Shots.named("shots"), Curve.named("motion", optional=True))
    >>> reads[1] == TrackRef(Curve, "motion", optional=True)
    True
    """

    kind: type[Track]
    name: str
    optional: bool = False

    def __str__(self) -> str:
        return f"{self.name} ({self.kind.__name__})"


@dataclass(frozen=True)
class Track:
    """What an analyser found. Times are seconds of the source, on the nanosecond clock.

    A plugin may have kinds of its own: a frozen dataclass with these three methods. `from_json`
    gets what `to_json` gave, `name` besides; numbers may come as `Decimal`, which `Fraction` takes.
    """

    name: str
    KINDS: ClassVar[dict[str, type[Track]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Track.KINDS[cls.kind_name()] = cls

    @classmethod
    def kind_name(cls) -> str:
        """What JSON calls this kind; plugins may have kinds of the same name."""
        ours = cls.__module__.startswith(f"{Track.__module__.rpartition('.')[0]}.")
        return cls.__name__ if ours else f"{cls.__module__}:{cls.__name__}"

    @property
    def remark(self) -> str:
        """What the user is told about it, in one line; a kind may have a field of this name."""
        return ""

    @classmethod
    def named(cls, name: str, *, optional: bool = False) -> TrackRef:
        """A reference to a track of this kind, for a stage's `reads` and `writes`."""
        return TrackRef(cls, name, optional)

    @abstractmethod
    def to_json(self) -> Json:
        """Plain JSON that says all but its kind and name; times as decimal seconds."""

    @classmethod
    @abstractmethod
    def from_json(cls, data: Json) -> Self:
        """The track of what `to_json` gave, with `name`; equal to the one that it came from."""

    @abstractmethod
    def in_output(self, edits: EditList) -> Self:
        """The same track in output time: what the edit list drops is gone, the rest is moved."""


def span_json(span: Span) -> Json:
    return {"start": number(span.start), "end": number(span.end)}


def span_from_json(data: Json) -> Span:
    return Span(Fraction(data["start"]), Fraction(data["end"]))


def number(time: Fraction) -> float:
    """A time on the nanosecond clock as JSON has it."""
    return float(Decimal(round(time * 10**9)).scaleb(-9))


def _on_clock(spans: Sequence[Span]) -> tuple[Span, ...]:
    return tuple(span.on_clock() for span in spans)


def _spans_in_output(spans: Sequence[Span], edits: EditList) -> tuple[Span, ...]:
    return tuple(sorted(piece for span in spans for piece in edits.to_output(span)))


@dataclass(frozen=True)
class Shots(Track):
    """Shots in order, without gaps; `gradual` holds the transitions that take time.

    A shot begins at the first frame of a hard cut, or in the middle of a gradual transition.

    >>> Shots("shots", (Span(0, 2), Span(2, 5))).cuts
    (Fraction(2, 1),)
    """

    spans: tuple[Span, ...] = ()
    gradual: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "spans", _on_clock(self.spans))
        object.__setattr__(self, "gradual", _on_clock(self.gradual))

    @property
    def cuts(self) -> tuple[Fraction, ...]:
        """Where one shot ends and the next one begins, in seconds."""
        return tuple(span.start for span in self.spans[1:])

    def to_json(self) -> Json:
        return {
            "shots": [span_json(s) for s in self.spans],
            "gradual": [span_json(s) for s in self.gradual],
        }

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls(
            data["name"],
            tuple(map(span_from_json, data["shots"])),
            tuple(map(span_from_json, data["gradual"])),
        )

    def in_output(self, edits: EditList) -> Self:
        return type(self)(
            self.name,
            _spans_in_output(self.spans, edits),
            _spans_in_output(self.gradual, edits),
        )


@dataclass(frozen=True)
class Regions(Track):
    """Stretches of one thing, such as speech: in order, not overlapping.

    >>> speech = Regions("speech_regions", (Span(1, 3), Span(4, 6)))
    >>> [str(span) for span in speech.in_output(EditList.of([Span(2, 5)])).spans]
    ['0.000-1.000 s', '2.000-3.000 s']
    """

    spans: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "spans", _on_clock(self.spans))

    def to_json(self) -> Json:
        return {"spans": [span_json(s) for s in self.spans]}

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls(data["name"], tuple(map(span_from_json, data["spans"])))

    def in_output(self, edits: EditList) -> Self:
        return type(self)(self.name, _spans_in_output(self.spans, edits))


@dataclass(frozen=True, eq=False)
class Curve(Track):
    """One number at regular times: value `k` holds for `[k / rate, (k + 1) / rate)`.

    >>> light = Curve("light", Fraction(2), np.array([0.1, 0.2, 0.6, 0.8]), "0..1")
    >>> light.within(Span(1, 2)).tolist() == np.float32([0.6, 0.8]).tolist()
    True

    Attributes:
        rate: values a second.
        values: float32 [N], read-only; unit and range are the analyser's to say.
        unit: such as "LUFS" or "0..1".
    """

    rate: Fraction = Fraction(10)
    values: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))
    unit: str = ""

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float32)
        if values.ndim != 1 or not np.isfinite(values).all():
            shape = list(values.shape)
            raise ValueError(f"values of {self.name} {shape} are not a row of finite numbers")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "rate", Fraction(self.rate))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Curve)
            and (self.name, self.rate, self.unit) == (other.name, other.rate, other.unit)
            and np.array_equal(self.values, other.values)
        )

    __hash__ = None  # type: ignore[assignment]  # holds an array

    def __len__(self) -> int:
        return len(self.values)

    def within(self, span: Span) -> FloatArray:
        """The values that `span` touches: float32 [N], empty where the curve does not reach."""
        first = max(0, int(span.start * self.rate))
        last = max(0, -int(-span.end * self.rate // 1))  # rounds up
        return self.values[first:last]

    def resampled(self, rate: Exact, length: int, fill: float = 0.0) -> FloatArray:
        """`length` values at `rate`: means of what each covers, `fill` where there is nothing.

        Returns: float32 [length].
        """
        edges = (np.arange(length + 1) * float(self.rate / rate)).round(6)
        first = np.floor(edges[:-1]).astype(int)
        last = np.maximum(np.ceil(edges[1:]).astype(int), first + 1)
        sums = np.concatenate([[0.0], np.cumsum(self.values, dtype=np.float64)])
        first, last = first.clip(0, len(self)), last.clip(0, len(self))
        counts = last - first
        means = (sums[last] - sums[first]) / np.maximum(counts, 1)
        return np.where(counts > 0, means, fill).astype(np.float32)

    def to_json(self) -> Json:
        return {
            "rate": str(self.rate),
            "unit": self.unit,
            "values": [float(f"{v:.9g}") for v in self.values.tolist()],
        }

    @classmethod
    def from_json(cls, data: Json) -> Self:
        values = np.array(data["values"], np.float32)
        return cls(data["name"], Fraction(data["rate"]), values, data["unit"])

    def in_output(self, edits: EditList) -> Self:
        length = -int(-edits.duration * self.rate // 1)
        times = [edits.to_source((k + Fraction(1, 2)) / self.rate) for k in range(length)]
        places = np.array([min(int(t * self.rate), len(self) - 1) for t in times], int)
        values = self.values[places] if len(self) else np.zeros(0, np.float32)
        return type(self)(self.name, self.rate, values, self.unit)


@dataclass(frozen=True, slots=True)
class Moment:
    """A stretch worth keeping: how much (`score`, robust z), and why (parts of the score).

    >>> moment = Moment(Span(12, 15), 2.4, {"motion": 0.9, "surge": 1.5})
    """

    span: Span
    score: float
    reasons: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "span", self.span.on_clock())

    def to_json(self) -> Json:
        return {**span_json(self.span), "score": self.score, "reasons": dict(self.reasons)}


def _floats(data: Json) -> dict[str, float]:
    return {key: float(value) for key, value in data.items()}


@dataclass(frozen=True)
class Moments(Track):
    """Moments in time order, not overlapping.

    >>> found = Moments("moments", (Moment(Span(1, 2), 0.5), Moment(Span(7, 9), 2.0)))
    >>> max(found, key=lambda moment: moment.score).span
    Span(start=Fraction(7, 1), end=Fraction(9, 1))
    """

    moments: tuple[Moment, ...] = ()

    def __iter__(self) -> Iterator[Moment]:
        return iter(self.moments)

    def to_json(self) -> Json:
        return {"moments": [m.to_json() for m in self.moments]}

    @classmethod
    def from_json(cls, data: Json) -> Self:
        found = (
            Moment(
                span_from_json(m), float(m["score"]), {k: float(v) for k, v in m["reasons"].items()}
            )
            for m in data["moments"]
        )
        return cls(data["name"], tuple(found))

    def in_output(self, edits: EditList) -> Self:
        moved = (
            Moment(piece, m.score, m.reasons)
            for m in self.moments
            for piece in edits.to_output(m.span)
        )
        return type(self)(self.name, tuple(sorted(moved, key=lambda m: m.span)))


@dataclass(frozen=True)
class Timeline:
    """All tracks of one source, by name, and how long it is (seconds).

    >>> tracks = Timeline(Fraction(5)).then(Shots("shots", (Span(0, 2), Span(2, 5))))
    >>> tracks.get(Shots, "shots").cuts, tracks.find(Curve, "motion"), "motion" in tracks
    ((Fraction(2, 1),), None, False)
    """

    duration: Fraction
    tracks: Mapping[str, Track] = field(default_factory=dict)

    def __contains__(self, ref: object) -> bool:
        name = ref.name if isinstance(ref, TrackRef) else ref
        return name in self.tracks

    def get(self, kind: type[T], name: str) -> T:
        """The track of that kind and name; KeyError where there is none."""
        if name not in self.tracks:
            raise KeyError(f"no track {name} here; is it in the stage's `reads`?")
        track = self.tracks[name]
        if not isinstance(track, kind):
            raise KeyError(f"{name} is a {type(track).__name__}, not a {kind.__name__}")
        return track

    def find(self, kind: type[T], name: str) -> T | None:
        """As `get`, but None where there is none: for tracks that a stage calls optional."""
        return self.get(kind, name) if name in self.tracks else None

    def only(self, refs: Iterable[TrackRef]) -> Timeline:
        """The timeline with no other tracks than these, as far as they are there."""
        names = {ref.name for ref in refs}
        return Timeline(self.duration, {n: t for n, t in self.tracks.items() if n in names})

    def then(self, *tracks: Track) -> Timeline:
        """The timeline with these tracks added."""
        return Timeline(self.duration, {**self.tracks, **{t.name: t for t in tracks}})

    def in_output(self, edits: EditList) -> Timeline:
        """All tracks in output time."""
        moved = {name: track.in_output(edits) for name, track in self.tracks.items()}
        return Timeline(edits.duration, moved)

    def to_json(self) -> Json:
        """`{"duration": seconds, "tracks": {NAME: TRACK}}`."""
        tracks = {name: track_json(track) for name, track in self.tracks.items()}
        return {"duration": number(on_clock(self.duration)), "tracks": tracks}

    @classmethod
    def loads(cls, text: str) -> Timeline:
        """A timeline from the text of its JSON; times come back exactly."""
        data = json.loads(text, parse_float=Decimal)
        tracks = {name: track_from_json(t) for name, t in data["tracks"].items()}
        return cls(Fraction(data["duration"]), tracks)

    def dumps(self) -> str:
        """Its JSON as text, as `aigc-edit analyze` writes it."""
        return json.dumps(self.to_json(), indent=1, ensure_ascii=False)


def track_json(track: Track) -> Json:
    """A track as JSON that says its own kind and name."""
    return {"kind": track.kind_name(), "name": track.name, **track.to_json()}


def track_from_json(data: Json) -> Track:
    """A track from `track_json`; KeyError for an unknown kind."""
    return Track.KINDS[data["kind"]].from_json(data)
