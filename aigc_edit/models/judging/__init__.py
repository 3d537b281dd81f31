"""How good looks are, in figures: near to a painting, true to the source, without artefacts."""

from aigc_edit.models.judging.belief import LEAST_SIDE, Belief, believed
from aigc_edit.models.judging.distance import Manner, StyleDistance
from aigc_edit.models.judging.lattice import lattice
from aigc_edit.models.judging.look import Compared, Film, LookFigures, LookJudge
from aigc_edit.models.judging.sheet import contact_sheet

__all__ = [
    "LEAST_SIDE",
    "Belief",
    "Compared",
    "Film",
    "LookFigures",
    "LookJudge",
    "Manner",
    "StyleDistance",
    "believed",
    "contact_sheet",
    "lattice",
]
