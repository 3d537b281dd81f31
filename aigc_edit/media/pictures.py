"""Pictures out of files: exact times, upright, square pixels, progressive."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from typing import Any

import av.error
import numpy as np

from aigc_edit.media.alpha import alpha_decoder
from aigc_edit.media.clock import ClockMender
from aigc_edit.media.damage import Damage
from aigc_edit.media.fit import Picture, PictureFit
from aigc_edit.media.heap import give_back
from aigc_edit.media.opening import demuxed, opened, read_only
from aigc_edit.media.source import Source
from aigc_edit.timeline import SAME_TIME, Span

_SEEK_SLACK = Fraction(1, 1000)


class PictureReader:
    """Reads the pictures of one source, span by span, decoding only the GOPs that it needs.

    The container stays open between spans; `close` it, or use it in a `with`. A `draft` leaves
    out the deblocking of pictures that no other one refers to: quicker, and all that analysers
    of small pictures need.
    """

    def __init__(
        self,
        source: Source,
        *,
        threads: int = 0,
        draft: bool = False,
        damage: Damage | None = None,
    ) -> None:
        self.source = source
        self.damage = Damage() if damage is None else damage
        self.decoded = 0
        self._threads, self._draft = threads, draft
        self._reading = threading.Lock()  # libav crashes where a file is closed while it is read
        self._open()

    def _open(self) -> None:
        self._opened = opened(self.source.path, max_pixels=self.source.choice.max_pixels)
        self._container = self._opened.__enter__()
        self._stream = read_only(self._container, self.source.video.index)
        self._stream.codec_context.thread_type = "AUTO"
        if self._threads:
            self._stream.codec_context.thread_count = self._threads
        if self._draft:
            self._stream.codec_context.options = {
                **self._stream.codec_context.options,
                "skip_loop_filter": "noref",
            }
        self._alpha = alpha_decoder(self._stream)
        self._fresh, self._closed = True, False
        give_back()  # an index that grew leaves holes

    def __enter__(self) -> PictureReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; whoever still reads it, in another thread, gets no more pictures."""
        with self._reading:
            self._closed = True
            self._opened.__exit__(None, None, None)

    def pictures(self, span: Span | None = None) -> Iterator[Picture]:
        """All pictures on display within `span`, in order.

        The one that is on display when the span begins comes first, its time moved to the
        start; so that the pictures fill the span whatever the frame rate does.
        """
        found = self._from(Fraction(0)) if span is None else self._within(span)
        return PictureFit(self.source.video).fitted(found)

    def _within(self, span: Span) -> Iterator[Picture]:
        before: Picture | None = None
        for picture in self._from(span.start):
            if picture.time >= span.end - SAME_TIME:
                break
            if picture.time < span.start - SAME_TIME:
                before = picture
                continue
            if before is not None and picture.time > span.start + SAME_TIME:
                yield Picture(span.start, before.frame)
            before = None
            yield picture
        if before is not None:
            yield Picture(span.start, before.frame)

    def _from(self, start: Fraction) -> Iterator[Picture]:
        """Pictures from the last key frame at or before `start`."""
        primed = False
        # To the key frame itself; then to somewhere before it, in a container that lands too late.
        for target in (self._key_before(start), self._key_before(start) - _SEEK_SLACK, None):
            if start <= 0 or target is None or not self._sought(target):
                break
            found = self._decode()
            first = next(found, None)
            if first is None or first.time > start + SAME_TIME:
                continue
            if primed or not first.frame.is_corrupt:
                return chain([first], found)
            primed = True
            # H.264 4:4:4 by an old x264 says so in its first packet only, and is decoded wrongly
            # without it. The decoder remembers it; what is broken then is broken in the file.
            self.damage.pictures.discard(_rounded(first.time))
            self._rewind()
            next(self._frames(), None)
        self._rewind()
        return self._decode()

    def _key_before(self, start: Fraction) -> Fraction:
        """When the last key frame at or before `start` is shown, on the container's clock."""
        index, first = self.source.index, self.source.video.first
        limit = math.ceil((start + first + _SEEK_SLACK) / index.base)
        place = int(np.searchsorted(index.keys, limit))
        for tick in reversed(index.keys[max(0, place - 2) : place].tolist()):
            if self.source.picture_time(tick * index.base) <= start + SAME_TIME:
                return Fraction(tick * index.base)
        return first + start

    def _sought(self, target: Fraction) -> bool:
        """Whether the container could be moved to a key frame at or before a time of its clock."""
        if not self.source.video.timed or not self.source.clock.seekable:
            return False
        self._fresh = False
        target = self.source.clock.unmended(target)
        self._alpha = alpha_decoder(self._stream)  # a fresh one: it remembers nothing of before
        try:
            with self._reading:
                if self._closed:
                    return False
                self._container.seek(
                    int(target / self._stream.time_base), backward=True, stream=self._stream
                )
        except av.error.FFmpegError:  # no index, or a broken one: from the start
            return False
        return True

    def _rewind(self) -> None:
        """To the very first packet: by opening again, since raw streams cannot seek."""
        if not self._fresh:
            self.close()
            self._open()
        self._fresh = False

    def _decode(self) -> Iterator[Picture]:
        video, last, step = self.source.video, None, 1 / self.source.video.rate
        form: tuple[int, int, str] | None = None
        for frame in self._frames():
            self.decoded += 1
            if frame.pts is not None and video.timed:
                time = self.source.picture_time(frame.pts * frame.time_base)
            else:
                time = last + step if last is not None else Fraction(0)
            if last is not None and time <= last:
                continue  # a repeated time cannot be shown
            last = time
            if time >= 0:
                form = self._noted(frame, time, form)
                yield Picture(time, frame)

    def _noted(
        self, frame: Any, time: Fraction, before: tuple[int, int, str] | None
    ) -> tuple[int, int, str]:
        """The form of a picture, after noting what is wrong with it."""
        if frame.is_corrupt:  # the decoder made up what it could not read
            self.damage.pictures.add(_rounded(time))
        form = _form(frame)
        if before is not None and form != before:
            change = f"picture changes from {_form_words(before)} to {_form_words(form)}"
            self.damage.changes.add((round(float(time), 3), change))
        return form

    def _frames(self) -> Iterator[Any]:
        """Decoded frames; a packet that fails is counted and passed over."""
        found = self._packets()
        for packet in ClockMender(self.source.clock).mended(found):
            try:
                yield from self._alpha.decode(packet) if self._alpha else packet.decode()
            except av.error.EOFError:
                return
            except av.error.FFmpegError:
                self._lost(packet)

    def _packets(self) -> Iterator[Any]:
        found = demuxed(self._container, self._stream, failed=lambda: self._lost(None))
        while True:
            with self._reading:
                packet = None if self._closed else next(found, None)
            if packet is None:
                return
            yield packet

    def _lost(self, packet: Any) -> None:
        self.damage.pictures.add(None if packet is None else self._packet_time(packet))

    def _packet_time(self, packet: Any) -> float | None:
        if packet.pts is None:
            return None
        return round(float(packet.pts * packet.time_base - self.source.video.first), 3)


def _form(frame: Any) -> tuple[int, int, str]:
    return (frame.width, frame.height, frame.format.name)


def _rounded(time: Fraction) -> float:
    return round(float(time), 3)


def _form_words(form: tuple[int, int, str]) -> str:
    return f"{form[0]}x{form[1]} {form[2]}"
