"""Addresses and playlists, where the user allows them, become files; else nobody is asked."""

from __future__ import annotations

import functools
import http.server
import tempfile
import threading
from pathlib import Path

import pytest

from aigc_edit.errors import ProbeError
from aigc_edit.media import is_address, local_copy, probe
from aigc_edit.testing import ClipSpec, make_clip
from tests.media.films import told_by_ffmpeg


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A folder with a clip and an HLS playlist of it, and its address on this machine."""
    folder = tmp_path_factory.mktemp("served")
    clip = make_clip(folder / "clip one.mp4", ClipSpec(frames=60, gop=30))
    told_by_ffmpeg(
        "-i", str(clip), "-c", "copy", "-f", "hls", "-hls_time", "1", str(folder / "list.m3u8")
    )
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_an_address_becomes_a_file_of_the_same_bytes(served):
    folder, address = served
    with local_copy(f"{address}/clip%20one.mp4?token=1") as path:
        assert path.name == "clip one.mp4"
        assert path.read_bytes() == (folder / "clip one.mp4").read_bytes()
    assert not path.parent.exists()


def test_a_playlist_becomes_one_film(served):
    folder, address = served
    for source in (f"{address}/list.m3u8", str(folder / "list.m3u8")):
        with local_copy(source) as path:
            film = probe(path)

            assert film.frames == 60
            assert film.audio is not None


def test_a_file_is_taken_as_it_is(served):
    folder, _ = served
    with local_copy(str(folder / "clip one.mp4")) as path:
        assert path == folder / "clip one.mp4"


def test_what_cannot_be_fetched_is_one_line_and_leaves_nothing(served):
    _, address = served
    before = set(Path(tempfile.gettempdir()).glob(".input.*"))

    with pytest.raises(ProbeError, match="cannot be fetched"), local_copy(f"{address}/no.mp4"):
        pass
    assert set(Path(tempfile.gettempdir()).glob(".input.*")) <= before


def test_without_leave_a_playlist_is_refused_with_the_reason(served):
    folder, _ = served

    with pytest.raises(ProbeError, match=r"playlist or script.*HLS.*--allow-network"):
        probe(folder / "list.m3u8")


@pytest.mark.parametrize(
    ("text", "yes"),
    [("http://a/b.mp4", True), ("HTTPS://a", True), ("http:__a.mp4", False), ("a.mp4", False)],
)
def test_only_http_is_an_address(text, yes):
    assert is_address(text) is yes
