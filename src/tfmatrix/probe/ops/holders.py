"""Holders: ops of a graph that make nothing but what stands for something that outlives a run: a variable, a table."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def is_holder(op: Any) -> bool:
    """Tell whether an op is one."""
    return not op.inputs and any(one.dtype._is_ref_dtype or one.dtype == tf.resource for one in op.outputs)


def is_variable(op: Any) -> bool:
    """Tell whether an op makes what stands for a variable: tables and iterators say no type of what they hold."""
    if not is_holder(op) or "dtype" not in op.node_def.attr:
        return False
    dtype, made = op.get_attr("dtype"), op.outputs[0].dtype
    return bool(dtype == made.base_dtype if made._is_ref_dtype else dtype != tf.resource)
