"""The records that flow from one module to the next: frozen, and knowing nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import ClassVar, NamedTuple


@dataclass(frozen=True, order=True)
class Package:
    """One package at one exact version."""

    name: str
    version: str


@dataclass(frozen=True)
class Environment:
    """An interpreter and a locked set of packages, named after what was chosen: ``2.16.2+keras-3.11.3``."""

    tensorflow: str
    further: tuple[Package, ...] = ()
    distribution: str = "tensorflow-cpu"
    python: str = "3.10"
    requirements: tuple[str, ...] = ()
    """What the project's models need besides, sorted."""
    constraints: tuple[str, ...] = ()
    """What holds of a package where something needs it, sorted."""

    @property
    def name(self) -> str:
        """Return the TensorFlow version and, behind a plus each, what else is chosen."""
        return "+".join([self.tensorflow, *(f"{p.name}-{p.version}" for p in self.further)])

    def holding(self, packages: Iterable[Package]) -> Environment:
        """Return the environment with some packages at a version, in the place of others of that name."""
        held = {one.name: one for one in packages}
        return replace(self, further=(*(one for one in self.further if one.name not in held), *held.values()))


@dataclass(frozen=True)
class InstalledEnvironment:
    """An environment as it stands on this machine."""

    environment: Environment
    interpreter: str
    """Path of the environment's own Python."""
    python_version: str
    lock_digest: str
    """SHA-256 of the lock file's bytes."""
    lock_kind: str
    """``today``, or ``as of 2022-06-01``: the day that the resolution stands for."""
    packages: tuple[Package, ...] = field(default=())
    """Every installed package, sorted by name."""


@dataclass(frozen=True)
class Launch:
    """The variables and thread counts that a process starts with."""

    name: str = "default"
    intra_op: int = 2
    """Threads within one operation."""
    inter_op: int = 2
    """Operations at once."""
    variables: tuple[tuple[str, str], ...] = ()
    """Environment variables besides those that every launch sets, sorted by name."""
    settings: tuple[str, ...] = ()
    """What is set once TensorFlow is there: names of the probe's `SETTINGS`."""
    device: str = ""
    """``cpu`` or ``gpu``, whose variables are among the others; empty: whatever TensorFlow finds."""


@dataclass(frozen=True)
class Command:
    """An unchanged script or notebook of the user's, and how it is run."""

    kind: ClassVar[str] = ""
    """It is of no kind: what it does is its own."""
    name: str
    words: tuple[str, ...]
    """What is typed: ``python train.py --epochs 1``; the first is ``python`` or ``jupyter``."""
    modes: tuple[str, ...]
    """The modes that it is run in, whatever other models are."""
    steps: int = 0
    """After so many updates it is stopped; 0: it runs till its end."""
    files: tuple[str, ...] = ()
    """Files and folders that it reads besides what git tracks, by their paths from the project's root."""
    variables: tuple[tuple[str, str], ...] = ()
    """Environment variables that are set before it starts, sorted by name."""
    timeout: float | None = None
    """Seconds that one of its trials may take; None: as many as any other."""


@dataclass(frozen=True)
class Builder:
    """Two functions of the user's modules, of which one returns a Keras model and the other its data."""

    kind: ClassVar[str] = "keras"
    name: str
    model: str
    """The function that returns the model, after its module: ``package.module:build``."""
    data: str
    """The same of the data."""
    modes: tuple[str, ...] = ()
    """The modes that it is run in; none: in every one, as a file."""
    epochs: int | None = None
    """None, as all that follow: what Keras does by itself."""
    batch: int | None = None
    optimizer: tuple[tuple[str, str | float], ...] = ()
    """Its name and settings, sorted; none: `build` returns a model that is compiled."""
    loss: str = ""
    files: tuple[str, ...] = ()
    """Files and folders that it reads besides what git tracks, by their paths from the project's root."""
    variables: tuple[tuple[str, str], ...] = ()
    """Environment variables that its process starts with, sorted by name."""
    timeout: float | None = None
    """Seconds that one of its trials may take; None: as many as any other."""


Files = tuple[tuple[str, str], ...]
"""Files and SHA-256 of each: a path from the project's root where it lies below that, else the whole path."""


@dataclass(frozen=True)
class ModelFile:
    """A saved model of the user's, a file or a folder, and how it is read."""

    kind: ClassVar[str] = "file"
    name: str
    path: str
    """From the project's root, as the two that follow."""
    inputs: str = ""
    """An ``.npz`` with what it is called on; empty: canonical inputs, by its signature."""
    objects: str = ""
    """A module with the classes and functions that it names: ``package.module``; empty: none."""
    trust: bool = False
    """Whether code in it may be run."""
    modes: tuple[str, ...] = ("tf2",)
    """The modes that it is run in."""
    files: tuple[str, ...] = ()
    """Files and folders that the module reads besides what git tracks, by their paths from the project's root."""
    variables: tuple[tuple[str, str], ...] = ()
    """Environment variables that its process starts with, sorted by name."""
    timeout: float | None = None
    """Seconds that one of its trials may take; None: as many as any other."""


Defined = Command | Builder | ModelFile
"""What a table `[tool.tfmatrix.models.NAME]` defines."""


@dataclass(frozen=True)
class Model:
    """What is run: a reference model, which is one file or one variant of it, or what a table defines."""

    path: str
    """The file's; of what a table defines its name."""
    source: str
    """SHA-256 of the file's bytes; or of what a table says that may change bits."""
    variant: str = ""
    defined: Defined | None = None
    """What a table defines."""
    parts: Files = ()
    """Of a saved model, what it and its inputs consist of."""

    @property
    def command(self) -> Command | None:
        """Return the command that this is, if it is one."""
        return self.defined if isinstance(self.defined, Command) else None

    @property
    def name(self) -> str:
        """Return the file's stem, with the variant in brackets: ``optimizers[adamw]``; or the table's name."""
        if self.defined:
            return self.defined.name
        stem = self.path.rpartition("/")[2].removesuffix(".py")
        return f"{stem}[{self.variant}]" if self.variant else stem


@dataclass(frozen=True)
class Cell:
    """Environment x launch x mode x model."""

    environment: Environment
    launch: Launch
    mode: str
    model: Model

    @property
    def id(self) -> str:
        """Return the cell's name: ``2.15.1/mlp/tf2``, and behind it the launch where it is not the default."""
        return f"{self.environment.name}/{self.name}"

    @property
    def name(self) -> str:
        """Return the cell's name without its environment: ``mlp/tf2``."""
        plain = f"{self.model.name}/{self.mode}"
        return plain if self.launch.name == "default" else f"{plain}/{self.launch.name}"


@dataclass(frozen=True)
class Start:
    """How a process starts, besides its launch: what recipes are tried under, and commands need."""

    name: str = ""
    """Processes of two names are started separately."""
    variables: tuple[tuple[str, str], ...] = ()
    """Environment variables that are other than the launch's, sorted by name; empty: the variable is not set."""
    here: str = ""
    """Name of the working folder; empty: the trial's own, as in a matrix."""
    home: str = ""
    """Name of the home folder; empty: the process's own."""
    processors: int = 0
    """How many processors it sees; 0: all."""
    fixed_addresses: bool = False
    """Whether the system is to give it the same addresses each time."""
    imports: tuple[str, ...] = ()
    """What it imports, in this order; none: NumPy, TensorFlow."""
    bare: bool = False
    """Whether it imports neither: a command's trial imports them itself, after what the script sets before."""

    def joined(self, other: Start) -> Start:
        """Return this start with whatever another one changes."""
        return Start(
            name=other.name or self.name,
            variables=tuple(sorted({**dict(self.variables), **dict(other.variables)}.items())),
            here=other.here or self.here,
            home=other.home or self.home,
            processors=other.processors or self.processors,
            fixed_addresses=other.fixed_addresses or self.fixed_addresses,
            imports=other.imports or self.imports,
            bare=other.bare or self.bare,
        )


@dataclass(frozen=True)
class Train:
    """Train a model, and record every stage."""

    jitter: int = 0
    """Which draw of one-ULP jitter moves its inputs; 0: none."""
    keep: tuple[str, ...] = ()
    """Stages of which all bytes are kept, besides what is kept of every trial: ``native gradient@3``."""
    equivalent: bool = False
    """Whether the same is computed in another way: no graph is rewritten, and the injected tier is float64's."""


@dataclass(frozen=True)
class Plain:
    """Run a command unobserved, but for its weights, history and predictions."""


@dataclass(frozen=True)
class Check:
    """Run a command as its user does, for its exit status alone."""


MOST_SEEDS = 256
"""Other seeds that a model draws under at most."""


@dataclass(frozen=True)
class Seeds:
    """Draw under other seeds what a model draws before its first update."""

    count: int = MOST_SEEDS
    """How many."""
    passes: bool = False
    """Whether a script is run to the end of its first pass over the rows, and not to its first update."""


@dataclass(frozen=True)
class Script:
    """Run a recipe's text in front of a model's, in the place of a model file."""

    recipe: str
    model: str
    options: tuple[tuple[str, object], ...] = ()
    """Arguments of the model's function."""
    doings: tuple[str, ...] = ()
    """What is done in the process besides."""


@dataclass(frozen=True)
class Write:
    """Train a model, and write it in a format."""

    format: str
    artefact: str
    """The folder that is written."""


@dataclass(frozen=True)
class Read:
    """Read what another trial wrote."""

    format: str
    artefact: str
    """The folder that is read."""
    digest: str
    """SHA-256 of the folder's files as they were written."""
    writer: str
    """Key of the trial that wrote them."""


Pair = tuple[str, str]
"""What one thing is called in the baseline and in a candidate."""


@dataclass(frozen=True)
class FromStart:
    """Train a model from the start of the baseline's trial: its initial weights, draws and order of rows."""

    start: str
    """SHA-256 of what is handed over."""
    keep: tuple[str, ...] = ()
    """Stages of which all bytes are kept: ``start gradient@3``; sorted."""
    off: tuple[Pair, ...] = ()
    """Layers that are called with ``training=False``, since their draws can't be handed over: the path of each in the
    baseline, and the one that it has here; sorted."""
    handed: str = ""
    """The file that has it; empty while nobody runs the trial."""


@dataclass(frozen=True)
class Effects:
    """Call layers of a model again and again, to see what their draws do."""

    layers: tuple[str, ...]
    """Their paths, sorted."""


@dataclass(frozen=True)
class Rewrite:
    """Load a saved model, and write it in other formats."""


@dataclass(frozen=True)
class Reread:
    """Read a saved model in another way than its user does."""

    way: str
    rewritten: str = ""
    """SHA-256 of what a `Rewrite` wrote and is handed over; empty: the file is read as it is."""
    handed: str = ""
    """The file that has it; empty while nobody runs the trial."""


@dataclass(frozen=True)
class Ops:
    """Train one step from canonical state, or predict with a saved model, and record every op of it."""


@dataclass(frozen=True)
class Replay:
    """Execute each op that another trial recorded alone, on what it was given there."""

    recorded: str
    """SHA-256 of what is handed over: the ops, and the bytes of what they are given."""
    handed: str = ""
    """The file that has it; empty while nobody runs the trial."""
    skip: tuple[int, ...] = ()
    """The numbers of ops that are left out, since they end the process; sorted."""


@dataclass(frozen=True)
class Feed:
    """Record every op as `Ops` does, with what another trial recorded in the place of what some of them make."""

    recorded: str
    """SHA-256 of the other trial's ops as they are described."""
    fed: tuple[int, ...]
    """The numbers of those ops; sorted."""
    handed: str = ""
    """The file that has what they make; empty while nobody runs the trial."""


@dataclass(frozen=True)
class SingleOps:
    """Run one batch of one part of the atlas, each row alone on inputs that are the same in every release."""

    of: str
    """``ops``, ``keras`` for the classes and functions of ``tf.keras``, or ``behaviour`` for pieces of Python."""
    batch: int
    """Which one, from 0 on."""
    batches: int
    """How many there are."""


Work = (
    Train
    | Plain
    | Check
    | FromStart
    | Effects
    | Seeds
    | Script
    | Write
    | Read
    | Rewrite
    | Reread
    | Ops
    | Replay
    | Feed
    | SingleOps
)
"""What a trial does in its environment and mode."""


TRIAL, WITNESS, JITTER, PLAIN, START = "trial", "witness", "jitter", "plain", "start"
EQUIVALENT, SEEDS, KEPT, EFFECTS = "equivalent", "seeds", "kept", "effects"
REWRITTEN, WAY, OPS, REPLAY, FED = "rewritten", "way", "ops", "replay", "fed"
ENSEMBLE = "ensemble"
"""What a trial is for: to be compared; to repeat one in a fresh process; to measure the noise floor by one-ULP jitter;
to show that observing changes nothing; to show what a redraw hides; to measure the noise floor by another way to
compute the same; to draw under other seeds; to repeat one and keep more bytes; to show what layers do that draw
otherwise; to write a saved model in other formats; to read one in another way than its user does; to record single
ops; to replay those that were recorded; to record them with some fed; to train under another seed, which says how
large a change is."""


@dataclass(frozen=True)
class ExpectedTrial:
    """One trial that a question asks for."""

    cell: Cell
    role: str
    number: int
    """From 1 on, within its role; 0 where a role has but one."""
    seed: int
    hash_seed: str
    """PYTHONHASHSEED of the process that it is forked from, or that it is."""
    covers: tuple[tuple[str, str], ...]
    """Everything that may change its bits: what it is called, and its value or digest."""
    key: str
    """SHA-256 of what it covers."""
    work: Work = Train()
    start: Start = Start()
    lacking: str = ""
    """Why its machine can't run it, whatever its environment; empty where it can."""

    @property
    def name(self) -> str:
        """Return what this trial is called within its cell: ``trial-2``."""
        return f"{self.role}-{self.number}" if self.number else self.role

    @property
    def id(self) -> str:
        """Return its name among all trials: ``2.15.1/mlp/tf2 trial-2``."""
        return f"{self.cell.id} {self.name}"


OBSERVED, FAILED, CRASHED, TIMED_OUT = "observed", "failed", "crashed", "timed-out"
UNSUPPORTED, UNAVAILABLE, MISSING = "unsupported", "unavailable", "missing"
OUTCOMES = frozenset({OBSERVED, FAILED, CRASHED, TIMED_OUT, UNSUPPORTED})

PROBE_DIED = "probe"
"""Kind of the crash of a trial whose probe ended, or never came as far as to run it."""
CHANGED = "changed"
"""Kind of the crash of a trial whose files are not what its key covers any more."""
FROM_OUTSIDE = (PROBE_DIED, CHANGED, "SIGKILL", "SIGTERM", "SIGINT")
"""Kinds of a crash that may be somebody else's doing, a person's, or the system's for want of memory or disk.

Such a trial says nothing for certain of what it ran: it is run once more, and again by the next run.
"""
OVER_MEMORY = "memory"
"""Kind of the crash of a trial that was over its limit of memory."""
WANTING = (OVER_MEMORY, "MemoryError", "_ArrayMemoryError", "ResourceExhaustedError")
"""Kinds of what ends for want of memory or disk."""
WANTING_TEXTS = ("No space left on device", "Disk quota exceeded", "Cannot allocate memory", "std::bad_alloc")
"""Parts of what is told of such an end where its kind is another."""
NO_ANSWER = "answer"
"""Kind of the crash of a trial whose answer can't be one."""
"""What can become of a trial that was run."""


@dataclass(frozen=True)
class Trial:
    """What became of one execution of a cell."""

    key: str
    outcome: str
    id: str = ""
    """Its name among all trials: ``2.15.1/mlp/tf2 trial-2``."""
    covers: tuple[tuple[str, str], ...] = ()
    """What the key is the digest of: by this a stale trial says why it is stale."""
    trace: str | None = None
    """Digest of its trace, where it was observed."""
    read: Files = ()
    """What it read and imported besides its environment: it counts only while all of that is as it was."""
    outside: tuple[str, ...] = ()
    """Those of the paths that do not lie in the project."""
    notes: tuple[str, ...] = ()
    """Sentences about what it may have read that could not be seen."""
    kind: str = ""
    """Type of the exception, or name of the signal."""
    message: str = ""
    where: str = ""
    """Line of the model file."""
    traceback: str = ""
    output: str = ""
    """The last lines that it wrote."""
    seconds: float = 0.0
    peak_kib: int = 0

    @property
    def from_outside(self) -> bool:
        """Return whether something outside of it may have ended it, so that it says nothing of what it ran."""
        return self.outcome == CRASHED and self.kind in FROM_OUTSIDE

    @property
    def is_to_be_repeated(self) -> bool:
        """Return whether the next run is to run it again: it was ended from outside, or wanted memory or disk."""
        told = (self.message, self.traceback, self.output if self.outcome == CRASHED else "")
        wanted = self.kind in WANTING or any(text in part for part in told for text in WANTING_TEXTS)
        return self.from_outside or (self.outcome in (FAILED, CRASHED) and wanted)


class Fingerprint(NamedTuple):
    """One tensor of one trial: where in the chain it stands, and its digest."""

    tier: str
    stage: str
    """Full name: ``gradient@3/dense_1/kernel``."""
    digest: str


class Tensor(NamedTuple):
    """A tensor in canonical form: C order, little-endian."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes
    whole: bool = True
    """False where ``data`` is a sample of it, or no bytes of it were kept and ``data`` is empty."""


@dataclass(frozen=True)
class Machine:
    """What of the machine may change bits, and what else a reader wants to know of it."""

    cpu: str
    revision: str
    """Family, model, stepping and cache of the processor, as far as the kernel tells them."""
    flags: tuple[str, ...]
    """Instruction-set flags and the kernel's own, sorted."""
    architecture: str
    libc: str
    gpus: tuple[str, ...]
    kernel: str
    cores: int
    memory_gib: float


@dataclass(frozen=True)
class Rule:
    """One rule of a policy: where it holds, and what it says there; of several that hold, the last one counts."""

    model: str = ""
    """A model, a bare ``optimizers`` meaning every variant; empty for every model."""
    mode: str = ""
    """Empty for every mode."""
    stage: str = ""
    """A pattern such as ``injected/gradient`` or ``shuffle``; for a ratio also of full names, ``gradient@*/conv/*``."""
    dtype: str = ""
    """Of a ratio only: the dtype that it holds for; empty for every dtype."""
    ratio: float | None = None
    """How many times the noise floor still counts as rounding here; None where the rule is about levels."""
    levels: tuple[tuple[str, str], ...] = ()
    """Verdicts and what becomes of them here, ``pass``, ``warn`` or ``fail``; empty where it is about a ratio."""


@dataclass(frozen=True)
class Policy:
    """What counts as rounding, and which verdicts let a candidate pass: `[tool.tfmatrix.policy]`."""

    preset: str = "rounding"
    rounding_ratio: float | None = None
    """None for the default of the comparison."""
    rules: tuple[Rule, ...] = ()
