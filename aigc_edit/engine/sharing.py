"""One render by several processes: what each is told, and what it makes of it.

A piece is a file that no other piece depends on, so whoever makes it makes the same. Nothing is
decided twice: what is kept, and all tracks, come with the share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from aigc_edit.engine.pieces import Piece
from aigc_edit.engine.progress import Clock
from aigc_edit.timeline import EditList, Timeline

_SHARES = 4  # for each worker, so that none waits long for the last one


@dataclass(frozen=True)
class Share:
    """Some pieces of a render.

    Attributes:
        source, output, folder: of the run, and where finished pieces go; absolute.
        pieces: their numbers, in order.
        edits: what is kept.
        timeline: all tracks in source time, as JSON.
        no_copies: why nothing may be copied, if so.
        device: where filters run; a process may take another one of that kind.
        threads: of the encoder, since the pictures of x264 depend on their number; 0 for any.
        net_threads: of torch, since nets round by their number; 0 where nothing is filtered.
        key: of the render (see `render_key`).
    """

    source: Path
    output: Path
    folder: Path
    pieces: tuple[int, ...]
    edits: EditList
    timeline: str
    no_copies: str
    device: str
    threads: int
    net_threads: int
    key: str

    @property
    def tracks(self) -> Timeline:
        """In output time; KeyError where a kind of track is not known here."""
        return Timeline.loads(self.timeline).in_output(self.edits)


class Crew(Protocol):
    """Other processes that take part in a render."""

    @property
    def size(self) -> int:
        """How many there are."""

    def make(
        self,
        shares: Sequence[Share],
        advance: Callable[[int], None],
        halted: Callable[[], bool],
    ) -> None:
        """Has shares made; returns when that is done, was given up, or is in vain.

        Args:
            advance: hears how many pictures more are done.
            halted: whether it is in vain.
        """


@dataclass(frozen=True)
class Sharing:
    """Parts a render among a crew.

    Attributes:
        share: with no pieces yet.
        pieces: of the render.
    """

    crew: Crew
    share: Share
    pieces: Sequence[Piece]
    clock: Clock

    def __call__(self, numbers: Sequence[int], *, halted: Callable[[], bool]) -> None:
        """Has pieces of those numbers made."""
        shares = [replace(self.share, pieces=run) for run in self._parted(numbers)]
        if len(shares) < 2:
            self.clock.progress.say("there is too little to split: this process makes it alone")
            return
        self.crew.make(shares, self.clock.advance, halted)

    def _parted(self, numbers: Sequence[int]) -> list[tuple[int, ...]]:
        """Runs of about the same length, some for each of the crew."""
        wanted = sum(self.pieces[n].duration for n in numbers) / (self.crew.size * _SHARES)
        found: list[tuple[int, ...]] = []
        held: list[int] = []
        for number in numbers:
            held.append(number)
            if sum(self.pieces[n].duration for n in held) >= wanted:
                found.append(tuple(held))
                held = []
        return [*found, tuple(held)] if held else found
