# SPDX-License-Identifier: BSD-3-Clause
# TUL PYNQ-Z2, by public constraint files; compare with the schematic before the first use.
set_property -dict {PACKAGE_PIN D19 IOSTANDARD LVCMOS33} [get_ports stop];         # button BTN0, high when pressed
set_property -dict {PACKAGE_PIN R14 IOSTANDARD LVCMOS33} [get_ports read_active];  # LED LD0
set_property -dict {PACKAGE_PIN P14 IOSTANDARD LVCMOS33} [get_ports drive_active]; # LED LD1
set_property -dict {PACKAGE_PIN N16 IOSTANDARD LVCMOS33} [get_ports safe_latched]; # LED LD2
set_false_path -from [get_ports stop]
