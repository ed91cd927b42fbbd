# SPDX-License-Identifier: BSD-3-Clause
"""Every error that Ohmloop raises: what was asked, the limit, the unit, the place."""


class OhmloopError(Exception):
    """Something was refused or went wrong; the message says what, where and what the limit is.

    Attributes:
        value: what was asked or seen, as a number or text; None where nothing fits.
        limit: what would have been right; None where nothing fits.
        unit: unit of value and limit, "" for counts and texts.
        where: the place: an argument, a row, a request, a file and line, a URL.
    """

    def __init__(
        self, message: str, *, value: object = None, limit: object = None, unit: str = "", where: str = ""
    ) -> None:
        super().__init__(message)
        self.value = value
        self.limit = limit
        self.unit = unit
        self.where = where


class LimitError(OhmloopError, ValueError):
    """A value is outside its limits; nothing was driven."""


class ShapeError(OhmloopError, ValueError):
    """An array has another shape or type than the place it goes to; nothing was driven."""


class UrlError(OhmloopError, ValueError):
    """A board's URL cannot be understood; nothing was opened."""


class ProfileError(OhmloopError, ValueError):
    """A profile is not valid; the message names file, line, field and unit."""


class BoardLost(OhmloopError, ConnectionError):
    """The wire to the board broke, or the board's process ended."""


class BoardReset(OhmloopError, ConnectionError):
    """The board forgot this session (a power-up, or another host opened it).

    Attributes:
        in_doubt: texts that name the requests whose execution is not known, in order.
    """

    def __init__(
        self,
        message: str,
        *,
        value: object = None,
        limit: object = None,
        unit: str = "",
        where: str = "",
        in_doubt: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, value=value, limit=limit, unit=unit, where=where)
        self.in_doubt = in_doubt


class BoardBusy(OhmloopError, ConnectionError):
    """The port is open in another process."""


class WrongDevice(OhmloopError, ConnectionError):
    """What answers (or does not) at this URL is no Ohmloop board."""


class DeadlineExceeded(OhmloopError, TimeoutError):
    """A request was not answered within its time limit."""


class NotArmed(OhmloopError, PermissionError):
    """Pulses were asked for outside `board.armed()`, or outside what it permits; nothing was driven."""


class SafeLatched(OhmloopError, PermissionError):
    """The board is latched safe (SAFE, its watchdog or its stop input); nothing was driven."""


class VersionMismatch(OhmloopError):
    """Host and board speak other versions of the protocol or of the map; nothing was driven."""


class Refused(OhmloopError):
    """The board refused a request for a reason that has no class of its own; nothing was driven.

    Attributes:
        status: the status code of the reply.
    """

    def __init__(
        self,
        message: str,
        *,
        value: object = None,
        limit: object = None,
        unit: str = "",
        where: str = "",
        status: int = 0,
    ) -> None:
        super().__init__(message, value=value, limit=limit, unit=unit, where=where)
        self.status = status


class Aborted(OhmloopError):
    """A call was stopped by SAFE, the watchdog, a new epoch, its time limit or its permission's end.

    All counts are of the whole call, however many requests it took; `value` of `limit` rows or vectors are
    done.

    Attributes:
        started: the call had begun to drive.
        rows_done: rows (or vectors) it had finished.
        pulses_given: cell pulses it had given.
    """

    def __init__(
        self,
        message: str,
        *,
        value: object = None,
        limit: object = None,
        unit: str = "",
        where: str = "",
        started: bool = False,
        rows_done: int = 0,
        pulses_given: int = 0,
    ) -> None:
        super().__init__(message, value=value, limit=limit, unit=unit, where=where)
        self.started = started
        self.rows_done = rows_done
        self.pulses_given = pulses_given


class NotEmulated(OhmloopError, TypeError):
    """Only an emulated macro can do this; a chip's cells are not written by fiat."""


class ReadOnlyBoard(OhmloopError, PermissionError):
    """The board only reads: it has no pulses, no firmware and no counters; nothing was sent."""


class NotPrepared(OhmloopError, RuntimeError):
    """The array has not been formed or measured yet; `prepare` does it."""


class ReplayMismatch(OhmloopError):
    """A replayed program asked for something else than the recorded one."""


class RecordingError(OhmloopError, ValueError):
    """A file cannot be read as a recording; the message names the line."""


class FolderRefused(OhmloopError, OSError):
    """A folder of the user's cannot be made or written; the message names it and what chooses another."""


class BuildError(OhmloopError, RuntimeError):
    """The simulated board could not be built; the message holds the tool's words."""


class RegistryError(OhmloopError, RuntimeError):
    """The lab's registry cannot be opened, read or written; nothing was driven."""


class RegistryVersion(RegistryError):
    """A newer Ohmloop wrote the registry; value is its schema's version, limit the one known here."""


class NotRecorded(OhmloopError, LookupError):
    """The registry has no such chip, job or record."""


class WearExceeded(LimitError):
    """A cell would pass its budget of pulses; nothing was driven."""


class JobConflict(OhmloopError, RuntimeError):
    """Cells belong to another open job, or a step was acknowledged already; nothing was driven."""


class WrongChip(OhmloopError, RuntimeError):
    """The chip on the board does not look like the sample that was named."""


class NotCalibrated(OhmloopError, RuntimeError):
    """A result in SI units needs a calibration that covers it; nothing was driven."""


class CalibrationMismatch(OhmloopError, ValueError):
    """An artefact was measured on another chip, board, gateware or profile; nothing was driven."""


class CalibrationExpired(CalibrationMismatch):
    """An artefact's validity is over; nothing was driven."""


class NotConverged(OhmloopError, ArithmeticError):
    """A calculation that goes step by step did not reach its tolerance; the message names what was left."""


class ArtefactError(OhmloopError, ValueError):
    """A file cannot be read as a calibration artefact or a recipe; the message names file and field."""


class MapError(OhmloopError, ValueError):
    """A file is no conductance map."""


class ContactNotPassed(OhmloopError, PermissionError):
    """A line has not passed the contact check; nothing was driven."""
