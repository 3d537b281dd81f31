"""How fast the beat goes in each second, if there is one.

Clarity of the pulse is the autocorrelation of the onsets at the period of the beat (Lartillot et
al. 2008, "Multi-feature modeling of pulse clarity"), here as the mean over one to four periods:
what only seems to be regular, such as speech, loses its step by then.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

RATE = 100  # onsets a second
FASTEST, SLOWEST = 200, 55  # beats a minute

Values = npt.NDArray[np.float64]

_PERIODS = np.arange(60 * RATE // FASTEST, 60 * RATE // SLOWEST + 1)  # in onsets
_WINDOW = 8 * RATE
_AT_ONCE = 256  # windows; memory stays small however long the film is
_FLOOR = 2e-4  # onsets, of full-scale sound; what is weaker is noise of a converter
# Which of several periods that fit is the beat: listeners tap at moderate tempos (Parncutt 1994),
# and no beat hides in the middle of one. Both were set on made up music, see tests.
_USUAL = 140.0  # beats a minute
_UNUSUAL_COST = 0.15  # for an octave, squared
_HALF_COST = 0.3  # for a pulse that is as clear at twice the tempo
# In clarity, from one second to the next:
_OCTAVE_COST, _JUMP_COST = 25.0, 1.0  # another tempo
_SWITCH_COST = 1.0  # a pulse begins or ends


def beat_periods(onsets: Values, clarity: float) -> Values:
    """The period of the beat in every second, in onsets; 0 where no pulse is that clear.

    Args:
        onsets: prepared by `accents`, `RATE` a second.
        clarity: least clarity of a pulse, 0 to 1.

    Returns: float64 [S]; second `k` stands for the time around `k` seconds.
    """
    path = _likeliest(_scores(onsets), clarity)
    return np.append(_PERIODS, 0).astype(np.float64)[path]


def accents(flux: npt.NDArray[np.float32]) -> Values:
    """What stands out of the onsets around it: float64 [N], never negative."""
    from scipy.ndimage import gaussian_filter1d, uniform_filter1d

    smooth = gaussian_filter1d(flux.astype(np.float64), RATE * 0.02)
    above: Values = np.maximum(smooth - uniform_filter1d(smooth, RATE, mode="constant"), 0)
    return above


def _scores(onsets: Values) -> Values:
    """How well each period fits in every second: float64 [S, P]; the best one is its clarity."""
    padded = np.pad(onsets, _WINDOW // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::RATE]
    return np.concatenate(
        [_fits(windows[at : at + _AT_ONCE]) for at in range(0, len(windows), _AT_ONCE)]
    )


def _fits(windows: Values) -> Values:
    """float64 [W, P] for some windows."""
    from scipy.ndimage import maximum_filter1d

    auto = _autocorrelation(windows)
    # Four periods on, a tempo that is between two of the list, or changes, is a few onsets off.
    repeats = [maximum_filter1d(auto, 2 * k - 1, axis=1)[:, k * _PERIODS] for k in (1, 2, 3, 4)]
    clarity: Values = np.mean(repeats, axis=0)
    halves = np.maximum(auto[:, np.round(_PERIODS / 2).astype(int)], 0)
    octaves = np.log2(_PERIODS * _USUAL / (60 * RATE))
    preferred = clarity - _HALF_COST * halves - _UNUSUAL_COST * octaves**2
    best = preferred.max(axis=1, keepdims=True)
    return np.asarray(preferred - best + clarity.max(axis=1, keepdims=True))


def _autocorrelation(windows: Values) -> Values:
    """1 at zero, whatever the level and the distance: float64 [W, N]."""
    taper = np.hanning(_WINDOW)
    own = _products(taper)
    products = _products((windows - windows.mean(axis=1, keepdims=True)) * taper)
    energy = products[:, :1] + _FLOOR**2 * own[0]
    return np.asarray(products / energy / np.maximum(own / own[0], 0.05))


def _products(values: Values) -> Values:
    power = np.abs(np.fft.rfft(values, 2 * _WINDOW)) ** 2
    return np.fft.irfft(power)[..., :_WINDOW]


def _likeliest(scores: Values, clarity: float) -> npt.NDArray[np.int64]:
    """The best path (Viterbi) of periods by number; the last number is no pulse: int64 [S]."""
    none = np.full((len(scores), 1), clarity)
    gains = np.concatenate([scores, none], axis=1)
    best, froms = gains[0], []
    for gain in gains[1:]:
        ways = best[:, None] - _changes()
        froms.append(ways.argmax(axis=0))
        best = ways.max(axis=0) + gain
    path = [int(best.argmax())]
    for before in reversed(froms):
        path.append(int(before[path[-1]]))
    return np.array(path[::-1])


@cache
def _changes() -> Values:
    """What it costs to go from one period to another, or to none: float64 [P + 1, P + 1]."""
    count = len(_PERIODS)
    costs = np.full((count + 1, count + 1), _SWITCH_COST)
    octaves = np.log2(_PERIODS)
    distances = np.abs(octaves[:, None] - octaves)
    costs[:count, :count] = np.minimum(_OCTAVE_COST * distances, _JUMP_COST)
    costs[count, count] = 0
    return costs
