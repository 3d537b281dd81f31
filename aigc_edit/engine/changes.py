"""What became of the picture on its way, in words for the record."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from aigc_edit.media import PictureSettings, VideoStream, chroma_name, sample_bits


def picture_changes(
    video: VideoStream, settings: PictureSettings, *, filtered: bool, fps: Fraction | None
) -> Iterator[str]:
    """Everything that was done to encoded pictures besides what filters did, one line each."""
    yield from _shape(video)
    if (settings.width, settings.height) != settings.coded_size:
        width, height = settings.coded_size
        yield f"{settings.width}x{settings.height} became {width}x{height}: 4:2:0 has even sides"
    if video.coded_format != video.pixel_format:
        yield "what is transparent shows black"
    yield from _colour(video, settings, filtered=filtered)
    if fps is not None:
        yield f"frames repeated or left out for a constant {fps} frames a second"


def _shape(video: VideoStream) -> Iterator[str]:
    if video.flipped:
        yield "mirrored, as its display matrix says"
    if video.rotation:
        yield f"turned by {video.rotation} degrees, as its display matrix says"
    if video.pixel_aspect != 1:
        yield (
            f"pixels of {video.pixel_aspect} made square: "
            f"{video.coded_width}x{video.coded_height} became {video.width}x{video.height}"
        )
    if video.interlaced:
        yield "deinterlaced (bwdif), a frame for each frame"


def _colour(video: VideoStream, settings: PictureSettings, *, filtered: bool) -> Iterator[str]:
    if filtered and not video.colour.in_contract:
        peak = f", peak {video.colour.peak:.0f} nits" if video.colour.peak else ""
        yield f"{video.colour.transfer_name}{peak} mapped to BT.709 SDR"
    elif video.colour.hdr:
        yield f"{video.colour.transfer_name} kept: no filter touches the frames"
    bits, chroma = sample_bits(settings.pixel_format), chroma_name(settings.pixel_format)
    if bits < video.depth:
        yield f"{video.depth} bits a sample became {bits}"
    if chroma != chroma_name(video.pixel_format):
        yield f"{chroma_name(video.pixel_format)} became {chroma}"
