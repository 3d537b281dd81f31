"""A reduced corpus, made on the spot and judged as `make hostile` judges: exit codes, one line of
error, nothing left, results that decode."""

from __future__ import annotations

import os
import random
import select
import shutil
import signal
import socket
from pathlib import Path

import pytest

from aigc_edit.cli import main
from aigc_edit.testing import ClipSpec, make_clip
from tests.hostile import outputs
from tests.hostile.child import Outcome
from tests.hostile.configs import configs
from tests.hostile.corpus import MARK, Case
from tests.hostile.judge import Rooms, judged, spoken

CUT = "schema: 1\nname: cut\nstages:\n  - uses: given_spans\n    with: {spans: [[0.2s, 0.8s]]}\n"
HLS = "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1.0,\n{}\n#EXT-X-ENDLIST\n"
SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
NOT_MEDIA = {
    "empty.mp4": b"",
    "one_byte.mp4": b"\0",
    "text.mp4": b"this is a plain text file\n" * 400,
    "page.mp4": b"<!doctype html><title>404</title>" + b"x" * 4000,
    "noise.mp4": random.Random(1).randbytes(65_536),
    "zeros.mp4": bytes(1 << 20),
    "titles.srt": b"1\n00:00:00,500 --> 00:00:01,500\nhello\n\n",
    "huge.gif": b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\1\0\1\0\0\2\2D\1\0;",
    "hls.mp4": HLS.format("file:///etc/passwd").encode(),
    "concat.mp4": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "stream.sdp": SDP.encode(),
    "vector.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
}
NAMES = (
    "-i.mp4", "new\nline.mp4", "emoji 😀 中文.mp4", "quote's \"x\" `y` $(touch z).mp4",
    "concat:x|y.mp4", "pipe:0", "percent_%d_%s.mp4", "a,b;c[d]=e'f\\g.mp4",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _handlers():
    """Signal handlers stay as they were."""
    kept = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    return make_clip(tmp_path_factory.mktemp("good") / "good.mp4", ClipSpec(frames=30))


@pytest.fixture
def rooms(tmp_path, monkeypatch) -> Rooms:
    made = Rooms(tmp_path / "out", tmp_path / "cwd")
    made.out.mkdir()
    made.cwd.mkdir()
    monkeypatch.chdir(made.cwd)
    (tmp_path / "cut.yaml").write_text(CUT)
    return made


@pytest.fixture
def inputs(tmp_path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


def tried(path: Path, expect: str, rooms: Rooms, capsys, named: str = "") -> list[str]:
    """Runs the short cut over an input, through the command line's own entry; complaints."""
    pipeline = str(rooms.out.parent / "cut.yaml")
    code = main(["run", pipeline, "-o", f"{rooms.out}/", "--", named or str(path)])
    said = capsys.readouterr()
    return judged(Case("", path, expect, 60), Outcome(code, said.out, said.err, 0, 0), rooms)


@pytest.mark.parametrize("name", NOT_MEDIA)
def test_what_is_no_video_is_one_line_and_leaves_nothing(name, inputs, rooms, capsys):
    path = inputs / name
    path.write_bytes(NOT_MEDIA[name])

    assert tried(path, "error", rooms, capsys) == []


def test_a_folder_a_pipe_and_links_to_nowhere_are_refused(inputs, rooms, capsys):
    (inputs / "folder.mp4").mkdir()
    os.mkfifo(inputs / "pipe.mp4")
    (inputs / "loop_a.mp4").symlink_to("loop_b.mp4")
    (inputs / "loop_b.mp4").symlink_to("loop_a.mp4")
    (inputs / "dangling.mp4").symlink_to("nowhere/at/all.mp4")
    (inputs / "text.mp4").symlink_to(__file__)
    complaints = {p.name: tried(p, "error", rooms, capsys) for p in sorted(inputs.iterdir())}

    assert len(complaints) == 6
    assert not any(complaints.values()), complaints


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_cut_before_its_index_is_refused(share, good, inputs, rooms, capsys):
    data = good.read_bytes()
    (inputs / "cut.mp4").write_bytes(data[: int(len(data) * share)])

    assert tried(inputs / "cut.mp4", "error", rooms, capsys) == []


@pytest.mark.parametrize("seed", range(3))
def test_flipped_bits_never_end_in_more_than_one_line(seed, good, inputs, rooms, capsys):
    rng, data = random.Random(seed), bytearray(good.read_bytes())
    for _ in range(6):
        data[rng.randrange(len(data) * 9 // 10, len(data))] ^= 1 << rng.randrange(8)
    (inputs / "index.mp4").write_bytes(data)

    assert tried(inputs / "index.mp4", "any", rooms, capsys) == []


def test_a_wrong_extension_none_and_a_link_are_no_trouble(good, inputs, rooms, capsys):
    (inputs / "link.mp4").symlink_to(good)
    shutil.copy(good, inputs / "no_extension")
    shutil.copy(good, inputs / "wrong.webm")
    for path in sorted(inputs.iterdir()):
        assert tried(path, "ok", rooms, capsys) == []
        for made in rooms.out.iterdir():
            made.unlink()


@pytest.mark.parametrize("name", NAMES)
def test_any_name_typed_where_it_lies_gives_a_result(
    name, good, inputs, rooms, capsys, monkeypatch
):
    shutil.copy(good, inputs / name)
    monkeypatch.chdir(inputs)
    code = main(["run", str(rooms.out.parent / "cut.yaml"), "-o", f"{rooms.out}/", "--", name])

    assert code == 0, capsys.readouterr().err
    assert list(outputs.complaints(rooms.out)) == []
    assert [p.name for p in inputs.iterdir()] == [name]


def test_a_playlist_reaches_no_server(inputs, rooms, capsys):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/x.ts"
        for name, url in (("hls.mp4", address), ("both.avi", f"concat:{address}|/etc/passwd")):
            (inputs / name).write_text(HLS.format(url))
            assert tried(inputs / name, "error", rooms, capsys) == []
        knocked = select.select([server], [], [], 0.1)[0]

    assert not knocked


def test_no_pipeline_file_runs_code_or_is_read_otherwise_than_written(tmp_path, capsys):
    wrong = {}
    for config in configs(tmp_path / MARK):
        path = tmp_path / config.name
        path.write_bytes(config.text)
        code = main(["check", str(path)])
        said = capsys.readouterr()
        lines = spoken(Outcome(code, said.out, said.err, 0, 0)) or said.out.splitlines()
        named = all(config.name in line for line in lines)
        allowed = (2,) if config.expect == "error" else (0, 2)
        if code not in allowed or not named or "unexpected" in said.err:
            wrong[config.name] = (code, lines)

    assert wrong == {}
    assert not list(tmp_path.glob(f"{MARK}*"))
