# SPDX-License-Identifier: BSD-3-Clause
"""A bitstream as a build leaves it (NAME.bit, NAME.hwh, NAME.json), made up for a simulated FPGA."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from xml.etree import ElementTree as ET

DMA_ADDRESS, WINDOW_ADDRESS, RANGE = 0xA000_0000, 0xA001_0000, 0x1_0000
CLOCKS = {f"PSU__FPGA_PL{n}_ENABLE": str(int(n == 0)) for n in range(4)}
for n in range(4):
    CLOCKS |= {
        f"PSU__CRL_APB__PL{n}_REF_CTRL__DIVISOR0": "15",
        f"PSU__CRL_APB__PL{n}_REF_CTRL__DIVISOR1": "1",
        f"PSU__CRL_APB__PL{n}_REF_CTRL__SRCSEL": "IOPLL",
        f"PSU__CRL_APB__PL{n}_REF_CTRL__ACT_FREQMHZ": "99.999001",
    }
PORTS = {"C_MAXIGP0_DATA_WIDTH": "32", "C_SAXIGP2_DATA_WIDTH": "32"}
DMA_SETTINGS = {
    "c_include_sg": "0",
    "c_sg_length_width": "23",
    "c_include_mm2s": "1",
    "c_include_s2mm": "1",
    "c_m_axi_mm2s_data_width": "32",
    "c_m_axi_s2mm_data_width": "32",
    "c_micro_dma": "0",
}
TYPES = {
    "ohmloop_dma": "xilinx.com:ip:axi_dma:7.1",
    "ohmloop_board": "xilinx.com:module_ref:zynq_board:1.0",
    "leds_gpio": "xilinx.com:ip:axi_gpio:2.0",
}
GPIO_ADDRESS = 0xA002_0000


def write_design(
    folder: Path, build_hash: int, *, name: str = "ohmloop", leave_out: str = "leds_gpio", **dma_settings: str
) -> Path:
    """Writes the three files; returns NAME.bit. `leave_out` names the instance that the design lacks.

    `leds_gpio` is in no design of ours: AMD's self-test wants one.
    """
    bitstream = folder / f"{name}.bit"
    design = _hwh(leave_out, DMA_SETTINGS | dma_settings)
    bitstream.write_bytes(_bit(f"{name} {build_hash:08x} {hashlib.sha256(design.encode()).hexdigest()}"))
    (folder / f"{name}.hwh").write_text(design)
    digest = hashlib.sha256(bitstream.read_bytes()).hexdigest()
    told = {"build_hash": f"{build_hash:08x}", "bitstream_sha256": digest}
    (folder / f"{name}.json").write_text(json.dumps(told))
    return bitstream


def _bit(content: str) -> bytes:
    """A .bit file: the header that tools write, and words that are no bitstream."""
    out = bytes.fromhex("0009 0ff0 0ff0 0ff0 0ff0 00 0001".replace(" ", ""))
    for key, text in zip(b"abcd", ("ohmloop;Version=2024.1", "xck26", "2026/11/22", "12:00:00"), strict=True):
        field = text.encode() + b"\0"
        out += bytes([key]) + len(field).to_bytes(2, "big") + field
    data = content.encode().ljust(128, b"\0")
    return out + b"e" + len(data).to_bytes(4, "big") + data


def _hwh(leave_out: str, dma_settings: dict[str, str]) -> str:
    system = ET.Element(
        "EDKSYSTEM", EDWVERSION="1.2", TIMESTAMP="Sun Nov 22 12:00:00 2026", VIVADOVERSION="2024.1"
    )
    ET.SubElement(
        system,
        "SYSTEMINFO",
        ARCH="zynquplus",
        BOARD="xilinx.com:kv260_som:part0:1.4",
        DEVICE="xck26",
        NAME="ohmloop",
        PACKAGE="sfvc784",
        SPEEDGRADE="-2LV",
    )
    ET.SubElement(system, "EXTERNALPORTS")
    ET.SubElement(system, "EXTERNALINTERFACES")
    modules = ET.SubElement(system, "MODULES")
    processor = _module(
        modules, "zynq_ultra_ps_e_0", "xilinx.com:ip:zynq_ultra_ps_e:3.5", CLOCKS | PORTS, "PROCESSOR"
    )
    _interface(processor, "M_AXI_HPM0_FPD", "MASTER")
    ranges = ET.SubElement(processor, "MEMORYMAP")
    peripherals = ET.SubElement(processor, "PERIPHERALS")
    for name, base, port in (
        ("ohmloop_dma", DMA_ADDRESS, "S_AXI_LITE"),
        ("ohmloop_board", WINDOW_ADDRESS, "s_axi"),
        ("leds_gpio", GPIO_ADDRESS, "S_AXI"),
    ):
        if name == leave_out:
            continue
        edge = {"BASEVALUE": f"0x{base:08X}", "HIGHVALUE": f"0x{base + RANGE - 1:08X}"}
        ET.SubElement(
            ranges,
            "MEMRANGE",
            ADDRESSBLOCK="Reg",
            BASENAME="C_BASEADDR",
            HIGHNAME="C_HIGHADDR",
            INSTANCE=name,
            IS_DATA="TRUE",
            IS_INSTRUCTION="TRUE",
            MASTERBUSINTERFACE="M_AXI_HPM0_FPD",
            MEMTYPE="REGISTER",
            SLAVEBUSINTERFACE=port,
            **edge,
        )
        ET.SubElement(peripherals, "PERIPHERAL", INSTANCE=name)
        settings = {"C_BASEADDR": edge["BASEVALUE"], "C_HIGHADDR": edge["HIGHVALUE"]}
        _interface(
            _module(modules, name, TYPES[name], settings | (dma_settings if "dma" in name else {})),
            port,
            "SLAVE",
        )
    return ET.tostring(system, encoding="unicode", xml_declaration=True)


def _module(
    modules: ET.Element, name: str, kind: str, settings: dict[str, str], what: str = "PERIPHERAL"
) -> ET.Element:
    module = ET.SubElement(
        modules,
        "MODULE",
        COREREVISION="1",
        FULLNAME=f"/{name}",
        HWVERSION=kind.rpartition(":")[2],
        INSTANCE=name,
        IPTYPE="PERIPHERAL",
        IS_ENABLE="1",
        MODCLASS=what,
        MODTYPE=kind.split(":")[2],
        VLNV=kind,
    )
    ET.SubElement(module, "DOCUMENTS")
    parameters = ET.SubElement(module, "PARAMETERS")
    for key, value in settings.items():
        ET.SubElement(parameters, "PARAMETER", NAME=key, VALUE=value)
    ET.SubElement(module, "PORTS")
    ET.SubElement(module, "BUSINTERFACES")
    return module


def _interface(module: ET.Element, name: str, side: str) -> None:
    ET.SubElement(
        ET.SubElement(module, "BUSINTERFACES")
        if module.find("BUSINTERFACES") is None
        else module.find("BUSINTERFACES"),
        "BUSINTERFACE",
        BUSNAME="M_AXI_HPM0_FPD_net",
        DATAWIDTH="32",
        NAME=name,
        TYPE=side,
        VLNV="xilinx.com:interface:aximm:1.0",
    ).append(ET.Element("PORTMAPS"))
