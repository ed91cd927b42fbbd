# SPDX-License-Identifier: BSD-3-Clause
# AMD Kria KV260: Zynq UltraScale+ (K26). The image's boot loader has set the memory up; the design needs ports and a clock only.
set board kv260
set part xck26-sfvc784-2LV-c
set geometry {ROWS 512 COLS 512 LANES 64 ADC_LANES 4}
set addresses {ohmloop_dma 0xA0000000 ohmloop_board 0xA0010000}
set processor_type zynq_ultra_ps_e
set processor_config {
    CONFIG.PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ 100
    CONFIG.PSU__FPGA_PL0_ENABLE 1
    CONFIG.PSU__USE__M_AXI_GP0 1
    CONFIG.PSU__MAXIGP0__DATA_WIDTH 32
    CONFIG.PSU__USE__M_AXI_GP2 0
    CONFIG.PSU__USE__S_AXI_GP2 1
    CONFIG.PSU__SAXIGP2__DATA_WIDTH 32
}
set processor_external {}
set clock_out pl_clk0
set reset_out pl_resetn0
set master M_AXI_HPM0_FPD
set master_clock maxihpm0_fpd_aclk
set memory S_AXI_HP0_FPD
set memory_clock saxihp0_fpd_aclk
