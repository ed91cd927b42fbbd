# SPDX-License-Identifier: BSD-3-Clause
"""`ohmloop chip`: what the lab's registry knows of its samples."""

from __future__ import annotations

import json as json_format
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ohmloop.cli.choices import require_figure
from ohmloop.errors import LimitError, NotRecorded

if TYPE_CHECKING:
    from ohmloop.registry import Chip, Registry

chip_app = typer.Typer(help="What the lab's registry knows of its samples.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The sample's name.")]
Emulated = Annotated[
    bool | None,
    typer.Option(
        "--emulated/--physical", help="Which of the two that bear this name; the physical one first."
    ),
]
Macro = Annotated[int, typer.Option(min=0, help="Which of the chip's arrays.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Png = Annotated[Path | None, typer.Option(metavar="FILE", help="Also draw a figure.")]


@contextmanager
def _opened(name: str, emulated: bool | None) -> Iterator[tuple[Registry, Chip]]:
    from ohmloop.registry import Registry

    origin = None if emulated is None else "emulated" if emulated else "chip"
    with Registry.open(create=False) as registry:
        yield registry, registry.chips.get(name, origin=origin)


def _print_json(value: Any) -> None:
    sys.stdout.write(json_format.dumps(value, indent=1) + "\n")


def _require_macro(chip: Chip, macro: int) -> None:
    if macro >= chip.macros:
        raise LimitError(
            f"macro {macro} asked, {chip} has {chip.macros}",
            value=macro,
            limit=chip.macros - 1,
            where="--macro",
        )


@chip_app.command("list")
def list_chips(
    retired: Annotated[bool, typer.Option("--retired", help="Also those whose name was given back.")] = False,
    json: AsJson = False,
) -> None:
    """Lists the samples."""
    from ohmloop.cli.chip_tables import chips_table, show
    from ohmloop.registry import Registry

    try:
        registry = Registry.open(create=False)
    except NotRecorded as error:
        _print_json([]) if json else typer.echo(f"{str(error)[0].upper()}{str(error)[1:]}.")
        return
    with registry:
        chips = registry.chips.all(retired=retired)
        if json:
            _print_json(
                [
                    {
                        **{key: getattr(chip, key) for key in ("name", "origin", "profile", "notes")},
                        **{key: getattr(chip, key) for key in ("macros", "rows", "columns", "pulse_budget")},
                        "last_seen_utc": chip.last_seen.isoformat(),
                        "retired": chip.retired is not None,
                    }
                    for chip in chips
                ]
            )
        else:
            show(chips_table(registry, chips))


@chip_app.command("show")
def show_chip(name: Name, emulated: Emulated = None, json: AsJson = False) -> None:
    """Shows what is known of a sample."""
    from ohmloop.cli.chip_facts import chip_facts
    from ohmloop.cli.chip_tables import facts_table, show

    with _opened(name, emulated) as (registry, chip):
        facts = chip_facts(registry, chip)
        _print_json(facts) if json else show(facts_table(chip, facts))


@chip_app.command("health")
def show_health(
    name: Name, macro: Macro = 0, emulated: Emulated = None, json: AsJson = False, png: Png = None
) -> None:
    """Shows the state of every cell and line, as last found."""
    from ohmloop.cli.chip_facts import health_facts
    from ohmloop.cli.chip_tables import health_view, show

    require_figure(png)
    with _opened(name, emulated) as (registry, chip):
        _require_macro(chip, macro)
        health = registry.health.current(chip, macro)
        _print_json(health_facts(chip, macro, health)) if json else show(*health_view(chip, macro, health))
    if png is not None:
        from ohmloop.cli.chip_figures import draw_health

        draw_health(chip, macro, health, png)


@chip_app.command("wear")
def show_wear(
    name: Name, macro: Macro = 0, emulated: Emulated = None, json: AsJson = False, png: Png = None
) -> None:
    """Shows how many pulses every cell has seen, and what gave them."""
    from ohmloop.cli.chip_facts import wear_facts
    from ohmloop.cli.chip_tables import show, wear_view

    require_figure(png)
    with _opened(name, emulated) as (registry, chip):
        _require_macro(chip, macro)
        facts = wear_facts(registry, chip, macro)
        pulses = registry.wear.pulses(chip, macro)
        _print_json(facts) if json else show(*wear_view(chip, facts, pulses))
    if png is not None:
        from ohmloop.cli.chip_figures import draw_wear

        draw_wear(chip, macro, pulses, png)


@chip_app.command("history")
def show_history(name: Name, emulated: Emulated = None, json: AsJson = False) -> None:
    """Shows what was done with a sample and found of it, the oldest first."""
    from ohmloop.cli.chip_facts import events
    from ohmloop.cli.chip_tables import events_table, show

    with _opened(name, emulated) as (registry, chip):
        found = events(registry, chip)
    if json:
        _print_json(
            [
                {"time_utc": e.time.isoformat(), "what": e.what, "number": e.number, "text": e.text}
                for e in found
            ]
        )
    else:
        show(events_table(chip, found))


@chip_app.command("budget")
def set_budget(
    name: Name,
    pulses: Annotated[int | None, typer.Argument(metavar="[PULSES]", help="None: no budget.", min=0)] = None,
    emulated: Emulated = None,
) -> None:
    """Sets how many pulses any cell of a sample may see in its life; every session keeps to it."""
    with _opened(name, emulated) as (registry, chip):
        changed = registry.chips.set_budget(chip, pulses)
    told = "no budget" if changed.pulse_budget is None else f"{changed.pulse_budget} pulses a cell"
    typer.echo(f"{changed}: {told}")


@chip_app.command("note")
def set_note(
    name: Name,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Takes the place of the present notes.")],
    made: Annotated[str | None, typer.Option(help="When and where it was made.")] = None,
    emulated: Emulated = None,
) -> None:
    """Writes the lab's notes about a sample."""
    with _opened(name, emulated) as (registry, chip):
        registry.chips.describe(chip, notes=text, made=made)


@chip_app.command("abandon")
def abandon_job(
    name: Name,
    job: Annotated[int, typer.Argument(metavar="JOB", help="Its number, as `chip history` shows it.")],
    emulated: Emulated = None,
) -> None:
    """Gives an interrupted job up, so that its cells are free for others."""
    with _opened(name, emulated) as (registry, chip):
        found = registry.jobs.get(job)
        if found.chip_id != chip.id:
            raise NotRecorded(f"{found} is no job of {chip}", value=job, where="JOB")
        typer.echo(str(registry.jobs.abandon(job)))


@chip_app.command("retire")
def retire_chip(name: Name, emulated: Emulated = None) -> None:
    """Gives a sample's name back, for another; its records stay."""
    with _opened(name, emulated) as (registry, chip):
        registry.chips.retire(chip)
        typer.echo(f"{chip}: its name is free; its records stay under `ohmloop chip list --retired`")
