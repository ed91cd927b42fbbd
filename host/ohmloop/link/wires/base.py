# SPDX-License-Identifier: BSD-3-Clause
"""What every wire does, and which one a URL asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol, cast
from urllib.parse import unquote

from ohmloop._map import MAX_LINES
from ohmloop.errors import UrlError

if TYPE_CHECKING:
    from ohmloop.profile import Profile

SCHEMES: Final = ("serial", "tcp", "pynq", "sim", "twin", "record", "replay")


MAX_LANES: Final = 64
LANE_STEP: Final = 8
READER_LINES: Final = 64
"""Rows and columns of a board that only reads, unless the URL says otherwise, where the chip has as many."""


class Wire(Protocol):
    """Moves bytes or packets and knows nothing of frames.

    Attributes:
        packet: True where `write` and `read` carry exactly one frame; False for a stream of bytes.
        url: the URL that opened it.
        origin: "" where only the board can tell (a wire to hardware); else what the data must be called.

    A wire that knows how many bytes a second it carries each way says so in a further attribute `rate`.
    """

    packet: bool
    url: str
    origin: str

    def write(self, data: bytes) -> None:
        """Sends all of `data`; raises BoardLost when the peer is gone."""
        ...

    def read(self, timeout_s: float) -> bytes:
        """Returns one packet, or the bytes that are there (one at least); b"" when the time is over.

        Time is `now_s()`. Raises BoardLost when the peer is gone.
        """
        ...

    def now_s(self) -> float:
        """Returns the wire's clock in seconds: board time where the wire owns the board, else monotonic."""
        ...

    def close(self) -> None:
        """Gives the peer back; a second call does nothing."""
        ...


def byte_rate(wire: Wire) -> float:
    """Returns the bytes a second that `wire` carries each way; 0 where that is not known or not limited."""
    return float(getattr(wire, "rate", 0.0))


@dataclass(frozen=True, slots=True)
class WireContext:
    """What an emulated board needs besides its URL.

    Attributes:
        chip: the user's name of the sample; None where none was given.
        profile: the chip's and board's profile.
    """

    chip: str | None = None
    profile: "Profile | None" = None


def geometry_of(context: WireContext, *, read_only: bool = False) -> tuple[int, int, int]:
    """Returns rows, columns and lanes that an emulated board has where its URL names none.

    They are the chip's, with the most lanes that divide its columns; a board that only reads is small.
    """
    if read_only:
        rows, columns, _ = geometry_of(context)
        return min(rows, READER_LINES), min(columns, READER_LINES), LANE_STEP
    if context.profile is None:
        return MAX_LINES, MAX_LINES, MAX_LANES
    chip = context.profile.chip.geometry
    lanes = (n for n in range(MAX_LANES, LANE_STEP, -LANE_STEP) if chip.columns % n == 0)
    return chip.rows, chip.columns, next(lanes, LANE_STEP)


class WireModule(Protocol):
    """What every module of this folder offers."""

    def open_wire(self, url: "WireUrl", context: WireContext) -> Wire:
        """Opens the wire that `url` names."""
        ...


@dataclass(frozen=True, slots=True)
class WireUrl:
    """A URL, taken apart: `scheme://address?name=value&name=value`.

    `via=` takes all that follows it, so that a whole URL can stand there.
    """

    scheme: str
    address: str
    options: Mapping[str, str] = field(default_factory=dict)
    text: str = ""

    @classmethod
    def parse(cls, text: str) -> "WireUrl":
        """Returns the parts of `text`; raises UrlError where it is no URL."""
        scheme, mark, rest = text.partition("://") if isinstance(text, str) else ("", "", "")
        if not mark or not scheme.isidentifier():
            raise UrlError(
                f"{text!r} is no board URL; one looks like sim:// or serial:///dev/ttyUSB0",
                value=text,
                where="url",
            )
        address, _, query = rest.partition("?")
        return cls(scheme.lower(), unquote(address), _options(query), text)

    def require_known(self, *names: str) -> None:
        """Raises UrlError when the URL has an option that is not among `names`."""
        for name in self.options:
            if name not in names:
                known = ", ".join(names) or "none"
                raise UrlError(
                    f"{self.text}: no option {name!r}; {self.scheme}:// knows {known}",
                    value=name,
                    limit=known,
                    where=self.text,
                )

    @property
    def read_only(self) -> bool:
        """Option `read_only=1`: a board that only reads; raises UrlError where it is neither 0 nor 1."""
        return bool(self.integer("read_only", 0, highest=1))

    @property
    def possible_adc_lanes(self) -> tuple[int, ...]:
        """What option `adc_lanes` may be, the last where it is not given: a board that only reads has one."""
        return (1,) if self.read_only else (1, 2, 4)

    def integer(self, name: str, default: int, *, lowest: int = 0, highest: int = 2**31 - 1) -> int:
        """Returns option `name` as an integer within its bounds; raises UrlError."""
        text = self.options.get(name)
        if text is None:
            return default
        try:
            value = int(text, 0)
        except ValueError:
            value = lowest - 1
        if not lowest <= value <= highest:
            raise UrlError(
                f"{self.text}: {name}={text}, an integer in {lowest}..{highest} expected",
                value=text,
                limit=(lowest, highest),
                where=f"option {name}",
            )
        return value


def _options(query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    while query:
        if query.startswith("via="):
            options["via"] = query.removeprefix("via=")
            break
        pair, _, query = query.partition("&")
        name, _, value = pair.partition("=")
        options[unquote(name)] = unquote(value)
    return options


def open_wire(url: str, context: WireContext) -> Wire:
    """Opens the wire that `url` names.

    Raises:
        UrlError: the URL is malformed or its scheme unknown.
        BoardLost, BoardBusy: the peer is not there, or taken.
    """
    parsed = WireUrl.parse(url)
    if parsed.scheme not in SCHEMES:
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        raise UrlError(f"{url}: no wire {parsed.scheme}://; known: {known}", value=parsed.scheme, limit=known)
    module = cast(WireModule, import_module(f"ohmloop.link.wires.{parsed.scheme}"))
    return module.open_wire(parsed, context)
