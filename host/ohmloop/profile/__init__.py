# SPDX-License-Identifier: BSD-3-Clause
"""Chip and board profiles: YAML in, validated objects and the emulator's integers out."""

from ohmloop.profile.models import BoardProfile, ChipProfile
from ohmloop.profile.profile import LIMIT_REGISTERS, FormingPulse, Profile, load_profile
from ohmloop.profile.state_file import ChipGeometry, StateFile, chip_seed

__all__ = [
    "LIMIT_REGISTERS",
    "BoardProfile",
    "ChipGeometry",
    "ChipProfile",
    "FormingPulse",
    "Profile",
    "StateFile",
    "chip_seed",
    "load_profile",
]
