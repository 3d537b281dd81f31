"""Whisper by CTranslate2, as an engine of `transcribe`."""

from .engine import FasterWhisper

__all__ = ["FasterWhisper"]
