"""A generator that paints frames, and the adversary that it learns against."""

from aigc_edit.models.gan.adversary import Adversary
from aigc_edit.models.gan.game import Game
from aigc_edit.models.gan.net import Painter, PainterConfig
from aigc_edit.models.gan.objective import LookObjective, LookRecipe

__all__ = ["Adversary", "Game", "LookObjective", "LookRecipe", "Painter", "PainterConfig"]
