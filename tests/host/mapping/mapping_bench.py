# SPDX-License-Identifier: BSD-3-Clause
"""Words that the mapping's tests share."""

import numpy as np

import ohmloop
from ohmloop.profile import Profile, load_profile

SMALL = "twin://?rows=64&columns=32&lanes=8&payload=1024"
"""A small macro behind small frames, so that most operations are split."""


def fill(macro, seed=1, formed=0.5):
    """Loads random cells, part of them formed, and returns their true conductances."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(320, 700, macro.shape)
    codes[rng.random(macro.shape) >= formed] = 4
    macro.load_g_codes(codes, macro[:, :])
    return codes * macro.profile.g_lsb_siemens


def truth(macro, window=None):
    """Returns the true conductances of a window."""
    whole = macro[:, :] if window is None else window
    return macro.dump_g_codes(whole) * macro.profile.g_lsb_siemens


def changed(profile=None, **changes) -> Profile:
    """Returns a profile with other chip values, named by dotted path with __ for the dots."""
    held = load_profile(profile).model_dump(mode="json")
    for path, value in changes.items():
        place = held["chip"]
        *steps, last = path.split("__")
        for step in steps:
            place = place[step]
        place[last] = value
    return Profile.model_validate(held)


def noisy(read_noise, adc_codes) -> Profile:
    """Returns the profile whose every range is one code a g code, with this noise."""
    return changed(
        "ideal",
        cells__read_noise={"value": read_noise, "unit": "1", "source": "chosen: test"},
        front_end__adc__noise={"value": adc_codes, "unit": "codes", "source": "chosen: test"},
    )


def opened(url=SMALL, **keywords):
    """Opens a throw-away chip."""
    return ohmloop.open(url, **({"chip": "tmp:seed:3"} | keywords))
