# SPDX-License-Identifier: BSD-3-Clause
"""A map comes back from every kind of file as it was, and files that are none are refused."""

import csv

import numpy as np
import pytest

from ohmloop.errors import LimitError, MapError
from ohmloop.mapping import CellState, ConductanceMap, draw_map
from ohmloop.mapping.files import ARRAYS


@pytest.fixture
def measured(macro):
    mask = np.zeros((12, 7), bool)
    mask[2, 3] = mask[5] = True
    return macro.map(macro[[4, 9, 1, *range(20, 29)], 3:10], samples=2, mask=mask)


@pytest.mark.parametrize("ending", [".nc", ".npz", ".csv"])
def test_a_map_comes_back_as_it_was(measured, tmp_path, ending):
    path = measured.save(tmp_path / f"one{ending}")
    back = ConductanceMap.load(path)
    for name in ARRAYS:
        exact = ending != ".csv" or getattr(measured, name).dtype.kind != "f"
        same = np.array_equal if exact else lambda a, b, **k: np.allclose(a, b, rtol=1e-8, atol=0, **k)
        assert same(getattr(back, name), getattr(measured, name), equal_nan=True), name
    assert back.facts == measured.facts
    assert (back.method, back.samples, back.conversions) == (
        measured.method,
        measured.samples,
        measured.conversions,
    )


def test_csv_is_read_by_anything(measured, tmp_path):
    lines = measured.to_csv(tmp_path / "one.csv").read_text().splitlines()
    assert "emulated" in lines[0]
    cells = list(csv.DictReader(lines[1:]))
    assert len(cells) == measured.siemens.size
    assert (cells[0]["row"], cells[0]["column"]) == ("4", "3")
    assert float(cells[0]["siemens"]) == pytest.approx(measured.siemens[0, 0])
    assert cells[17]["state"] == "masked"


def test_xarray_has_units_origin_and_meanings(measured):
    data = measured.to_xarray()
    assert data["siemens"].attrs["units"] == "S"
    assert data.attrs["origin"] == "emulated"
    assert data["state"].attrs["flag_meanings"].split()[CellState.LEAKY] == "leaky"
    assert data["row"].to_numpy().tolist()[:3] == [4, 9, 1]


def test_numpy_gives_copies(measured):
    arrays = measured.to_numpy()
    arrays["siemens"][:] = 0
    assert measured.siemens[0, 0] > 0
    assert not measured.siemens.flags.writeable


def test_other_endings_are_refused(measured, tmp_path):
    with pytest.raises(LimitError, match=r"\.h5"):
        measured.save(tmp_path / "one.h5")


@pytest.mark.parametrize("ending", [".nc", ".npz", ".csv"])
def test_a_file_that_is_no_map_is_refused(tmp_path, ending):
    path = tmp_path / f"other{ending}"
    for content in (b"", b"# {}\nrow\n", b"nonsense\nmore\n"):
        path.write_bytes(content)
        with pytest.raises(MapError, match="other"):
            ConductanceMap.load(path)


def test_a_figure_is_drawn(measured, tmp_path):
    assert draw_map(measured, tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
