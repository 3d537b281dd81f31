"""Arguments that several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aigc_edit.engine import RunOptions


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


def add_input(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", metavar="INPUT", help="a video file")
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


def add_running(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device",
        default="auto",
        metavar="NAME",
        help="where nets run: auto, cpu, cuda:0, mps (default: auto)",
    )
    parser.add_argument(
        "--no-cache", action="store_true", help="analyse anew, and keep nothing for next time"
    )
    parser.add_argument("--quiet", action="store_true", help="say nothing but errors")


def add_debug(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")


def run_options(parsed: argparse.Namespace) -> RunOptions:
    from aigc_edit.cli.progress import listener
    from aigc_edit.engine import RunOptions

    return RunOptions(
        device=parsed.device, cache=not parsed.no_cache, progress=listener(quiet=parsed.quiet)
    )
