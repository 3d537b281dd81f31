"""Whether one picture can be made from another: by moving its blocks, or by blending two."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Gray = npt.NDArray[np.uint8]  # [H, W]
Picture = npt.NDArray[np.uint8]  # [H, W, 3]
Plane = npt.NDArray[np.float32]

BLOCK = 8  # pixels, the lookahead block of x264
REACH = 4  # pixels of motion: 1/16 of the picture in one frame, 80 pixels of 1280
NOISE = 4.0  # grey levels of 255 that no prediction is expected to get right
# Inter over intra cost. x264's scenecut=40 means 0.6 of luma; colours are coded more coarsely,
# and so predicted a little worse.
UNPREDICTED = 0.7


def unpredicted(old: Picture, new: Picture) -> bool:
    """Whether block motion predicts the one from the other hardly better than nothing does.

    Asked in both directions, since a flat frame is always predicted well by a rich one; and of
    all colours, since drawings and slides may change in nothing else.

    Args:
        old, new: uint8 [H, W, 3], both sides multiples of BLOCK.
    """
    alone_old, alone_new = _intra_cost(old), _intra_cost(new)
    limit = UNPREDICTED * float(alone_old.sum() + alone_new.sum())
    for reach in (0, REACH):  # motion only lowers the cost: without it is the quick answer
        moved = float(np.minimum(_inter_cost(old, new, reach), alone_new).sum())
        moved += float(np.minimum(_inter_cost(new, old, reach), alone_old).sum())
        if moved < limit:
            return False
    return True


def levelled(old: Picture, new: Picture) -> Picture:
    """old at the brightness and contrast of new: x264's weighted prediction."""
    gain = (float(new.std()) + 1) / (float(old.std()) + 1)
    level = (old.astype(np.float32) - old.mean()) * gain + new.mean()
    result: Picture = np.clip(np.rint(level), 0, 255).astype(np.uint8)
    return result


def vector(gray: Gray) -> Plane:
    """float [H * W / 4], blurred, mean 0: what blend compares."""
    import cv2

    small = cv2.GaussianBlur(gray, (0, 0), 1.5)[::2, ::2].astype(np.float32).ravel()
    centred: Plane = small - small.mean()
    return centred


def blend(start: Plane, middle: Plane, end: Plane) -> tuple[float, float, float]:
    """Least squares of middle = old * start + new * end: old, new, unexplained share."""
    ss, se, ee = float(start @ start) + 1, float(start @ end), float(end @ end) + 1
    sm, em, mm = float(start @ middle), float(end @ middle), float(middle @ middle) + 1
    determinant = ss * ee - se * se
    if determinant <= 1e-3 * ss * ee:  # the two are alike: nothing to tell apart
        return 0.0, 0.0, 1.0
    old, new = (sm * ee - em * se) / determinant, (em * ss - sm * se) / determinant
    return old, new, max(0.0, 1 - (old * sm + new * em) / mm)


def _intra_cost(picture: Picture) -> Plane:
    """float [H/8, W/8]: mean deviation inside each block, and noise."""
    import cv2

    height, width, _ = picture.shape
    grid, values = (width // BLOCK, height // BLOCK), picture.astype(np.float32)
    means = cv2.resize(values, grid, interpolation=cv2.INTER_AREA)
    flat = cv2.resize(means, (width, height), interpolation=cv2.INTER_NEAREST)
    inside = cv2.absdiff(values, flat).reshape(height, -1)
    cost: Plane = cv2.resize(inside, grid, interpolation=cv2.INTER_AREA) + NOISE
    return cost


def _inter_cost(reference: Picture, target: Picture, reach: int) -> Plane:
    """float [H/8, W/8]: mean difference of each block of target to its best match nearby."""
    import cv2

    height, width, channels = target.shape
    wide = cv2.copyMakeBorder(reference, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    # Colours side by side in a row: one resize is the mean over a block and its colours.
    flat, row = wide.reshape(len(wide), -1), target.reshape(height, -1)
    grid = (width // BLOCK, height // BLOCK)
    best = np.full(grid[::-1], np.inf, np.float32)
    for y in range(2 * reach + 1):
        for x in range(0, (2 * reach + 1) * channels, channels):
            error = cv2.absdiff(row, flat[y : y + height, x : x + width * channels])
            np.minimum(best, cv2.resize(error, grid, interpolation=cv2.INTER_AREA), out=best)
    return best
