"""The figures of looks measure what they say, and rank as eyes do."""

from __future__ import annotations

import statistics
from itertools import pairwise

import pytest
import torch

from aigc_edit.models.judging import (
    Film,
    LookJudge,
    Manner,
    believed,
    contact_sheet,
    distance,
    lattice,
)
from tests import tolerances

pytestmark = pytest.mark.usefixtures("one_thread")


def texture(height: int, width: int, seed: int = 1):
    """A random picture with nature's spectrum, whose patches are alike wherever they lie."""
    random = torch.Generator().manual_seed(seed)
    down, across = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)
    fall = 1 / (0.05 + (down.square() + across.square()).sqrt())
    noise = torch.fft.rfft2(torch.randn(3, height, width, generator=random))
    picture = torch.fft.irfft2(noise * fall, s=(height, width))
    return ((picture - picture.mean()) / picture.std() * 0.15 + 0.5).clamp(0, 1)


def strokes(height: int, width: int):
    """Slanting strokes of one colour over another, wobbling."""
    wobble = 40 * texture(height, width, 5)[0]
    rows, columns = torch.arange(height)[:, None], torch.arange(width)
    wave = ((rows + columns + wobble) / 3).sin()
    return torch.stack([0.5 + 0.4 * wave, 0.5 + 0.2 * wave, 0.5 - 0.3 * wave])


def test_a_painting_is_at_no_distance_from_itself():
    painting = texture(160, 200)

    assert Manner(painting).distance([painting]) == distance.StyleDistance(0, 0)


def test_a_picture_of_the_mean_colour_alone_is_at_distance_one():
    painting = texture(160, 200)
    mean = painting.mean((1, 2), keepdim=True).expand_as(painting)

    found = Manner(painting).distance([mean])

    assert found.total == pytest.approx(1, abs=0.1)
    assert found.texture == pytest.approx(1, abs=0.1)


def test_size_does_not_matter_where_patches_are_alike():
    found = Manner(texture(512, 512)).distance([texture(300, 700, 2), texture(200, 256, 3)])

    assert found.total < 0.2
    assert found.texture < 0.1


def test_a_shift_of_brightness_moves_the_total_and_not_the_texture():
    painting = texture(160, 200) * 0.7

    found = Manner(painting).distance([painting + 0.2])

    assert found.total > 0.5
    assert found.texture == pytest.approx(0, abs=1e-4)


def test_the_distance_hardly_depends_on_the_directions_drawn(monkeypatch):
    source, painting = texture(200, 300, 2), strokes(240, 320)
    totals, textures = [], []
    for seed in range(3):
        monkeypatch.setattr(distance, "_SEED", seed)
        found = Manner(painting).distance([source])
        totals.append(found.total)
        textures.append(found.texture)

    for found in (totals, textures):
        assert statistics.pstdev(found) < tolerances.STYLE_DISTANCE * statistics.mean(found)


def patterned(frame, period: int, levels: float):
    """A chessboard of half a period, so many levels up and down."""
    rows, columns = (torch.arange(length) for length in frame.shape[1:])
    board = (rows[:, None] // (period // 2) + columns // (period // 2)) % 2 * 2 - 1
    return frame + levels / 255 * board


@pytest.mark.parametrize("period", [4, 8])
@pytest.mark.parametrize(
    "picture", [texture(200, 300), 0.1 * texture(200, 300), torch.zeros(3, 64, 64)]
)
def test_what_has_no_lattice_shows_none(picture, period):
    assert lattice(picture, period) == pytest.approx(1, abs=tolerances.NO_LATTICE)


@pytest.mark.parametrize("period", [4, 8])
def test_a_lattice_of_two_levels_is_found_and_one_that_nobody_sees_is_not(period):
    frame = 0.4 + 0.2 * texture(200, 300)

    own = lattice(frame, period)

    assert lattice(patterned(frame, period, 2), period) > 2 * own
    assert lattice(patterned(frame, period, 0.25), period) < 1.5 * own


def test_a_lattice_is_not_taken_for_one_of_another_period():
    frame = patterned(0.4 + 0.2 * texture(200, 300), 6, 4)

    assert lattice(frame, 4) < 1.2
    assert lattice(frame, 8) < 1.2


def test_patches_of_the_painting_are_believed_and_those_of_the_source_are_not():
    painting, source = strokes(256, 320), [texture(192, 256, 2)]

    found = believed(painting, source, [strokes(320, 256)], steps=25)

    assert found.painting > 0.8
    assert found.result > 0.8
    assert found.source < 0.2
    assert found.ratio > 4


def test_believing_gives_the_same_again_and_leaves_the_random_numbers_alone():
    painting, source = strokes(128, 192), [texture(128, 192, 2)]
    torch.manual_seed(7)
    once = believed(painting, source, source, steps=2)
    after = torch.rand(1)
    torch.manual_seed(7)

    assert believed(painting, source, source, steps=2) == once
    torch.manual_seed(7)
    assert torch.rand(1) == after


def as_bytes(picture):
    return (picture * 255).round().byte()


def test_a_film_keeps_few_pairs_from_all_over_it():
    frames = [torch.full((3, 16, 16), number, dtype=torch.uint8) for number in range(100)]

    film = Film((frame, frame) for frame in frames)
    kept = [int(source[0, 0, 0]) for source, _ in film.pairs]

    assert film.count == 100
    assert 8 <= len(kept) < 16
    assert len({second - first for first, second in pairwise(kept)}) == 1
    assert kept[-1] > 80


def test_a_cut_is_no_flicker():
    one, other = (as_bytes(texture(64, 64, seed)) for seed in (1, 2))
    film = Film((frame, frame) for frame in [one // 2] * 2 + [255 - other // 2] * 2)

    assert film.flicker is not None
    assert film.flicker.source == 0


def test_figures_of_a_source_that_was_left_alone_are_ones():
    frame = as_bytes(texture(128, 192))
    found = LookJudge(strokes(128, 192), steps=1).figures(Film([(frame, frame)] * 2))

    compared = [found.distance, found.texture, found.belief, *found.lattices.values()]
    ratios = [both.ratio for both in compared]
    assert [*ratios, found.gradients, found.structure] == pytest.approx([1] * 7)
    assert found.flicker is not None


def test_figures_rank_a_copy_of_the_strokes_before_the_source():
    painting, frame = strokes(160, 256), texture(128, 192)
    half = strokes(64, 96)  # a result of another size is compared with the source at its size
    found = LookJudge(painting, steps=1).figures(
        Film([(as_bytes(frame), as_bytes(strokes(128, 192)))])
    )

    assert found.distance.ratio < 0.3
    assert found.texture.ratio < 0.3
    assert abs(found.gradients) < 0.2
    assert found.facts()["flicker"] is None
    assert Film([(as_bytes(frame), as_bytes(half))] * 2).flicker is not None


def test_a_sheet_shows_source_result_and_painting_whole_and_in_detail():
    source, result, painting = texture(144, 256), torch.zeros(3, 144, 256), torch.ones(3, 400, 300)

    sheet = contact_sheet([(source, result)] * 2, painting)

    assert sheet.shape == (3, 4 * 270 + 6, 3 * 480 + 4)
    assert sheet[:, 100, 482 + 100].tolist() == [0, 0, 0]
    torch.testing.assert_close(sheet[:, 272 : 272 + 144, :256], source)
