# SPDX-License-Identifier: BSD-3-Clause
# Every run begins here: stack, cleared variables, main. A return is a fault of ours unless main has finished the run.

    .section .start, "ax"
    .globl _start
_start:
    la sp, __stack_top
    la t0, __bss_start
    la t1, __bss_end
clear:
    bgeu t0, t1, run
    sw zero, 0(t0)
    addi t0, t0, 4
    j clear
run:
    call main
    ebreak
