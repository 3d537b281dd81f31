"""The floors hold, and the public door is the one that was agreed."""

from __future__ import annotations

import ast
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


def test_plugins_import_nothing_of_ours_but_the_api():
    modules = sorted(ROOT.glob("plugins/*/aigc_edit_*/**/*.py"))
    found = {(str(m.relative_to(ROOT)), name) for m in modules for name in _ours(m)}

    assert {name for _, name in found} == {"aigc_edit.api"}, found


def _ours(module: Path) -> set[str]:
    """What a module imports of aigc_edit, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {str(node.module)}
    return {name for name in names if name.partition(".")[0] == "aigc_edit"}
