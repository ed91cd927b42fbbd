# SPDX-License-Identifier: BSD-3-Clause
"""What a link has carried, and where its time went."""

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class LinkStats:
    """Counts since the session began; seconds are wall time but for `execute_s`, which is board time.

    Attributes:
        frames_sent, frames_received: whole frames, urgent ones and repetitions included.
        payload_bytes_sent, payload_bytes_received: without headers, CRC and COBS.
        line_bytes_sent, line_bytes_received: everything on the wire.
        retries: numbered requests sent again.
        crc_errors: frames that arrived broken.
        naks: refusals of the receiver (gaps, other epochs).
        duplicates: replies that arrived twice, dropped.
        stale: frames of another epoch, dropped.
        heartbeats: urgent frames sent while waiting.
        encode_s, wire_s, execute_s, decode_s: time of each stage.
    """

    frames_sent: int = 0
    frames_received: int = 0
    payload_bytes_sent: int = 0
    payload_bytes_received: int = 0
    line_bytes_sent: int = 0
    line_bytes_received: int = 0
    retries: int = 0
    crc_errors: int = 0
    naks: int = 0
    duplicates: int = 0
    stale: int = 0
    heartbeats: int = 0
    encode_s: float = 0.0
    wire_s: float = 0.0
    execute_s: float = 0.0
    decode_s: float = 0.0

    @property
    def efficiency(self) -> float:
        """Payload bytes over line bytes, both directions; 0 before anything was carried."""
        line = self.line_bytes_sent + self.line_bytes_received
        return (self.payload_bytes_sent + self.payload_bytes_received) / line if line else 0.0

    def as_dict(self) -> dict[str, float]:
        """Returns every count and time by name, for reports."""
        return asdict(self)
