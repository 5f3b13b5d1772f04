"""Write what Keras has in two releases, both of them: ``python tests/reference/listing.py .nox``.

The folder is the one in which nox makes environments. `keras_classes.json` gets the names of every layer, initializer,
loss, metric, optimizer, activation, regularizer and constraint that exists in 2.9 and in 2.21.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

RELEASES = ("2.9.3", "2.21.0")
FILE = Path(__file__).with_name("keras_classes.json")

PROGRAM = """
import inspect, json, tensorflow as tf
keras, found = tf.keras, {}
classes = {
    "layers": keras.layers.Layer, "initializers": keras.initializers.Initializer, "losses": keras.losses.Loss,
    "metrics": keras.metrics.Metric, "optimizers": keras.optimizers.Optimizer,
    "regularizers": keras.regularizers.Regularizer, "constraints": keras.constraints.Constraint,
}
for place, base in classes.items():
    named = {n: one for n, one in vars(getattr(keras, place)).items() if inspect.isclass(one) and issubclass(one, base)}
    # Of several names for one class only its own counts.
    found[place] = sorted({one.__name__ if one.__name__ in named else name for name, one in named.items()})
found["activations"] = sorted(
    name for name, one in vars(keras.activations).items()
    if inspect.isfunction(one) and not name.startswith("_") and name not in ("get", "serialize", "deserialize")
)
print(json.dumps(found))
"""


def names(python: Path) -> dict[str, list[str]]:
    """Return what Keras has in one release, by the module that has it."""
    process = subprocess.run([str(python), "-c", PROGRAM], capture_output=True, text=True, check=True)
    found: dict[str, list[str]] = json.loads(process.stdout.splitlines()[-1])
    return found


def main(environments: Path) -> None:
    """Write the names that both releases have."""
    old, new = (names(environments / f"tensorflow-cpu-{release}-py310" / "bin" / "python") for release in RELEASES)
    both = {place: [name for name in found if name in new[place]] for place, found in old.items()}
    FILE.write_text(json.dumps(both, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
