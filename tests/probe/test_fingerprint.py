"""Fingerprints: all that tells two tensors apart counts, and nothing else."""

from __future__ import annotations

import hashlib
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from tfmatrix.records import Tensor
from tfmatrix.store.fingerprints import tensor_digest, to_array

from .adopted import fingerprint

NUMBERS = ("bool", "int8", "uint16", "int32", "uint64", "float16", "float32", "float64", "complex64", "complex128")


@st.composite
def arrays(draw: st.DrawFn, /, **shapes: int) -> NDArray[Any]:
    """Return an array of any bit patterns, NaNs of every payload among them."""
    dtype = np.dtype(draw(st.sampled_from(NUMBERS)))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=3, max_side=4, **shapes))
    size = int(np.prod(shape)) * dtype.itemsize
    data = draw(st.binary(min_size=size, max_size=size))
    if dtype.kind == "b":
        data = bytes(byte & 1 for byte in data)
    return np.frombuffer(data, dtype).reshape(shape)


def layouts(array: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return the same elements as they may lie in memory."""
    wide = np.zeros((*array.shape, 2), array.dtype)
    wide[..., 1] = array
    return {
        "in C order": array,
        "in Fortran order": array.copy("F"),
        "every other element": wide[..., 1],
        "backwards": np.flip(np.flip(array).copy()),
        "big-endian": array.astype(array.dtype.newbyteorder(">")),
        "little-endian": array.astype(array.dtype.newbyteorder("<")),
    }


@given(arrays(min_side=0))
def test_a_canonical_tensor_depends_on_neither_layout_nor_byte_order(array: NDArray[Any]) -> None:
    """The same elements are the same tensor, however they lie in memory."""
    wanted = (array.dtype.name, array.shape, array.astype(array.dtype.newbyteorder("<")).tobytes())
    assert {kind: fingerprint.canonical(laid) for kind, laid in layouts(array).items()} == dict.fromkeys(
        layouts(array), wanted
    )


def test_the_bytes_of_a_tensor_are_little_endian() -> None:
    """The number 1 as two bytes begins with its 1, whichever byte order the array had."""
    for order in "<>":
        assert fingerprint.canonical(np.array([1, 258], order + "u2")) == ("uint16", (2,), b"\1\0\2\1")


@given(arrays(min_side=0))
def test_host_and_probe_agree_on_a_tensor(array: NDArray[Any]) -> None:
    """The host makes the same array and the same digest of what the probe sends."""
    sent = fingerprint.canonical(array)
    received = Tensor(*sent)
    assert tensor_digest(received) == fingerprint.digest(sent)
    again = to_array(received)
    assert (again.dtype, again.shape, again.tobytes()) == (array.dtype, array.shape, array.tobytes())


@given(arrays(), st.data())
def test_a_digest_depends_on_every_bit(array: NDArray[Any], data: st.DataObject) -> None:
    """Where one bit of the data is another, so is the digest."""
    tensor = fingerprint.canonical(array)
    at = data.draw(st.integers(0, 8 * len(tensor.data) - 1))
    changed = (int.from_bytes(tensor.data, "little") ^ 1 << at).to_bytes(len(tensor.data), "little")
    assert fingerprint.digest(tensor._replace(data=changed)) != fingerprint.digest(tensor)


@given(arrays(min_side=0), arrays(min_side=0))
def test_a_digest_depends_on_dtype_shape_and_bytes(one: NDArray[Any], other: NDArray[Any]) -> None:
    """Two tensors have one digest where all three are the same, and only there."""
    a, b = fingerprint.canonical(one), fingerprint.canonical(other)
    assert (fingerprint.digest(a) == fingerprint.digest(b)) == (a == b)


PAIRS = {
    "zeros of two signs": (np.float32(0.0), np.float32(-0.0)),
    "NaNs of two payloads": tuple(np.array([0x7FC00000, 0x7FC00001], np.uint32).view(np.float32)),
    "two dtypes of the same bytes": (np.int32(0), np.float32(0)),
    "two shapes of the same bytes": (np.zeros((2, 3)), np.zeros((3, 2))),
    "a number and an array of it": (np.float32(1), np.ones(1, np.float32)),
    "two empty shapes": (np.zeros((0, 2)), np.zeros((0, 3))),
    "two dtypes without bytes": (np.zeros(0, np.int32), np.zeros(0, np.float32)),
    "the same letters, divided otherwise": (["ab", "c"], ["a", "bc"]),
    "text and numbers of the same bytes": (np.array(["a"]), np.frombuffer(b"\1" + b"\0" * 7 + b"a", np.uint8)),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_tensors_that_differ_have_different_digests(pair: tuple[Any, Any]) -> None:
    """What compares equal and is not the same tensor has another digest."""
    one, other = (fingerprint.digest(fingerprint.canonical(value)) for value in pair)
    assert one != other


def test_a_digest_is_that_of_dtype_shape_and_bytes() -> None:
    """It is SHA-256 over the dtype's name, the shape with commas and the bytes, so that anybody can check it."""
    tensor = fingerprint.canonical(np.array([[1.0], [-2.0]], np.float32))
    text = b"float32\0" + b"2,1\0" + b"\0\0\x80\x3f" + b"\0\0\0\xc0"
    assert fingerprint.digest(tensor) == hashlib.sha256(text).hexdigest()


STRINGS = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5), max_size=5)


@given(STRINGS)
def test_a_string_is_its_length_and_its_bytes(texts: list[str]) -> None:
    """Text and its UTF-8 are the same elements, in NumPy's own string dtypes as in arrays of objects."""
    encoded = [text.encode("utf-8") for text in texts]
    wanted = b"".join(len(element).to_bytes(8, "little") + element for element in encoded)
    for elements in (texts, encoded):
        for dtype in (type((elements or [""])[0]), object):
            held = fingerprint.canonical(np.array(elements, dtype))
            assert held == ("string", (len(texts),), wanted)


@given(st.lists(st.binary(max_size=5), min_size=1, max_size=5))
def test_the_bytes_of_a_string_are_kept_as_objects(elements: list[bytes]) -> None:
    """Arrays of objects, which TensorFlow gives out, keep zeros at the end of an element, and the host reads them."""
    held = fingerprint.canonical(np.array(elements, object))
    assert to_array(Tensor(*held)).tolist() == elements


@pytest.mark.parametrize("lone", [b"a", b"a\0", "a", "a\0"])
def test_a_lone_string_keeps_its_zeros(lone: bytes | str) -> None:
    """A string without a shape has every byte of its own, zeros at its end too."""
    content = lone.encode() if isinstance(lone, str) else lone
    assert fingerprint.canonical(lone) == ("string", (), len(content).to_bytes(8, "little") + content)


@pytest.mark.parametrize("element", [None, 1, object(), ["a"]])
def test_an_object_that_is_no_string_has_no_bytes(element: object) -> None:
    """An element that is a Python object other than a string is refused by its type."""
    array = np.array(["a", None], object)
    array[1] = element
    with pytest.raises(TypeError, match=f"^an element is a Python {type(element).__name__}, which has no canonical"):
        fingerprint.canonical(array)


@pytest.mark.parametrize(
    ("value", "dtype"), [(True, "bool"), (1.5, "float64"), ([1.5], "float64"), (1j, "complex128"), ("a", "string")]
)
def test_a_python_value_is_a_tensor_too(value: Any, dtype: str) -> None:
    """A scalar or a list has the dtype that NumPy gives it."""
    tensor = fingerprint.canonical(value)
    assert (tensor.dtype, tensor.shape) == (dtype, np.shape(value))


def test_a_bfloat16_keeps_its_name_and_its_bits() -> None:
    """A dtype that NumPy itself does not have is stored under its own name."""
    array = np.array([1.0, -0.0], ml_dtypes.bfloat16)
    assert fingerprint.canonical(array) == ("bfloat16", (2,), b"\x80\x3f\0\x80")
