"""Where results go: each input has an output of its own, below one folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter

from aigc_edit.batch.inputs import Input, files_of
from aigc_edit.batch.places import Remote, Where, on_disk
from aigc_edit.engine import made_from, record_of, short_name
from aigc_edit.errors import UsageError, suggestion
from aigc_edit.media import CONTAINERS

DEFAULT_TEMPLATE = "{folder}/{stem}.{pipeline}.{ext}"
FIELDS = ("folder", "stem", "name", "pipeline", "ext")


@dataclass(frozen=True, slots=True)
class Job:
    """One input and the file that it becomes; `place` is below the folder of all results."""

    input: Input
    output: Where
    place: Path


@dataclass(frozen=True)
class Template:
    """How outputs are named.

    Attributes:
        text: with the fields folder (of the input, below the one that was named), stem, name
            (with its ending), pipeline, ext.
        pipeline: its name.
        ext: the ending of results, without a dot.
    """

    text: str
    pipeline: str
    ext: str

    def __post_init__(self) -> None:
        """Raises UsageError where it cannot name anything."""
        for field_name in self._fields():
            if field_name not in FIELDS:
                what = f"--name: no field {{{field_name}}}"
                raise UsageError(what, cure=suggestion(field_name, FIELDS))

    def _fields(self) -> list[str]:
        try:
            parts = list(Formatter().parse(self.text))
        except ValueError as cause:
            raise UsageError(f"--name cannot be read ({cause})", where=self.text) from cause
        if any(spec or conversion for _, _, spec, conversion in parts):
            raise UsageError("--name takes fields as they are", where=self.text)
        return [name for _, name, _, _ in parts if name is not None]

    def applied(self, given: Input) -> Path:
        """The place of an input's result, below the folder of all results.

        Raises:
            UsageError: it would lie elsewhere.
        """
        facts = {
            "folder": str(given.folder),
            "stem": given.path.stem,
            "name": given.path.name,
            "pipeline": self.pipeline,
            "ext": self.ext,
        }
        # A file that is named itself has no folder, and what follows is no root.
        place = Path(f"./{self._with_ending().format_map(facts)}")
        if ".." in place.parts or self.text.startswith("/"):
            what = f"--name leads out of the folder: {place}"
            raise UsageError(what, where=str(given.path))
        return place.with_name(short_name(place.stem, place.suffix))

    def _with_ending(self) -> str:
        endings = ("{ext}", *CONTAINERS)
        return self.text if self.text.endswith(endings) else f"{self.text}.{{ext}}"


@dataclass
class Names:
    """Gives out outputs; none twice, and none that is an input."""

    template: Template
    folder: Where
    _owners: dict[Where, Where] = field(default_factory=dict)

    def jobs(self, inputs: Iterable[Input]) -> list[Job]:
        """A job for each new input, results of earlier runs left out.

        Raises:
            UsageError: two of them would write one output.
        """
        every = list(inputs)
        sources = files_of(every)
        jobs = [self.job(given) for given in every if not self._is_ours(given, sources)]
        kept = files_of(job.input for job in jobs)
        overwritten = [job for job in jobs if on_disk(job.output) in kept]
        if overwritten:
            job = overwritten[0]
            raise UsageError(
                f"its result would be written over another input, {job.output}",
                where=str(job.input.path),
                cure="Name another folder with -o.",
            )
        return jobs

    def job(self, given: Input) -> Job:
        """The job of one input. Raises UsageError where its output is another one's already."""
        place = self.template.applied(given)
        output = self.folder / place
        owner = self._owners.setdefault(output, given.path)
        if owner != given.path:
            raise UsageError(
                f"{owner} and {given.path} would write one file",
                where=str(output),
                cure="Tell them apart with --name, such as '{folder}/{name}.{pipeline}'.",
            )
        return Job(given, output, place)

    def _is_ours(self, given: Input, sources: set[Where]) -> bool:
        """Whether a file that was found is a result: of another input, or of an earlier run of
        this pipeline into this folder. Elsewhere the search knows."""
        if given.named or isinstance(given.path, Remote):
            return False
        source = made_from(given.path)
        if source is None:
            return False
        here = on_disk(self.folder) in given.path.absolute().parents
        record = record_of(given.path) if here else None
        same = record is not None and record["pipeline"]["name"] == self.template.pipeline
        return same or source in sources - {given.path.absolute()}
