# SPDX-License-Identifier: BSD-3-Clause
"""CrossSim's bit-serial mode and aihwkit's 8-bit inference on the twin's task; prints JSON lines.

Run by `benchmarks/twin.py --peer-python` in an environment of their own; a peer that cannot be imported
is left out.
"""

import json
import statistics
import sys
import time
from importlib.util import find_spec

import numpy as np

LINES = 512
ROUNDS = 5


def line(name, batch, work):
    """Times `work`, which does `batch` products."""
    work()
    cpus, walls = [], []
    for _ in range(ROUNDS):
        cpu, wall, calls = time.process_time(), time.perf_counter(), 0
        while calls == 0 or time.perf_counter() - wall < 0.05:
            work()
            calls += 1
        cpus.append((time.process_time() - cpu) / calls / batch)
        walls.append((time.perf_counter() - wall) / calls / batch)
    cpu, wall = statistics.median(cpus), statistics.median(walls)
    return {"name": name, "batch": batch, "cpu_us": cpu * 1e6, "wall_us": wall * 1e6, "per_s": 1 / cpu}


def crosssim():
    from simulator import AnalogCore, CrossSimParameters

    params = CrossSimParameters()
    params.core.style = "BALANCED"
    params.xbar.dac.mvm.model = "SignMagnitudeDAC"
    params.xbar.dac.mvm.bits = 8
    params.xbar.dac.mvm.input_bitslicing = True
    params.xbar.dac.mvm.slice_size = 1
    params.xbar.adc.mvm.model = "QuantizerADC"
    params.xbar.adc.mvm.bits = 8
    params.xbar.adc.mvm.adc_per_ibit = True
    params.xbar.adc.mvm.calibrated_range = (-1.0, 1.0)
    core = AnalogCore(np.random.default_rng(0).uniform(-1, 1, (LINES, LINES)), params)
    for batch in (1, 64, 1024):
        x = np.random.default_rng(1).uniform(-1, 1, (LINES, batch))
        yield line("CrossSim, bit-serial, ADC a plane, no noise", batch, lambda x=x: core.matmat(x))


def aihwkit():
    import torch
    from aihwkit.nn import AnalogLinear
    from aihwkit.simulator.configs import InferenceRPUConfig

    torch.set_num_threads(1)
    config = InferenceRPUConfig()
    config.forward.inp_res = config.forward.out_res = 1 / 254
    config.forward.out_bound = 20.0
    config.forward.out_noise = 0.04
    layer = AnalogLinear(LINES, LINES, bias=False, rpu_config=config).eval()
    layer.program_analog_weights()
    for batch in (1, 64, 1024):
        x = torch.rand(batch, LINES) * 2 - 1
        with torch.no_grad():
            yield line("aihwkit, 8-bit converters, output noise, one shot", batch, lambda x=x: layer(x))


def main():
    found = []
    for module, peer in (("simulator", crosssim), ("aihwkit", aihwkit)):
        if not find_spec(module):
            continue
        try:
            found += peer()
        except Exception as error:
            # A peer that fails by itself is told and left out; the others are still measured.
            print(f"{module} failed: {type(error).__name__}: {error}", file=sys.stderr)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
