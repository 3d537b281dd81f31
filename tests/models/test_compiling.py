"""Nets that are compiled make the same pictures; where there is no compiler, it is said."""

from __future__ import annotations

import pytest
import torch

from aigc_edit.errors import ModelError
from aigc_edit.models.compiling import Compiled

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning"),  # what torch does itself
]


@pytest.fixture
def kept_nowhere(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


@pytest.mark.usefixtures("kept_nowhere")
def test_no_compiler_is_told_with_what_to_do():
    from torch._inductor import config

    net = Compiled(lambda frames: (2 * frames).sigmoid())
    nowhere = config.patch({"cpp.cxx": (None, "/nowhere/c++")})

    with nowhere, pytest.raises(ModelError, match=r"compiler.*leave `compile` out"):
        net(torch.rand(1, 3, 8, 8))


@pytest.mark.usefixtures("kept_nowhere")
def test_a_compiled_net_makes_the_same_pictures():
    def net(frames: torch.Tensor) -> torch.Tensor:
        return (2 * frames).sigmoid() + frames.mean()

    frames = torch.rand(1, 3, 8, 8)
    try:
        made = Compiled(net)(frames)
    except ModelError as error:
        pytest.skip(str(error))

    torch.testing.assert_close(made, net(frames))
