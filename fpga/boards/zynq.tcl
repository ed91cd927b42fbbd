# SPDX-License-Identifier: BSD-3-Clause
# Vivado: builds a Zynq board's block design and its bitstream. zynq.py runs it:
#
#     vivado -mode batch -source fpga/boards/zynq.tcl -tclargs BOARD CLOCK_MHZ BUILD_HASH UID OUT SOURCE...
#
# OUT gets ohmloop.bit and ohmloop.hwh. The names of the instances and ports below are the contract with the host (docs/pynq.md).

set arguments [lassign $argv name clock_mhz build_hash uid out]
set here [file dirname [file normalize [info script]]]
set top zynq_board
set pins {}
source [file join $here $name board.tcl]

create_project -part $part ohmloop [file join $out project] -force
set_property include_dirs [list [file join $here .. rtl generated] [file join $here .. rtl]] [current_fileset]
add_files -norecurse $arguments
add_files -fileset constrs_1 -norecurse [file join $here $board $board.xdc]
update_compile_order -fileset sources_1
create_bd_design ohmloop

# The processor, its ports, and the board's clock from its own
set processor [create_bd_cell -type ip -vlnv xilinx.com:ip:$processor_type processor]
if {$processor_external ne {}} {
    apply_bd_automation -rule xilinx.com:bd_rule:$processor_type -config $processor_external $processor
}
set_property -dict $processor_config $processor
set clock [create_bd_cell -type ip -vlnv xilinx.com:ip:clk_wiz clock]
set_property -dict [list CONFIG.PRIM_IN_FREQ 100 CONFIG.CLKOUT1_REQUESTED_OUT_FREQ $clock_mhz \
    CONFIG.RESET_TYPE ACTIVE_LOW CONFIG.USE_LOCKED true] $clock
set reset [create_bd_cell -type ip -vlnv xilinx.com:ip:proc_sys_reset reset]

# The board and the DMA that feeds it
set ohmloop_board [create_bd_cell -type module -reference $top ohmloop_board]
set settings [list CONFIG.BUILD_HASH 0x$build_hash CONFIG.UID 0x$uid]
dict for {parameter value} $geometry { lappend settings CONFIG.$parameter $value }
set_property -dict $settings $ohmloop_board
set ohmloop_dma [create_bd_cell -type ip -vlnv xilinx.com:ip:axi_dma:7.1 ohmloop_dma]
set_property -dict {
    CONFIG.c_include_sg 0
    CONFIG.c_sg_length_width 23
    CONFIG.c_sg_include_stscntrl_strm 0
    CONFIG.c_micro_dma 0
    CONFIG.c_addr_width 40
    CONFIG.c_include_mm2s 1
    CONFIG.c_m_axi_mm2s_data_width 32
    CONFIG.c_m_axis_mm2s_tdata_width 32
    CONFIG.c_mm2s_burst_size 16
    CONFIG.c_include_s2mm 1
    CONFIG.c_m_axi_s2mm_data_width 32
    CONFIG.c_s_axis_s2mm_tdata_width 32
    CONFIG.c_s2mm_burst_size 16
} $ohmloop_dma
set registers [create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect registers]
set_property -dict {CONFIG.NUM_SI 1 CONFIG.NUM_MI 2} $registers
set transfers [create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect transfers]
set_property -dict {CONFIG.NUM_SI 2 CONFIG.NUM_MI 1} $transfers

# Clock and reset
connect_bd_net [get_bd_pins processor/$clock_out] [get_bd_pins clock/clk_in1]
connect_bd_net [get_bd_pins processor/$reset_out] [get_bd_pins clock/resetn] [get_bd_pins reset/ext_reset_in]
connect_bd_net [get_bd_pins clock/locked] [get_bd_pins reset/dcm_locked]
foreach pin [list reset/slowest_sync_clk ohmloop_board/aclk ohmloop_dma/s_axi_lite_aclk ohmloop_dma/m_axi_mm2s_aclk \
        ohmloop_dma/m_axi_s2mm_aclk registers/aclk transfers/aclk processor/$master_clock processor/$memory_clock] {
    connect_bd_net [get_bd_pins clock/clk_out1] [get_bd_pins $pin]
}
foreach pin {ohmloop_board/aresetn ohmloop_dma/axi_resetn registers/aresetn transfers/aresetn} {
    connect_bd_net [get_bd_pins reset/peripheral_aresetn] [get_bd_pins $pin]
}

# Streams, registers, memory
foreach {from to} [list \
    ohmloop_dma/M_AXIS_MM2S ohmloop_board/s_axis \
    ohmloop_board/m_axis ohmloop_dma/S_AXIS_S2MM \
    processor/$master registers/S00_AXI \
    registers/M00_AXI ohmloop_dma/S_AXI_LITE \
    registers/M01_AXI ohmloop_board/s_axi \
    ohmloop_dma/M_AXI_MM2S transfers/S00_AXI \
    ohmloop_dma/M_AXI_S2MM transfers/S01_AXI \
    transfers/M00_AXI processor/$memory] {
    connect_bd_intf_net [get_bd_intf_pins $from] [get_bd_intf_pins $to]
}
foreach {pin direction width} [concat {stop I 0 read_active O 0 drive_active O 0 safe_latched O 0} $pins] {
    set range [expr {$width ? [list -from [expr {$width - 1}] -to 0] : {}}]
    connect_bd_net [create_bd_port -dir $direction {*}$range $pin] [get_bd_pins ohmloop_board/$pin]
}
assign_bd_address
dict for {instance address} $addresses {
    set segment [get_bd_addr_segs -of_objects [get_bd_addr_spaces processor/Data] -filter "NAME =~ *${instance}*"]
    set_property -dict [list offset $address range 64K] $segment
}
validate_bd_design
save_bd_design

# Bitstream
set design [get_files ohmloop.bd]
add_files -norecurse [make_wrapper -files $design -top]
set_property top ohmloop_wrapper [current_fileset]
launch_runs impl_1 -to_step write_bitstream -jobs 4
wait_on_run impl_1
set run [get_property DIRECTORY [get_runs impl_1]]
if {[get_property STATS.WNS [get_runs impl_1]] < 0} {
    puts stderr "$board misses its clock by [get_property STATS.WNS [get_runs impl_1]] ns"
    exit 1
}
file copy -force [file join $run ohmloop_wrapper.bit] [file join $out ohmloop.bit]
file copy -force [lindex [glob [file join $out project ohmloop.gen sources_1 bd ohmloop hw_handoff *.hwh]] 0] \
    [file join $out ohmloop.hwh]
