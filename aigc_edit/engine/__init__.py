"""Floor 4: decides the passes, makes them, writes down what it did."""

from aigc_edit.engine.analysis import tracks_of
from aigc_edit.engine.batches import Batch, as_declared
from aigc_edit.engine.content import named_picture, read_content, read_painting
from aigc_edit.engine.delivery import check_files
from aigc_edit.engine.device import resolve_device
from aigc_edit.engine.earlier import (
    RECORD_ENDING,
    Earlier,
    made_from,
    made_with,
    record_of,
    record_path,
    source_named,
)
from aigc_edit.engine.filtering import filtered
from aigc_edit.engine.guard import Guard
from aigc_edit.engine.hearing import Heard, heard
from aigc_edit.engine.helper import render_share
from aigc_edit.engine.midi_scores import read_midi
from aigc_edit.engine.pieces import looks_across
from aigc_edit.engine.plan import Plan
from aigc_edit.engine.progress import Clock, PassCost, Progress, Silent
from aigc_edit.engine.record import versions
from aigc_edit.engine.runner import (
    Analysis,
    RunOptions,
    RunResult,
    analyse,
    output_path,
    plan_run,
    refuse_input,
    run,
    selected,
    short_name,
)
from aigc_edit.engine.scores import read_corpus
from aigc_edit.engine.scoring import Composed, compose
from aigc_edit.engine.sharing import Crew, Share
from aigc_edit.engine.sound import filtered_sound
from aigc_edit.engine.trial import Trial

__all__ = [
    "Heard",
    "heard",
    "Composed",
    "compose",
    "Crew",
    "Share",
    "render_share",
    "Batch",
    "as_declared",
    "check_files",
    "RECORD_ENDING",
    "Earlier",
    "filtered",
    "filtered_sound",
    "looks_across",
    "Guard",
    "Analysis",
    "Clock",
    "PassCost",
    "Plan",
    "Progress",
    "RunOptions",
    "RunResult",
    "Silent",
    "Trial",
    "analyse",
    "output_path",
    "refuse_input",
    "plan_run",
    "read_content",
    "read_corpus",
    "read_midi",
    "record_of",
    "record_path",
    "read_painting",
    "made_from",
    "made_with",
    "named_picture",
    "resolve_device",
    "run",
    "selected",
    "short_name",
    "source_named",
    "tracks_of",
    "versions",
]
