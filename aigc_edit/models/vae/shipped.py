"""The weights that come with the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from aigc_edit.errors import ModelError

_FILE = "frame-vae.safetensors"


def shipped() -> Path:
    """The file of weights for `FrameVae.load`.

    Raises:
        ModelError: it is missing.
    """
    path = Path(str(files(__package__) / _FILE))
    if not path.is_file():
        raise ModelError(
            "the weights of the autoencoder of frames are missing",
            where=path,
            cure="Install aigc-edit again, or train them: aigc-edit train style-vae --help",
        )
    return path
