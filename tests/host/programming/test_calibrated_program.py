# SPDX-License-Identifier: BSD-3-Clause
"""With a calibration cells are programmed to siemens; without one to what uncalibrated converters call so."""

import numpy as np
import pytest

import ohmloop
from ohmloop._map import Table
from ohmloop.calibration import calibrate
from ohmloop.errors import CalibrationMismatch, JobConflict, NotCalibrated
from ohmloop.registry import records_of

URL = "twin://?rows=64&columns=32&lanes=16&payload=1024"
CHIP = {"profile": "rram-130nm-front-end", "noise_seed": 5}
TOLERANCE = 0.23e-6
ARM = {"ops": {"set", "reset"}, "max_pulses": 10**6, "max_voltage_v": 2.5, "expires_s": 600.0}


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("OHMLOOP_STATE", str(tmp_path_factory.mktemp("chips")))
    with ohmloop.open(URL, chip="tmp:seed:9", **CHIP) as opened:
        yield opened
    patch.undo()


@pytest.fixture(scope="module")
def calibration(board):
    return calibrate(board, "adc")


@pytest.fixture
def window(board):
    scatter(board)
    return board.macro[4:52, 2:30]


def scatter(board):
    """Puts all cells anywhere in the conductance window: what is programmed already would get no pulse."""
    cells = np.random.default_rng(8).integers(80, 800, board.macro.shape)
    board.macro.load_g_codes(cells, board.macro[:, :])


def targets(window):
    return np.random.default_rng(4).uniform(4e-6, 20e-6, window.shape)


def programmed(window, **how):
    with window.macro.board.armed(window, **ARM):
        return window.macro.program(targets(window), window, tolerance_siemens=TOLERANCE, **how)


def errors_of_columns(window, result):
    """What cells hold less what is reported, and less what was asked, means of each column, siemens."""
    held = window.macro.g_codes_to_siemens(window.macro.dump_g_codes(window))
    return [
        np.nanmean(np.where(result.failed, np.nan, held - other), axis=0)
        for other in (result.achieved_siemens, result.targets_siemens)
    ]


def test_a_calibration_takes_the_columns_errors_out(window, calibration):
    plain = programmed(window)
    before = errors_of_columns(window, plain)
    scatter(window.macro.board)
    found = programmed(window, calibration=calibration)
    after = errors_of_columns(window, found)
    assert before[0].std() > 10 * after[0].std() and before[1].std() > 3 * after[1].std()
    assert found.calibration == calibration.name and not found.mismatches and "nominal gains" in repr(plain)


def test_what_is_achieved_is_right_within_its_uncertainty(window, calibration):
    found = programmed(window, calibration=calibration)
    held = window.macro.g_codes_to_siemens(window.macro.dump_g_codes(window))
    errors = ((found.achieved_siemens - held) / found.uncertainty_siemens)[~found.failed]
    assert (
        abs(errors.mean()) < 0.3 and 0.8 < errors.std() < 1.4
    )  # telegraph noise and relaxation are not in it
    assert np.allclose(found.targets_siemens, targets(window))


def test_a_foreign_calibration_is_refused_or_told(window, calibration):
    with ohmloop.open(URL, chip="tmp:seed:10", **CHIP) as other:
        other.macro.load_g_codes(np.full(other.macro.shape, 400), other.macro[:, :])
        here = other.macro[:4, :4]
        frames = other.stats.frames_sent
        with pytest.raises(CalibrationMismatch, match="seed:9"):
            other.macro.program(8e-6, here, tolerance_siemens=TOLERANCE, calibration=calibration)
        assert other.stats.frames_sent == frames
        with other.armed(here, **ARM):
            found = other.macro.program(
                8e-6, here, tolerance_siemens=TOLERANCE, calibration=calibration, accept_mismatch=True
            )
    assert "seed:9 measured" in found.mismatches[0] and "accepted: " in repr(found)


def test_codes_are_not_corrected_twice(board, window, calibration):
    calibration.apply_to_board(board)
    try:
        with pytest.raises(NotCalibrated, match="correct its codes already"):
            programmed(window, calibration=calibration)
    finally:
        for table in (Table.DARK, Table.CORRECTION):
            board.write_table(table, np.zeros(2048, int))


def test_a_job_goes_on_as_it_was_begun(tmp_path, monkeypatch):
    monkeypatch.setenv("OHMLOOP_REGISTRY", str(tmp_path / "lab.sqlite"))
    with ohmloop.open(URL, chip="lab", **CHIP) as board:
        board.macro.load_g_codes(np.full(board.macro.shape, 400), board.macro[:, :])
        window, found = board.macro[:6, :], calibrate(board, "adc")
        for number, how in enumerate(({"calibration": found}, {})):
            with pytest.raises(ZeroDivisionError), board.armed(window, **ARM):
                program_until(board, window, 1, **how)
            held = records_of(board)
            (job,) = held.registry.jobs.interrupted(held.chip)
            with board.armed(window, **ARM):
                with pytest.raises(NotCalibrated if number == 0 else JobConflict, match="begun with"):
                    board.macro.resume_program(job.id, **({} if number == 0 else {"calibration": found}))
                done = board.macro.resume_program(job.id, **how)
            assert done.calibration == (found.name if how else "")
            assert np.allclose(done.targets_siemens, targets(window))


def program_until(board, window, steps, **how):
    """Programs a window and fails after some acknowledged steps."""
    records, whole = board._core.records, type(board._core.records).open_job

    def open_job(*args, **keywords):
        job = whole(records, *args, **keywords)
        acknowledge = job.acknowledge

        def failing(number, *rest, **more):
            if number >= steps:
                raise ZeroDivisionError
            acknowledge(number, *rest, **more)

        job.acknowledge = failing
        return job

    patch = pytest.MonkeyPatch()
    patch.setattr(records, "open_job", open_job)
    try:
        board.macro.program(targets(window), window, tolerance_siemens=TOLERANCE, **how)
    finally:
        patch.undo()
