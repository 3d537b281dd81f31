"""What was heard, against what was said."""

from __future__ import annotations

import difflib
import re

import numpy as np

from aigc_edit.api import Transcript


def spelled(text: str) -> str:
    return re.sub(r"[^a-z']", "", text.lower())


def start_errors(found: Transcript, truth: list[dict]) -> np.ndarray:
    """Seconds by which the words that were recognised begin too late."""
    said = [(spelled(word.text), float(word.span.start)) for word in found.words]
    words = [spelled(word["w"]) for word in truth]
    matcher = difflib.SequenceMatcher(None, words, [text for text, _ in said], autojunk=False)
    return np.array(
        [
            said[block.b + k][1] - truth[block.a + k]["start"]
            for block in matcher.get_matching_blocks()
            for k in range(block.size)
        ]
    )
