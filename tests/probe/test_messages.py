"""Messages: what is sent arrives, in whatever pieces, and what is no message is dropped."""

from __future__ import annotations

import io
import json
import tracemalloc
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .adopted import messages

HEADERS = st.dictionaries(
    st.text(max_size=5).filter(lambda name: name != "size"),
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    max_size=5,
)


def sent(header: dict[str, Any], payload: bytes = b"") -> bytes:
    """Return a message as it goes over the pipe."""
    stream = io.BytesIO()
    messages.write_message(stream, header, payload)
    return stream.getvalue()


def raw(header: bytes, behind: bytes = b"") -> bytes:
    """Return a message with these bytes for a header."""
    return len(header).to_bytes(8, "little") + header + behind


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """Return data cut at some places; a cut at one place twice gives an empty piece."""
    ends = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(ends)]


def arrived(*parts: bytes) -> Any:
    """Return a message that was fed with these parts."""
    message = messages.Arriving()
    for part in parts:
        message.feed(part)
    return message


def passed_on(message: Any, header: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Return header and payload of a message that was passed on."""
    stream = io.BytesIO()
    message.pass_on(stream, header)
    message.close()
    data = stream.getvalue()
    end = 8 + int.from_bytes(data[:8], "little")
    return json.loads(data[8:end]), data[end:]


@given(HEADERS, st.binary(max_size=50), st.lists(st.integers(0, 500), max_size=8), st.binary(max_size=20))
def test_a_message_arrives_whole_in_any_pieces(
    header: dict[str, Any], payload: bytes, cuts: list[int], behind: bytes
) -> None:
    """Header and payload are those that were sent, however the bytes were cut and whatever is written behind them."""
    message = arrived(*pieces(sent(header, payload) + behind, cuts))
    assert message.whole
    assert (message.header, message.size) == (header, len(payload))
    assert passed_on(message, {"other": 1}) == ({"other": 1, "size": len(payload)}, payload)


@given(HEADERS, st.binary(max_size=50), st.data())
def test_a_message_that_is_cut_off_is_not_whole(header: dict[str, Any], payload: bytes, data: st.DataObject) -> None:
    """Where as little as the last byte is missing, the message has not arrived."""
    message = sent(header, payload)
    begun = arrived(message[: data.draw(st.integers(0, len(message) - 1))])
    assert not begun.whole
    begun.close()


def test_a_large_payload_arrives_in_the_order_of_its_bytes() -> None:
    """A payload of more than one chunk is written, read and passed on chunk by chunk, byte for byte."""
    payload = bytes(range(256)) * (2 * messages.CHUNK // 256) + b"end"
    message = arrived(*pieces(sent({}, payload), [messages.CHUNK, 5]))
    assert passed_on(message, {}) == ({"size": len(payload)}, payload)


class Nowhere(io.RawIOBase):
    """A stream that keeps nothing but the sizes of what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def write(self, data: Any) -> int:
        """Note the size."""
        self.sizes.append(len(data))
        return len(data)


def test_a_payload_is_written_and_passed_on_in_chunks_of_a_mebibyte() -> None:
    """No piece of a payload is longer than 1 MiB, and none but the last is shorter."""
    payload = bytes((2 << 20) + 3)
    written, passed = Nowhere(), Nowhere()
    messages.write_message(written, {}, payload)
    message = arrived(sent({}, payload))
    message.pass_on(passed, {})
    message.close()
    assert written.sizes[1:] == passed.sizes[1:] == [1 << 20, 1 << 20, 3]


@pytest.mark.parametrize(("more", "held"), [(0, True), (1, False)])
def test_a_payload_of_more_than_64_mebibytes_goes_to_the_disk(more: int, held: bool) -> None:
    """A payload that is as large as the limit is held in memory, and one of a byte more takes none of its size."""
    size, chunk = (64 << 20) + more, bytes(1 << 20)
    message = arrived(raw(json.dumps({"size": size}).encode("ascii")))
    tracemalloc.start()
    try:
        for _ in range(64):
            message.feed(chunk)
        message.feed(bytes(more))
        assert (tracemalloc.get_traced_memory()[0] > size / 2) == held
    finally:
        tracemalloc.stop()
    assert message.whole
    message.close()


def test_a_payload_is_written_without_a_copy() -> None:
    """Writing a payload takes no memory of its size besides."""
    payload = bytes(16 * messages.CHUNK)
    tracemalloc.start()
    try:
        messages.write_message(Nowhere(), {}, payload)
        assert tracemalloc.get_traced_memory()[1] < messages.CHUNK
    finally:
        tracemalloc.stop()


NO_MESSAGES = {
    "text": b"a model printed this into the pipe\n",
    "a header that is too long": (1 << 24).to_bytes(8, "big"),
    "a header that is no JSON": raw(b"{'size': 0}"),
    "a header that is no UTF-8": raw(b'{"size": 0, "x": "\xff"}'),
    "a header that is no object": raw(b"[0]"),
    "a header that is a message": raw(sent({"outcome": "observed"})),
    "a header without a size": raw(b'{"outcome": "observed"}'),
    "a size that is no number": raw(b'{"size": "many"}'),
    "a size that is nothing": raw(b'{"size": null}'),
    "a size without end": raw(b'{"size": Infinity}'),
    "a size below nothing": raw(b'{"size": -1}'),
    "a size that is a word": raw(b'{"size": true}'),
    "a header without a bottom": raw(b"[" * 100_000),
}


@pytest.mark.parametrize("data", NO_MESSAGES.values(), ids=NO_MESSAGES)
def test_what_is_no_message_is_dropped(data: bytes) -> None:
    """Bytes that are no message give no header and no size, and a message behind them is not taken for one."""
    message = arrived(data, sent({"outcome": "observed"}))
    assert (message.header, message.size) == (None, 0)
    assert not message.whole
    message.close()


def test_a_header_may_be_as_long_as_the_largest() -> None:
    """A header of 16 MiB is read, and one of a byte more is not."""
    start = b'{"size": 0, "x": "'
    for more, read in ((0, True), (1, False)):
        filling = b"x" * ((1 << 24) - len(start) - 2 + more)
        message = arrived(raw(start + filling + b'"}'))
        assert message.whole == read
        message.close()


def test_a_header_names_the_size_of_its_own_payload() -> None:
    """A header that comes with another size gets the payload's."""
    message = arrived(sent({"size": 7}, b"abc"))
    assert (message.header, message.size, message.whole) == ({}, 3, True)
    message.close()
