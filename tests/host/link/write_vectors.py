# SPDX-License-Identifier: BSD-3-Clause
"""Writes docs/protocol_vectors.json from the words of docs/protocol.md, without the package's codec.

Frames are put together with struct and zlib alone, so that codec and vectors can disagree.
"""

import json
import struct
import zlib
from pathlib import Path

TARGET = Path(__file__).parents[3] / "docs" / "protocol_vectors.json"
NAK, HELLO, PING, REG_READ, REG_WRITE, ARM, DISARM, HEARTBEAT, SAFE = range(9)
MAC, MAC_RAW, READ_CELLS, PULSE, TABLE_WRITE, CELL_LOAD, CELL_DUMP = range(0x10, 0x17)
SWEEP, PROGRAM, TELEMETRY, ENV = 0x20, 0x21, 0x22, 0x23
EPOCH = 0x5A17


def words(*values):
    return b"".join(struct.pack("<I", v & 0xFFFFFFFF) for v in values)


def frame(
    opcode,
    sequence=0,
    payload=b"",
    *,
    epoch=EPOCH,
    ack=0,
    status=0,
    state=0,
    reply=0,
    urgent=0,
    version=1,
):
    w0 = version | reply << 4 | urgent << 5 | opcode << 8 | sequence << 16
    w1 = epoch | (len(payload) // 4) << 16
    body = words(w0, w1, ack | status << 16 | state << 24) + payload
    return body + words(zlib.crc32(body))


def cobs(data):
    out, block = b"", b""
    for byte in data:
        if byte:
            block += bytes([byte])
            if len(block) == 254:
                out, block = out + b"\xff" + block, b""
        else:
            out, block = out + bytes([len(block) + 1]) + block, b""
    return b"\0" + out + bytes([len(block) + 1]) + block + b"\0"


def frame_vector(name, opcode, sequence=0, payload=b"", **fields):
    data = frame(opcode, sequence, payload, **fields)
    meaning = {
        "opcode": opcode,
        "sequence": sequence,
        "epoch": fields.get("epoch", EPOCH),
        "payload": payload.hex(),
        "acknowledge": fields.get("ack", 0),
        "status": fields.get("status", 0),
        "state": fields.get("state", 0),
        "reply": bool(fields.get("reply", 0)),
        "urgent": bool(fields.get("urgent", 0)),
        "version": fields.get("version", 1),
    }
    return {"name": name, "packet": data.hex(), "stream": cobs(data).hex(), "fields": meaning}


def frames():
    return [
        frame_vector("PING without payload", PING),
        frame_vector("PING of two words", PING, 1, words(0xDEADBEEF, 1), ack=1),
        frame_vector("its reply", PING, 1, words(0xDEADBEEF, 1), ack=2, reply=1, state=0x20),
        frame_vector("last sequence number", REG_READ, 0xFFFF, words(0x14, 1), ack=0xFFFE),
        frame_vector("HEARTBEAT", HEARTBEAT, 0x0102, urgent=1),
        frame_vector("SAFE", SAFE, 7, urgent=1),
        frame_vector("answer to SAFE", SAFE, 7, reply=1, urgent=1, state=0x22),
        frame_vector("NAK after a gap", NAK, 3, status=3, reply=1, urgent=1, ack=3),
        frame_vector("NAK of another epoch", NAK, 9, epoch=0, status=2, reply=1, urgent=1),
        frame_vector("HELLO", HELLO, 0, words(0x12345A17) + b"sample 7".ljust(16, b"\0"), urgent=1),
        frame_vector("another protocol version", PING, 0, version=2),
        frame_vector("payload full of zeros", PING, 2, bytes(64)),
        frame_vector("payload longer than a COBS block", PING, 3, bytes(range(1, 253)) * 2 + words(1)),
        frame_vector("ABORTED", PULSE, 4, words(1, 3, 96), reply=1, status=1, state=0x22),
    ]


def corrupt():
    good = frame(PING, 1, words(1, 2))
    flipped = bytes([good[0], good[1] ^ 1]) + good[2:]
    return [
        {"name": "empty packet", "packet": ""},
        {"name": "shorter than four words", "packet": good[:12].hex()},
        {"name": "no whole words", "packet": good[:-1].hex()},
        {"name": "payload cut off", "packet": good[:-4].hex()},
        {"name": "a word too many", "packet": (good + words(0)).hex()},
        {"name": "one bit of the opcode flipped", "packet": flipped.hex()},
        {"name": "one bit of the CRC flipped", "packet": (good[:-1] + bytes([good[-1] ^ 0x80])).hex()},
        {"name": "CRC zero", "packet": (good[:-4] + words(0)).hex()},
    ]


def axis(start, count, stride=1):
    return words(start | count << 16, stride)


def bitmap(*lines):
    bits = sum(1 << line for line in lines)
    return words(len(lines) << 16, 1 | 1 << 31) + bits.to_bytes(64, "little")


def vector_head(
    macro=0, range_=0, averages=0, bits=1, width=0, signed=0, pairs=0, polarity=0, idle=0, source=0
):
    return (
        macro
        | range_ << 8
        | averages << 12
        | bits << 16
        | width << 20
        | signed << 22
        | pairs << 23
        | polarity << 24
        | idle << 25
        | source << 27
    )


def sweep_body(*points, macro=0, range_=0, width=2, idle=0, count=None, rows=None, columns=None):
    """SWEEP of points (voltage, gate, dwell, kind, polarity), at index 7 of space 2."""
    head = words(macro | range_ << 8 | width << 20 | idle << 25, len(points) if count is None else count)
    told = [words(v | g << 16, dwell | kind << 28 | polarity << 30) for v, g, dwell, kind, polarity in points]
    axes = (rows or axis(0, 1)) + (columns or axis(0, 1))
    return head + words(7, 2 << 24) + axes + b"".join(told)


def program_body(first=1 << 24, second=0x00FF_0A3E, widths=(500, 600), rows=None, columns=None, cells=1):
    """PROGRAM whose other words are all different."""
    head = words(
        first, second, 5 << 20, 1 << 24, 3 | 4 << 16, 5 | 6 << 16, 20000 | 21000 << 16, 101 | 102 << 16
    )
    head += words(30000 | 31000 << 16, 15000 | 16000 << 16, *widths, 7 | 8 << 16, 1000 | 2000 << 16)
    head += words(9 | 2 << 28)
    return head + (rows or axis(0, 1)) + (columns or axis(0, 1)) + words(*range(1, cells + 1))


TWO_VECTORS = words(0x321, 0xFFF)


def mac_body(n=2, index=0, code=2622, level=0, vectors=TWO_VECTORS, **head):
    first = vector_head(**({"bits": 4, "width": 1} | head))
    return (
        words(first, code | (level & 0xFFFF) << 16, index, index >> 32, n)
        + axis(0, 3)
        + axis(4, 2, 5)
        + vectors
    )


def payloads():
    return [
        {
            "name": "MAC of two vectors of three rows, 4 bits, columns 4 and 9",
            "opcode": MAC,
            "payload": mac_body(index=0x0100000000000007).hex(),
            "meaning": {
                "rows": [0, 1, 2],
                "columns": [4, 9],
                "bits": 4,
                "width_bits": 24,
                "signed": False,
                "x_codes": [[1, 2, 3], [15, 15, 15]],
                "operation_index": 0x0100000000000007,
                "read_code": 2622,
                "largest_reply_words": 2 + 2 * 2 + 1,
            },
        },
        {
            "name": "MAC, signed 2 bits: sign above the magnitude",
            "opcode": MAC,
            "payload": mac_body(n=1, bits=2, signed=1, vectors=words(0b011_110_101)).hex(),
            "meaning": {"x_codes": [[-1, -2, 3]], "signed": True, "bits": 2},
        },
        {
            "name": "MAC_RAW: a row of results for every plane",
            "opcode": MAC_RAW,
            "payload": mac_body(width=0).hex(),
            "meaning": {"largest_reply_words": 2 + 2 * 4 * 1 + 1, "width_bits": 16},
        },
        {
            "name": "MAC of the reference input, level -5, read three times",
            "opcode": MAC,
            "payload": mac_body(n=3, source=1, level=-5, vectors=b"").hex(),
            "meaning": {"reference": True, "level": -5, "count": 3},
        },
        {
            "name": "READ_CELLS of a bitmap of rows",
            "opcode": READ_CELLS,
            "payload": (words(vector_head(width=2), 2622, 9, 0, 0) + bitmap(0, 33, 63) + axis(8, 8)).hex(),
            "meaning": {"rows": [0, 33, 63], "columns": list(range(8, 16)), "width_bits": 32, "count": 0},
        },
        {
            "name": "PULSE: FORM",
            "opcode": PULSE,
            "payload": (
                words(1 << 10 | 2 << 11, 46000 | 13107 << 16, 600, 5, 0, 2) + axis(0, 2) + axis(1, 3)
            ).hex(),
            "meaning": {
                "kind": 0,
                "voltage_code": 46000,
                "gate_code": 13107,
                "width_cycles": 600,
                "pulses": 2,
                "polarity": 1,
                "idle": 2,
                "operation_index": 5,
                "cell_pulses": 12,
            },
        },
        {
            "name": "ARM for RESET",
            "opcode": ARM,
            "payload": (words(0xCAFEF00D, 4, 2600, 40000, 58594) + axis(0, 64) + axis(0, 32)).hex(),
            "meaning": {
                "limits_hash": 0xCAFEF00D,
                "kinds": [2],
                "max_pulses": 2600,
                "max_voltage_code": 40000,
                "expiry_units": 58594,
            },
        },
        {
            "name": "TABLE_WRITE: OFFSET of columns 5, 6",
            "opcode": TABLE_WRITE,
            "payload": words(7 | 5 << 16, -3, 12).hex(),
            "meaning": {"table": 7, "macro": 0, "first": 5, "values": [-3, 12]},
        },
        {
            "name": "CELL_LOAD of two rows of three cells",
            "opcode": CELL_LOAD,
            "payload": (
                words(0) + axis(1, 2) + axis(0, 3) + struct.pack("<8H", 1, 2, 3, 0, 4, 5, 1023, 0)
            ).hex(),
            "meaning": {"g_codes": [[1, 2, 3], [4, 5, 1023]], "rows": [1, 2], "columns": [0, 1, 2]},
        },
        {
            "name": "CELL_DUMP",
            "opcode": CELL_DUMP,
            "payload": (words(0) + axis(1, 2) + axis(0, 3)).hex(),
            "meaning": {"largest_reply_words": 5},
        },
        {
            "name": "SWEEP of two points on two rows",
            "opcode": SWEEP,
            "payload": sweep_body(
                (2622, 13107, 5, 1, 0), (46000, 40000, 600, 2, 1), range_=3, width=1, idle=2, rows=axis(4, 2)
            ).hex(),
            "meaning": {
                "macro": 0,
                "range": 3,
                "width_bits": 24,
                "idle": 2,
                "operation_index": 7 | 2 << 56,
                "rows": [4, 5],
                "columns": [0],
                "points": [[2622, 13107, 5, 1, 0], [46000, 40000, 600, 2, 1]],
                "largest_reply_words": 7,
            },
        },
        {
            "name": "PROGRAM of two cells",
            "opcode": PROGRAM,
            "payload": program_body(
                first=2 << 8 | 3 << 12 | 1 << 16 | 4 << 20 | 10 << 24,
                rows=axis(9, 1),
                columns=axis(2, 2),
                cells=2,
            ).hex(),
            "meaning": {
                "range": 2,
                "averages_log2": 3,
                "algorithm": 1,
                "final_log2": 4,
                "most_readings": 10,
                "read_code": 2622,
                "budget": 255,
                "stall": 0,
                "operation_index": 5 << 20 | 1 << 56,
                "guard": [3, 4],
                "final": [5, 6],
                "set": [20000, 101, 30000, 15000, 500],
                "reset": [21000, 102, 31000, 16000, 600],
                "gate_slope": 7,
                "gate_gain": 8,
                "gate_low": 1000,
                "gate_high": 2000,
                "delay_cycles": 9,
                "quantum": 2,
                "rows": [9],
                "columns": [2, 3],
                "targets": [[1, 2]],
                "tolerances": [[0, 0]],
                "largest_reply_words": 7,
            },
        },
        {
            "name": "ENV: a year at 85 C, and a million reads",
            "opcode": ENV,
            "payload": (words(8000 << 16, 1_000_000, 11, 4 << 24) + axis(1, 3) + axis(0, 4, 2)).hex(),
            "meaning": {
                "macro": 0,
                "log_seconds": 8000,
                "reads": 1_000_000,
                "operation_index": 11 | 4 << 56,
                "rows": [1, 2, 3],
                "columns": [0, 2, 4, 6],
            },
        },
    ]


def results():
    return [
        {
            "name": "three results of 16 bits, two rows",
            "payload": (words(500, 0) + struct.pack("<8h", 1, -2, 3, 0, 32767, -32768, 0, 0)).hex(),
            "width_bits": 16,
            "shape": [2, 3],
            "cycles": 500,
            "values": [[1, -2, 3], [32767, -32768, 0]],
            "saturated": [],
        },
        {
            "name": "24 bits, one of them saturated",
            "payload": (words(77, 1) + bytes.fromhex("ffff7f ffffff 0000") + words(1)).hex(),
            "width_bits": 24,
            "shape": [1, 2],
            "cycles": 77,
            "values": [[8388607, -1]],
            "saturated": [[0, 0]],
        },
        {
            "name": "32 bits",
            "payload": words(1, 0, 0x80000000, 5).hex(),
            "width_bits": 32,
            "shape": [1, 2],
            "cycles": 1,
            "values": [[-(2**31), 5]],
            "saturated": [],
        },
    ]


TELEMETRY_WORDS = (
    "COUNTERS",
    "REQUESTS",
    "REFUSED",
    "STOPPED",
    "FORM_PULSES",
    "SET_PULSES",
    "RESET_PULSES",
    "RESULTS",
    "SATURATED",
    "LONGEST",
    "LONGEST_OPCODE",
    "FIRMWARE_RUNS",
    "FIRMWARE_FAULTS",
    "LAST_STOP",
)


def told(name, *values, sensors=(), unknown=()):
    """A reply of TELEMETRY: counters, further ones that a newer board has, sensors."""
    counters = (len(TELEMETRY_WORDS) + len(unknown), *values)
    body = words(*counters, *unknown, *(number for sensor in sensors for number in sensor))
    return {
        "name": name,
        "payload": body.hex(),
        "counters": dict(zip(TELEMETRY_WORDS, counters, strict=True)),
        "sensors": [list(sensor) for sensor in sensors],
    }


def telemetry():
    counted = (70_000, 12, 3, 2600, 96, 40, 1_000_000, 5, 90_000, MAC, 7, 1, PULSE | 1 << 8)
    return [
        told("nothing has happened yet", *[0] * 13),
        told("counters, no sensor", *counted),
        told("two sensors", *counted, sensors=((1, 3, 25_000, 58_594), (2, 0, 0xFFFFFFFF, 0))),
        told("a counter that this map does not know", *counted, sensors=((1, 0, 1, 2),), unknown=(99,)),
    ]


def refusal(name, opcode, payload, status, value, limit, place):
    return {
        "name": name,
        "opcode": opcode,
        "payload": payload.hex(),
        "reply": {"status": status, "payload": words(value, limit, place).hex()},
    }


def refusals():
    pulse = words(1 << 10, 46000 | 13107 << 16, 600, 5, 0, 2)  # FORM, as a front end drives it
    head = words(vector_head(), 2622, 0, 0, 0)
    return [
        refusal("MAC ends in its fixed part", MAC, words(0, 0), 5, 2, 9, 0),
        refusal("MAC with a word too few", MAC, mac_body()[:-4], 5, 10, 11, 0),
        refusal("rows bitmap cut off", READ_CELLS, (head + bitmap(1))[:36], 5, 9, 25, 0),
        refusal("macro 1 of one", MAC, mac_body(macro=1), 7, 1, 0, 0),
        refusal("range 4", MAC, mac_body(range_=4), 7, 4, 3, 0),
        refusal("averages in MAC_RAW", MAC_RAW, mac_body(averages=1), 7, 1, 0, 0),
        refusal("no input bits", MAC, mac_body(bits=0, vectors=b""), 7, 0, 1, 0),
        refusal("width code 3", MAC, mac_body(width=3), 7, 3, 2, 0),
        refusal("pairs in MAC_RAW", MAC_RAW, mac_body(pairs=1), 7, 1, 0, 0),
        refusal("no vectors", MAC, mac_body(n=0, vectors=b""), 7, 0, 1, 4),
        refusal("no rows", READ_CELLS, head + axis(0, 0) + axis(0, 1), 6, 0, 1, 5),
        refusal("stride 0", READ_CELLS, head + axis(0, 1, 0) + axis(0, 1), 6, 0, 1, 6),
        refusal(
            "bits set differ from count",
            READ_CELLS,
            head + words(3 << 16) + bitmap(1, 9)[4:] + axis(0, 1),
            6,
            2,
            3,
            5,
        ),
        refusal("last column outside", READ_CELLS, head + axis(0, 1) + axis(0, 33, 2), 6, 64, 63, 7),
        refusal("no such kind of pulse", PULSE, words(3 << 8) + pulse[4:] + axis(0, 1) * 2, 7, 3, 2, 0),
        refusal("width 0", PULSE, pulse[:8] + words(0, 0, 0, 1) + axis(0, 1) * 2, 7, 0, 1, 2),
        refusal("pulses 0", PULSE, pulse[:20] + words(0) + axis(0, 1) * 2, 7, 0, 1, 5),
        refusal("index past the INL table", TABLE_WRITE, words(8 | 63 << 16, 0, 0), 22, 64, 63, 0),
        refusal("no such table", TABLE_WRITE, words(11, 0), 22, 11, 10, 0),
        refusal("SWEEP ends before its columns", SWEEP, sweep_body()[:24], 5, 6, 8, 0),
        refusal("SWEEP with a point too few", SWEEP, sweep_body((9, 9, 9, 1, 0), count=2), 5, 10, 12, 0),
        refusal("SWEEP without points", SWEEP, sweep_body(), 7, 0, 1, 1),
        refusal("SWEEP in range 4", SWEEP, sweep_body((9, 9, 9, 1, 0), range_=4), 7, 4, 3, 0),
        refusal("SWEEP with width code 3", SWEEP, sweep_body((9, 9, 9, 1, 0), width=3), 7, 3, 2, 0),
        refusal("SWEEP with idle policy 3", SWEEP, sweep_body((9, 9, 9, 1, 0), idle=3), 7, 3, 2, 0),
        refusal(
            "a pulse of SWEEP of no kind", SWEEP, sweep_body((0, 9, 0, 3, 0), (9, 9, 0, 3, 0)), 7, 3, 2, 11
        ),
        refusal(
            "a pulse of SWEEP of no time", SWEEP, sweep_body((0, 9, 0, 3, 0), (9, 9, 0, 2, 0)), 7, 0, 1, 11
        ),
        refusal("SWEEP of no columns", SWEEP, sweep_body((9, 9, 9, 1, 0), columns=axis(0, 0)), 6, 0, 1, 6),
        refusal(
            "SWEEP with a reply too large",
            SWEEP,
            sweep_body(*[(0, 0, 0, 0, 0)] * 5, rows=axis(0, 4), columns=axis(0, 64)),
            23,
            1322,
            1024,
            1,
        ),
        refusal("PROGRAM with a cell too many", PROGRAM, program_body(cells=2), 5, 21, 20, 0),
        refusal("PROGRAM reads too often", PROGRAM, program_body(first=1 << 24 | 8 << 12), 7, 8, 7, 0),
        refusal("PROGRAM by algorithm 4", PROGRAM, program_body(first=1 << 24 | 4 << 16), 7, 4, 3, 0),
        refusal("PROGRAM without readings", PROGRAM, program_body(first=0), 7, 0, 1, 0),
        refusal("PROGRAM with too many readings", PROGRAM, program_body(first=65 << 24), 7, 65, 64, 0),
        refusal("PROGRAM without pulses", PROGRAM, program_body(second=2622), 7, 0, 1, 1),
        refusal("PROGRAM with no time for RESET", PROGRAM, program_body(widths=(1, 0)), 7, 0, 1, 11),
        refusal(
            "PROGRAM of too many cells",
            PROGRAM,
            program_body(rows=axis(0, 27), columns=axis(0, 19), cells=513),
            6,
            513,
            512,
            15,
        ),
        refusal("ENV ends before its columns", ENV, words(0, 0, 0, 0) + axis(0, 1), 5, 6, 8, 0),
        refusal("ENV of macro 1", ENV, words(1, 0, 0, 0) + axis(0, 1) * 2, 7, 1, 0, 0),
        refusal("TELEMETRY with a word", TELEMETRY, words(0), 5, 1, 0, 0),
        refusal("ENV outside the rows", ENV, words(0, 0, 0, 0) + axis(64, 1) + axis(0, 1), 6, 64, 63, 4),
    ]


def step(send, *answers):
    """One frame to the board and what it answers, before the next is sent."""
    return {"send": send.hex(), "answers": list(answers)}


def answer(opcode, sequence, *, epoch=EPOCH, status=0, ack=0, urgent=False, payload=None):
    told = {
        "opcode": opcode,
        "sequence": sequence,
        "epoch": epoch,
        "status": status,
        "acknowledge": ack,
        "urgent": urgent,
    }
    return told if payload is None else told | {"payload": payload.hex()}


def nak(sequence, status, ack, epoch=EPOCH):
    return answer(NAK, sequence, status=status, ack=ack, urgent=True, epoch=epoch)


def hello_step(nonce=0x12340000 | EPOCH, *, ack=0):
    epoch = nonce & 0xFFFF
    request = frame(HELLO, 0, words(nonce) + bytes(16), epoch=epoch, urgent=1)
    return step(request, answer(HELLO, 0, epoch=epoch, ack=ack, urgent=True))


def ping(sequence, value, ack=0, epoch=EPOCH):
    return frame(PING, sequence, words(value), ack=ack, epoch=epoch)


def ponged(sequence, value, ack, epoch=EPOCH):
    return answer(PING, sequence, ack=ack, payload=words(value), epoch=epoch)


def spoiled(data):
    return data[:-1] + bytes([data[-1] ^ 1])


def sequences():
    beat = frame(HEARTBEAT, 9, urgent=1)
    return [
        {"name": "no epoch: every frame is answered", "steps": [step(ping(0, 1), nak(0, 2, 0, epoch=0))]},
        {
            "name": "in order, each executed once",
            "steps": [
                hello_step(),
                step(ping(0, 5), ponged(0, 5, 1)),
                step(ping(1, 6, 1), ponged(1, 6, 2)),
            ],
        },
        {
            "name": "a repeated request is answered from the ring",
            "steps": [hello_step(), step(ping(0, 5), ponged(0, 5, 1)), step(ping(0, 5), ponged(0, 5, 1))],
        },
        {
            "name": "an acknowledged request that comes again is ignored",
            "steps": [
                hello_step(),
                step(ping(0, 5), ponged(0, 5, 1)),
                step(ping(1, 6, 1), ponged(1, 6, 2)),
                step(ping(0, 5)),
                step(beat, answer(HEARTBEAT, 9, ack=2, urgent=True)),
            ],
        },
        {
            "name": "one NAK a gap, then all goes on",
            "steps": [
                hello_step(),
                step(ping(1, 6), nak(0, 3, 0)),
                step(ping(2, 7)),
                step(ping(0, 5), ponged(0, 5, 1)),
                step(ping(2, 7), nak(1, 3, 1)),
                step(ping(1, 6), ponged(1, 6, 2)),
            ],
        },
        {
            "name": "a corrupt frame is a gap",
            "steps": [
                hello_step(),
                step(spoiled(ping(0, 5)), nak(0, 3, 0)),
                step(spoiled(ping(0, 5))),
                step(ping(0, 5), ponged(0, 5, 1)),
            ],
        },
        {
            "name": "frames of another epoch are refused, never executed",
            "steps": [
                hello_step(),
                step(ping(0, 5, epoch=0x1111), nak(0, 2, 0)),
                step(ping(0, 5), ponged(0, 5, 1)),
            ],
        },
        {
            "name": "an echoed reply is ignored",
            "steps": [
                hello_step(),
                step(frame(PING, 0, words(5), reply=1)),
                step(ping(0, 5), ponged(0, 5, 1)),
            ],
        },
        {
            "name": "another protocol version is refused, before and in an epoch",
            "steps": [
                step(frame(PING, 4, version=2), nak(4, 25, 0)),
                hello_step(),
                step(frame(PING, 0, version=3), nak(0, 25, 0)),
                step(ping(0, 5), ponged(0, 5, 1)),
            ],
        },
        {
            "name": "the same nonce again changes nothing, a new one starts at 0",
            "steps": [
                hello_step(),
                step(ping(0, 5), ponged(0, 5, 1)),
                hello_step(ack=1),
                step(ping(1, 6, 1), ponged(1, 6, 2)),
                hello_step(0x22222222),
                step(ping(0, 7, epoch=0x2222), ponged(0, 7, 1, epoch=0x2222)),
            ],
        },
        {
            "name": "urgent frames carry no number",
            "steps": [
                hello_step(),
                step(beat, answer(HEARTBEAT, 9, ack=0, urgent=True)),
                step(frame(SAFE, 8, urgent=1), answer(SAFE, 8, ack=0, urgent=True)),
                step(frame(PING, 0, urgent=1), nak(0, 4, 0)),
                step(ping(0, 5), ponged(0, 5, 1)),
            ],
        },
    ]


ABOUT = (
    "Test vectors of docs/protocol.md, written by tests/host/link/write_vectors.py. All bytes are hex. "
    "frames: fields <-> packet, and the same on a byte stream. corrupt: no frames. "
    "payloads, results: meaning <-> bytes. telemetry: words of TELEMETRY's reply by name, and its sensors "
    "(kind, channel, value, age). refusals: for one emulated macro of 64 x 64 with 4 ranges, "
    "8 input bits, a reference input and 4096 bytes of max_payload. "
    "sequences: frames to a board just powered up, and what it answers to each before the next is sent; "
    "every answer has reply set."
)


def text():
    document = {
        "about": ABOUT,
        "frames": frames(),
        "corrupt": corrupt(),
        "payloads": payloads(),
        "results": results(),
        "telemetry": telemetry(),
        "refusals": refusals(),
        "sequences": sequences(),
    }
    return json.dumps(document, indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="ascii")
