"""Messages: 8 bytes (little-endian: the header's length), the header (JSON), and as many bytes as its ``size`` says."""

from __future__ import annotations

import json
import tempfile
from typing import IO, Any, Iterator, Mapping

LENGTH = 8
"""Bytes that state the header's length."""
LARGEST_HEADER = 1 << 24
"""A header that claims to be longer is none: a model wrote into the pipe."""
IN_MEMORY = 1 << 26
"""Bytes of a payload that are held in memory; a larger one goes to the disk."""
CHUNK = 1 << 20
"""Bytes that are read and written at once."""


def write_message(stream: IO[bytes], header: Mapping[str, Any], payload: bytes = b"") -> None:
    """Write one message without making a copy of its payload."""
    _write_header(stream, header, len(payload))
    view = memoryview(payload)
    for at in range(0, len(view), CHUNK):
        stream.write(view[at : at + CHUNK])
    stream.flush()


class Arriving:
    """One message as it arrives in pieces; what is written behind its end, or is no message, is dropped."""

    def __init__(self) -> None:
        self.header = None  # type: dict[str, Any] | None
        self.size = 0
        self._head = b""
        self._broken = False
        self._payload = tempfile.SpooledTemporaryFile(IN_MEMORY)  # type: IO[bytes]  # noqa: SIM115  # `close` is ours
        self._kept = 0

    @property
    def whole(self) -> bool:
        """Tell whether the message has arrived to its last byte."""
        return self.header is not None and self._kept == self.size

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        if self._broken:
            return
        if self.header is None:
            self._head += data
            data = self._take_header()
        data = data[: self.size - self._kept]
        self._payload.write(data)
        self._kept += len(data)

    def pass_on(self, stream: IO[bytes], header: Mapping[str, Any]) -> None:
        """Write the message that arrived under another header; its payload passes through in chunks."""
        _write_header(stream, header, self.size)
        for chunk in self._chunks():
            stream.write(chunk)
        stream.flush()

    def close(self) -> None:
        """Drop the payload."""
        self._payload.close()

    def _take_header(self) -> bytes:
        """Read the header once it is here, and return the bytes behind it."""
        length = int.from_bytes(self._head[:LENGTH], "little")  # while some of its bytes are missing: no more than that
        self._broken = length > LARGEST_HEADER
        end = LENGTH + length
        if self._broken or len(self._head) < end:
            return b""
        rest, self._head = self._head[end:], self._head[LENGTH:end]
        try:
            header = json.loads(self._head.decode("utf-8"))
            size = _size(header.pop("size"))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self._broken = True
            return b""
        self.size, self.header = size, header
        return rest

    def _chunks(self) -> Iterator[bytes]:
        self._payload.seek(0)
        return iter(lambda: self._payload.read(CHUNK), b"")


def _size(told: Any) -> int:
    if type(told) is not int or told < 0:
        raise ValueError("{!r} is no size".format(told))
    return told


def _write_header(stream: IO[bytes], header: Mapping[str, Any], size: int) -> None:
    encoded = json.dumps(dict(header, size=size)).encode("ascii")
    stream.write(len(encoded).to_bytes(LENGTH, "little") + encoded)
