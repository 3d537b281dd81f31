"""FFmpeg's filters as stages: what runs, what is refused, and that the result is FFmpeg's own."""

from __future__ import annotations

import subprocess
from fractions import Fraction

import av.filter
import imageio_ffmpeg
import numpy as np
import pydantic
import pytest
import torch
from aigc_edit_ffmpeg_filters import FfmpegAudio, FfmpegVideo
from aigc_edit_ffmpeg_filters.chain import Step, parse_chain
from aigc_edit_ffmpeg_filters.known import (
    AUDIO,
    FILE_OPTIONS,
    NEEDED,
    REFUSED_AUDIO,
    REFUSED_VIDEO,
    VIDEO,
)
from hypothesis import given
from hypothesis import strategies as st

from aigc_edit.api import (
    AudioBlock,
    FilterContext,
    Planes,
    PluginError,
    SoundContext,
    Timeline,
)

FRAMES, WIDTH, HEIGHT, RATE = 8, 128, 72, 48_000
SOUND_TO_PICTURE = {
    *("a3dscope", "abitscope", "adrawgraph", "agraphmonitor", "ahistogram", "avectorscope"),
    *("showcqt", "showcwt", "showfreqs", "showspatial", "showspectrum", "showspectrumpic"),
    *("showvolume", "showwaves", "showwavespic"),
}
# What filters must be given to run at all.
ARGUMENTS = {
    "aeval": "aeval=val(0)|val(1)",
    "alphaextract": "format=yuva420p, alphaextract",
    "ametadata": "ametadata=mode=delete",
    "asidedata": "asidedata=mode=delete:type=REPLAYGAIN",
    "bwdif": "bwdif=mode=send_frame",
    "channelmap": "channelmap=0|1",
    "chorus": "chorus=0.5:0.9:50:0.4:0.25:2",
    "colorspace": "colorspace=all=bt709",
    "dialoguenhance": "dialoguenhance, pan=stereo|FL=FL|FR=FR",
    "estdif": "estdif=mode=frame",
    "geq": "geq=lum='p(X,Y)/2'",
    "metadata": "metadata=mode=delete",
    "pan": "pan=stereo|c0=c1|c1=c0",
    "pixscope": "scale=640:480, pixscope",
    "sidedata": "sidedata=mode=delete:type=PANSCAN",
    "surround": "surround=chl_out=stereo",
    "virtualbass": "virtualbass, pan=stereo|FL=FL|FR=FR",
    "w3fdif": "w3fdif=mode=frame",
}
ONLY_44100 = frozenset({"earwax"})


def made_planes() -> Planes:
    noise = np.random.default_rng(0)
    slope = np.add.outer(np.arange(HEIGHT), np.arange(WIDTH)) + np.arange(FRAMES)[:, None, None] * 4
    y = np.clip(slope + noise.normal(0, 8, slope.shape), 16, 235).astype(np.uint8)
    u, v = noise.integers(60, 200, (2, FRAMES, HEIGHT // 2, WIDTH // 2)).astype(np.uint8)
    return Planes(*(torch.from_numpy(part) for part in (y, u, v)))


def made_sound() -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 0.1, (2, RATE))
    return (noise + 0.3 * np.sin(np.arange(RATE) * 0.05)).astype(np.float32)


@pytest.fixture(scope="module")
def planes() -> Planes:
    return made_planes()


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return made_sound()


def video(chain: str) -> FfmpegVideo:
    return FfmpegVideo(FfmpegVideo.Options(filters=chain))


def audio(chain: str) -> FfmpegAudio:
    return FfmpegAudio(FfmpegAudio.Options(filters=chain))


def shown(chain: str, planes: Planes, batch: int = FRAMES, matrix: str = "bt709") -> list[bytes]:
    """What a chain makes of planes: each frame as raw video."""
    stage, rate, done = video(chain), Fraction(25), []
    height, width = planes.y.shape[1:]
    stage.begin(FilterContext(width, height, rate, Timeline(len(planes) / rate), matrix=matrix))
    stage.reset()
    for first in range(0, len(planes), batch):
        part = slice(first, first + batch)
        times = tuple(Fraction(k, 25) for k in range(len(planes)))[part]
        given = Planes(planes.y[part], planes.u[part], planes.v[part])
        done.append(stage.apply_planes(given, times))
    done.append(stage.rest())
    width, height = stage.size(width, height)
    assert all(d.y.shape[1:] == (height, width) for d in done)
    return [f for d in done for f in raw_frames(d)]


def raw_frames(planes: Planes) -> list[bytes]:
    return [
        b"".join(part[k].numpy().tobytes() for part in (planes.y, planes.u, planes.v))
        for k in range(len(planes))
    ]


def heard(chain: str, sound: np.ndarray, block: int = 9000, rate: int = RATE) -> np.ndarray:
    stage, length = audio(chain), sound.shape[1]
    stage.begin(SoundContext(rate, len(sound), length, (), Timeline(Fraction(length, rate))))
    done = [
        stage.apply(AudioBlock(sound[:, first : first + block], rate, first))
        for first in range(0, length, block)
    ]
    return np.concatenate([*done, stage.rest()], axis=1)


def by_ffmpeg(*arguments: str, given: bytes) -> bytes:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *arguments]
    return subprocess.run(command, input=given, capture_output=True, check=True).stdout


def one_in_one_out() -> set[str]:
    made = ((name, av.filter.Filter(name)) for name in av.filter.filters_available)
    return {name for name, f in made if len(f.inputs) == len(f.outputs) == 1}


def test_every_filter_of_the_installed_ffmpeg_is_in_a_table() -> None:
    known = VIDEO | AUDIO | set(REFUSED_VIDEO) | set(REFUSED_AUDIO) | SOUND_TO_PICTURE

    assert one_in_one_out() - known == set()
    assert not VIDEO & set(REFUSED_VIDEO)
    assert not AUDIO & set(REFUSED_AUDIO)


@pytest.mark.slow
def test_every_video_filter_gives_a_frame_for_each_frame_whatever_the_batches(
    planes: Planes,
) -> None:
    for name in sorted(VIDEO & av.filter.filters_available):
        chain = ARGUMENTS.get(name, f"{name}=seed=1" if name in NEEDED else name)
        whole, parts = shown(chain, planes), shown(chain, planes, batch=3)
        assert len(whole) == FRAMES, name
        assert whole == parts, name


@pytest.mark.slow
def test_every_audio_filter_gives_a_sample_for_each_sample_whatever_the_blocks(
    sound: np.ndarray,
) -> None:
    for name in sorted(AUDIO & av.filter.filters_available):
        chain = ARGUMENTS.get(name, f"{name}=seed=1" if name in NEEDED else name)
        rate = 44_100 if name in ONLY_44100 else RATE
        whole, parts = heard(chain, sound, rate=rate), heard(chain, sound, 1234, rate=rate)
        assert whole.shape == sound.shape, name
        assert np.array_equal(whole, parts), name


@pytest.mark.parametrize("matrix", ["bt709", "bt601"])
@pytest.mark.parametrize(
    "chain",
    [
        "hue=s=0, vignette",
        "hflip",
        "vflip",
        "gblur=sigma=2",
        "tmix=frames=3",
        "scale=iw/2:-2",
        "curves=vintage",
        "colorbalance=rs=.3",
        "rotate=0.3",
        "fade=d=0.2",
        "noise=alls=20:allf=t",
        r"geq=lum=if(gt(X\,10)\,p(X\,Y)\,0)",
        " geq = lum='if(gt(X,10),p(X,Y),0)' : cb=128 ,  negate ",
        r"drawbox=x=5:y=5:w='min(20\,iw)':h=9:color=red@0.5:enable='between(t,0.1,0.2)'",
    ],
)
def test_frames_are_the_same_bits_as_those_of_the_ffmpeg_binary(
    chain: str, matrix: str, planes: Planes
) -> None:
    colour = {"bt709": "bt709", "bt601": "smpte170m"}[matrix]
    form = f"-f rawvideo -pix_fmt yuv420p -video_size {WIDTH}x{HEIGHT} -framerate 25"
    tags = f"-color_range tv -colorspace {colour} -color_primaries bt709 -color_trc bt709"
    end = ("-vf", chain, "-f", "rawvideo", "-pix_fmt", "yuv420p", "-")
    raw = b"".join(raw_frames(planes))

    expected = by_ffmpeg(*form.split(), *tags.split(), "-i", "-", *end, given=raw)

    assert b"".join(shown(chain, planes, matrix=matrix)) == expected


@pytest.mark.parametrize(
    "chain",
    [
        "volume=0.5",
        "lowpass=f=1000",
        "aecho=0.8:0.88:60:0.4",
        "alimiter",
        "acompressor",
        "highpass=f=100, equalizer=f=1000:t=q:w=1:g=6",
        "afftdn",
        "adelay=100",
        "pan=stereo|c0=c1|c1=c0",
    ],
)
def test_sound_is_that_of_the_ffmpeg_binary(chain: str, sound: np.ndarray) -> None:
    form = ("-f", "f32le", "-ar", str(RATE), "-ac", "2")
    raw = by_ffmpeg(*form, "-i", "-", "-af", chain, *form, "-", given=sound.T.tobytes())
    expected = np.frombuffer(raw, np.float32).reshape(-1, 2).T[:, :RATE]

    assert np.allclose(heard(chain, sound), expected, rtol=0, atol=1e-6)


def test_quotes_and_escapes_are_read_as_ffmpeg_reads_them() -> None:
    text = r"a=b='x,y':c=d\:e , f=' g ':h=it\\\'s"

    assert parse_chain(text) == (
        Step("a", (("b", "x,y"), ("c", "d"), (None, "e"))),
        Step("f", ((None, "g"), ("h", "it's"))),
    )


@pytest.mark.parametrize(
    "written",
    [
        "plain",
        r"a\\:b",
        r"'a,b'",
        r"'a\:b'",
        r"a\\\:b",
        r"it\\\'s",
        r" ' x ' y ",
        r"a'b\c'd",
        r"\,x\;y\[z\]",
        r"'it'\\\''s'",
        "a=b=c",
        r"x\\ ",
    ],
)
def test_values_are_read_as_the_ffmpeg_binary_reads_them(written: str) -> None:
    chain = f"metadata=mode=add:key=k:value={written}"
    source = ("-f", "lavfi", "-i", "color=s=32x32:d=0.04:r=25")
    said = by_ffmpeg(*source, "-vf", f"{chain},metadata=print:file=-", "-f", "null", "-", given=b"")
    (step,) = parse_chain(chain)

    assert f"\nk={dict(step.given)['value']}\n" in said.decode()


@given(st.text("ab ,:;=[]'\\\n", min_size=1))
def test_what_was_checked_is_what_libavfilter_gets(value: str) -> None:
    graph, frame = av.filter.Graph(), av.VideoFrame(32, 32, "yuv420p")
    step = Step("metadata", (("mode", "add"), ("key", "k"), ("value", value)))
    source = graph.add("buffer", video_size="32x32", pix_fmt="yuv420p", time_base="1/25")
    graph.link_nodes(source, graph.add(step.name, step.arguments), graph.add("buffersink"))
    graph.configure()
    graph.push(frame)

    assert graph.pull().metadata == {"k": value}
    assert parse_chain(f"metadata={_in_quotes(step.arguments)}") == (step,)


def _in_quotes(text: str) -> str:
    return "'" + text.replace("'", r"'\''") + "'"


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        ("fps=10", "fps is refused: it changes the number of frames"),
        ("hflip, setpts=2*PTS", "setpts is refused: the pipeline keeps the times"),
        ("reverse", "changes the order"),
        ("movie=secret.mp4", "reads or writes files"),
        ("lut3d=look.cube", "reads or writes files"),
        ("curves=psfile=a.acv", "curves=psfile is refused: it names a file"),
        ("curves=none:a:b:c:d:a.acv", "write name=value"),
        ("curves=plot=out.plt", "names a file"),
        ("metadata=mode=print:file=x", "names a file"),
        ("hue=/s=secret", "names a file"),
        ("sendcmd=f=x", "takes commands"),
        ("frei0r=x", "loads plugins"),
        ("overlay", "second input"),
        ("hwupload", "needs a device"),
        ("[in]hflip[out]", "one chain without labels"),
        ("split;hflip", "one chain without labels"),
        ("hflip,", "a filter's name is missing"),
        ("hue=s='0", "never closed"),
        ("volume=2", "volume is no video filter"),
        ("hue=nonsense=1", "hue=nonsense=1 is refused by FFmpeg"),
        ("shufflepixels", "write seed=1"),
        ("bwdif", "write mode=send_frame"),
        ("", "at least 1 character"),
    ],
)
def test_video_chains_that_may_not_run_are_refused_with_the_reason(chain: str, reason: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=reason.replace("+", ".")):
        video(chain)


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        ("atempo=2", "atempo is refused: it changes the number of samples"),
        ("loudnorm", "use the stage loudnorm"),
        ("arnndn=m=x", "loads plugins, scripts or models"),
        ("firequalizer=dumpfile=x", "names a file"),
        ("ametadata=print:file=x", "names a file"),
        ("hflip", "hflip is no audio filter"),
        ("volume=loud", "volume=loud is refused by FFmpeg"),
    ],
)
def test_audio_chains_that_may_not_run_are_refused_with_the_reason(chain: str, reason: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=reason):
        audio(chain)


def test_files_named_by_options_are_known_for_every_filter_that_has_them() -> None:
    """libavfilter would take a name that it does not know for a fault: so these exist."""
    for name, options in FILE_OPTIONS.items():
        for key in options:
            with pytest.raises(pydantic.ValidationError, match="names a file"):
                (audio if name in AUDIO else video)(f"{name}={key}=x")


@pytest.mark.parametrize(
    ("chain", "reason"),
    [("crop=640:480", "FFmpeg cannot run"), ("yadif=mode=send_field", "other frames or times")],
)
def test_chains_that_cannot_run_over_the_frames_are_refused_before_the_first_one(
    chain: str, reason: str
) -> None:
    with pytest.raises(PluginError, match=reason):
        video(chain).size(WIDTH, HEIGHT)


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        ("aresample=8000", "makes 8000 samples a second of 48000"),
        ("pan=mono|c0=c0", "makes 1 channels of 2"),
    ],
)
def test_chains_that_change_rate_or_channels_are_refused_before_the_first_sample(
    chain: str, reason: str
) -> None:
    with pytest.raises(PluginError, match=reason):
        audio(chain).begin(SoundContext(RATE, 2, RATE, (), Timeline(Fraction(1))))


def test_frames_of_odd_sides_and_single_ones_go_through() -> None:
    one = Planes(*(torch.full(shape, 90) for shape in ((1, 33, 17), (1, 17, 9), (1, 17, 9))))
    one = Planes(*(part.to(torch.uint8) for part in (one.y, one.u, one.v)))

    assert len(shown("hue=s=0, tmix=frames=3, vignette", one)) == 1


def test_a_cut_makes_filters_forget_but_keeps_the_time(planes: Planes) -> None:
    stage = video("tmix=frames=3, fade=d=0.1:st=0")
    stage.begin(FilterContext(WIDTH, HEIGHT, Fraction(25), Timeline(Fraction(1))))
    for start in (0, 1):
        stage.reset()
        given = stage.apply_planes(planes, [start + Fraction(k, 25) for k in range(FRAMES)])
        rest = stage.rest()
        assert len(given) + len(rest) == FRAMES

    assert torch.equal(given.y[0], planes.y[0])  # one second in, the fade is over


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_silence_of_any_channels_stays_silent(channels: int) -> None:
    silence = np.zeros((channels, 5000), np.float32)

    assert not heard("lowpass=f=1000, volume=2", silence).any()
