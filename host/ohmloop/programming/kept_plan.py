# SPDX-License-Identifier: BSD-3-Clause
"""The plan of a programming job to its record and back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ohmloop._map import Algorithm
from ohmloop.errors import ShapeError
from ohmloop.link.messages import KindDrive
from ohmloop.programming.plan import Plan


def plain_of(plan: Plan) -> dict[str, Any]:
    """Returns a plan as a job's record holds it."""
    plain = asdict(plan)
    plain["algorithm"] = int(plan.algorithm)
    for name in ("set", "reset", "gates", "noise"):
        plain[name] = list(getattr(plan, name))
    return plain


def plan_of(kept: dict[str, Any]) -> Plan:
    """Returns the plan of a job's record; raises ShapeError where another version wrote it."""
    try:
        plain, _, _ = (kept[name] for name in ("plan", "calibration", "tables"))
        slope, gain, low, high = plain["gates"]
        relative, additive = plain["noise"]
        kinds = {
            "algorithm": Algorithm(plain["algorithm"]),
            "set": KindDrive(*plain["set"]),
            "reset": KindDrive(*plain["reset"]),
            "gates": (slope, gain, low, high),
            "noise": (relative, additive),
        }
        return Plan(**(plain | kinds))
    except (TypeError, ValueError, KeyError) as error:
        raise ShapeError(f"job: its plan is of another version: {error}", where="job") from error
