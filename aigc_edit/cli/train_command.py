"""`aigc-edit train`: nets of your own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from aigc_edit.cli import common
from aigc_edit.words import counted

if TYPE_CHECKING:
    from aigc_edit.models.training import TrainingPlan

_EPILOG = """\
examples:
  aigc-edit train style-vae --content photos/ holiday.mp4 -o my-vae --steps 20000

A training that was stopped goes on when the same command is given again. FOLDER gets the weights
(.safetensors), a log (log.jsonl), and now and then a picture of what the net has learnt.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    nets = parser.add_subparsers(dest="net", metavar="NET", title="nets", required=True)
    vae = nets.add_parser("style-vae", help="the autoencoder of frames behind style_vae")
    vae.add_argument(
        "--beta", type=float, default=1.0, help="weight of the divergence (default: 1)"
    )
    _add_training(vae, steps=40_000, batch=8, rate=3e-4)


def _add_training(parser: argparse.ArgumentParser, *, steps: int, batch: int, rate: float) -> None:
    parser.add_argument(
        "--content",
        nargs="+",
        required=True,
        type=Path,
        metavar="PATH",
        help="pictures and videos to learn from, or folders of them",
    )
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar="FOLDER", help="what the result goes to"
    )
    parser.add_argument("--steps", type=int, default=steps, metavar="N", help=f"default: {steps}")
    parser.add_argument("--batch", type=int, default=batch, metavar="N", help=f"default: {batch}")
    parser.add_argument(
        "--rate", type=float, default=rate, metavar="R", help=f"learning rate; default: {rate}"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default: 1")
    parser.add_argument(
        "--every", type=int, default=500, metavar="N", help="steps between pictures (default: 500)"
    )
    parser.add_argument(
        "--device",
        default="auto",
        metavar="NAME",
        help="where it runs: auto, cpu, cuda:0, mps (default: auto)",
    )
    common.add_quiet(parser)
    common.add_debug(parser)


def execute(parsed: argparse.Namespace) -> int:
    from aigc_edit.engine import read_content
    from aigc_edit.models.training import train
    from aigc_edit.models.vae import FrameVaeObjective, VaeRecipe

    plan = _plan(parsed)
    recipe = VaeRecipe(batch=parsed.batch, beta=parsed.beta)
    pictures = read_content(parsed.content)
    say = _silent if parsed.quiet else _say
    say(f"{counted(len(pictures), 'picture')} to learn from")
    print(train(plan, lambda: FrameVaeObjective(pictures, recipe), say))
    return 0


def _plan(parsed: argparse.Namespace) -> TrainingPlan:
    from aigc_edit.engine import resolve_device
    from aigc_edit.models.training import TrainingPlan

    return TrainingPlan(
        parsed.output,
        parsed.steps,
        seed=parsed.seed,
        rate=parsed.rate,
        picture_every=parsed.every,
        keep_every=parsed.every,
        device=resolve_device(parsed.device),
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _silent(_line: str) -> None:
    pass
