"""Parts on one clock: decode times rise, and copied GOPs stand beside encoded ones."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from aigc_edit.media.nal import AvcHeaders
from aigc_edit.media.order import DecodeTimes, reorder_depth


@given(st.lists(st.integers(1, 50), min_size=1, max_size=60), st.data())
def test_decode_times_rise_and_never_follow_the_presentation(steps, data):
    times = list(accumulate(steps))
    depth = data.draw(st.integers(0, 5))
    order = _shuffled(times, depth, data)
    clock = DecodeTimes(reorder_depth(order), 1)
    given_times = [clock.next(time) for time in order]

    assert reorder_depth(order) <= depth
    assert all(a < b for a, b in pairwise(given_times))
    assert all(decoded <= shown for decoded, shown in zip(given_times, order, strict=True))


def _shuffled(times: list[int], depth: int, data) -> list[int]:
    """A decode order: the key frame first, then groups in any order inside."""
    size, order = depth + 1, times[:1]
    for at in range(1, len(times), size):
        order += data.draw(st.permutations(times[at : at + size]))
    return order


def test_what_is_no_avc_record_is_refused():
    for data in (b"", b"\0" * 40, b"\x01d\0\x1e\xff\xe1\xff\xff", b"\x01d\0\x1e\xfc\xe1\0\x04abcd"):
        assert AvcHeaders.parsed(data) is None


def test_headers_of_two_streams_become_one_record_if_their_ids_differ():
    # Ids are exp-Golomb numbers: 0x80 begins with '1' (id 0), 0x40 with '010' (id 1).
    first = AvcHeaders(100, 0, 30, (b"\x67\x64\0\x1e\x80",), (b"\x68\x80\0\0",), b"")
    second = AvcHeaders(77, 0x40, 31, (b"\x67\x4d\0\x1f\x40",), (b"\x68\x40\0\0",), b"")
    joined = AvcHeaders.parsed(first.beside(second) or b"")

    assert joined is not None
    assert (joined.profile, joined.compatibility, joined.level) == (100, 0, 31)
    assert joined.sps == first.sps + second.sps
    assert joined.pps == first.pps + second.pps
    assert joined.free_sps_id() == 31
    assert first.beside(first) is None


def test_depth_of_a_stream_without_reordering_is_none():
    assert reorder_depth(range(10)) == 0
    assert reorder_depth([0, 4, 2, 1, 3]) == 2
    assert Fraction(DecodeTimes(0, 1).next(7)) == 7
