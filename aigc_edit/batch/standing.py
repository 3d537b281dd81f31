"""Whether earlier results still hold, wherever they and their sources are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from aigc_edit.batch.places import Remote, Where, where_is
from aigc_edit.batch.remote import below, read, state_of
from aigc_edit.engine import RECORD_ENDING, Earlier, record_of, source_named
from aigc_edit.errors import AigcEditError


@dataclass(frozen=True)
class Standing:
    """Judges the results in a folder by their records, as `Earlier` does for this machine's.

    No source is fetched for it: the record of a result names the state of a source elsewhere.
    What it says nothing of is made again.
    """

    earlier: Earlier
    folder: Where

    def record(self, output: Where, source: Where) -> Mapping[str, Any] | None:
        """The record of a result that still holds; None if it must be made.

        Raises:
            AigcEditError: nobody can tell, since the results cannot be read.
        """
        if isinstance(output, Path) and isinstance(source, Path):
            return self.earlier.standing(output, source)
        record = record_of(output) if isinstance(output, Path) else self._read(output)
        if record is None or not self.earlier.is_current(record):
            return None
        return record if self._is_from(record, source) else None

    def other_source(self, output: Where, source: Where) -> Where | None:
        """Another source, still there, whose result has this name; None if there is none."""
        if isinstance(output, Path):
            named = source_named(output) if output.exists() else None
        else:
            record = self._read(output)
            named = record["source"]["path"] if record else None
        if named is None or named == str(source.absolute()):
            return None
        other = where_is(named)
        return other if _is_there(other) else None

    def _is_from(self, record: Mapping[str, Any], source: Where) -> bool:
        """Whether a result was made from a source as it is now."""
        if isinstance(source, Path):
            return self.earlier.has_bytes(record, source)
        now = source.state or state_of(source)
        if now is None or not now.version:  # a size alone proves nothing
            return False
        wanted = {"path": str(source), "state": now.to_json()}
        return all(record["source"].get(key) == fact for key, fact in wanted.items())

    @cached_property
    def _sizes(self) -> dict[str, int]:
        """Of all results that were there at first, in bytes, by URL."""
        assert isinstance(self.folder, Remote)
        return {file.url: file.state.size for file in below(self.folder) if file.state}

    def _read(self, output: Remote) -> Mapping[str, Any] | None:
        """The record of a result, if it is that of this very file."""
        noted = output.parent / f"{output.name}{RECORD_ENDING}"
        if noted.url not in self._sizes:
            return None
        try:
            record: Mapping[str, Any] = json.loads(read(noted))
            whole = record["output"]["bytes"] == self._sizes.get(output.url)
            return record if whole and isinstance(record["source"]["path"], str) else None
        except (ValueError, KeyError, TypeError):
            return None


def _is_there(other: Where) -> bool:
    """Whether a source is there; one that cannot be asked is."""
    if isinstance(other, Path):
        return other.exists()
    try:
        return state_of(other) is not None
    except AigcEditError:
        return True
