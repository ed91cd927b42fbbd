# SPDX-License-Identifier: BSD-3-Clause
from collections.abc import Callable

import numpy as np
import pytest
from typer.testing import CliRunner

import ohmloop
from ohmloop._map import Opcode, Register, Status
from ohmloop.cli import selftest
from ohmloop.cli.app import app
from ohmloop.link.frames import Frame, decode
from ohmloop.link.messages import pack_words, unpack_words
from ohmloop.link.wires import open_wire

URL = "twin://?rows=32&columns=32&lanes=16&payload=8192"
Change = Callable[[Frame], Frame]


class FaultyWire:
    """The twin with a fault on its frames."""

    def __init__(self, wire, request: Change, reply: Change) -> None:
        self._wire, self._request, self._reply = wire, request, reply
        self.packet, self.url, self.origin = wire.packet, wire.url, wire.origin

    def write(self, data: bytes) -> None:
        self._wire.write(self._request(decode(data)).encode())

    def read(self, timeout_s: float) -> bytes:
        data = self._wire.read(timeout_s)
        return self._reply(decode(data)).encode() if data else data

    def now_s(self) -> float:
        return self._wire.now_s()

    def close(self) -> None:
        self._wire.close()


def same(frame: Frame) -> Frame:
    return frame


def changed(frame: Frame, **fields) -> Frame:
    from dataclasses import replace

    return replace(frame, **fields)


def outcomes_with(monkeypatch, request: Change = same, reply: Change = same) -> dict[str, str]:
    monkeypatch.setattr(
        selftest, "open_wire", lambda url, context: FaultyWire(open_wire(url, context), request, reply)
    )
    return {outcome.name: outcome.colour for outcome in selftest.outcomes(URL)}


def stuck_register_bit(frame: Frame) -> Frame:
    if frame.opcode == Opcode.REG_WRITE and unpack_words(frame.payload)[0] == Register.EMU_NOISE_SEED:
        return changed(frame, payload=frame.payload[:4] + bytes([frame.payload[4] & ~4]) + frame.payload[5:])
    return frame


def stuck_cell_bit(frame: Frame) -> Frame:
    if frame.opcode == Opcode.CELL_LOAD:
        data = frame.payload
        return changed(frame, payload=data[:-2] + bytes([data[-2] | 1]) + data[-1:])
    return frame


def every_refusal_is_ok(frame: Frame) -> Frame:
    refused = frame.opcode == Opcode.PULSE and frame.status == Status.OVER_VOLTAGE_LIMIT
    return changed(frame, status=0) if refused else frame


def deaf_watchdog(frame: Frame) -> Frame:
    if frame.opcode == Opcode.REG_WRITE and unpack_words(frame.payload)[0] == Register.WATCHDOG_CYCLES:
        return changed(frame, payload=frame.payload[:4] + (0x07000000).to_bytes(4, "little"))
    return frame


def changed_ping(frame: Frame) -> Frame:
    if frame.opcode == Opcode.PING and len(frame.payload) > 400:
        return changed(frame, payload=b"\xff" + frame.payload[1:])
    return frame


def wrong_product(frame: Frame) -> Frame:
    if frame.opcode == Opcode.MAC and frame.status == Status.OK:
        data = frame.payload
        return changed(frame, payload=data[:8] + bytes([data[8] ^ 1]) + data[9:])
    return frame


def bad_memory(frame: Frame) -> Frame:
    if frame.opcode == Opcode.SELF_TEST and frame.status == Status.OK:
        return changed(frame, payload=frame.payload[:4] + b"\x01" + frame.payload[5:])
    return frame


def another_board(frame: Frame) -> Frame:
    """The second HELLO names another board."""
    if frame.opcode != Opcode.HELLO:
        return frame
    another_board.seen += 1
    words = bytearray(frame.payload)
    words[40] ^= another_board.seen > 1
    return changed(frame, payload=bytes(words))


def lost_in_a_stream(frame: Frame) -> Frame:
    """A reply to a large PING that was sent behind another comes broken."""
    large = frame.opcode == Opcode.PING and len(frame.payload) == 8192 and frame.acknowledge > 1
    lost_in_a_stream.seen += large
    if large and lost_in_a_stream.seen == 4:
        return changed(frame, payload=bytes(8192))
    return frame


def latch_is_not_told(frame: Frame) -> Frame:
    """STATE never says that the board is latched by SAFE."""
    state = frame.payload[:4]
    if frame.opcode != Opcode.REG_READ or frame.status or state != pack_words(0x22):
        return frame
    return changed(frame, payload=pack_words(0x20))


def watchdog_is_not_told(frame: Frame) -> Frame:
    if frame.opcode != Opcode.REG_READ or frame.status or frame.payload[:4] != pack_words(0x32):
        return frame
    return changed(frame, payload=pack_words(0x20))


def reading(change):
    """A fault of the readings of the reference: of one row of results, two words before them."""

    def told(frame: Frame) -> Frame:
        if frame.opcode != Opcode.MAC or frame.status or len(frame.payload) != 8 + 4 * 32:
            return frame
        values = np.frombuffer(frame.payload[8:], "<i4").astype(np.int64)
        return changed(frame, payload=frame.payload[:8] + change(values).astype("<i4").tobytes())

    return told


def dead_channel(values: np.ndarray) -> np.ndarray:
    return np.where(np.arange(32) == 9, 0, values)


def bent_channel(values: np.ndarray) -> np.ndarray:
    return np.where(np.arange(32) == 9, np.minimum(values, values.max() // 3), values)


def wrong_gain(values: np.ndarray) -> np.ndarray:
    return values * 11 // 10


def cells_read(change):
    """A fault of READ_CELLS of the pattern, 31 x 31."""

    def told(frame: Frame) -> Frame:
        if frame.opcode != Opcode.READ_CELLS or frame.status or len(frame.payload) != 8 + 4 * 31 * 31:
            return frame
        seen = np.frombuffer(frame.payload[8:], "<i4").reshape(31, 31)
        return changed(frame, payload=frame.payload[:8] + change(seen).astype("<i4").tobytes())

    return told


CHECKS = [
    "identity",
    "link round trip",
    "link throughput",
    "register walk",
    "interlock",
    "safe state",
    "watchdog",
    "emulated cells",
    "loop-back",
    "reference cell",
    "orientation",
    "exact products",
    "firmware",
]


@pytest.mark.parametrize(
    "frames", ["rows=32&columns=512&lanes=8&payload=4000", "rows=64&columns=64&lanes=8&payload=1024"]
)
def test_every_check_is_green_on_a_board_of_short_frames(frames: str):
    url = f"twin://?{frames}&adc_lanes=1&clk_hz=24000000"
    colours = {outcome.name: outcome.colour for outcome in selftest.outcomes(url)}
    assert set(colours.values()) == {"green"}, colours


def test_every_check_is_green_on_the_twin():
    seen = {outcome.name: outcome for outcome in selftest.outcomes(URL)}
    assert list(seen) == CHECKS
    assert {outcome.colour for outcome in seen.values()} == {"green"}
    assert all(outcome.detail for outcome in seen.values())


@pytest.mark.parametrize(
    "red, fault, not_tried",
    [
        ("identity", {"reply": another_board}, set()),
        ("link round trip", {"reply": changed_ping}, {"link throughput"}),
        ("link throughput", {"reply": lost_in_a_stream}, set()),
        (
            "register walk",
            {"request": stuck_register_bit},
            {"watchdog", "loop-back", "reference cell"},
        ),
        (
            "register walk",
            {"request": deaf_watchdog},
            {"watchdog", "loop-back", "reference cell"},
        ),
        ("interlock", {"reply": every_refusal_is_ok}, set()),
        ("safe state", {"reply": latch_is_not_told}, {"watchdog"}),
        ("watchdog", {"reply": watchdog_is_not_told}, set()),
        ("emulated cells", {"request": stuck_cell_bit}, {"orientation", "exact products"}),
        ("loop-back", {"reply": reading(dead_channel)}, {"reference cell"}),
        ("loop-back", {"reply": reading(bent_channel)}, {"reference cell"}),
        ("reference cell", {"reply": reading(wrong_gain)}, set()),
        ("orientation", {"reply": cells_read(np.transpose)}, {"exact products"}),
        ("exact products", {"reply": wrong_product}, set()),
        ("firmware", {"reply": bad_memory}, set()),
    ],
)
def test_a_fault_turns_exactly_one_check_red(monkeypatch, red, fault, not_tried):
    another_board.seen = lost_in_a_stream.seen = 0
    seen = outcomes_with(monkeypatch, **fault)
    assert list(seen) == CHECKS
    assert {name for name, colour in seen.items() if colour == "red"} == {red}
    assert {name for name, colour in seen.items() if colour == "skipped"} == not_tried


def detail_of(monkeypatch, check: str, request: Change = same, reply: Change = same) -> str:
    monkeypatch.setattr(
        selftest, "open_wire", lambda url, context: FaultyWire(open_wire(url, context), request, reply)
    )
    return next(outcome.detail for outcome in selftest.outcomes(URL) if outcome.name == check)


@pytest.mark.parametrize(
    "change, name",
    [
        (np.transpose, "transposed"),
        (lambda seen: seen[::-1], "rows mirrored"),
        (lambda seen: seen[:, ::-1], "columns mirrored"),
        (lambda seen: seen[:, [1, 0, *range(2, 31)]], "columns permuted (1 at 0, 0 at 1)"),
    ],
)
def test_the_wiring_of_rows_and_columns_is_named(monkeypatch, change, name):
    detail = detail_of(monkeypatch, "orientation", reply=cells_read(change))
    assert detail == f"rows and columns are not where they belong: {name}"


def test_a_channel_at_fault_is_named(monkeypatch):
    assert "first column 9" in detail_of(monkeypatch, "loop-back", reply=reading(dead_channel))
    assert "1.1 uS" in detail_of(monkeypatch, "reference cell", reply=reading(wrong_gain))


def as_a_chip(frame: Frame) -> Frame:
    if frame.opcode == Opcode.HELLO:
        words = bytearray(frame.payload)
        words[8] &= ~5  # of a chip, without a reference input
        return changed(frame, payload=bytes(words))
    return frame


def test_on_a_chip_nothing_is_driven(monkeypatch):
    """What is asked would do no harm on a board that refuses nothing."""
    asked = []

    def watched(frame: Frame) -> Frame:
        asked.append(frame)
        return frame

    seen = outcomes_with(monkeypatch, watched, as_a_chip)
    skipped = {name for name, colour in seen.items() if colour == "skipped"}
    assert skipped == {
        "emulated cells",
        "loop-back",
        "reference cell",
        "orientation",
        "exact products",
        "firmware",
    }
    assert "red" not in seen.values()
    opcodes = {frame.opcode for frame in asked}
    assert not {Opcode.CELL_LOAD, Opcode.TABLE_WRITE, Opcode.MAC, Opcode.MAC_RAW} & opcodes
    words = {
        opcode: [unpack_words(frame.payload) for frame in asked if frame.opcode == opcode]
        for opcode in (Opcode.PULSE, Opcode.READ_CELLS, Opcode.ARM)
    }
    assert all(words.values())
    assert all((pulse[1], pulse[2]) == (1, 1) for pulse in words[Opcode.PULSE])  # code 1, gate 0, a cycle
    assert all(reading[1] <= 1 for reading in words[Opcode.READ_CELLS])
    assert all(arm[3] == 0 for arm in words[Opcode.ARM])  # for 0 V


def test_the_firmware_names_what_failed_and_a_board_without_it_is_not_red(monkeypatch):
    seen = {outcome.name: outcome for outcome in selftest.outcomes(URL)}
    assert "interlock answers NOT_ARMED" in seen["firmware"].detail

    def absent(frame: Frame) -> Frame:
        if frame.opcode != Opcode.HELLO:
            return frame
        return changed(frame, payload=frame.payload[:8] + bytes([frame.payload[8] & ~2]) + frame.payload[9:])

    assert outcomes_with(monkeypatch, reply=absent)["firmware"] == "skipped"
    monkeypatch.setattr(
        selftest, "open_wire", lambda url, context: FaultyWire(open_wire(url, context), same, bad_memory)
    )
    red = next(outcome for outcome in selftest.outcomes(URL) if outcome.name == "firmware")
    assert (red.colour, red.detail) == ("red", "failed: memory")


def test_a_locked_chip_is_not_asked_to_read_above_its_limit(monkeypatch):
    def locked(frame: Frame) -> Frame:
        if frame.opcode == Opcode.REG_READ and frame.status == Status.OK and len(frame.payload) == 24:
            return changed(frame, payload=pack_words(1, 2, 3, 40_000, 5, 6))
        return as_a_chip(frame)

    asked = []

    def watched(frame: Frame) -> Frame:
        asked.append(frame)
        return frame

    outcomes_with(monkeypatch, watched, locked)
    readings = [unpack_words(frame.payload)[1] for frame in asked if frame.opcode == Opcode.READ_CELLS]
    assert max(readings, default=0) <= 1


class InterruptedWire(FaultyWire):
    """Ctrl-C comes when the n-th CELL_LOAD has been sent."""

    def __init__(self, wire, count: int) -> None:
        super().__init__(wire, same, same)
        self.left = count

    def write(self, data: bytes) -> None:
        super().write(data)
        if decode(data).opcode == Opcode.CELL_LOAD:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt


@pytest.mark.parametrize("count", [1, 2, 5, 7])
def test_cells_of_a_named_chip_are_put_back_after_ctrl_c_too(monkeypatch, tmp_path, count: int):
    monkeypatch.setenv("OHMLOOP_STATE", str(tmp_path))
    url = "twin://?rows=32&columns=32&lanes=16"
    with ohmloop.open(url, chip="kept", profile="ideal", registry=False) as board:
        before = np.random.default_rng(0).integers(0, 1024, (32, 32))
        board.macro.load_g_codes(before, board.macro[:, :])
    wires = []

    def opened(url, context):
        wires.append(InterruptedWire(open_wire(url, context), count))
        return wires[0]

    monkeypatch.setattr(selftest, "open_wire", opened)
    with pytest.raises(KeyboardInterrupt):
        selftest.run_selftest(url, chip="kept", profile="ideal")
    assert wires[0]._wire._board.condition.safe_latched
    with ohmloop.open(url, chip="kept", profile="ideal", registry=False) as board:
        np.testing.assert_array_equal(board.macro.dump_g_codes(board.macro[:, :]), before)


def test_a_named_chip_is_tested_and_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("OHMLOOP_STATE", str(tmp_path))
    shown = CliRunner().invoke(app, ["selftest", URL, "--chip", "seed:7"])
    assert shown.exit_code == 0, shown.output
    first = [file.read_bytes() for file in tmp_path.glob("*.cells")]
    assert len(first) == 1
    assert CliRunner().invoke(app, ["selftest", URL, "--chip", "seed:7"]).exit_code == 0
    assert [file.read_bytes() for file in tmp_path.glob("*.cells")] == first
    refused = CliRunner().invoke(app, ["selftest", URL, "--chip", "a name of seventeen"])
    assert isinstance(refused.exception, ohmloop.LimitError)


def test_a_known_chip_is_tested_and_served_with_its_own_profile(monkeypatch, tmp_path):
    monkeypatch.setenv("OHMLOOP_STATE", str(tmp_path))
    with ohmloop.open(URL, chip="die7", profile="rram-130nm-yao2020"):
        pass
    shown = CliRunner().invoke(app, ["selftest", URL, "--chip", "die7"])
    assert shown.exit_code == 0, shown.output
    served = []
    monkeypatch.setattr("ohmloop.link.wires.serve.serve", lambda _url, **how: served.append(how["context"]))
    assert CliRunner().invoke(app, ["serve", URL, "--tcp", "0", "--chip", "die7"]).exit_code == 0
    assert [context.profile.name for context in served] == ["rram-130nm-yao2020"]


def test_help_says_what_is_rewritten_and_that_a_chip_is_not_driven():
    text = " ".join(CliRunner().invoke(app, ["selftest", "--help"]).output.split())
    assert "every cell is rewritten twice and put back" in text
    assert "A chip: nothing is driven" in text
    assert "--chip" in text


def test_the_exit_code_tells_green_from_red_from_no_board(monkeypatch):
    runner = CliRunner()
    green = runner.invoke(app, ["selftest", URL])
    assert green.exit_code == 0
    assert "13 checks, 0 red" in green.output
    monkeypatch.setattr(
        selftest,
        "open_wire",
        lambda url, context: FaultyWire(open_wire(url, context), stuck_register_bit, same),
    )
    red = runner.invoke(app, ["selftest", URL])
    assert red.exit_code == 1
    assert "EMU_NOISE_SEED" in red.output


class SlowWire(FaultyWire):
    """A served board whose clock is fifty times slower than the host's."""

    def read(self, timeout_s: float) -> bytes:
        return self._wire.read(timeout_s / 50 + 1e-6)

    def now_s(self) -> float:
        return 50 * self._wire.now_s()


def test_a_simulation_slower_than_the_host_gets_time_to_trip(monkeypatch):
    monkeypatch.setattr(
        selftest, "open_wire", lambda url, context: SlowWire(open_wire(url, context), same, same)
    )
    watchdog = next(outcome for outcome in selftest.outcomes(URL) if outcome.name == "watchdog")
    assert watchdog.colour == "green" and "3000 ms" in watchdog.detail
