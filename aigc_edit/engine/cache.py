"""Tracks that were found before: kept by content, so that a moved or renamed file still counts."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from aigc_edit.api import Stage, Track
from aigc_edit.media import Damage, Source
from aigc_edit.strangers import code_digest
from aigc_edit.timeline import track_from_json, track_json

_CHUNK = 1 << 20


@dataclass(frozen=True)
class TrackCache:
    """Tracks on disk by key; a folder of None keeps nothing and finds nothing."""

    folder: Path | None

    def source_digest(self, path: Path) -> str:
        """SHA-256 of the file's bytes; remembered by its size, time and place."""
        facts = path.stat()
        identity = [str(path.absolute()), facts.st_size, facts.st_mtime_ns, facts.st_ino]
        note = self._path("sources", _digest(json.dumps(identity)))
        with suppress(OSError):
            if note is not None:
                return note.read_text("ascii")
        digest = _file_digest(path, facts.st_size, facts.st_mtime_ns)
        self._write(note, digest)
        return digest

    def source_key(self, source: Source) -> str:
        """The bytes of a source and which of its streams are read, as one word."""
        chosen = (source.video, source.audio, source.subtitles)
        streams = [stream.index if stream is not None else None for stream in chosen]
        return _digest(json.dumps([self.source_digest(source.path), streams]))

    def damage(self, source: Source, found: Damage) -> Damage:
        """What was found wrong with a source, now and whenever its tracks were made."""
        key = _digest(json.dumps(["damage", code_digest("aigc_edit"), self.source_key(source)]))
        path = self._path("damage", key)
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            if path is not None:
                found.add(Damage.from_json(json.loads(path.read_text("utf-8"))))
        self._write(path, json.dumps(found.to_json()))
        return found

    def key(self, stage: Stage, source_digest: str, upstream: Sequence[str]) -> str:
        """What the tracks of a stage depend on, as one word."""
        facts = {
            "source": source_digest,
            "code": [code_digest("aigc_edit"), code_digest(type(stage).__module__)],
            "stage": [type(stage).__module__, stage.name, stage.version],
            "options": stage.options.model_dump(mode="json"),
            "weights": stage.weights(),
            "upstream": sorted(upstream),
        }
        return _digest(json.dumps(facts, sort_keys=True))

    def load(self, key: str) -> tuple[Track, ...] | None:
        """The tracks of a key; None where there are none, or the file is damaged."""
        path = self._path("tracks", key)
        if path is None:
            return None
        try:
            data = json.loads(path.read_text("utf-8"), parse_float=Decimal)
            return tuple(track_from_json(t) for t in data)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def store(self, key: str, tracks: Sequence[Track]) -> None:
        text = json.dumps([track_json(t) for t in tracks], ensure_ascii=False)
        self._write(self._path("tracks", key), text)

    def _path(self, room: str, key: str) -> Path | None:
        return self.folder / room / f"{key}.json" if self.folder else None

    def _write(self, path: Path | None, text: str) -> None:
        """Whole or not at all; a cache that cannot be written is no reason to stop."""
        if path is None:
            return
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, part = tempfile.mkstemp(dir=path.parent)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(text)
                Path(part).replace(path)
            except OSError:
                Path(part).unlink(missing_ok=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _file_digest(path: Path, _size: int, _changed: int) -> str:
    """SHA-256 of a file, once for each state of it."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
