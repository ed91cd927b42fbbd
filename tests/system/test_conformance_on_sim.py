# SPDX-License-Identifier: BSD-3-Clause
"""The protocol's rules on the simulated board, in the process, as bytes, and served."""

import queue
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from boards import SMALL

from ohmloop.conformance import Permission, Report, Verdict, examine
from ohmloop.link.wires import WireContext, open_wire
from ohmloop.link.wires.serve import serve
from ohmloop.profile import load_profile

TWIN = "twin://?rows=64&columns=64&lanes=16&payload=1024"


def report_of(url: str, *, long: bool = False) -> Report:
    report = Report(url)
    with closing(open_wire(url, WireContext("tmp"))) as wire:
        for _ in examine(wire, report, Permission(long=long)):
            pass
    return report


def not_passed(report: Report) -> dict[str, tuple[Verdict, str]]:
    return {row.rule: (row.verdict, row.detail) for row in report.rows if row.verdict != Verdict.PASS}


@contextmanager
def serving(**where: object) -> Iterator[str]:
    stop, announced = threading.Event(), queue.Queue()
    how = {"stop": stop, "announce": announced.put, "context": WireContext("tmp", load_profile("ideal"))}
    thread = threading.Thread(target=serve, args=(TWIN,), kwargs={**where, **how})
    thread.start()
    try:
        yield announced.get(timeout=60)
    finally:
        stop.set()
        thread.join(10)


def test_the_simulated_board_keeps_every_rule() -> None:
    report = report_of(f"sim://?{SMALL}")
    assert not_passed(report) == {}
    assert len(report.rows) > 50


@pytest.mark.slow
def test_the_simulated_board_keeps_every_rule_on_a_serial_line() -> None:
    assert not_passed(report_of(f"sim://?{SMALL}&front=uart", long=True)) == {}


@pytest.mark.slow
def test_the_analog_front_end_keeps_every_rule_that_is_for_it() -> None:
    told = "an analog front end has no pulses in SWEEP and no ENV"
    skipped = (Verdict.SKIPPED, told)
    left = not_passed(report_of("sim://?front=afe", long=True))
    assert left == {"vectors: refusals of SWEEP": skipped, "vectors: refusals of ENV": skipped}


@pytest.mark.parametrize("where", [{"tcp_port": 0}, {"pty": True}], ids=["tcp", "pty"])
def test_a_served_board_keeps_every_rule(where: dict[str, object]) -> None:
    with serving(**where) as url:
        report = report_of(url)
    skipped = not_passed(report)
    assert {verdict for verdict, _ in skipped.values()} <= {Verdict.SKIPPED}
    assert skipped.pop("locked limits: only lowered")[1].endswith("--lock")
    assert set(skipped) <= {
        "SAFE in an operation: ABORTED, and how far it was",
        "SAFE in a train of pulses: ABORTED tells those given",
    }
