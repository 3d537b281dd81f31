"""Every stage of ours keeps what we ask of strangers'."""

from __future__ import annotations

import pytest

from aigc_edit.pipeline import OURS, registered
from tests.conftest import ROOT

_MUST_BE_GIVEN = {
    "given_spans": {"spans": [["1s", "2s"], ["4s", "6s"]]},
    "style_vae": {"reference": ROOT / "docs" / "captions.jpg"},
}
_ALSO = (
    ("scenes", {"detector": "content"}),
    ("best_moments", {"snap": "beats"}),
    ("grade", {"contrast": 1.2, "warmth": -0.5}),
)

_OWN = {name: entry.load() for name, entry in registered().items() if entry.origin == OURS}


@pytest.mark.stages(
    [
        *((stage, _MUST_BE_GIVEN.get(name)) for name, stage in _OWN.items()),
        *((_OWN[name], options) for name, options in _ALSO),
    ]
)
def test_keeps_its_promises(promise):
    promise()
