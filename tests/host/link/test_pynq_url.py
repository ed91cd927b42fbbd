# SPDX-License-Identifier: BSD-3-Clause
"""`pynq://` before anything is opened: addresses, options, and what is said where pynq is not installed.

What it does with pynq: tests/zynq.
"""

from __future__ import annotations

import importlib.util
import json

import pytest

from ohmloop import boardd
from ohmloop.errors import UrlError
from ohmloop.link.wires import WireContext, open_wire


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("pynq://?bitstream=x.bit", "pynq://HOST"),
        ("pynq://host:99999?bitstream=x.bit", "pynq://HOST"),
        ("pynq://host", "no bitstream"),
        ("pynq://host?bitstream=x.bit&download=2", "download=2"),
        ("pynq://host?bitstream=x.bit&baud=9600", "no option 'baud'"),
    ],
)
def test_a_url_that_cannot_be_is_told_which_part(url, said):
    with pytest.raises(UrlError, match=said):
        open_wire(url, WireContext())


@pytest.mark.skipif(importlib.util.find_spec("pynq") is not None, reason="pynq is installed")
def test_without_pynq_it_says_what_to_install():
    with pytest.raises(UrlError, match=r"pip install 'ohmloop\[pynq\]'"):
        open_wire("pynq://host?bitstream=x.bit", WireContext())


def test_a_bitstream_counts_only_with_its_builds_file(tmp_path):
    bitstream = tmp_path / "ohmloop.bit"
    bitstream.write_bytes(b"bits")
    with pytest.raises(boardd.WrongDesign, match=r"NAME\.json"):
        boardd.manifest(bitstream)
    told = {"build_hash": "00c0ffee", "bitstream_sha256": "0" * 64}
    (tmp_path / "ohmloop.json").write_text(json.dumps(told))
    with pytest.raises(boardd.WrongDesign, match="0000000000000000"):
        boardd.manifest(bitstream)
    (tmp_path / "ohmloop.json").write_text(json.dumps([told]))
    with pytest.raises(boardd.WrongDesign):
        boardd.manifest(bitstream)
