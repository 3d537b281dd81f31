"""One run whose source or result is elsewhere: fetched before, put there after."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aigc_edit.batch.places import Remote, Where
from aigc_edit.batch.remote import fetched, put
from aigc_edit.engine import Clock, RunResult
from aigc_edit.errors import AigcEditError, NoSpaceError
from aigc_edit.media import Scratch, scratch_for

FREE_SPACE = "Free some space, or name another folder by TMPDIR."
_NAME = "aigc-edit-remote"
_URL_SIGNS = "/:@!$&'()*+,;=~"  # that stand for themselves in a URL


def carried(
    source: Where, output: Where, clock: Clock, act: Callable[[Path, Path], RunResult]
) -> Mapping[str, Any]:
    """The record of a run from a source to an output, wherever they are.

    Args:
        clock: times what is carried.
        act: makes the run, with files of this machine; of copies nothing is left.

    Raises:
        AigcEditError: as the run does, or a file cannot be fetched or put.
    """
    if isinstance(source, Path) and isinstance(output, Path):
        return act(source, output).record
    with _private() as scratch:
        copies = _Copies(scratch.folder)
        came, went = copies.fetched(source, clock), copies.room_for(output)
        with copies.named_as_theirs():
            made = act(came, went)
        record = copies.retold(made, clock)
        if isinstance(output, Remote):
            with clock.running("upload", 0):
                put([(file, output.parent / file.name) for file in _record_last(made)])
    return {**record, "passes": [*made.record["passes"], *_costs(clock)]}


def remove_orphans() -> None:
    """Removes the copies that killed runs left on this machine."""
    with _private():
        pass


def _private() -> AbstractContextManager[Scratch]:
    return scratch_for(Path(tempfile.gettempdir()).absolute() / _NAME)


def _record_last(made: RunResult) -> list[Path]:
    """What a run made. A record that is there says that all of it is."""
    return [*made.files[:-1], made.output, made.files[-1]]


def _costs(clock: Clock) -> list[dict[str, Any]]:
    return [
        {"pass": cost.name, "seconds": round(cost.seconds, 3), "frames": cost.frames}
        for cost in clock.costs
    ]


@dataclass
class _Copies:
    """Folders of this machine that stand for folders elsewhere; files in them have their names."""

    folder: Path
    _stand_for: dict[Path, Remote] = field(default_factory=dict)
    _noted: dict[str, Any] = field(default_factory=dict)

    def fetched(self, source: Where, clock: Clock) -> Path:
        """A source, or its copy."""
        if isinstance(source, Path):
            return source
        folder = self._folder("in", source.parent)
        with clock.running("fetch", 0):
            copy, state = fetched(source, folder, cure=FREE_SPACE)
        self._noted = {"path": str(source), "state": state.to_json()}
        return copy

    def room_for(self, output: Where) -> Path:
        """An output, or where the run writes it first."""
        return (
            output if isinstance(output, Path) else self._folder("out", output.parent) / output.name
        )

    def _folder(self, name: str, place: Remote) -> Path:
        folder = self.folder / name
        folder.mkdir()
        self._stand_for[folder] = place
        return folder

    @contextmanager
    def named_as_theirs(self) -> Iterator[None]:
        """Errors of a run speak of what is elsewhere, and not of copies that are gone."""
        try:
            yield
        except AigcEditError as error:
            if isinstance(error, NoSpaceError) and Path(error.where).is_relative_to(self.folder):
                error.where, error.cure = str(self.folder.parent), FREE_SPACE
            for folder, place in self._stand_for.items():
                error.what = error.what.replace(str(folder), str(place))
                error.where = error.where.replace(str(folder), str(place))
            raise

    def retold(self, made: RunResult, clock: Clock) -> Mapping[str, Any]:
        """The record of a run, in which copies have the names of what they stand for, as they have
        in all files beside the output; the state of the source is in it, too."""
        texts = {file: self._retold(file.read_bytes()) for file in made.files}
        record: dict[str, Any] = json.loads(texts[made.files[-1]])
        record["source"] |= self._noted
        record["passes"] = [*_costs(clock), *record["passes"]]
        texts[made.files[-1]] = json.dumps(record, indent=1, ensure_ascii=False)
        with scratch_for(made.output) as scratch:
            for number, text in enumerate(texts.values()):
                scratch.write(f"told{number}", text)
            scratch.publish({f"told{number}": file for number, file in enumerate(texts)})
        return record

    def _retold(self, content: bytes) -> bytes | str:
        for folder, place in self._stand_for.items():
            address = quote(str(place), safe=_URL_SIGNS, errors="surrogateescape")
            content = content.replace(folder.as_uri().encode(), address.encode())
            text = json.dumps(str(place), ensure_ascii=False)[1:-1]  # most files beside are JSON
            content = content.replace(bytes(folder), text.encode("utf-8", "backslashreplace"))
        return content
