"""The variations: in what ways a process may start otherwise, and whether TensorFlow's results may depend on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from tfmatrix.records import Start

HARMLESS, NEVER_PROMISED = "harmless", "never promised"
"""Meant to change nothing, whatever the recipe; and what TensorFlow promises nothing about."""


@dataclass(frozen=True)
class Variation:
    """One way in which a process may start otherwise, or be used before the recipe."""

    name: str
    kind: str
    what: str
    start: Start = field(default_factory=Start)
    """How the process starts."""
    sees: str = ""
    """What a process reports of itself that this changes; empty where it starts as always."""
    doings: tuple[str, ...] = ()
    """What is done in the process besides: names of the probe's table."""
    modes: tuple[str, ...] = ("tf2", "v1")
    further: str = ""
    """A package beside TensorFlow that the environment has."""

    @property
    def within(self) -> bool:
        """Return whether it is something done in a process that starts as always."""
        return self.start == Start() and not self.further


TOGETHER, REST = "together", "rest"
"""Names of all harmless variations at once, and of those that are left when others were found to be to blame."""

CONTROL = Variation("control", "", "nothing is varied")


def _variables(**changes: str) -> Start:
    return Start(variables=tuple(sorted(changes.items())))


_XLA_ON = "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit"

_VARIATIONS = (
    Variation("load", HARMLESS, "as many busy processes as there are processors", doings=("load",)),
    Variation("hash-seed", HARMLESS, "another `PYTHONHASHSEED`", _variables(PYTHONHASHSEED="4711"), sees="hash"),
    Variation("other-work", HARMLESS, "operations, a model and random draws come first", doings=("other-work",)),
    Variation(
        "import-order",
        HARMLESS,
        "Keras is imported first, then TensorFlow, NumPy last",
        Start(imports=("keras", "tensorflow", "numpy")),
        sees="imports",
    ),
    Variation(
        "used-session",
        HARMLESS,
        "the session has run other random operations",
        doings=("used-session",),
        modes=("v1",),
    ),
    Variation(
        "second-session",
        HARMLESS,
        "another session on the graph is open and has trained the model",
        doings=("second-session",),
        modes=("v1",),
    ),
    Variation(
        "recreated-session",
        HARMLESS,
        "a session on the same graph has trained the model and was closed",
        doings=("recreated-session",),
        modes=("v1",),
    ),
    Variation("run-twice", HARMLESS, "recipe and model run a second time, as a notebook's cell", doings=("run-twice",)),
    Variation("directory", HARMLESS, "another working folder", Start(here="other folder ä"), sees="here"),
    Variation(
        "locale",
        HARMLESS,
        "the locale is `C`, which has only ASCII",
        _variables(LC_ALL="C", LANG="C"),
        sees="locale",
    ),
    Variation("time-zone", HARMLESS, "another time zone, fourteen hours away", _variables(TZ="XYZ-14"), sees="zone"),
    Variation("home", HARMLESS, "another home folder", Start(home="other home ä"), sees="home"),
    Variation(
        "environment-size", HARMLESS, "32 KiB more of variables", _variables(PADDING="x" * 2**15), sees="variables_size"
    ),
    Variation(
        "addresses", HARMLESS, "addresses are not randomised", Start(fixed_addresses=True), sees="fixed_addresses"
    ),
    Variation(
        "intra-op-threads",
        NEVER_PROMISED,
        "1 thread within an operation",
        _variables(TF_NUM_INTRAOP_THREADS="1", OMP_NUM_THREADS="1"),
        sees="variables",
    ),
    Variation(
        "inter-op-threads",
        NEVER_PROMISED,
        "1 operation at once",
        _variables(TF_NUM_INTEROP_THREADS="1"),
        sees="variables",
    ),
    Variation(
        "one-processor",
        NEVER_PROMISED,
        "the process sees 1 processor, and thread counts follow from it",
        Start(
            variables=(("OMP_NUM_THREADS", ""), ("TF_NUM_INTEROP_THREADS", ""), ("TF_NUM_INTRAOP_THREADS", "")),
            processors=1,
        ),
        sees="processors",
    ),
    Variation(
        "onednn-off",
        NEVER_PROMISED,
        "`TF_ENABLE_ONEDNN_OPTS=0`",
        _variables(TF_ENABLE_ONEDNN_OPTS="0"),
        sees="variables",
    ),
    Variation(
        "onednn-isa",
        NEVER_PROMISED,
        "`ONEDNN_MAX_CPU_ISA=SSE41`",
        _variables(ONEDNN_MAX_CPU_ISA="SSE41"),
        sees="variables",
    ),
    Variation(
        "glibc-isa",
        NEVER_PROMISED,
        "glibc's mathematics without AVX2 and FMA",
        _variables(GLIBC_TUNABLES="glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,-FMA,-FMA_Usable,-FMA4_Usable,-AVX512F"),
        sees="variables",
    ),
    Variation(
        "xla-on",
        NEVER_PROMISED,
        "XLA compiles what it can",
        _variables(TF_XLA_FLAGS=_XLA_ON),
        sees="variables",
    ),
    Variation(
        "xla-isa",
        NEVER_PROMISED,
        "XLA compiles what it can, with `XLA_FLAGS=--xla_cpu_max_isa=AVX`",
        _variables(TF_XLA_FLAGS=_XLA_ON, XLA_FLAGS="--xla_cpu_max_isa=AVX"),
        sees="variables",
    ),
    Variation("keras-2", NEVER_PROMISED, "Keras 2 from `tf-keras`", modes=("tf2",), further="tf-keras", sees="imports"),
)

VARIATIONS: dict[str, Variation] = {variation.name: variation for variation in _VARIATIONS}
"""By name, in the order in which they are tried."""


def together(mode: str, but: Iterable[str] = ()) -> Variation:
    """Return all harmless variations of a mode at once, or all but those named."""
    left_out = frozenset(but)
    whole = Variation(REST if left_out else TOGETHER, HARMLESS, "all harmless variations at once")
    for variation in VARIATIONS.values():
        if variation.kind == HARMLESS and mode in variation.modes and variation.name not in left_out:
            start = whole.start.joined(variation.start)
            whole = replace(whole, start=start, doings=(*whole.doings, *variation.doings))
    return whole


def was_seen(variation: Variation, control: Mapping[str, object], saw: Mapping[str, object]) -> bool:
    """Return whether a process saw a variation: what it reports of itself is not what a control's process does."""
    return control.get(variation.sees) != saw.get(variation.sees)
