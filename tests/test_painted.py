"""The pipelines that paint, on the sample."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from aigc_edit.engine import RunOptions, run
from aigc_edit.media import PictureConverter, PictureForm, PictureReader, probe
from aigc_edit.pipeline import load_pipeline, pipeline_from_text
from tests.conftest import ROOT

PIPELINES = ROOT / "pipelines"
OPTIONS = RunOptions("cpu", cache=False)


@pytest.fixture(scope="module")
def seconds_of_sample(sample, tmp_path_factory) -> Path:
    """Two seconds of the lighthouse, three pictures a second."""
    text = """
schema: 1
stages: [{uses: given_spans, with: {spans: [[60s, 62s]]}}]
output: {video: {fps: 3}}
"""
    path = tmp_path_factory.mktemp("seconds") / "seconds.mp4"
    run(pipeline_from_text(text), sample, path, OPTIONS)
    return path


def test_a_painted_video_has_other_colours_the_same_lines_and_no_flicker(
    seconds_of_sample, tmp_path
):
    output = tmp_path / "painted.mp4"
    run(load_pipeline(PIPELINES / "painted.yaml"), seconds_of_sample, output, OPTIONS)
    before, after = pictures(seconds_of_sample), pictures(output)
    record = json.loads(output.with_name("painted.mp4.run.json").read_text("utf-8"))
    (span,) = record["kept"]

    assert after.shape == before.shape
    assert np.abs(after - before).mean() > 8
    assert edges_kept(before, after) > 0.5
    assert span["flicker"]["style_gan"]["result"] < 3 * max(
        1, span["flicker"]["style_gan"]["source"]
    )


def test_a_remix_is_painted_in_turns(sample, tmp_path):
    """Cut and captioned on the way; a few pictures a second will do."""
    chosen = [
        "transcribe.engine=embedded",
        "best_moments.duration=20s",
        "style_vae.brush=0",
        "output.video.fps=1",
    ]
    output = tmp_path / "remix.mp4"
    pipeline = load_pipeline(PIPELINES / "full_remix.yaml", chosen)
    result = run(pipeline, sample, output, OPTIONS)
    record = json.loads(output.with_name("remix.mp4.run.json").read_text("utf-8"))
    painters = [[*span["flicker"]] for span in record["kept"]]

    assert len(painters) >= 2
    assert painters == [[("style_vae", "style_gan")[n % 2]] for n in range(1, len(painters) + 1)]
    assert output.with_suffix(".otio") in result.files


def pictures(path: Path) -> np.ndarray:
    """float [T, H, W, 3], 0 to 255."""
    source = probe(path)
    form = PictureForm(source.video.width, source.video.height)
    converter = PictureConverter(form, source.video.colour)
    with PictureReader(source) as reader:
        return np.stack([converter.array(p.frame) for p in reader.pictures()]).astype(float)


def edges_kept(before: np.ndarray, after: np.ndarray) -> float:
    """Correlation of how light changes to the right."""
    slopes = [np.diff(film.mean(axis=3), axis=2).ravel() for film in (before, after)]
    return float(np.corrcoef(*slopes)[0, 1])
