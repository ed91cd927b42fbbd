# SPDX-License-Identifier: BSD-3-Clause
"""A chip measured, fitted and emulated by the fit is distributed like the chip; a wrong fit is not."""

import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pytest
from mapping_bench import changed, opened

from ohmloop.errors import LimitError, NotEmulated, ShapeError
from ohmloop.mapping import (
    CellState,
    ConductanceMap,
    agreement,
    emulate_map,
    fit_profile,
    to_aihwkit,
    to_crosssim,
)
from ohmloop.mapping.states import classified
from ohmloop.profile import load_profile
from ohmloop.systems.prepare import form_pristine_rows

SIZE = "twin://?rows=64&columns=48&lanes=8"
DATA = Path(os.environ.get("OHMLOOP_DATA", Path(__file__).parents[4] / "shared" / "data"))


def formed_map(chip, profile=None, samples=16):
    """Forms a throw-away chip as its profile says and maps it."""
    with opened(SIZE, chip=f"tmp:{chip}", profile=profile) as board:
        form_pristine_rows(board.macro, board.macro[:, :])
        return board.macro.map(method="onehot", samples=samples)


@pytest.fixture(scope="module")
def strange():
    """A kind of chip that no profile describes: two humps, much read noise."""
    points = [[0, 3.0], [0.3, 4.0], [0.31, 9.0], [0.95, 12.0], [1, 16.0]]
    return changed(
        cells__formed={"unit": "uS", "source": "chosen: test", "points": points},
        cells__read_noise={"value": 0.035, "unit": "1", "source": "chosen: test"},
        cells__forming={
            **load_profile().model_dump(mode="json")["chip"]["cells"]["forming"],
            "unbroken_fraction": {"value": 0.3, "unit": "1", "source": "chosen: test"},
        },
    )


@pytest.fixture(scope="module")
def original(strange):
    return formed_map("one", strange)


def test_an_emulated_fit_is_distributed_like_the_chip(original, tmp_path):
    path = fit_profile([original], name="fitted").write(tmp_path / "fitted.yaml")
    again = formed_map("another", str(path))
    found = agreement(original, again)
    assert found.agrees, found
    assert again.facts["noise"]["read_noise"] == pytest.approx(
        original.facts["noise"]["read_noise"], rel=0.05
    )


def test_a_wrong_fit_is_found_out(original):
    assert not agreement(original, formed_map("another")).agrees
    fit = fit_profile([original], name="fitted")
    data = fit.profile().model_dump(mode="json")
    points = data["chip"]["cells"]["formed"]["points"]
    data["chip"]["cells"]["formed"]["points"] = [[f, 1.06 * v] for f, v in points]
    wrong = type(fit.profile()).model_validate(data)
    assert agreement(original, formed_map("another", wrong)).formed_p < 0.01


def test_the_fit_names_its_sources(original):
    fit = fit_profile([original], name="fitted")
    assert fit.chip.cells.formed.source.startswith("measured: maps of EMULATED chip tmp:one")
    assert fit.read_noise == pytest.approx(0.035, rel=0.05)
    assert fit.chip.cells.forming.unbroken_fraction.value == pytest.approx(0.3, abs=0.04)
    assert fit.chip.cells.breakdown == load_profile().chip.cells.breakdown


def test_noise_of_the_map_is_taken_off_the_spread():
    rng = np.random.default_rng(0)
    true = rng.normal(12e-6, 0.5e-6, (64, 64))
    noise = 1e-6
    fit = fit_profile([as_map(true + rng.normal(0, noise, true.shape), noise)], name="quiet")
    assert fit.formed_siemens.std() == pytest.approx(true.std(), rel=0.1)


def as_map(siemens, noise=0.0, chip="die", origin="chip"):
    """Returns conductances as a map, states from the default profile."""
    uncertainty = np.full(siemens.shape, noise)
    none = np.zeros(siemens.shape, bool)
    return ConductanceMap(
        siemens=siemens,
        independent_siemens=uncertainty,
        channel_siemens=np.zeros(siemens.shape),
        board_siemens=np.zeros(siemens.shape),
        state=classified(siemens, uncertainty, load_profile(), masked=none, shorted=none),
        range=np.zeros(siemens.shape, np.int8),
        rows=np.arange(siemens.shape[0]),
        columns=np.arange(siemens.shape[1]),
        method="onehot",
        samples=1,
        conversions=siemens.size,
        facts={"origin": origin, "chip": chip},
    )


def test_the_published_array_is_emulated_by_its_fit(tmp_path):
    if not (DATA / "esgnn2023_array.npz").is_file():
        pytest.skip(
            f"{DATA} has no esgnn2023_array.npz: set OHMLOOP_DATA to the folder of the public data sets"
        )
    with np.load(DATA / "esgnn2023_array.npz") as data:
        published = as_map(data["w_rec"].astype(float) * 1e-6)
    again = formed_map("another", fit_profile([published], name="published").profile())
    found = agreement(published, again)
    assert found.formed_p > 0.01
    assert found.fraction_p > 0.01
    # The simulation's default of the authors, a normal of 14.25 and 2.46, is no fit of their array.
    normal = np.random.default_rng(0).normal(14.2473e-6, 2.4624e-6, (50, 25)).clip(1e-6)
    assert agreement(published, as_map(normal)).formed_p < 1e-6


def test_drift_is_fitted_where_cells_were_mapped_twice(original):
    later = as_map(
        np.where(original.state == CellState.FORMED, 0.96, 1) * original.siemens, chip=original.chip
    )
    fit = fit_profile([original, later], name="drifting", seconds=1e4)
    assert fit.drift == pytest.approx(-0.04, abs=1e-6)
    assert fit.seconds == 1e4
    nu = to_aihwkit(fit)["noise_model"]["drift_nu_mean"]
    assert 1e4**-nu == pytest.approx(0.96)


def test_retention_of_a_programmable_chip_is_fitted():
    with opened(SIZE, profile="rram-130nm-yao2020") as board:
        macro, retention = board.macro, board.profile.chip.programming.retention
        codes = np.random.default_rng(0).integers(200, 900, macro.shape)
        macro.load_g_codes(codes, macro[:, :])
        before = macro.map(samples=64)
        macro.environment(1e6)
        fit = fit_profile([before, macro.map(samples=64)], name="aged", base=board.profile, seconds=1e6)
        fitted = fit.chip.programming.retention
        assert fitted.loss.value == pytest.approx(retention.loss.value, rel=0.08)
        assert fitted.spread.value == pytest.approx(retention.spread.value, rel=0.08)
        assert fitted.loss.source.startswith("measured")
        assert fit.chip.programming.faults == board.profile.chip.programming.faults


def test_too_few_cells_are_no_fit():
    with pytest.raises(LimitError, match="at least 64"):
        fit_profile([as_map(np.full((4, 4), 12e-6))], name="few")
    with pytest.raises(LimitError, match="none given"):
        fit_profile([], name="none")


def test_a_map_is_emulated_cell_by_cell(original):
    with opened(SIZE) as board:
        codes = emulate_map(board.macro, original)
        assert np.array_equal(board.macro.dump_g_codes(board.macro[:, :]), codes)
        error = codes * board.profile.g_lsb_siemens - original.siemens
        assert np.abs(error).max() <= 0.5 * board.profile.g_lsb_siemens + 1e-12
        again = board.macro.map(samples=16)
        assert np.array_equal(again.state, original.state)
        assert emulate_map(board.macro, as_map(np.full((2, 3), 5e-6)), board.macro[4:6, 7:10]).shape == (2, 3)


def test_what_cannot_be_emulated_is_refused(original, monkeypatch):
    with opened(SIZE) as board:
        before = board.macro.dump_g_codes(board.macro[:, :])
        with pytest.raises(ShapeError, match="window of"):
            emulate_map(board.macro, original, board.macro[:2, :2])
        with pytest.raises(LimitError, match="siemens"):
            emulate_map(board.macro, as_map(np.full((2, 2), 9e-5)))
        assert np.array_equal(board.macro.dump_g_codes(board.macro[:, :]), before)
        monkeypatch.setattr(type(board._core), "emulated", False)
        with pytest.raises(NotEmulated):
            emulate_map(board.macro, original)


def test_masked_cells_keep_what_they_have(original):
    with opened(SIZE) as board:
        state, siemens = original.state.copy(), original.siemens.copy()
        state[1], siemens[1] = CellState.MASKED, np.nan
        emulate_map(board.macro, dataclasses.replace(original, state=state, siemens=siemens))
        assert np.all(board.macro.dump_g_codes(board.macro[1, :]) < board.profile.formed_floor)


def test_parameters_of_the_simulators_are_plain(original):
    fit = fit_profile([original], name="fitted")
    for made in (to_aihwkit(fit, programming_siemens=1e-7), to_crosssim(fit, programming_siemens=1e-7)):
        assert json.loads(json.dumps(made)) == made
    device = to_crosssim(fit)["xbar"]["device"]
    formed = original.of_state(CellState.FORMED)
    assert 1 / device["Rmin"] == pytest.approx(np.quantile(formed, 0.99), rel=0.02)
    assert device["read_noise"] == {
        "enable": True,
        "model": "NormalProportionalDevice",
        "magnitude": fit.read_noise,
    }


def test_aihwkit_s_read_noise_is_the_measured_one(original):
    fit = fit_profile([original], name="fitted")
    made = to_aihwkit(fit)
    model, largest = made["noise_model"], made["g_converter"]["g_max"]
    growth = np.sqrt(np.log((model["t_0"] + model["t_read"]) / (2 * model["t_read"])))
    at = 0.5 * largest
    assert at / largest * model["read_noise_scale"] * growth == pytest.approx(fit.read_noise * at)
