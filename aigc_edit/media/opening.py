"""Files opened safely: this machine's files only, media only, nothing that can hang."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import av.error
import av.stream

from aigc_edit.errors import DecodeError, ProbeError

# A playlist named .mp4 makes FFmpeg fetch what it names, unless protocols are pinned; and what
# is script, playlist, device, subtitle or single picture is no film, whatever its name says.
PROTOCOLS = "file"
FORMATS = (
    "mov,matroska,webm,mpegts,mpeg,mpegvideo,avi,flv,live_flv,asf,asf_o,ogg,nut,mxf,gxf,dv,rm,wtv,"
    "nuv,ivf,h261,h263,h264,hevc,vvc,av1,obu,m4v,mjpeg,vc1,vc1test,cavsvideo,dirac,dnxhd,"
    "yuv4mpegpipe,gif,apng,swf,wav,w64,mp3,flac,aac,ac3,eac3,dts,dtshd,truehd,mlp,aiff,au,caf,amr,"
    "ape,wv,tta,tak,mpc,mpc8,dsf,loas"
)
MAX_PIXELS = 8192 * 8192
MAX_STREAMS = 256  # a satellite's whole multiplex has about a hundred
MAX_FAILURES = 1000  # places that cannot be read; more is no file
_ODD_KINDS = (
    (stat.S_ISDIR, "this is a folder, not a video", "Name one file in it."),
    (stat.S_ISFIFO, "this is a pipe, not a file", "Write it to a file first."),
    (stat.S_ISSOCK, "this is a socket, not a file", "Name a video file."),
    (stat.S_ISCHR, "this is a device, not a file", "Name a video file."),
    (stat.S_ISBLK, "this is a device, not a file", "Name a video file."),
)
_SCRIPTS = (b"#EXTM3U", b"ffconcat", b"<MPD", b"v=0", b"<svg", b"<?xml", b"[playlist]")

# Threads of each decoder in this process; 0 for as many as there are cores.
_decoder_threads = 0


def limit_decoders(threads: int) -> None:
    """From now on decoders of this process have that many threads each, for processes that share
    a machine: a decoder of many threads holds as many pictures."""
    global _decoder_threads  # noqa: PLW0603 -- what a process may take is one thing
    _decoder_threads = threads


@dataclass(frozen=True, slots=True)
class FileState:
    """What changes when somebody writes to a file: size, time of change, place on disk."""

    size: int
    changed: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> FileState:
        """The state of a file that can be read.

        Raises:
            ProbeError: there is none, or it is something else than a file.
        """
        try:
            facts = path.stat()
        except (OSError, ValueError) as cause:
            raise _missing(path, cause) from cause
        for is_kind, what, cure in _ODD_KINDS:
            if is_kind(facts.st_mode):
                raise ProbeError(what, where=path, cure=cure)
        if not os.access(path, os.R_OK):
            raise ProbeError("cannot be read", where=path, cure="Check its permissions.")
        if facts.st_size == 0:
            raise ProbeError("the file is empty", where=path, cure="Copy or record it again.")
        return cls(facts.st_size, facts.st_mtime_ns, facts.st_ino)


def _missing(path: Path, cause: OSError | ValueError) -> ProbeError:
    if path.is_symlink():
        what, cure = "this link leads nowhere", "Name the file itself."
    elif isinstance(cause, FileNotFoundError):
        what, cure = "no such file", "Check the name and the folder."
    else:
        what = f"cannot be opened ({getattr(cause, 'strerror', None) or cause})"
        cure = "Check the name and its permissions."
    return ProbeError(what, where=path, cure=cure)


def check_unchanged(path: Path, state: FileState) -> None:
    """Raises DecodeError where a file is not what it was when it was opened first."""
    try:
        now = FileState.of(path)
    except ProbeError as cause:
        raise _changed(path) from cause
    if now != state:
        raise _changed(path)


def _changed(path: Path) -> DecodeError:
    return DecodeError(
        "the file was changed while it was read",
        where=path,
        cure="Wait until it is complete (a recording, a download), then run again.",
    )


@contextmanager
def opened(path: Path, *, max_pixels: int = MAX_PIXELS, **options: Any) -> Iterator[Any]:
    """A container opened for reading, from this machine's files only.

    Decoders refuse pictures of more than `max_pixels`, the later ones too.

    Raises:
        ProbeError: the file is missing, unreadable or not media.
    """
    FileState.of(path)
    container = _open(path, max_pixels, options)
    try:
        if len(container.streams) > MAX_STREAMS:
            raise ProbeError(
                f"{len(container.streams)} streams are more than {MAX_STREAMS}",
                where=path,
                cure="Copy the streams that you need into a file of their own.",
            )
        for stream in container.streams:
            context = stream.codec_context
            if context is not None and context.type == "video":
                context.options = {"max_pixels": str(max_pixels)}
                context.thread_count = _decoder_threads
        yield container
    finally:
        container.close()


def _open(path: Path, max_pixels: int, options: dict[str, Any]) -> Any:
    limits = {
        "protocol_whitelist": PROTOCOLS,
        "format_whitelist": FORMATS,
        "max_streams": str(2 * MAX_STREAMS),
        "max_pixels": str(max_pixels),
        # QuickTime files that name other files.
        "enable_drefs": "0",
        "use_absolute_path": "0",
    }
    try:
        return av.open(
            f"file:{path.absolute()}", options=limits, metadata_errors="replace", **options
        )
    except (av.error.FFmpegError, OSError, ValueError) as cause:
        reason = getattr(cause, "strerror", None) or cause
        if is_script(path):
            raise ProbeError(
                "not a media file, but a playlist or script that names others",
                where=path,
                cure="Name the video itself, or (HLS) trust the list with --allow-network.",
            ) from cause
        raise ProbeError(
            f"not a media file that can be read ({reason})",
            where=path,
            cure="Check that it plays elsewhere.",
        ) from cause


def is_script(path: Path) -> bool:
    """Whether a file begins as playlists, scripts and drawings do."""
    with path.open("rb") as file:
        head = file.read(512).lstrip(b"\xef\xbb\xbf \r\n\t")
    return head.startswith(_SCRIPTS)


def read_only(container: Any, stream_index: int) -> Any:
    """The stream, after telling the demuxer to pass over all others."""
    for stream in container.streams:
        if stream.index != stream_index:
            stream.discard = av.stream.Discard.all
    return container.streams[stream_index]


def demuxed(
    container: Any, *streams: Any, failed: Callable[[], None] = lambda: None
) -> Iterator[Any]:
    """The packets of some streams (all without any), going on after what cannot be read.

    `failed` is called for each place that was passed over.
    """
    for _ in range(MAX_FAILURES):
        try:
            yield from container.demux(*streams)
        except av.error.EOFError:
            return
        except av.error.FFmpegError:
            failed()
        else:
            return
