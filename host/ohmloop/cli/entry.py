# SPDX-License-Identifier: BSD-3-Clause
"""The `ohmloop` command from its first line on: Ctrl-C at any time is one line and exit code 130."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sys import UnraisableHookArgs
    from types import FrameType

EXIT_REFUSED: Final = 2
"""Something was refused; the message says what, where and what the limit is."""
EXIT_INTERRUPTED: Final = 130
_AGAIN_S: Final = 0.05


def main() -> None:
    """Runs the command; a refusal becomes one line on stderr and exit code 2.

    Like Ctrl-C, SIGTERM and a terminal that closes leave the board safe.
    """
    sys.unraisablehook = _not_swallowed
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _leave)
    try:
        _run()
    except KeyboardInterrupt:
        _end("interrupted", EXIT_INTERRUPTED)


def _run() -> None:
    """Runs the command; what it needs is imported here, where Ctrl-C is looked after."""
    import typer

    from ohmloop.cli.app import app
    from ohmloop.errors import OhmloopError

    try:
        app()
    except SystemExit as end:
        if end.code == EXIT_INTERRUPTED:  # typer's word for Ctrl-C
            raise KeyboardInterrupt from None
        raise
    except (OhmloopError, OSError) as error:
        typer.secho(f"{type(error).__name__}: {error}", fg=typer.colors.RED, err=True)
        for note in getattr(error, "__notes__", ()):
            typer.echo(note, err=True)
        sys.exit(EXIT_REFUSED)


def _end(text: str, code: int) -> None:
    sys.stderr.write(f"ohmloop: {text}\n")
    sys.exit(code)


def _leave(number: int, _frame: FrameType | None) -> None:
    """Ends the command as an exception, so that every `with` on the way out makes its board safe."""
    sys.exit(128 + number)


def _not_swallowed(unraisable: UnraisableHookArgs) -> None:
    """Sends Ctrl-C again that came where Python cannot raise, as in a call back from the compiler."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        again = threading.Timer(_AGAIN_S, os.kill, (os.getpid(), signal.SIGINT))
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(unraisable)
