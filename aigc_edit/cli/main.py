"""`aigc-edit`: which command, and what becomes of errors. Commands are imported when asked for,
so that `--help` is instant."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from types import FrameType, ModuleType
from typing import NoReturn

from aigc_edit import __version__
from aigc_edit.errors import AigcEditError

COMMANDS = {
    "run": "edit a video, or a folder of them, as a pipeline says",
    "status": "show how far a run over a folder is",
    "analyze": "find the tracks (shots, speech, loudness ...) and write them as JSON",
    "plan": "print what a run would do, and do nothing",
    "check": "check pipeline files",
    "stages": "list the stages, or explain one",
    "new-plugin": "start a plugin: a small distribution with its test",
    "models": "list, fetch and verify the weights of nets",
    "train": "train a net on pictures, videos or scores",
    "compose": "write a piece of music, with its notes",
    "looks": "list what style_gan can paint like, and show it",
    "styles": "list what music_lstm can compose like",
    "evaluate": "measure what a look or a net does",
    "schema": "print the JSON Schema of pipeline files, for editors",
    "doctor": "say what this machine can do",
}
# Decode and encode need the cores: waiting OpenMP threads sleep instead of spinning, and the
# small matrices and pictures of analysers are not worth a thread of their own.
_CALM_THREADS = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_FOR_THREADS_NUM": "1",
}
_INTERRUPTED, _TERMINATED = 130, 143
_PATIENCE_SECONDS = 1.2
_EPILOG = """\
examples:
  aigc-edit run pipelines/highlight.yaml talk.mp4
  aigc-edit run pipelines/highlight.yaml talk.mp4 -o best.mp4 --set best_moments.duration=30s
  aigc-edit run pipelines/highlight.yaml clips/ -o out/
  aigc-edit stages best_moments

exit codes: 0 done, 1 failed, 2 wrong usage or pipeline file, 3 some of many failed,
130/143 stopped
"""


class Terminated(BaseException):
    """SIGTERM arrived."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    for variable, value in _CALM_THREADS.items():
        os.environ.setdefault(variable, value)
    arguments = list(sys.argv[1:] if argv is None else argv)
    command = _command_of(arguments)
    parser = _parser(command)
    parsed = parser.parse_args(arguments, argparse.Namespace(arguments=arguments))
    if parsed.command is None:
        parser.print_help()
        return 0
    _listen_for_signals()
    return _executed(parsed)


def _executed(parsed: argparse.Namespace) -> int:
    """Runs the command and says in one line what stopped it."""
    module = _module(parsed.command)
    try:
        code: int = module.execute(parsed)
    except AigcEditError as error:
        return _explained(error, debug=getattr(parsed, "debug", False))
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return _INTERRUPTED
    except Terminated:
        return _TERMINATED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 -- a bug of ours, told in one line
        return _bug(error, debug=getattr(parsed, "debug", False))
    return code


def _module(command: str) -> ModuleType:
    return importlib.import_module(f"aigc_edit.cli.{command.replace('-', '_')}_command")


def _command_of(arguments: Sequence[str]) -> str | None:
    """The command word, so that only its own module is imported for its options."""
    return next((a for a in arguments if a in COMMANDS), None)


def _parser(command: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="aigc-edit",
        description="Edit video and audio with AI: one YAML file says what should happen.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"aigc-edit {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, help_text in COMMANDS.items():
        added = commands.add_parser(name, help=help_text, description=_sentence(help_text))
        if name == command:
            module = _module(name)
            module.add_arguments(added)
    return parser


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _explained(error: AigcEditError, *, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    print(f"aigc-edit: {error}", file=sys.stderr)
    return error.exit_code


def _bug(error: Exception, *, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    print(
        f"aigc-edit: unexpected {type(error).__name__}: {error}. "
        "Run again with --debug and report what it prints.",
        file=sys.stderr,
    )
    return 1


def _listen_for_signals() -> None:
    """Ctrl-C and SIGTERM stop cleanly, and soon: threads that are deep in a net or an import
    get a moment, then the process ends without them. A second Ctrl-C stops at once.
    """
    interrupts = 0

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        nonlocal interrupts
        interrupts += 1
        if interrupts > 1:
            end(_INTERRUPTED)
        _end_later(_INTERRUPTED)
        raise KeyboardInterrupt

    def terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
        _end_later(_TERMINATED)
        raise Terminated

    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, terminate)


def _end_later(code: int) -> None:
    timer = threading.Timer(_PATIENCE_SECONDS, end, [code])
    timer.daemon = True
    timer.start()


def end(code: int) -> NoReturn:
    """Ends the process here and now; nothing half-written stays."""
    scratch = sys.modules.get("aigc_edit.media.scratch")
    if scratch is not None:
        scratch.sweep()
    os._exit(code)
