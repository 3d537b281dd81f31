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
from aigc_edit.media.fit import Picture
from aigc_edit.media.forms import (
    FrameConverter,
    Image,
    PictureConverter,
    PictureForm,
    PictureShrinker,
    Pixels,
)
from aigc_edit.media.heap import give_back
from aigc_edit.media.inspect import WrittenFacts, WrittenSound, inspect_file
from aigc_edit.media.looks import (
    BT709,
    Colour,
    chroma_name,
    contract_colour,
    sample_bits,
    written_colour,
)
from aigc_edit.media.loudness import Loudness, LoudnessMeter, TruePeaks
from aigc_edit.media.marks import (
    CELL_SECONDS,
    PictureFacts,
    PictureMarks,
    SoundFacts,
    SoundMarks,
    Thumbnail,
)
from aigc_edit.media.mux import (
    CopiedPart,
    EncodedPart,
    PicturePart,
    Programme,
    SoundPart,
    mux,
)
from aigc_edit.media.nal import AvcHeaders
from aigc_edit.media.network import is_address, local_copy
from aigc_edit.media.opening import FileState
from aigc_edit.media.pictures import PictureReader
from aigc_edit.media.planes import (
    YUV_FORMAT,
    PlaneConverter,
    matrix_name,
    planes_colour,
    planes_frame,
)
from aigc_edit.media.relay import ahead
from aigc_edit.media.scratch import Scratch, ensure_writable, scratch_for, sweep, synced, writing
from aigc_edit.media.sound import (
    Samples,
    SoundConverter,
    SoundReader,
    converted_blocks,
    sample_at,
)
from aigc_edit.media.source import SAME_TIME, Source, VideoStream, probe
from aigc_edit.media.space import ensure_space, least_bytes
from aigc_edit.media.streams import AudioStream, Chapter, InputChoice, SubtitleStream
from aigc_edit.media.writer import (
    PictureSettings,
    PictureWriter,
    SoundSettings,
    SoundWriter,
    encodable_rate,
)

__all__ = [
    "chroma_name",
    "sample_bits",
    "BT709",
    "CELL_SECONDS",
    "CONTAINERS",
    "ENCODERS",
    "SAME_TIME",
    "AudioStream",
    "AvcHeaders",
    "Chapter",
    "Colour",
    "CopiedPart",
    "Damage",
    "EncodedPart",
    "Encoder",
    "FileState",
    "FrameConverter",
    "Image",
    "InputChoice",
    "Loudness",
    "LoudnessMeter",
    "Picture",
    "PictureConverter",
    "PlaneConverter",
    "YUV_FORMAT",
    "matrix_name",
    "planes_colour",
    "planes_frame",
    "PictureFacts",
    "PictureForm",
    "PictureIndex",
    "PictureMarks",
    "PicturePart",
    "PictureReader",
    "PictureSettings",
    "PictureShrinker",
    "PictureWriter",
    "Pixels",
    "Programme",
    "Samples",
    "Scratch",
    "SoundConverter",
    "SoundFacts",
    "SoundMarks",
    "SoundPart",
    "SoundReader",
    "SoundSettings",
    "SoundWriter",
    "Source",
    "SourceClock",
    "SubtitleStream",
    "Thumbnail",
    "TruePeaks",
    "VideoStream",
    "WrittenFacts",
    "WrittenSound",
    "ahead",
    "chosen_codec",
    "chosen_encoder",
    "contract_colour",
    "converted_blocks",
    "encodable_rate",
    "give_back",
    "ensure_space",
    "ensure_writable",
    "inspect_file",
    "is_address",
    "least_bytes",
    "local_copy",
    "mux",
    "opens",
    "probe",
    "sample_at",
    "scratch_for",
    "sweep",
    "synced",
    "writing",
    "written_colour",
]
