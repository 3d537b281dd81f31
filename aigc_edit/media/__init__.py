"""Floor 1: files in, frames and samples out, and back. Nobody above sees a packet."""

from aigc_edit.media.encoders import (
    CONTAINERS,
    ENCODERS,
    Encoder,
    chosen_codec,
    chosen_encoder,
    opens,
)
from aigc_edit.media.fit import Picture
from aigc_edit.media.forms import (
    FrameConverter,
    Image,
    PictureConverter,
    PictureForm,
    PictureShrinker,
    Pixels,
)
from aigc_edit.media.looks import BT709, Colour, contract_colour, written_colour
from aigc_edit.media.loudness import HOP_SECONDS, SILENCE, Loudness, LoudnessMeter, TruePeaks
from aigc_edit.media.pictures import Damage, PictureReader
from aigc_edit.media.relay import ahead
from aigc_edit.media.sound import (
    Samples,
    SoundConverter,
    SoundReader,
    converted_blocks,
    sample_at,
)
from aigc_edit.media.source import AudioStream, Source, VideoStream, probe
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
    "Colour",
    "ENCODERS",
    "HOP_SECONDS",
    "SILENCE",
    "AudioStream",
    "Damage",
    "Encoder",
    "FrameConverter",
    "Image",
    "Loudness",
    "LoudnessMeter",
    "Picture",
    "PictureConverter",
    "PictureForm",
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
    "TruePeaks",
    "VideoStream",
    "ahead",
    "chosen_codec",
    "chosen_encoder",
    "contract_colour",
    "converted_blocks",
    "encodable_rate",
    "mux",
    "opens",
    "probe",
    "sample_at",
    "scratch_for",
    "sweep",
    "writing",
    "written_colour",
]
