# SPDX-License-Identifier: BSD-3-Clause
"""Measures what multiplexed mapping gains over one-hot, beside the formula of docs/mapping.md.

    python benchmarks/mapping.py [--columns 32] [--orders 63,127,511] [--ratios 0.1,0.3,...,10]

For each order and each ratio of converter noise to the read noise of an average cell an emulated array is
mapped both ways at as many conversions, and by `auto`. Gain is the standard deviation of the errors one-hot
over that of the multiplexed ones, errors against the emulator's own cells. Exits 1 where a gain is more
than 10 % off the formula, or `auto` takes the wrong way though the two differ by more than this run can
tell. A second table maps the shipped profile, whose converter has ranges, and compares errors with
uncertainties.
"""

import argparse
import sys

import numpy as np

import ohmloop
from ohmloop.mapping import multiplexing_gain
from ohmloop.profile import Profile, load_profile

READ_NOISE = 0.01
MEAN_CODE, SPREAD_CODES = 500, 75  # formed cells of the default profile: 12.3 uS, 1.8 uS
TOLERANCE = 0.1


def profile_with(read_noise: float, adc_codes: float) -> Profile:
    """Returns the ideal profile, one code a g code in every range, with noise."""
    data = load_profile("ideal").model_dump(mode="json")
    source = "chosen: benchmark"
    data["chip"]["cells"]["read_noise"] = {"value": read_noise, "unit": "1", "source": source}
    data["chip"]["front_end"]["adc"]["noise"] = {"value": adc_codes, "unit": "codes", "source": source}
    return Profile.model_validate(data)


def measured(order: int, ratio: float, columns: int) -> tuple[float, float, str]:
    """Returns the gain, the formula's, and what `auto` takes."""
    rng = np.random.default_rng(order)
    codes = np.rint(rng.normal(MEAN_CODE, SPREAD_CODES, (order + 1, columns))).astype(int)
    codes[order] = 0
    root_mean_square = float(np.sqrt(np.mean(codes[:order].astype(float) ** 2)))
    profile = profile_with(READ_NOISE, ratio * READ_NOISE * root_mean_square)
    url = f"twin://?rows={order + 1}&columns={columns}&lanes=8"
    with ohmloop.open(url, profile=profile, noise_seed=order) as board:
        macro = board.macro
        macro.load_g_codes(codes, macro[:, :])
        truth = codes[:order] * profile.g_lsb_siemens
        sd = [
            float(np.std(macro.map(macro[:order, :], method=method, samples=1).siemens - truth))
            for method in ("onehot", "multiplexed")
        ]
        return sd[0] / sd[1], multiplexing_gain(order, ratio), macro.map(macro[:order, :], samples=1).method


def gains(orders: list[int], ratios: list[float], columns: int) -> bool:
    """Prints the table; returns whether everything is as the formula says."""
    print("order  ADC/read  gain  formula    off  auto")
    good = True
    for order in orders:
        for ratio in ratios:
            gain, formula, chosen = measured(order, ratio, columns)
            unsure = 2 / np.sqrt(order * columns)  # of two standard deviations, two sigma
            right = "multiplexed" if formula > 1 else "onehot"
            fine = abs(gain / formula - 1) <= TOLERANCE
            fine &= chosen == right or abs(formula - 1) <= unsure
            good &= bool(fine)
            mark = "" if fine else "  <- wrong"
            off = 100 * (gain / formula - 1)
            print(f"{order:5d}  {ratio:8.2f}  {gain:5.3f}  {formula:7.3f}  {off:+4.1f} %  {chosen}{mark}")
    return good


def shipped() -> None:
    """Prints how honest the uncertainties are on the default profile, both ways."""
    print("\nprofile rrm-40nm-esgnn2023, 128 x 128, half of the cells formed; sd of error / uncertainty")
    print("method       samples  conversions  rms error/nS  formed  unformed")
    with ohmloop.open("twin://?rows=128&columns=128&lanes=16", noise_seed=1) as board:
        macro = board.macro
        rng = np.random.default_rng(0)
        codes = np.rint(rng.normal(MEAN_CODE, SPREAD_CODES, macro.shape)).astype(int)
        codes[rng.random(macro.shape) < 0.5] = 4
        macro.load_g_codes(codes, macro[:, :])
        truth = codes * macro.profile.g_lsb_siemens
        for method in ("onehot", "multiplexed"):
            for samples in (1, 4, 16, 64):
                found = macro.map(method=method, samples=samples)
                error = found.siemens - truth
                ratio = error / found.uncertainty_siemens
                formed, rms_ns = codes > 16, 1e9 * np.sqrt(np.mean(error**2))
                print(
                    f"{method:12} {samples:7d}  {found.conversions:11d}  {rms_ns:12.2f}"
                    f"  {ratio[formed].std():6.3f}  {ratio[~formed].std():8.3f}"
                )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--columns", type=int, default=32)
    parser.add_argument("--orders", default="63,127,511")
    parser.add_argument("--ratios", default="0.1,0.3,0.7,1,1.5,3,10")
    arguments = parser.parse_args()
    orders = [int(one) for one in arguments.orders.split(",")]
    ratios = [float(one) for one in arguments.ratios.split(",")]
    good = gains(orders, ratios, arguments.columns)
    shipped()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
