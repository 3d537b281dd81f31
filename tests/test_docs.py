"""What the documentation says is true: every block of code in it runs."""

from __future__ import annotations

import doctest
import importlib.util
import inspect
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
import types
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import aigc_edit.api
from aigc_edit.cli import main
from aigc_edit.pipeline import PluginChoice, pipeline_from_text, registered
from aigc_edit.testing import ClipSpec, check_stage, make_clip
from aigc_edit.testing.kind_promises import PROMISES
from tests.conftest import ROOT

DOCS = ROOT / "docs"
LONGEST_SMALL_PLUGIN = 12  # lines, imports included
MOST_NOT_RUN = 5
AS_NEWCOMER = ("README.md",)  # in a process of its own, where nothing is loaded yet
FILMS = ("film.mp4", "talk.mp4", "input.mp4", "clips/monday.mp4", "clips/tuesday.mp4")
# Plain data, contexts and types of options: what they hold is said in their fields.
NEED_NO_EXAMPLE = {
    *(
        "API_VERSION",
        "AnalysisContext",
        "Decibels",
        "Chapter",
        "Delivery",
        "FilterContext",
        "FrameRate",
    ),
    *("FilePath", "PluginError", "TruePeaks", "is_offline", "read_picture"),
    *("LoudnessUnits", "ModelError", "Samples", "Seconds", "SoundContext", "Stage", "Track"),
}
FRAGMENT = "schema: 1\nstages: [motion]\n"  # what an `output:` alone is checked with


def hooks() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("docs_hooks", DOCS / "hooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOOKS = hooks()
PAGES = {
    "README.md": (ROOT / "README.md").read_text(),
    **{path.name: HOOKS.filled(path.read_text()) for path in sorted(DOCS.glob("*.md"))},
    **HOOKS.made_pages(),
}


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what its info string says besides, its text and line."""

    language: str
    said: dict[str, str]
    text: str
    line: int

    @property
    def runs(self) -> bool:
        return "norun" not in self.said


def blocks_of(text: str) -> list[Block]:
    found = []
    fence = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    for match in fence.finditer(text):
        language, _, rest = match[1].partition(" ")
        said = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        found.append(Block(language, said, match[2], text.count("\n", 0, match.start()) + 1))
    return found


def told(name: str) -> list[Block]:
    """A page's blocks; READMEs of plugins are tested beside them, but for their pipelines."""
    blocks = blocks_of(PAGES[name])
    return [b for b in blocks if b.language == "yaml"] if name.startswith("plugins/") else blocks


BLOCKS = {name: told(name) for name in PAGES}


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    claps = (Fraction("0.5"), Fraction("1.6"))
    spec = ClipSpec(frames=63, rate=Fraction(25), claps=claps, cuts=(30,))
    return make_clip(tmp_path_factory.mktemp("films") / "film.mp4", spec)


@pytest.fixture
def folder(tmp_path, film, monkeypatch) -> Path:
    """Where a page's blocks run: some films, and the ready pipelines."""
    (tmp_path / "clips").mkdir()
    for name in FILMS:
        shutil.copy(film, tmp_path / name)
    (tmp_path / "pipelines").symlink_to(ROOT / "pipelines")
    monkeypatch.chdir(tmp_path)
    handlers = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
    yield tmp_path
    for number, handler in handlers.items():
        signal.signal(number, handler)


@dataclass
class Reader:
    """One who does what a page says, block by block, in one folder and one Python."""

    folder: Path
    name: str
    printed: str = ""
    module: types.ModuleType = field(default_factory=lambda: types.ModuleType("page"))

    def follow(self, block: Block, capsys) -> None:
        if title := block.said.get("title"):
            path = self.folder / title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
        if block.runs:
            capsys.readouterr()
            getattr(self, f"_{block.language}")(block)
            self.printed = "".join(capsys.readouterr()) or self.printed

    def _python(self, block: Block) -> None:
        """Imports are absolute in a block; a test module's blocks are run by their `pytest`."""
        place = self.folder / block.said.get("title", "page.py")
        self.module.__file__ = str(place)
        sys.path.insert(0, str(self.folder))
        try:
            code = compile(block.text, str(place), "exec", dont_inherit=True)
            exec(code, vars(self.module))
        finally:
            sys.path.remove(str(self.folder))
            self._forget_own_modules()

    def _forget_own_modules(self) -> None:
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None)).startswith(str(self.folder)):
                del sys.modules[name]

    def _pycon(self, block: Block) -> None:
        assert_doctest(block.text, self.name)

    def _yaml(self, block: Block) -> None:
        text = block.text if "schema:" in block.text else FRAGMENT + block.text
        named = block.said.get("plugins", "").split()
        choice = PluginChoice(tuple(self.folder / name for name in named), trusted=True)
        forget_plugins()
        pipeline = pipeline_from_text(text, plugins=choice)

        assert not pipeline.warnings

    def _sh(self, block: Block) -> None:
        lines = block.text.replace("\\\n", " ").splitlines()
        if any(re.match(r"for |.*[|>]", line) for line in lines):
            self._bash(block.text)
            return
        for line in lines:
            words = shlex.split(line, comments=True)
            if words:
                self._command(words, int(block.said.get("fails", 0)))

    def _bash(self, text: str) -> None:
        env = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        assert_done(["bash", "-euo", "pipefail", "-c", text], env=env)

    def _command(self, words: list[str], code: int) -> None:
        match words:
            case ["aigc-edit", *arguments] if self.name in AS_NEWCOMER:
                assert_done([sys.executable, "-m", "aigc_edit", *arguments])
            case ["aigc-edit", *arguments]:
                forget_plugins()
                assert exit_code(arguments) == code, words
            case ["pytest", *arguments]:
                pytest_itself = str(Path(sys.executable).with_name("pytest"))
                assert_done([pytest_itself, "-q", "-p", "no:cacheprovider", *arguments])
            case ["cd", where]:
                os.chdir(where)
            case ["make", target]:
                assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
            case _:
                raise AssertionError(f"nobody knows how to run {words}")

    def _toml(self, block: Block) -> None:
        tomllib.loads(block.text)

    def _json(self, block: Block) -> None:
        json.loads(block.text)

    def _text(self, block: Block) -> None:
        """What is shown as `it says` was printed by the commands before."""
        if block.said.get("title") == "it says":
            for line in block.text.splitlines():
                assert line in self.printed, (line, self.printed)


def assert_done(command: list[str], **how) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, **how)

    assert done.returncode == 0, done.stdout + done.stderr


def exit_code(arguments: list[str]) -> int:
    try:
        return main(arguments)
    except SystemExit as left:
        return int(left.code or 0)


def forget_plugins() -> None:
    """Each command is a process of its own, which reads a plugin file anew."""
    for name in [name for name in sys.modules if name.startswith("aigc_edit_plugin_")]:
        del sys.modules[name]


def assert_doctest(text: str, name: str) -> None:
    known = {k: getattr(aigc_edit.api, k) for k in aigc_edit.api.__all__}
    known |= {"np": np, "Fraction": Fraction}
    test = doctest.DocTestParser().get_doctest(text, known, name, None, 0)
    said: list[str] = []
    doctest.DocTestRunner(verbose=False).run(test, out=said.append)

    assert not said, "".join(said)


@pytest.mark.parametrize("name", [name for name, blocks in BLOCKS.items() if blocks])
def test_every_block_runs(name, folder, capsys):
    reader = Reader(folder, name)
    for block in BLOCKS[name]:
        try:
            reader.follow(block, capsys)
        except BaseException as cause:
            cause.add_note(f"{name}:{block.line}\n{block.text}")
            raise


def test_what_cannot_be_run_says_why_and_is_rare(record_property):
    not_run = [(n, b.line, b.said["norun"]) for n, bs in BLOCKS.items() for b in bs if not b.runs]
    record_property("not_run", not_run)

    assert all(len(reason.split()) > 1 for _, _, reason in not_run)
    assert len(not_run) <= MOST_NOT_RUN, not_run


def test_every_block_says_its_language():
    for name, blocks in BLOCKS.items():
        for block in blocks:
            assert hasattr(Reader, f"_{block.language}"), f"{name}:{block.line}"


def commands() -> list[str]:
    shells = (b.text for blocks in BLOCKS.values() for b in blocks if b.language == "sh")
    lines = (line for text in shells for line in text.replace("\\\n", " ").splitlines())
    return sorted(
        {m[0].strip() for line in lines for m in [re.search(r"aigc-edit [^|;&>]*", line)] if m}
    )


@pytest.mark.parametrize("command", commands())
def test_every_command_is_understood(command):
    words = shlex.split(command, comments=True)[1:]

    from aigc_edit.cli.main import _command_of, _parser

    assert _parser(_command_of(words)).parse_args(words).command


SMALL = [b for b in BLOCKS["tutorial.md"] if b.said.get("small")]


def test_there_is_a_smallest_plugin_of_each_kind():
    assert [block.said["small"] for block in SMALL] == list(HOOKS.KINDS)


def test_the_tutorial_begins_with_a_plugin_of_twelve_lines():
    first = next(block for block in BLOCKS["tutorial.md"] if block.language == "python")

    assert first.text.count("\n") <= LONGEST_SMALL_PLUGIN


@pytest.mark.parametrize("block", SMALL, ids=lambda b: b.said["small"])
def test_smallest_plugins_are_small_and_keep_their_promises(block, folder):
    module = types.ModuleType("small")
    exec(block.text, vars(module))
    (stage,) = (v for v in vars(module).values() if inspect.isclass(v) and v.__module__ == "small")

    assert len(block.text.splitlines()) <= LONGEST_SMALL_PLUGIN
    assert stage.kind == block.said["small"]
    assert check_stage(stage)


@pytest.mark.slow
def test_plugins_of_the_tutorial_keep_their_promises(folder, capsys):
    reader = Reader(folder, "tutorial.md")
    for block in BLOCKS["tutorial.md"]:
        if block.language == "python":
            reader.follow(block, capsys)
    forget_plugins()
    stages = registered().with_plugins([folder, folder / "tools"])
    written = [entry.load() for entry in stages.values() if entry.origin.startswith(str(folder))]

    assert len(written) > 11
    assert not stages.broken
    for stage in written:
        assert check_stage(stage)


def test_every_stage_and_plugin_has_a_page_and_each_option_a_line():
    for name, stage in HOOKS.own_stages().items():
        page = PAGES[f"stages/{name}.md"]

        assert f"[{name}]" in PAGES["stages/index.md"]
        assert all(f"| `{option}` |" in page for option in stage.Options.option_fields())
    for readme in ROOT.glob("plugins/*/README.md"):
        assert f"plugins/{readme.parts[-2]}.md" in PAGES


def test_every_promise_of_the_kit_is_told():
    assert all(f"`{promise.name}`" in PAGES["frame-contract.md"] for promise in PROMISES)


def public() -> list[tuple[str, object]]:
    return [(name, getattr(aigc_edit.api, name)) for name in aigc_edit.api.__all__]


@pytest.mark.parametrize(("name", "value"), public(), ids=lambda v: v if isinstance(v, str) else "")
def test_examples_of_public_names_are_true(name, value):
    documented = [value, *vars(value).values()] if inspect.isclass(value) else [value]
    texts = []
    for member in documented:
        one = HOOKS.function_of(member)
        if inspect.isclass(one) or inspect.isfunction(one):
            texts.append(inspect.getdoc(one) or "")
    text = "\n\n".join(texts)
    assert_doctest(text, name)

    assert (">>>" in text) != (name in NEED_NO_EXAMPLE)


def test_the_pages_build_and_fetch_nothing(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(tmp_path)]
    env = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    assert_done(command, cwd=ROOT, env=env)

    for name in ("tutorial", "recipes", "frame-contract", "api"):
        page = (tmp_path / name / "index.html").read_text()

        assert page.count('<div class="highlight">') == len(BLOCKS[f"{name}.md"])
        assert "```" not in page
        assert re.findall(r'(?:src|rel="stylesheet" href)="(https?:[^"]*)"', page) == []
