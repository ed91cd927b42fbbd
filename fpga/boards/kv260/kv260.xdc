# SPDX-License-Identifier: BSD-3-Clause
# AMD KV260, PMOD J2, by public constraint files; compare with the schematic before the first use. No LED or button is wired to the FPGA.
set_property -dict {PACKAGE_PIN H12 IOSTANDARD LVCMOS33 PULLDOWN true} [get_ports stop]; # J2 pin 1, high stops
set_property -dict {PACKAGE_PIN E10 IOSTANDARD LVCMOS33} [get_ports read_active];        # J2 pin 3
set_property -dict {PACKAGE_PIN D10 IOSTANDARD LVCMOS33} [get_ports drive_active];       # J2 pin 5
set_property -dict {PACKAGE_PIN C11 IOSTANDARD LVCMOS33} [get_ports safe_latched];       # J2 pin 7
set_false_path -from [get_ports stop]
