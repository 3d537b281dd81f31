"""Pictures as arrays: shrunk and converted by swscale, in one step, off the GIL."""

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
from aigc_edit.media.looks import BT709, Colour
from aigc_edit.media.source import VideoStream

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

    With `exact`, frames that keep their size go the long way through libswscale: chroma is
    interpolated and products are rounded, which takes 5 to 7 ms for a frame of 1080p instead of
    1, and errs by 0.4 levels in the mean instead of 3. Without it, as for analysers, they do not.
    """

    def __init__(self, form: PictureForm, colour: Colour, *, exact: bool = True) -> None:
        self.form = form
        self._colour = colour
        self._exact = exact
        self._table: SdrTable | None = None
        self._reformatter = VideoReformatter()

    def array(self, frame: Any) -> Image:
        """uint8 [H, W, 3] for rgb, [H, W] for gray; an array of its own."""
        if not self._colour.in_contract:
            return self._mapped(frame)
        if self._whole(frame) and self.form.pixels == "rgb":
            return np.asarray(self._shrunk(frame, "gbrp").to_ndarray(), np.uint8)
        return np.asarray(self._shrunk(frame, _AV_FORMATS[self.form.pixels]).to_ndarray(), np.uint8)

    def batch(self, frames: Sequence[Any], device: str) -> Tensor:
        """uint8 [T, 3, H, W] on a device, where HDR is tone-mapped too. For rgb forms."""
        import torch

        if self._colour.in_contract:
            planes = self._planes(frames, "gbrp", np.uint8)
            return torch.from_numpy(planes).to(device)
        deep = self._planes(frames, "gbrp16le", np.uint16)
        return self._to_sdr(torch.from_numpy(deep).to(device))

    def _planes(
        self, frames: Sequence[Any], pixel_format: str, kind: type[np.generic]
    ) -> npt.NDArray[Any]:
        """[T, 3, H, W] red, green, blue of frames; planar frames have them as green, blue, red."""
        found = np.empty((len(frames), 3, self.form.height, self.form.width), kind)
        for target, frame in zip(found, frames, strict=True):
            planes = self._shrunk(frame, pixel_format).planes
            for part, plane in zip(target, (planes[2], planes[0], planes[1]), strict=True):
                part[:] = np.frombuffer(plane, kind).reshape(plane.height, -1)[:, : plane.width]
        return found

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


def plane_view(plane: Any) -> Image:
    """uint8 [H, W] of a plane; writes reach the frame."""
    lines = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return lines[: plane.height, : plane.width]


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
