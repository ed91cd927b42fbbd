# SPDX-License-Identifier: BSD-3-Clause
"""What carries frames: serial ports, sockets, the simulated board, the twin, recordings."""

from ohmloop.link.wires.base import Wire, WireContext, WireUrl, open_wire

__all__ = ["Wire", "WireContext", "WireUrl", "open_wire"]
