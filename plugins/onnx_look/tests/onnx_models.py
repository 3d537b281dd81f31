"""Models in ONNX, made on the spot: graphs of a few operators, and a painter of ours."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from aigc_edit.models.gan import Painter, PainterConfig

FREE = ("n", 3, "h", "w")
FREE_LAST = ("n", "h", "w", 3)
_OPERATORS = 18  # of ONNX, that the graphs are written for
_FILES = 9  # version of the format


def graph(
    path: Path,
    nodes: Sequence[tuple[Any, ...]],
    takes: Sequence[Any] = FREE,
    *,
    gives: Sequence[Any] = (None,) * 4,
    dtype: int = TensorProto.FLOAT,
    out: int = TensorProto.FLOAT,
    other_inputs: Sequence[str] = (),
    **constants: float | list[float] | np.ndarray,
) -> Path:
    """Writes a model from `x` to `y`.

    Args:
        nodes: (operator, inputs with spaces between, output, attributes if any).
        dtype, out: of what goes in, and comes out.
    """
    made = [
        helper.make_node(op, inputs.split(), [output], **(rest[0] if rest else {}))
        for op, inputs, output, *rest in nodes
    ]
    inputs = [helper.make_tensor_value_info("x", dtype, takes)]
    inputs += [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in other_inputs]
    output = helper.make_tensor_value_info("y", out, gives)
    values = [
        numpy_helper.from_array(np.asarray(value, getattr(value, "dtype", np.float32)), name)
        for name, value in constants.items()
    ]
    domains = {"": _OPERATORS, **{node.domain: 1 for node in made if node.domain}}
    model = helper.make_model(
        helper.make_graph(made, "look", inputs, [output], values),
        opset_imports=[helper.make_opsetid(*one) for one in domains.items()],
        ir_version=_FILES,
    )
    onnx.save(model, path)
    return path


def negative(path: Path, low: float, high: float, takes: Sequence[Any] = FREE) -> Path:
    """Light becomes dark, between two numbers for black and white."""
    nodes = [("Sub", "both x", "turned"), ("Clip", "turned low high", "y")]
    return graph(path, nodes, takes, both=low + high, low=low, high=high)


def enlarger(path: Path, times: float, takes: Sequence[Any] = FREE) -> Path:
    """Each pixel becomes several."""
    nodes = [("Resize", "x  scales", "y", {"mode": "nearest"})]
    made = graph(path, nodes, takes, scales=[1, 1, times, times])
    model = onnx.load(made)
    model.graph.node[0].input.insert(1, "")  # no region of interest
    onnx.save(model, made)
    return made


class Shown(nn.Module):
    """A painter without its second argument, which would be a second input."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)  # most of what it paints is within [0, 1]
        self.painter = Painter(PainterConfig(width=8, quarter=8, strokes=1, toning=0))
        for weight in self.painter.parameters():
            weight.data.add_(torch.randn_like(weight) * 0.05)

    def forward(self, frames: Tensor) -> Tensor:
        return self.painter(frames)


def exported(net: nn.Module, path: Path) -> Path:
    """A net as torch exports it, for any number of frames and sides of whole strides."""
    free = {0: "n", 2: "h", 3: "w"}
    with warnings.catch_warnings():
        # The newer exporter needs two more packages; this one says so, and traces sizes aloud.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net.eval(),
            (torch.rand(1, 3, 48, 64),),
            path,
            dynamo=False,
            input_names=["x"],
            output_names=["y"],
            dynamic_axes={"x": free, "y": free},
        )
    return path


def with_weights_apart(model: Path, path: Path) -> Path:
    """A copy whose weights lie in a file beside it, as exporters write large ones."""
    beside = {"location": f"{path.name}.data", "size_threshold": 0}
    onnx.save(onnx.load(model), path, save_as_external_data=True, **beside)
    return path
