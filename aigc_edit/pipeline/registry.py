"""Which stages there are: entry points of installed distributions, loaded when asked for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from aigc_edit.api import Stage
from aigc_edit.errors import PluginError

GROUP = "aigc_edit.stages"


@dataclass(frozen=True)
class StageEntry:
    """A stage that can be used, and where it comes from."""

    name: str
    distribution: str
    point: EntryPoint

    def load(self) -> type[Stage]:
        """The class.

        Raises:
            PluginError: it cannot be imported, or is not a stage.
        """
        try:
            loaded = self.point.load()
        except Exception as cause:
            raise PluginError(
                f"stage {self.name!r} of {self.distribution} cannot be loaded "
                f"({type(cause).__name__}: {cause})",
                where=self.point.value,
                cure="Repair or uninstall that plugin.",
            ) from cause
        if not (isinstance(loaded, type) and issubclass(loaded, Stage)):
            raise PluginError(f"{self.name!r} is not a stage", where=self.point.value)
        return loaded


@cache
def registered() -> Mapping[str, StageEntry]:
    """All stages by name.

    Raises:
        PluginError: two distributions claim one name.
    """
    entries: dict[str, StageEntry] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
        owner = point.dist.name if point.dist else "unknown"
        known = entries.get(point.name)
        if known and known.point.value != point.value:
            raise PluginError(
                f"two distributions bring a stage {point.name!r}: {known.distribution} and {owner}",
                cure="Uninstall one of them.",
            )
        entries[point.name] = StageEntry(point.name, owner, point)
    return entries


def suggestion(word: str, known: Iterable[str]) -> str:
    """'Did you mean ...?', or what there is."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    return f'Did you mean "{close[0]}"?' if close else f"There are: {', '.join(names) or 'none'}."
