"""From a YAML file to a checked pipeline: all problems at once, each with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pydantic

from aigc_edit.api import FrameFilter, Stage, StageOptions
from aigc_edit.errors import AigcEditError, PipelineError, Problem, UsageError, suggestion
from aigc_edit.pipeline.declared import make_stage
from aigc_edit.pipeline.option_errors import refusals
from aigc_edit.pipeline.registry import registered
from aigc_edit.pipeline.settings import Input, Output, spelled_out
from aigc_edit.pipeline.wiring import StageSpec, track_problems
from aigc_edit.pipeline.yaml_file import Document, Where, parse_yaml, read_yaml

SCHEMA_VERSION = 1
_TOP_KEYS = ("schema", "name", "description", "plugins", "input", "stages", "output")
Settings = TypeVar("Settings", Input, Output)
_STAGE_KEYS = ("uses", "with", "id", "steady")
_STEADY = ("steady",)


@dataclass(frozen=True)
class Pipeline:
    """A checked pipeline, ready to be planned."""

    name: str
    stages: tuple[StageSpec, ...]
    output: Output = field(default_factory=Output)
    description: str = ""
    input: Input = field(default_factory=Input)
    warnings: tuple[str, ...] = ()

    def of_kind(self, kind: str) -> tuple[StageSpec, ...]:
        return tuple(spec for spec in self.stages if spec.kind == kind)

    def describe(self) -> dict[str, Any]:
        """Everything that was decided by the file and its defaults, as JSON."""
        return {
            "name": self.name,
            "input": self.input.model_dump(mode="json"),
            "stages": [
                {
                    "id": spec.id,
                    "uses": spec.stage.name,
                    "version": spec.stage.version,
                    "with": spec.stage.options.model_dump(mode="json"),
                    **({"steady": spec.steady} if spec.kind == "frames" else {}),
                }
                for spec in self.stages
            ],
            "output": self.output.model_dump(mode="json"),
        }


@dataclass(frozen=True)
class PluginChoice:
    """Which plugin files may be loaded besides what is installed.

    Attributes:
        paths: folders and files that the user named.
        trusted: whether a pipeline file may name more of them.
    """

    paths: tuple[Path, ...] = ()
    trusted: bool = False

    def allows(self, path: Path) -> bool:
        named = {given.resolve() for given in self.paths}
        return self.trusted or not named.isdisjoint({path.resolve(), *path.resolve().parents})


def load_pipeline(
    path: str | Path, overrides: Sequence[str] = (), plugins: PluginChoice | None = None
) -> Pipeline:
    """A checked pipeline from a YAML file.

    Args:
        path: the file.
        overrides: `id.option=value`, from the command line; they win over the file.
        plugins: none but the installed ones by default.

    Raises:
        PipelineError: with every problem that was found.
        UsageError: an override that cannot be read, plugins that are not there.
    """
    checker = _Checker(read_yaml(Path(path)), plugins or PluginChoice(), Path(path).parent)
    return checker.pipeline(_parsed_overrides(overrides), Path(path).stem)


def pipeline_from_text(
    text: str, overrides: Sequence[str] = (), plugins: PluginChoice | None = None
) -> Pipeline:
    """As `load_pipeline`, from YAML text."""
    checker = _Checker(parse_yaml(text, "pipeline"), plugins or PluginChoice(), Path())
    return checker.pipeline(_parsed_overrides(overrides), "pipeline")


@dataclass(frozen=True)
class _Override:
    owner: str
    keys: tuple[str, ...]
    value: Any
    text: str

    def of(self, owner: str) -> _Override | None:
        """The override as one of that owner, whose name may have a dot; None if it is not."""
        words, own = (self.owner, *self.keys), tuple(owner.split("."))
        if words[: len(own)] != own or len(words) == len(own):
            return None
        return replace(self, owner=owner, keys=words[len(own) :])


def _parsed_overrides(texts: Sequence[str]) -> list[_Override]:
    found = []
    for text in texts:
        path, equals, value = text.partition("=")
        words = tuple(path.strip().split("."))
        if not equals or len(words) < 2 or not all(words):
            raise UsageError(
                f"--set {text!r} is not understood",
                cure="Write --set id.option=value, such as --set best_moments.duration=30s.",
            )
        found.append(_Override(words[0], words[1:], parse_yaml(value, "--set").data, text))
    return found


class _Checker:
    """Goes through a document once and collects what is wrong."""

    def __init__(self, document: Document, plugins: PluginChoice, folder: Path) -> None:
        """`folder`: what paths in the file are relative to."""
        self.document = document
        self.problems: list[Problem] = []
        self._plugins, self._folder = plugins, folder
        self._registry = registered()
        self._distrusted = False

    def note(self, where: Where, what: str, cure: str = "") -> None:
        self.problems.append(self.document.problem(where, what, cure))

    def pipeline(self, overrides: list[_Override], default_name: str) -> Pipeline:
        """The pipeline; PipelineError with all that is wrong with it."""
        pipeline = self._checked(overrides, default_name)
        if self.problems:
            raise PipelineError(self.document.path, tuple(self.problems))
        return pipeline

    def _checked(self, overrides: list[_Override], default_name: str) -> Pipeline:
        data = self.document.data
        if not isinstance(data, dict):
            self.note((), "a pipeline file is a mapping with `stages:`", "See pipelines/.")
            return Pipeline(default_name, ())
        self._keys(data, (), _TOP_KEYS)
        self._schema(data)
        self._load_plugins(data.get("plugins"))
        specs = self._stages(data.get("stages"), overrides)
        output = self._settings(Output, "output", data, overrides)
        source = self._settings(Input, "input", data, overrides)
        self._known_owners(overrides, specs)
        stages = tuple(spec for spec in specs if spec is not None)
        if len(stages) == len(specs):  # what an unknown stage writes is not known
            self.problems += track_problems(self.document, stages, self._registry)
        name = self._name(data.get("name", default_name))
        about = str(data.get("description") or "")
        warnings = tuple(f"{error}" for error in self._registry.broken)
        return Pipeline(name, stages, output, about, source, warnings)

    def _load_plugins(self, wanted: Any) -> None:
        """Adds the plugins that were named; a file from a stranger may not run code of its own."""
        paths = list(self._plugins.paths)
        if wanted is not None and not (
            isinstance(wanted, list) and all(isinstance(item, str) for item in wanted)
        ):
            self.note(("plugins",), "`plugins` is a list of folders and files")
            wanted = None
        for number, item in enumerate(wanted or ()):
            path = self._folder / item
            if self._plugins.allows(path):
                paths.append(path)
                continue
            self._distrusted = True
            cure = f"If you trust it, say --trust, or --plugins {path}."
            self.note(("plugins", number), f"this file wants to run code from {path}", cure)
        self._registry = self._registry.with_plugins(paths)

    def _keys(self, data: Mapping[Any, Any], where: Where, known: Sequence[str]) -> None:
        for key in data:
            if key not in known:
                self.note(
                    (*where, str(key)), f"no key {str(key)!r} here", suggestion(str(key), known)
                )

    def _name(self, given: Any) -> str:
        """The pipeline's name, which becomes part of file names."""
        name = str(given)
        if not name.strip() or set(name) & set("/\\\0\n"):
            self.note(("name",), f"{name!r} cannot be part of a file's name", "Use plain words.")
        return name

    def _schema(self, data: Mapping[str, Any]) -> None:
        version = data.get("schema")
        if version is None:
            self.note((), "`schema:` is missing", f"Write `schema: {SCHEMA_VERSION}` at the top.")
        elif version != SCHEMA_VERSION:
            cure = f"This version reads schema {SCHEMA_VERSION}; update aigc-edit."
            self.note(("schema",), f"schema {version!r} is not known", cure)

    def _stages(self, data: Any, overrides: list[_Override]) -> list[StageSpec | None]:
        if not isinstance(data, list) or not data:
            cure = "Write `stages:` and below it `  - uses: scenes`."
            self.note(("stages",), "there are no stages", cure)
            return []
        ids: dict[str, int] = {}
        return [self._stage(item, ("stages", k), ids, overrides) for k, item in enumerate(data)]

    def _stage(
        self, item: Any, where: Where, ids: dict[str, int], overrides: list[_Override]
    ) -> StageSpec | None:
        if isinstance(item, str):
            item = {"uses": item}
        if not isinstance(item, dict) or not isinstance(item.get("uses"), str):
            self.note(where, "a stage is `uses: NAME`, with `with:` and `id:` if wanted")
            return None
        self._keys(item, where, _STAGE_KEYS)
        name = item["uses"]
        stage_id = self._id(item, name, where, ids)
        if name not in self._registry:
            if not self._distrusted:  # else it may be there
                self.note((*where, "uses"), f'no stage named "{name}"', self._found_instead(name))
            return None
        own = [found for o in overrides if (found := o.of(stage_id))]
        return self._made(name, stage_id, item, where, own)

    def _found_instead(self, name: str) -> str:
        """What may help where there is no stage of a name."""
        if self._registry.broken:
            return f"It may be in what cannot be loaded: {self._registry.broken[0]}"
        close = suggestion(name, self._registry)
        if close.startswith("Did"):
            return close
        return "`aigc-edit stages` lists them; plugins in files are named with --plugins."

    def _id(self, item: Mapping[str, Any], name: str, where: Where, ids: dict[str, int]) -> str:
        wanted = item.get("id")
        stage_id = str(wanted or name)
        if wanted is None and stage_id in ids:
            stage_id = next(f"{name}_{n}" for n in range(2, 10_000) if f"{name}_{n}" not in ids)
        elif stage_id in ids:
            cure = f"It is also on line {ids[stage_id]}; give one another."
            self.note((*where, "id"), f"the id {stage_id!r} stands twice", cure)
        ids[stage_id] = self.document.place(where)[0]
        return stage_id

    def _made(
        self,
        name: str,
        stage_id: str,
        item: Mapping[str, Any],
        where: Where,
        overrides: list[_Override],
    ) -> StageSpec | None:
        try:
            entry = self._registry[name]
            stage_class = entry.load()
            steady, overrides = self._steady(stage_class, item, where, overrides)
            given = item.get("with")
            options = self._options(stage_class.Options, given, (*where, "with"), overrides)
            if options is None:
                return None
            stage = make_stage(stage_class, options, entry.place)
        except AigcEditError as error:
            what = f"{error.what} ({error.where})" if error.where else error.what
            self.note((*where, "uses"), what, error.cure)
            return None
        return StageSpec(stage_id, stage, steady)

    def _steady(
        self,
        stage: type[Stage],
        item: Mapping[str, Any],
        where: Where,
        overrides: list[_Override],
    ) -> tuple[bool, list[_Override]]:
        """Whether a step is steady, and the overrides that are left."""
        filters = issubclass(stage, FrameFilter)
        own = [o for o in overrides if filters and o.keys == _STEADY]
        left = [o for o in overrides if o not in own]
        said = [("", item["steady"])] if "steady" in item else []
        said += [(f"--set {o.text}: ", o.value) for o in own]
        if not said:
            return issubclass(stage, FrameFilter) and stage.steady, left
        by, value = said[-1]
        if problem := _steady_problem(stage, value):
            self.note((*where, "steady"), by + problem)
        return value is True, left

    def _settings(
        self, model: type[Settings], name: str, data: Mapping[str, Any], overrides: list[_Override]
    ) -> Settings:
        """The `input:` or `output:` part, with what was set on the command line."""
        own = [found for o in overrides if (found := o.of(name))]
        made = self._options(model, spelled_out(data.get(name)), (name,), own)
        return made if isinstance(made, model) else model()

    def _options(
        self, model: type[StageOptions], given: Any, where: Where, overrides: list[_Override]
    ) -> StageOptions | None:
        if given is not None and not isinstance(given, dict):
            self.note(where, "options are a mapping, such as `{duration: 60s}`")
            return None
        values = dict(given or {})
        for override in overrides:
            _put(values, override.keys, override.value)
        try:
            return model.given_in(self._folder, values)
        except pydantic.ValidationError as invalid:
            for refused in refusals(model, values, invalid):
                said = next((f"--set {o.text}: " for o in overrides if o.keys == refused.keys), "")
                self.note((*where, *refused.keys), f"{said}{refused.what}", refused.cure)
            return None

    def _known_owners(self, overrides: list[_Override], specs: list[StageSpec | None]) -> None:
        if None in specs:
            return  # its ids are not all known
        known = ["input", "output", *(spec.id for spec in specs if spec)]
        for override in overrides:
            if not any(override.of(owner) for owner in known):
                what = f"--set {override.text}: no stage has the id {override.owner!r}"
                self.note((), what, suggestion(override.owner, known))


def _steady_problem(stage: type[Stage], value: Any) -> str:
    """Why a step cannot be as steady as it says; empty if it can."""
    if not issubclass(stage, FrameFilter):
        return f"`steady` is for frame filters, and {stage.name} is none"
    if not isinstance(value, bool):
        return f"`steady` is true or false, not {value!r}"
    if value and stage.pixels == "yuv":
        return f"{stage.name} works on planes, and `steady` is for filters of RGB"
    return ""


def _put(values: dict[str, Any], keys: tuple[str, ...], value: Any) -> None:
    for key in keys[:-1]:
        inner = values.get(key)
        values[key] = dict(inner) if isinstance(inner, dict) else {}
        values = values[key]
    values[keys[-1]] = value
