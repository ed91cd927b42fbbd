# SPDX-License-Identifier: BSD-3-Clause
"""A URL to an open board: identity checked, limits locked, emulator loaded, no output touched."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ohmloop._map import CLK_HZ, CYCLES_CAP, Register
from ohmloop.board.board import Board
from ohmloop.board.contact import Contacts
from ohmloop.board.core import CORRECTIONS, Core
from ohmloop.board.limits import Limits, finite, whole
from ohmloop.board.recording import RecordsFor, unrecorded
from ohmloop.errors import LimitError, OhmloopError, ProfileError, ShapeError, VersionMismatch
from ohmloop.link.messages import CHIP_ID_BYTES, Identity
from ohmloop.link.session import Session
from ohmloop.link.wires import WireContext, open_wire
from ohmloop.profile import LIMIT_REGISTERS, Profile, chip_seed, load_profile
from ohmloop.profile.state_file import THROW_AWAY, is_throw_away

REPLAY: Final = "replay"
FIRST_EMU: Final = Register.EMU_CHIP_SEED
SLOWEST_CLK_HZ: Final = 1_000_000
"""Of an emulated macro's board. A chip's runs at CLK_HZ: the gateware's ceilings are cycles of that clock."""


def open_board(
    url: str,
    *,
    chip: str | None = None,
    profile: str | Path | Profile | None = None,
    timeout_s: float = 5.0,
    noise_seed: int = 0,
    records_for: RecordsFor = unrecorded,
) -> Board:
    """Opens a board; touches no output.

    Args:
        url: `sim://`, `twin://`, `serial:///dev/ttyUSB0?baud=3000000`, `tcp://HOST:PORT`,
            `record://FILE?via=URL` or `replay://FILE`.
        chip: the sample's name; on an emulated board it selects the chip ("seed:N" names its seed, "tmp" and
            None one that is thrown away).
        profile: of the chip: a shipped name, a YAML file or a Profile; `rrm-40nm-esgnn2023` by default.
        timeout_s: longest wait for an answer, by the board's clock.
        noise_seed: selects the noise of an emulated board.
        records_for: makes what its pulses and jobs are recorded in; `ohmloop.open` gives the registry.

    Raises:
        UrlError, ProfileError, LimitError: an argument is wrong; nothing was opened.
        BoardLost, BoardBusy, WrongDevice, DeadlineExceeded, VersionMismatch: no board to work with.
    """
    seconds = finite(timeout_s, "s", "timeout_s")
    if seconds == 0:
        raise LimitError(
            "timeout_s: 0 s asked, above 0 s expected", value=0.0, limit=0.0, unit="s", where="timeout_s"
        )
    seed = whole(noise_seed, "noise_seed", highest=2**32 - 1)
    chip_id = chip_id_of(chip)
    asked = profile if isinstance(profile, Profile) else load_profile(profile)
    wire = open_wire(url, WireContext(chip=chip, profile=asked))
    session = Session(wire, timeout_s=seconds, chip_id=chip_id)
    try:
        identity = session.hello()
        _check(identity, asked, url)
        held = asked.at_clock(identity.clk_hz)
        core = Core(
            session=session,
            identity=identity,
            profile=held,
            limits=Limits(dict.fromkeys(LIMIT_REGISTERS, 0), held),
            chip=chip if chip is not None else THROW_AWAY,
            url=url,
            origin=_origin(identity, wire.origin),
            packet=wire.packet,
            contacts=Contacts(
                [(macro.rows, macro.columns) for macro in identity.macros],
                required=chip is not None and not is_throw_away(chip) and not wire.origin.startswith(REPLAY),
            ),
        )
        _load(core, chip, seed)
        _lock_limits(core)
        session.heartbeat_s = held.board.watchdog.value / 4
        core.records = records_for(identity, held, chip, core.origin, url)
    except BaseException:
        session.close()
        raise
    return Board(core)


def chip_id_of(chip: str | None) -> bytes:
    """Returns the name that travels to the board; raises LimitError or ShapeError."""
    if chip is None:
        return THROW_AWAY.encode()
    if not isinstance(chip, str):
        raise ShapeError(f"chip: {chip!r} is no name", value=chip, limit="str", where="chip")
    name = chip.encode("utf-8")
    if not chip.isprintable():
        raise LimitError(
            f"chip: the name {chip!r} holds what cannot be printed",
            value=chip,
            limit="printable",
            where="chip",
        )
    if not 1 <= len(name) <= CHIP_ID_BYTES:
        raise LimitError(
            f"chip: the name {chip!r} has {len(name)} bytes, 1 .. {CHIP_ID_BYTES} travel to the board",
            value=len(name),
            limit=CHIP_ID_BYTES,
            unit="bytes",
            where="chip",
        )
    chip_seed(chip)
    return name


def _origin(identity: Identity, wire_origin: str) -> str:
    """Returns whose data this is: the board says whether it is emulated, the wire whether it is replayed."""
    kind = "emulated" if identity.emulated else "chip"
    return f"{REPLAY} of {kind}" if wire_origin.startswith(REPLAY) else kind


def _check(identity: Identity, profile: Profile, url: str) -> None:
    """Raises VersionMismatch or ProfileError where board and profile do not fit each other."""
    slowest = SLOWEST_CLK_HZ if identity.emulated else CLK_HZ
    if not slowest <= identity.clk_hz <= CLK_HZ:
        raise VersionMismatch(
            f"{url}: the board's clock is {identity.clk_hz} Hz, {slowest} .. {CLK_HZ} Hz expected",
            value=identity.clk_hz,
            limit=slowest if identity.clk_hz < slowest else CLK_HZ,
            unit="Hz",
            where="identity",
        )
    if not identity.emulated and len(identity.macros) != profile.macros:
        raise ProfileError(
            f"{url}: {len(identity.macros)} macros; profile {profile.board.name} has {profile.macros}",
            value=len(identity.macros),
            limit=profile.macros,
            where="macros",
        )
    chip = profile.chip.geometry
    for number, macro in enumerate(identity.macros):
        fits = (
            macro.rows <= chip.rows and macro.columns <= chip.columns
            if identity.emulated
            else (macro.rows, macro.columns) == (chip.rows, chip.columns)
        )
        if not fits:
            raise ProfileError(
                f"{url}: macro {number} is {macro.rows} x {macro.columns}, "
                f"profile {profile.name} is {chip.rows} x {chip.columns}",
                value=(macro.rows, macro.columns),
                limit=(chip.rows, chip.columns),
                where=f"macro {number}",
            )


def _load(core: Core, chip: str | None, noise_seed: int) -> None:
    """Loads the emulator from the profile; on any board, corrections to identity and the time limits."""
    tables = core.profile.tables()
    if core.emulated:
        # Without a name the chip on a served board stays what its server made it.
        held = core.read_registers(FIRST_EMU)[0] if chip is None else 0
        seed = held or chip_seed(THROW_AWAY if chip is None else chip)
        registers = core.profile.emulator_registers(seed, noise_seed)
        core.write_registers(FIRST_EMU, *(registers[one] for one in sorted(registers)))
    for macro in range(len(core.identity.macros)):
        for table, entries in tables.items():
            if core.emulated or table in CORRECTIONS:
                core.write_table(macro, table, entries)
    times = (core.profile.board.watchdog, core.profile.board.operation)
    cycles = [min(core.profile.seconds_to_cycles(time.value), CYCLES_CAP) for time in times]
    core.write_registers(Register.WATCHDOG_CYCLES, *cycles)


def _lock_limits(core: Core) -> None:
    """Writes the profile's limits and locks them; a board that is locked lower keeps its lower ones."""
    asked = core.profile.limits
    *held, locked = core.read_registers(LIMIT_REGISTERS[0], len(LIMIT_REGISTERS) + 1)
    limits = {
        register: min(asked[register], value) if locked else asked[register]
        for register, value in zip(LIMIT_REGISTERS, held, strict=True)
    }
    try:
        core.write_registers(LIMIT_REGISTERS[0], *limits.values(), 1)
    except OhmloopError as error:
        error.add_note(f"profile {core.profile.name}: limits {Limits(limits, core.profile)}")
        raise
    core.limits = Limits(limits, core.profile)
