"""Inputs from elsewhere, when the user allows it: fetched first, then treated as any file.

A copy on disk has bytes that can be hashed and sought in, and nothing below has to know.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import av
import av.error

from aigc_edit.errors import ProbeError
from aigc_edit.media.opening import FORMATS, is_script
from aigc_edit.media.scratch import scratch_for

_PROTOCOLS = "file,http,https,tcp,tls,crypto,data"
_PATIENCE = 30.0  # seconds without a byte
_PLAYLIST = ".m3u8"


def is_address(text: str) -> bool:
    """Whether an input is an address (http, https) and no file's name."""
    return re.match(r"https?://", text, re.IGNORECASE) is not None


@contextmanager
def local_copy(source: str) -> Iterator[Path]:
    """A file of this machine that holds what an address or a playlist (HLS) stands for.

    A file that is no playlist is given as it is; what was fetched is gone afterwards.

    Raises:
        ProbeError: it cannot be fetched, or its streams cannot be joined.
    """
    if not is_address(source) and not (Path(source).is_file() and is_script(Path(source))):
        yield Path(source)
        return
    with scratch_for(Path(tempfile.gettempdir()) / "input") as scratch:
        yield _fetched(source, scratch.folder)


def _fetched(source: str, folder: Path) -> Path:
    if not is_address(source):
        return _joined(f"file:{Path(source).absolute()}", source, folder / Path(source).stem)
    name = Path(unquote(urlsplit(source).path)).name or "input"
    if name.lower().endswith(_PLAYLIST):
        return _joined(source, source, folder / Path(name).stem)
    target = folder / name
    try:
        with (
            urllib.request.urlopen(source, timeout=_PATIENCE) as answer,  # noqa: S310 -- http(s) only
            target.open("wb") as file,
        ):
            shutil.copyfileobj(answer, file, 1 << 20)
    except (OSError, ValueError, urllib.error.URLError) as cause:
        raise _unreachable(source, getattr(cause, "reason", cause)) from cause
    return _joined(source, source, folder / f"{target.stem}-all") if is_script(target) else target


def _joined(address: str, source: str, stem: Path) -> Path:
    """The streams of a playlist in one file, packets as they are."""
    target = stem.with_name(f"{stem.name}.mp4")
    limits = {"protocol_whitelist": _PROTOCOLS, "format_whitelist": f"{FORMATS},hls"}
    try:
        with (
            av.open(address, options=limits, timeout=_PATIENCE) as given,
            av.open(f"file:{target}", "w") as out,
        ):
            _copy(given, out)
    except (av.error.FFmpegError, OSError, ValueError) as cause:
        raise _unreachable(source, getattr(cause, "strerror", None) or cause) from cause
    return target


def _copy(given: Any, out: Any) -> None:
    best = [given.streams.best(kind) for kind in ("video", "audio")]
    streams = {s.index: out.add_stream_from_template(s, opaque=True) for s in best if s is not None}
    for packet in given.demux([s for s in best if s is not None]):
        if packet.dts is not None:
            packet.stream = streams[packet.stream_index]
            out.mux(packet)


def _unreachable(source: str, reason: object) -> ProbeError:
    return ProbeError(
        f"cannot be fetched ({reason})", where=source, cure="Check the address and the network."
    )
