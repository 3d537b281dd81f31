"""`aigc-edit styles`: what music_lstm can compose like."""

from __future__ import annotations

import argparse

from aigc_edit.cli import common

_EPILOG = """\
examples:
  aigc-edit styles
  aigc-edit compose --seconds 30 --style bach -o music.wav
  aigc-edit train music-lstm --corpus my-midi-files/ -o trained --name mine

A file of weights in the folder of your styles is a style of its name.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    common.add_debug(parser)


def execute(parsed: argparse.Namespace) -> int:  # noqa: ARG001 -- each command has one
    from aigc_edit.models.shelf import STYLES

    for style in STYLES.all().values():
        print(f"{style.name:<22} {common.about_weights(style)}".rstrip())
    print(f"\nyour own styles lie in {STYLES.folder}")
    return 0
