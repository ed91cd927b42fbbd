# SPDX-License-Identifier: BSD-3-Clause
"""Programming of cells: write-verify, forming ramps, sweeps, and time on emulated macros."""

from ohmloop.programming.ageing import environment
from ohmloop.programming.interval import clopper_pearson
from ohmloop.programming.plan import ALGORITHMS, Plan, write_verify
from ohmloop.programming.procedure import (
    PROGRAM_KIND,
    RAMP_KIND,
    Known,
    check_program,
    form_ramp,
    program,
    resume,
)
from ohmloop.programming.results import ProgramResult, ProgramStatus, SweepResult
from ohmloop.programming.same_job import require_same, require_same_window
from ohmloop.programming.sweeps import sweep

__all__ = [
    "ALGORITHMS",
    "PROGRAM_KIND",
    "RAMP_KIND",
    "Known",
    "Plan",
    "ProgramResult",
    "ProgramStatus",
    "SweepResult",
    "check_program",
    "clopper_pearson",
    "environment",
    "form_ramp",
    "program",
    "require_same",
    "require_same_window",
    "resume",
    "sweep",
    "write_verify",
]
