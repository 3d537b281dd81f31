"""What could not be read as it should, with its times, in words for the record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_SAME_PLACE = 0.5  # seconds; nearer troubles are one stretch
_MOST_NAMED = 5  # stretches
_MOST_OPPOSED = 0.5  # of what is heard


@dataclass(slots=True)
class Damage:
    """The troubles of one source, gathered while it is read.

    Attributes:
        pictures: times of pictures that are lost, or that the decoder made up in parts; seconds
            of the source's clock, none where the file has no time for them.
        sounds: times of sound packets that are lost.
        broken_samples: samples that were no number, or 60 dB over full scale; now silence.
        changes: what changes within the file, and when.
        opposed, heard: seconds of sound whose right side is the opposite of its left, and
            seconds of sound at all.
    """

    pictures: set[float | None] = field(default_factory=set)
    sounds: set[float | None] = field(default_factory=set)
    broken_samples: int = 0
    changes: set[tuple[float, str]] = field(default_factory=set)
    opposed: float = 0.0
    heard: float = 0.0

    def add(self, other: Damage) -> None:
        """Takes over what another reading of the same source found."""
        self.pictures |= other.pictures
        self.sounds |= other.sounds
        self.changes |= other.changes
        self.broken_samples = max(self.broken_samples, other.broken_samples)
        if other.heard > self.heard:
            self.opposed, self.heard = other.opposed, other.heard

    def lines(self) -> tuple[str, ...]:
        """One line for each kind of trouble, with its times."""
        found = [f"the {what} at {at:.2f} s" for at, what in sorted(self.changes)]
        if self.pictures:
            found.append(_located("picture", self.pictures))
        if self.sounds:
            found.append(_located("sound", self.sounds))
        if self.broken_samples:
            found.append(f"{self.broken_samples} sound samples were no numbers: silence instead")
        if self.heard and self.opposed > _MOST_OPPOSED * self.heard:
            found.append(
                "left and right are opposites (out of phase): in mono nothing is heard; "
                "analysers that ask for mono got the left side"
            )
        return tuple(found)

    def to_json(self) -> dict[str, Any]:
        return {
            "pictures": _listed(self.pictures),
            "sounds": _listed(self.sounds),
            "broken_samples": self.broken_samples,
            "changes": sorted(self.changes),
            "opposed": self.opposed,
            "heard": self.heard,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Damage:
        """What `to_json` gave.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        return cls(
            pictures=set(data["pictures"]),
            sounds=set(data["sounds"]),
            broken_samples=int(data["broken_samples"]),
            changes={(float(at), str(what)) for at, what in data["changes"]},
            opposed=float(data["opposed"]),
            heard=float(data["heard"]),
        )


def _listed(times: set[float | None]) -> list[float | None]:
    return sorted(times, key=lambda t: -1.0 if t is None else t)


def _located(what: str, times: set[float | None]) -> str:
    """Such as `damaged pictures at 2.10-2.30 s and 5.00 s: 4`."""
    known = sorted(t for t in times if t is not None)
    stretches = [_stretch(first, last) for first, last in _stretches(known)]
    more = len(stretches) - _MOST_NAMED
    named = stretches[:_MOST_NAMED] + ([f"{more} more places"] if more > 0 else [])
    unit = "pictures" if what == "picture" else "packets"
    count = f"{len(times)} {unit if len(times) > 1 else unit[:-1]}"
    where = f" at {_joined(named)}" if named else ""
    return f"damaged {what}{where}: {count}"


def _stretches(times: Iterable[float]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for time in times:
        if found and time - found[-1][1] <= _SAME_PLACE:
            found[-1] = (found[-1][0], time)
        else:
            found.append((time, time))
    return found


def _stretch(first: float, last: float) -> str:
    return f"{first:.2f} s" if first == last else f"{first:.2f}-{last:.2f} s"


def _joined(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
