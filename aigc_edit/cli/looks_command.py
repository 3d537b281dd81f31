"""`aigc-edit looks`: what style_gan can paint like."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from aigc_edit.cli import common
from aigc_edit.errors import AigcEditError, UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from aigc_edit.models.shelf import Shelved

_SIDE = 640  # of a painted picture on the sheet, pixels
_EPILOG = """\
examples:
  aigc-edit looks
  aigc-edit looks --preview sheet.png --on holiday.mp4
  aigc-edit run pipelines/painted.yaml holiday.mp4 --set style_gan.look=wave

A file of weights in the folder of your looks is a look of its name; `aigc-edit train style-gan`
makes one of any painting.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--preview", type=Path, metavar="FILE", help="paint a picture in every look: a sheet (.png)"
    )
    parser.add_argument(
        "--on", type=Path, metavar="PATH", help="the picture, or the video whose middle is painted"
    )
    common.add_debug(parser)


def execute(parsed: argparse.Namespace) -> int:
    from aigc_edit.models.shelf import LOOKS

    if parsed.preview and not parsed.on:
        cure = "Add --on with a picture or a video."
        raise UsageError("there is nothing to paint a preview of", cure=cure)
    looks = list(LOOKS.all().values())
    for look in looks:
        print(f"{look.name:<22} {common.about_weights(look)}".rstrip())
    print(f"\nyour own looks lie in {LOOKS.folder}")
    if parsed.preview:
        _preview(looks, parsed.on, parsed.preview)
        print(f"preview: {parsed.preview}")
    return 0


def _preview(looks: list[Shelved], on: Path, target: Path) -> None:
    """A sheet: the picture itself, then each look in the order of the list."""
    import torch

    from aigc_edit.models.gan import Painter
    from aigc_edit.models.training import tiled, write_png

    picture = _picture(on)
    painted = [picture]
    for look in looks:
        try:
            net = Painter.load(look.path)
        except AigcEditError as error:
            print(f"{look.name}: {error}", file=sys.stderr)
            continue
        with torch.inference_mode():
            painted.append(net(picture).clamp(0, 1))
    write_png(target, tiled(torch.cat(painted), columns=3))


def _picture(path: Path) -> Tensor:
    """float [1, 3, H, W] in [0, 1]."""
    import torch

    from aigc_edit.engine import read_content

    pictures = read_content([path], side=_SIDE)
    return torch.from_numpy(pictures[len(pictures) // 2]).permute(2, 0, 1)[None].float() / 255
