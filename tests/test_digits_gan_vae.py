"""The nets of the textbooks learn digits, with the loop that all nets have."""

from __future__ import annotations

import digits_gan_vae as example
import pytest
import torch
from torch.nn import functional as F

from aigc_edit.models.training import TrainingPlan, load_weights, train

pytestmark = pytest.mark.usefixtures("one_thread")


def test_the_nets_have_the_sizes_of_the_textbooks():
    sizes = {
        name: [tuple(p.shape) for p in net.parameters() if p.ndim == 2]
        for name, net in (example.Gan().nets | example.Vae().nets).items()
    }

    assert sizes["generator"] == [(256, 100), (512, 256), (1024, 512), (784, 1024)]
    assert sizes["autoencoder"] == [(400, 784), (40, 400), (400, 20), (784, 400)]


def test_generator_and_adversary_learn_by_turns(tmp_path):
    said = []
    path = train(TrainingPlan(tmp_path, 4), example.Gan, said.append)
    net = load_weights(path, "digits-gan", 1, example.Generator)
    made = net(torch.randn(3, 100))

    assert "real 0.6" in said[1]  # nobody knows anything yet: log 2
    assert made.shape == (3, 784)
    assert made.amin() >= 0
    assert made.amax() <= 1
    assert (tmp_path / "step_0000004.png").exists()


@pytest.fixture(scope="module")
def learnt(tmp_path_factory, one_thread):
    """The autoencoder after a few seconds."""
    plan = TrainingPlan(tmp_path_factory.mktemp("digits"), 120, rate=3e-3, warm_up=10, average=0.9)
    return load_weights(train(plan, example.Vae), "digits-vae", 1, example.Autoencoder)


def test_the_bound_rises_on_digits_that_were_held_out(learnt):
    held_out = example.digits()[-example.HELD_OUT :]
    perfect = F.binary_cross_entropy(held_out, held_out, reduction="sum") / len(held_out)
    torch.manual_seed(1)
    before = sum(example.Autoencoder().bound(held_out))
    after = sum(learnt.bound(held_out))

    assert after - perfect < (before - perfect) / 4


def test_what_it_makes_up_looks_like_digits(learnt):
    """Nearest real digits are about as near as for digits that were held out, and of all kinds."""
    from sklearn.datasets import load_digits

    digits = example.digits()
    known, held_out = digits[: -example.HELD_OUT], digits[-example.HELD_OUT :]
    torch.manual_seed(1)
    made = learnt.sample(200)
    noise = made.flatten()[torch.randperm(made.numel())].view_as(made)
    real, ours, nothing = (torch.cdist(x, known).min(1) for x in (held_out, made, noise))
    kinds = load_digits().target[ours.indices.numpy()]

    assert ours.values.mean() < 1.5 * real.values.mean()
    assert nothing.values.mean() > 2 * real.values.mean()
    assert len(set(kinds.tolist())) >= 8
