"""Films without their black stretches: an analyser that finds them, a selector that drops them."""

from .blackness import Blackness
from .skip_black import SkipBlack

__all__ = ["Blackness", "SkipBlack"]
