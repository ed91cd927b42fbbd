# SPDX-License-Identifier: BSD-3-Clause
"""What every test stands on."""

import signal


def pytest_configure() -> None:
    """Ctrl-C works in the processes that tests start, though a background job ignores it."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
