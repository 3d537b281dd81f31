"""How every net of ours learns: one loop, whatever the net.

A net's own part is an `Objective`: which nets learn, and what they lower in one step. The loop adds
what all of them need: seeds, averaged weights, precision, a schedule, a log with the time left,
pictures of what the net makes, checkpoints to go on from, and the file of weights at the end.
"""

from aigc_edit.models.training.crops import Crops, Pictures
from aigc_edit.models.training.loop import train
from aigc_edit.models.training.objective import Architecture, Config, Objective, Turn, Update
from aigc_edit.models.training.pictures import tiled, write_png
from aigc_edit.models.training.plan import Precision, TrainingPlan
from aigc_edit.models.training.weights import (
    WeightsHeader,
    load_weights,
    read_header,
    save_weights,
)

__all__ = [
    "Architecture",
    "Config",
    "Crops",
    "Objective",
    "Pictures",
    "Precision",
    "TrainingPlan",
    "Turn",
    "Update",
    "WeightsHeader",
    "load_weights",
    "read_header",
    "save_weights",
    "tiled",
    "train",
    "write_png",
]
