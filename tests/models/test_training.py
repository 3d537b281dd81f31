"""One loop for all nets: it goes on where it was, and its files are what they say."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from aigc_edit.errors import ModelError, UsageError
from aigc_edit.models.training import (
    Architecture,
    TrainingPlan,
    Update,
    load_weights,
    read_header,
    save_weights,
    tiled,
    train,
)
from aigc_edit.models.training.average import Average
from aigc_edit.models.training.log import words_of_seconds

pytestmark = pytest.mark.usefixtures("one_thread")


class Stopped(Exception):
    pass


class Small(nn.Module):
    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, width, 3), nn.Conv2d(width, 1, 3)
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x):
        return self.second(torch.relu(self.first(x)))


class Duel:
    """Two nets against each other, everything in it random; may stop, or break, at a step."""

    kept, architecture, recipe = "one", Architecture("small", 1, {"width": 4}), {"against": True}

    def __init__(self, *, stops_at: int = -1, breaks_at: int = -1) -> None:
        self.nets = {"one": Small(), "other": Small()}
        self.stops_at, self.breaks_at = stops_at, breaks_at

    def optimizer(self, net, rate):
        return torch.optim.AdamW(net.parameters(), rate)

    def updates(self, turn):
        if turn.step == self.stops_at:
            raise Stopped
        x = torch.randn(2, 3, 8, 8, device=turn.device)
        one = self.nets["one"](x)
        error = (one - x.mean(1, keepdim=True)[..., 2:-2, 2:-2]).square().mean()
        if turn.step == self.breaks_at:
            error = error / 0
        yield Update("other", {"apart": (self.nets["other"](x) + one.detach()).square().mean()})
        with torch.no_grad():
            self.nets["one"].seen += 1
        yield Update("one", {"error": error}, {"size": one.detach().abs().mean()})

    def picture(self, net):
        return tiled(net(torch.randn(3, 3, 8, 8)), columns=2)


def plan(folder, steps=6, **changes) -> TrainingPlan:
    plan = TrainingPlan(folder, steps, warm_up=2, keep_every=2, picture_every=3, log_every=2)
    return replace(plan, **changes)


def test_a_stopped_training_goes_on_to_the_same_bits(tmp_path):
    straight = train(plan(tmp_path / "straight"), Duel)
    with pytest.raises(Stopped):
        train(plan(tmp_path / "twice"), lambda: Duel(stops_at=5))
    assert read_header(tmp_path / "twice" / "small.safetensors").training["steps"] == 4
    said = []
    resumed = train(plan(tmp_path / "twice"), Duel, said.append)

    assert "going on after step 4" in said[0]
    assert resumed.read_bytes() == straight.read_bytes()
    for name in ("checkpoint.safetensors", "step_0000006.png"):
        assert (resumed.parent / name).read_bytes() == (straight.parent / name).read_bytes(), name


def test_another_seed_gives_other_weights(tmp_path):
    one = train(plan(tmp_path / "one"), Duel)
    other = train(plan(tmp_path / "other", seed=2), Duel)

    assert one.read_bytes() != other.read_bytes()


def test_training_leaves_the_callers_random_numbers_alone(tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train(plan(tmp_path), Duel)

    assert torch.equal(torch.rand(3), expected)


class Shared(Duel):
    """The loss of one net depends on the other, too."""

    def updates(self, turn):
        x = torch.randn(2, 3, 8, 8)
        yield Update("one", {"sum": (self.nets["one"](x) + self.nets["other"](x)).square().mean()})


def test_an_update_moves_its_own_net_only(tmp_path):
    shared = Shared()
    before = shared.nets["other"].first.weight.clone()
    train(plan(tmp_path, steps=2), lambda: shared)

    assert torch.equal(shared.nets["other"].first.weight, before)
    assert all(p.grad is None for p in shared.nets["other"].parameters())
    assert all(p.grad is not None for p in shared.nets["one"].parameters())


def test_the_log_holds_each_step_once_after_going_on(tmp_path):
    with pytest.raises(Stopped):
        train(plan(tmp_path, keep_every=3), lambda: Duel(stops_at=5))
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"step": 5, "ra')  # as a kill leaves it
    train(plan(tmp_path), Duel)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    steps = [line["step"] for line in lines]

    assert steps == sorted(set(steps))
    assert steps[-1] == 6
    assert set(lines[0]["means"]) == {"apart", "error", "size"}


def test_a_line_says_what_is_left(tmp_path):
    said = []
    train(plan(tmp_path), Duel, said.append)

    assert said[0] == "training small 1: 298 weights on cpu"
    assert said[1].startswith("step 1/6: apart ")
    assert said[-1].endswith(" 0 s left")
    assert words_of_seconds(7300) == "2 h 2 min"


def test_a_loss_that_is_no_number_stops_with_its_name_and_step(tmp_path):
    with pytest.raises(ModelError, match=r"error is inf at step 4.*lower learning rate"):
        train(plan(tmp_path), lambda: Duel(breaks_at=3))


def test_a_folder_with_another_training_is_refused(tmp_path):
    train(plan(tmp_path), Duel)
    with pytest.raises(ModelError, match="seed 1 and not 2"):
        train(plan(tmp_path, seed=2), Duel)


def test_more_steps_may_be_asked_for_later(tmp_path):
    train(plan(tmp_path, steps=4), Duel)
    path = train(plan(tmp_path, steps=6), Duel)

    assert read_header(path).training["steps"] == 6


@pytest.mark.parametrize(
    "wrong", [{"steps": 0}, {"log_every": 0}, {"rate": 0.0}, {"rate": float("nan")}]
)
def test_a_plan_that_cannot_be_is_refused(tmp_path, wrong):
    with pytest.raises(UsageError):
        plan(tmp_path, **wrong)


def test_the_rate_rises_stays_and_falls(tmp_path):
    rates = [plan(tmp_path, steps=10, rate=1.0).rate_at(step) for step in range(10)]

    assert rates[:2] == [0.5, 1.0]
    assert set(rates[2:8]) == {1.0}
    assert rates[8:] == pytest.approx([2 / 3, 1 / 3])


def test_a_low_precision_keeps_weights_in_float32(tmp_path):
    duel = Duel()
    train(plan(tmp_path, precision="bfloat16"), lambda: duel)

    assert {p.dtype for p in duel.nets["one"].parameters()} == {torch.float32}


def test_the_average_is_the_recurrence_that_its_words_say():
    net = nn.Linear(1, 1, bias=False)
    nn.init.ones_(net.weight)
    average = Average(net, 0.5)
    expected = 1.0
    for step, value in enumerate((3.0, -1.0, 2.0, 8.0, 5.0, 0.0, 1.0, 4.0, 4.0, 7.0)):
        nn.init.constant_(net.weight, value)
        average.add(net, step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value

    assert average.net.weight.item() == pytest.approx(expected)


@pytest.fixture
def stored(tmp_path):
    path = tmp_path / "small.safetensors"
    save_weights(path, Small(), Architecture("small", 1, {"width": 4}), {"steps": 3})
    return path


def test_weights_come_back_as_they_were_kept(stored):
    net = load_weights(stored, "small", 1, Small)
    header = read_header(stored)

    assert str(header.architecture) == "small 1"
    assert header.training == {"steps": 3}
    assert not net.training
    assert net(torch.zeros(1, 3, 8, 8)).dtype == torch.float32


def refused(path, message, name="small", version=1, build=Small):
    with pytest.raises(ModelError, match=message) as caught:
        load_weights(path, name, version, build)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_reading_weights_leaves_the_callers_random_numbers_alone(stored):
    before = torch.random.get_rng_state()
    load_weights(stored, "small", 1, Small)

    assert torch.equal(torch.random.get_rng_state(), before)


def test_weights_of_another_architecture_are_refused(stored):
    refused(stored, "weights of small 1, not of large 1", name="large")
    refused(stored, "weights of small 1, not of small 2", version=2)


def test_weights_of_other_shapes_are_refused(stored):
    refused(
        stored,
        r"first.weight is \[4, 3, 3, 3\], not \[5, 3, 3, 3\]",
        build=lambda width: Small(width + 1),
    )
    refused(stored, "do not fit", build=lambda depth: Small())
    refused(stored, "bias is missing", build=lambda width: nn.Linear(1, 1))


def test_weights_that_are_cut_short_are_refused(stored):
    stored.write_bytes(stored.read_bytes()[:-10])

    refused(stored, "no weights that can be read")


@pytest.mark.parametrize("content", [b"", b"text", b"\xff" * 100])
def test_what_is_no_file_of_weights_is_refused(stored, content):
    stored.write_bytes(content)

    refused(stored, "no weights that can be read")


def test_a_missing_file_is_told(tmp_path):
    refused(tmp_path / "none.safetensors", "No such file")


@pytest.mark.parametrize("new", [True, False])
def test_a_pickle_is_refused_unread(stored, new):
    torch.save({"first": torch.ones(1)}, stored, _use_new_zipfile_serialization=new)

    refused(stored, "pickle")


def test_weights_that_say_nothing_of_themselves_are_refused(stored):
    save_file({"first": torch.ones(1)}, stored)

    refused(stored, "does not say what net")


def test_weights_that_are_not_finite_are_neither_kept_nor_read(stored):
    net = Small()
    nn.init.constant_(net.first.bias, 1e6)  # more than float16 holds

    with pytest.raises(ModelError, match=r"first\.bias"):
        save_weights(stored, net, Architecture("small", 1, {"width": 4}), {})
    save_weights(stored, net, Architecture("small", 1, {"width": 4}), {}, torch.float32)
    assert load_weights(stored, "small", 1, Small).first.bias[0] == 1e6


def test_a_sheet_holds_every_picture_in_its_place():
    pictures = torch.arange(3.0).view(3, 1, 1, 1).expand(3, 3, 4, 5) / 10
    sheet = tiled(pictures, columns=2)

    assert sheet.shape == (3, 10, 12)
    assert sheet[0, 0, 0] == 0
    assert sheet[0, 0, 7] == pytest.approx(0.1)
    assert sheet[0, 6, 0] == pytest.approx(0.2)
    assert (sheet[:, 4:6] == 1).all()
