"""Nets for tests: the shipped one, and some that want the worst."""

from __future__ import annotations

import torch

from aigc_edit.models.music import Composer, ComposerConfig
from aigc_edit.models.shelf import STYLES

# What a net may be in love with: a token's kind and member.
LOVES = {"rests": ("mark", "rest"), "one pitch": ("onset", 60), "holding": ("held", 60)}


def shipped() -> Composer:
    return Composer.load(STYLES.shipped / "bach.safetensors")


def hostile(love: str = "nothing", voices: int = 4, meter: str = "4/4") -> Composer:
    """A small net that has learnt nothing, but to prefer something by far."""
    torch.manual_seed(1)
    config = ComposerConfig("bach", 8, 16, 1, 0.0, voices=voices, meter=meter)
    net = Composer(config).eval()
    with torch.no_grad():
        net.output.weight *= 10
        if love in LOVES:
            net.output.bias[net.vocabulary.number(*LOVES[love])] = 30
    return net


def droning() -> Composer:
    """A net that holds notes and knows two pitches: one voice of it goes round in circles."""
    net = hostile()
    likings = {("held", 60): 12.0, ("onset", 62): 9.0, ("onset", 64): 5.0, ("mark", "rest"): -9.0}
    with torch.no_grad():
        net.output.weight.zero_()
        net.output.bias.zero_()
        for (kind, member), liking in likings.items():
            number = net.vocabulary.number(kind, member)
            span = net.vocabulary.span(kind) if kind == "held" else number
            net.output.bias[span] = liking
    return net
