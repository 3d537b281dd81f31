"""The stage keeps what stages promise."""

import pytest
from aigc_edit_chapters import Chapters


@pytest.mark.stages([Chapters, (Chapters, {"by": "pauses", "min_length": "10s"})])
def test_keeps_its_promises(promise):
    promise()
