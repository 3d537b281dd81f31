"""Chapter marks: in the file, as YouTube reads them, and as WebVTT."""

from .chapters import Chapters

__all__ = ["Chapters"]
