"""The second half of a run: what was decided becomes files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol

from aigc_edit.api import Delivery
from aigc_edit.engine.changes import picture_changes
from aigc_edit.engine.check import check_result, decode_share
from aigc_edit.engine.delivery import delivered
from aigc_edit.engine.earlier import made_with
from aigc_edit.engine.filtering import FilterChain
from aigc_edit.engine.guard import Guard
from aigc_edit.engine.plan import Plan
from aigc_edit.engine.planner import (
    audio_filters,
    frame_filters,
    makes_sound,
    sinks,
    steady_steps,
)
from aigc_edit.engine.programme import (
    check_subtitles,
    left_out,
    output_chapters,
    output_metadata,
    sound_tracks,
    track_metadata,
)
from aigc_edit.engine.progress import Clock, Stopped
from aigc_edit.engine.record import make_record, seconds, source_facts
from aigc_edit.engine.render import RenderJob, RenderReport, render
from aigc_edit.engine.sound import SoundJob, SoundReport, render_sounds
from aigc_edit.engine.steadying import Steadying, flicker_of
from aigc_edit.engine.verdict import CheckReport, Expected
from aigc_edit.errors import DecodeError, EncodeError, NoSpaceError
from aigc_edit.media import (
    Damage,
    Programme,
    Scratch,
    SoundPart,
    Source,
    chosen_codec,
    give_back,
    inspect_file,
    mux,
)
from aigc_edit.pipeline import Pipeline
from aigc_edit.timeline import Chapter, EditList, Span, SubtitleTrack, Timeline
from aigc_edit.words import counted

_CURE = "Please report this with the run's --debug output."


class Elsewhere(Protocol):
    """Has pieces of a render made by others."""

    def __call__(self, numbers: Sequence[int], *, halted: Callable[[], bool]) -> None:
        """`halted` says whether it is in vain."""


class UnsafeCopyError(EncodeError):
    """The check did not pass, and pictures were copied: encoding them may help."""


def refuse_damage(source: Source, damage: Damage, most: float) -> None:
    """Raises DecodeError where a larger share of the pictures is damaged than `most`."""
    share = len(damage.pictures) / source.frames
    if share > most:
        raise DecodeError(
            f"{share:.0%} of its pictures are damaged, more than {most:.0%} "
            f"({'; '.join(damage.lines())})",
            where=source.path,
            cure="Get a whole copy, or put up with it: --set input.damage=1.",
        )


@dataclass(frozen=True)
class Rendering:
    """All that is known when rendering begins.

    Attributes:
        damage: of the source, as far as it is known; what rendering meets is added.
        tracks: in output time.
        digest: of the source's bytes, for the record.
        threads: of the encoder; 0 for as many as it thinks good here.
        elsewhere: see `render`.
    """

    pipeline: Pipeline
    source: Source
    damage: Damage
    edits: EditList
    tracks: Timeline
    plan: Plan
    device: str
    digest: str
    clock: Clock
    scratch: Scratch
    guard: Guard
    threads: int = 0
    elsewhere: Elsewhere | None = None

    def made(self) -> tuple[tuple[Path, ...], dict[str, Any]]:
        """Publishes the output and the files beside it; returns the latter, and the record.

        Raises:
            UnsafeCopyError: the check refuses a file with copied pictures.
        """
        picture, sounds = self._rendered()
        give_back()  # what decoding and encoding held, before the indexes of a whole film are read
        self._take_damage(picture, sounds)
        muxed, report = self._muxed(picture, sounds)
        record = self._record(picture, sounds, report, muxed.stat().st_size)
        beside = delivered(self.pipeline, self._delivery(record), record, self.guard)
        self.source.check_unchanged()
        for number, content in enumerate(beside.values()):
            self.scratch.write(f"beside{number}", content)
        named = {f"beside{number}": target for number, target in enumerate(beside)}
        self.scratch.publish(named | {muxed.name: self.scratch.output})
        return tuple(beside), record

    def _delivery(self, record: Mapping[str, Any]) -> Delivery:
        return Delivery(
            output=self.scratch.output,
            source=self.source.path,
            source_duration=self.source.duration,
            rate=self.source.video.rate,
            edits=self.edits,
            tracks=self.tracks,
            record=record,
        )

    def _rendered(self) -> tuple[RenderReport, tuple[SoundReport, ...]]:
        """Picture and sound, side by side; who fails stops the other."""
        stop, halt = threading.Event(), threading.Event()
        with (
            ThreadPoolExecutor(1, "sound") as pool,
            self.clock.running("render", self.plan.render.frames),
        ):
            heard: Future[tuple[SoundReport, ...]] = pool.submit(self._sounds, stop)
            heard.add_done_callback(lambda sound: halt.set() if sound.exception() else None)
            try:
                return render(self.job(halt), self.clock, self._others(halt)), heard.result()
            except Stopped:
                heard.result()  # raises what stopped the sound
                raise
            except BaseException:
                stop.set()
                heard.exception()
                raise

    @cached_property
    def _steadyings(self) -> tuple[Steadying | None, ...]:
        """What steadies each frame filter, if anything does."""
        steps = steady_steps(self.pipeline)
        borders = sorted({*self.edits.seams, *(p.start for p in self.plan.render.pieces[1:])})
        return tuple(Steadying(step, borders) if step is not None else None for step in steps)

    def _others(self, halt: threading.Event) -> Callable[[Sequence[int]], None] | None:
        return partial(self.elsewhere, halted=halt.is_set) if self.elsewhere else None

    def job(self, halt: threading.Event) -> RenderJob:
        """The render pass, as `render` wants it."""
        video, planned = self.pipeline.output.video, self.plan.render
        copies = planned.choice is not None and planned.copied > 0
        return RenderJob(
            source=self.source,
            pieces=planned.pieces,
            seams=self.edits.seams,
            chain=FilterChain(
                filters=frame_filters(self.pipeline),
                steadyings=self._steadyings,
                video=self.source.video,
                rate=video.fps or self.source.video.rate,
                tracks=self.tracks,
                seams=self.edits.seams,
                device=self.device,
                guard=self.guard,
            ),
            encoder=planned.encoder,
            quality=video.quality,
            preset=video.preset,
            fps=video.fps,
            sps_id=planned.choice.sps_id if planned.choice and copies else None,
            threads=self.threads,
            folder=self.scratch.folder,
            damage=self.damage,
            halt=halt,
        )

    def _sounds(self, stop: threading.Event) -> tuple[SoundReport, ...]:
        audio = self.pipeline.output.audio
        made = makes_sound(self.pipeline)
        streams = sound_tracks(self.source.audio, self.source.audio_tracks, audio.tracks, made=made)
        job = SoundJob(
            source=self.source,
            edits=self.edits,
            filters=audio_filters(self.pipeline),
            tracks=self.tracks,
            codec=chosen_codec(self.scratch.output.suffix, audio.codec, sound=True),
            bitrate=audio.bitrate * 1000,
            folder=self.scratch.folder,
            guard=self.guard,
        )
        return render_sounds(job, streams, stop)

    def _take_damage(self, picture: RenderReport, sounds: Sequence[SoundReport]) -> None:
        """Adds what the sound pass met to what is known; refuses too much of it."""
        for sound in sounds:
            self.damage.add(sound.damage)
        refuse_damage(self.source, self.damage, self.pipeline.input.damage)
        lost, planned = self._lost(picture), self.plan.render.frames
        if lost > self.pipeline.input.damage * planned:
            raise DecodeError(
                f"{lost} of {planned} pictures are damaged or missing",
                where=self.source.path,
                cure="Get a whole copy, or put up with it: --set input.damage=1.",
            )

    def _lost(self, picture: RenderReport) -> int:
        """Pictures that the index of the source promised and nobody could decode."""
        shown = len(picture.times) + picture.repeated - self.plan.render.copied
        return max(0, self.plan.render.frames - shown)

    def _muxed(
        self, picture: RenderReport, sounds: Sequence[SoundReport]
    ) -> tuple[Path, CheckReport]:
        """The finished file, still under a private name, and what its check found.

        Raises:
            EncodeError: the check refuses it.
        """
        part = self.scratch.part(f"muxed{self.scratch.output.suffix}")
        frames = len(picture.times)
        with self.clock.running("mux", frames):
            self._mux(part, picture, sounds)
        give_back()
        with self.clock.running("check", frames):
            report = self._checked(part, picture, sounds)
        if report.failures:
            raise (UnsafeCopyError if self._may_encode else EncodeError)(
                f"what was written is not right: {'; '.join(report.failures)}",
                where=self.scratch.output,
                cure=_CURE,
            )
        return part, report

    @property
    def _may_encode(self) -> bool:
        """Whether there are copies that could be encoded instead."""
        return self.plan.render.copied > 0 and self.pipeline.output.video.mode == "auto"

    def _mux(self, part: Path, picture: RenderReport, sounds: Sequence[SoundReport]) -> None:
        try:
            mux(part, self._programme(picture, sounds))
        except EncodeError as error:
            if self._may_encode and not isinstance(error, NoSpaceError):
                raise UnsafeCopyError(error.what, where=error.where) from error
            raise

    def _programme(self, picture: RenderReport, sounds: Sequence[SoundReport]) -> Programme:
        output = self.pipeline.output
        kept = output_metadata(self.source.metadata, strip_location=output.strip_location)
        return Programme(
            pictures=picture.parts,
            sounds=[
                SoundPart(sound.path, track_metadata(sound.track), default=number == 0)
                for number, sound in enumerate(sounds)
            ],
            times=picture.times,
            end=self.edits.duration,
            metadata=kept if output.metadata else {},
            chapters=self._chapters(),
            subtitles=self._subtitles,
        )

    @cached_property
    def _subtitles(self) -> tuple[SubtitleTrack, ...]:
        """The subtitles that sinks have for the file."""
        made: list[SubtitleTrack] = []
        for sink in sinks(self.pipeline):
            with self.guard.around(sink):
                for track in sink.subtitles(self.tracks):
                    check_subtitles(track, self.edits.duration)
                    made.append(track)
        return tuple(track for track in made if track.subtitles)

    def _chapters(self) -> tuple[Chapter, ...]:
        """The marks that sinks make, or else those of the source."""
        made: list[Chapter] = []
        for sink in sinks(self.pipeline):
            with self.guard.around(sink):
                made += sink.chapters(self.tracks)
        if made:
            return tuple(sorted(made, key=lambda chapter: chapter.start))
        kept = self.pipeline.output.metadata
        return output_chapters(self.source.chapters, self.edits) if kept else ()

    def _checked(
        self, part: Path, picture: RenderReport, sounds: Sequence[SoundReport]
    ) -> CheckReport:
        output, render_pass = self.pipeline.output, self.plan.render
        share = decode_share(
            filters=len(render_pass.filters), codec=render_pass.codec, preset=output.video.preset
        )
        copied = [Span(piece.start, piece.end) for piece in render_pass.pieces if piece.copied]
        facts = inspect_file(
            part,
            seams=self.edits.seams,
            duration=self.edits.duration,
            share=share,
            copied=copied,
        )
        return check_result(
            facts,
            Expected(
                duration=self.edits.duration,
                rate=output.video.fps or self.source.video.rate,
                seams=self.edits.seams,
                pictures=picture.marks,
                sound=sounds[0].marks if sounds else None,
                colour=None if copied else picture.settings.colour,
                size=None if copied else picture.settings.coded_size,
                times=picture.times,
                loudness=output.audio.loudness,
                subtitles=self._subtitles,
            ),
        )

    def _record(
        self,
        picture: RenderReport,
        sounds: Sequence[SoundReport],
        report: CheckReport,
        size: int,
    ) -> dict[str, Any]:
        planned, video = self.plan.render, self.pipeline.output.video
        encoded = any(not piece.copied for piece in planned.pieces)
        changes = picture_changes(
            self.source.video, picture.settings, filtered=bool(planned.filters), fps=video.fps
        )
        return make_record(
            pipeline=self.pipeline.describe(),
            made_with=made_with(self.pipeline, self.guard),
            plan=self.plan,
            source=source_facts(self.source, self.digest),
            edits=self.edits,
            flicker=[
                flicker_of(self._steadyings, at, at + span.duration)
                for span, at in self.edits.placed()
            ],
            device=self.device,
            costs=self.clock.costs,
            output={
                "path": str(self.scratch.output),
                "bytes": size,
                "duration": seconds(self.edits.duration),
                "frames": len(picture.times),
                "decoded": picture.decoded,
                "copied": planned.copied,
                "not_copied_because": planned.choice.why if planned.choice else "",
                "resumed": picture.resumed,
                "changes": list(changes) if encoded else [],
                "left_out": left_out(self.source, [sound.track for sound in sounds]),
            },
            sound=[sound.facts() for sound in sounds],
            generations=int(encoded),
            check=report.facts(),
            warnings=self._warnings(picture, report),
        )

    def _warnings(self, picture: RenderReport, report: CheckReport) -> list[str]:
        lost = self._lost(picture)
        found = [*self.pipeline.warnings, *self.source.warnings, *self.damage.lines()]
        if lost:
            gone = counted(lost, "picture")
            found.append(f"{gone} could not be decoded; the one before stays longer")
        if picture.repeated:
            found.append(f"{counted(picture.repeated, 'frame')} shared a time with a neighbour")
        return found + [f"check: {warning}" for warning in report.warnings]
