# SPDX-License-Identifier: BSD-3-Clause
# TUL PYNQ-Z2: Zynq-7020. The image's boot loader has set the memory up; the design needs the processor's ports and a clock only.
set board pynq_z2
set part xc7z020clg400-1
set geometry {ROWS 512 COLS 64 LANES 8 ADC_LANES 4}
set addresses {ohmloop_dma 0x40400000 ohmloop_board 0x43C00000}
set processor_type processing_system7
set processor_config {
    CONFIG.PCW_EN_CLK0_PORT 1
    CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ 100
    CONFIG.PCW_USE_M_AXI_GP0 1
    CONFIG.PCW_USE_S_AXI_HP0 1
    CONFIG.PCW_S_AXI_HP0_DATA_WIDTH 32
}
set processor_external {make_external "FIXED_IO, DDR"}
set clock_out FCLK_CLK0
set reset_out FCLK_RESET0_N
set master M_AXI_GP0
set master_clock M_AXI_GP0_ACLK
set memory S_AXI_HP0
set memory_clock S_AXI_HP0_ACLK
