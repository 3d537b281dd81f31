"""Both stages keep what stages promise."""

import pytest
from aigc_edit_skip_black import Blackness, SkipBlack


@pytest.mark.stages([Blackness, SkipBlack])
def test_keeps_its_promises(promise):
    promise()
