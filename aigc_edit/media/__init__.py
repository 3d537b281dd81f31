"""Floor 1: files in, frames and samples out, and back. Nobody above sees a packet."""

from aigc_edit.media.clock import PictureIndex, SourceClock
from aigc_edit.media.damage import Damage
from aigc_edit.media.encoders import (
    CONTAINERS,
    ENCODERS,
    Encoder,
    chosen_codec,
    chosen_encoder,
    opens,
)
from aigc_edit.media.forms import (
    BT709,
    FrameConverter,
    Image,
    PictureConverter,
    PictureForm,
    PictureShrinker,
    Pixels,
)
from aigc_edit.media.loudness import HOP_SECONDS, SILENCE, Loudness, LoudnessMeter, TruePeaks
from aigc_edit.media.network import is_address, local_copy
from aigc_edit.media.opening import FileState
from aigc_edit.media.pictures import Picture, PictureReader
from aigc_edit.media.relay import ahead
from aigc_edit.media.sound import (
    Samples,
    SoundConverter,
    SoundReader,
    converted_blocks,
    sample_at,
)
from aigc_edit.media.source import Source, VideoStream, probe
from aigc_edit.media.space import ensure_space, least_bytes
from aigc_edit.media.streams import AudioStream, Chapter, InputChoice, SubtitleStream
from aigc_edit.media.writer import (
    PictureSettings,
    PictureWriter,
    Scratch,
    SoundSettings,
    SoundWriter,
    encodable_rate,
    mux,
    scratch_for,
    sweep,
    writing,
)

__all__ = [
    "BT709",
    "CONTAINERS",
    "ENCODERS",
    "HOP_SECONDS",
    "SILENCE",
    "AudioStream",
    "Chapter",
    "SourceClock",
    "Damage",
    "Encoder",
    "FileState",
    "FrameConverter",
    "Image",
    "InputChoice",
    "Loudness",
    "LoudnessMeter",
    "Picture",
    "PictureConverter",
    "PictureForm",
    "PictureIndex",
    "PictureReader",
    "PictureShrinker",
    "PictureSettings",
    "PictureWriter",
    "Pixels",
    "Samples",
    "Scratch",
    "SoundConverter",
    "SoundReader",
    "SoundSettings",
    "SoundWriter",
    "Source",
    "SubtitleStream",
    "TruePeaks",
    "VideoStream",
    "ahead",
    "chosen_codec",
    "chosen_encoder",
    "converted_blocks",
    "encodable_rate",
    "ensure_space",
    "is_address",
    "least_bytes",
    "local_copy",
    "mux",
    "opens",
    "probe",
    "sample_at",
    "scratch_for",
    "sweep",
    "writing",
]
