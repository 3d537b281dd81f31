"""Selectors: tracks in, the edit list out."""
