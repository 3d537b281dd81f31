"""Edit video and audio with AI: one YAML file says what should happen, `aigc-edit run` does it."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("aigc-edit")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"

__all__ = ["__version__"]
