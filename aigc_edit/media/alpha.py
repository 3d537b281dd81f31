"""Decoders that keep what is transparent: FFmpeg's own VP8 and VP9 drop the alpha plane."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import av
import av.error

# WebM carries the alpha plane as a second stream in the side data of packets; only libvpx reads it.
_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


def alpha_decoder(stream: Any) -> Any:
    """A decoder that gives the transparency of a stream; None where the usual one does."""
    told = {key.lower(): value for key, value in stream.metadata.items()}
    name = _WITH_ALPHA.get(stream.codec_context.name)
    if name is None or told.get("alpha_mode") != "1":
        return None
    try:
        decoder = av.CodecContext.create(name, "r")
    except (av.error.FFmpegError, ValueError):  # a build without libvpx shows it opaque
        return None
    for tag in ("colorspace", "color_range", "color_primaries", "color_trc"):
        setattr(decoder, tag, getattr(stream.codec_context, tag))  # as the container has them
    return decoder


def decoded(container: Any, stream: Any) -> Iterator[Any]:
    """All frames of a stream, transparency included."""
    decoder = alpha_decoder(stream)
    if decoder is None:
        yield from container.decode(stream)
        return
    for packet in container.demux(stream):
        yield from decoder.decode(packet)
