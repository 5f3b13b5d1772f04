"""The faults of the self-test: where each is planted, and what the report has to say of it."""

from __future__ import annotations

from dataclasses import dataclass

from tfmatrix.compare.verdicts import Verdict


@dataclass(frozen=True)
class Fault:
    """One planted fault and the finding that it must lead to."""

    name: str
    """As `plants.PLANTS` has it."""
    model: str
    mode: str
    tier: str
    """The tier in which it shows; the other one stays silent where ``alone``."""
    stage: str
    """Full name of the first tensor that differs; empty where there is no trace to compare."""
    verdict: Verdict
    """Of the cell."""
    alone: bool = True
    """Whether no other stage is judged to differ: what only follows from this one is not."""
    trials: tuple[int, ...] = ()
    """Numbers of the trials that it is planted in; all where there is none."""
    says: str = ""
    """A part of the cell's reason, where it is compared with nothing."""


ROUNDING, REDRAWN, DIFFERENT = Verdict.ROUNDING, Verdict.REDRAWN, Verdict.DIFFERENT
NOT_COMPARABLE, FAILED, UNSTABLE = Verdict.NOT_COMPARABLE, Verdict.FAILED, Verdict.UNSTABLE

NATIVE_STAGES = (
    "seed/numpy",
    "data/x",
    "init/conv/kernel",
    "batch@1/x",
    "dropout@1/pooled",
    "forward@1/conv",
    "statistics@1/norm/moving_mean",
    "loss@1",
    "gradient@1/conv/kernel",
    "update@1/conv/kernel",
    "slots@1/conv/kernel/m",
    "weights@1/conv/kernel",
    "predict/logits",
    "saved/conv/kernel",
    "loaded/conv/kernel",
)
INJECTED_STAGES = (
    "batch/x",
    "forward/conv",
    "statistics/norm/moving_mean",
    "loss",
    "loss/gradient/logits",
    "gradient/conv/kernel",
    "predict/logits",
    "update/conv/kernel",
    "slots/conv/kernel/m",
    "weights/conv/kernel",
)

ULPS = tuple(
    Fault(f"one ULP: {tier} {stage}", model, "tf2", tier, stage, ROUNDING)
    for model, tier, stages in (
        ("convnet", "native", NATIVE_STAGES),
        ("convnet", "injected", INJECTED_STAGES),
        ("random_streams[operations]", "native", ("draw/unseeded/normal",)),
        ("random_states[operations]", "injected", ("draw/normal",)),
    )
    for stage in stages
)

FAULTS = (
    *ULPS,
    Fault("-0.0 for 0.0", "mlp", "tf2", "injected", "forward/hidden", ROUNDING),
    Fault("another NaN payload", "draws_nan", "tf2", "native", "draw/x", ROUNDING),
    Fault("float64 for float32", "linear", "tf2", "native", "loss@0", DIFFERENT),
    Fault("two rows of a kernel changed places", "mlp", "tf2", "native", "init/hidden/kernel", DIFFERENT),
    Fault("a transposed kernel", "mlp", "v1", "native", "init/hidden/kernel", DIFFERENT),
    Fault("another seed", "mlp", "tf2", "native", "seed/python", REDRAWN, alone=False),
    Fault("another seed", "linear", "v1", "native", "seed/python", REDRAWN, alone=False),
    Fault("a uniform initializer, mean and variance kept", "mlp", "tf2", "native", "init/hidden/kernel", DIFFERENT),
    Fault("a dropped variable", "mlp", "tf2", "native", "saved/hidden/bias", NOT_COMPARABLE),
    Fault("epsilon 1e-8 for 1e-7", "mlp", "tf2", "injected", "update/hidden/kernel", DIFFERENT, alone=False),
    Fault("momentum 0.99 for 0.9", "optimizers[sgd]", "v1", "injected", "update/kernel", DIFFERENT, alone=False),
    Fault(
        "a stale batch-norm statistic", "convnet", "tf2", "native", "statistics@0/norm/moving_mean", DIFFERENT, False
    ),
    Fault(
        "a stale batch-norm statistic",
        "convnet",
        "v1",
        "injected",
        "statistics/norm/moving_mean",
        DIFFERENT,
        alone=False,
    ),
    Fault("a row taken twice", "mlp", "v1", "native", "shuffle@1", DIFFERENT),
    Fault("a smaller shuffle buffer", "input_pipeline", "tf2", "native", "shuffle@0", DIFFERENT),
    Fault("the last batch dropped", "input_pipeline", "tf2", "native", "draw/uniform", NOT_COMPARABLE, alone=False),
    Fault("a learning rate off by one step", "mlp", "tf2", "injected", "update/hidden/kernel", DIFFERENT, alone=False),
    Fault("an extra random op before the model", "linear", "v1", "native", "init/w", REDRAWN),
    Fault(
        "one trial of three another",
        "linear",
        "tf2",
        "native",
        "",
        UNSTABLE,
        trials=(2,),
        says="differ at native loss@0",
    ),
    Fault("a difference at the last step only", "mlp", "tf2", "native", "weights@49/hidden/kernel", DIFFERENT),
    Fault("an empty trace", "linear", "tf2", "native", "", FAILED, says="without recording any stage"),
    Fault("a trace cut short", "linear", "tf2", "native", "forward@1/y", NOT_COMPARABLE, alone=False),
)
