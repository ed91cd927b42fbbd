# SPDX-License-Identifier: BSD-3-Clause
# TUL PYNQ-Z2 with the analog front end of the published boards on its headers: the processor's side is that of pynq_z2.
source [file join [file dirname [info script]] .. pynq_z2 board.tcl]
set board pynq_z2_afe
set top zynq_afe
set geometry {ROWS 512 COLS 512 ADC_LANES 4 ADCS 8 DACS 8 ROW_CHAINS 8 COL_CHAINS 8}
# Port, direction, width: 0 is a pin of its own
set pins [list mux_inhibit O 0 chain_oe_n O 0 pulse_on O 0 reference_on O 0 tia_short O 0 tia_range O 2 \
    row_srclk O 0 row_srclr_n O 0 row_rclk O 0 row_ser O [dict get $geometry ROW_CHAINS] \
    col_srclk O 0 col_srclr_n O 0 col_rclk O 0 col_ser O [dict get $geometry COL_CHAINS] \
    dac_cs_n O 0 dac_sclk O 0 dac_sdi O 0 dac_sdo I [dict get $geometry DACS] \
    adc_cs_n O 0 adc_dclock O 0 adc_dout I [dict get $geometry ADCS]]
