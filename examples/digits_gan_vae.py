"""The GAN and the VAE of the textbooks on handwritten digits: the
shortest way into the training code.

Needs scikit-learn for its 1,797 digits, and about a minute for each net on one CPU core.

  python digits_gan_vae.py gan out        a generator and its adversary
  python digits_gan_vae.py vae out        an autoencoder with a bound

`out` gets a sheet of samples now and then (step_*.png), a log, and the weights.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from itertools import chain, pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 -- its name everywhere

from aigc_edit.models.training import Architecture, TrainingPlan, Turn, Update, tiled, train
from aigc_edit.models.vae import kl_nats

SIDE = 28
PIXELS = SIDE * SIDE
HELD_OUT = 297  # the last ones; nothing learns from them
BATCH = 64


def digits() -> Tensor:
    """float [1797, 784] in [0, 1]: scikit-learn's 8 x 8 digits, enlarged."""
    from sklearn.datasets import load_digits

    small = torch.from_numpy(load_digits().images).float()[:, None] / 16
    return F.interpolate(small, (SIDE, SIDE), mode="bilinear").flatten(1)


def dense(*sizes: int, between: Callable[[int], nn.Module] = nn.Identity) -> list[nn.Module]:
    """Linear layers, with something between each and its leaky rectifier."""
    layers = ((nn.Linear(a, b), between(b), nn.LeakyReLU(0.2)) for a, b in pairwise(sizes))
    return list(chain.from_iterable(layers))


def sheet(pictures: Tensor) -> Tensor:
    return tiled(pictures.view(-1, 1, SIDE, SIDE).cpu(), columns=10)


class Digits:
    """What both have in common: the digits, and Adam."""

    def __init__(self) -> None:
        self.recipe = {"batch": BATCH}
        self._digits = digits()[:-HELD_OUT]

    def draw(self, turn: Turn) -> Tensor:
        return self._digits[torch.randint(len(self._digits), (BATCH,))].to(turn.device)

    def optimizer(self, net: nn.Module, rate: float) -> torch.optim.Optimizer:
        return torch.optim.Adam(net.parameters(), rate, betas=(0.5, 0.999))


class Generator(nn.Sequential):
    """Noise [N, 100] to digits [N, 784]."""

    noise = 100

    def __init__(self) -> None:
        hidden = dense(self.noise, 256, 512, 1024, between=nn.BatchNorm1d)
        super().__init__(*hidden, nn.Linear(1024, PIXELS), nn.Sigmoid())


class Discriminator(nn.Sequential):
    """Digits [N, 784] to logits [N, 1]: how sure it is that they are real."""

    def __init__(self) -> None:
        hidden = dense(PIXELS, 512, 256, between=lambda _: nn.Dropout(0.3))
        super().__init__(*hidden, nn.Linear(256, 1))

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(2 * x - 1)


class Gan(Digits):
    """min_G max_D E[log D(x)] + E[log(1 - D(G(z)))] (Goodfellow et al. 2014, arXiv 1406.2661).

    The generator raises log D(G(z)) instead of lowering log(1 - D(G(z))), as the paper advises:
    the same fixed point, and a gradient while the discriminator is sure. D gives logits, so that
    -log D(x) is softplus(-D) and -log(1 - D(x)) is softplus(D).
    """

    kept, architecture = "generator", Architecture("digits-gan", 1)

    def __init__(self) -> None:
        super().__init__()
        self._generator, self._discriminator = Generator(), Discriminator()
        self.nets = {"generator": self._generator, "discriminator": self._discriminator}

    def updates(self, turn: Turn) -> Iterator[Update]:
        real = self.draw(turn)
        made = self._generator(torch.randn(len(real), Generator.noise, device=turn.device))
        believed = F.softplus(-self._discriminator(real)).mean()
        exposed = F.softplus(self._discriminator(made.detach())).mean()
        yield Update("discriminator", {"real": believed, "made": exposed})
        yield Update("generator", {"fooled": F.softplus(-self._discriminator(made)).mean()})

    def picture(self, net: nn.Module) -> Tensor:
        return sheet(net(torch.randn(60, Generator.noise)))


class Autoencoder(nn.Module):
    """784-400-20 and back (Kingma & Welling 2013, arXiv 1312.6114)."""

    latents = 20

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(*dense(PIXELS, 400), nn.Linear(400, 2 * self.latents))
        self.decoder = nn.Sequential(*dense(self.latents, 400), nn.Linear(400, PIXELS))

    def bound(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """-E_q[log p(x|z)], Bernoulli, and KL(q(z|x) || N(0, 1)): nats a digit."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        distortion = F.binary_cross_entropy_with_logits(self.decoder(z), x, reduction="sum")
        return distortion / len(x), kl_nats(mean, log_variance).sum(1).mean()

    def sample(self, count: int) -> Tensor:
        """Digits [count, 784] from the prior."""
        return self.decoder(torch.randn(count, self.latents)).sigmoid()


class Vae(Digits):
    """max E_q[log p(x|z)] - KL(q(z|x) || p(z))."""

    kept, architecture = "autoencoder", Architecture("digits-vae", 1)

    def __init__(self) -> None:
        super().__init__()
        self._net = Autoencoder()
        self.nets = {"autoencoder": self._net}

    def updates(self, turn: Turn) -> Iterator[Update]:
        distortion, divergence = self._net.bound(self.draw(turn))
        yield Update("autoencoder", {"distortion": distortion, "divergence": divergence})

    def picture(self, net: Autoencoder) -> Tensor:
        return sheet(net.sample(60))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("net", choices=("gan", "vae"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    begin, rate = {"gan": (Gan, 5e-4), "vae": (Vae, 1e-3)}[options.net]
    plan = TrainingPlan(options.folder, options.steps, options.seed, rate, average=0.99)
    print(train(plan, begin, print))


if __name__ == "__main__":
    main()
