"""TensorBoard's event files, written by hand: TFRecord frames around protocol buffers, both of them published formats.

A frame is the length (8 bytes, little-endian), its masked CRC-32C, the data, and the data's masked CRC-32C
(tensorflow/core/lib/io/record_writer.h). The data is an ``Event``: 1 wall_time (double), 2 step (int64),
3 file_version (string), 5 summary; a ``Summary`` has values (1), each with 1 tag (string), 2 simple_value (float),
8 tensor and 9 metadata (tensorflow/core/framework/summary.proto).
"""

import struct
from collections.abc import Iterable, Iterator

POLYNOMIAL = 0x82F63B78  # CRC-32C (Castagnoli), bits reversed
MASK = 0xA282EAD8
STRING = 7  # DT_STRING in tensorflow/core/framework/types.proto


def event_file(
    started: float, scalars: Iterable[tuple[float, int, dict[str, float]]], texts: Iterable[tuple[float, int, str, str]]
) -> Iterator[bytes]:
    """The file's frames. Scalars are (Unix time, step, values by tag), texts (Unix time, step, tag, text)."""
    yield frame(_double(1, started) + _bytes(3, b"brain.Event:2"))
    for time, step, values in scalars:
        if values:
            summary = b"".join(_bytes(1, _bytes(1, tag.encode()) + _float(2, value)) for tag, value in values.items())
            yield frame(_double(1, time) + _integer(2, step) + _bytes(5, summary))
    for time, step, tag, text in texts:
        tensor = _integer(1, STRING) + _bytes(2, b"") + _bytes(8, text.encode())
        metadata = _bytes(1, _bytes(1, b"text"))  # the plugin that shows it
        value = _bytes(1, tag.encode()) + _bytes(8, tensor) + _bytes(9, metadata)
        yield frame(_double(1, time) + _integer(2, step) + _bytes(5, _bytes(1, value)))


def frame(data: bytes) -> bytes:
    """One TFRecord."""
    length = struct.pack("<Q", len(data))
    return length + _masked(length) + data + _masked(data)


def crc32c(data: bytes) -> int:
    """The cyclic redundancy check of RFC 3720, appendix B.4."""
    value = 0xFFFFFFFF
    for byte in data:
        value = _TABLE[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def _row(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = tuple(_row(byte) for byte in range(256))


def _masked(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + MASK) & 0xFFFFFFFF)


def _key(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _integer(field: int, value: int) -> bytes:
    return _key(field, 0) + _varint(value)


def _double(field: int, value: float) -> bytes:
    return _key(field, 1) + struct.pack("<d", value)


def _bytes(field: int, value: bytes) -> bytes:
    return _key(field, 2) + _varint(len(value)) + value


def _float(field: int, value: float) -> bytes:
    return _key(field, 5) + struct.pack("<f", value)
