# SPDX-License-Identifier: BSD-3-Clause
"""The part of Yosys' command line that SymbiYosys uses, on the native engine of the pyosys wheel.

yosys [-q] [-l LOG | -ql LOG] [-p COMMANDS] [SCRIPT.ys | SOURCE.v ...]
"""

import sys

from pyosys import libyosys


def main(arguments: list[str]) -> int:
    """Runs the scripts, sources and commands in the order given; an error ends the process."""
    quiet = False
    log = ""
    passes: list[str] = []
    waiting = iter(arguments)
    for word in waiting:
        if word in ("-V", "--version"):
            print("Yosys (pyosys)")
            return 0
        if word in ("-ql", "-lq", "-l"):
            quiet |= word != "-l"
            log = next(waiting)
        elif word in ("-q", "-Q", "-T"):
            quiet |= word == "-q"
        elif word == "-p":
            passes += [command.strip() for command in next(waiting).split(";") if command.strip()]
        else:
            passes.append(f"{'read_verilog -sv' if word.endswith(('.v', '.sv')) else 'script'} {word}")
    tee = "tee " + ("-q " if quiet else "") + (f"-o {log} " if log else "")
    design = libyosys.Design()
    for command in passes:
        libyosys.run_pass(tee + command, design)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
