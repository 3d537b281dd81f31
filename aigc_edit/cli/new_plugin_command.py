"""`aigc-edit new-plugin`: a small distribution with one stage, its test and its README."""

from __future__ import annotations

import argparse
import re
from importlib.resources import files
from pathlib import Path
from string import Template

from aigc_edit.cli import common

_NAME = re.compile(r"[a-z][a-z0-9_]*")
# What the stage reads must be written above it.
_BEFORE = {"select": "  - uses: scenes\n"}
KINDS = ("analyze", "select", "frames", "audio", "deliver")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the word after `uses:`, such as grain")
    parser.add_argument(
        "--kind", choices=KINDS, default="frames", help="of the stage (default: frames)"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="default: NAME in this folder"
    )
    common.add_debug(parser)


def execute(parsed: argparse.Namespace) -> int:
    from aigc_edit.errors import UsageError
    from aigc_edit.pipeline import registered

    name, folder = parsed.name, parsed.output or Path(parsed.name)
    if not _NAME.fullmatch(name):
        cure = "Use small letters, digits and _, such as film_grain."
        raise UsageError(f"{name!r} cannot be the name of a stage", cure=cure)
    if name in registered():
        origin = registered()[name].origin
        raise UsageError(f"{origin} has a stage {name!r} already", cure="Choose another name.")
    if folder.exists():
        raise UsageError("this exists already", where=folder, cure="Name another folder with -o.")
    for path, text in scaffold(name, parsed.kind).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    print(f"{folder}: a plugin with the stage {name!r} ({parsed.kind})")
    print(f"next: cd {folder} && pip install -e '.[test]' && pytest")
    return 0


def scaffold(name: str, kind: str) -> dict[str, str]:
    """The files of a new plugin: text by path."""
    words = {
        "name": name,
        "dashed": name.replace("_", "-"),
        "Class": "".join(word.capitalize() for word in name.split("_")),
        "kind": kind,
        "before": _BEFORE.get(kind, ""),
    }
    own = _filled(f"{kind}_test.py", words)
    return {
        "pyproject.toml": _filled("pyproject.toml", words),
        "README.md": _filled("README.md", words),
        f"aigc_edit_{name}/__init__.py": _filled(f"{kind}.py", words),
        f"aigc_edit_{name}/py.typed": "",
        f"tests/test_{name}.py": _filled("test.py", words | {"own": own.rstrip("\n")}),
    }


def _filled(template: str, words: dict[str, str]) -> str:
    text = files("aigc_edit.cli").joinpath("templates", f"{template}.txt").read_text("utf-8")
    return Template(text).substitute(words)
