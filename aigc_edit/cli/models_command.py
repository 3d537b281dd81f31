"""`aigc-edit models`: weights that no wheel carries."""

from __future__ import annotations

import argparse
import math
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from aigc_edit.cli import common

if TYPE_CHECKING:
    from aigc_edit.engine import Progress
    from aigc_edit.models.store import Store

_MEGA = 10**6
_EPILOG = """\
examples:
  aigc-edit models list
  aigc-edit models fetch whisper:base whisper:small
  aigc-edit models verify

A download that was stopped goes on where it ended; only files with the right SHA-256 are used.
Files that Whisper fetched itself (~/.cache/whisper) are found, too.

environment:
  AIGC_EDIT_CACHE       the folder that holds weights/ (and what else can be made again)
  AIGC_EDIT_MODELS_URL  address (http, https) of a folder with the same files, such as base.pt
  AIGC_EDIT_OFFLINE=1   nothing is fetched
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True)
    listed = actions.add_parser("list", help="which weights there are, and which of them are here")
    fetch = actions.add_parser("fetch", help="fetch weights that are not here")
    fetch.add_argument("names", nargs="+", metavar="NAME", help="such as whisper:base")
    common.add_quiet(fetch)
    verify = actions.add_parser("verify", help="read weights anew and compare their SHA-256")
    verify.add_argument("names", nargs="*", metavar="NAME", help="default: all that are here")
    for added in (listed, fetch, verify):
        common.add_debug(added)


def execute(parsed: argparse.Namespace) -> int:
    from aigc_edit.models.store import user_store

    store = user_store()
    match parsed.action:
        case "fetch":
            return _fetched(store, parsed.names, quiet=parsed.quiet)
        case "verify":
            return _verified(store, parsed.names)
        case _:
            return _listed(store)


def _listed(store: Store) -> int:
    for name in store.known:
        size, state, where = _row(store, name)
        print(f"{name:<22} {size:>16}  {state:<15}  {where}".rstrip())
    print(f"\nfetched into {store.folder} by: aigc-edit models fetch NAME")
    return 0


def _row(store: Store, name: str) -> tuple[str, str, str]:
    """Size, state and place of weights, in words."""
    from aigc_edit.models.store import State

    state, path = store.state(name)
    whole = store[name].megabytes
    if state is State.MISSING:
        return f"about {whole} MB", state, ""
    here = path.stat().st_size / _MEGA
    size = f"{here:.0f} of {whole} MB" if state is State.BEGUN else f"{here:.0f} MB"
    return size, state, str(path)


def _fetched(store: Store, names: list[str], *, quiet: bool) -> int:
    from aigc_edit.cli.progress import MEGABYTES, listener

    for name in names:
        store[name]  # a wrong name is told before anything is fetched
    for name in names:
        with closing(_Shown(listener(quiet=quiet, unit=MEGABYTES), name)) as shown:
            path = store.ensured(name, heard=shown.heard)
        if not quiet:
            print(f"{name}: {path}")
    return 0


def _verified(store: Store, names: list[str]) -> int:
    """Right ones are told on standard output, wrong and missing ones as errors."""
    problems = []
    once = {weights.file: name for name, weights in store.known.items()}
    for name in names or once.values():
        copies = store.verified(name)
        for path, right in copies.items():
            if right:
                print(f"{path}: {name}, nothing wrong")
            else:
                problems.append(f"{path}: this is not {name}. Fetch it: {store[name].command}")
        if names and not copies:
            problems.append(f"{name} is not here. Fetch it: {store[name].command}")
    for problem in problems:
        print(f"aigc-edit: {problem}", file=sys.stderr)
    return 1 if problems else 0


class _Shown:
    """A download on the display that runs have, in megabytes that are still to come."""

    def __init__(self, display: Progress, name: str) -> None:
        self._display, self._name = display, name
        self._start = self._done = self._total = -1

    def heard(self, done: int, total: int) -> None:
        if total != self._total or done < self._done:  # begun, or sent all anew
            self.close()
            self._display.begin(self._name, max(0, math.ceil((total - done) / _MEGA)))
            self._start = self._done = done
            self._total = total
        shown, reached = self._done - self._start, done - self._start
        self._display.advance(reached // _MEGA - shown // _MEGA)
        self._done = done

    def close(self) -> None:
        if self._total >= 0:
            self._display.end()
