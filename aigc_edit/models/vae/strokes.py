"""Brush work: each place of a frame gets the most similar patch of latents of a picture.

Chen & Schmidt 2016 ("Fast patch-based style transfer of arbitrary style", arXiv 1612.04337), on
latents that have the picture's statistics already. New is that a place keeps its patch until
another one is clearly more similar: else patches would change from frame to frame by mere noise.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 -- its name everywhere

_SIDE = 3  # latents of a side of a patch
_MOST = 1024  # patches of a picture that are kept, from all over it
_FEATURES = 64  # numbers by which patches are compared
_WHITENING = -0.25  # power of the variances: between comparing all directions alike and as they are
_LEAST_VARIANCE = 0.01  # of the mean one
_LOYALTY = 0.15  # by how much of a cosine another patch must be more similar
_AT_ONCE = 8192  # places, 32 MiB of similarities
_HAT = (0.5, 1.0, 0.5)  # how much a latent of a patch counts where patches overlap


class Strokes:
    """The patches of one picture, and which one each place of the film has."""

    def __init__(self, picture: Tensor) -> None:
        """`picture`: latents, float [1, C, h, w], at least 3 of each side."""
        found = F.unfold(picture, _SIDE)[0]  # [C 9, K]
        chosen = torch.linspace(0, found.shape[1] - 1, min(_MOST, found.shape[1])).round().long()
        self._patches = found[:, chosen.to(found.device)]
        mean = self._patches.mean(1, keepdim=True)
        view = _view(self._patches - mean)
        self._kernels = view.view(len(view), -1, _SIDE, _SIDE)  # [features, C, 3, 3]
        self._mean = view @ mean  # [features, 1]
        self._faces = F.normalize(view @ self._patches - self._mean, dim=0)
        hat = picture.new_tensor(_HAT)
        self._window = torch.outer(hat, hat).flatten()[None, :, None]  # [1, 9, 1]
        self.forget()

    def forget(self) -> None:
        self._chosen: Tensor | None = None

    def over(self, latents: Tensor) -> Tensor:
        """Latents of the next frame, float [1, C, h, w], made of patches of the picture."""
        size = (latents.shape[-2] + 2, latents.shape[-1] + 2)
        self._chosen = self._most_similar(latents)
        patches = self._patches.index_select(1, self._chosen).view(-1, _SIDE**2, len(self._chosen))
        total = F.fold((patches * self._window).flatten(0, 1)[None], size, _SIDE)
        weight = F.fold(self._window.expand(1, -1, len(self._chosen)), size, _SIDE)
        painted: Tensor = total / weight
        return painted[..., 1:-1, 1:-1]

    def _most_similar(self, latents: Tensor) -> Tensor:
        """The number of a patch for each place, int64 [h w], by cosine."""
        around = F.pad(latents, (1, 1, 1, 1), mode="replicate")
        seen = F.conv2d(around, self._kernels)[0].flatten(1)  # [features, P]
        faces = F.normalize(seen - self._mean, dim=0)
        kept = self._chosen if self._chosen is None or len(self._chosen) == len(faces.T) else None
        found = []
        for first in range(0, faces.shape[1], _AT_ONCE):
            alike = faces[:, first : first + _AT_ONCE].T @ self._faces  # [P, K]
            if kept is not None:
                own = kept[first : first + _AT_ONCE, None]
                alike.scatter_add_(1, own, alike.new_full(own.shape, _LOYALTY))
            found.append(alike.argmax(1))
        return torch.cat(found)


def _view(centred: Tensor) -> Tensor:
    """[features, C 9]: the directions in which patches differ most, partly whitened."""
    exact = centred.cpu().double()
    variances, directions = torch.linalg.eigh(exact @ exact.T / exact.shape[1])
    variances, directions = variances[-_FEATURES:], directions[:, -_FEATURES:]
    scale = (variances + _LEAST_VARIANCE * variances.mean()).pow(_WHITENING)
    view: Tensor = (directions * scale).T
    return view.contiguous().to(centred)
