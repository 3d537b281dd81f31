"""Floor 2: all that a stage author may touch. Small, stable, typed.

A plugin imports from here and from nowhere else in the house. `API_VERSION` counts what breaks
plugins that were written before.
"""

from aigc_edit.api.batches import Audio, AudioBlock, FrameBatch, Frames, Planes
from aigc_edit.api.contexts import AnalysisContext, Delivery, FilterContext, SoundContext
from aigc_edit.api.options import StageOptions, option
from aigc_edit.api.stages import (
    API_VERSION,
    Analyzer,
    AudioFilter,
    FrameFilter,
    Selector,
    Sink,
    Stage,
)
from aigc_edit.api.units import Decibels, FilePath, FrameRate, LoudnessUnits, Seconds
from aigc_edit.errors import ModelError, PluginError
from aigc_edit.folders import is_offline
from aigc_edit.media import LoudnessMeter, Samples, TruePeaks, read_picture
from aigc_edit.models.recognizer import (
    Recognizer,
    RecognizerSettings,
    SpeechWindow,
    Utterance,
)
from aigc_edit.timeline import (
    Chapter,
    Curve,
    EditList,
    Instant,
    Instants,
    Kept,
    Moment,
    Moments,
    Regions,
    Sentence,
    Shots,
    Span,
    Subtitle,
    SubtitleTrack,
    Timeline,
    Track,
    TrackRef,
    Transcript,
    Word,
    sentences,
    spread,
)

__all__ = [
    "API_VERSION",
    "AnalysisContext",
    "Analyzer",
    "Audio",
    "AudioBlock",
    "AudioFilter",
    "Chapter",
    "Curve",
    "Decibels",
    "Delivery",
    "EditList",
    "FilePath",
    "FilterContext",
    "FrameBatch",
    "FrameFilter",
    "FrameRate",
    "Frames",
    "Instant",
    "Instants",
    "Kept",
    "LoudnessMeter",
    "LoudnessUnits",
    "ModelError",
    "Moment",
    "Moments",
    "Planes",
    "PluginError",
    "Recognizer",
    "RecognizerSettings",
    "Regions",
    "Samples",
    "Seconds",
    "Selector",
    "Sentence",
    "Shots",
    "Sink",
    "SoundContext",
    "Span",
    "SpeechWindow",
    "Stage",
    "StageOptions",
    "Subtitle",
    "SubtitleTrack",
    "Timeline",
    "Track",
    "TrackRef",
    "Transcript",
    "TruePeaks",
    "Utterance",
    "Word",
    "is_offline",
    "option",
    "read_picture",
    "sentences",
    "spread",
]
