"""HDR and wide gamuts become SDR as the standards say, and the tables agree with the formulas."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
import pytest
import torch

from aigc_edit.media import Colour, PictureConverter, PictureForm, PictureShrinker, probe
from aigc_edit.media.looks import Mastering
from aigc_edit.media.tonemap import (
    SDR_WHITE,
    SdrTable,
    hlg_to_light,
    light_to_pq,
    mapped_down,
    pq_to_light,
    to_sdr,
)
from tests.tolerances import HUE_DEGREES, PATCH_LEVELS, TABLE_LEVELS

PQ_2020 = Colour(9, 9, 16, full_range=False)
HLG_2020 = Colour(9, 9, 18, full_range=False)
SDR_2020 = Colour(9, 9, 14, full_range=False)
P3 = Colour(1, 12, 1, full_range=False)
KINDS = {"pq": PQ_2020, "hlg": HLG_2020, "2020": SDR_2020, "p3": P3}


def colours(*rgb: tuple[float, float, float]) -> torch.Tensor:
    """float64 [3, 1, N]."""
    return torch.tensor(rgb, dtype=torch.float64).T.unsqueeze(1)


def greys(signal: torch.Tensor) -> torch.Tensor:
    return signal.double().repeat(3, 1, 1)


def as_codes(signal: torch.Tensor) -> torch.Tensor:
    """uint16 [1, 3, H, W] of signals in [0, 1]."""
    return (signal * 65535).round().to(torch.int32).to(torch.uint16).unsqueeze(0)


def hue(rgb: torch.Tensor) -> torch.Tensor:
    """Degrees in Oklab (Ottosson 2020) of linear BT.709 [3, 1, N]."""
    lms = torch.tensor(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ],
        dtype=torch.float64,
    )
    opponent = torch.tensor(
        [[1.9779984951, -2.4285922050, 0.4505937099], [0.0259040371, 0.7827717662, -0.8086757660]],
        dtype=torch.float64,
    )
    cones = torch.einsum("ij,jhw->ihw", lms, rgb)
    a, b = torch.einsum("ij,jhw->ihw", opponent, cones.sign() * cones.abs() ** (1 / 3))
    return torch.rad2deg(torch.atan2(b, a)).flatten()


@pytest.mark.parametrize(
    ("nits", "code"), [(0, 0), (100, 0.5081), (203, 0.5807), (1000, 0.7518), (10_000, 1)]
)
def test_pq_is_st_2084(nits, code):
    """BT.2408, table 1: 203 nits are 58 % of PQ."""
    light = pq_to_light(torch.tensor([code], dtype=torch.float64))

    assert float(light) == pytest.approx(nits, rel=1e-3)
    assert float(light_to_pq(light)) == pytest.approx(code, abs=1e-5)


@pytest.mark.parametrize(("code", "nits"), [(0, 0), (0.75, 203), (1, 1000)])
def test_hlg_is_bt_2100(code, nits):
    """BT.2408, table 1: 75 % of HLG are 203 nits on a display of 1000 nits."""
    light = hlg_to_light(torch.full((3, 1, 1), code, dtype=torch.float64))

    assert light.flatten().tolist() == pytest.approx([nits] * 3, rel=1e-3)


def test_the_curve_of_bt_2390_leaves_shadows_and_reaches_white():
    """Its knee lies at 1.5 maxLum - 0.5 of the source's range in PQ (section 5.4)."""
    top = 0.580689 / 0.751827
    knee = float(pq_to_light(torch.tensor((1.5 * top - 0.5) * 0.751827, dtype=torch.float64)))
    light = torch.tensor([1.0, 0.9 * knee, 203, 1000, 4000], dtype=torch.float64)
    mapped = mapped_down(light, 1000.0).tolist()

    assert mapped[:2] == pytest.approx([1.0, 0.9 * knee], rel=1e-6)
    # E1 = 0.7724, T = 1/3: P = 0.7407 KS + 0.1481 (1 - KS) + 0.2593 maxLum = 0.7387, 159 nits.
    assert mapped[2] == pytest.approx(159, abs=2)
    assert mapped[3:] == pytest.approx([SDR_WHITE] * 2, rel=1e-4)


def test_a_source_that_is_darker_than_sdr_is_left_alone():
    light = torch.linspace(0, 150, 16)

    assert torch.equal(mapped_down(light, 180.0), light)


def test_hdr_white_lands_a_little_below_sdr_white():
    """159 of 203 nits through BT.1886: 90 % of the signal, room for highlights above."""
    for colour, code in ((PQ_2020, 0.5807), (HLG_2020, 0.75)):
        shown = to_sdr(greys(torch.tensor([code])), colour)

        assert shown.flatten().tolist() == pytest.approx([(159 / 203) ** (1 / 2.4)] * 3, abs=0.01)


def test_sdr_of_a_wide_gamut_keeps_its_neutrals():
    ramp = greys(torch.linspace(0, 1, 64))

    assert torch.allclose(to_sdr(ramp, SDR_2020), ramp, atol=1e-6)
    assert torch.allclose(to_sdr(ramp, P3), ramp, atol=1e-6)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_neutral_stays_neutral_and_brighter_stays_brighter(kind):
    ramp = greys(torch.linspace(0, 1, 1024))
    exact = to_sdr(ramp, KINDS[kind])
    quick = SdrTable(KINDS[kind])(as_codes(ramp))[0].int()

    assert exact.isfinite().all()
    assert (exact.amax(0) - exact.amin(0)).max() < 1e-6
    assert (exact[0].diff() >= -1e-9).all()
    assert (quick.amax(0) - quick.amin(0)).max() <= 2
    assert (quick.diff() >= -1).all()  # the curve's own table may round down by one level


@pytest.mark.parametrize("peak", [None, 400.0, 4000.0])
def test_a_peak_is_shown_as_white(peak):
    display = (0.0,) * 9 + (peak,) if peak else None
    colour = Colour(9, 9, 16, full_range=False, mastering=Mastering(display, 0, 0))
    code = light_to_pq(torch.tensor([peak or 1000.0], dtype=torch.float64))

    assert to_sdr(greys(code), colour).min() == pytest.approx(1, abs=1e-3)


def test_bt_709_colours_in_bt_2020_come_out_as_they_were():
    """The matrix of BT.2087 takes them there; here it is taken back."""
    rgb = colours((0.8, 0.5, 0.4), (0.3, 0.6, 0.35), (0.2, 0.3, 0.7), (0.9, 0.85, 0.2))
    to_2020 = torch.tensor(
        [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]],
        dtype=torch.float64,
    )
    coded = torch.einsum("ij,jhw->ihw", to_2020, rgb**2.4) ** (1 / 2.4)

    assert torch.allclose(to_sdr(coded, SDR_2020), rgb, atol=2e-3)


def test_hues_hold_below_the_knee():
    rgb = colours((1, 0.55, 0.4), (0.45, 1, 0.5), (0.4, 0.5, 1), (1, 0.95, 0.3))
    coded = light_to_pq(40 * rgb)
    plain = Colour(1, 1, 16, full_range=False)  # primaries of BT.709, so that hues compare
    turned = (hue(to_sdr(coded, plain) ** 2.4) - hue(rgb) + 180) % 360 - 180

    assert turned.abs().max() < HUE_DEGREES


def test_what_is_too_bright_turns_towards_white_and_never_darker():
    """Gold in the sun is pale, not a flat orange: red alone must not set how bright it is."""
    gold = torch.tensor([1.0, 0.55, 0.25], dtype=torch.float64)
    nits = torch.tensor([20, 100, 300, 1000, 3000, 10_000], dtype=torch.float64)
    shown = to_sdr(light_to_pq(gold[:, None, None] * nits[None, None]), PQ_2020)[:, 0]
    luminance = (torch.tensor([0.2126, 0.7152, 0.0722])[:, None] * shown).sum(0)
    saturation = 1 - shown.amin(0) / shown.amax(0)

    assert (luminance.diff() >= 0).all()
    assert (saturation[1:].diff() <= 1e-9).all()
    assert shown[:, -1].min() > 0.9


def test_what_bt_709_cannot_show_comes_in_softly():
    """A walk from grey to the greens of BT.2020: no part is negative, none jumps, none stops."""
    way = torch.linspace(0, 1, 200, dtype=torch.float64)
    green = torch.stack([1 - way, torch.ones_like(way), 1 - way]).unsqueeze(1)
    shown = to_sdr(green * 0.8, SDR_2020)

    assert shown.min() >= 0
    assert shown.diff().abs().max() < 0.1
    assert (shown[0].diff() < 0).all()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_tables_agree_with_the_formulas(kind):
    torch.manual_seed(5)
    signal = torch.rand(3, 128, 128, dtype=torch.float64)
    exact = 255 * to_sdr(signal, KINDS[kind])
    error = (SdrTable(KINDS[kind])(as_codes(signal))[0] - exact).abs()

    assert error.mean() < TABLE_LEVELS
    assert (error > 3).double().mean() < 0.01


def test_a_batch_is_its_frames():
    torch.manual_seed(6)
    batch = torch.cat([as_codes(torch.rand(3, 8, 8)) for _ in range(3)])
    table = SdrTable(PQ_2020)

    assert torch.equal(table(batch), torch.cat([table(one) for one in batch.unsqueeze(1)]))


def test_films_in_hdr_are_mapped_for_filters_and_for_analysers(shared_media):
    source = probe(shared_media / "nasa_hdr_pq_10bit.mp4")
    video = source.video
    # 203 nits in PQ, ten bits, limited range: 64 + 876 * 0.5807.
    planes = np.full((270, 320), 573, np.uint16)
    planes[180:] = 512
    frame: Any = av.VideoFrame.from_ndarray(planes, format="yuv420p10le")
    rgb, grey = PictureForm(32, 18), PictureForm(32, 18, "gray")
    small = PictureShrinker([rgb, grey], video).arrays(frame, [rgb, grey])
    whole = PictureConverter(PictureForm(320, 180), video.colour)

    assert (video.colour.hdr, video.colour.transfer_name) == (True, "PQ")
    for image in (whole.array(frame), small[rgb], small[grey]):
        assert image.dtype == np.uint8
        assert np.abs(image.astype(int) - 230).max() <= PATCH_LEVELS
    assert whole.batch([frame, frame], "cpu").shape == (2, 3, 180, 320)


def test_sdr_is_not_touched():
    converter = PictureConverter(PictureForm(32, 32), Colour(1, 1, 1, full_range=False))
    planes = np.full((48, 32), 126, np.uint8)
    planes[32:] = 128
    frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")

    assert np.abs(converter.array(frame).astype(int) - 128).max() <= 1
    batch = converter.batch([frame], "cpu")
    assert torch.equal(batch[0].permute(1, 2, 0), torch.from_numpy(converter.array(frame)))
