# SPDX-License-Identifier: BSD-3-Clause
"""Measures what calibration leaves on the full array, against the emulator's truth, on inputs of its own.

    python benchmarks/calibration.py [URL] [--vectors 64] [--lines] [--only-lines]

The chip is half formed; its converters have gain, offset and INL errors (profile rrm-40nm-front-end). A
product's residual is its difference from the exact sum over the emulator's cells, its repeatability the
scatter of the same product taken eight times. Own errors are normalised by the parts that are not common to
the board; what is common, the mean error, stands beside the board part. `--lines` adds a
128 x 128 array with line resistance, its recipe and maps with it taken out; what the two resistances'
errors do to all cells is told apart, in their uncertainties. Exit code 1 when a figure misses its target.
"""

import argparse
import sys
import time

import numpy as np

import ohmloop
from ohmloop._map import Register, Table
from ohmloop.calibration import calibrate, emulate_line_resistance
from ohmloop.mapping import CellState
from ohmloop.nodal import effective_siemens
from ohmloop.profile.tables import codes_per_g_code, gain_and_shift

PROFILE = "rrm-40nm-front-end"
MOST_RESIDUAL = 1.2
LEAST_GAIN = 5.0
NOT_CALIBRATED_RATIO_FROM = 16  # averages from which read noise no longer hides the uncalibrated error
TAKES = 8
LINE_OHMS = (0.3, 1.0)
REACHED = slice(2, -2)  # of the 64 entries of the INL table
CASES = (  # bits, averages, signed, plane by plane
    (1, 1, False, True),
    (8, 1, False, True),
    (8, 16, False, True),
    (8, 16, False, False),
    (8, 128, False, False),
    (8, 1, True, True),
    (8, 16, True, False),
)


def form(board):
    """Forms the array as published; returns the emulator's own cells, siemens `[rows, columns]`."""
    macro, pulse = board.macro, board.profile.forming
    window = macro[:, :]
    macro.check_contact(window)
    with board.armed(window, ops={"form"}, max_pulses=window.size, max_voltage_v=3.7, expires_s=60):
        macro.form(window, voltage_v=pulse.voltage_v, gate_v=pulse.gate_v, width_s=pulse.width_s)
    return macro.g_codes_to_siemens(macro.dump_g_codes(window))


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


def products(board, found, siemens, x, case):
    """Returns residual, uncalibrated one, repeatability, own errors, and the mean over the board part."""
    bits, averages, _, planes = case
    macro, levels = board.macro, (1 << case[0]) - 1
    window = macro[: siemens.shape[0], : siemens.shape[1]]
    how = {"calibration": found, "x_unit": "1", "bits": bits, "averages": averages, "planes": planes}
    taken = [macro.matvec(x, window, **how) for _ in range(TAKES)]
    exact = taken[0].inputs @ siemens
    codes = np.rint(taken[0].inputs * levels).astype(int)
    plain = macro.mac(codes, window, bits=bits, averages=averages)
    nominal = plain.adc_codes * board.profile.siemens_per_adc_code(plain.range) / levels
    scatter = rms(np.std([one.values for one in taken], axis=0, ddof=1))
    error, part = taken[0].values - exact, taken[0].estimate
    own = error / np.hypot(part.independent, part.channel)
    return rms(error), rms(nominal - exact), scatter, own, float(error.mean() / part.board.mean())


def show_products(board, found, siemens, vectors):
    """Prints every case; returns whether all meet their targets."""
    good = True
    print("  bits averages inputs   read by   residual/repeat  before/after  own errors: sd  mean/board part")
    for number, case in enumerate(CASES):
        bits, averages, signed, planes = case
        rng = np.random.default_rng(100 + number)
        x = rng.uniform(-1 if signed else 0, 1, (vectors, siemens.shape[0]))
        residual, before, repeat, own, common = products(board, found, siemens, x, case)
        ratio, gain = residual / repeat, before / residual
        good &= ratio <= MOST_RESIDUAL and 0.9 < own.std() < 1.1 and abs(common) < 2
        good &= averages < NOT_CALIBRATED_RATIO_FROM or gain >= LEAST_GAIN
        print(
            f"  {bits:4} {averages:8} {'signed' if signed else 'plain ':8} {'planes' if planes else 'sums':8}"
            f" {ratio:14.3f} {gain:13.1f} {own.std():16.3f} {common:16.3f}   ({own.size} values)"
        )
    return bool(good)


def show_converters(board, found):
    """Prints normalised errors of gains and offsets of every range, what all share taken out and told."""
    adc, tables = found["adc"], board.profile.tables()
    channels = board.profile.chip.front_end.channels
    drawn = tables[Table.GAIN].reshape(4, -1).astype(float)
    straight = np.array([gain_and_shift(one)[0] for one in codes_per_g_code(board.profile.chip)])
    nominal = 1 / np.array([board.profile.siemens_per_adc_code(one) for one in range(4)])
    # The bend's own straight line, where levels reach, belongs to the channels.
    slope = np.polyfit(((np.arange(64) - 31.5) * 256)[REACHED], tables[Table.INL][REACHED], 1)[0]
    true = nominal[:, None] * drawn / straight[:, None] * (1 + slope)
    good = bool(channels.enabled)
    at_zero = np.interp(0, adc["bend_knots"].values, adc["bend"].values)
    dark = tables[Table.OFFSET] + tables[Table.INL][32] - at_zero
    for name, truth in (("gain", true), ("offset", np.tile(dark, (4, 1)))):
        seen = adc[name]
        error = seen.values - truth[:, : seen.values.shape[1]]
        shared = error.mean(axis=1, keepdims=True)
        own = ((error - shared) / seen.channel).ravel()
        bend = np.interp(0, adc["bend_knots"].values, adc["bend"].board) if name == "offset" else 0.0
        common = (shared[:, 0] / np.hypot(seen.board.mean(axis=1), bend)).round(3)
        print(f"  {name} of {own.size} channels: own errors sd {own.std():.3f}; mean/board part {common}")
        good &= 0.9 < own.std() < 1.1 and bool(np.all(np.abs(common) < 2))
    return good


def show_conductances(board, found, siemens):
    """Prints normalised errors of cells read one by one, sixteen times each."""
    macro, rows = board.macro, np.arange(3, siemens.shape[0], 37)
    got = macro.read_adc_codes(macro[rows, :], averages=16)
    seen = found.siemens(got.adc_code_sums / 16, range_index=got.range, columns=np.arange(macro.columns))
    true = siemens[rows]
    noise, _ = found.conversion_noise(got.range, np.arange(macro.columns))
    gain = found["adc"]["gain"].values[got.range]
    read = found["noise"]["read_noise"].values * seen.values
    own = np.sqrt((read**2 + (noise / gain) ** 2) / 16 + seen.independent**2 + seen.channel**2)
    formed = true > board.profile.formed_floor * board.profile.g_lsb_siemens
    error = ((seen.values - true) / own)[formed]
    print(f"  conductance of {error.size} cells: errors sd {error.std():.3f}, mean {error.mean():.3f}")
    return 0.9 < error.std() < 1.1 and abs(error.mean()) < 0.15


def show_common_part(board, vectors):
    """Prints what a reference that is off by its standard uncertainty does: all products move together."""
    (unit,) = board.read_registers(Register.EMU_REFERENCE_UNIT)
    x = np.random.default_rng(7).uniform(0, 1, (vectors, board.macro.rows))

    def taken():
        found = calibrate(board, "adc-fine")
        return board.macro.matvec(
            x, board.macro[:, :], calibration=found, x_unit="1", averages=16, operation_index=0
        )

    plain = taken()
    board.write_registers(Register.EMU_REFERENCE_UNIT, round(unit * 1.001))
    off = taken()
    board.write_registers(Register.EMU_REFERENCE_UNIT, unit)
    change = off.values / plain.values - 1
    board_part = (plain.estimate.board / plain.values).mean()
    off_by = round(unit * 1.001) / unit - 1
    print(
        f"  reference off by {off_by:.5f}: products move by {change.mean():+.5f}, sd {change.std():.5f}; "
        f"board part {board_part:.5f}"
    )


def own_errors(mapped, g, lines, ohm, missed):
    """Returns own errors of formed cells, normalised, and how far both resistances are off, in uncertainties.

    What an error of a resistance does to all cells is common: it is fitted and told apart.
    """
    formed = mapped.state == CellState.FORMED
    own = np.hypot(mapped.independent_siemens, mapped.channel_siemens)[formed]
    exact = effective_siemens(g, row_ohm=ohm, column_ohm=ohm)
    row = effective_siemens(g, row_ohm=ohm + lines["row_ohm"].uncertainty, column_ohm=ohm)
    column = effective_siemens(g, row_ohm=ohm, column_ohm=ohm + lines["column_ohm"].uncertainty)
    shapes = np.array([(exact - one)[formed] / own for one in (row, column)])
    error = (mapped.siemens - g - missed)[formed] / own
    weights = np.linalg.lstsq(shapes.T, error, rcond=None)[0]
    return error - weights @ shapes, weights


def show_lines(ohm):
    """Prints what the recipe finds of a 128 x 128 array's lines, and products and maps against the truth."""
    with ohmloop.open("twin://?rows=128&columns=128&lanes=16", chip="tmp:seed:3", profile=PROFILE) as board:
        macro, window = board.macro, board.macro[:, :]
        g = form(board)
        exact = effective_siemens(g, row_ohm=ohm, column_ohm=ohm)
        factors = emulate_line_resistance(macro, window, row_ohm=ohm, column_ohm=ohm)
        found = calibrate(board, "lines")
        x = np.random.default_rng(8).uniform(0, 1, (32, 128))
        seen = macro.matvec(x, window, calibration=found, x_unit="1", averages=16)
        mapped = macro.map(window, method="onehot", samples=16, calibration=found)
    off = [rms(seen.values - seen.inputs @ one) / rms(seen.values) for one in (g, exact)]
    missed = g * np.outer(factors.rows, factors.columns) - exact
    left, weights = own_errors(mapped, g, found["lines"], ohm, missed)
    with_missed, _ = own_errors(mapped, g, found["lines"], ohm, 0.0)
    print(f"  128 x 128, {ohm:g} ohm a cell: {found['lines'].notes[0]}")
    print(f"    products against the cells {off[0]:.3%} rms, the exact network {off[1]:.3%}")
    print(f"    map of {left.size} formed cells, lines out: own errors sd {left.std():.3f},", end=" ")
    print(f"mean {left.mean():+.3f}")
    print(f"    common to all: {weights[0]:+.1f}, {weights[1]:+.1f} uncertainties of the resistances")
    print(f"    with the {factors.residual:.2%} rms that factors a line miss: sd {with_missed.std():.3f}")
    return 0.9 < left.std() < 1.1 and abs(left.mean()) < 0.15 and bool(np.abs(weights).max() < 3)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url", nargs="?", default="twin://")
    parser.add_argument("--vectors", type=int, default=64)
    parser.add_argument("--lines", action="store_true")
    parser.add_argument("--only-lines", action="store_true")
    arguments = parser.parse_args()
    if arguments.only_lines:
        return int(sum(show_lines(ohm) for ohm in LINE_OHMS) < len(LINE_OHMS))
    with ohmloop.open(arguments.url, chip="tmp:seed:3", profile=PROFILE, noise_seed=11) as board:
        siemens = form(board)
        start = time.perf_counter()
        found = calibrate(board, "full")
        print(
            f"{arguments.url}: {siemens.shape[0]} x {siemens.shape[1]}, {time.perf_counter() - start:.1f} s"
        )
        for kind, one in found.artefacts.items():
            r = one.residual
            print(
                f"  {kind:6} residual {r.residual:.4g}, noise floor {r.noise_floor:.4g}, uncalibrated "
                f"{r.uncalibrated:.4g} {r.unit}; {r.values} values, columns {int(one.columns_ok.sum())}"
            )
        good = show_products(board, found, siemens, arguments.vectors)
        good &= show_converters(board, found)
        good &= show_conductances(board, found, siemens)
        show_common_part(board, arguments.vectors)
    if arguments.lines:
        good &= sum(show_lines(ohm) for ohm in LINE_OHMS) == len(LINE_OHMS)
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
