"""Music to learn from: the corpus that music21 carries, and folders of MIDI files."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from aigc_edit.engine.midi_scores import read_midi
from aigc_edit.engine.score_lines import LONGEST, Event, line_of, piece_of
from aigc_edit.errors import UsageError, one_line
from aigc_edit.folders import cache_folder
from aigc_edit.models.music import MOST_VOICES, Corpus, Key, Meter, Note, Piece, Work

_FORMAT = 2  # of the cache


@dataclass(frozen=True)
class _Source:
    """What of music21's corpus is read: folders, what file names begin with, how many parts."""

    folders: tuple[str, ...]
    begin: str = ""
    parts: int | None = None


_CORPORA = {
    "bach": _Source(("bach",), "bwv", parts=4),
    "beethoven": _Source(("beethoven", "haydn"), parts=4),
    "folk": _Source(("essenFolksong",), parts=1),
}


def read_corpus(name: str, voices: int = MOST_VOICES) -> Corpus:
    """A corpus of music21 by its name (bach, beethoven, folk), or a folder of MIDI files.

    Args:
        voices: of MIDI files, how many lines are kept at most, those with most notes.

    Raises:
        UsageError: it is neither, holds no music, or music21 is needed and not installed.
    """
    if name in _CORPORA:
        return _bundled(name)
    folder = Path(name)
    if not folder.is_dir():
        known = ", ".join(_CORPORA)
        raise UsageError(f"there is no corpus {name}", cure=f"Give {known}, or a folder of MIDI.")
    return _midi_folder(folder, voices)


# What music21 carries


def _bundled(name: str) -> Corpus:
    """Read once and kept in the cache, since music21 takes minutes."""
    try:
        import music21
    except ImportError as cause:
        what, cure = f"the corpus {name} comes with music21", "pip install music21"
        raise UsageError(what, cure=f"Install it: {cure}") from cause
    path = cache_folder() / "music" / f"{name}-{music21.__version__}-{_FORMAT}.jsonl"
    files = [_FileRead(**json.loads(line)) for line in _lines(path, _CORPORA[name])]
    contents = {title: content for file in files for title, content in file.works.items()}
    works = [Work(title, name, _from_json(content)) for title, content in contents.items()]
    return Corpus.parted(works, [reason for file in files for reason in file.skipped])


@dataclass(frozen=True)
class _FileRead:
    """What a file of the corpus holds: pieces by title, and why others were left out."""

    stem: str
    works: dict[str, Any]
    skipped: list[str]


def _lines(path: Path, source: _Source) -> list[str]:
    """A line of JSON for each file; written as they are read, so that a stop loses little."""
    path.parent.mkdir(parents=True, exist_ok=True)
    known = path.read_text("utf-8").splitlines() if path.is_file() else []
    stems = {json.loads(line)["stem"] for line in known}
    with path.open("a", encoding="utf-8") as cache:
        for file in _files(source):
            if _title(file) not in stems:
                known.append(json.dumps(asdict(_read_file(file, source))))
                cache.write(known[-1] + "\n")
                cache.flush()
    return known


def _files(source: _Source) -> list[Path]:
    """One of several formats of each score."""
    from music21 import corpus

    paths = [Path(path) for folder in source.folders for path in corpus.getComposer(folder)]
    stems = {path.with_suffix(""): path for path in paths if path.name.startswith(source.begin)}
    return [path for _, path in sorted(stems.items())]


def _title(path: Path) -> str:
    return "/".join((*path.parts[path.parts.index("corpus") + 1 : -1], path.stem))


def _read_file(path: Path, source: _Source) -> _FileRead:
    from music21 import corpus, stream

    found = _FileRead(_title(path), {}, [])
    try:
        parsed = corpus.parse(path)
    except Exception as cause:  # noqa: BLE001 -- whatever stops music21, the next file counts
        found.skipped.append(f"{found.stem}: {one_line(cause)}")
        return found
    scores = list(parsed.scores) if isinstance(parsed, stream.Opus) else [parsed]
    for number, score in enumerate(scores, 1):
        title = f"{found.stem}#{number}" if len(scores) > 1 else found.stem
        try:
            found.works[title] = _to_json(_piece_of_score(score, source))
        except ValueError as cause:
            found.skipped.append(f"{title}: {cause}")
    return found


def _piece_of_score(score: Any, source: _Source) -> Piece:
    parts = list(score.parts)
    if len(parts) != source.parts:
        raise ValueError(f"{len(parts)} parts")
    flat = [part.stripTies().flatten() for part in parts]
    meters = [(it.offset, it) for it in flat[0].getElementsByClass("TimeSignature")]
    if not meters:
        raise ValueError("no metre")
    meter = Meter(meters[0][1].numerator, meters[0][1].denominator)
    stop = next((_sixteenth(at) for at, it in meters if (it.numerator, it.denominator)
                 != (meter.beats, meter.unit)), LONGEST)  # fmt: skip
    lines = [line_of(_events(part), stop) for part in flat]
    first = parts[0].getElementsByClass("Measure").first()
    padding = _sixteenth(first.paddingLeft) if first is not None else 0
    phrases = {_sixteenth(note.offset) for part in flat for note in part.notes
               if any("Fermata" in it.classes for it in note.expressions)}  # fmt: skip
    return piece_of(lines, meter, padding, phrases)


def _events(part: Any) -> list[Event]:
    return [
        Event(_sixteenth(n.offset), _sixteenth(n.offset + n.duration.quarterLength), pitch.midi)
        for n in part.notes
        if n.duration.quarterLength and hasattr(n, "pitches")
        for pitch in n.pitches
    ]


def _sixteenth(quarters: float | Fraction) -> int:
    return round(Fraction(quarters) * 4)


# Folders of MIDI files


def _midi_folder(folder: Path, voices: int) -> Corpus:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".mid", ".midi"))
    style = "-".join(folder.resolve().name.replace(":", " ").split()) or "mine"
    works: list[Work] = []
    skipped: list[str] = []
    for path in files:
        title = str(path.relative_to(folder))
        try:
            works.append(Work(title, style, read_midi(path, voices)))
        except ValueError as cause:
            skipped.append(f"{title}: {cause}")
    if not works:
        told = f" ({'; '.join(skipped[:3])})" if skipped else ""
        what = f"no music in this folder{told}"
        raise UsageError(what, where=folder, cure="Name a folder of MIDI files.")
    return Corpus.parted(works, skipped)


# The cache


def _to_json(piece: Piece) -> dict[str, Any]:
    return {
        "key": [piece.key.tonic, piece.key.mode],
        "meter": [piece.meter.beats, piece.meter.unit],
        "voices": piece.voices,
        "notes": [[n.start, n.voice, n.duration, n.pitch] for n in piece.notes],
        "entry": piece.entry,
        "phrases": list(piece.phrases),
    }


def _from_json(content: Any) -> Piece:
    return Piece(
        Key(*content["key"]),
        Meter(*content["meter"]),
        content["voices"],
        tuple(Note(*values) for values in content["notes"]),
        content["entry"],
        tuple(content["phrases"]),
    )
