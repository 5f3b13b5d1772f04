"""Jitter of the type that computes: what is cast to a type of 16 bits is moved by one ULP of that type.

One ULP of float32 vanishes in a cast to float16, and a noise floor made of it says nothing of what is computed behind
the cast. So in a jittered trial the op function that TensorFlow generates for casts is wrapped, as `draws` wraps those
that draw. A trial that is not jittered has nothing of this.
"""

from __future__ import annotations

import functools
import zlib
from typing import Any

import numpy as np
import tensorflow as tf

from .op_seeds import uncounted
from .watch.patching import replace_everywhere

HALVES = {tf.float16: 0x7C00, tf.bfloat16: 0x7F80}
"""The types that are narrower than what their inputs are kept in, and the bits of infinity in each."""

MIX = 0x9E3779B1 - 2**32
"""An odd number near 2^32 over the golden ratio, as an int32 (Knuth, TAOCP 6.4): multiplying by it mixes positions."""


def watch(draw: int) -> None:
    """Have every cast of floats to a type of 16 bits move what it makes, for good."""
    from tensorflow.python.ops import gen_math_ops

    original = gen_math_ops.cast
    count = 0

    def cast(x: Any, DstT: Any, *arguments: Any, **named: Any) -> Any:  # noqa: N803  # the op's own name for it
        nonlocal count
        made = original(x, DstT, *arguments, **named)
        # What was a number or a truth, such as a mask, is exact and stays so.
        from_float = tf.is_tensor(x) and x.dtype.base_dtype.is_floating
        if made.dtype not in HALVES or not from_float or x.dtype.base_dtype == made.dtype:
            return made
        count += 1
        return moved(made, "cast/{}#{}".format(count, draw))

    replace_everywhere({original: functools.wraps(original)(cast)})


def moved(value: Any, name: str) -> Any:
    """Return a tensor of 16-bit floats with each element moved by one ULP, up or down by a hash of name and position.

    0, infinities and NaNs stay as they are, and nothing becomes infinite. Gradients pass as through the tensor itself.
    """
    infinity = HALVES[value.dtype]
    with uncounted(), tf.name_scope("jitter"):
        bits = tf.cast(tf.bitcast(value, tf.uint16), tf.int32)
        magnitude = tf.bitwise.bitwise_and(bits, 0x7FFF)
        seed = int(np.uint32(zlib.crc32(name.encode("utf-8"))).view(np.int32))
        mixed = (tf.range(tf.size(value)) + seed) * MIX
        mixed = tf.bitwise.bitwise_xor(mixed, tf.bitwise.right_shift(mixed, 15)) * MIX
        away = tf.reshape(mixed, tf.shape(value)) < 0
        up = tf.logical_and(away, magnitude < infinity - 1)
        other = tf.bitcast(tf.cast(tf.where(up, bits + 1, bits - 1), tf.uint16), value.dtype)
        still = tf.logical_or(tf.equal(magnitude, 0), magnitude >= infinity)
        step = tf.where(still, tf.zeros_like(value), other - value)
        result = value + tf.stop_gradient(step)
        result.set_shape(value.shape)
        return result
