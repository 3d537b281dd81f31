"""Which effects MoviePy has, what they are given, and which of them cannot be a stage.

Options are written down, since MoviePy's own annotations do not say what effects take
(`RGB: str = None` is three numbers); names and defaults are MoviePy's own, and tests compare them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field

from aigc_edit.api import Seconds, option

Level = Annotated[int, Field(ge=0, le=255)]
Colour = tuple[Level, Level, Level]
Weights = tuple[float, float, float]
Length = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(gt=0)]
Side = Literal["left", "right", "top", "bottom"]
OptionFields = dict[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Effect:
    """An effect that runs: its name in `moviepy.video.fx`, its help, and its options.

    Attributes:
        fields: type and `option(...)` by name; a default is MoviePy's own.
        functions: options that MoviePy wants as functions of time, and that are constant here.
        one_of: options of which one at least must be given.
    """

    name: str
    help: str
    fields: OptionFields = field(default_factory=dict)
    functions: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()


def _faded(what: str) -> tuple[Any, Any]:
    return Seconds, option(gt=0, help=what)


def _colour(what: str) -> tuple[Any, Any]:
    return Colour | None, option(None, help=f"{what}: red, green, blue from 0 to 255.")


def _place(what: str) -> tuple[Any, Any]:
    return int | None, option(None, ge=0, help=f"{what}, pixels.")


def _pixels(what: str) -> tuple[Any, Any]:
    return int, option(0, ge=0, help=f"{what}, pixels.")


def _speed(what: str) -> tuple[Any, Any]:
    return float, option(0, help=what)


SUPPORTED = (
    Effect(
        "BlackAndWhite",
        "Takes the colour out.",
        {
            "RGB": (
                Weights | Literal["CRT_phosphor"] | None,
                option(None, help="Weights of red, green and blue, or CRT_phosphor."),
            ),
            "preserve_luminosity": (
                bool,
                option(default=True, help="Weights are made to add to 1."),
            ),
        },
    ),
    Effect(
        "Blink",
        "Goes black at regular intervals.",
        {
            "duration_on": _faded("How long the picture is seen."),
            "duration_off": _faded("How long it is black."),
        },
    ),
    Effect(
        "Crop",
        "Keeps a rectangle of the picture.",
        {
            "x1": _place("Left edge"),
            "y1": _place("Upper edge"),
            "x2": _place("Right edge"),
            "y2": _place("Lower edge"),
            "width": _place("Width, with x1, x2 or x_center"),
            "height": _place("Height, with y1, y2 or y_center"),
            "x_center": _place("Middle of the width"),
            "y_center": _place("Middle of the height"),
        },
    ),
    Effect(
        "CrossFadeIn",
        "Fades in from black, as a mask.",
        {"duration": _faded("How long it takes.")},
    ),
    Effect(
        "CrossFadeOut",
        "Fades out to black, as a mask.",
        {"duration": _faded("How long it takes, at the end.")},
    ),
    Effect("EvenSize", "Crops odd sides by a pixel."),
    Effect(
        "FadeIn",
        "Fades in from a colour.",
        {"duration": _faded("How long it takes."), "initial_color": _colour("First colour")},
    ),
    Effect(
        "FadeOut",
        "Fades out to a colour.",
        {
            "duration": _faded("How long it takes, at the end."),
            "final_color": _colour("Last colour"),
        },
    ),
    Effect(
        "GammaCorrection",
        "Raises all values to a power.",
        {"gamma": (float, option(gt=0, help="The power: less than 1 is brighter."))},
    ),
    Effect(
        "HeadBlur",
        "Blurs a disc that stays where it is.",
        {
            "fx": (float, option(help="Middle from the left, pixels.")),
            "fy": (float, option(help="Middle from above, pixels.")),
            "radius": (float, option(gt=0, help="Radius of the disc, pixels.")),
            "intensity": (
                float | None,
                option(None, help="Radius of the blur, pixels; two thirds of the disc's."),
            ),
        },
        functions=("fx", "fy"),
    ),
    Effect("InvertColors", "Turns colours into their opposites."),
    Effect(
        "LumContrast",
        "Brightness and contrast.",
        {
            "lum": (float, option(0, help="Added to all values (white is 255).")),
            "contrast": (float, option(0, help="Added distance from the threshold, as a factor.")),
            "contrast_threshold": (float, option(127, help="The value that contrast leaves.")),
        },
    ),
    Effect(
        "Margin",
        "Draws a margin around the picture.",
        {
            "margin_size": _place("On all sides, in place of the four"),
            "left": _pixels("Left"),
            "right": _pixels("Right"),
            "top": _pixels("Above"),
            "bottom": _pixels("Below"),
            "color": (Colour, option((0, 0, 0), help="Red, green, blue from 0 to 255.")),
            "opacity": (float, option(1.0, ge=0, le=1, help="Of the margin, over black.")),
        },
    ),
    Effect(
        "MaskColor",
        "Makes a colour transparent, which shows black.",
        {
            "color": (Colour, option((0, 0, 0), help="Red, green, blue from 0 to 255.")),
            "threshold": (float, option(0, ge=0, help="Distance at which half is seen.")),
            "stiffness": (float, option(1, gt=0, help="How sharp the border is.")),
        },
    ),
    Effect("MirrorX", "Exchanges left and right."),
    Effect("MirrorY", "Exchanges above and below."),
    Effect(
        "MultiplyColor",
        "Multiplies all values.",
        {"factor": (float, option(ge=0, help="What they are multiplied by."))},
    ),
    Effect(
        "Painting",
        "Looks like a painting.",
        {
            "saturation": (float, option(1.4, ge=0, help="How flashy colours are.")),
            "black": (float, option(0.006, ge=0, help="How black lines are.")),
        },
    ),
    Effect(
        "Resize",
        "Another size; one of the options must be given.",
        {
            "new_size": (
                tuple[Length, Length] | Share | None,
                option(None, help="Width and height in pixels, or a factor."),
            ),
            "height": (int | None, option(None, ge=1, help="Height; the shape is kept.")),
            "width": (int | None, option(None, ge=1, help="Width; the shape is kept.")),
        },
        one_of=("new_size", "height", "width"),
    ),
    Effect(
        "Rotate",
        "Turns the picture anticlockwise.",
        {
            "angle": (float, option(help="By how much.")),
            "unit": (Literal["deg", "rad"], option("deg", help="Of the angle.")),
            "resample": (
                Literal["nearest", "bilinear", "bicubic"],
                option("bicubic", help="How pixels are found between pixels."),
            ),
            "expand": (bool, option(default=True, help="Make room for the corners.")),
            "center": (
                tuple[float, float] | None,
                option(None, help="What it turns around, from the upper left; the middle."),
            ),
            "translate": (tuple[float, float] | None, option(None, help="A shift afterwards.")),
            "bg_color": _colour("Colour of the corners"),
        },
    ),
    Effect(
        "Scroll",
        "Shows a window that moves over the picture.",
        {
            "w": (int | None, option(None, ge=1, help="Width of the window, pixels.")),
            "h": (int | None, option(None, ge=1, help="Height of the window, pixels.")),
            "x_speed": _speed("Pixels a second to the right."),
            "y_speed": _speed("Pixels a second down."),
            "x_start": _speed("Where it begins, from the left."),
            "y_start": _speed("Where it begins, from above."),
        },
    ),
    Effect(
        "SlideIn",
        "Comes in over black from one side.",
        {
            "duration": _faded("How long it takes."),
            "side": (Side, option(help="Where it comes from.")),
        },
    ),
    Effect(
        "SlideOut",
        "Leaves to one side, over black.",
        {
            "duration": _faded("How long it takes, at the end."),
            "side": (Side, option(help="Where it goes.")),
        },
    ),
)

_TIME = "it changes how long the film is or how fast it runs, and a frame filter keeps all times"
_OTHER = "it shows pictures of other times, and a frame filter sees the one at hand"
_CLIP = "it needs a second clip, and a stage has one"
REFUSED = MappingProxyType(
    {
        "AccelDecel": _TIME,
        "Freeze": _TIME,
        "FreezeRegion": _OTHER,
        "Loop": _TIME,
        "MakeLoopable": _TIME,
        "MasksAnd": _CLIP,
        "MasksOr": _CLIP,
        "MultiplySpeed": _TIME,
        "SuperSample": _OTHER,
        "TimeMirror": _OTHER,
        "TimeSymmetrize": _TIME,
    }
)
# Options of MoviePy that are no matter of a stage: it has no masks to apply effects to.
LEFT_OUT = frozenset({"apply_to", "apply_to_mask"})
