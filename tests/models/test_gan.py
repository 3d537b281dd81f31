"""The painter: small, of any size of frame, taught by the published games."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from aigc_edit.errors import ModelError, UsageError
from aigc_edit.models.fidelity import luma
from aigc_edit.models.gan import Adversary, Game, LookObjective, LookRecipe, Painter, PainterConfig
from aigc_edit.models.gan.guided import guided
from aigc_edit.models.gan.losses import Brushwork, colours_merged, edges_lost, light_lost
from aigc_edit.models.gan.motion import Motion
from aigc_edit.models.training import TrainingPlan, Turn, save_weights, train

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = PainterConfig(width=8, quarter=8, strokes=1, toning=0)
MOST_WEIGHTS, MOST_GMAC = 1_100_000, 15


@pytest.fixture
def painter():
    torch.manual_seed(1)
    return Painter(SMALL).eval().requires_grad_(requires_grad=False)


@pytest.fixture(scope="module")
def pictures():
    """Soft blobs of colour, 96 x 128."""
    small = np.random.default_rng(1).integers(0, 255, (3, 3, 4, 3), np.uint8)
    return [cv2.resize(one, (128, 96), interpolation=cv2.INTER_CUBIC) for one in small]


@pytest.fixture(scope="module")
def painting():
    """Slanted stripes, 96 x 128."""
    rows, columns = np.mgrid[:96, :128]
    stripes = np.sin((rows + columns) / 3)[..., None] * np.array([90, 60, 10]) + 128
    return stripes.astype(np.uint8)


def test_the_net_is_as_light_as_promised():
    net = Painter().eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net(torch.zeros(1, 3, 72, 128))  # a hundredth of 1280x720

    assert sum(p.numel() for p in net.parameters()) <= MOST_WEIGHTS
    assert 100 * counter.get_total_flops() / 2e9 <= MOST_GMAC


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 50), (16, 16), (37, 61)])
def test_frames_of_any_size_keep_it(painter, height, width):
    assert painter(torch.rand(2, 3, height, width)).shape == (2, 3, height, width)


def test_detail_is_the_frames_own_fine_lines(painter):
    lines = (torch.arange(64) % 2).float().expand(1, 3, 64, 64)
    added = painter(lines) - painter(lines, detail=0.0)

    assert (added.sign() == (lines - 0.5).sign()).all()
    assert added.abs().max() <= 0.5


@pytest.mark.parametrize("game", Game)
def test_each_side_of_a_game_lowers_what_harms_the_other(game):
    sure, unsure = torch.full((4,), 0.9), torch.zeros(4)

    assert game.unmasking(sure, -sure) < game.unmasking(unsure, unsure)
    assert game.fooling(sure) < game.fooling(unsure)


def test_an_adversary_that_cannot_tell_loses_log_4():
    undecided = torch.zeros(8)

    assert Game.MINIMAX.unmasking(undecided, undecided).item() == pytest.approx(math.log(4))


def test_the_adversary_judges_patches_at_three_sizes():
    verdicts = Adversary(width=4)(torch.rand(2, 3, 128, 128))

    assert [tuple(verdict.shape[-2:]) for verdict in verdicts] == [(26, 26), (10, 10), (2, 2)]


def test_brush_and_palette_of_a_painting_are_its_own(painting, pictures):
    torch.manual_seed(1)
    brushwork = Brushwork(frame(painting)[0])
    own, others = brushwork.distance(frame(painting)), brushwork.distance(frame(pictures[0]))

    assert (own < 0.2 * others).all()


def test_other_light_is_forgiven_and_other_lines_are_not(pictures):
    source = frame(pictures[0])
    dimmed, turned = 0.5 * source + 0.2, source.flip(-1)
    for lost in (edges_lost, light_lost):
        assert lost(source, dimmed).item() == pytest.approx(0, abs=0.01)
        assert lost(source, turned).item() > 0.3


def test_colours_that_become_one_are_told(pictures):
    source = frame(pictures[0])

    assert colours_merged(source, 1 - source).item() == pytest.approx(0, abs=1e-3)
    assert colours_merged(source, luma(source).expand_as(source) * 0 + 0.5).item() > 0.3


def test_motion_is_the_same_for_frames_and_for_paint():
    torch.manual_seed(1)
    ramp = torch.linspace(0, 1, 64).expand(2, 3, 64, 64)
    motion = Motion.draw(ramp)

    torch.testing.assert_close(motion(1 - ramp), 1 - motion(ramp))
    assert motion(ramp).sub(ramp).abs().mean() > 0.005
    assert 0.7 < motion.inside.mean() < 1


def test_training_moves_both_sides(painting, pictures):
    torch.manual_seed(1)
    objective = LookObjective(painting, pictures, LookRecipe(side=112, batch=2), SMALL)
    updates = list(objective.updates(Turn(0, 10, torch.device("cpu"))))

    assert [update.net for update in updates] == ["adversary", "painter"]
    sum(updates[1].losses.values()).backward()
    assert all(p.grad.abs().sum() > 0 for p in objective.nets["painter"].paints[-1].parameters())


def test_grain_makes_paint_that_hangs_on_it_unsteady(painting, pictures):
    def unsteadiness(grain: float) -> float:
        torch.manual_seed(1)
        recipe = LookRecipe(side=112, batch=2, grain=grain)
        objective = LookObjective(painting, pictures, recipe, SMALL)
        _, painter = objective.updates(Turn(0, 10, torch.device("cpu")))
        return painter.losses["steady"].item()

    # A painter that has learnt nothing keeps the frame's lines, and half of its grain with them.
    assert unsteadiness(0.1) > unsteadiness(0.0) + 0.01


def test_a_look_learns_the_brush_of_its_painting(painting, pictures, tmp_path):
    recipe = LookRecipe(side=112, batch=2, fooling=0.1, steady=0.1)
    plan = TrainingPlan(tmp_path, 60, rate=5e-3, warm_up=5, average=0.5)
    net = Painter.load(train(plan, lambda: LookObjective(painting, pictures, recipe, SMALL)))
    torch.manual_seed(1)
    brushwork = Brushwork(frame(painting)[0])
    sources = [frame(picture) for picture in pictures]
    before = sum(brushwork.distance(source).sum() for source in sources)

    assert sum(brushwork.distance(net(source)).sum() for source in sources) < 0.8 * before


def test_weights_of_another_net_are_refused(painter, tmp_path):
    path = tmp_path / "other.safetensors"
    save_weights(path, painter, painter.architecture, {})
    assert Painter.load(path).config == SMALL
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelError):
        Painter.load(path)


@pytest.mark.parametrize("wrong", [{"side": 32}, {"batch": 3}, {"batch": 0}])
def test_what_cannot_be_learnt_from_is_refused(wrong):
    with pytest.raises(UsageError):
        LookRecipe(**wrong)


def test_paint_from_a_small_frame_gets_the_lines_of_the_large_one():
    edge = (torch.arange(64) >= 33).float().expand(1, 3, 64, 64)
    small = torch.nn.functional.avg_pool2d(edge, 2)
    painted = guided(0.8 * small + 0.1, small, edge)

    torch.testing.assert_close(painted, 0.8 * edge + 0.1, atol=0.03, rtol=0)


def frame(picture) -> torch.Tensor:
    """float [1, 3, H, W] in [0, 1]."""
    return torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
