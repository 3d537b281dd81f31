"""Frames through models of any form, in tiles and sizes of their own, and what is no look."""

from __future__ import annotations

import hashlib
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from aigc_edit_onnx_look import OnnxLook

from aigc_edit.api import FilterContext, ModelError, PluginError, Timeline
from aigc_edit.engine import RunOptions, run
from aigc_edit.pipeline import pipeline_from_text
from aigc_edit.testing import ClipSpec, check_stage, make_clip

HINT = "pip install onnxruntime onnx"
LEVEL = 1 / 255
ROUNDED = 1e-5
EXPORTED = 1e-4  # torch and onnxruntime add up in other orders


@pytest.fixture(scope="module")
def models():
    """The builders of models."""
    for package in ("onnxruntime", "onnx"):
        pytest.importorskip(package, reason=HINT)
    import onnx_models

    return onnx_models


@pytest.fixture(scope="module")
def ours(models, tmp_path_factory):
    """A painter of ours, and its export."""
    net = models.Shown()
    return net, models.exported(net, tmp_path_factory.mktemp("models") / "ours.onnx")


def begun(model: Path, width=96, height=64, device="cpu", **options) -> OnnxLook:
    stage = OnnxLook(OnnxLook.Options(model=model, **options))
    stage.begin(FilterContext(width, height, Fraction(25), Timeline(Fraction(4)), device))
    return stage


def shown(frames: torch.Tensor, model: Path, **options) -> torch.Tensor:
    height, width = frames.shape[-2:]
    with torch.inference_mode():
        return begun(model, width, height, **options).apply(frames)


def soft(*shape: int) -> torch.Tensor:
    """Frames without what resizing takes away."""
    small = torch.rand(*shape[:2], 4, 4)
    return torch.nn.functional.interpolate(small, shape[2:], mode="bicubic").clamp(0, 1)


# A net of ours, exported.


@pytest.mark.parametrize("size", [(64, 96), (45, 83)])
def test_a_net_that_we_export_paints_as_it_does_in_torch(ours, size):
    net, model = ours
    frames = torch.rand(2, 3, *size)
    with torch.inference_mode():
        expected = net(frames).clamp(0, 1)

    assert (expected - frames).abs().mean() > 0.02
    # What the stage pads by mirrors, the net does too.
    torch.testing.assert_close(shown(frames, model), expected, atol=EXPORTED, rtol=0)


def test_a_frame_is_painted_alike_in_any_batch(ours):
    frames = torch.rand(3, 3, 48, 64)
    alone = torch.cat([shown(frame[None], ours[1]) for frame in frames])

    assert torch.equal(shown(frames, ours[1]), alone)


def test_tiles_join_without_a_trace(ours):
    frames = soft(1, 3, 300, 400)
    whole = shown(frames, ours[1])
    apart, joined = (shown(frames, ours[1], tile=1 << 16, overlap=o) for o in (0, 64))

    assert (apart - whole).abs().max() > 10 * LEVEL
    assert (joined - whole).abs().max() <= LEVEL


@pytest.mark.parametrize("options", [{}, {"tile": 4096, "keep_colors": True}])
def test_it_keeps_what_stages_promise(ours, options):
    check_stage(OnnxLook, {"model": str(ours[1]), **options})


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (2, 90)])
def test_frames_that_are_smaller_than_a_net_likes_are_painted(ours, size):
    assert shown(torch.rand(2, 3, *size), ours[1]).shape == (2, 3, *size)


# Forms of models.


@pytest.mark.parametrize(
    ("name", "limits"), [("unit", (0, 1)), ("signed", (-1, 1)), ("bytes", (0, 255))]
)
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_range_and_layout_are_found(models, tmp_path, name, limits, layout):
    takes = models.FREE if layout == "NCHW" else models.FREE_LAST
    model = models.negative(tmp_path / "m.onnx", *limits, takes)
    frames = torch.rand(1, 3, 33, 50)

    torch.testing.assert_close(shown(frames, model), 1 - frames, atol=ROUNDED, rtol=0)
    assert begun(model).report() == {"runs_on": "CPU", "range": name, "layout": layout}


def test_a_model_that_brings_its_own_light_works_in_bytes(models, tmp_path):
    """As those of fast neural style do: normalised inside, whatever comes in."""
    nodes = [("InstanceNormalization", "x gain shift", "y")]
    three = np.ones(3, np.float32)
    model = models.graph(tmp_path / "m.onnx", nodes, gain=three * 60, shift=three * 128)

    assert begun(model).report()["range"] == "bytes"


def test_a_model_that_shows_no_range_is_told_of(models, tmp_path):
    model = models.graph(tmp_path / "m.onnx", [("Mul", "x half", "y")], half=0.5)
    frames = torch.rand(1, 3, 64, 96)

    assert "[0, 1] was taken" in begun(model).report()["note"]
    assert "note" not in begun(model, range="signed").report()
    signed = shown(frames, model, range="signed")
    torch.testing.assert_close(signed, frames / 2 + 0.25, atol=ROUNDED, rtol=0)


@pytest.mark.parametrize(("dtype", "off"), [("FLOAT16", 1e-3), ("UINT8", LEVEL)])
def test_other_types_of_numbers_are_taken(models, tmp_path, dtype, off):
    nodes = [("Cast", "x", "f", {"to": 1}), ("Div", "f most", "u"), ("Clip", "u zero one", "y")]
    most = 255 if dtype == "UINT8" else 1
    kind = getattr(models.TensorProto, dtype)
    model = models.graph(tmp_path / "m.onnx", nodes, dtype=kind, most=most, zero=0, one=1)
    frames = torch.rand(1, 3, 64, 96)

    torch.testing.assert_close(shown(frames, model), frames, atol=off, rtol=0)


def test_bytes_may_come_out_of_other_numbers(models, tmp_path):
    nodes = [("Mul", "x half", "h"), ("Add", "h half", "u"), ("Mul", "u most", "b")]
    nodes += [("Cast", "b", "y", {"to": 2})]
    kind = models.TensorProto.UINT8
    model = models.graph(tmp_path / "m.onnx", nodes, out=kind, half=0.5, most=255)
    frames = torch.rand(1, 3, 64, 96)

    torch.testing.assert_close(shown(frames, model, range="signed"), frames, atol=LEVEL, rtol=0)
    assert "[0, 1] was taken" in begun(model).report()["note"]


@pytest.mark.parametrize("takes", [("n", 3, "h", 3), ("n", "c", "h", "w")])
def test_an_unclear_layout_is_asked_for(models, tmp_path, takes):
    model = models.negative(tmp_path / "m.onnx", 0, 1, takes)

    with pytest.raises(ModelError, match=r"cannot be seen where.*Say layout: NCHW or NHWC"):
        begun(model)


def test_a_layout_that_is_said_is_taken(models, tmp_path):
    model = models.negative(tmp_path / "m.onnx", 0, 1, ("n", "h", "w", "c"))
    frames = torch.rand(1, 3, 32, 40)

    torch.testing.assert_close(shown(frames, model, layout="NHWC"), 1 - frames)


def test_frames_are_resized_to_sides_that_are_fixed_and_back(models, tmp_path):
    model = models.negative(tmp_path / "m.onnx", -1, 1, (1, 3, 80, 64))
    frames = soft(2, 3, 120, 90)

    assert (shown(frames, model) - (1 - frames)).abs().mean() < 2 * LEVEL
    assert "takes 64x80 only" in begun(model).report()["note"]
    assert "note" not in begun(model, 64, 80).report()


def test_tiles_of_fixed_sides_keep_every_line(models, tmp_path):
    model = models.negative(tmp_path / "m.onnx", -1, 1, (1, 3, 80, 64))
    frames = torch.rand(1, 3, 61, 203)

    tiled = shown(frames, model, tile=4096)

    torch.testing.assert_close(tiled, 1 - frames, atol=ROUNDED, rtol=0)


@pytest.mark.parametrize("multiple", [1, 32, 100])
@pytest.mark.parametrize("overlap", [0, 3, 64])
def test_tiles_of_any_kind_cover_the_frame(models, tmp_path, multiple, overlap):
    model = models.negative(tmp_path / "m.onnx", 0, 1)
    frames = torch.rand(1, 3, 301, 407)

    tiled = shown(frames, model, tile=4096, multiple=multiple, overlap=overlap)

    torch.testing.assert_close(tiled, 1 - frames, atol=ROUNDED, rtol=0)


def test_frames_go_together_where_the_device_gains_and_the_model_can(models, tmp_path):
    from aigc_edit_onnx_look.model import Known, OnnxModel

    known, frames = Known(None, None, 8), torch.rand(5, 3, 16, 24)
    free = OnnxModel(models.negative(tmp_path / "free.onnx", 0, 1), "cpu", known)
    alone, free.together = free(frames), True
    nodes = [("Reshape", "x shape", "y")]
    shape = np.array([1, 3, -1, 96], np.int64)
    one = OnnxModel(models.graph(tmp_path / "one.onnx", nodes, shape=shape), "cpu", known)

    assert free.takes_several((16, 24))
    assert torch.equal(free(frames), alone)
    assert not one.takes_several((64, 96))


# Larger pictures.


@pytest.mark.parametrize("options", [{}, {"tile": 4096}])
def test_an_enlarger_says_its_size(models, tmp_path, options):
    model = models.enlarger(tmp_path / "m.onnx", 2)
    frames = torch.rand(1, 3, 70, 90)
    stage = begun(model, 90, 70, range="unit", **options)

    assert stage.size(90, 70) == (180, 140)
    doubled = frames.repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(stage.apply(frames), doubled)


TEXT = """
schema: 1
stages:
  - uses: given_spans
    with: {{spans: [[0s, 0.2s]]}}
  - uses: onnx_look
    with: {{model: {model}, range: unit}}
"""


def test_a_run_is_steady_but_for_enlargers(models, ours, tmp_path):
    film = make_clip(tmp_path / "film.mp4", ClipSpec(frames=12))
    quick = RunOptions("cpu", cache=False)
    larger = models.enlarger(tmp_path / "m.onnx", 2)
    painting, doubling = (pipeline_from_text(TEXT.format(model=m)) for m in (ours[1], larger))
    record = run(painting, film, tmp_path / "painted.mp4", quick).record

    assert record["kept"][0]["flicker"]["onnx_look"]
    with pytest.raises(PluginError, match=r"384x216 of 192x108.*onnx_look\.steady=false"):
        run(doubling, film, tmp_path / "doubled.mp4", quick)


# What is mixed in.


def test_strength_and_colours_are_the_users(models, tmp_path):
    model = models.negative(tmp_path / "m.onnx", 0, 1)
    frames = torch.rand(1, 3, 32, 40) * 0.2 + 0.4
    half = shown(frames, model, strength=0.5)
    gray = shown(frames, model, keep_colors=True, strength=0.5)

    torch.testing.assert_close(half, torch.full_like(half, 0.5))
    chroma, own = gray - gray.mean(1, keepdim=True), frames - frames.mean(1, keepdim=True)
    torch.testing.assert_close(chroma, own, atol=ROUNDED, rtol=0)


# What identifies a model, and what is none.


def mark(model: Path) -> str:
    return OnnxLook(OnnxLook.Options(model=model)).weights()


def test_its_mark_is_its_content(models, ours, tmp_path):
    copy = tmp_path / "m.onnx"
    copy.write_bytes(ours[1].read_bytes())

    assert mark(copy) == mark(ours[1])
    assert len(mark(copy)) == 2 * hashlib.sha256().digest_size
    assert mark(models.negative(copy, 0, 1)) != mark(ours[1])


def test_weights_that_lie_beside_a_model_are_read_and_marked(models, ours, tmp_path):
    apart = models.with_weights_apart(ours[1], tmp_path / "m.onnx")
    frames = torch.rand(1, 3, 64, 96)
    before = mark(apart)

    assert torch.equal(shown(frames, apart), shown(frames, ours[1]))
    (tmp_path / "m.onnx.data").write_bytes(b"other weights")
    assert mark(apart) != before
    with pytest.raises(ModelError, match="cannot load"):
        begun(apart)


def test_without_the_package_the_command_to_install_it_is_told(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModelError, match="pip install onnxruntime"):
        OnnxLook(OnnxLook.Options(model=tmp_path / "m.onnx")).weights()


def test_a_missing_model_is_told_before_anything_is_decoded(models, tmp_path):
    with pytest.raises(ModelError, match=r"gone\.onnx: .*No such file.*Name another"):
        OnnxLook(OnnxLook.Options(model=tmp_path / "gone.onnx")).weights()


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x80\x04pickle"])
def test_a_file_that_is_no_model_is_told(models, tmp_path, content):
    path = tmp_path / "m.onnx"
    path.write_bytes(content)

    with pytest.raises(ModelError, match=r"m\.onnx: onnxruntime cannot load this model"):
        begun(path)


def test_half_a_model_is_told(ours, tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(ours[1].read_bytes()[:-5000])

    with pytest.raises(ModelError, match="cannot load"):
        begun(path)


NO_LOOKS = {
    "two inputs": ([("Mul", "x z", "y")], {"other_inputs": ["z"]}, r"has 2 \(x, z\)"),
    "gray": ([("Identity", "x", "y")], {"takes": (1, 1, 64, 64)}, "no RGB picture"),
    "no batch": ([("Identity", "x", "y")], {"takes": (3, "h", "w")}, r"float\) \[3, h, w\]"),
    "four at once": ([("Identity", "x", "y")], {"takes": (4, 3, "h", "w")}, "N being 1"),
    "one side": ([("Identity", "x", "y")], {"takes": (1, 3, 64, "w")}, "both free"),
    "numbers": ([("ReduceMean", "x", "y")], {}, r"makes \[1, 1, 1, 1\] of a picture of 96x64"),
    "classes": ([("Flatten", "x", "y")], {"gives": (None, None)}, "RGB pictures"),
    "smaller": (
        [("AveragePool", "x", "y", {"kernel_shape": [2, 2], "strides": [2, 2]})],
        {},
        r"makes \[1, 3, 32, 48\]",
    ),
    "own operator": ([("Brush", "x", "y", {"domain": "com.art"})], {}, "com.art"),
    "unknown operator": ([("Brush", "x", "y")], {}, "Brush"),
    "one size inside": (
        [("Add", "x one", "y")],
        {"one": np.zeros((1, 3, 40, 40), np.float32)},
        r"fails at pictures of 96x64",
    ),
}


@pytest.mark.parametrize(("nodes", "more", "told"), NO_LOOKS.values(), ids=NO_LOOKS)
def test_what_is_no_look_is_told_at_once(models, tmp_path, nodes, more, told):
    model = models.graph(tmp_path / "m.onnx", nodes, **more)

    with pytest.raises(ModelError, match=rf"m\.onnx: .*{told}") as error:
        begun(model)
    assert "\n" not in str(error.value)


def test_what_are_no_numbers_is_told_with_the_model(models, tmp_path):
    nodes = [("Log", "x", "lines"), ("Mul", "lines small", "y")]
    model = models.graph(tmp_path / "m.onnx", nodes, small=0.1)

    with pytest.raises(PluginError, match=r"m\.onnx: .*no numbers.*range"):
        shown(-torch.ones(1, 3, 32, 32), model, range="unit")


def test_sides_that_the_model_cannot_take_are_told_with_the_cure(models, tmp_path):
    pool = {"kernel_shape": [8, 8], "strides": [8, 8]}
    nodes = [
        ("AveragePool", "x", "small", pool),
        ("Resize", "small _ scales", "large", {"mode": "nearest"}),
        ("Add", "x large", "y"),
    ]
    model = models.graph(tmp_path / "m.onnx", nodes, _=np.zeros(0, np.float32), scales=[1, 1, 8, 8])

    assert shown(torch.rand(1, 3, 45, 61), model, range="unit").shape == (1, 3, 45, 61)
    with pytest.raises(PluginError, match=r"pictures of 61x45.*another `multiple`"):
        shown(torch.rand(1, 3, 45, 61), model, range="unit", multiple=1)
