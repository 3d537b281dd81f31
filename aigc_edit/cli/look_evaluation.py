"""A look over a few seconds of each clip: its figures, and pictures of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from aigc_edit.errors import DecodeError, EncodeError, UsageError, one_line

if TYPE_CHECKING:
    from torch import Tensor

    from aigc_edit.engine import Trial
    from aigc_edit.media import Image
    from aigc_edit.models.judging import Film, LookJudge
    from aigc_edit.pipeline import StageSpec

# What is told of the figures, in order: words, and keys of the facts of a clip.
_ROWS = (
    ("style distance, result over source", ("style_distance", "ratio")),
    ("  of the source", ("style_distance", "source")),
    ("  of the result", ("style_distance", "result")),
    ("the same of texture alone", ("texture_distance", "ratio")),
    ("  of the source", ("texture_distance", "source")),
    ("  of the result", ("texture_distance", "result")),
    ("believed, result over source", ("believed", "ratio")),
    ("  patches of the painting", ("believed", "painting")),
    ("  patches of the source", ("believed", "source")),
    ("  patches of the result", ("believed", "result")),
    ("gradient correlation", ("gradient_correlation",)),
    ("SSIM of luma", ("luma_ssim",)),
    ("lattice of 4 pixels, result over source", ("lattice_4", "ratio")),
    ("lattice of 8 pixels, result over source", ("lattice_8", "ratio")),
    ("flicker, result over source", ("flicker", "ratio")),
    ("frames a second of the filter alone", ("fps",)),
)
_FIGURES, _SHEET = "evaluation.json", "sheet.png"

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class LookFound:
    """What came out of an evaluation.

    Attributes:
        conditions: what was evaluated, and where.
        clips: the facts of each clip by its path.
        sheet: float [3, H, W], RGB in [0, 1].
    """

    conditions: Facts
    clips: Mapping[Path, Facts]
    sheet: Tensor

    def rows(self) -> Iterator[tuple[str, ...]]:
        """A table: figures by clips, and the mean of several."""
        several = len(self.clips) > 1
        yield ("", *(path.name for path in self.clips), *(["mean"] if several else []))
        for words, keys in _ROWS:
            values = [_value(facts, keys) for facts in self.clips.values()]
            known = [value for value in values if value is not None]
            mean = [fmean(known) if known else None] if several else []
            yield (words, *map(_told, values + mean))
        yield ("on", "{device}, {threads} threads".format(**self.conditions))

    def written(self, folder: Path) -> list[Path]:
        """Writes the figures and the sheet; gives their paths."""
        from aigc_edit.cli.common import write_text
        from aigc_edit.models.training import write_png

        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as cause:
            raise EncodeError(f"no folder here ({one_line(cause)})", where=folder) from cause
        clips = {str(path): facts for path, facts in self.clips.items()}
        text = json.dumps({**self.conditions, "clips": clips}, indent=1, ensure_ascii=False)
        write_text(folder / _FIGURES, text + "\n")
        write_png(folder / _SHEET, self.sheet)
        return [folder / _FIGURES, folder / _SHEET]


@dataclass(frozen=True)
class LookEvaluation:
    """A frame filter, the painting that it should be like, and how they are compared.

    Attributes:
        seconds: of each clip, from its middle.
        steps: in which judges learn the painting.
        say: is told what is being done.
    """

    stage: StageSpec
    style: Path
    seconds: float
    device: str
    steps: int
    say: Callable[[str], None]

    def found(self, clips: Sequence[Path]) -> LookFound:
        """Raises AigcEditError where a clip or the painting cannot be read, or is too small."""
        from aigc_edit.engine import named_picture, resolve_device
        from aigc_edit.models.judging import LookJudge, contact_sheet

        device = resolve_device(self.device)
        painting = _frame(named_picture(self.style))
        _ensure_large(painting, self.style)
        trials = {clip: self._trial(clip, device) for clip in clips}
        self.stage.stage.weights()
        judge = LookJudge(painting, self.steps)
        judged = {clip: self._judged(trial, clip, judge) for clip, trial in trials.items()}
        return LookFound(
            conditions=self._conditions(device),
            clips={clip: facts for clip, (facts, _) in judged.items()},
            sheet=contact_sheet([_middle(film) for _, film in judged.values()], painting),
        )

    def _trial(self, clip: Path, device: str) -> Trial:
        from aigc_edit.api import FrameFilter
        from aigc_edit.engine import Trial
        from aigc_edit.media import probe
        from aigc_edit.timeline import Span

        source, stage = probe(clip), self.stage.stage
        assert isinstance(stage, FrameFilter)
        length = min(Fraction(self.seconds).limit_denominator(1000), source.duration)
        start = (source.duration - length) / 2
        span = Span(start, start + length)
        return Trial(source, stage, span, device, steady=self.stage.steady)

    def _judged(self, trial: Trial, clip: Path, judge: LookJudge) -> tuple[Facts, Film]:
        from aigc_edit.models.judging import Film

        self.say(f"{clip.name}: filtering {float(trial.span.duration):.1f} s")
        film = Film(trial.frames())
        if not film.pairs:
            raise DecodeError("none of its pictures can be decoded", where=clip)
        for picture in film.pairs[0]:
            _ensure_large(picture, clip)
        self.say(f"{clip.name}: judging {film.count} frames")
        figures = judge.figures(film)
        fps = round(trial.fps(film.count), 2)
        return {"frames": film.count, "fps": fps, **figures.facts()}, film

    def _conditions(self, device: str) -> Facts:
        import torch

        return {
            "stage": self.stage.stage.name,
            "with": self.stage.stage.options.model_dump(mode="json"),
            "style": str(self.style),
            "seconds": self.seconds,
            "device": device,
            "threads": torch.get_num_threads(),
        }


def _ensure_large(picture: Tensor, path: Path) -> None:
    """Raises UsageError where no patches can be cut out of float or uint8 [3, H, W]."""
    from aigc_edit.models.judging import LEAST_SIDE

    height, width = picture.shape[-2:]
    if min(height, width) < LEAST_SIDE:
        cure = f"It takes sides of at least {LEAST_SIDE} pixels."
        raise UsageError(f"{width}x{height} is too small to be judged", where=path, cure=cure)


def _middle(film: Film) -> tuple[Tensor, Tensor]:
    source, result = film.pairs[len(film.pairs) // 2]
    return source.float() / 255, result.float() / 255


def _frame(picture: Image) -> Tensor:
    """float [3, H, W] in [0, 1]."""
    import torch

    return torch.from_numpy(picture).permute(2, 0, 1).float() / 255


def _value(facts: Facts, keys: Sequence[str]) -> float | None:
    found: Any = facts
    for key in keys:
        found = None if found is None else found[key]
    return None if found is None else float(found)


def _told(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if value < 10 else f"{value:.0f}"
