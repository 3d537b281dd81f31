"""A model in onnxruntime: frames in, frames out."""

from __future__ import annotations

import hashlib
import importlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aigc_edit.api import ModelError, PluginError

from .form import LAYOUTS, Layout, form_of
from .tiles import raised
from .values import Found, Range, chart, found_range, seen_from, shown_as

_APART = (".data", "_data")  # where exporters put weights that lie beside the graph
_SEEN = (64, 96)  # sides of the picture that shows what a model does
_FATAL_ONLY = 4  # of onnxruntime's levels: errors are raised, too
_NUMBERS = re.compile(r"\[ONNXRuntimeError\] : \d+ : \w+ : ")
_LONGEST = 200  # characters of what onnxruntime says


def runtime() -> Any:
    """onnxruntime. Raises ModelError where it is not installed."""
    try:
        return importlib.import_module("onnxruntime")
    except ImportError as cause:
        raise ModelError(
            "onnx_look needs the package 'onnxruntime'",
            cure="pip install onnxruntime (or onnxruntime-gpu for an NVIDIA GPU)",
        ) from cause


def digest(path: Path) -> str:
    """SHA-256 of a model, with weights that lie beside it. Raises ModelError if it is not there."""
    whole = hashlib.sha256()
    apart = (path.with_name(path.name + ending) for ending in _APART)
    try:
        for part in (path, *(file for file in apart if file.is_file())):
            with part.open("rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").digest())
    except OSError as cause:
        raise ModelError(
            f"the model cannot be read ({cause.strerror})", where=path, cure="Name another file."
        ) from cause
    return whole.hexdigest()


@dataclass(frozen=True)
class Known:
    """What the user says of a model; None where it is to be found.

    Attributes:
        multiple: of the sides that it takes.
    """

    layout: Layout | None
    range: Range | None
    multiple: int


class OnnxModel:
    """An image-to-image model.

    Attributes:
        form: how it takes pictures.
        found: the range of its numbers.
        multiple: of the sides that it takes, where they are free.
        scale: how many times as wide and high pictures come out.
        runs_on: `CUDA` or `CPU`.
        together: frames of a batch go in at once. On a CPU they go alone, so that no batch
            changes a bit of them.
    """

    def __init__(self, path: Path, device: str, known: Known) -> None:
        """
        Raises:
            ModelError: there is no such model, or it makes no pictures of pictures.
        """
        self._path = path
        self._session, self.runs_on = _session(path, device)
        try:
            self.form = form_of(self._session.get_inputs(), known.layout)
            self.multiple = 1 if self.form.sides else known.multiple
            height, width = (raised(side, self.multiple) for side in _SEEN)
            sides = self.form.sides or (height, width)
            self._gives, self.scale = self._seen(sides)
            self.found = self._found(known, sides)
            self.together = self.runs_on == "CUDA" and self.takes_several(sides)
        except (ModelError, PluginError) as error:
            raise ModelError(error.what, where=path, cure=error.cure) from error

    def __call__(self, frames: Tensor) -> Tensor:
        """Frames as the model shows them, `scale` times as large; [0, 1] may be exceeded.

        Args:
            frames: float32 [T, 3, H, W], RGB in [0, 1], with sides that the model takes.

        Raises:
            PluginError: the model fails, or gives what are no numbers.
        """
        takes, gives = ("bytes" if whole else self.found.range for whole in self._in_bytes)
        values = shown_as(frames, takes)
        count = len(values) if self.together else 1
        parts = (values[at : at + count] for at in range(0, len(values), count))
        made = torch.cat([self._raw(part) for part in parts])
        if not torch.isfinite(made.sum()):
            raise PluginError(
                "the model gives what are no numbers",
                where=self._path,
                cure="It may want another `range`; one in float16 may overflow: take float32.",
            )
        return seen_from(made, gives).to(frames.device)

    def takes_several(self, sides: tuple[int, int]) -> bool:
        """Whether it makes two pictures of two; some say so and were exported for one."""
        if self.form.alone:
            return False
        try:
            return len(self._run(chart(*sides).expand(2, -1, -1, -1))) == 2
        except PluginError:
            return False

    @property
    def _in_bytes(self) -> tuple[bool, bool]:
        """Whether its input and its output are of whole numbers."""
        output = self._session.get_outputs()[0]
        return self.form.dtype == "uint8", output.type == "tensor(uint8)"

    def _found(self, known: Known, sides: tuple[int, int]) -> Found:
        if known.range:
            return Found(known.range, sure=True)
        match self._in_bytes:
            case True, True:
                return Found("bytes", sure=True)
            case False, True:  # what comes out shows nothing of what should go in
                return Found("unit", sure=False)
        return found_range(self._raw, sides)

    def _raw(self, values: Tensor) -> Tensor:
        """What comes out, as float32 [T, 3, H, W] on the CPU."""
        made = self._run(values)
        return torch.from_numpy(made if self._gives == "NCHW" else made.transpose(0, 3, 1, 2))

    def _run(self, values: Tensor) -> NDArray[np.float32]:
        given = values.cpu().numpy()
        if self.form.layout == "NHWC":
            given = given.transpose(0, 2, 3, 1)
        if self.form.dtype == "uint8":
            given = given.round().clip(0, 255)
        given = np.ascontiguousarray(given, self.form.dtype)
        first = self._session.get_outputs()[0].name
        try:
            (made,) = self._session.run([first], {self.form.name: given})
        except _failures() as cause:
            height, width = values.shape[-2:]
            raise PluginError(
                f"the model fails at pictures of {width}x{height} ({_said(cause)})",
                where=self._path,
                cure="It may want sides of another `multiple`, or a smaller `tile`.",
            ) from cause
        return np.asarray(made, np.float32)

    def _seen(self, sides: tuple[int, int]) -> tuple[Layout, int]:
        """Where channels are in what comes out, and the scale, from what it makes of a picture."""
        shape = self._run(chart(*sides)).shape
        for layout in (self.form.layout, *LAYOUTS):
            if len(shape) == 4 and shape[0] == 1 and shape[layout.index("C")] == 3:
                height, width = (shape[layout.index(side)] for side in "HW")
                scale = height // sides[0]
                if scale >= 1 and (height, width) == (scale * sides[0], scale * sides[1]):
                    return layout, scale
        raise ModelError(
            f"this model makes {list(shape)} of a picture of {sides[1]}x{sides[0]}",
            cure="A look gives RGB pictures, as large as those that go in or 2, 3, 4 times so.",
        )


def _session(path: Path, device: str) -> tuple[Any, str]:
    """An inference session, and what it runs on."""
    onnxruntime = runtime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _FATAL_ONLY
    options.intra_op_num_threads = torch.get_num_threads()
    # Threads that wait by spinning take the cores that decode and encode.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers: list[Any] = ["CPUExecutionProvider"]
    kind, _, number = device.partition(":")
    if kind == "cuda" and "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        providers.insert(0, ("CUDAExecutionProvider", {"device_id": int(number or 0)}))
    try:
        session = onnxruntime.InferenceSession(path, options, providers=providers)
    except _failures() as cause:
        raise ModelError(
            f"onnxruntime cannot load this model ({_said(cause)})",
            where=path,
            cure="A look is a whole ONNX model of standard operators; newer ones may need a newer "
            "onnxruntime.",
        ) from cause
    return session, "CUDA" if session.get_providers()[0].startswith("CUDA") else "CPU"


def _failures() -> tuple[type[Exception], ...]:
    """All errors of onnxruntime, which have no common root."""
    known = vars(importlib.import_module("onnxruntime.capi.onnxruntime_pybind11_state")).values()
    own = (one for one in known if isinstance(one, type) and issubclass(one, Exception))
    return (*own, RuntimeError, ValueError)


def _said(cause: Exception) -> str:
    """What onnxruntime says, in one line, without its numbers."""
    words = _NUMBERS.sub("", " ".join(str(cause).split()))
    return words[:_LONGEST].rstrip(". ")
