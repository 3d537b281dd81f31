"""Pictures as arrays: shrunk and converted by libswscale in one step, or by code of our own where
that is quicker; off the GIL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from av import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from aigc_edit.media.arrays import Image, Pixels
from aigc_edit.media.looks import BT709, MATRIX_709, Colour
from aigc_edit.media.source import VideoStream
from aigc_edit.media.transfer import uploaded

if TYPE_CHECKING:
    from torch import Tensor

    from aigc_edit.media.tonemap import SdrTable

_AV_FORMATS = {"rgb": "rgb24", "gray": "gray"}
_FULL, _LIMITED = 2, 1
_EXACT = (
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
)
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # BT.709
_USUAL = "yuv420p"
_SMALLEST = 16  # side of what our own code converts; filters are eight lines high
_BORDER = 4  # lines at the top, one of which libswscale interpolates in its own way
# Of red and blue in luma, by matrix: BT.709, and BT.601 of 625 and of 525 lines.
_WEIGHTS = {MATRIX_709: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114)}


@dataclass(frozen=True, slots=True)
class PictureForm:
    """Size and pixels of pictures that are handed out."""

    width: int
    height: int
    pixels: Pixels = "rgb"

    @classmethod
    def of(
        cls,
        video: VideoStream,
        *,
        width: int | None = None,
        height: int | None = None,
        side: int | None = None,
        multiple: int = 1,
        pixels: Pixels = "rgb",
    ) -> PictureForm:
        """The form that a wish becomes for a source.

        `width` and `height` together are taken as they are; one of them, or `side` (the longer
        one), keeps the shape; pictures are never made larger. Both sides become multiples of
        `multiple`, at least two of them.
        """
        if not (width and height):
            scale = _scale(video, width, height, side)
            width, height = (
                max(2, round(length * scale / multiple)) * multiple
                for length in (video.width, video.height)
            )
        return cls(width, height, pixels)


def _is_even(*sides: int) -> bool:
    return all(side % 2 == 0 and side >= _SMALLEST for side in sides)


def _scale(video: VideoStream, width: int | None, height: int | None, side: int | None) -> float:
    wishes = (
        (width, video.width),
        (height, video.height),
        (side, max(video.width, video.height)),
    )
    return min([1.0, *(wish / length for wish, length in wishes if wish)])


class PictureConverter:
    """Turns frames of a source into arrays of one form.

    RGB is full range, from the matrix and range that the source is coded in; gray is full
    range luma. HDR and wide gamuts become BT.709 SDR.

    With `exact`, chroma of frames that keep their size is interpolated and products are rounded,
    which errs by 0.4 levels in the mean instead of 3. libswscale takes 5 to 7 ms for a frame of
    1080p then, instead of 1; what is usual is done by `conversion`, which takes 1.4. Without it,
    as for analysers, they go the short way.

    With `left`, chroma lies to the left of luma, though frames carry no label that says so.
    """

    def __init__(
        self, form: PictureForm, colour: Colour, *, exact: bool = True, left: bool = False
    ) -> None:
        self.form = form
        self._colour = colour
        self._exact = exact
        self._table: SdrTable | None = None
        self._reformatter = VideoReformatter()
        self._weights = None if colour.full_range else _WEIGHTS.get(colour.matrix)
        self._is_left: bool | None = left or None  # chroma; None before it was tried

    def array(self, frame: Any) -> Image:
        """uint8 [H, W, 3] for rgb, [H, W] for gray; an array of its own."""
        if not self._colour.in_contract:
            return self._mapped(frame)
        if self._whole(frame) and self.form.pixels == "rgb":
            planes: Image = self._planes([frame], "gbrp", np.uint8)[0]
            return np.ascontiguousarray(planes.transpose(1, 2, 0))
        return np.asarray(self._shrunk(frame, _AV_FORMATS[self.form.pixels]).to_ndarray(), np.uint8)

    def batch(self, frames: Sequence[Any], device: str) -> Tensor:
        """uint8 [T, 3, H, W] on a device, where HDR is tone-mapped too. For rgb forms."""
        if self._colour.in_contract:
            planes = self._planes(frames, "gbrp", np.uint8)
            return uploaded(planes, device)
        deep = self._planes(frames, "gbrp16le", np.uint16)
        return self._to_sdr(uploaded(deep, device))

    def _planes(
        self, frames: Sequence[Any], pixel_format: str, kind: type[np.generic]
    ) -> npt.NDArray[Any]:
        """[T, 3, H, W] red, green, blue of frames; planar frames have them as green, blue, red."""
        found = np.empty((len(frames), 3, self.form.height, self.form.width), kind)
        for target, frame in zip(found, frames, strict=True):
            if kind is np.uint8 and self._is_usual(frame):
                self._convert(frame, target)
            else:
                self._fill(target, self._shrunk(frame, pixel_format).planes)
        return found

    def _fill(self, target: npt.NDArray[Any], planes: Sequence[Any]) -> None:
        for part, plane in zip(target, (planes[2], planes[0], planes[1]), strict=True):
            lines = np.frombuffer(plane, target.dtype).reshape(plane.height, -1)
            part[:] = lines[:, : plane.width]

    def _convert(self, frame: Any, target: Image) -> None:
        from aigc_edit.media.conversion import to_rgb

        assert self._weights is not None
        to_rgb([plane_lines(plane) for plane in frame.planes], *self._weights, target)

    def _is_usual(self, frame: Any) -> bool:
        """Whether our own code makes of a frame what libswscale makes of it."""
        if self._weights is None or frame.format.name != _USUAL or not self._whole(frame):
            return False
        if not _is_even(frame.width, frame.height):
            return False
        if self._is_left is None:
            self._is_left = self._tried(frame)
        return self._is_left

    def _tried(self, frame: Any) -> bool:
        """Whether chroma lies to the left. libswscale goes by the label of a frame, which PyAV does
        not show: both are tried on a pattern that lies in the frame for a moment."""
        frame.make_writable()
        kept = [plane_view(plane).copy() for plane in frame.planes]
        noise = np.random.default_rng(0)
        ours, theirs = (np.empty((3, frame.height, frame.width), np.uint8) for _ in range(2))
        try:
            for plane in frame.planes:
                view = plane_view(plane)
                view[:] = noise.integers(96, 160, view.shape, np.uint8)
            self._convert(frame, ours)
            self._fill(theirs, self._shrunk(frame, "gbrp").planes)
        finally:
            for plane, held in zip(frame.planes, kept, strict=True):
                plane_view(plane)[:] = held
        unlike = np.abs(ours.astype(np.int16) - theirs)[:, _BORDER:]
        return bool(unlike.max() <= 1)

    def _mapped(self, frame: Any) -> Image:
        image: Image = self.batch([frame], "cpu")[0].permute(1, 2, 0).contiguous().numpy()
        if self.form.pixels == "rgb":
            return image
        return np.asarray((image @ _LUMA + 0.5).astype(np.uint8))

    def _to_sdr(self, deep: Tensor) -> Tensor:
        if self._table is None:
            from aigc_edit.media.tonemap import SdrTable

            self._table = SdrTable(self._colour)
        return self._table(deep)

    def _whole(self, frame: Any) -> bool:
        return self._exact and (frame.width, frame.height) == (self.form.width, self.form.height)

    def _shrunk(self, frame: Any, pixel_format: str) -> Any:
        return self._reformatter.reformat(
            frame,
            width=self.form.width,
            height=self.form.height,
            format=pixel_format,
            src_colorspace=self._colour.matrix,
            src_color_range=_FULL if self._colour.full_range else _LIMITED,
            dst_color_range=_FULL,
            interpolation=_EXACT if self._whole(frame) else Interpolation.AREA,
        )


# A sketch's longer side has at least that many samples; forms of half that size are made of it.
SKETCH_SIDE = 320
_SKETCHED = ("yuv420p", "yuvj420p")


class Sketch:
    """Every k-th sample of every k-th line of a picture: what small forms are averaged from.

    Reading all samples of a large picture costs more than an analyser does. At most a few
    hundred samples across are taken, and each pixel of a form is the mean of four or more.
    """

    def __init__(self, video: VideoStream) -> None:
        side = max(video.width, video.height)
        step = max(1, side // SKETCH_SIDE) if video.pixel_format in _SKETCHED else 1
        self._size = (video.width // step // 2 * 2, video.height // step // 2 * 2)
        self._worthwhile = step > 1

    def serves(self, form: PictureForm) -> bool:
        """Whether a form is small enough to be made of the sketch."""
        width, height = self._size
        return self._worthwhile and 2 * form.width <= width and 2 * form.height <= height

    def of(self, frame: Any) -> Any:
        """The sketch of a frame, in its own matrix and range."""
        import av
        import cv2

        width, height = self._size
        planes = [
            cv2.resize(plane_view(plane), size, interpolation=cv2.INTER_NEAREST).reshape(-1, width)
            for plane, size in zip(
                frame.planes,
                ((width, height), (width // 2, height // 2), (width // 2, height // 2)),
                strict=True,
            )
        ]
        return av.VideoFrame.from_ndarray(np.concatenate(planes), format="yuv420p")


def plane_lines(plane: Any) -> Image:
    """uint8 lines of a plane, longer than the picture is wide; writes reach the frame."""
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)


def plane_view(plane: Any) -> Image:
    """uint8 [H, W] of a plane; writes reach the frame."""
    return plane_lines(plane)[: plane.height, : plane.width]


class PictureShrinker:
    """Makes all forms of a picture that somebody wants, each once."""

    def __init__(self, forms: Iterable[PictureForm], video: VideoStream) -> None:
        self._sketch = Sketch(video)
        self._converters = {
            form: PictureConverter(form, video.colour, exact=False) for form in forms
        }

    def arrays(self, frame: Any, wanted: Iterable[PictureForm]) -> dict[PictureForm, Image]:
        """The wanted forms of a frame, as PictureConverter gives them."""
        sketched = [form for form in wanted if self._sketch.serves(form)]
        sketch = self._sketch.of(frame) if sketched else frame
        return {
            form: self._converters[form].array(sketch if form in sketched else frame)
            for form in wanted
        }


class FrameConverter:
    """Turns RGB arrays back into frames that an encoder takes, BT.709 limited range.

    Subsampled chroma lies to the left, where H.264, HEVC and AV1 expect it (H.264, figure E-1);
    libswscale alone would centre it, and each generation would move colours by half a pixel.
    """

    def __init__(self, pixel_format: str) -> None:
        self._pixel_format = pixel_format
        self._reformatter = VideoReformatter()
        self._siting: Any = None
        self._size = (0, 0)

    def frame(self, image: Image) -> Any:
        """A frame for uint8 [3, H, W] RGB."""
        if self._pixel_format == _USUAL and _is_even(*image.shape[1:]):
            return self._converted(image)
        rgb = VideoFrame(image.shape[2], image.shape[1], "gbrp")
        for plane, part in zip(rgb.planes, (image[1], image[2], image[0]), strict=True):
            plane_view(plane)[:] = part
        return self._reformatter.reformat(
            self._sited(rgb),
            format=self._pixel_format,
            dst_colorspace=BT709.matrix,
            src_color_range=_FULL,
            dst_color_range=_LIMITED,
            interpolation=_EXACT,
        )

    def _converted(self, image: Image) -> Any:
        from aigc_edit.media.conversion import to_planes

        frame = VideoFrame(image.shape[2], image.shape[1], _USUAL)
        planes = [plane_lines(plane) for plane in frame.planes]
        to_planes(np.ascontiguousarray(image), *_WEIGHTS[MATRIX_709], planes)
        return frame

    def refitted(self, frame: Any) -> Any:
        """A frame of another pixel format, with its matrix and range as they are."""
        if frame.format.name == self._pixel_format:
            return frame
        return self._reformatter.reformat(frame, format=self._pixel_format, interpolation=_EXACT)

    def _sited(self, rgb: Any) -> Any:
        if self._size != (rgb.width, rgb.height):
            self._size, self._siting = (rgb.width, rgb.height), _siting_graph(rgb)
        self._siting.push(rgb)
        return self._siting.pull()


def _siting_graph(rgb: Any) -> Any:
    """Labels frames; PyAV cannot, and swscale sites chroma as the label of its input says."""
    import av.filter

    graph = av.filter.Graph()
    graph.link_nodes(
        graph.add_buffer(
            width=rgb.width, height=rgb.height, format=rgb.format, time_base=Fraction(1, 90_000)
        ),
        graph.add("setparams", "chroma_location=left"),
        graph.add("buffersink"),
    ).configure()
    return graph
