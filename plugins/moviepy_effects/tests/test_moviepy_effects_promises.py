"""Every effect keeps what stages promise."""

import aigc_edit_moviepy_effects as plugin
import pytest

_MUST_BE_GIVEN = {
    "Blink": {"duration_on": "200ms", "duration_off": "100ms"},
    "Crop": {"x1": 3, "width": 9},
    "CrossFadeIn": {"duration": 1},
    "CrossFadeOut": {"duration": 1},
    "FadeIn": {"duration": 1},
    "FadeOut": {"duration": 1},
    "GammaCorrection": {"gamma": 0.5},
    "HeadBlur": {"fx": 9, "fy": 9, "radius": 5},
    "MultiplyColor": {"factor": 1.4},
    "Resize": {"new_size": 0.5},
    "Rotate": {"angle": 30},
    "Scroll": {"w": 10, "h": 10, "x_speed": 1},
    "SlideIn": {"duration": 1, "side": "left"},
    "SlideOut": {"duration": 1, "side": "top"},
}
_EFFECTS = [effect.name for effect in plugin.effects.SUPPORTED]


@pytest.mark.stages([(getattr(plugin, name), _MUST_BE_GIVEN.get(name)) for name in _EFFECTS])
def test_keeps_its_promises(promise):
    promise()
