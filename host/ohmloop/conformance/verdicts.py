# SPDX-License-Identifier: BSD-3-Clause
"""How a rule ends when it does not simply hold."""


class Broken(Exception):
    """A board does not keep a rule; the message says what was seen and what was expected."""


class NotRun(Exception):
    """A rule was not tried on this board; the message says why."""
