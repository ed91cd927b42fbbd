# SPDX-License-Identifier: BSD-3-Clause
"""`ohmloop selftest` on the simulated board."""

from boards import SMALL

from ohmloop.cli.selftest import outcomes


def test_every_check_is_green_on_the_simulated_board() -> None:
    seen = {outcome.name: (outcome.colour, outcome.detail) for outcome in outcomes(f"sim://?{SMALL}")}
    assert {name: told for name, told in seen.items() if told[0] != "green"} == {}
    assert len(seen) == 13
