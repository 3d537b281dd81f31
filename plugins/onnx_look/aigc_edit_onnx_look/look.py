"""The stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from aigc_edit.api import FilePath, FilterContext, FrameFilter, StageOptions, option

if TYPE_CHECKING:
    from torch import Tensor

    from .model import OnnxModel

_LUMA = (0.2126, 0.7152, 0.0722)  # ITU-R BT.709


class OnnxLook(FrameFilter):
    """Frames as an ONNX model paints them.

    Any model that makes pictures of pictures and is published as ONNX, such as AnimeGANv3.
    """

    name = "onnx_look"
    api_version = 1
    dtype = "float32"
    steady: ClassVar[bool] = True

    class Options(StageOptions):
        """Options of onnx_look."""

        model: FilePath = option(help="The model (.onnx).")
        strength: float = option(1.0, ge=0, le=1, help="How much of the look covers the frame.")
        keep_colors: bool = option(
            default=False, help="Keep the colours of the frame; only light is painted."
        )
        range: Literal["auto", "unit", "signed", "bytes"] = option(
            "auto",
            help="Numbers of black and white that the model takes and gives: 0 and 1, -1 and 1, "
            "0 and 255; auto looks what it gives.",
        )
        layout: Literal["auto", "NCHW", "NHWC"] = option(
            "auto", help="Where the model has channels; auto looks where it has three."
        )
        multiple: int = option(
            8, ge=1, le=256, help="Sides that the model takes are multiples of it."
        )
        tile: int = option(
            2_100_000,
            ge=4096,
            help="Pixels of a frame that goes in whole; larger ones go in tiles that overlap.",
        )
        overlap: int = option(128, ge=0, le=512, help="Pixels that neighbouring tiles share.")

    options: Options
    _model: OnnxModel | None = None
    _device = ""

    def weights(self) -> str:
        from .model import digest, runtime

        runtime()
        return digest(self.options.model)

    def size(self, width: int, height: int) -> tuple[int, int]:
        scale = (self._model or self._opened("cpu")).scale  # before `begin` no device is known
        return width * scale, height * scale

    def begin(self, context: FilterContext) -> None:
        from .tiles import Canvas

        model = self._opened(context.device)
        self._canvas = Canvas(
            context.width,
            context.height,
            model.multiple,
            model.scale,
            model.form.sides,
            self.options.tile,
            self.options.overlap,
        )

    def apply(self, frames: Tensor) -> Tensor:
        from .tiles import resized

        assert self._model is not None
        look = self._canvas.painted(self._model, frames)
        frames = resized(frames, *look.shape[-2:])
        if self.options.keep_colors:
            look = frames + (_luma(look) - _luma(frames))
        return frames.lerp(look, self.options.strength).clamp(0, 1)

    def report(self) -> Mapping[str, float | str]:
        model = self._model
        if model is None:
            return {}
        facts = {"runs_on": model.runs_on, "range": model.found.range, "layout": model.form.layout}
        note = "; ".join(self._notes(model))
        return {**facts, **({"note": note} if note else {})}

    def _notes(self, model: OnnxModel) -> Iterator[str]:
        if self._canvas.resizes and model.form.sides:
            height, width = model.form.sides
            yield f"the model takes {width}x{height} only, so frames are resized to it and back"
        if not model.found.sure:
            yield "the model does not show its numbers, [0, 1] was taken; `range` says others"
        if self._device.startswith("cuda") and model.runs_on == "CPU":
            yield "this onnxruntime has no CUDA, so the CPU was used (pip install onnxruntime-gpu)"

    def _opened(self, device: str) -> OnnxModel:
        from .model import Known, OnnxModel

        if self._model is None or self._device != device:
            asked = self.options
            known = Known(
                layout=None if asked.layout == "auto" else asked.layout,
                range=None if asked.range == "auto" else asked.range,
                multiple=asked.multiple,
            )
            self._model, self._device = OnnxModel(asked.model, device, known), device
        return self._model


def _luma(frames: Tensor) -> Tensor:
    """[T, 1, H, W] of RGB."""
    red, green, blue = (frames[:, n : n + 1] * weight for n, weight in enumerate(_LUMA))
    return red + green + blue
