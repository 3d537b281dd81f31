"""An effect of MoviePy over frames of the output, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from pydantic import create_model, model_validator

from aigc_edit.api import FilterContext, FrameFilter, PluginError, StageOptions

from .effects import Effect

if TYPE_CHECKING:
    from torch import Tensor

_Image = npt.NDArray[np.uint8]


class MoviepyEffect(FrameFilter):
    """An effect of MoviePy; `t` is the time in the output, and its length the clip's.

    What an effect makes transparent or leaves empty shows black.
    """

    api_version = 1
    dtype = "uint8"
    effect: ClassVar[Effect]

    def __init__(self, options: StageOptions | None = None) -> None:
        super().__init__(options)
        self._duration = Fraction(1)
        self._shown: _Shown | None = None
        self._sizes: dict[tuple[int, int], tuple[int, int]] = {}

    def weights(self) -> str:
        return f"moviepy {version('moviepy')}"

    def begin(self, context: FilterContext) -> None:
        self._duration = context.tracks.duration
        self._shown = None

    def size(self, width: int, height: int) -> tuple[int, int]:
        if (width, height) not in self._sizes:
            self._sizes[width, height] = self._first_size(width, height)
        return self._sizes[width, height]

    def _first_size(self, width: int, height: int) -> tuple[int, int]:
        black = np.zeros((height, width, 3), np.uint8)
        made = self._made(width, height).frame(black, Fraction(0))
        if made.size == 0:
            raise PluginError(
                f"{self.name} leaves nothing of frames of {width}x{height}",
                cure="Mind its options: edges count from the upper left.",
            )
        return made.shape[1], made.shape[0]

    def apply_batch(self, frames: Tensor, times: Sequence[Fraction]) -> Tensor:
        import torch

        height, width = frames.shape[-2:]
        if self._shown is None or self._shown.size != (width, height):
            self._shown = self._made(width, height)
        # Stacked, each image is an array of its own: effects may write into what they get.
        done = [
            self._shown.frame(np.stack(list(image), axis=-1), time)
            for image, time in zip(frames.cpu().numpy(), times, strict=True)
        ]
        self._ensure_same_size(done, times)
        whole = np.stack([np.ascontiguousarray(image.transpose(2, 0, 1)) for image in done])
        return torch.from_numpy(whole).to(frames.device)

    def _made(self, width: int, height: int) -> _Shown:
        given = {name: _plain(value) for name, value in self.options}
        for name in self.effect.functions:
            given[name] = _constant(given[name])
        return _Shown(self.effect.name, given, (width, height), float(self._duration))

    def _ensure_same_size(self, images: list[_Image], times: Sequence[Fraction]) -> None:
        """Raises PluginError where a window has left the picture."""
        wanted = self.size(*self._shown.size) if self._shown else (0, 0)
        for image, time in zip(images, times, strict=True):
            height, width = image.shape[:2]
            if (width, height) != wanted:
                raise PluginError(
                    f"{self.name} makes a frame of {width}x{height} at {float(time):.2f} s, and of "
                    f"{wanted[0]}x{wanted[1]} at the start",
                    cure="All frames have one size; keep the window inside the picture.",
                )


class _Shown:
    """An effect applied to a clip whose frame is the one at hand."""

    def __init__(
        self, name: str, given: dict[str, Any], size: tuple[int, int], duration: float
    ) -> None:
        import moviepy.video.fx
        from moviepy import VideoClip

        self.size = size
        self._image = [np.zeros((size[1], size[0], 3), np.uint8)]
        image = self._image  # without self, so that nothing refers to itself
        clip = VideoClip(lambda _: image[0], duration=duration)
        effect = getattr(moviepy.video.fx, name)(**given)
        self._clip = effect.copy().apply(clip)
        # Masks and positions show only where clips are laid over each other.
        self._over_black = self._clip.mask is not None or self._clip.pos(0) != (0, 0)

    def frame(self, image: _Image, time: Fraction) -> _Image:
        """uint8 [H', W', 3] for uint8 [H, W, 3]."""
        self._image[0] = image
        if not self._over_black:
            done: _Image = self._clip.get_frame(float(time)).astype(np.uint8, copy=False)
            return done
        from PIL import Image

        height, width = self._clip.get_frame(0).shape[:2]
        black = Image.new("RGB", (width, height))
        return np.array(self._clip.compose_on(black, float(time)).convert("RGB"))


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Fraction) else value


def _constant(value: Any) -> Callable[[float], Any]:
    return lambda _: value


class _Made:
    """`Options` of an effect, made when somebody asks for them."""

    def __init__(self, make: Callable[[], type[StageOptions]]) -> None:
        self._make = make
        self._options: type[StageOptions] | None = None

    def __get__(self, instance: object, owner: type) -> type[StageOptions]:
        if self._options is None:
            self._options = self._make()
        return self._options


def supported_stage(effect: Effect) -> type[MoviepyEffect]:
    """The stage of an effect that runs."""

    def options() -> type[StageOptions]:
        fields: dict[str, Any] = dict(effect.fields)
        return create_model(
            f"{effect.name}Options",
            __base__=_OneOf if effect.one_of else StageOptions,
            __doc__=f"Options of moviepy.{effect.name}.",
            __cls_kwargs__={"one_of": effect.one_of} if effect.one_of else None,
            **fields,
        )

    return _stage(effect, f"{effect.help}\n\nMoviePy's effect {effect.name}.", options)


class _OneOf(StageOptions):
    """Options of which one at least must be given."""

    names: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, one_of: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.names = one_of

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.model_fields_set.intersection(self.names):
            raise ValueError(f"one of {', '.join(self.names)} must be given")
        return self


class _Refusing(StageOptions):
    """Options of an effect that cannot be a stage: whatever is given, they say why."""

    reason: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _refuse(cls, _given: Any) -> Any:
        raise ValueError(cls.reason)


def refused_stage(name: str, reason: str) -> type[MoviepyEffect]:
    """The stage of an effect that cannot be one: its options say why."""
    told = f"moviepy.{name} cannot be a stage: {reason}"

    def options() -> type[StageOptions]:
        return type(f"{name}Options", (_Refusing,), {"__doc__": "None.", "reason": told})

    return _stage(Effect(name, ""), f"Refused: {reason}.", options)


def _stage(
    effect: Effect, help_text: str, options: Callable[[], type[StageOptions]]
) -> type[MoviepyEffect]:
    members = {
        "__doc__": help_text,
        "__module__": __package__,
        "name": f"moviepy.{effect.name}",
        "effect": effect,
        "Options": _Made(options),
    }
    return type(effect.name, (MoviepyEffect,), members)
