"""What a model says of its input: where channels are, how many pictures, which sizes and type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from aigc_edit.api import ModelError

Layout = Literal["NCHW", "NHWC"]
LAYOUTS: tuple[Layout, Layout] = ("NCHW", "NHWC")
_TYPES = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(uint8)": "uint8"}


@dataclass(frozen=True)
class Form:
    """How a model takes pictures.

    Attributes:
        name: of its input.
        alone: it takes one picture at a time.
        sides: height and width where it takes no others.
        dtype: of numpy.
    """

    name: str
    layout: Layout
    alone: bool
    sides: tuple[int, int] | None
    dtype: str


def form_of(inputs: Sequence[Any], layout: Layout | None) -> Form:
    """The form of a model by the inputs that onnxruntime tells; `layout` where the user says it.

    Raises:
        ModelError: it takes no pictures, or its layout cannot be seen.
    """
    if len(inputs) != 1:
        names = ", ".join(given.name for given in inputs) or "none"
        raise ModelError(
            f"a look has one input, the picture; this model has {len(inputs)} ({names})",
            cure="Export it with the others as constants.",
        )
    given = inputs[0]
    shape = [side if isinstance(side, int) and side > 0 else None for side in given.shape]
    if len(shape) != 4 or given.type not in _TYPES:
        raise _no_picture(given)
    layout = layout or _layout(given, shape)
    channels, height, width = shape[1:] if layout == "NCHW" else (shape[3], *shape[1:3])
    if (
        channels not in (3, None)
        or shape[0] not in (1, None)
        or (height is None) != (width is None)
    ):
        raise _no_picture(given)
    sides = None if height is None or width is None else (height, width)
    return Form(given.name, layout, shape[0] == 1, sides, _TYPES[given.type])


def _layout(given: Any, shape: Sequence[int | None]) -> Layout:
    able = [layout for layout in LAYOUTS if shape[layout.index("C")] == 3]
    if len(able) == 1:
        return able[0]
    if not able and None not in (shape[1], shape[3]):
        raise _no_picture(given)
    raise ModelError(
        f"it cannot be seen where the channels are in {_told(given)}",
        cure="Say layout: NCHW or NHWC.",
    )


def _no_picture(given: Any) -> ModelError:
    return ModelError(
        f"this model takes {_told(given)}, which is no RGB picture",
        cure="A look takes [N, 3, H, W] or [N, H, W, 3] of float32, float16 or uint8, N being 1 "
        "or free, H and W both given or both free.",
    )


def _told(given: Any) -> str:
    return f"{given.type} [{', '.join(str(side) for side in given.shape)}]"
