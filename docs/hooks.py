"""What mkdocs does while it builds: pages and parts of pages that are made of the code itself.

Nothing that is made here is committed, so that nothing can be out of date. In a page,
`<!-- made here: NAME -->` stands for the part of that name.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

import aigc_edit.api
from aigc_edit.api import Analyzer, Audio, FrameFilter, Frames, Stage, TrackRef
from aigc_edit.pipeline import OURS, registered
from aigc_edit.testing import promises

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
KINDS = {
    "analyze": ("Analyzers", "find tracks in the source"),
    "select": ("Selectors", "choose what is kept"),
    "frames": ("Frame filters", "change the picture"),
    "audio": ("Audio filters", "change the sound"),
    "deliver": ("Sinks", "write files beside the result"),
}
# What the units' schemas give as their example, in words.
UNITS = {
    "1m30s": "time, such as `1m30s`, `250ms`, `1:02.5` or seconds",
    "-12 dB": "decibels, such as `-12 dB`",
    "-14 LUFS": "loudness, such as `-14 LUFS`",
    "30000/1001": "frames a second, such as `25`, `29.97` or `30000/1001`",
}
SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
# For options without a default.
MUST_BE_GIVEN = {
    "given_spans": {"spans": [["10s", "20s"], ["1m", "1m5s"]]},
    "style_vae": {"reference": "painting.jpg", "strength": {"from": 0, "to": 1, "over": "5s"}},
}
_FENCE = re.compile(r"^```.+$", re.MULTILINE)
_FOR_TESTS = re.compile(r' (?:norun|plugins|fails|small)="[^"]*"')
_MARK = re.compile(r"<!-- made here: (\w+) -->")


# What mkdocs calls.


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """The made pages get their places in the navigation."""
    stages = [{name: f"stages/{name}.md"} for name in own_stages()]
    plugins = [{path.parts[-2]: f"plugins/{path.parts[-2]}.md"} for path in plugin_readmes()]
    config.nav = [
        *(config.nav or []),
        {"Stages": ["stages/index.md", *stages]},
        {"Plugins": ["plugins/index.md", *plugins]},
    ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the made pages."""
    from mkdocs.structure.files import File  # noqa: PLC0415 -- the tests read pages without mkdocs

    for path, text in made_pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Fills in the made parts, and takes out of info strings what only the tests read."""
    del page, config, files
    return _FENCE.sub(lambda line: _FOR_TESTS.sub("", line[0]), filled(markdown))


# What is made.


def filled(text: str) -> str:
    """A page with its made parts."""
    return _MARK.sub(lambda mark: PARTS[mark[1]](), text)


def made_pages() -> dict[str, str]:
    """Markdown by path within docs/."""
    pages = {"stages/index.md": stage_index(), "plugins/index.md": plugin_index()}
    pages |= {f"stages/{name}.md": stage_page(name) for name in own_stages()}
    for readme in plugin_readmes():
        pages[f"plugins/{readme.parts[-2]}.md"] = readme.read_text("utf-8")
    return pages


def own_stages() -> dict[str, type[Stage]]:
    """The built-in stages by name, in order of kind."""
    loaded = [entry.load() for entry in registered().values() if entry.origin == OURS]
    return {s.name: s for kind in KINDS for s in loaded if s.kind == kind}


def plugin_readmes() -> list[Path]:
    """The READMEs of the plugins that live in this repository."""
    return sorted(ROOT.glob("plugins/*/README.md"))


def stage_index() -> str:
    """All built-in stages by kind, one line each."""
    lines = ["# Stages", "", "What can stand after `uses:` wherever aigc_edit is installed.", ""]
    for kind, (title, what) in KINDS.items():
        lines += [f"## {title}: {what}", "", "| stage | |", "|---|---|"]
        members = (stage for stage in own_stages().values() if stage.kind == kind)
        lines += [f"| [{s.name}]({s.name}.md) | {_paragraphs(s)[0]} |" for s in members]
        lines.append("")
    return "\n".join(lines)


def plugin_index() -> str:
    """The plugins of this repository, one line each."""
    lines = ["# Plugins", "", "Distributions of their own, from `plugins/` in the repository.", ""]
    for readme in plugin_readmes():
        name = readme.parts[-2]
        about = readme.read_text("utf-8").split("\n\n")[1].replace("\n", " ")
        lines.append(f"- [{name}]({name}.md): {about}")
    return "\n".join(lines) + "\n"


def stage_page(name: str) -> str:
    """All that a stage's class says of itself."""
    stage = own_stages()[name]
    title, what = KINDS[stage.kind]
    options = stage.Options.option_fields()
    facts = [
        ("kind", f"[{title.lower()}](../kinds.md): {what}"),
        *_facts(stage),
        ("version", stage.version),
    ]
    parts = [
        f"# {name}",
        *_paragraphs(stage),
        _table(("", ""), [(f"**{word}**", said) for word, said in facts]),
        "## Options",
        _options(stage),
        "## Example",
        f"```yaml\n{example(stage)}```",
        "Options are written out here; what is left out has its default." if options else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def example(stage: type[Stage]) -> str:
    """A pipeline with a stage, all of its options, and what writes the tracks that it reads."""
    made = stage.Options.model_validate(MUST_BE_GIVEN.get(stage.name, {}))
    options = MUST_BE_GIVEN.get(stage.name) or made.model_dump(mode="json")
    steps = "".join(f"  - uses: {name}\n" for name in (*_before(stage), stage.name))
    if options:
        written = yaml.safe_dump(options, default_flow_style=True, sort_keys=False, width=1000)
        steps += f"    with: {written}"
    return f"schema: 1\nname: {stage.name}\nstages:\n{steps}"


def _before(stage: type[Stage]) -> list[str]:
    """Names of the stages that must stand above one, so that it finds all that it can read."""
    found: dict[str, None] = {}
    for ref in _declared(stage, "reads"):
        for other in own_stages().values():
            if ref.name in {written.name for written in _declared(other, "writes")}:
                found |= dict.fromkeys((*_before(other), other.name))
    return list(found)


def _declared(stage: type[Stage], word: str) -> tuple[Any, ...]:
    """`reads`, `writes` or `needs`, with the options that the example has."""
    made = stage(stage.Options.model_validate(MUST_BE_GIVEN.get(stage.name, {})))
    return tuple(getattr(made, word))


def _paragraphs(stage: type[Stage]) -> list[str]:
    return (inspect.getdoc(stage) or "").split("\n\n")


def _facts(stage: type[Stage]) -> Iterator[tuple[str, str]]:
    if issubclass(stage, Analyzer):
        yield "sees and hears", _listed(_need(need) for need in _declared(stage, "needs"))
    for word in ("reads", "writes"):
        if refs := _declared(stage, word):
            yield word, _listed(_track(ref) for ref in refs)
    if issubclass(stage, FrameFilter):
        yield "frames", f"{stage.pixels}, {stage.dtype}, {stage.context} neighbours on each side"
    for suffix in getattr(stage, "suffixes", ()):
        yield "writes", f"`NAME{suffix}`"


def _listed(items: Iterator[str]) -> str:
    return ", ".join(items) or "nothing but tracks"


def _track(ref: TrackRef) -> str:
    return f"`{ref.name}` ({ref.kind.__name__}{', optional' if ref.optional else ''})"


def _need(need: Frames | Audio) -> str:
    if isinstance(need, Audio):
        channels = {None: "all channels", 1: "mono"}.get(need.channels, f"{need.channels} channels")
        return f"sound ({f'{need.rate} Hz' if need.rate else 'its own rate'}, {channels})"
    sides = {"wide": need.width, "high": need.height, "on the longer side": need.side}
    size = " ".join(f"{side} px {word}" for word, side in sides.items() if side)
    rate = f"{need.fps:g} a second at most" if need.fps else "all of them"
    return f"frames ({size or 'full size'}, {rate}, {need.pixels})"


def _options(stage: type[Stage]) -> str:
    rows = [
        (f"`{name}`", _type(stage, name, field), _range(field), _default(field), field.description)
        for name, field in stage.Options.option_fields().items()
    ]
    if not rows:
        return "None."
    return _table(("option", "what it takes", "range", "default", "meaning"), rows)


def _type(stage: type[Stage], name: str, field: FieldInfo) -> str:
    if choices := _choices(field.annotation):
        return " or ".join(f"`{choice}`" for choice in choices)
    facts = stage.Options.model_json_schema()["properties"][name]
    for example_of_unit in facts.get("examples", ()):
        return UNITS[example_of_unit]
    if any("$ref" in kind for kind in facts.get("anyOf", ())):
        numbers = any(kind.get("type") == "number" for kind in facts["anyOf"])
        return "number or mapping" if numbers else "mapping"
    return {"number": "number", "integer": "whole number", "boolean": "`true` or `false`"}.get(
        facts.get("type"), "list" if facts.get("type") == "array" else "text"
    )


def _choices(annotation: Any) -> tuple[str, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if get_origin(annotation) in (Union, UnionType):
        return tuple(choice for part in get_args(annotation) for choice in _choices(part))
    return ()


def _range(field: FieldInfo) -> str:
    limits = ((SIGNS[word], getattr(m, word, None)) for m in field.metadata for word in SIGNS)
    return ", ".join(f"{sign} {value:g}" for sign, value in limits if value is not None)


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "must be given"
    return "none" if field.default is None else f"`{field.default}`"


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def promise_list() -> str:
    """What the kit checks, by kind."""
    by_kinds: dict[tuple[type[Stage], ...], list[str]] = {}
    for promise in promises.PROMISES:
        by_kinds.setdefault(promise.kinds, []).append(f"- `{promise.name}`: {promise.words}")
    return "\n".join(
        line
        for kinds, lines in by_kinds.items()
        for line in ("", f"**{_of_kinds(kinds)}**", "", *lines)
    )


def _of_kinds(kinds: tuple[type[Stage], ...]) -> str:
    if kinds == (Stage,):
        return "Every stage"
    return ", ".join(kind.__name__ for kind in kinds)


# The API.


def api_reference() -> str:
    """Every public name with its signature and its docstring."""
    return "\n\n".join(_described(name) for name in aigc_edit.api.__all__)


def _described(name: str) -> str:
    value = getattr(aigc_edit.api, name)
    head = f"## {name}"
    if not (inspect.isclass(value) or inspect.isfunction(value)):
        return f"{head}\n\n{ALIASES[name]}"
    parts = [head, _code(_signature(name, value)), _prose(value)]
    if inspect.isclass(value):
        parts += [part for member in _members(value) for part in member]
    return "\n\n".join(part for part in parts if part)


# Names that are no classes have no docstring.
ALIASES = {
    "API_VERSION": f"`{aigc_edit.api.API_VERSION}`: counts what breaks plugins that were written "
    "before. A stage says in `api_version` which one it was written for.",
    "Decibels": "The type of an option in decibels: `-12 dB` or a number in a pipeline file, "
    "a `float` in Python.",
    "FilePath": "The type of an option that names a file to read: from the folder of the pipeline "
    "file, or, where there is none, from the working folder; a `Path` in Python.",
    "FrameRate": "The type of an option in frames a second: `25`, `30000/1001`, or `29.97`, which "
    "means the latter; an exact `Fraction` in Python.",
    "LoudnessUnits": "The type of an option in LUFS: `-14 LUFS` or a number in a pipeline file, "
    "a `float` in Python.",
    "Samples": "Sound as NumPy holds it: float32 `[C, N]`, nominally in [-1, 1].",
    "Seconds": "The type of an option that is a time: `60s`, `1m30s`, `250ms`, `1:02.5` or a "
    "number in a pipeline file, an exact `Fraction` of seconds in Python.",
}


def _signature(name: str, value: Any) -> str:
    bases = [base.__name__ for base in getattr(value, "__bases__", ()) if base is not object]
    if inspect.isfunction(value) or dataclasses.is_dataclass(value) or "LoudnessMeter" in name:
        return f"{name}{_plain(inspect.signature(value)).removesuffix(' -> None')}"
    return f"class {name}({', '.join(bases)})" if bases else f"class {name}"


def _plain(signature: inspect.Signature) -> str:
    """A signature without quotes around its types and without the house's inner names."""
    text = re.sub(r"(: |-> )(['\"])(.*?)\2", r"\1\3", str(signature))
    return re.sub(r"\baigc_edit\.[\w.]*\.", "", text).replace("<factory>", "...")


def _members(value: type) -> Iterator[tuple[str, ...]]:
    """What a class has of its own and says in words."""
    for name, member in vars(value).items():
        function = function_of(member)
        if name.startswith("_") or not inspect.isfunction(function) or not function.__doc__:
            continue
        shown = name if isinstance(member, property) else name + _plain(inspect.signature(function))
        yield f"### {value.__name__}.{name}", _code(shown), _prose(function)


def function_of(member: Any) -> Any:
    """The function behind a property, a class method or a static method; else the member."""
    if isinstance(member, property):
        return member.fget
    return member.__func__ if isinstance(member, classmethod | staticmethod) else member


def _prose(value: Any) -> str:
    """A docstring as Markdown: examples as code, `Attributes:` and the like as lists."""
    blocks = (inspect.getdoc(value) or "").split("\n\n")
    return "\n\n".join(_block(block) for block in blocks)


def _block(text: str) -> str:
    if text.startswith(">>>"):
        return f"```pycon\n{text}\n```"
    head, _, rest = text.partition("\n")
    if head.endswith(":") and rest.startswith("    "):
        items = re.sub(r"^    (?=\S)", "- ", rest, flags=re.MULTILINE)
        return f"**{head}**\n\n{items}"
    return text


def _code(text: str) -> str:
    return f"```text\n{text}\n```"


PARTS: dict[str, Callable[[], str]] = {"promises": promise_list, "api": api_reference}
