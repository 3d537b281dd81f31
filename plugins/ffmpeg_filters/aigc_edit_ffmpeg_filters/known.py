"""Which filters of FFmpeg run, which are refused, and why.

Written down, not guessed: a filter that a later FFmpeg brings is refused until somebody has read
what it does. The tests compare these tables with the FFmpeg that PyAV carries.
"""

from __future__ import annotations

import re
from types import MappingProxyType

_NUMBER = "it changes the number of frames"
_FEWER = "it gives fewer frames than it gets; tmix mixes neighbours and gives all"
_ORDER = "it changes the order of frames, and holds all of them"
_TIMES = "the pipeline keeps the times"
_SAMPLES = "it changes the number of samples"
_CLOCK = "it waits for the clock on the wall"
_DEVICE = "it needs a device"
_FILES = "it reads or writes files"
_CODE = "it loads plugins, scripts or models"
_COMMANDS = "it takes commands, from a file or from outside"
_SQUARE = "pixels stay square; scale to the size that is wanted"
_SEED = "it draws other numbers on each run; write seed=1 or the like"
_TWO = "it needs a second input"
_NO_FILTER_HERE = "it is a source or a sink"


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _table(reasons: dict[str, str]) -> MappingProxyType[str, str]:
    """{reason: names} as {name: reason}."""
    return MappingProxyType(
        {name: reason for reason, names in reasons.items() for name in names.split()}
    )


REFUSED_VIDEO = _table(
    {
        _NUMBER: (
            "decimate detelecine doubleweave fps framerate framestep loop minterpolate "
            "mpdecimate palettegen pullup segment select separatefields telecine thumbnail "
            "tile tpad trim untile weave zoompan"
        ),
        _FEWER: "amplify mestimate tblend tlut2 tmedian",
        _ORDER: "random reverse shuffleframes",
        _TIMES: "dejudder setpts settb",
        _CLOCK: "cue realtime",
        _DEVICE: (
            "deinterlace_qsv hwdownload hwmap hwupload hwupload_cuda scale_qsv sr_amf vpp_amf "
            "vpp_qsv"
        ),
        _FILES: (
            "ass cover_rect drawtext fieldhint find_rect fsync libvmaf lut1d lut3d movie "
            "nnedi removelogo signature subtitles vidstabdetect vidstabtransform vmafmotion"
        ),
        _CODE: (
            "derain dnn_classify dnn_detect dnn_processing frei0r frei0r_src lensfun ocr "
            "openclsrc program_opencl sr whisper"
        ),
        _COMMANDS: "sendcmd zmq",
        _SQUARE: "setdar setsar",
        _TWO: (
            "alphamerge blend displace haldclut hstack maskedmerge mix overlay paletteuse "
            "remap scale2ref vstack xfade xstack"
        ),
        _NO_FILTER_HERE: "buffer buffersink color nullsink nullsrc testsrc testsrc2",
    }
)
REFUSED_AUDIO = _table(
    {
        _SAMPLES: "aloop apad asegment aselect atempo atrim rubberband silenceremove",
        "it holds the whole programme": "areverse",
        _TIMES: "asetpts asettb",
        "it changes the rate": "asetrate",
        "it wants 16 bits as they came from the disc": "hdcd",
        "it makes 192000 samples a second; use the stage loudnorm": "loudnorm",
        _CLOCK: "acue arealtime",
        _FILES: "amovie sofalizer",
        _CODE: "arnndn ladspa lv2 whisper",
        _COMMANDS: "asendcmd azmq",
        _TWO: "acrossfade afir amerge amix axcorrelate join sidechaincompress sidechaingate",
        _NO_FILTER_HERE: "abuffer abuffersink aevalsrc anoisesrc anullsink anullsrc sine",
    }
)

# Some of these are under the GPL, and in PyAV only where it was built with them.
VIDEO = _names(
    """
    addroi alphaextract atadenoise avgblur backgroundkey bbox bench bilateral bitplanenoise
    blackdetect blackframe blockdetect blurdetect boxblur bwdif cas ccrepack chromahold
    chromakey chromanr chromashift ciescope codecview colorbalance colorchannelmixer
    colorcontrast colorcorrect colordetect colorhold colorize colorkey colorlevels colormatrix
    colorspace colortemperature convolution copy crop cropdetect curves datascope dblur dctdnoiz
    deband deblock dedot deflate deflicker delogo deshake despill dilation drawbox drawgraph
    drawgrid edgedetect elbg entropy epx eq erosion estdif exposure fade fftdnoiz fftfilt field
    fieldorder fillborders floodfill format freezedetect fspp gblur geq gradfun graphmonitor
    grayworld greyedge hflip histeq histogram hqdn3d hqx hsvhold hsvkey hue huesaturation idet
    il inflate kirsch lagfun latency lenscorrection limiter lumakey lut lutrgb lutyuv maskfun
    median metadata monochrome negate nlmeans noformat noise normalize null oscilloscope
    owdenoise pad perms perspective phase photosensitivity pixdesctest pixelize pixscope pp7
    premultiply_dynamic prewitt pseudocolor qp readeia608 readvitc removegrain rgbashift roberts
    rotate sab scale scdet scharr scroll selectivecolor setfield setparams setrange shear
    showinfo showpalette shufflepixels shuffleplanes sidedata signalstats siti smartblur sobel
    spp stereo3d super2xsai swaprect swapuv thistogram tiltandshift tmidequalizer tmix tonemap
    transpose unsharp uspp v360 vaguedenoiser vectorscope vflip vfrdet vibrance vignette w3fdif
    waveform xbr yadif yaepblur zscale
    """
)
AUDIO = _names(
    """
    abench acompressor acontrast acopy acrusher adeclick adeclip adecorrelate adelay adenorm
    aderivative adrc adynamicequalizer adynamicsmooth aecho aemphasis aeval aexciter afade
    afftdn afftfilt aformat afreqshift afwtdn agate aintegral alatency alimiter allpass
    ametadata anlmdn anull aperms aphaser aphaseshift apsyclip apulsator aresample asetnsamples
    ashowinfo asidedata asoftclip aspectralstats astats asubboost asubcut asupercut asuperpass
    asuperstop atilt bandpass bandreject bass biquad channelmap chorus compand compensationdelay
    crossfeed crystalizer dcshift deesser dialoguenhance drmeter dynaudnorm earwax equalizer
    extrastereo firequalizer flanger haas highpass highshelf lowpass lowshelf mcompand pan
    replaygain silencedetect speechnorm stereotools stereowiden superequalizer surround
    tiltshelf treble tremolo vibrato virtualbass volume volumedetect
    """
)

# Options that name files, of filters that run without them.
FILE_OPTIONS = MappingProxyType(
    {
        "ametadata": ("file",),
        "curves": ("psfile", "plot"),
        "deshake": ("filename",),
        "firequalizer": ("dumpfile",),
        "metadata": ("file",),
        "selectivecolor": ("psfile",),
    }
)
# Whatever else a later FFmpeg calls such options. A leading / reads the value from a file.
FILE_WORDS = re.compile(r"file|path|model|plugin|url|/")
# Filters that run with certain options only: one of these by name, or else the reason.
NEEDED = MappingProxyType(
    {
        "adecorrelate": (("seed",), _SEED),
        "bwdif": (("mode",), "it makes two frames of one; write mode=send_frame"),
        "elbg": (("seed", "s"), _SEED),
        "estdif": (("mode",), "it makes two frames of one; write mode=frame"),
        "shufflepixels": (("seed", "s"), _SEED),
        "w3fdif": (("mode",), "it makes two frames of one; write mode=frame"),
    }
)
# Filters of FFmpeg 8 whose threads get in each other's way: results differed from run to run.
ONE_THREAD = frozenset({"fftdnoiz", "greyedge"})
