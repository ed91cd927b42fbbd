# SPDX-License-Identifier: BSD-3-Clause
"""What an interruption leaves to go on with: told to the user, whatever ended the command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from ohmloop.errors import RegistryError
from ohmloop.registry import records_of

if TYPE_CHECKING:
    from ohmloop.board import Board


@contextmanager
def how_to_go_on(board: Board) -> Iterator[None]:
    """Names the jobs that end interrupted in here, on stderr, and how to go on with them."""
    before = _interrupted(board)
    try:
        yield
    except BaseException:
        for job, kind, _ in sorted(_interrupted(board) - before):
            told = f"job {job} ({kind}) can go on: the same command with --resume {job}"
            typer.echo(f"{told}, or give it up: ohmloop chip abandon {board.chip} {job}", err=True)
        raise


def _interrupted(board: Board) -> set[tuple[int, str, str]]:
    """Returns number, kind and session: a job that went on and is interrupted again has another session."""
    records = records_of(board)
    if records is None:
        return set()
    try:
        return {(job.id, job.kind, job.session_id) for job in records.registry.jobs.interrupted(records.chip)}
    except RegistryError:  # what ended the command is what the user must see
        return set()
