"""`aigc-edit models` as a person uses it, against a server on this machine.

A stand-in for openai-whisper's table, found on the import path as the real one is, names small
files; what the real table says is tested with the store.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.models.file_server import serving

SMALL = np.random.default_rng(6).bytes(3_000_000)
PLUGIN = '''
from aigc_edit.api import Analyzer, Audio, Regions
from aigc_edit.models.store import user_store

class Hears(Analyzer):
    """Needs weights."""

    name = "hears"
    needs, writes = (Audio(rate=16000),), (Regions.named("heard"),)

    def begin(self, context):
        user_store().ensured("whisper:tiny")

    def finish(self, tracks):
        return [Regions("heard", ())]
'''


@pytest.fixture
def server():
    with serving({"tiny.pt": SMALL}) as served:
        yield served


@pytest.fixture
def called(tmp_path, server):
    """Runs `aigc-edit` where Whisper's table names the small file."""
    digest = hashlib.sha256(SMALL).hexdigest()
    url = f"{server.address}/{digest}/tiny.pt"
    package = tmp_path / "packages" / "whisper"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        f"raise ImportError('never imported')\n_MODELS = {{'tiny': {url!r}, 'wee': {url!r}}}\n"
    )
    places = {"AIGC_EDIT_CACHE": "cache", "XDG_CACHE_HOME": "theirs"}
    env = os.environ | {name: str(tmp_path / folder) for name, folder in places.items()}
    env |= {"PYTHONPATH": os.pathsep.join([str(package.parent), str(ROOT)])}

    def call(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "aigc_edit", *arguments]
        return subprocess.run(
            command, env=env | more, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return call


def home(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "weights" / "whisper" / "tiny.pt"


def test_weights_are_listed_fetched_and_verified(called, tmp_path):
    before = called("models", "list")
    fetched = called("models", "fetch", "whisper:tiny")
    after = called("models", "list")
    verified = called("models", "verify")

    assert before.stdout.splitlines()[0].split() == ["whisper:tiny", "about", "76", "MB", "-"]
    assert f"fetched into {tmp_path / 'cache' / 'weights'} by: aigc-edit models" in before.stdout
    assert home(tmp_path).read_bytes() == SMALL
    assert fetched.stdout == f"whisper:tiny: {home(tmp_path)}\n"
    assert fetched.stderr.splitlines()[0] == "whisper:tiny: 3 MB"
    assert after.stdout.splitlines()[0].split() == [
        *("whisper:tiny", "3", "MB", "here"),
        str(home(tmp_path)),
    ]
    assert verified.stdout == f"{home(tmp_path)}: whisper:wee, nothing wrong\n"
    assert [run.returncode for run in (before, fetched, after, verified)] == [0, 0, 0, 0]


def test_a_wrong_file_is_told_by_verify_and_replaced_by_fetch(called, tmp_path):
    home(tmp_path).parent.mkdir(parents=True)
    home(tmp_path).write_bytes(SMALL[:-1])
    told = called("models", "verify", "whisper:tiny")

    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr == (
        f"aigc-edit: {home(tmp_path)}: this is not whisper:tiny. "
        "Fetch it: aigc-edit models fetch whisper:tiny\n"
    )
    assert called("models", "fetch", "whisper:tiny", "--quiet").returncode == 0
    assert called("models", "verify", "whisper:tiny").returncode == 0


def test_verify_says_what_is_not_here(called):
    told = called("models", "verify", "whisper:tiny")

    assert told.returncode == 1
    assert "whisper:tiny is not here. Fetch it: aigc-edit models fetch" in told.stderr
    assert called("models", "verify").returncode == 0


def test_an_unknown_name_is_told_before_anything_is_fetched(called, server):
    told = called("models", "fetch", "whisper:tiny", "whisper:tinny")

    assert told.returncode == 2
    assert told.stderr.endswith("named 'whisper:tinny'. Did you mean \"whisper:tiny\"?\n")
    assert server.asked == []


def test_a_download_that_broke_goes_on(called, server):
    server.breaks = [2_000_000]
    told = called("models", "fetch", "whisper:tiny")

    assert told.returncode == 0, told.stderr
    assert [asked for _, asked in server.asked] == [None, "bytes=2000000-"]


@pytest.mark.parametrize("how", [["--offline"], []])
def test_offline_a_run_stops_at_once_and_says_what_to_fetch(called, silent_film, tmp_path, how):
    (tmp_path / "hears.py").write_text(PLUGIN)
    (tmp_path / "p.yaml").write_text("schema: 1\nstages: [hears]\n")
    env = {} if how else {"AIGC_EDIT_OFFLINE": "1"}
    told = called("analyze", "p.yaml", str(silent_film), "--plugins", "hears.py", *how, **env)

    assert told.returncode == 1
    assert "whisper:tiny are not here, and nothing may be fetched (offline)" in told.stderr
    assert "aigc-edit models fetch whisper:tiny" in told.stderr


def test_offline_and_an_address_contradict_each_other(called, tmp_path):
    (tmp_path / "p.yaml").write_text("schema: 1\nstages: [motion]\n")
    told = called("analyze", "p.yaml", "http://127.0.0.1:9/a.mp4", "--allow-network", "--offline")

    assert told.returncode == 2
    assert "contradict" in told.stderr


def test_a_mirror_is_asked_instead(called, server, tmp_path):
    told = called("models", "fetch", "whisper:tiny", AIGC_EDIT_MODELS_URL=f"{server.address}/m")

    assert told.returncode == 0
    assert home(tmp_path).read_bytes() == SMALL


def test_help_teaches(called):
    told = called("models", "--help").stdout

    for word in ("list", "fetch", "verify", "AIGC_EDIT_MODELS_URL", "AIGC_EDIT_OFFLINE"):
        assert word in told
