"""Arguments that several commands share."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from aigc_edit.engine import RunOptions
    from aigc_edit.errors import AigcEditError
    from aigc_edit.models.shelf import Shelved
    from aigc_edit.pipeline import Pipeline, PluginChoice


def add_pipeline(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pipeline", type=Path, metavar="PIPELINE", help="a pipeline file (YAML)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="ID.OPTION=VALUE",
        dest="overrides",
        help="override an option, such as best_moments.duration=30s or output.video.quality=18",
    )
    add_plugins(parser)
    add_trust(parser)


def add_plugins(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--plugins",
        action="append",
        default=[],
        type=Path,
        metavar="PATH",
        help="a folder or file with plugins, whose code is run",
    )


def add_trust(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--trust",
        action="store_true",
        help="load the plugins that PIPELINE names, too: its author's code is run",
    )


def plugin_choice(parsed: argparse.Namespace) -> PluginChoice:
    from aigc_edit.pipeline import PluginChoice

    return PluginChoice(tuple(parsed.plugins), trusted=parsed.trust)


def loaded_pipeline(parsed: argparse.Namespace) -> Pipeline:
    """The pipeline of the command line; plugins that are broken are told of."""
    from aigc_edit.pipeline import load_pipeline

    pipeline = load_pipeline(parsed.pipeline, parsed.overrides, plugin_choice(parsed))
    for warning in pipeline.warnings:
        print(f"aigc-edit: {warning}", file=sys.stderr)
    return pipeline


def pipeline_of(
    steps: Sequence[Mapping[str, object]], overrides: Sequence[str], plugins: Sequence[Path] = ()
) -> Pipeline:
    """Steps that the command line names. Raises UsageError where they are wrong."""
    from aigc_edit.errors import PipelineError, UsageError
    from aigc_edit.pipeline import PluginChoice, pipeline_from_text

    text = json.dumps({"schema": 1, "stages": steps}, default=str)  # JSON is YAML
    try:
        pipeline = pipeline_from_text(text, overrides, PluginChoice(tuple(plugins)))
    except PipelineError as error:
        told = [f"{problem.what}. {problem.cure}".rstrip(". ") for problem in error.problems]
        raise UsageError("; ".join(told)) from error
    for warning in pipeline.warnings:
        print(f"aigc-edit: {warning}", file=sys.stderr)
    return pipeline


def add_input(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", metavar="INPUT", help="a video file")
    add_opening(parser)


def add_opening(parser: argparse.ArgumentParser) -> None:
    """How inputs are opened."""
    parser.add_argument(
        "--max-pixels",
        action="append",
        default=[],
        type="input.max_pixels={}".format,
        metavar="N",
        dest="overrides",
        help="refuse larger pictures (default: 8192 x 8192)",
    )
    parser.add_argument(
        "--allow-network",
        action="store_true",
        help="INPUT may be an address (http, https) or a playlist, and is fetched first",
    )


@contextmanager
def local_input(parsed: argparse.Namespace) -> Iterator[Path]:
    """INPUT as a file of this machine."""
    from aigc_edit.errors import UsageError
    from aigc_edit.media import is_address, local_copy

    if parsed.allow_network and getattr(parsed, "offline", False):
        raise UsageError("--allow-network and --offline contradict each other")
    if parsed.allow_network:
        with local_copy(parsed.input) as path:
            yield path
    elif is_address(parsed.input):
        cure = "Fetch it yourself, or say --allow-network."
        raise UsageError("this is an address, not a file", where=parsed.input, cure=cure)
    else:
        yield Path(parsed.input)


def add_output(parser: argparse.ArgumentParser, help_text: str) -> None:
    parser.add_argument("-o", "--output", metavar="FILE", help=help_text)


def write_text(path: Path, text: str) -> None:
    """A file, whole or not at all."""
    from aigc_edit.media import scratch_for

    with scratch_for(path) as scratch:
        scratch.write("text", text)
        scratch.publish({"text": path})


def add_running(parser: argparse.ArgumentParser) -> None:
    add_device(parser)
    parser.add_argument(
        "--no-cache", action="store_true", help="analyse anew, and keep nothing for next time"
    )
    parser.add_argument(
        "--stage-timeout",
        type=seconds,
        metavar="TIME",
        help="stop where one call of a stage takes longer, such as 60s (default: never)",
    )
    parser.add_argument(
        "--offline",
        action="store_true",
        help="fetch nothing: stop at once where weights are missing (as AIGC_EDIT_OFFLINE=1)",
    )
    add_quiet(parser)


def add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device",
        default="auto",
        metavar="NAME",
        help="where nets run: auto, cpu, cuda:0, mps (default: auto)",
    )


def add_quiet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--quiet",
        action="store_true",
        help="say nothing but errors; what plugins print is dropped",
    )


def about_weights(net: Shelved) -> str:
    """Where a net came from; what is wrong with it, for a file that is none."""
    from aigc_edit.errors import AigcEditError
    from aigc_edit.models.training import read_header
    from aigc_edit.words import counted

    try:
        steps = int(read_header(net.path).training.get("steps", 0))
    except AigcEditError as error:
        return f"cannot be used: {error.what}"
    return f"{'shipped' if net.shipped else 'yours':<9} trained for {counted(steps, 'step')}"


def add_debug(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")


def run_options(parsed: argparse.Namespace) -> RunOptions:
    from aigc_edit.cli.progress import listener
    from aigc_edit.engine import Guard, RunOptions
    from aigc_edit.folders import OFFLINE_VARIABLE

    if parsed.offline:
        os.environ[OFFLINE_VARIABLE] = "1"  # what stages start sees it, too
    return RunOptions(
        device=parsed.device,
        cache=not parsed.no_cache,
        progress=listener(quiet=parsed.quiet),
        guard=Guard(parsed.stage_timeout, _give_up),
    )


def seconds(text: str) -> float:
    """A time of the command line, such as `60s`."""
    return float(length(text))


def length(text: str) -> Fraction:
    """As `seconds`, exact."""
    from pydantic import TypeAdapter, ValidationError

    from aigc_edit.api import Seconds

    try:
        return TypeAdapter(Seconds).validate_python(text)
    except ValidationError as error:
        what = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise argparse.ArgumentTypeError(what) from error


def _give_up(error: AigcEditError) -> NoReturn:
    """A stage that cannot even be interrupted ends the process."""
    from aigc_edit.cli.main import end

    print(f"aigc-edit: {error}", file=sys.stderr)
    end(error.exit_code)


@contextmanager
def results_alone(parsed: argparse.Namespace) -> Iterator[None]:
    """Keeps what plugins print out of standard output, where results stand."""
    with ExitStack() as held:
        chatter = held.enter_context(open(os.devnull, "w")) if parsed.quiet else sys.stderr
        held.enter_context(redirect_stdout(chatter))
        yield
