"""The render pass: decode what is kept, filter it in batches, encode it once."""

from __future__ import annotations

import json
import secrets
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aigc_edit.engine.filtering import FilterChain
from aigc_edit.engine.pieces import Piece, first_number
from aigc_edit.engine.progress import Clock, Stopped
from aigc_edit.engine.steadying import flicker_note, take_flicker
from aigc_edit.errors import DecodeError
from aigc_edit.media import (
    CopiedPart,
    Damage,
    EncodedPart,
    Encoder,
    Picture,
    PictureFacts,
    PictureMarks,
    PicturePart,
    PictureReader,
    PictureSettings,
    PictureWriter,
    Source,
    ahead,
    give_back,
    synced,
    writing,
    written_colour,
)
from aigc_edit.timeline import SAME_TIME

_AHEAD_PICTURES = 8


@dataclass(frozen=True)
class RenderJob:
    """What the render pass is to do.

    Attributes:
        pieces: of the output, copied ones included.
        fps: constant frames a second that were asked for; None keeps the source's times.
        sps_id, threads: see PictureSettings.
        folder: where parts are written, and finished ones found again.
        damage: takes what is met.
        halt: set where the work is in vain.
    """

    source: Source
    pieces: Sequence[Piece]
    seams: Sequence[Fraction]
    chain: FilterChain
    encoder: Encoder
    quality: int
    preset: str
    fps: Fraction | None
    sps_id: int | None
    threads: int
    folder: Path
    damage: Damage
    halt: threading.Event

    @property
    def encoded(self) -> list[tuple[int, Piece]]:
        """The pieces to encode, with their numbers."""
        return [(n, piece) for n, piece in enumerate(self.pieces) if not piece.copied]


@dataclass(frozen=True)
class RenderReport:
    """What the render pass did.

    Attributes:
        parts: all pieces, ready for the mux.
        times: float64 [N], of all pictures of the output, copied ones too; seconds.
        marks: what was noted of all pictures that were encoded.
        settings: how they were encoded.
        decoded: by this run.
        resumed: pieces that a run that was killed had finished.
    """

    parts: tuple[PicturePart, ...]
    times: npt.NDArray[np.float64]
    marks: PictureFacts
    settings: PictureSettings
    decoded: int
    repeated: int
    resumed: int


@dataclass(frozen=True)
class _Made:
    """An encoded piece: when its pictures are shown (ticks), and what the mux must know."""

    ticks: list[int]
    repeated: int
    depth: int
    decoded: int
    damage: dict[str, Any]  # all that was met until then
    flicker: dict[str, Any]  # by step and stretch


def render(
    job: RenderJob, clock: Clock, elsewhere: Callable[[Sequence[int]], None] | None = None
) -> RenderReport:
    """Encodes every piece that is not copied and not finished yet, each into a file of its own.

    Args:
        elsewhere: has pieces of those numbers made by others, and tells the clock; what is not
            finished when it returns is made here.

    Raises:
        DecodeError: no picture at all could be shown.
    """
    resumed = _finished(job)
    clock.advance(sum(len(piece.ticks) for piece in resumed.values()))
    todo = [n for n, _ in job.encoded if n not in resumed]
    if elsewhere is not None:
        elsewhere(todo)
    found = _finished(job) if elsewhere is not None else resumed
    for piece in found.values():
        job.damage.add(Damage.from_json(piece.damage))
        take_flicker(job.chain.steadyings, piece.flicker)
    made = found | render_pieces(job, [n for n in todo if n not in found], clock)
    parts = tuple(
        CopiedPart(job.source, piece.placed[0].span, piece.start)
        if piece.copied
        else EncodedPart(_part(job, n), _settings(job).on_clock(piece.start), made[n].depth)
        for n, piece in enumerate(job.pieces)
        if piece.copied or n in made
    )
    if not parts:
        raise DecodeError("none of the kept pictures can be decoded", where=job.source.path)
    return RenderReport(
        parts=parts,
        times=_times(job, made),
        marks=_marks(job, made),
        settings=_settings(job),
        decoded=sum(piece.decoded for n, piece in made.items() if n not in resumed),
        repeated=sum(piece.repeated for piece in made.values()),
        resumed=len(resumed),
    )


def render_pieces(job: RenderJob, numbers: Sequence[int], clock: Clock) -> dict[int, _Made]:
    """Encodes the pieces of those numbers, in order; none of them is copied."""
    todo = [(number, job.pieces[number]) for number in numbers if not _read(job, number)]
    with (
        PictureReader(job.source, damage=job.damage) as reader,
        ahead(_placed(reader, [piece for _, piece in todo], job), _AHEAD_PICTURES) as pictures,
        job.chain.through(pictures, job.encoder.pixel_format) as shown,
    ):
        return _encoded(shown, todo, job, reader, clock)


def _marks(job: RenderJob, made: Mapping[int, _Made]) -> PictureFacts:
    """What was noted of all pieces that were encoded, whoever did it."""
    marks = PictureMarks(job.seams)
    for number in sorted(made):
        if number and number - 1 not in made:
            marks.jump()
        marks.take(PictureFacts.load(_marks_of(job, number)))
    return marks.facts()


def _times(job: RenderJob, made: Mapping[int, _Made]) -> npt.NDArray[np.float64]:
    """When each picture of the output is shown, seconds."""
    clock = float(_settings(job).clock)
    found = [np.zeros(0)]
    for number, piece in enumerate(job.pieces):
        if piece.copied:
            placed = piece.placed[0]
            inside = job.source.shown_times(placed.span)
            found.append(inside + float(placed.at - placed.span.start))
        elif number in made:
            found.append(np.array(made[number].ticks, np.float64) * clock)
    return np.concatenate(found)


def _part(job: RenderJob, number: int) -> Path:
    return job.folder / f"piece{number:05}.mp4"


def _unfinished(job: RenderJob, number: int) -> Path:
    """A name of its own: the machine of another worker may count as lost and yet write on."""
    part = _part(job, number)
    return part.with_name(f"unfinished-{secrets.token_hex(4)}-{part.name}")


def _marks_of(job: RenderJob, number: int) -> Path:
    return _part(job, number).with_suffix(".npz")


def _finished(job: RenderJob) -> dict[int, _Made]:
    """Pieces that an earlier run, or another process, has finished."""
    return {n: found for n, _ in job.encoded if (found := _read(job, n))}


def _read(job: RenderJob, number: int) -> _Made | None:
    """A finished piece: its note is written last."""
    part = _part(job, number)
    try:
        note = json.loads(part.with_suffix(".json").read_text("ascii"))
        if part.stat().st_size == note.pop("bytes"):
            PictureFacts.load(_marks_of(job, number))
            return _Made(**note)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None


def _encoded(
    shown: Iterator[Picture],
    todo: Sequence[tuple[int, Piece]],
    job: RenderJob,
    reader: PictureReader,
    clock: Clock,
) -> dict[int, _Made]:
    """Writes pictures in output order into the parts of their pieces."""
    starts = [piece.start for _, piece in todo]
    made: dict[int, _Made] = {}
    decoded = 0
    for place, pictures in groupby(
        shown, key=lambda p: bisect_right(starts, p.time + SAME_TIME) - 1
    ):
        number, piece = todo[place]
        written = _written(_heeded(pictures, job, clock), piece, number, job)
        made[number] = _noted(written, number, job, reader.decoded - decoded)
        decoded = reader.decoded
    return made


def _heeded(pictures: Iterator[Picture], job: RenderJob, clock: Clock) -> Iterator[Picture]:
    """The pictures, as long as the sound does not fail."""
    for picture in pictures:
        if job.halt.is_set():
            raise Stopped
        yield picture
        clock.advance()


def _written(
    pictures: Iterator[Picture], piece: Piece, number: int, job: RenderJob
) -> PictureWriter:
    """Encodes a piece, and notes what the encoder was given."""
    inside = [seam for seam in job.seams if piece.start < seam < piece.end]
    marks = PictureMarks([piece.start, *inside, piece.end])
    with PictureWriter(_unfinished(job, number), _settings(job), piece.start) as writer:
        for picture in pictures:
            encoded = writer.write(picture.frame, picture.time)
            if encoded is not None:
                marks.add(encoded, picture.time)
    marks.end()
    with writing(writer.path):
        marks.facts().save(writer.path.with_suffix(".npz"))
    return writer


def _noted(writer: PictureWriter, number: int, job: RenderJob, decoded: int) -> _Made:
    """Gives a piece its name; whoever finds its note finds it whole."""
    part, piece = _part(job, number), job.pieces[number]
    flicker = flicker_note(job.chain.steadyings, piece.start, piece.end)
    made = _Made(
        writer.ticks, writer.repeated, writer.depth, decoded, job.damage.to_json(), flicker
    )
    with writing(part):
        size = writer.path.stat().st_size
        synced(writer.path)
        note = writer.path.with_suffix(".json")
        note.write_text(json.dumps(asdict(made) | {"bytes": size}), "ascii")
        for suffix in (".npz", part.suffix, ".json"):
            writer.path.with_suffix(suffix).replace(part.with_suffix(suffix))
    give_back()
    return made


def _settings(job: RenderJob) -> PictureSettings:
    video, touched = job.source.video, bool(job.chain.filters)
    width, height = job.chain.size
    return PictureSettings(
        encoder=job.encoder,
        quality=job.quality,
        preset=job.preset,
        width=width,
        height=height,
        rate=job.fps or job.source.grid,
        average=job.fps or video.rate,
        colour=job.chain.colour if touched else written_colour(video.colour),
        depth=8 if touched else video.depth,
        sps_id=job.sps_id,
        threads=job.threads,
    )


def _placed(reader: PictureReader, pieces: Sequence[Piece], job: RenderJob) -> Iterator[Picture]:
    """The pictures of pieces at their output times."""
    for placed in chain.from_iterable(piece.placed for piece in pieces):
        pictures = (
            Picture(placed.at + picture.time - placed.span.start, picture.frame)
            for picture in reader.pictures(placed.span)
        )
        yield from pictures if job.fps is None else at_rate(pictures, placed.end, job.fps)


def at_rate(pictures: Iterable[Picture], end: Fraction, fps: Fraction) -> Iterator[Picture]:
    """Pictures at every whole multiple of `1 / fps` before `end`: the one on display then.

    Earlier and later pictures are shown again or left out; none is blended.
    """
    shown: Picture | None = None
    number = 0
    for picture in pictures:
        if shown is None:
            number = first_number(picture.time, fps)
        while shown is not None and number < (picture.time - SAME_TIME) * fps:
            yield Picture(number / fps, shown.frame)
            number += 1
        shown = picture
    while shown is not None and number < first_number(end, fps):
        yield Picture(number / fps, shown.frame)
        number += 1
