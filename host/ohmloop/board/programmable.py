# SPDX-License-Identifier: BSD-3-Clause
"""SET and the programming procedures as methods of an array; the latter live in `ohmloop.programming`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ohmloop._map import Pulse
from ohmloop.board.pulses import PulseShape, run_pulses
from ohmloop.board.results import SetResult
from ohmloop.board.window import Key, Unpicklable, Window

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ohmloop.board.core import Core
    from ohmloop.board.estimate import CellCalibration
    from ohmloop.board.watching import Watch
    from ohmloop.programming import ProgramResult, SweepResult


class Programmable(Unpicklable):
    """What a Macro does with programmable cells."""

    _core: Core

    def set(
        self,
        window: Window,
        *,
        voltage_v: float,
        gate_v: float,
        width_s: float,
        pulses: int = 1,
        operation_index: int | None = None,
    ) -> SetResult:
        """Raises formed cells toward what the gate permits; needs `board.armed()`; as `form`."""
        shape = PulseShape(voltage_v, gate_v, width_s, pulses, operation_index)
        return run_pulses(self._core, self._own(window), Pulse.SET, shape, SetResult)

    def program(
        self,
        targets_siemens: ArrayLike,
        window: Window,
        *,
        tolerance_siemens: ArrayLike,
        algorithm: str = "ispp",
        budget: int = 80,
        averages: int = 4,
        final_averages: int = 16,
        most_readings: int = 16,
        guard: float = 3.0,
        delay_s: float | None = None,
        calibration: CellCalibration | None = None,
        accept_mismatch: bool = False,
        watch: Watch | None = None,
        job: int | None = None,
    ) -> ProgramResult:
        """Brings the cells of a window to target conductances by write-verify on the board.

        Needs `board.armed()` for "set" and "reset"; steps: docs/programming.md. Cells are accepted when
        |mean - target| + guard * u(mean) <= tolerance, given up when they use up their budget or do not
        answer, and reported by an independent reading after `delay_s`. On a chip with a name it is a job of
        the registry, which `resume_program` goes on with after an interruption.

        Args:
            targets_siemens: `[rows, columns]`, or one number for all.
            window: cells of this macro.
            tolerance_siemens: likewise; half the distance of two levels, for example.
            algorithm: "ispp" (rising amplitude), "ping_pong" (one amplitude, finer at every reversal) or
                "two_pulse" (the gate sets the level).
            budget: pulses a cell, at most 255.
            averages: conversions in one reading, a power of two up to 128.
            final_averages: conversions of the independent reading, likewise.
            most_readings: readings before a decision near the edge of the band, at most 64.
            guard: k above.
            delay_s: before the independent reading; the profile's by default.
            calibration: an `ohmloop.calibration.Calibration`: targets and results are siemens by it; without
                one by the profile's nominal gains.
            accept_mismatch: take a calibration that does not match; the result then says so.
            watch: what `ohmloop.calibration.watch_drift` returned: looked at before, during and after the
                job; its calibration is used. Its reference columns lie outside the window.
            job: number of the first request's job; the next of this session by default. The same number
                draws the same pulses.

        Raises:
            LimitError, ShapeError, NotArmed, ProfileError: nothing was driven.
            NotCalibrated, CalibrationMismatch, CalibrationExpired: of the calibration; nothing was driven.
            CalibrationExpired: the watch saw drift and its policy is to stop; the job is interrupted.
            Refused: the board has no firmware.
            Aborted: stopped in the middle.
        """
        from ohmloop.programming import Known, program

        return program(
            self._core,
            self._own(window),
            targets_siemens,
            tolerance_siemens,
            job,
            Known(calibration, accept_mismatch, watch),
            algorithm=algorithm,
            budget=budget,
            averages=averages,
            final_averages=final_averages,
            most_readings=most_readings,
            guard=guard,
            delay_s=delay_s,
        )

    def check_program(
        self,
        targets_siemens: ArrayLike,
        window: Window,
        *,
        tolerance_siemens: ArrayLike,
        algorithm: str = "ispp",
        budget: int = 80,
        pulses_before: int = 0,
        after_job: int | None = None,
        calibration: CellCalibration | None = None,
        accept_mismatch: bool = False,
        watch: Watch | None = None,
    ) -> None:
        """Raises what `program` would raise of these arguments; needs no permission, sends no request.

        For what comes before it and cannot be taken back, such as forming: `pulses_before` are the most
        that this will give a cell, and `after_job` a job that it will go on with, on the same cells. The
        other arguments are those of `program`.

        Raises:
            LimitError, ShapeError, ProfileError, NotCalibrated, CalibrationMismatch, CalibrationExpired: as
                `program`.
            JobConflict: another job holds some of the cells.
            WearExceeded: a cell's budget of pulses would not suffice for all of it.
            NotArmed: a physical chip without a name is not pulsed.
        """
        from ohmloop.programming import Known, check_program

        check_program(
            self._core,
            self._own(window),
            targets_siemens,
            tolerance_siemens,
            pulses_before,
            after_job,
            Known(calibration, accept_mismatch, watch),
            algorithm=algorithm,
            budget=budget,
        )

    def form_ramp(
        self,
        window: Window,
        *,
        gate_v: float,
        start_v: float | None = None,
        step_v: float | None = None,
        end_v: float | None = None,
        width_s: float | None = None,
        formed_siemens: float | None = None,
        job: int | None = None,
    ) -> ProgramResult:
        """Forms each cell by a ramp with a read after each step; needs `board.armed()` for "form".

        Args:
            window: cells of this macro.
            gate_v: on the selectors, volts: it sets the compliance, so it has no default.
            start_v: first voltage, volts; this and the next ones are the profile's by default.
            step_v: step, volts.
            end_v: last voltage, volts.
            width_s: of a pulse, seconds.
            formed_siemens: a cell that conducts as much gets no more pulses.
            job: as in `program`.

        Returns:
            As `program`; a cell that stays below is BUDGET.

        Raises:
            As `program`, and ContactNotPassed.
        """
        from ohmloop.programming import form_ramp

        return form_ramp(
            self._core,
            self._own(window),
            gate_v=gate_v,
            start_v=start_v,
            step_v=step_v,
            end_v=end_v,
            width_s=width_s,
            formed_siemens=formed_siemens,
            job=job,
        )

    def resume_program(
        self,
        job: int,
        *,
        calibration: CellCalibration | None = None,
        accept_mismatch: bool = False,
        watch: Watch | None = None,
    ) -> ProgramResult:
        """Goes on with an interrupted `program` or `form_ramp`; no acknowledged pulse is given again.

        Args:
            job: the registry's number of the job (`ohmloop chip history`).
            calibration: as in `program`: the job's, or a newer one for what is left; needed where it had one.
            accept_mismatch: as in `program`.
            watch: as in `program`.

        Raises:
            JobConflict: the registry has no such job on this chip and macro, or it reads in another way.
            NotCalibrated: the job was begun with a calibration, and none is given.
            ContactNotPassed: it forms, and a line has been found bad since; nothing was driven.
        """
        from ohmloop.programming import Known, resume

        return resume(self._core, self[:, :], job, Known(calibration, accept_mismatch, watch))

    def sweep(
        self,
        window: Window,
        voltages_v: ArrayLike,
        *,
        gate_v: ArrayLike,
        dwell_s: float = 1e-6,
        kind: str = "set",
        range: int | None = None,
        operation_index: int | None = None,
    ) -> SweepResult:
        """Measures current against voltage on every cell of a window, all points on a row after each other.

        Points above the read limit are pulses of `kind`, for `dwell_s`, and need `board.armed()`.

        Args:
            window: cells of this macro.
            voltages_v: `[points]`, volts, in order.
            gate_v: on the selectors, volts: one, or `[points]`; it sets the compliance, so it has no default.
            dwell_s: of a point, seconds.
            kind: "form", "set" or "reset".
            range: current range; None: the finest that the largest cell cannot saturate at any point.
            operation_index: of the first point on the first row; the next of this session by default.

        Raises:
            LimitError, ShapeError, NotArmed, ContactNotPassed: nothing was driven.
        """
        from ohmloop.programming import sweep

        return sweep(
            self._core,
            self._own(window),
            voltages_v,
            gate_v=gate_v,
            dwell_s=dwell_s,
            kind=kind,
            range_index=range,
            operation_index=operation_index,
        )

    def environment(
        self,
        seconds: float,
        temperature_c: float | None = None,
        *,
        reads: int = 0,
        window: Window | None = None,
        operation_index: int | None = None,
    ) -> None:
        """Lets time at a temperature, and reads, act on the cells of an emulated macro.

        Args:
            seconds: counted from programming: a second call begins anew.
            temperature_c: degrees Celsius; the profile's reference by default.
            reads: reads of every cell in that time.
            window: cells of this macro; all by default.
            operation_index: the next of this session by default; the same index draws the same.

        Raises:
            NotEmulated: the macro is a chip.
            ProfileError: the profile knows no retention.
            LimitError, ShapeError: an argument is wrong; nothing happened.
        """
        from ohmloop.programming import environment

        cells = self[:, :] if window is None else self._own(window)
        environment(self._core, cells, seconds, temperature_c, reads, operation_index)

    if TYPE_CHECKING:

        def _own(self, window: Any) -> Window: ...

        def __getitem__(self, key: Key) -> Window: ...
