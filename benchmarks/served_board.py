# SPDX-License-Identifier: BSD-3-Clause
"""Measures a served board as its client sees it: self-test, round trip, products, and what the server burns.

    python benchmarks/served_board.py [URL ...]

Each board is served by a process of its own, as a TCP port and as a pseudo-terminal. Seconds of this machine
depend on its neighbours: the server's CPU seconds stand beside them.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import ohmloop
from ohmloop.cli.selftest import outcomes

SMALL = "rows=64&columns=64&lanes=16"
URLS = (f"twin://?{SMALL}", f"sim://?{SMALL}&adc_lanes=4&payload=4096")
ROUND_TRIPS = 200
VECTORS = 256
IDLE_S = 3.0
TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def server(url, how):
    """A process that serves `url`: its URL, and a function that gives its CPU seconds."""
    command = [sys.executable, "-m", "ohmloop.cli", "serve", url, "--profile", "ideal", *how]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        stat = Path(f"/proc/{process.pid}/stat")
        try:
            yield (
                process.stdout.readline().strip(),
                lambda: sum(map(int, stat.read_text().rpartition(")")[2].split()[11:13])) / TICKS,
            )
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


def measured(url, how):
    """Returns the figures of one served board, as a line."""
    with server(url, how) as (address, cpu_s):
        start, burnt = time.perf_counter(), cpu_s()
        red = [outcome.name for outcome in outcomes(address) if outcome.colour == "red"]
        test_s, test_cpu_s = time.perf_counter() - start, cpu_s() - burnt
        with ohmloop.open(address, profile="ideal", timeout_s=60) as board:
            start = time.perf_counter()
            for _ in range(ROUND_TRIPS):
                _ = board.state
            trip_ms = 1e3 * (time.perf_counter() - start) / ROUND_TRIPS
            window = board.macro[:, :]
            x_codes = np.ones((VECTORS, window.shape[0]), np.uint8)
            start = time.perf_counter()
            board.macro.mac(x_codes, window, bits=4)
            products_per_s = VECTORS / (time.perf_counter() - start)
        burnt = cpu_s()
        time.sleep(IDLE_S)
        idle = (cpu_s() - burnt) / IDLE_S
    told = f"red: {', '.join(red)}" if red else "green"
    return (
        f"self-test {test_s:.2f} s ({told}), server's CPU {test_cpu_s:.2f} s; "
        f"round trip {trip_ms:.2f} ms; {products_per_s:.0f} products/s; idle {idle:.1%} of a core"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("urls", nargs="*", default=URLS, metavar="URL")
    for url in parser.parse_args().urls:
        for how in (["--tcp", "0"], ["--pty"]):
            print(f"{url} {how[0]}: {measured(url, how)}", flush=True)


if __name__ == "__main__":
    main()
