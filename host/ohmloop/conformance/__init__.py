# SPDX-License-Identifier: BSD-3-Clause
"""Whether a board keeps docs/protocol.md, rule by rule (docs/conformance.md)."""

from ohmloop.conformance.rules import Permission
from ohmloop.conformance.run import LAST, LIMIT_S, Report, Row, Verdict, examine, rules

__all__ = ["LAST", "LIMIT_S", "Permission", "Report", "Row", "Verdict", "examine", "rules"]
