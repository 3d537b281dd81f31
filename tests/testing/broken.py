"""Stages that break one promise each, on purpose: the kit must notice every one of them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from pydantic import ConfigDict

from aigc_edit.api import (
    Analyzer,
    Audio,
    AudioFilter,
    Chapter,
    Curve,
    EditList,
    FrameFilter,
    Frames,
    Regions,
    Selector,
    Sink,
    Span,
    StageOptions,
    Subtitle,
    SubtitleTrack,
    option,
)


class Filter(FrameFilter):
    """Keeps all promises; what is below breaks one."""

    name = "filter"

    def apply(self, frames):
        return frames


class Sound(AudioFilter):
    """Keeps all promises."""

    name = "sound"

    def apply(self, block):
        return block.samples


class Level(Analyzer):
    """Keeps all promises."""

    name = "level"
    needs = (Frames(height=36, pixels="gray"), Audio(rate=8000))
    writes = (Curve.named("level"),)

    def begin(self, context):
        self.levels, self.heard = [], 0.0

    def frames(self, batch):
        self.levels += [float(image.mean()) for image in batch.pixels]

    def audio(self, block):
        self.heard += float(block.samples.sum())

    def finish(self, tracks):
        return [Curve("level", Fraction(10), np.array([*self.levels, self.heard]))]


class Undocumented(Filter):
    __doc__ = ""


class OptionsWithoutHelp(Filter):
    """Has an option that nobody explains."""

    class Options(StageOptions):
        strength: float = 1.0


class SwallowsOptions(Filter):
    """Takes any option."""

    class Options(StageOptions):
        model_config = ConfigDict(extra="ignore")


class Random(Filter):
    """Draws from the generator that all share."""

    def apply(self, frames):
        return (frames + 0.1 * torch.rand(())).clamp(0, 1)


class SharedMemory(Filter):
    """Remembers in the class."""

    seen: list[int] = []  # noqa: RUF012 -- the fault

    def apply(self, frames):
        self.seen.append(1)
        return frames if len(self.seen) < 5 else 1 - frames


class FirstFrame(Filter):
    """Keeps the light of the first picture that any instance sees."""

    light = None

    def apply(self, frames):
        if self.light is None:
            type(self).light = frames.mean()
        return frames * self.light


class FirstOptions(Filter):
    """Keeps the options of its first instance."""

    class Options(StageOptions):
        strength: float = option(1.0, ge=0, le=1, help="How much.")

    def begin(self, context):
        if not hasattr(FirstOptions, "factor"):
            FirstOptions.factor = self.options.strength

    def apply(self, frames):
        return frames * self.factor


_loudest = None


class FirstSound(Sound):
    """Keeps in the module how loud the first sound was."""

    def apply(self, block):
        global _loudest  # noqa: PLW0603 -- the fault
        if _loudest is None:
            _loudest = np.abs(block.samples).max()
        return block.samples * _loudest


class LoudestYet(Sound):
    """Remembers the loudest of all that it was ever given."""

    measures = True

    def __init__(self, options=None):
        super().__init__(options)
        self.peak = np.float32(1e-3)

    def measure(self, block):
        self.peak = max(self.peak, np.abs(block.samples).max(initial=0))

    def apply(self, block):
        return block.samples / self.peak


class BrightestYet(Level):
    """Remembers the brightest of all pictures that it ever saw."""

    def __init__(self, options=None):
        super().__init__(options)
        self.most = 0

    def frames(self, batch):
        self.most = max(self.most, int(batch.pixels.max()))

    def finish(self, tracks):
        return [Curve("level", Fraction(10), np.array([self.most]))]


_first_brightest: list[int] = []


class FirstBrightest(Level):
    """Keeps in a list of the module how bright the first picture was that anybody saw."""

    def frames(self, batch):
        if not _first_brightest:
            _first_brightest.append(int(batch.pixels.max()))

    def finish(self, tracks):
        return [Curve("level", Fraction(10), np.array(_first_brightest))]


class NeverForgets(Level):
    """Begins without forgetting."""

    def __init__(self, options=None):
        super().__init__(options)
        self.levels, self.heard = [], 0.0

    def begin(self, context):
        pass


class Talks(Filter):
    """Prints."""

    def apply(self, frames):
        print("working hard")  # noqa: T201 -- the fault
        return frames


class Seeds(Filter):
    """Seeds the generator that all share."""

    def apply(self, frames):
        torch.manual_seed(0)
        return frames


class Writes(Filter):
    """Leaves a file."""

    def apply(self, frames):
        Path("frames.log").write_text("one more")
        return frames


class ReadsMore(Selector):
    """Reads a track that it does not declare."""

    name = "reads_more"

    def select(self, edits, tracks):
        tracks.get(Curve, "motion")
        return edits


class Optional(Selector):
    """Calls a track optional, and cannot do without."""

    name = "optional"
    reads = (Regions.named("speech_regions", optional=True),)

    def select(self, edits, tracks):
        return EditList.of(
            part
            for span in tracks.get(Regions, "speech_regions").spans
            for left in edits.spans
            if (part := span.overlap(left))
        )


class CountsThreads(Filter):
    """Its result depends on the number of threads."""

    def apply(self, frames):
        return (frames * (1 - 0.05 * torch.get_num_threads())).clamp(0, 1)


class CountsDevices(Filter):
    """Does something else on a GPU."""

    def apply(self, frames):
        return 1 - frames if frames.is_cuda else frames


class InPlace(Filter):
    """Changes what it was given."""

    def apply(self, frames):
        return frames.mul_(0.5)


class InPlaceNeighbours(Filter):
    """Changes the neighbours that it was given."""

    context = 1

    def apply(self, frames):
        return frames.mul_(0.5)[1:-1]


class SoundInPlace(Sound):
    """Changes the samples that it was given."""

    def apply(self, block):
        block.samples[:] *= 0.5
        return block.samples


class LooksInPlace(Level):
    """Changes the pictures that it was given."""

    def frames(self, batch):
        batch.pixels[:] = 0
        super().frames(batch)


class Hoards(Filter):
    """Keeps every frame."""

    def begin(self, context):
        self.kept = []

    def apply(self, frames):
        self.kept.append(frames.clone())
        return frames


class HoardsSound(Sound):
    """Keeps every block."""

    def begin(self, context):
        self.kept = []

    def apply(self, block):
        self.kept.append(block.samples.copy())
        return block.samples


class HoardsPictures(Level):
    """Keeps every picture."""

    def begin(self, context):
        super().begin(context)
        self.kept = []

    def frames(self, batch):
        super().frames(batch)
        self.kept.append(batch.pixels.copy())


class BatchMean(Filter):
    """Looks at the whole batch."""

    def apply(self, frames):
        return (frames - frames.mean() + 0.5).clamp(0, 1)


class Trail(Filter):
    """Mixes each frame with the one before, cuts or not."""

    def begin(self, context):
        self.last = None

    def apply(self, frames):
        mixed = []
        for frame in frames:
            self.last = frame if self.last is None else (frame + self.last) / 2
            mixed.append(self.last)
        return torch.stack(mixed)


class TrailAcrossCuts(Trail):
    """Says that it has memory, and does not forget at cuts."""

    def reset(self):
        pass


class EvenOnly(Filter):
    """Takes even sizes only."""

    def apply(self, frames):
        count, _, height, width = frames.shape
        return frames.view(count, 3, height // 2, 2, width).flatten(2, 3)


class Divides(Filter):
    """Divides by the brightness, which is nothing in the dark."""

    def apply(self, frames):
        return frames / frames.mean(dim=(1, 2, 3), keepdim=True) / 4


class BlockPeak(Sound):
    """Makes every block equally loud."""

    def apply(self, block):
        peak = np.abs(block.samples).max(initial=1e-3)
        return (block.samples / peak).astype(np.float32)


class Stereo(Sound):
    """Takes it for granted that there are two channels."""

    def apply(self, block):
        left, right = block.samples
        return np.stack([right, left])


class BatchLevel(Level):
    """One value a batch."""

    def frames(self, batch):
        self.levels.append(float(batch.pixels.mean()))


class NeedsSound(Level):
    """Cannot do without sound."""

    def begin(self, context):
        super().begin(context)
        self.rate = round(context.audio_rate)


class Forgetful(Curve):
    """A track that does not come back."""

    @classmethod
    def from_json(cls, data):
        return cls(data["name"], Fraction(1))


class LosesTracks(Level):
    """Writes a track that does not come back."""

    writes = (Forgetful.named("level"),)

    def finish(self, tracks):
        found = super().finish(tracks)[0]
        return [Forgetful(found.name, found.rate, found.values)]


class BringsBack(Selector):
    """Keeps what was dropped."""

    name = "brings_back"

    def select(self, edits, tracks):
        return EditList.of([Span(0, tracks.duration)])


class PlainNames(Sink):
    """Knows no letters but ASCII."""

    name = "plain_names"
    suffixes = (".txt",)

    def deliver(self, delivery):
        return {".txt": delivery.output.name.encode("ascii").decode()}


class WrongSuffix(Sink):
    """Gives another file than it announced."""

    name = "wrong_suffix"
    suffixes = (".txt",)

    def deliver(self, delivery):
        return {".md": "words"}


class Backwards(Sink):
    """Chapters from the last to the first."""

    name = "backwards"

    def deliver(self, delivery):
        return {}

    def chapters(self, tracks):
        half = tracks.duration / 2
        return [Chapter(half, tracks.duration, "2"), Chapter(Fraction(0), half, "1")]


class Overlapping(Sink):
    """Two subtitles at once."""

    name = "overlapping"

    def deliver(self, delivery):
        return {}

    def subtitles(self, tracks):
        whole = Subtitle(Span(0, tracks.duration), "twice")
        return [SubtitleTrack((whole, whole))]


class HalfAsWide(Filter):
    """Gives another size than it says."""

    def apply(self, frames):
        return frames[..., ::2]


class WrongDefault(Filter):
    """Has a default that its own range refuses."""

    class Options(StageOptions):
        size: int = option(0, gt=0, help="Of something.")


class FindsNothing(Level):
    """Forgets to return what it found."""

    def finish(self, tracks):
        super().finish(tracks)


class KeepsSpans(Selector):
    """Returns spans where an edit list is due."""

    name = "keeps_spans"

    def select(self, edits, tracks):
        return list(edits.spans)


class HasAnOption(Filter):
    """Keeps all promises, with an option."""

    class Options(StageOptions):
        strength: float = option(1.0, ge=0, le=1, help="How much.")


KEPT = (Filter, Sound, Level, HasAnOption)
BROKEN = (
    ("declares_itself", Undocumented),
    ("options_come_back", OptionsWithoutHelp),
    ("unknown_options_are_refused", SwallowsOptions),
    ("same_again", Random),
    ("two_at_once", SharedMemory),
    ("two_at_once", FirstBrightest),
    ("two_at_once", FirstFrame),
    ("two_at_once", FirstOptions),
    ("two_at_once", FirstSound),
    ("begins_anew", NeverForgets),
    ("begins_anew", LoudestYet),
    ("begins_anew", BrightestYet),
    ("says_nothing", Talks),
    ("leaves_the_process_alone", Seeds),
    ("writes_no_files", Writes),
    ("works", ReadsMore),
    ("reads_what_it_declares", Optional),
    ("threads_do_not_matter", CountsThreads),
    ("devices_agree", CountsDevices),
    ("inputs_stay", InPlace),
    ("inputs_stay", InPlaceNeighbours),
    ("inputs_stay", SoundInPlace),
    ("inputs_stay", LooksInPlace),
    ("memory_stays_flat", Hoards),
    ("memory_stays_flat", HoardsSound),
    ("memory_stays_flat", HoardsPictures),
    ("batches_do_not_matter", BatchMean),
    ("cuts_are_forgotten", TrailAcrossCuts),
    ("without_memory_any_frame_may_be_first", Trail),
    ("any_size", EvenOnly),
    ("black_and_white", Divides),
    ("blocks_do_not_matter", BlockPeak),
    ("any_sound", Stereo),
    ("chunks_do_not_matter", BatchLevel),
    ("any_source", NeedsSound),
    ("tracks_come_back", LosesTracks),
    ("keeps_what_was_left", BringsBack),
    ("any_name", PlainNames),
    ("works", WrongSuffix),
    ("works", HalfAsWide),
    ("works", FindsNothing),
    ("works", KeepsSpans),
    ("chapters_in_order", Backwards),
    ("subtitles_in_order", Overlapping),
)
