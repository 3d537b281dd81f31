"""`aigc-edit evaluate`: how good looks and nets are, in figures and pictures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aigc_edit.cli import common
from aigc_edit.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from aigc_edit.media import Image
    from aigc_edit.pipeline import StageSpec

_EPILOG = """\
examples:
  aigc-edit evaluate look wave holiday.mp4 --style wave.jpg
  aigc-edit evaluate look --stage grade --set grade.warmth=0.5 holiday.mp4 --style wave.jpg
  aigc-edit evaluate music --style bach --corpus bach
  aigc-edit evaluate music --audio music.wav --reference other.wav
  aigc-edit evaluate style-vae photos/ holiday.mp4 --weights mine/frame-vae.safetensors
"""
_LOOK_STAGE = "style_gan"  # whose option `look` names a look
_WIDEST = 10_000  # a table with many clips is cut by the terminal, if at all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    what = parser.add_subparsers(dest="what", metavar="WHAT", title="what", required=True)
    _add_look(what.add_parser("look", help="a look, or any frame filter, over clips"))
    _add_music(what.add_parser("music", help="a style beside its corpus, or a sound file"))
    _add_vae(what.add_parser("style-vae", help="how well the autoencoder remembers pictures"))


def _add_look(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names", nargs="+", metavar="NAME", help="a look, and clips; clips alone with --stage"
    )
    parser.add_argument("--stage", metavar="STAGE", help="any frame filter instead of a look")
    parser.add_argument(
        "--style", required=True, type=Path, metavar="PICTURE", help="the painting to be like"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="STAGE.OPTION=VALUE",
        dest="overrides",
        help=f"set an option, such as {_LOOK_STAGE}.strength=0.5",
    )
    parser.add_argument(
        "--seconds",
        type=common.seconds,
        default=4.0,
        metavar="TIME",
        help="from the middle of each clip (default: 4s)",
    )
    parser.add_argument(
        "--judge-steps",
        type=int,
        default=200,
        metavar="N",
        help="how long a net learns to tell the painting from a clip (default: 200)",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="default: NAME.evaluation, right here"
    )
    common.add_plugins(parser)
    _add_usual(parser)


def _add_vae(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("content", nargs="+", type=Path, metavar="PATH", help="pictures and videos")
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="what a training has made; default: ours"
    )
    _add_usual(parser)


def _add_music(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--style", default="bach", metavar="NAME", help="default: bach")
    parser.add_argument(
        "--corpus",
        metavar="NAME",
        help="what it learnt from: bach, beethoven, folk (they need music21), or a folder of MIDI "
        "files (default: the style's name)",
    )
    parser.add_argument(
        "--pieces", type=int, default=50, metavar="N", help="how many are written (default: 50)"
    )
    parser.add_argument(
        "--small-steps",
        type=int,
        default=2000,
        metavar="N",
        help="how long a net of one layer of 32 units learns, to compare with; 0: leave it out "
        "(default: 2000)",
    )
    parser.add_argument(
        "--audio", type=Path, metavar="FILE", help="only measure a sound file (.wav, .flac, .ogg)"
    )
    parser.add_argument(
        "--reference", type=Path, metavar="FILE", help="what --audio should sound like"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="default: NAME.evaluation, right here"
    )
    _add_usual(parser)


def _add_usual(parser: argparse.ArgumentParser) -> None:
    common.add_device(parser)
    common.add_quiet(parser)
    common.add_debug(parser)


def execute(parsed: argparse.Namespace) -> int:
    return {"look": _look, "style-vae": _style_vae, "music": _music}[parsed.what](parsed)


def _look(parsed: argparse.Namespace) -> int:
    """Prints the figures, writes them with a sheet of pictures, and says where."""
    from aigc_edit.cli.look_evaluation import LookEvaluation

    name, clips = _named(parsed)
    folder = parsed.output or Path(f"{name}.evaluation")
    _refuse_file(folder)
    with common.results_alone(parsed):
        evaluation = LookEvaluation(
            stage=_stage(parsed, name),
            style=parsed.style,
            seconds=parsed.seconds,
            device=parsed.device,
            steps=parsed.judge_steps,
            say=_silent if parsed.quiet else _say,
        )
        found = evaluation.found(clips)
    _print_table(list(found.rows()))
    for path in found.written(folder):
        print(path)
    return 0


def _refuse_file(folder: Path) -> None:
    """Raises UsageError before half a minute of work where there can be no such folder."""
    for part in (folder, *folder.parents):
        if part.is_file():
            raise UsageError("this is a file", where=part, cure="Name a folder with -o.")


def _named(parsed: argparse.Namespace) -> tuple[str, list[Path]]:
    """The name of what is evaluated, and the clips."""
    names = list(parsed.names)
    name = parsed.stage or names.pop(0)
    if not names:
        raise UsageError("no clip is named", cure="Write: aigc-edit evaluate look LOOK CLIP...")
    return name, [Path(clip) for clip in names]


def _stage(parsed: argparse.Namespace, name: str) -> StageSpec:
    """The frame filter, as a pipeline would make it."""
    from aigc_edit.api import FrameFilter

    step = {"uses": name} if parsed.stage else {"uses": _LOOK_STAGE, "with": {"look": name}}
    spec = common.pipeline_of([step], parsed.overrides, parsed.plugins).stages[0]
    if not isinstance(spec.stage, FrameFilter):
        raise UsageError(f"{name!r} is no frame filter", cure="`aigc-edit stages` lists them.")
    return spec


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    """The first row is the head, the first column says what the others are."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for number, title in enumerate(rows[0]):
        table.add_column(title, justify="right" if number else "left", no_wrap=True)
    for row in rows[1:]:
        table.add_row(*row)
    Console(width=_WIDEST, markup=False, highlight=False).print(table)


def _music(parsed: argparse.Namespace) -> int:
    from aigc_edit.cli.music_evaluation import MusicEvaluation

    if parsed.audio:
        return _sound(parsed)
    folder = parsed.output or Path(f"{Path(parsed.style).stem}.evaluation")
    _refuse_file(folder)
    corpus = parsed.corpus or parsed.style
    say = _silent if parsed.quiet else _say
    found = MusicEvaluation(parsed.style, corpus, parsed.pieces, parsed.small_steps, say).found()
    for rows in found.tables():
        _print_table(rows)
    for path in found.written(folder):
        print(path)
    return 0


def _sound(parsed: argparse.Namespace) -> int:
    from aigc_edit.engine import heard

    found = heard(parsed.audio, parsed.reference)
    print(f"{parsed.audio}: {found.seconds:.3f} s, {found.loudness:.1f} LUFS, true peak "
          f"{found.true_peak:.1f} dBTP, {found.silence:.1%} silence")  # fmt: skip
    if found.snr is not None:
        print(f"signal to noise against {parsed.reference}: {found.snr:.1f} dB")
    return 0


def _style_vae(parsed: argparse.Namespace) -> int:
    import torch

    from aigc_edit.engine import read_content, resolve_device
    from aigc_edit.models.vae import FrameVae, reconstruction, shipped

    device = resolve_device(parsed.device)
    net = FrameVae.load(parsed.weights or shipped()).to(device)
    for path in parsed.content:
        torch.manual_seed(1)  # of the draw from the posterior
        frames = (_as_frame(picture).to(device) for picture in read_content([path]))
        print(f"{path}: {reconstruction(net, frames)}", flush=True)
    return 0


def _as_frame(picture: Image) -> Tensor:
    """float [3, H, W] in [0, 1]."""
    import torch

    return torch.from_numpy(picture).permute(2, 0, 1).float() / 255


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _silent(_line: str) -> None:
    pass
