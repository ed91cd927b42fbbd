# SPDX-License-Identifier: BSD-3-Clause
"""Boards of another kind of macro, by their profiles alone."""

import numpy as np
import pytest

import ohmloop
from ohmloop._map import Opcode, Pulse, Status
from ohmloop.errors import NotArmed, ProfileError
from ohmloop.link.messages import Axis, PulseRequest, unpack_words

PES = "rram-130nm-pe-yao2020"
ARRAY = "rram-2um-wang2019"
RANGE_US = {PES: (2.0, 20.0), ARRAY: (50.0, 280.0)}


def shapes(board):
    return [(macro.rows, macro.columns) for macro in board.macros]


@pytest.mark.parametrize("profile, expected", [(PES, [(128, 16)] * 8), (ARRAY, [(128, 64)])])
def test_a_profile_alone_makes_the_board(profile, expected):
    with ohmloop.open("twin://", chip="tmp", profile=profile) as board:
        assert shapes(board) == expected
        assert board.macros[0].profile.macros == len(expected)
    assert ohmloop.load_profile(profile).board.name.endswith(profile.rsplit("-", 1)[1])


def test_a_url_may_still_ask_for_less():
    with ohmloop.open("twin://?macros=2&rows=32&columns=8&lanes=8", chip="tmp", profile=PES) as board:
        assert shapes(board) == [(32, 8)] * 2


@pytest.mark.parametrize("profile, number", [(PES, 5), (ARRAY, 0)])
def test_a_macro_is_formed_programmed_mapped_and_multiplied_with(profile, number):
    low_us, high_us = RANGE_US[profile]
    rng = np.random.default_rng(1)
    with ohmloop.open("twin://", chip="tmp:kinds", profile=profile) as board:
        macro = board.macros[number]
        window = macro[0:24, 0:8]
        targets = 1e-6 * rng.uniform(low_us, high_us, window.shape)
        with board.armed(window, ops={"form"}, max_pulses=60 * window.size, max_voltage_v=3.9, expires_s=60):
            macro.form_ramp(window, gate_v=1.5)
        tolerance = 0.02e-6 * high_us
        with board.armed(
            window, ops={"set", "reset"}, max_pulses=160 * window.size, max_voltage_v=2.5, expires_s=60
        ):
            result = macro.program(targets, window, tolerance_siemens=tolerance)
        good = ~result.failed
        assert good.mean() > 0.8  # the array has 11 % of stuck cells
        found = macro.map(window, samples=16).siemens
        assert np.mean(np.abs(found - targets)[good] < 1.5 * tolerance) > 0.95
        x = rng.integers(0, 4, (8, 24))
        codes = macro.mac(x, window, bits=2)
        seen = np.asarray(codes.values) * macro.profile.siemens_per_adc_code(codes.range)
        np.testing.assert_allclose(seen, x @ found, atol=0.02 * float(np.max(x @ found)))


def test_macros_of_a_board_keep_their_cells_apart():
    with ohmloop.open("twin://", chip="tmp:apart", profile=PES) as board:
        fresh = [macro.dump_g_codes(macro[:, :]) for macro in board.macros]
        assert len({codes.tobytes() for codes in fresh}) == 8
        board.macros[3].load_g_codes(np.full((128, 16), 700), board.macros[3][:, :])
        for number, macro in enumerate(board.macros):
            now = macro.dump_g_codes(macro[:, :])
            assert (now == (700 if number == 3 else fresh[number])).all()


def test_a_permission_is_for_one_macro_on_the_host_and_on_the_board():
    with ohmloop.open("twin://", chip="tmp", profile=PES) as board:
        window, other = board.macros[2][0:4, 0:4], board.macros[3][0:4, 0:4]
        with board.armed(window, ops={"form"}, max_pulses=100, max_voltage_v=3.5, expires_s=60):
            with pytest.raises(NotArmed):
                board.macros[3].form(other, voltage_v=3.0, gate_v=1.5, width_s=1e-6)
            for macro, status in ((3, Status.OUTSIDE_TOKEN), (2, Status.OK)):
                request = PulseRequest(Pulse.FORM, macro, 1, 0, 1, 0, 1, Axis(1, 1), Axis(0, 1))
                reply = board._core.session.call(Opcode.PULSE, request.encode(), 3)
                assert reply.status == status, macro
                if status == Status.OUTSIDE_TOKEN:
                    assert unpack_words(reply.payload) == (1, 0, 6)


def test_a_macro_that_is_not_there_is_refused_with_the_last_one():
    with ohmloop.open("twin://", chip="tmp", profile=PES) as board:
        request = PulseRequest(Pulse.FORM, 8, 1, 0, 1, 0, 1, Axis(0, 1), Axis(0, 1))
        reply = board._core.session.call(Opcode.PULSE, request.encode(), 3)
        assert (reply.status, unpack_words(reply.payload)) == (Status.BAD_FIELD, (8, 7, 0))


def test_cells_of_a_named_chip_of_eight_macros_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("OHMLOOP_STATE", str(tmp_path))
    with ohmloop.open("twin://", chip="pe8", profile=PES, registry=False) as board:
        board.macros[7].load_g_codes(np.full((128, 16), 321), board.macros[7][:, :])
    with ohmloop.open("twin://", chip="pe8", profile=PES, registry=False) as board:
        assert (board.macros[7].dump_g_codes(board.macros[7][:, :]) == 321).all()
    with pytest.raises(ProfileError):
        ohmloop.open("twin://?macros=1", chip="pe8", profile=PES, registry=False)


def test_too_many_macros_are_refused():
    with pytest.raises(ohmloop.UrlError):
        ohmloop.open("twin://?macros=17", chip="tmp", profile=PES)
