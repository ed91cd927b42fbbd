# SPDX-License-Identifier: BSD-3-Clause
# TUL PYNQ-Z2 with the analog front end, by public constraint files; compare with the schematic before the first use. PMOD A shares pins with the
# Raspberry Pi header: nothing in it.
set_property -dict {PACKAGE_PIN D19 IOSTANDARD LVCMOS33} [get_ports stop];         # button BTN0, high when pressed
set_property -dict {PACKAGE_PIN R14 IOSTANDARD LVCMOS33} [get_ports read_active];  # LED LD0
set_property -dict {PACKAGE_PIN P14 IOSTANDARD LVCMOS33} [get_ports drive_active]; # LED LD1
set_property -dict {PACKAGE_PIN N16 IOSTANDARD LVCMOS33} [get_ports safe_latched]; # LED LD2
set_false_path -from [get_ports stop]

# Front end, Raspberry Pi header: switches, pulses, amplifiers. Resistors of the board hold what is pulled (docs/bringup.md)
set_property -dict {PACKAGE_PIN U7 IOSTANDARD LVCMOS33} [get_ports mux_inhibit];   # RPi 11, pulled up
set_property -dict {PACKAGE_PIN V7 IOSTANDARD LVCMOS33} [get_ports chain_oe_n];    # RPi 13, pulled up
set_property -dict {PACKAGE_PIN U8 IOSTANDARD LVCMOS33} [get_ports pulse_on];      # RPi 15, pulled down
set_property -dict {PACKAGE_PIN W6 IOSTANDARD LVCMOS33} [get_ports reference_on];  # RPi 16, pulled down
set_property -dict {PACKAGE_PIN Y7 IOSTANDARD LVCMOS33} [get_ports tia_short];     # RPi 18, pulled up
set_property -dict {PACKAGE_PIN F20 IOSTANDARD LVCMOS33} [get_ports {tia_range[0]}]; # RPi 22
set_property -dict {PACKAGE_PIN Y19 IOSTANDARD LVCMOS33} [get_ports {tia_range[1]}]; # RPi 29
set_property -dict {PACKAGE_PIN W10 IOSTANDARD LVCMOS33} [get_ports row_srclk];    # RPi 23
set_property -dict {PACKAGE_PIN V10 IOSTANDARD LVCMOS33} [get_ports row_srclr_n];  # RPi 21, pulled down
set_property -dict {PACKAGE_PIN F19 IOSTANDARD LVCMOS33} [get_ports row_rclk];     # RPi 24
set_property -dict {PACKAGE_PIN U18 IOSTANDARD LVCMOS33} [get_ports col_srclk];    # RPi 31
set_property -dict {PACKAGE_PIN W8 IOSTANDARD LVCMOS33} [get_ports col_srclr_n];   # RPi 33, pulled down
set_property -dict {PACKAGE_PIN B20 IOSTANDARD LVCMOS33} [get_ports col_rclk];     # RPi 32
set_property -dict {PACKAGE_PIN B19 IOSTANDARD LVCMOS33} [get_ports {row_ser[0]}]; # RPi 36
set_property -dict {PACKAGE_PIN Y8 IOSTANDARD LVCMOS33} [get_ports {row_ser[1]}];  # RPi 35
set_property -dict {PACKAGE_PIN A20 IOSTANDARD LVCMOS33} [get_ports {row_ser[2]}]; # RPi 38
set_property -dict {PACKAGE_PIN Y9 IOSTANDARD LVCMOS33} [get_ports {row_ser[3]}];  # RPi 40
set_property -dict {PACKAGE_PIN W9 IOSTANDARD LVCMOS33} [get_ports {row_ser[4]}];  # RPi 37
set_property -dict {PACKAGE_PIN V8 IOSTANDARD LVCMOS33} [get_ports {row_ser[5]}];  # RPi 19
set_property -dict {PACKAGE_PIN V6 IOSTANDARD LVCMOS33} [get_ports {row_ser[6]}];  # RPi 8
set_property -dict {PACKAGE_PIN Y6 IOSTANDARD LVCMOS33} [get_ports {row_ser[7]}];  # RPi 10

# Front end, Arduino digital header (AR2 is left alone: its pin decides about pull-ups during configuration)
set_property -dict {PACKAGE_PIN T14 IOSTANDARD LVCMOS33} [get_ports {col_ser[0]}]; # AR0
set_property -dict {PACKAGE_PIN U12 IOSTANDARD LVCMOS33} [get_ports {col_ser[1]}]; # AR1
set_property -dict {PACKAGE_PIN V13 IOSTANDARD LVCMOS33} [get_ports {col_ser[2]}]; # AR3
set_property -dict {PACKAGE_PIN V15 IOSTANDARD LVCMOS33} [get_ports {col_ser[3]}]; # AR4
set_property -dict {PACKAGE_PIN T15 IOSTANDARD LVCMOS33} [get_ports {col_ser[4]}]; # AR5
set_property -dict {PACKAGE_PIN R16 IOSTANDARD LVCMOS33} [get_ports {col_ser[5]}]; # AR6
set_property -dict {PACKAGE_PIN U17 IOSTANDARD LVCMOS33} [get_ports {col_ser[6]}]; # AR7
set_property -dict {PACKAGE_PIN V17 IOSTANDARD LVCMOS33} [get_ports {col_ser[7]}]; # AR8
set_property -dict {PACKAGE_PIN V18 IOSTANDARD LVCMOS33} [get_ports adc_cs_n];     # AR9, pulled up
set_property -dict {PACKAGE_PIN T16 IOSTANDARD LVCMOS33} [get_ports adc_dclock];   # AR10
set_property -dict {PACKAGE_PIN R17 IOSTANDARD LVCMOS33} [get_ports dac_cs_n];     # AR11, pulled up
set_property -dict {PACKAGE_PIN P18 IOSTANDARD LVCMOS33} [get_ports dac_sdi];      # AR12
set_property -dict {PACKAGE_PIN N17 IOSTANDARD LVCMOS33} [get_ports dac_sclk];     # AR13

# Front end, Arduino analog header as digital inputs, and its SCL, SDA
set_property -dict {PACKAGE_PIN Y11 IOSTANDARD LVCMOS33 PULLUP true} [get_ports {dac_sdo[0]}]; # A0
set_property -dict {PACKAGE_PIN Y12 IOSTANDARD LVCMOS33 PULLUP true} [get_ports {dac_sdo[1]}]; # A1
set_property -dict {PACKAGE_PIN W11 IOSTANDARD LVCMOS33 PULLUP true} [get_ports {dac_sdo[2]}]; # A2
set_property -dict {PACKAGE_PIN V11 IOSTANDARD LVCMOS33 PULLUP true} [get_ports {dac_sdo[3]}]; # A3
set_property -dict {PACKAGE_PIN T5 IOSTANDARD LVCMOS33 PULLUP true} [get_ports {dac_sdo[4]}]; # A4
set_property -dict {PACKAGE_PIN U10 IOSTANDARD LVCMOS33 PULLUP true} [get_ports {dac_sdo[5]}]; # A5
set_property -dict {PACKAGE_PIN P16 IOSTANDARD LVCMOS33 PULLUP true} [get_ports {dac_sdo[6]}]; # SCL
set_property -dict {PACKAGE_PIN P15 IOSTANDARD LVCMOS33 PULLUP true} [get_ports {dac_sdo[7]}]; # SDA

# Front end, PMOD B
set_property -dict {PACKAGE_PIN W14 IOSTANDARD LVCMOS33} [get_ports {adc_dout[0]}]; # PMOD B 1
set_property -dict {PACKAGE_PIN Y14 IOSTANDARD LVCMOS33} [get_ports {adc_dout[1]}]; # PMOD B 2
set_property -dict {PACKAGE_PIN T11 IOSTANDARD LVCMOS33} [get_ports {adc_dout[2]}]; # PMOD B 3
set_property -dict {PACKAGE_PIN T10 IOSTANDARD LVCMOS33} [get_ports {adc_dout[3]}]; # PMOD B 4
set_property -dict {PACKAGE_PIN V16 IOSTANDARD LVCMOS33} [get_ports {adc_dout[4]}]; # PMOD B 7
set_property -dict {PACKAGE_PIN W16 IOSTANDARD LVCMOS33} [get_ports {adc_dout[5]}]; # PMOD B 8
set_property -dict {PACKAGE_PIN V12 IOSTANDARD LVCMOS33} [get_ports {adc_dout[6]}]; # PMOD B 9
set_property -dict {PACKAGE_PIN W13 IOSTANDARD LVCMOS33} [get_ports {adc_dout[7]}]; # PMOD B 10
