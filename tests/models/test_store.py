"""Weights arrive whole and right or not at all, whatever server and network do."""

from __future__ import annotations

import hashlib
import os
import resource
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aigc_edit.errors import ModelError, UsageError
from aigc_edit.models.catalogue import Weights, whisper_weights
from aigc_edit.models.download import Patience
from aigc_edit.models.store import State, Store, user_store
from tests.models.file_server import closed_port, serving

DATA = np.random.default_rng(5).bytes(400_000)
NAME = "whisper:mini"
BREAK = 150_000
LONGEST_WAIT = 5  # seconds; a store that waits for half a second is far below


@pytest.fixture
def server():
    with serving({"mini.pt": DATA}) as served:
        yield served


@pytest.fixture
def store(server, tmp_path) -> Store:
    url = f"{server.address}/somewhere/mini.pt"
    weights = Weights(NAME, url, hashlib.sha256(DATA).hexdigest(), megabytes=1)
    hasty = Patience(silence=0.5, pause=0.001, tries=3)
    return Store(tmp_path / "ours", {NAME: weights}, others=(tmp_path / "theirs",), patience=hasty)


def left(store: Store) -> set[str]:
    """The files in the store's folder, but for notes and locks."""
    files = (path.name for path in store.folder.rglob("*") if path.is_file())
    return {name for name in files if not name.endswith((".lock", ".checked"))}


def part(store: Store) -> Path:
    (path,) = store.folder.rglob("*.part")
    return path


def test_weights_are_fetched_once_with_progress_and_found_from_then_on(server, store):
    told: list[tuple[int, int]] = []

    assert store.found(NAME) is None
    path = store.ensured(NAME, heard=lambda *how_far: told.append(how_far))

    assert path.read_bytes() == DATA
    assert path == store.folder / "whisper" / "mini.pt"
    assert (told[0], told[-1]) == ((0, len(DATA)), (len(DATA), len(DATA)))
    assert told == sorted(told)
    assert left(store) == {"mini.pt"}
    assert store.found(NAME) == store.ensured(NAME) == path
    assert len(server.asked) == 1


def test_a_connection_that_breaks_is_taken_up_where_it_ended(server, store):
    server.breaks = [BREAK, 100_000]

    assert store.ensured(NAME).read_bytes() == DATA
    assert [asked for _, asked in server.asked] == [None, "bytes=150000-", "bytes=250000-"]


def test_a_download_that_keeps_breaking_is_kept_for_the_next_run(server, store):
    server.breaks = [BREAK, 0, 0]
    with pytest.raises(ModelError, match=r"keeps breaking.*150000 of 400000.*0\.1 MB are kept"):
        store.ensured(NAME)

    assert part(store).read_bytes() == DATA[:BREAK]
    assert store.state(NAME) == (State.BEGUN, part(store))
    told: list[tuple[int, int]] = []
    assert store.ensured(NAME, heard=lambda *f: told.append(f)).read_bytes() == DATA
    assert told[0] == (BREAK, len(DATA))
    assert server.asked[-1] == ("mini.pt", "bytes=150000-")


def test_a_server_without_ranges_sends_all_of_it_anew(server, store):
    server.ranges, server.breaks = False, [BREAK]

    assert store.ensured(NAME).read_bytes() == DATA
    assert left(store) == {"mini.pt"}


def test_what_is_whole_already_is_not_fetched_again(server, store):
    server.breaks = [BREAK, 0, 0]
    with pytest.raises(ModelError):
        store.ensured(NAME)
    part(store).write_bytes(DATA)  # as if the run was killed before the file got its name

    assert store.ensured(NAME).read_bytes() == DATA


@pytest.mark.parametrize("wrong", [DATA[:-1], DATA + b"!", b"<html>Please log in</html>", b""])
def test_wrong_content_is_refused_and_removed(server, store, wrong):
    server.files["mini.pt"] = wrong
    with pytest.raises(ModelError, match=r"not whisper:mini: its SHA-256.*removed.*Try again"):
        store.ensured(NAME)

    assert left(store) == set()
    server.files["mini.pt"] = DATA
    assert store.ensured(NAME).read_bytes() == DATA


@pytest.mark.parametrize("code", [403, 404, 410])
def test_a_refusal_is_told_at_once(server, store, code):
    server.failures = [code] * 9
    with pytest.raises(ModelError, match=rf"server refuses \({code} .*AIGC_EDIT_MODELS_URL"):
        store.ensured(NAME)

    assert len(server.asked) == 1
    assert left(store) == set()


def test_a_server_that_is_busy_is_asked_again(server, store):
    server.failures = [503, 429]

    assert store.ensured(NAME).read_bytes() == DATA


def test_a_server_that_falls_silent_is_asked_again(server, store):
    gone, began = threading.Event(), time.monotonic()
    server.breaks, server.hangs = [BREAK], [gone]

    assert store.ensured(NAME).read_bytes() == DATA
    assert time.monotonic() - began < LONGEST_WAIT
    gone.set()


def test_no_network_is_told_at_once(store):
    nowhere = f"http://127.0.0.1:{closed_port()}"
    patient = replace(store, mirror=nowhere, patience=Patience(pause=60))

    with pytest.raises(ModelError, match=r"mini\.pt: cannot be reached \(.*refused"):
        patient.ensured(NAME)


def test_offline_asks_nobody_and_names_the_command(server, store, monkeypatch):
    wanted = r"whisper:mini are not here.*offline.*aigc-edit models fetch whisper:mini"
    with pytest.raises(ModelError, match=wanted):
        store.ensured(NAME, offline=True)
    monkeypatch.setenv("AIGC_EDIT_OFFLINE", "1")
    with pytest.raises(ModelError, match=wanted):
        store.ensured(NAME)

    assert server.asked == []
    monkeypatch.setenv("AIGC_EDIT_OFFLINE", "0")
    path = store.ensured(NAME)
    assert store.ensured(NAME, offline=True) == path


def test_two_runs_at_once_fetch_once_and_both_have_it(server, store):
    server.pause = 0.01
    found: list[Path] = []
    told: list[tuple[int, int]] = []

    def run() -> None:
        found.append(store.ensured(NAME, heard=lambda *how_far: told.append(how_far)))

    runs = [threading.Thread(target=run) for _ in range(2)]
    for one in runs:
        one.start()
    for one in runs:
        one.join()

    assert found == [store.folder / "whisper" / "mini.pt"] * 2
    assert found[0].read_bytes() == DATA
    assert len(server.asked) == 1
    assert any(total == 10**6 for _, total in told), "the one that waits tells of the other's bytes"


def test_a_file_that_whisper_fetched_is_checked_and_used(server, store, tmp_path):
    theirs = tmp_path / "theirs" / "whisper" / "mini.pt"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(DATA)

    assert store.state(NAME) == (State.UNCHECKED, theirs)
    assert store.ensured(NAME) == theirs
    assert store.state(NAME) == (State.CHECKED, theirs)
    assert server.asked == []


def test_a_truncated_file_of_whisper_is_left_alone_and_fetched_anew(store, tmp_path):
    theirs = tmp_path / "theirs" / "whisper" / "mini.pt"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(DATA[:BREAK])

    assert store.ensured(NAME) == store.folder / "whisper" / "mini.pt"
    assert theirs.read_bytes() == DATA[:BREAK]


def test_a_file_that_changed_is_noticed_and_replaced(store):
    path = store.ensured(NAME)
    path.write_bytes(DATA[:-1] + b"!")

    assert store.verified(NAME) == {path: False}
    assert store.found(NAME) is None
    assert store.ensured(NAME).read_bytes() == DATA
    assert store.verified(NAME) == {path: True}


def test_bits_that_rotted_under_the_same_size_and_time_are_seen_by_verifying(store):
    path = store.ensured(NAME)
    facts = path.stat()
    path.write_bytes(DATA[:-1] + b"!")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    assert store.verified(NAME) == {path: False}
    assert store.found(NAME) is None


def test_a_disk_without_room_is_told_before_anything_is_fetched(server, store):
    server.declared = 1 << 60
    with pytest.raises(ModelError, match=r"no space left for weights, 1152921504607 MB"):
        store.ensured(NAME)

    assert left(store) <= {part(store).name}
    assert part(store).stat().st_size == 0


def test_a_disk_that_fills_up_is_told_and_relieved(store):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (BREAK, limits[1]))
    try:
        with pytest.raises(ModelError, match=r"ours/whisper: no space left.*AIGC_EDIT_CACHE"):
            store.ensured(NAME)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert left(store) == set()


def test_a_folder_that_cannot_be_is_one_error(store):
    store.folder.write_text("a file")

    with pytest.raises(ModelError, match=r"ours/whisper: weights cannot be written"):
        store.ensured(NAME)


@pytest.mark.parametrize("scheme", ["file:///etc", "ftp://127.0.0.1", "/etc"])
def test_only_http_is_fetched_from(store, scheme):
    with pytest.raises(ModelError, match="http and https only"):
        replace(store, mirror=scheme).ensured(NAME)


def test_a_redirection_to_a_file_is_not_followed(server, store, tmp_path):
    (tmp_path / "mini.pt").write_bytes(DATA)
    server.redirect = f"file://{tmp_path}/mini.pt"

    with pytest.raises(ModelError, match=r"refuses .*not allowed"):
        store.ensured(NAME)


def test_a_mirror_is_a_folder_of_the_files_alone(server, store):
    lost = replace(store.known[NAME], url="http://127.0.0.1:9/far/away/mini.pt")
    mirrored = replace(store, known={NAME: lost}, mirror=f"{server.address}/mirror/")

    assert mirrored.ensured(NAME).read_bytes() == DATA


def test_an_unknown_name_is_told_with_the_nearest(store):
    with pytest.raises(UsageError, match=r"no weights named 'whisper:mimi'.*\"whisper:mini\""):
        store.found("whisper:mimi")


def test_the_table_is_whispers_own():
    import whisper

    known = whisper_weights()

    assert {weights.name.partition(":")[2]: weights.url for weights in known.values()} == (
        whisper._MODELS
    )
    assert all(len(bytes.fromhex(weights.sha256)) == 32 for weights in known.values())
    assert all(weights.megabytes for weights in known.values())
    assert known["whisper:turbo"].file == Path("whisper", "large-v3-turbo.pt")


def test_the_users_weights_lie_where_cache_and_mirror_say(tmp_path, monkeypatch):
    monkeypatch.setenv("AIGC_EDIT_CACHE", str(tmp_path / "here"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("AIGC_EDIT_MODELS_URL", "http://127.0.0.1:9/m")
    store = user_store()

    assert store.folder == tmp_path / "here" / "weights"
    assert store.others == (tmp_path / "cache",)
    assert store.mirror == "http://127.0.0.1:9/m"
