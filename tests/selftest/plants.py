"""What is planted, inside the probe: each function of `PLANTS` changes a model or what is recorded of it.

This file is read by the probe (`request["plant"]`), in the environment under test. Where a fault is one of arithmetic
or meaning, the model, its optimizer or its seeds are changed, and what follows is TensorFlow's own; where it is one of
single bits, what is recorded is.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

Plant = Callable[[Any, Any], None]


def wrap(model: Any, name: str, change: Callable[[Any], Any]) -> None:
    """Have a function of the model return what ``change`` makes of what it returned."""
    plain = getattr(model, name)
    setattr(model, name, lambda *arguments: change(plain(*arguments)))


def tamper(setting: Any, tier: str, stage: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Have the tensor of one tier and full stage name recorded as ``change`` makes it."""
    plain = setting.recorder.record

    def record(at: str, name: str, value: Any) -> None:
        plain(at, name, change(np.array(value)) if (at, name) == (tier, stage) else value)

    setting.recorder.record = record


def withhold(setting: Any, kept: Callable[[str, str, int], bool]) -> None:
    """Have only those tensors recorded that ``kept`` says so of: tier, full stage name, how many came before."""
    plain = setting.recorder.record
    seen: list[str] = []

    def record(tier: str, name: str, value: Any) -> None:
        if tier == "seeds" or kept(tier, name, len(seen)):
            plain(tier, name, value)
        seen.append(name)

    setting.recorder.record = record


def one_ulp(array: np.ndarray) -> np.ndarray:
    """Return the array with its largest element moved by one unit in the last place."""
    at = np.unravel_index(np.argmax(np.abs(array)), array.shape)
    array[at] = np.nextafter(array[at], np.asarray(np.inf, array.dtype))
    return array


def negative_zero(array: np.ndarray) -> np.ndarray:
    """Return the array with the sign of one zero turned."""
    at = tuple(np.argwhere(array == 0)[0])
    array[at] = -0.0
    return array


def other_payload(array: np.ndarray) -> np.ndarray:
    """Return the array with another payload in its first NaN."""
    bits = array.view(np.uint32)
    at = tuple(np.argwhere(np.isnan(array))[0])
    bits[at] ^= 1
    return array


def taken_twice(order: np.ndarray) -> np.ndarray:
    """Return the order with its first row in the place of its last too."""
    order[-1] = order[0]
    return order


def other_setting(**settings: Any) -> Plant:
    """Return a plant of another setting of the optimizer."""

    def plant(model: Any, setting: Any) -> None:
        model.OPTIMIZER = dict(model.OPTIMIZER, **settings)

    return plant


def other_initial(name: str, change: Callable[[Any], Any]) -> Plant:
    """Return a plant of another initial value of one variable."""
    return lambda model, _: wrap(model, "variables", lambda made: dict(made, **{name: change(made[name])}))


def other_seed(model: Any, setting: Any) -> None:
    """Seed every generator with another number."""
    random.seed(setting.seed + 1)
    np.random.seed(setting.seed + 1)
    tf.compat.v1.set_random_seed(setting.seed + 1)


def dropped_variable(model: Any, setting: Any) -> None:
    """Leave a variable out of what is saved."""
    withhold(setting, lambda tier, name, _: name != "saved/hidden/bias")


def stale_statistic(model: Any, setting: Any) -> None:
    """Have a moving average of the batch norm stay what it was."""
    plain = model.forward

    def forward(variables: Any, batch: Any, dropout: Any) -> Any:
        outputs = plain(variables, batch, dropout)
        if dropout is not None:
            outputs["statistics/norm/moving_mean"] = tf.identity(variables["norm/moving_mean"])
        return outputs

    model.forward = forward


def smaller_buffer(model: Any, setting: Any) -> None:
    """Shuffle the dataset over a smaller buffer."""
    dataset = tf.data.Dataset
    plain = dataset.shuffle
    dataset.shuffle = lambda self, size, *arguments, **named: plain(self, 3, *arguments, **named)


def last_batch_dropped(model: Any, setting: Any) -> None:
    """Leave out the last batch of the dataset."""
    wrap(model, "pipeline", lambda dataset: dataset.take(dataset.cardinality() - 1))


def step_off_by_one(model: Any, setting: Any) -> None:
    """Have the optimizer correct its bias, and so its learning rate, for the step after."""
    from tfmatrix_probe import injected  # type: ignore[import-not-found]  # noqa: PLC0415  # the probe it runs in

    injected.STEP += 1


def extra_operation(model: Any, setting: Any) -> None:
    """Draw a random number in the graph before the model does."""
    tf.random.uniform([1])


def uniform_kernel(kernel: Any) -> Any:
    """Return a uniform draw with the mean and variance of a truncated normal one of standard deviation 0.3.

    Truncated at two standard deviations, a normal distribution keeps 0.87962566 of its own.
    """
    width = 0.3 * 0.87962566 * 3**0.5
    return tf.random.uniform(kernel.shape, -width, width)


def mirrored(kernel: Any) -> Any:
    """Return the kernel with two of its rows changed places."""
    return tf.gather(kernel, [1, 0, *range(2, 10)])


class Plants(dict):  # type: ignore[type-arg]  # of names and plants
    """The plants by name; one ULP in any tensor by what it is called: ``one ULP: native loss@1``."""

    def __missing__(self, name: str) -> Plant:
        """Return the plant of one unit in the last place that a name asks for."""
        tier, stage = name[len("one ULP: ") :].split(" ")
        return lambda _, setting: tamper(setting, tier, stage, one_ulp)


PLANTS = Plants(
    {
        "-0.0 for 0.0": lambda _, setting: tamper(setting, "injected", "forward/hidden", negative_zero),
        "another NaN payload": lambda _, setting: tamper(setting, "native", "draw/x", other_payload),
        "float64 for float32": lambda _, setting: tamper(setting, "native", "loss@0", np.float64),
        "two rows of a kernel changed places": other_initial("hidden/kernel", mirrored),
        "a transposed kernel": other_initial("hidden/kernel", tf.transpose),
        "another seed": other_seed,
        "a uniform initializer, mean and variance kept": other_initial("hidden/kernel", uniform_kernel),
        "a dropped variable": dropped_variable,
        "epsilon 1e-8 for 1e-7": other_setting(epsilon=1e-8),
        "momentum 0.99 for 0.9": other_setting(momentum=0.99),
        "a stale batch-norm statistic": stale_statistic,
        "a row taken twice": lambda _, setting: tamper(setting, "native", "shuffle@1", taken_twice),
        "a smaller shuffle buffer": smaller_buffer,
        "the last batch dropped": last_batch_dropped,
        "a learning rate off by one step": step_off_by_one,
        "an extra random op before the model": extra_operation,
        "one trial of three another": lambda _, setting: tamper(setting, "native", "loss@0", one_ulp),
        "a difference at the last step only": lambda _, setting: tamper(
            setting, "native", "weights@49/hidden/kernel", lambda array: array * np.float32(1.5)
        ),
        "an empty trace": lambda _, setting: withhold(setting, lambda *_: False),
        "a trace cut short": lambda _, setting: withhold(setting, lambda tier, name, before: before < 20),
    }
)
