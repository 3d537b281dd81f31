"""`aigc-edit compose`: music without a film."""

from __future__ import annotations

import argparse
from pathlib import Path

from aigc_edit.cli import common

_EPILOG = """\
examples:
  aigc-edit compose --seconds 30 --mood calm --seed 7 -o music.wav
  aigc-edit compose --seconds 2m --mood tense --variation 2 -o take2.flac
  aigc-edit compose --seconds 30 --style my-style -o mine.wav --set temperature=0.8

The notes lie beside it (NAME.mid). The same options give the same music; --seed and --variation
give other pieces. `aigc-edit stages music_lstm` lists all options, for --set.
"""
_STAGE = "music_lstm"
_OPTIONS = ("mood", "style", "seed", "variation", "tempo", "sound_font")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--seconds",
        required=True,
        type=common.length,
        metavar="TIME",
        help="how long it is, such as 30 or 1m30s",
    )
    parser.add_argument("--mood", metavar="MOOD", help="bright, calm, tense, solemn or playful")
    parser.add_argument("--style", metavar="NAME", help="of `aigc-edit styles`, or a .safetensors")
    parser.add_argument("--seed", metavar="N", help="another piece (default: 0)")
    parser.add_argument("--variation", metavar="N", help="another take of it (default: 0)")
    parser.add_argument("--tempo", metavar="BPM", help="beats a minute, about; default: the mood's")
    parser.add_argument("--sound-font", metavar="FILE", help="other instruments (.sf2)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="OPTION=VALUE",
        dest="more",
        help="any other option of the stage, such as temperature=0.8",
    )
    parser.add_argument("--loudness", default="-16 LUFS", metavar="LUFS", help="default: -16 LUFS")
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar="FILE", help=".wav, .flac or .ogg"
    )
    common.add_quiet(parser)
    common.add_debug(parser)


def execute(parsed: argparse.Namespace) -> int:
    from aigc_edit.cli.progress import SECONDS, listener
    from aigc_edit.engine import RunOptions, compose

    chosen = {name: getattr(parsed, name) for name in _OPTIONS}
    settings = [f"{name}={value}" for name, value in chosen.items() if value is not None]
    pipeline = common.pipeline_of(
        [{"uses": _STAGE}, {"uses": "loudnorm", "with": {"target": parsed.loudness}}],
        [f"{_STAGE}.{setting}" for setting in (*settings, *parsed.more)],
    )
    running = RunOptions("cpu", progress=listener(quiet=parsed.quiet, unit=SECONDS))
    made = compose(pipeline, parsed.seconds, parsed.output, running)
    if not parsed.quiet:
        facts = made.reports[_STAGE]
        print(f"{made.output}: {facts['key']}, {facts['slowest_tempo']:g} beats a minute")
        print(f"beside it: {', '.join(file.name for file in made.files)}")
    return 0
