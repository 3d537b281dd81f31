"""A variational autoencoder of frames: 8 times smaller latents, whose statistics carry style."""

from aigc_edit.models.vae.bound import Bound, gaussian_nats, kl_nats
from aigc_edit.models.vae.figures import Reconstruction, reconstruction
from aigc_edit.models.vae.net import FrameVae, Posterior, VaeConfig
from aigc_edit.models.vae.objective import FrameVaeObjective, VaeRecipe
from aigc_edit.models.vae.shipped import shipped
from aigc_edit.models.vae.style import LatentLook, LatentStyle

__all__ = [
    "Bound",
    "FrameVae",
    "FrameVaeObjective",
    "LatentLook",
    "LatentStyle",
    "Posterior",
    "Reconstruction",
    "VaeConfig",
    "VaeRecipe",
    "gaussian_nats",
    "kl_nats",
    "reconstruction",
    "shipped",
]
