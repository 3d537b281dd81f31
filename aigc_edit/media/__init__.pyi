from .arrays import Image, Pixels, Samples
from .clock import PictureIndex, SourceClock
from .conversion import as_bytes, as_floats
from .damage import Damage
from .encoders import (
    CONTAINERS,
    ENCODERS,
    Encoder,
    chosen_codec,
    chosen_encoder,
    opens,
    own_threads,
)
from .fit import Picture
from .forms import (
    FrameConverter,
    PictureConverter,
    PictureForm,
    PictureShrinker,
)
from .heap import give_back, keep_pages
from .inspect import WrittenFacts, WrittenSound, inspect_file
from .looks import (
    BT709,
    Colour,
    chroma_name,
    contract_colour,
    sample_bits,
    written_colour,
)
from .loudness import Loudness, LoudnessMeter, TruePeaks
from .marks import (
    CELL_SECONDS,
    PictureFacts,
    PictureMarks,
    SoundFacts,
    SoundMarks,
    Thumbnail,
)
from .muxing import (
    CopiedPart,
    EncodedPart,
    PicturePart,
    Programme,
    SoundPart,
    mux,
)
from .nal import AvcHeaders
from .network import is_address, local_copy
from .opening import FileState, limit_decoders
from .pictures import PictureReader
from .planes import (
    YUV_FORMAT,
    PlaneConverter,
    matrix_name,
    planes_colour,
    planes_frame,
)
from .relay import ahead
from .scratch import Scratch, ensure_writable, scratch_for, sweep, synced, writing
from .sound import (
    SoundConverter,
    SoundReader,
    converted_blocks,
    sample_at,
)
from .sound_files import SAMPLE_BYTES, SoundFileReader, SoundFileWriter, check_sound_name
from .source import Source, VideoStream, holds_video, probe
from .space import ensure_space, least_bytes
from .stills import read_picture
from .streams import AudioStream, InputChoice, SubtitleStream
from .subtitles import read_subtitle_stream
from .transfer import downloading, uploaded
from .writer import (
    PictureSettings,
    PictureWriter,
    SoundSettings,
    SoundWriter,
    encodable_rate,
)

__all__ = [
    "as_bytes",
    "as_floats",
    "chroma_name",
    "sample_bits",
    "uploaded",
    "BT709",
    "CELL_SECONDS",
    "CONTAINERS",
    "ENCODERS",
    "AudioStream",
    "AvcHeaders",
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
    "own_threads",
    "contract_colour",
    "converted_blocks",
    "encodable_rate",
    "downloading",
    "give_back",
    "holds_video",
    "keep_pages",
    "SAMPLE_BYTES",
    "SoundFileReader",
    "SoundFileWriter",
    "check_sound_name",
    "ensure_space",
    "ensure_writable",
    "inspect_file",
    "is_address",
    "least_bytes",
    "limit_decoders",
    "local_copy",
    "mux",
    "opens",
    "probe",
    "read_picture",
    "read_subtitle_stream",
    "sample_at",
    "scratch_for",
    "sweep",
    "synced",
    "writing",
    "written_colour",
]
