"""What all engines that turn speech into words have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from aigc_edit.models.windows import Window
from aigc_edit.timeline import Word


class Recognizer(ABC):
    """Turns windows of speech into words.

    Attributes:
        batch: how many windows it takes at once, at best.
        punctuates: whether its words carry punctuation and capitals.
        language: ISO 639-1 code of what is spoken; empty until it is known.
    """

    batch: int = 1
    punctuates: bool = True
    language: str = ""

    @abstractmethod
    def words(self, windows: Sequence[Window]) -> list[Word]:
        """The words of at most `batch` windows, in order, in seconds of the source."""
