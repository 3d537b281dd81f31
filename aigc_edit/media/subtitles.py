"""Subtitles within files: written as text that a player can show, and read back as text."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import av.error
from av.packet import Packet

from aigc_edit.errors import MediaError
from aigc_edit.media.languages import container_language
from aigc_edit.media.opening import opened
from aigc_edit.media.source import Source
from aigc_edit.timeline import Span, Subtitle, SubtitleTrack

_BASE = Fraction(1, 1000)
_LONGEST = 2**16 - 1  # bytes of a sample of 3GPP timed text
# Encoders of text ask for the head of an ASS file, from which MP4 gets its style.
_HEAD = b"""[Script Info]
ScriptType: v4.00+
[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, BackColour, Alignment
Style: Default,Arial,16,&H00FFFFFF,&H00000000,2
[Events]
Format: Layer, Start, End, Style, Text
"""


def _timed_text(text: str) -> bytes:
    """A sample of 3GPP TS 26.245: its length, and UTF-8."""
    coded = text.encode()[:_LONGEST].decode(errors="ignore").encode()
    return len(coded).to_bytes(2, "big") + coded


def _web_text(text: str) -> bytes:
    return html.escape(text, quote=False).encode()


# By container: the codec, and how it writes text.
_CODECS: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "mp4": ("mov_text", _timed_text),
    "mov": ("mov_text", _timed_text),
    "matroska": ("subrip", str.encode),
    "webm": ("webvtt", _web_text),
}


def write_subtitles(out: Any, track: SubtitleTrack) -> Iterator[Any]:
    """Adds a stream to a container that is being written, and gives its packets."""
    codec, coded = _CODECS[out.format.name]
    stream = out.add_stream(codec)
    stream.codec_context.subtitle_header = _HEAD
    stream.codec_context.time_base = stream.time_base = _BASE
    named = {"language": container_language(track.language), "title": track.title}
    stream.metadata.update({key: text for key, text in named.items() if text})
    return _packets(stream, coded, track.subtitles)


def _packets(
    stream: Any, coded: Callable[[str], bytes], subtitles: Sequence[Subtitle]
) -> Iterator[Any]:
    for subtitle in subtitles:
        packet = Packet(coded(subtitle.text))
        packet.stream, packet.time_base = stream, _BASE
        packet.pts = packet.dts = round(subtitle.span.start / _BASE)
        packet.duration = round(subtitle.span.end / _BASE) - packet.pts
        packet.is_keyframe = True
        yield packet


def read_subtitle_stream(source: Source) -> SubtitleTrack:
    """The chosen subtitles of a source, in source time; none where it has none.

    Raises:
        MediaError: they are pictures of text, or cannot be decoded.
    """
    chosen = source.subtitles
    if chosen is None:
        return SubtitleTrack(())
    with opened(source.path) as container:
        stream = container.streams[chosen.index]
        if stream.codec_context is None or not _is_text(stream):
            raise MediaError(
                f"its subtitles ({chosen}) are no text",
                where=source.path,
                cure="Choose another track with input.subtitle_track, or hear what is said.",
            )
        found = list(_read(source, container, stream))
    found.sort(key=lambda subtitle: subtitle.span.start)
    return SubtitleTrack(tuple(found), chosen.language, chosen.title)


def _is_text(stream: Any) -> bool:
    return bool(stream.codec_context.codec.text_sub)


def _read(source: Source, container: Any, stream: Any) -> Iterator[Subtitle]:
    whole = Span(0, source.duration)
    for packet in container.demux(stream):
        if not packet.size or packet.pts is None or not packet.duration:
            continue
        start = packet.pts * packet.time_base - source.video.first
        span = Span(start, start + packet.duration * packet.time_base).overlap(whole)
        text = _text(stream, packet)
        if span is not None and text:
            yield Subtitle(span, text)


def _text(stream: Any, packet: Any) -> str:
    """Its lines without tags; nothing where a packet is broken."""
    try:
        shown = stream.decode2(packet)
    except av.error.FFmpegError:
        return ""
    lines = (rect.dialogue.decode(errors="replace").strip() for rect in shown or ())
    return "\n".join(filter(None, lines))
