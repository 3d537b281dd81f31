"""The five kinds of stage.

A stage says what it needs as data on its class, so that the planner can fuse and check before
a packet is read; `reads` and `writes` name tracks, and a stage never knows another stage.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar, Literal

from aigc_edit.api.batches import Audio, AudioBlock, FrameBatch, Frames, Planes
from aigc_edit.api.contexts import AnalysisContext, Delivery, FilterContext, SoundContext
from aigc_edit.api.options import StageOptions
from aigc_edit.media import Samples
from aigc_edit.timeline import Chapter, EditList, SubtitleTrack, Timeline, Track, TrackRef

if TYPE_CHECKING:
    from torch import Tensor

API_VERSION = 1
Kind = Literal["analyze", "select", "frames", "audio", "deliver"]


class Stage(ABC):
    """One step of a pipeline: a plugin with its options. Its docstring is its help.

    Class attributes:
        name: the word after `uses:`.
        version: raise it when the same options give another result, so that caches notice.
        api_version: of this API that it was written for; another one is refused. A stage that
            says nothing was written for the first.
    """

    kind: ClassVar[Kind]
    name: ClassVar[str]
    version: ClassVar[str] = "1"
    api_version: ClassVar[int] = 1  # for good: what old plugins mean that do not say it

    @property
    def reads(self) -> Sequence[TrackRef]:
        """The tracks that it needs; a plain tuple on the class, or a property of the options."""
        return ()

    @property
    def writes(self) -> Sequence[TrackRef]:
        """The tracks that it makes; as `reads`."""
        return ()

    class Options(StageOptions):
        """No options."""

    options: StageOptions

    def __init__(self, options: StageOptions | None = None) -> None:
        self.options = self.Options() if options is None else options

    def weights(self) -> str:
        """What identifies the weights that it will use (a file's hash); empty without any.

        Asked for before anything is decoded, by plans too: the place to raise ModelError where
        they are missing.
        """
        return ""

    def report(self) -> Mapping[str, float | str]:
        """What was decided, in numbers and words, for the run record; asked for at the end.

        `note` is told to the user as well. An analyser is asked even where it did not run, since
        its tracks were in the cache: it says what its options make of it.
        """
        return {}


class Analyzer(Stage):
    """Gets frames and sound of the source, and tracks that others wrote; gives tracks.

    `begin`, then `frames` and `audio` as often as there is something, then `finish`. Pictures and
    sound have a thread each, so that `frames` and `audio` are called side by side, each by one
    thread at a time. What nobody has (sound of a silent film) is never called.

    >>> class Light(Analyzer):
    ...     '''How bright the picture is, 0 to 1, once a second.'''
    ...
    ...     name = "light"
    ...     needs, writes = (Frames(fps=1, pixels="gray"),), (Curve.named("light"),)
    ...
    ...     def begin(self, context):
    ...         self.found = []
    ...
    ...     def frames(self, batch):
    ...         self.found += (batch.pixels.mean(axis=(1, 2)) / 255).tolist()
    ...
    ...     def finish(self, tracks):
    ...         return [Curve("light", Fraction(1), np.array(self.found), "0..1")]
    """

    kind = "analyze"

    @property
    def needs(self) -> Sequence[Frames | Audio]:
        """What it must see and hear; a plain tuple on the class, or a property of the options."""
        return ()

    def begin(self, context: AnalysisContext) -> None:
        """Called once, before anything else."""

    def frames(self, batch: FrameBatch) -> None:
        """More frames, in order, as declared in `needs`."""

    def audio(self, block: AudioBlock) -> None:
        """More sound, in order, as declared in `needs`."""

    @abstractmethod
    def finish(self, tracks: Timeline) -> Sequence[Track]:
        """The tracks found, as declared in `writes`; `tracks` holds those in `reads`."""


class Selector(Stage):
    """Gets tracks and the edit list so far (at first: everything); gives the edit list.

    >>> class FirstMinute(Selector):
    ...     '''Keeps the first minute.'''
    ...
    ...     name = "first_minute"
    ...
    ...     def select(self, edits, tracks):
    ...         return edits.clipped(60)
    """

    kind = "select"

    @abstractmethod
    def select(self, edits: EditList, tracks: Timeline) -> EditList:
        """What is kept, in source time; each kept span says why in numbers.

        tracks: those in `reads`, in source time.
        """

    def expected(self, duration: Fraction) -> Fraction:
        """About how many of `duration` seconds will be kept, for plans and estimates."""
        return duration


class FrameFilter(Stage):
    """Gets batches of frames of the output, gives batches of frames.

    Overrides one of `apply`, `apply_batch` (RGB) and `apply_planes` (YUV), which are called in
    torch's inference mode.

    >>> class Negative(FrameFilter):
    ...     '''Light becomes dark.'''
    ...
    ...     name = "negative"
    ...
    ...     def apply(self, frames):
    ...         return 1 - frames

    Class attributes:
        pixels: `rgb`; or `yuv` for the planes as they were decoded, which saves both conversions.
        dtype: of RGB: `uint8` in [0, 255], or `float16`, `bfloat16`, `float32` in [0, 1].
        context: neighbours on each side that it must see; the edge frame is repeated at cuts.
        max_batch: most frames at once.
        steady: it flickers when it is applied frame by frame (a look that a net paints); the
            engine blends the flicker away, unless the step says `steady: false`. RGB only.
    """

    kind = "frames"
    pixels: ClassVar[Literal["rgb", "yuv"]] = "rgb"
    dtype: ClassVar[Literal["uint8", "float16", "bfloat16", "float32"]] = "float32"
    context: ClassVar[int] = 0
    max_batch: ClassVar[int] = 8
    steady: ClassVar[bool] = False

    def begin(self, context: FilterContext) -> None:
        """Called once, before anything else."""

    def reset(self) -> None:
        """Called before the first frame and after every cut: forget what was seen."""

    def size(self, width: int, height: int) -> tuple[int, int]:
        """The size (width, height) of what comes out for what goes in."""
        return width, height

    def apply(self, frames: Tensor) -> Tensor:
        """The filtered frames.

        frames: [T, 3, H, W] RGB, with `context` more on each side if declared. The result is
        [T, 3, H', W'], keeps dtype and device, and never changes its input.
        """
        raise NotImplementedError

    def apply_batch(self, frames: Tensor, times: Sequence[Fraction]) -> Tensor:
        """As `apply`, for filters that must know the output times (seconds) of the T frames."""
        del times
        return self.apply(frames)

    def apply_planes(self, planes: Planes, times: Sequence[Fraction]) -> Planes:
        """As `apply_batch`, for filters that declare `pixels = "yuv"`."""
        raise NotImplementedError

    def rest(self) -> Tensor | Planes | None:
        """The frames that were held back, at the end of a run without cuts.

        A filter that must see later frames first may give fewer than it got, or none, as long as
        all of them come out in order; one that knows how many it must see declares `context`.
        """
        return None


class AudioFilter(Stage):
    """Gets the sound of the output, block by block; gives as many samples, in order.

    >>> class Quieter(AudioFilter):
    ...     '''Half as loud.'''
    ...
    ...     name = "quieter"
    ...
    ...     def apply(self, block):
    ...         return block.samples / 2

    Class attributes:
        measures: it must hear all before it changes anything: the whole programme then goes
            through `measure` first.
        makes_sound: it brings sound of its own: a source without any gets a silent programme, and
            one channel becomes two.
        suffixes: of the files that it gives.
    """

    kind = "audio"
    measures: ClassVar[bool] = False
    makes_sound: ClassVar[bool] = False
    suffixes: ClassVar[tuple[str, ...]] = ()

    def begin(self, context: SoundContext) -> None:
        """Called before anything else, for each sound track of the source anew."""

    def measure(self, block: AudioBlock) -> None:
        """First hearing, if `measures` is set."""

    @abstractmethod
    def apply(self, block: AudioBlock) -> Samples:
        """float32 [C, N] for the block's samples, which stay as they are.

        A filter that must hear later samples first may give fewer, or none, as long as all of
        them come out in order: what it held back comes from `rest`.
        """

    def rest(self) -> Samples | None:
        """What was held back, at the end of the programme: float32 [C, N]."""
        return None

    def files(self) -> Mapping[str, bytes]:
        """What to write beside the output, by suffix: `{".mid": b"..."}`; asked at the end."""
        return {}


class Sink(Stage):
    """Gets the finished file, tracks in output time and the record; gives files beside it.

    >>> class Shotlist(Sink):
    ...     '''Writes when each shot begins.'''
    ...
    ...     name, reads, suffixes = "shotlist", (Shots.named("shots"),), (".shots.txt",)
    ...
    ...     def deliver(self, delivery):
    ...         shots = delivery.tracks.get(Shots, "shots").spans
    ...         return {".shots.txt": "".join(f"{shot}\\n" for shot in shots)}

    Class attributes:
        suffixes: of the files that it gives.
    """

    kind = "deliver"
    suffixes: ClassVar[tuple[str, ...]] = ()

    def chapters(self, tracks: Timeline) -> Sequence[Chapter]:
        """Chapter marks for the file, in order; they take the place of the source's if any.

        tracks: as in `Delivery`.
        """
        del tracks
        return ()

    def subtitles(self, tracks: Timeline) -> Sequence[SubtitleTrack]:
        """Subtitles for the file that viewers can switch on; one at a time, in order.

        tracks: as in `Delivery`.
        """
        del tracks
        return ()

    @abstractmethod
    def deliver(self, delivery: Delivery) -> Mapping[str, str]:
        """Text to write beside the output, by suffix: `{".otio": "..."}`."""
