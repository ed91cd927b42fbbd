# SPDX-License-Identifier: BSD-3-Clause
"""`ohmloop.open`: a board together with the lab's registry."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ohmloop.board import Board, open_board
from ohmloop.board.recording import Records, RecordsFor, Unnamed, Unrecorded
from ohmloop.errors import NotRecorded, ProfileError
from ohmloop.link.messages import Identity
from ohmloop.profile import Profile
from ohmloop.profile.loader import shipped_names
from ohmloop.profile.state_file import chip_seed, is_throw_away
from ohmloop.registry import ChipRecords, Provenance, Registry, records_of

_RECORDED_ORIGINS: Final = ("chip", "emulated")
_EMULATED: Final = ("sim://", "twin://")


def open_recorded(
    url: str,
    *,
    chip: str | None = None,
    profile: str | Path | Profile | None = None,
    timeout_s: float = 5.0,
    noise_seed: int = 0,
    registry: str | Path | bool = True,
) -> Board:
    """Opens a board; touches no output.

    What pulses a chip with a name is recorded in the lab's registry, before and after.

    Args:
        url: `sim://`, `twin://`, `serial:///dev/ttyUSB0?baud=3000000`, `tcp://HOST:PORT`,
            `pynq://HOST?bitstream=FILE.bit`, `record://FILE?via=URL` or `replay://FILE`.
        chip: the sample's name; on an emulated board it selects the chip ("seed:N" names its seed, "tmp" and
            None one that is thrown away).
        profile: of the chip: a shipped name, a YAML file or a Profile; by default that with which the
            registry last saw the chip, `rrm-40nm-esgnn2023` for one that it does not know.
        timeout_s: longest wait for an answer, by the board's clock.
        noise_seed: selects the noise of an emulated board.
        registry: True: the lab's, for a chip with a name; a file: that one; False: nothing is recorded.

    Raises:
        UrlError, ProfileError, LimitError: an argument is wrong; nothing was opened.
        BoardLost, BoardBusy, WrongDevice, DeadlineExceeded, VersionMismatch: no board to work with.
        RegistryError: the registry cannot be used.
    """
    board = open_board(
        url,
        chip=chip,
        profile=known_profile(url, chip, registry=registry) if profile is None else profile,
        timeout_s=timeout_s,
        noise_seed=noise_seed,
        records_for=_recorder(registry, noise_seed),
    )
    try:
        _recall_contacts(board)
    except BaseException:
        board.close()
        raise
    return board


def known_profile(url: str, chip: str | None, *, registry: str | Path | bool = True) -> str | None:
    """Returns the name of the profile that a known chip was last opened with; None for another.

    Its limits are the chip's: those of the default profile would be another kind's.

    Raises:
        ProfileError: that profile is not shipped, so that its file is needed.
    """
    if (
        not isinstance(chip, str)
        or is_throw_away(chip)
        or registry is False
        or str(url).startswith("replay://")
    ):
        return None
    try:
        with Registry.open(None if registry is True else registry, create=False) as known:
            named = [one for one in known.chips.all() if one.name == chip]
    except NotRecorded:
        return None
    if not named:
        return None
    wanted = "emulated" if str(url).startswith(_EMULATED) else "chip"
    found = min(named, key=lambda one: one.origin != wanted)  # else the other of that name
    if found.profile not in shipped_names("chips"):
        raise ProfileError(
            f"{found} has profile {found.profile!r}, which is not shipped: give its file as profile",
            value=found.profile,
            limit=shipped_names("chips"),
            where="profile",
        )
    return found.profile


def _recall_contacts(board: Board) -> None:
    """Hands the board what earlier contact checks found of its lines."""
    records = records_of(board)
    if records is None:
        return
    for number, macro in enumerate(board.macros):
        health = records.registry.health.current(records.chip, number)
        rows, columns = range(macro.rows), range(macro.columns)
        board.contacts.accept(
            number,
            rows=rows,
            row_lines=health.row_lines[: macro.rows],
            columns=columns,
            column_lines=health.column_lines[: macro.columns],
        )


def _recorder(registry: str | Path | bool, noise_seed: int) -> RecordsFor:
    """Returns what makes a board's records."""

    def records(identity: Identity, profile: Profile, chip: str | None, origin: str, url: str) -> Records:
        if registry is False or origin not in _RECORDED_ORIGINS:
            return Unrecorded()
        if chip is None or is_throw_away(chip):
            return Unrecorded() if identity.emulated else Unnamed()
        provenance = Provenance(
            origin=origin,
            chip=chip,
            url=url,
            board_uid=f"{identity.uid:016x}",
            build_hash=f"{identity.build_hash:08x}",
            firmware_crc=f"{identity.firmware_crc:08x}",
            map_hash=f"{identity.map_hash:08x}",
            profile=profile.name,
            profile_digest=f"{profile.digest:08x}",
            seeds={"noise": noise_seed, "chip": chip_seed(chip)} if identity.emulated else {},
        )
        return ChipRecords.open(
            None if registry is True else Path(registry),
            provenance,
            geometry=(
                len(identity.macros),
                max(macro.rows for macro in identity.macros),
                max(macro.columns for macro in identity.macros),
            ),
            boot_id=identity.boot_id,
            pulses=identity.pulses_since_boot,
        )

    return records
