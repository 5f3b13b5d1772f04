"""Every random draw, seen where it is made: the op functions that TensorFlow generates are wrapped, and change nothing.

All ways to draw (`tf.random`, `tf.nn.dropout`, Keras 2 and 3, `tf.raw_ops`) call these functions. Seeds count calls of
`get_seed` for each graph, and not ops, so that what a tap adds to a graph moves no draw; `op_seeds` is for releases
that count ops. It may move rounding: where a `tf.function` that is called within another has side effects, TensorFlow's
optimizer rewrites no sum across the two.

Not seen is what no generated function draws: tf.data (which has its own stages), ``RandomShuffleQueue``, dropout within
``CudnnRNN``, functions that were not traced here but loaded (a SavedModel's), and the initial value of a variable that
a `tf.function` makes: it is lifted out of the function, and the tap is not.
"""

from __future__ import annotations

import functools
import inspect
import re
import sys
from types import FrameType
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence

import numpy as np
from tensorflow.python.eager import context
from tensorflow.python.framework import ops, tensor_util
from tensorflow.python.ops import control_flow_util

from .watch.patching import replace_everywhere

Tap = Callable[[str, Mapping[str, Any]], None]
"""Takes a stage and the tensors drawn there, by the op's names for them: eager ones, or of the current graph."""

DRAWS = {
    "uniform": ("RandomUniform", "StatefulUniform", "StatelessRandomUniform", "StatelessRandomUniformV2"),
    "uniform_int": (
        "RandomUniformInt",
        "StatefulUniformInt",
        "StatelessRandomUniformInt",
        "StatelessRandomUniformIntV2",
    ),
    "full_int": ("StatefulUniformFullInt", "StatelessRandomUniformFullInt", "StatelessRandomUniformFullIntV2"),
    "non_deterministic": ("NonDeterministicInts",),
    "normal": (
        "RandomStandardNormal",
        "StatefulStandardNormal",
        "StatefulStandardNormalV2",
        "StatelessRandomNormal",
        "StatelessRandomNormalV2",
    ),
    "truncated_normal": (
        "TruncatedNormal",
        "StatefulTruncatedNormal",
        "StatelessTruncatedNormal",
        "StatelessTruncatedNormalV2",
    ),
    "bounded_normal": ("ParameterizedTruncatedNormal", "StatelessParameterizedTruncatedNormal"),
    "gamma": ("RandomGamma", "StatelessRandomGammaV2", "StatelessRandomGammaV3"),
    "poisson": ("RandomPoisson", "RandomPoissonV2", "StatelessRandomPoisson"),
    "binomial": ("StatefulRandomBinomial", "StatelessRandomBinomial"),
    "categorical": ("Multinomial", "StatelessMultinomial"),
    "shuffle": ("RandomShuffle", "StatelessShuffle"),
    "index_shuffle": ("RandomIndexShuffle",),
    "crop": ("RandomCrop",),
    "bounding_box": (
        "SampleDistortedBoundingBox",
        "SampleDistortedBoundingBoxV2",
        "StatelessSampleDistortedBoundingBox",
    ),
    "candidates": (
        "AllCandidateSampler",
        "FixedUnigramCandidateSampler",
        "LearnedUnigramCandidateSampler",
        "LogUniformCandidateSampler",
        "ThreadUnsafeUnigramCandidateSampler",
        "UniformCandidateSampler",
    ),
    "pooling": ("FractionalAvgPool", "FractionalMaxPool"),
    "centres": ("KMC2ChainInitialization", "KmeansPlusPlusInitialization"),
}
"""What is drawn, in one word that no release changes, and the ops that draw it; no release has all of them."""

PARAMETERS = (
    *("minval", "maxval", "minvals", "maxvals", "mean", "means", "stddev", "stddevs", "stdevs"),
    *("alpha", "beta", "rate", "lam", "counts", "probs", "num_samples", "num_sampled", "range_max", "unique"),
)
"""The arguments that a distribution is described by, where they are known when the op is called."""

OWN_SCOPES = re.compile(
    r"(stateless_|stateful_|parameterized_)*(random_|truncated_)*"
    r"(uniform|normal|gamma|poisson|binomial|categorical|multinomial|dropout|shuffle|crop)(_full_int|_int)?(_v2)?(_\d+)?"
)
"""Name scopes that TensorFlow's own random functions open, numbered where one graph has several."""


class Draw(NamedTuple):
    """One place that draws, and how."""

    stage: str
    """``draw/<layer>/<what>``, and ``.2`` behind it for the second of that name in one function or v1 graph."""
    op: str
    layer: str
    """Layers being called, from outside to inside, without the outermost model; else the name scope."""
    distribution: str
    """``uniform(minval=0, maxval=1, dtype=float32, shape=[?, 8])``: what is known when the op is called."""


Feed = Callable[[Draw, str, Mapping[str, Any], Any], Any]
"""Takes a draw, its word in `DRAWS`, the op's arguments and what it drew, and returns what is to stand in its place."""


class Watch:
    """What the taps have come by, which the tensors alone do not say."""

    def __init__(self, tap: Tap, initial: bool) -> None:
        self.draws: Dict[Draw, None] = {}
        """Each draw once, in the order in which they were first made or traced."""
        self.initial: Dict[str, None] = {}
        """The variables of which an initial value was drawn, by their layers' names and their own."""
        self.notes: List[str] = []
        """Sentences about draws that were made where no tap can be."""
        self.feed: Optional[Feed] = None
        """What gives values in the place of draws, where draws are to be fed."""
        self._tap = tap
        self._initial = initial

    def drew(self, what: str, op: str, arguments: Mapping[str, Any], result: Any) -> Any:
        """Tap one op's outputs, or note why not; return them, or what they are fed instead."""
        place = _place(sys._getframe(2))
        if place.untapped:
            note = "{} draws within {}, where it is not seen".format(op, place.untapped)
            if place.untapped == VECTORIZED and note not in self.notes:
                self.notes.append(note)
            return result
        if place.initial:
            self.initial[place.layer] = None
            if not self._initial:
                return result
        tensors = outputs(result)
        stage = "/".join(filter(None, ("draw", place.layer, what)))
        distribution = _distribution(what, {**arguments, **place.asked}, tensors)
        draw = Draw(stage, op, place.layer, distribution)
        self.draws[draw] = None
        if self.feed is not None:
            return self.feed(draw, what, arguments, result)
        self._tap(stage, tensors)
        return result


def watch(tap: Tap, initial: bool = True) -> Watch:
    """Wrap every generated function that draws, so that each call hands its outputs to the tap, for good.

    Several draws of one name are for the tap to tell apart, which knows where a step begins. Where ``initial`` is
    false, initial values of variables are left out.
    TensorFlow must have been imported, and functions traced before are not seen.
    """
    watched = Watch(tap, initial)
    loaded = [m for name, m in list(sys.modules.items()) if name.startswith("tensorflow.") and hasattr(m, "__dict__")]
    wrapped: Dict[Any, Any] = {}
    for what, kinds in DRAWS.items():
        for op in kinds:
            for module in loaded:
                if module.__name__.rpartition(".")[2].startswith("gen_"):
                    for name in (op, snake_case(op)):  # the function of `tf.raw_ops`, and the one that all else calls
                        function = vars(module).get(name)
                        if callable(function):
                            wrapped[function] = _wrap(function, what, op, watched)
    replace_everywhere(wrapped)
    return watched


def drawn_among(names: Iterable[str], watched: Watch) -> List[str]:
    """Return the variables of which an initial value was drawn; a name may have the model's in front."""
    return [name for name in names if any(("/" + name).endswith("/" + drawn) for drawn in watched.initial)]


def in_xla() -> bool:
    """Whether what is traced now is compiled by XLA as a whole, which has no op that calls Python."""
    return bool(
        not context.executing_eagerly() and control_flow_util.GraphOrParentsInXlaContext(ops.get_default_graph())
    )


def snake_case(op: str) -> str:
    """Return the name of the function that TensorFlow generates for an op."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z])", "_", op).lower()


def _wrap(function: Callable[..., Any], what: str, op: str, watched: Watch) -> Callable[..., Any]:
    parameters = list(inspect.signature(function).parameters)

    @functools.wraps(function)
    def draw(*arguments: Any, **named: Any) -> Any:
        result = function(*arguments, **named)
        return watched.drew(what, op, {**dict(zip(parameters, arguments)), **named}, result)

    return draw


def outputs(result: Any) -> Dict[str, Any]:
    """Name an op's outputs as TensorFlow does; of a pooling what it drew, not what it made of its input by that."""
    if hasattr(result, "_asdict"):
        return {name: tensor for name, tensor in result._asdict().items() if name != "output"}
    return {"output": result}


class _Place(NamedTuple):
    """From where a draw was asked for."""

    layer: str
    asked: Dict[str, Any]
    """The parameters given to TensorFlow's own random function: the op has a uniform in [0, 1) scaled afterwards."""
    initial: bool
    """Whether it is a variable's initial value."""
    untapped: str
    """What runs the draw elsewhere than where it is traced, or nothing."""


OWN_MODULES = {
    "tensorflow.python.ops." + name for name in ("random_ops", "stateless_random_ops", "stateful_random_ops")
}
VECTORIZED = "tf.vectorized_map"
ELSEWHERE = {
    ("tensorflow.python.data.ops.structured_function", "__init__"): "tf.data",
    ("tensorflow.python.data.ops.dataset_ops", "__init__"): "tf.data",  # in releases without the module above
    ("tensorflow.python.ops.parallel_for.control_flow_ops", "_pfor_impl"): VECTORIZED,
}
"""Functions that trace what runs in a form of their own: batches show what tf.data drew, and its order is none; a tap
would have `tf.vectorized_map` fall back to a loop, which draws otherwise."""


def _place(innermost: FrameType) -> _Place:
    """Walk the calls that led here: Keras's objects say which layer draws, the same in every release; scopes do not."""
    frame: Optional[FrameType] = innermost
    asked: Dict[str, Any] = {}
    own, untapped = True, ""
    layers: List[Any] = []  # from inside to outside
    weight, initial = None, False
    while frame is not None:
        code, module = frame.f_code, frame.f_globals.get("__name__", "")
        untapped = untapped or ELSEWHERE.get((module, code.co_name), "")
        own = own and module in OWN_MODULES
        parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        if own:
            asked.update({n: frame.f_locals[n] for n in PARAMETERS if n in parameters})
        elif parameters[:1] == ("self",):
            layer: Any = frame.f_locals.get("self")
            if is_keras(layer, "Layer"):
                if all(layer is not known for known in layers):
                    layers.append(layer)
                if code.co_name == "add_weight" and layer is layers[0]:
                    weight = frame.f_locals.get("name")
            elif any(base.__name__ == "Initializer" for base in type(layer).__mro__):
                initial = True
            elif code.co_name == "_deferred_initialize" and is_keras(layer, "Variable"):
                # Keras 3, after it tried a subclassed model on no data.
                weight = layer.path.partition("/")[2]
        frame = frame.f_back
    return _Place(path_of(layers, weight) or _scope(), asked, initial or weight is not None, untapped)


def enclosing(innermost: FrameType) -> List[Any]:
    """Return Keras's layers that are being called at a frame, from inside to outside."""
    frame: Optional[FrameType] = innermost
    layers: List[Any] = []
    while frame is not None:
        code = frame.f_code
        layer = frame.f_locals.get("self") if code.co_argcount and code.co_varnames[0] == "self" else None
        if layer is not None and is_keras(layer, "Layer") and all(layer is not known for known in layers):
            layers.append(layer)
        frame = frame.f_back
    return layers


def path_of(layers: Sequence[Any], weight: Optional[str] = None) -> str:
    """Return the names of layers, or of a weight of theirs, from outside to inside, the same in Keras 2 and 3."""
    # Keras 3's Sequential has a model within, and a recurrent layer draws by itself or by its cell.
    parts = {id(getattr(layer, name, None)) for layer in layers for name in ("_functional", "cell")}
    seen = [layer for layer in reversed(layers) if id(layer) not in parts]
    names = [getattr(layer, "name", None) or snake_case(type(layer).__name__) for layer in seen]
    if len(names) + bool(weight) > 1 and is_keras(seen[0], "Model"):  # its name says how many were made before
        del names[0]
    return "/".join([*names, weight] if weight else names)


def is_keras(value: Any, name: str) -> bool:
    """Whether a value is of Keras's class of that name: of `keras`, `tf_keras` or TensorFlow's own old copy."""
    return any(base.__name__ == name and "keras" in base.__module__ for base in type(value).__mro__)


def _scope() -> str:
    """Return the name scope without what TensorFlow's own functions open."""
    parts = ops.get_name_scope().split("/")
    while parts and OWN_SCOPES.fullmatch(parts[-1]):
        parts.pop()
    return "/".join(parts)


def _distribution(what: str, arguments: Mapping[str, Any], tensors: Mapping[str, Any]) -> str:
    tensor = next(iter(tensors.values()))
    sizes = (
        None if tensor.shape.rank is None else ["?" if size is None else str(size) for size in tensor.shape.as_list()]
    )
    shape = "?" if sizes is None else "[{}]".format(", ".join(sizes))
    known = ["{}={}".format(name, _constant(arguments[name])) for name in PARAMETERS if arguments.get(name) is not None]
    return "{}({})".format(what, ", ".join([*known, "dtype={}".format(tensor.dtype.name), "shape={}".format(shape)]))


def _constant(value: Any) -> str:
    """Show a number, or a few; what a graph computes has none."""
    if isinstance(value, ops.EagerTensor):
        value = value.numpy()
    elif hasattr(value, "op"):
        # Not `tensor_util.constant_value`, behind which a v1 graph's user may no longer feed the tensor.
        if value.op.type != "Const":
            return "?"
        value = tensor_util.MakeNdarray(value.op.get_attr("value"))
    array = np.asarray(value)
    if array.size > 4 or array.dtype.kind not in "biuf":
        return "{}{}".format(array.dtype.name, list(array.shape))
    numbers = ["{:.6g}".format(n) if array.dtype.kind == "f" else str(n) for n in array.ravel().tolist()]
    return "[{}]".format(", ".join(numbers)) if array.ndim else numbers[0]
