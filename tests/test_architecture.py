"""The floors hold, and the public door is the one that was agreed."""

from __future__ import annotations

import inspect
import shutil
import subprocess
import sys
from pathlib import Path

import aigc_edit.api
from tests.conftest import ROOT

GOLDENS = Path(__file__).parent / "goldens"


def test_imports_run_downwards_and_stages_have_no_privileges():
    lint = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert lint, "import-linter belongs to the dev extra"
    done = subprocess.run(
        [lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_the_public_names_are_those_that_were_agreed():
    agreed = (GOLDENS / "api.txt").read_text().split()

    assert sorted(aigc_edit.api.__all__) == agreed


def test_every_public_name_is_there_and_has_its_words():
    for name in aigc_edit.api.__all__:
        value = getattr(aigc_edit.api, name)

        if inspect.isclass(value) or inspect.isfunction(value):
            assert (value.__doc__ or "").strip(), name


def test_importing_the_api_imports_nothing_heavy():
    heavy = ("torch", "librosa", "cv2", "scenedetect", "moviepy", "scipy.signal", "whisper")
    code = f"import sys, aigc_edit.api; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
