"""Which stages there are: entry points of installed distributions, and plugins that were named."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from aigc_edit.api import Stage
from aigc_edit.errors import PluginError
from aigc_edit.pipeline.declared import check_stage_class
from aigc_edit.pipeline.plugin_files import load_plugin_file, plugin_files
from aigc_edit.strangers import Offer, loading, offers

GROUP = "aigc_edit.stages"
OURS = "aigc-edit"


@dataclass(frozen=True)
class StageEntry:
    """A stage that can be used, and where it comes from.

    Attributes:
        origin: the distribution or the file.
        place: the entry point with its distribution, or the file and line, for messages.
        rivals: origins of other stages of the same name.
    """

    name: str
    origin: str
    place: str
    loader: Callable[[], Any]
    rivals: tuple[str, ...] = ()

    def load(self) -> type[Stage]:
        """The class.

        Raises:
            PluginError: it cannot be imported, breaks the rules of a stage, or shares its name.
        """
        if self.rivals:
            raise PluginError(
                f"{' and '.join((self.origin, *self.rivals))} both bring a stage {self.name!r}",
                cure="Leave out or uninstall one of them.",
            )
        with loading(f"stage {self.name!r} of {self.origin}", self.place):
            loaded = self.loader()
            check_stage_class(loaded, self.name, self.place)
        stage: type[Stage] = loaded
        return stage


@dataclass(frozen=True)
class Registry(Mapping[str, StageEntry]):
    """All stages by name; `broken` are plugin files that could not be loaded."""

    entries: Mapping[str, StageEntry]
    broken: tuple[PluginError, ...] = ()

    def __getitem__(self, name: str) -> StageEntry:
        return self.entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def with_plugins(self, paths: Sequence[Path]) -> Registry:
        """With the stages of these folders and files.

        Raises:
            UsageError: there is no such folder or file.
        """
        found, broken = list(self.entries.values()), list(self.broken)
        for file in plugin_files(paths):
            try:
                found += [_file_entry(file, stage) for stage in load_plugin_file(file)]
            except PluginError as error:
                broken.append(error)
        return Registry(_by_name(found), tuple(broken))


@cache
def registered() -> Registry:
    """The stages of installed distributions."""
    return Registry(_by_name(map(_entry, offers(GROUP))))


def _entry(offer: Offer) -> StageEntry:
    return StageEntry(offer.name, offer.origin, offer.place, offer.loader)


def _file_entry(file: Path, stage: type[Stage]) -> StageEntry:
    return StageEntry(stage.name, str(file), _line_of(stage, file), lambda: stage)


def _line_of(stage: type[Stage], file: Path) -> str:
    """FILE:LINE of a class; a package defines it in one of its modules."""
    try:
        return f"{inspect.getsourcefile(stage)}:{inspect.getsourcelines(stage)[1]}"
    except (OSError, TypeError):  # made by code, so that no line defines it
        return str(file)


def _by_name(entries: Iterable[StageEntry]) -> dict[str, StageEntry]:
    found: dict[str, StageEntry] = {}
    for entry in entries:
        known = found.get(entry.name)
        if known is None:
            found[entry.name] = entry
        else:
            found[entry.name] = replace(known, rivals=(*known.rivals, entry.origin))
    return found
