"""`aigc-edit doctor`: what this machine can do."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator

from aigc_edit.cli import common


def add_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_debug(parser)


def execute(parsed: argparse.Namespace) -> int:
    del parsed
    for title, lines in (
        ("versions", _versions()),
        ("devices", _devices()),
        ("encoders", _encoders()),
        ("weights", _weights()),
        ("fonts", _fonts()),
        ("cache", _cache()),
    ):
        print(f"{title}:")
        for line in lines:
            print(f"  {line}")
    return 0


def _versions() -> Iterator[str]:
    from aigc_edit.engine import versions

    for name, version in versions().items():
        yield f"{name} {version}"


def _devices() -> Iterator[str]:
    import torch

    yield f"cpu: {os.cpu_count()} cores, torch uses {torch.get_num_threads()} threads"
    for k in range(torch.cuda.device_count()):
        facts = torch.cuda.get_device_properties(k)
        yield f"cuda:{k}: {facts.name}, {facts.total_memory / 2**30:.0f} GiB"
    if torch.backends.mps.is_available():
        yield "mps: Apple GPU"


def _encoders() -> Iterator[str]:
    from aigc_edit.media import ENCODERS, opens

    for codec, encoders in ENCODERS.items():
        states = [f"{e.name} {'opens' if opens(e) else '-'}" for e in encoders]
        yield f"{codec}: {', '.join(states)}"


def _weights() -> Iterator[str]:
    from aigc_edit.errors import ModelError
    from aigc_edit.models import silero, transnet

    for name, path in (("silero-vad", silero.weights_path), ("transnetv2", transnet.weights_path)):
        try:
            yield f"{name}: {path().stat().st_size / 2**20:.1f} MiB, in its wheel"
        except ModelError as error:
            yield f"{name}: {error}"
    yield _fetched_weights()


def _fetched_weights() -> str:
    from aigc_edit.errors import ModelError
    from aigc_edit.models.store import State, user_store

    try:
        store = user_store()
    except ModelError as error:
        return f"whisper: {error}"
    states = {name: store.state(name)[0] for name in store.known}
    here = [name for name in states if states[name] in (State.CHECKED, State.UNCHECKED)]
    return f"{', '.join(here) or 'whisper: none'}, see aigc-edit models list"


def _fonts() -> Iterator[str]:
    from aigc_edit.stages.text import fonts, shaping

    count = len(fonts.installed()) - 1  # the last one is Pillow's own
    yield f"{count} font files" if count else "none found: captions can only be in Latin letters"
    here = "found: scripts such as Arabic and Thai are shaped"
    lacking = f"not found: no captions in scripts such as Arabic and Thai. {shaping.CURE}"
    yield f"FriBidi {here if shaping.is_there() else lacking}"


def _cache() -> Iterator[str]:
    from aigc_edit.folders import cache_folder

    folder = cache_folder()
    size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
    yield f"{folder}: {size / 2**20:.1f} MiB (may be deleted at any time)"
