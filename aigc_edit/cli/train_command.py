"""`aigc-edit train`: nets of your own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from aigc_edit.cli import common
from aigc_edit.errors import UsageError
from aigc_edit.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from aigc_edit.models.training import Objective, Pictures, TrainingPlan

_EPILOG = """\
examples:
  aigc-edit train style-gan --style painting.jpg --content photos/ holiday.mp4 -o my-look
  aigc-edit train style-gan --style painting.jpg --content photos/ -o my-look --begin wave
  aigc-edit train style-vae --content photos/ holiday.mp4 -o my-vae --steps 20000
  aigc-edit train music-lstm --corpus my-midi-files/ -o my-music --steps 5000

A training that was stopped goes on when the same command is given again. FOLDER gets the weights
(.safetensors), a log (log.jsonl), and now and then a picture of what the net has learnt.
"""
# What each loss of a look weighs unless told otherwise, and what it asks for.
LOOK_LOSSES = {
    "fooling": (0.4, "the adversary takes it for the painting"),
    "brush": (2.0, "patches are as the painting's"),
    "palette": (1.0, "colours are as the painting's"),
    "edges": (0.5, "edges stay where they are"),
    "light": (0.5, "what was bright is bright"),
    "colours": (0.2, "what had another colour still has"),
    "steady": (0.5, "what moves is painted alike"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    nets = parser.add_subparsers(dest="net", metavar="NET", title="nets", required=True)
    _add_gan(nets.add_parser("style-gan", help="a look for style_gan, from one painting"))
    vae = nets.add_parser("style-vae", help="the autoencoder of frames behind style_vae")
    vae.add_argument(
        "--beta", type=float, default=1.0, help="weight of the divergence (default: 1)"
    )
    _add_content(vae)
    _add_training(vae, steps=24_000, batch=8, rate=3e-4)
    _add_music(nets.add_parser("music-lstm", help="the composer of music, from scores"))


def _add_music(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--corpus",
        required=True,
        metavar="NAME",
        help="bach, beethoven or folk (they need music21), or a folder of MIDI files, whose name "
        "becomes the style's",
    )
    parser.add_argument(
        "--width", type=int, default=256, metavar="N", help="units of a layer (default: 256)"
    )
    parser.add_argument("--layers", type=int, default=3, metavar="N", help="default: 3")
    parser.add_argument(
        "--voices",
        type=int,
        choices=range(1, 9),
        default=8,
        metavar="N",
        help="lines of a MIDI file that are kept at most, those with most notes (default: 8); 1 "
        "learns tunes, and music_lstm gives them chords",
    )
    parser.add_argument("--name", help="the style is also put into your styles folder, so named")
    _add_training(parser, steps=2_000, batch=16, rate=2e-3)


def _add_gan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--style", required=True, type=Path, metavar="PICTURE", help="the painting to learn from"
    )
    parser.add_argument(
        "--lines",
        type=int,
        default=512,
        metavar="N",
        help="the painting's shorter side is made so many pixels: more are broader strokes "
        "(default: 512)",
    )
    parser.add_argument(
        "--toning",
        type=_share,
        default=1.0,
        metavar="SHARE",
        help="how far the colours of a frame are made the painting's before it is painted, 0 to 1 "
        "(default: 1)",
    )
    parser.add_argument(
        "--begin", metavar="LOOK", help="begin with the weights of a look: quicker, and not as free"
    )
    parser.add_argument(
        "--game",
        choices=("minimax", "hinge", "least-squares"),
        default="hinge",
        help="what generator and adversary play (default: hinge)",
    )
    parser.add_argument(
        "--grain",
        type=_share,
        default=0.0,
        metavar="LEVEL",
        help="noise between a picture and the same one moved, of 1: strokes then hang less on the "
        "grain of frames (default: 0)",
    )
    for name, (weight, wish) in LOOK_LOSSES.items():
        parser.add_argument(
            f"--{name}",
            type=float,
            default=weight,
            metavar="W",
            help=f"how much it counts that {wish} (default: {weight})",
        )
    parser.add_argument("--name", help="the look is also put into your looks folder, so named")
    _add_content(parser)
    _add_training(parser, steps=5_000, batch=4, rate=4e-4)


def _add_content(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--content",
        nargs="+",
        required=True,
        type=Path,
        metavar="PATH",
        help="pictures and videos to learn from, or folders of them",
    )


def _add_training(parser: argparse.ArgumentParser, *, steps: int, batch: int, rate: float) -> None:
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
    parser.add_argument(
        "--precision",
        choices=("auto", "float32", "bfloat16"),
        default="auto",
        help="of products; bfloat16 is quicker where the processor has it (default: auto, which is "
        "bfloat16 on CUDA and float32 elsewhere)",
    )
    common.add_quiet(parser)
    common.add_debug(parser)


def execute(parsed: argparse.Namespace) -> int:
    from aigc_edit.models.training import train

    plan = _plan(parsed)
    say = _silent if parsed.quiet else _say
    begin = _music(parsed, say) if parsed.net == "music-lstm" else _frames(parsed, say)
    weights = train(plan, begin, say)
    print(_named(weights, parsed))
    return 0


def _frames(parsed: argparse.Namespace, say: Callable[[str], None]) -> Callable[[], Objective]:
    from aigc_edit.engine import read_content

    pictures = read_content(parsed.content)
    begin = (_look if parsed.net == "style-gan" else _autoencoder)(parsed, pictures)
    say(f"{counted(len(pictures), 'picture')} to learn from")
    return begin


def _music(parsed: argparse.Namespace, say: Callable[[str], None]) -> Callable[[], Objective]:
    from aigc_edit.engine import read_corpus
    from aigc_edit.models.music import ComposerObjective, ComposerRecipe, config_for
    from aigc_edit.models.shelf import STYLES

    if parsed.name is not None:
        STYLES.check_name(parsed.name)
    recipe = ComposerRecipe(batch=parsed.batch)
    corpus = read_corpus(parsed.corpus, parsed.voices)
    parts = f"{len(corpus.validation)} for validation, {len(corpus.test)} for the test"
    say(f"{counted(len(corpus.train), 'piece')} to learn from, {parts}")
    if corpus.skipped:
        say("\n  ".join([f"{counted(len(corpus.skipped), 'file')} skipped:", *corpus.skipped]))
    try:
        config = config_for(corpus, parsed.width, parsed.layers)
    except ValueError as cause:
        raise UsageError(str(cause), cure="Give --width and --layers of 1 or more.") from cause
    return lambda: ComposerObjective(corpus, recipe, config)


def _autoencoder(parsed: argparse.Namespace, pictures: Pictures) -> Callable[[], Objective]:
    from aigc_edit.models.vae import FrameVaeObjective, VaeRecipe

    recipe = VaeRecipe(batch=parsed.batch, beta=parsed.beta)
    return lambda: FrameVaeObjective(pictures, recipe)


def _look(parsed: argparse.Namespace, pictures: Pictures) -> Callable[[], Objective]:
    from aigc_edit.engine import read_painting
    from aigc_edit.models.gan import Game, LookObjective, LookRecipe, Painter, PainterConfig
    from aigc_edit.models.shelf import LOOKS

    if parsed.name is not None:
        LOOKS.check_name(parsed.name)
    painting = read_painting(parsed.style, parsed.lines)
    weights = {name: getattr(parsed, name) for name in LOOK_LOSSES}
    game, grain = Game(parsed.game), parsed.grain
    recipe = LookRecipe(batch=parsed.batch, game=game, grain=grain, **weights)
    config = PainterConfig(toning=parsed.toning)
    begun = LOOKS.find(parsed.begin).path if parsed.begin else None
    return lambda: LookObjective(
        painting, pictures, recipe, config, Painter.load(begun) if begun else None
    )


def _named(weights: Path, parsed: argparse.Namespace) -> Path:
    """The look or style among the user's own, where it was given a name."""
    from aigc_edit.models.shelf import LOOKS, STYLES

    name = getattr(parsed, "name", None)
    shelf = LOOKS if parsed.net == "style-gan" else STYLES
    return shelf.keep(weights, name) if name else weights


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
        precision=parsed.precision,
    )


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not within 0 and 1")
    return share


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _silent(_line: str) -> None:
    pass
