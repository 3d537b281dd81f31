"""What all tests share. Clips are made on the spot; `../shared` is used where it exists."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import settings

from aigc_edit.testing import ClipSpec, make_clip

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"

# Models load in the middle of an example, on machines that others use, too. The examples are the
# same in each run, so that a test that passed passes again; `make fuzz` looks for others.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("exploring", deadline=None, max_examples=1000)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees another one's cache and looks, or the user's."""
    monkeypatch.setenv("AIGC_EDIT_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("AIGC_EDIT_DATA", str(tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Small nets learn faster alone than with threads that wait for one another."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def shared_media() -> Path:
    """Real clips with known truth; they are not part of the project."""
    folder = SHARED / "media"
    if not folder.is_dir():
        pytest.skip("no real clips here: ../shared/media is missing")
    return folder


@pytest.fixture(scope="session")
def sample() -> Path:
    """The sample video of the project."""
    return ROOT / "examples" / "media" / "sample.mp4"


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="session")
def clap_clip(clip_folder: Path) -> Path:
    """Ten seconds at 30 fps; a flash and a beep at 1, 3.5, 6 and 9 s; a cut at 5 s."""
    claps = tuple(Fraction(t) for t in ("1", "3.5", "6", "9"))
    return make_clip(clip_folder / "clap.mp4", ClipSpec(frames=300, claps=claps, cuts=(150,)))


@pytest.fixture(scope="session")
def silent_film(clip_folder: Path) -> Path:
    """Two seconds without sound, a cut at one second."""
    spec = ClipSpec(frames=60, sound_rate=None, cuts=(30,))
    return make_clip(clip_folder / "silent.mp4", spec)
