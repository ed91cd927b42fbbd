# SPDX-License-Identifier: BSD-3-Clause
"""Requests in, replies out, in order and once each, whatever the wire does to frames."""

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from ohmloop._map import Field
from ohmloop.errors import Aborted, BoardLost, BoardReset, DeadlineExceeded, OhmloopError
from ohmloop.link.channel import Channel
from ohmloop.link.engine import Engine
from ohmloop.link.identity import Identity
from ohmloop.link.opening import WALL_LIMIT_S, Handshake
from ohmloop.link.outstanding import Job, Reply
from ohmloop.link.source import Request, Source
from ohmloop.link.stats import LinkStats
from ohmloop.link.wires.base import Wire

__all__ = ["Reply", "Request", "Session"]

_LATCHED: Final = 1 << Field.STATE_SAFE_LATCHED
_NAP_S: Final = 0.001


class Session:
    """One host's use of one board: identity, requests, safe state, statistics.

    Threads may share it: calls take turns, and `safe` waits for nobody.

    Attributes:
        stats: what the link has carried.
    """

    def __init__(self, wire: Wire, *, timeout_s: float, chip_id: bytes = b"") -> None:
        self.stats = LinkStats()
        self._wire = wire
        self._channel = Channel(wire, self.stats)
        self._timeout_s = timeout_s
        self._chip_id = chip_id
        self._engine: Engine | None = None
        self._over: OhmloopError | None = None
        self._spoiled = False
        self._lock = threading.RLock()
        self._busy = False
        self._outbox: deque[int] = deque()

    @property
    def wire(self) -> Wire:
        """The wire below."""
        return self._wire

    @property
    def state(self) -> int:
        """The board's STATE bits 7:0 in the last frame that came."""
        return self._engine.state if self._engine else 0

    @property
    def heartbeat_s(self) -> float:
        """Longest time that a waiting call says nothing; keep it well below the board's watchdog."""
        return self._require_engine().heartbeat_s

    @heartbeat_s.setter
    def heartbeat_s(self, seconds: float) -> None:
        self._require_engine().heartbeat_s = seconds

    def hello(self) -> Identity:
        """Opens a new epoch and returns the board's identity.

        Raises:
            WrongDevice, VersionMismatch, DeadlineExceeded, BoardLost: see `Handshake.run`.
        """
        with self._turn():
            return self._open_epoch().identity

    def call(
        self, opcode: int, payload: bytes, largest_reply_words: int, *, timeout_s: float | None = None
    ) -> Reply:
        """Executes one request and returns its reply; raises as `execute`."""
        return next(self.execute([(opcode, payload, largest_reply_words)], timeout_s=timeout_s))

    def execute(self, requests: Iterable[Request], *, timeout_s: float | None = None) -> Iterator[Reply]:
        """Sends `requests`, taken lazily, as far ahead as the board's buffers allow; yields replies in order.

        Args:
            requests: opcode, payload and words of the largest reply of each.
            timeout_s: longest time from one reply to the next; the session's own by default.

        Raises:
            DeadlineExceeded: no reply in time; the next call opens a new epoch.
            BoardLost: the wire broke; the session is over.
            BoardReset: the board forgot the epoch; `hello` begins anew.
            LimitError: a request is larger than the board takes; it was not sent.
        """
        job, source = Job(), Source(requests)
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        while (reply := self._next_reply(job, source, limit_s)) is not None:
            begin = time.perf_counter()
            yield reply
            self.stats.decode_s += time.perf_counter() - begin

    def safe(self, *, timeout_s: float | None = None) -> None:
        """Makes the board safe; for any thread and any signal handler, inside a waiting call too.

        Returns once the board has confirmed; called from a signal handler that has interrupted a waiting
        call, it returns at once and that call sends the frame next. Before `hello` it does nothing.

        Raises:
            DeadlineExceeded, BoardLost, BoardReset: the board did not confirm.
        """
        if self._engine is None:
            return
        self._outbox.append(1)
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        end_s = time.monotonic() + limit_s
        while self._safe_wanted():
            if self._lock.acquire(blocking=False):
                try:
                    if not self._busy:
                        self._flush_safe(limit_s)
                finally:
                    self._lock.release()
                return
            self._raise_if_over()
            if time.monotonic() > end_s:
                raise DeadlineExceeded(
                    f"SAFE not confirmed at {self._wire.url} after {limit_s:.3f} s",
                    value=limit_s,
                    limit=limit_s,
                    unit="s",
                    where="SAFE",
                )
            time.sleep(_NAP_S)

    def close(self) -> None:
        """Closes the wire; later calls raise BoardLost."""
        if self._over is None:
            url = self._wire.url
            self._over = BoardLost(f"{url}: this session is closed", value="closed", limit="open", where=url)
        self._wire.close()

    # One thread at a time

    @contextmanager
    def _turn(self) -> Iterator[None]:
        url = self._wire.url
        if not self._lock.acquire(timeout=WALL_LIMIT_S):
            raise DeadlineExceeded(
                f"{url}: another thread holds the board for {WALL_LIMIT_S:g} s",
                value=WALL_LIMIT_S,
                limit=WALL_LIMIT_S,
                unit="s",
                where=url,
            )
        try:
            if self._busy:
                raise OhmloopError(
                    f"{url}: only safe() may interrupt a waiting call",
                    value="a call inside a waiting call",
                    limit="safe()",
                    where=url,
                )
            self._busy = True
            try:
                yield
            finally:
                self._busy = False
        finally:
            self._lock.release()

    def _safe_wanted(self) -> bool:
        engine = self._engine
        return bool(self._outbox) or (engine is not None and engine.safe_done != engine.safe_sent)

    def _flush_safe(self, timeout_s: float) -> None:
        """Sends SAFE and waits for its answer; the lock is held."""
        with self._turn():
            self._raise_if_over()
            engine, since_s = self._require_engine(), time.monotonic()
            with self._spoiling():
                engine.resume()
                self._empty_outbox(engine)
                while engine.safe_done != engine.safe_sent:
                    engine.pump()
                    engine.check_deadline(timeout_s, since_s)

    def _next_reply(self, job: Job, source: Source, timeout_s: float) -> Reply | None:
        """Returns the job's next reply; None after its last."""
        with self._turn():
            if job.failure is not None:
                raise job.failure
            engine = self._require_open(job)
            self._fill(engine, job, source)
            if not job.ready and (job.unanswered or not source.exhausted):
                self._wait(engine, job, source, timeout_s)
            return job.ready.popleft() if job.ready else None

    def _fill(self, engine: Engine, job: Job, source: Source) -> None:
        while (request := source.peek(engine)) is not None:
            opcode, payload, reply_cost = request
            with self._spoiling():
                self._empty_outbox(engine)
                sent = engine.submit(job, opcode, payload, reply_cost)
            if not sent:
                return
            source.drop()

    def _wait(self, engine: Engine, job: Job, source: Source, timeout_s: float) -> None:
        since_s = time.monotonic()
        with self._spoiling():
            engine.resume()
        while not job.ready and (job.unanswered or not source.exhausted):
            with self._spoiling():
                self._empty_outbox(engine)
                engine.pump()
                engine.check_deadline(timeout_s, since_s)
            self._fill(engine, job, source)

    def _empty_outbox(self, engine: Engine) -> None:
        if self._outbox:
            engine.send_safe()
            self._outbox.clear()

    # The epoch

    def _open_epoch(self) -> Engine:
        previous = self._engine
        if isinstance(self._over, BoardReset):
            self._over = None
        self._raise_if_over()
        if previous is not None:
            previous.fail(Aborted(f"{self._wire.url}: a new epoch was opened", where=self._wire.url))
        avoid = previous.epoch if previous else None
        with self._spoiling():
            identity = Handshake(self._channel, self._chip_id, avoid).run(self._timeout_s)
        self._spoiled = False
        self._engine = Engine(self._channel, identity)
        return self._engine

    def _require_engine(self) -> Engine:
        if self._engine is None:
            raise OhmloopError(
                "no epoch is open: call hello() first",
                value="no epoch",
                limit="hello()",
                where=self._wire.url,
            )
        return self._engine

    def _require_open(self, job: Job) -> Engine:
        self._raise_if_over()
        engine = self._require_engine()
        return self._reopen(engine, job) if self._spoiled else engine

    def _reopen(self, engine: Engine, job: Job) -> Engine:
        """Opens a new epoch after a call that ended in the middle; a latch that was set is set again."""
        boot_id = engine.identity.boot_id
        latched = engine.state & _LATCHED or engine.safe_done != engine.safe_sent
        fresh = self._open_epoch()
        fresh.heartbeat_s = engine.heartbeat_s
        if fresh.identity.boot_id != boot_id:
            self._over = BoardReset(
                f"{self._wire.url}: the board was powered up again",
                value=f"{fresh.identity.boot_id:#010x}",
                limit=f"{boot_id:#010x}",
                where="boot id",
            )
            raise self._over
        if latched:
            with self._spoiling():
                fresh.send_safe()
        if job.failure is not None:
            raise job.failure
        return fresh

    def _raise_if_over(self) -> None:
        if self._over is not None:
            raise self._over

    @contextmanager
    def _spoiling(self) -> Iterator[None]:
        """Marks the epoch as unusable when anything ends what runs inside."""
        try:
            yield
        except (BoardLost, BoardReset) as error:
            self._over = error
            if self._engine is not None:
                self._engine.fail(error)
            raise
        except BaseException:
            self._spoiled = True
            raise
