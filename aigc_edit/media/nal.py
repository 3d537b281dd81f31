"""H.264 and HEVC below the packet: where decoding can begin, and headers of two encodes in one.

Sources: ITU-T H.264 (7.3.1, 7.3.2, table 7-1), H.265 (table 7-1), ISO/IEC 14496-15 (5.3.3.1,
AVCDecoderConfigurationRecord).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_H264_IDR = 5
_HEVC_CLOSED = range(16, 21)  # BLA and IDR: nothing after them refers to what was before
_PREFIX = 4  # bytes of a NAL unit's length in what we write
_MAX_SETS = 31
SPS_IDS = 32
_HEVC_LENGTH_AT, _AVC_LENGTH_AT = 21, 4
# Codecs whose key frames are clean points: no picture that is shown later needs one before.
_ALWAYS_CLOSED = ("vp8", "vp9", "av1", "prores", "mjpeg", "ffv1", "dnxhd", "rawvideo")


@dataclass(frozen=True, slots=True)
class AvcHeaders:
    """Parameter sets of an H.264 stream as MP4 and Matroska keep them (avcC).

    Attributes:
        profile, compatibility, level: the three bytes after the version.
        extension: what follows the sets for profiles High and above.
    """

    profile: int
    compatibility: int
    level: int
    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]
    extension: bytes

    @classmethod
    def parsed(cls, extradata: bytes) -> AvcHeaders | None:
        """The headers of an avcC record with four-byte lengths; None for anything else."""
        if len(extradata) < 7 or extradata[0] != 1 or _length_size(extradata, "h264") != _PREFIX:
            return None
        try:
            sps, at = _sets(extradata, 5, 0x1F)
            pps, at = _sets(extradata, at, 0xFF)
        except (IndexError, ValueError):
            return None
        if not sps or not pps:
            return None
        return cls(extradata[1], extradata[2], extradata[3], sps, pps, extradata[at:])

    def free_sps_id(self) -> int | None:
        """An id that no set uses, the highest one: for an encode that shall stand beside."""
        used = {_ue(s[4:]) for s in self.sps} | {_ue(p[1:]) for p in self.pps}
        return next((i for i in reversed(range(SPS_IDS)) if i not in used), None)

    def beside(self, other: AvcHeaders) -> bytes | None:
        """One avcC record for both streams; None where a player could mix them up."""
        if {_ue(s[4:]) for s in self.sps} & {_ue(s[4:]) for s in other.sps}:
            return None
        if {_ue(p[1:]) for p in self.pps} & {_ue(p[1:]) for p in other.pps}:
            return None
        sps, pps = self.sps + other.sps, self.pps + other.pps
        if len(sps) > _MAX_SETS:
            return None
        higher = max(self, other, key=lambda h: (h.profile, h.level))
        head = bytes(
            [
                1,
                higher.profile,
                self.compatibility & other.compatibility,
                max(self.level, other.level),
                0xFC | (_PREFIX - 1),
                0xE0 | len(sps),
            ]
        )
        return head + _joined(sps) + bytes([len(pps)]) + _joined(pps) + higher.extension


def starts_clean(codec: str, packet: bytes, extradata: bytes) -> bool:
    """Whether nothing from a key packet on refers to a picture before it.

    A key frame of an open GOP is none: the pictures shown right after it need the GOP before.
    Streams whose packets have no lengths (MPEG transport) are never said to be clean.
    """
    if codec in _ALWAYS_CLOSED:
        return True
    if codec not in ("h264", "hevc") or not extradata or extradata[0] != 1:
        return False
    size = _length_size(extradata, codec)
    if codec == "h264":
        return any(unit[0] & 0x1F == _H264_IDR for unit in _units(packet, size))
    return any(unit[0] >> 1 & 0x3F in _HEVC_CLOSED for unit in _units(packet, size))


def _length_size(extradata: bytes, codec: str) -> int:
    at = _AVC_LENGTH_AT if codec == "h264" else _HEVC_LENGTH_AT
    return (extradata[at] & 3) + 1 if len(extradata) > at else _PREFIX


def _units(packet: bytes, size: int) -> Iterator[bytes]:
    """The first bytes of each NAL unit of a packet."""
    at = 0
    while at + size < len(packet):
        length = int.from_bytes(packet[at : at + size], "big")
        at += size
        if length:
            yield packet[at : at + 2]
        at += length


def _sets(data: bytes, at: int, mask: int) -> tuple[tuple[bytes, ...], int]:
    """Counted sets with two-byte lengths, and where they end."""
    sets, count = [], data[at] & mask
    at += 1
    for _ in range(count):
        length = int.from_bytes(data[at : at + 2], "big")
        unit = data[at + 2 : at + 2 + length]
        if len(unit) != length or length < 5 - 1:
            raise ValueError("a parameter set is cut short")
        sets.append(unit)
        at += 2 + length
    return tuple(sets), at


def _joined(sets: tuple[bytes, ...]) -> bytes:
    return b"".join(len(unit).to_bytes(2, "big") + unit for unit in sets)


def _ue(data: bytes) -> int:
    """The unsigned exp-Golomb number at the start (H.264 9.1); -1 where there is none."""
    bits = int.from_bytes(data[:8].ljust(8, b"\0"), "big")
    zeros = 64 - bits.bit_length()
    if zeros > 31:
        return -1
    return (bits >> (63 - 2 * zeros)) - 1
