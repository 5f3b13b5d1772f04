"""Names that are looked up in Keras: a slip is told from what only another release has."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from .adopted import names, networks, optimizers, outcomes


class Adam:
    """An optimizer."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def get_config(self) -> dict[str, Any]:
        """Return what it was made with."""
        return self.settings


@pytest.fixture(autouse=True)
def _keras(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a release with one optimizer, a module beside it, and one loss."""

    def get(name: str) -> Any:
        if name != "mse":
            raise ValueError(f"Unknown loss function: {name}. Please ensure you are using a custom_object_scope")
        return len

    keras = SimpleNamespace(
        optimizers=SimpleNamespace(Adam=Adam, schedules=ModuleType("schedules")), losses=SimpleNamespace(get=get)
    )
    for module in (networks, optimizers):
        monkeypatch.setattr(module, "tf", SimpleNamespace(keras=keras))


def model(tmp_path: Any, **names_: Any) -> ModuleType:
    """Return a model file's module with these names, which stand on lines of their own."""
    module = ModuleType("m")
    module.__file__ = str(tmp_path / "m.py")
    (tmp_path / "m.py").write_text("".join(f"\n{name} = {value!r}" for name, value in names_.items()))
    module.__dict__.update(names_)
    return module


def make(tmp_path: Any, name: str, maker: str = "tf.keras.optimizers", **settings: Any) -> Any:
    """Make the optimizer of a model."""
    specification = {"name": name, "learning_rate": 0.1, **settings}
    return optimizers.make(maker, model(tmp_path, OPTIMIZER=specification), dict)


MAKERS = pytest.mark.parametrize("maker", list(optimizers.MAKERS))


def test_what_a_release_has_is_made(tmp_path: Any) -> None:
    """An optimizer of the release is made with its settings."""
    assert make(tmp_path, "Adam").settings == {"learning_rate": 0.1}


@MAKERS
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("adam", "did you mean 'Adam'?"),
        ("RMSProp", "did you mean 'RMSprop'?"),
        ("Sdg", "did you mean 'SGD'?"),
        ("Adamm", "did you mean 'Adam'?"),
        ("x", "there are Adadelta, Adafactor, Adagrad, "),
    ],
)
def test_an_optimizer_that_no_release_has_is_a_slip(tmp_path: Any, maker: str, name: str, told: str) -> None:
    """The model is at fault, in every mode, with file and line and the nearest name."""
    with pytest.raises(outcomes.BadModel) as raised:
        make(tmp_path, name, maker)
    assert str(raised.value).startswith(f"m.py, line 2: tf.keras.optimizers has no {name!r}; {told}")


def test_what_is_no_optimizer_is_a_slip(tmp_path: Any) -> None:
    """A name of the module that is not that of a class is none of an optimizer."""
    with pytest.raises(outcomes.BadModel, match=r"tf\.keras\.optimizers has no 'schedules'"):
        make(tmp_path, "schedules")


@MAKERS
def test_an_optimizer_of_another_release_is_unsupported(tmp_path: Any, maker: str) -> None:
    """What only a later release has is no fault of the model's."""
    with pytest.raises(outcomes.Unsupported, match="AdamW"):
        make(tmp_path, "AdamW", maker)


def test_a_setting_that_no_optimizer_has_is_a_slip(tmp_path: Any) -> None:
    """In a graph, where settings are renamed, a slip is told from what the counterpart lacks."""
    with pytest.raises(outcomes.BadModel, match=r"Adam has no 'beta1'; did you mean 'beta_1'\?"):
        make(tmp_path, "Adam", "tf.compat.v1.train", beta1=0.5)
    with pytest.raises(outcomes.Unsupported, match="AdamOptimizer has no amsgrad"):
        make(tmp_path, "Adam", "tf.compat.v1.train", amsgrad=True)


def test_a_loss_by_its_name(tmp_path: Any) -> None:
    """A loss is the release's, or another's, or nobody's."""
    assert networks.loss_of(model(tmp_path, LOSS="mse")) is len
    with pytest.raises(
        outcomes.BadModel, match=r"m\.py, line 2: tf\.keras\.losses has no 'mse_'; did you mean 'mse'\?"
    ):
        networks.loss_of(model(tmp_path, LOSS="mse_"))
    with pytest.raises(outcomes.Unsupported, match=r"this release has no tf\.keras\.losses\.dice"):
        networks.loss_of(model(tmp_path, LOSS="dice"))


def test_every_name_is_listed_once() -> None:
    """The lists are sorted sets of names, and what a counterpart or its slots are known of is among them."""
    for listed in (names.OPTIMIZERS, names.SETTINGS, names.LOSSES):
        assert list(listed) == sorted(set(listed))
    assert {*optimizers.V1, *optimizers.SLOTS} <= set(names.OPTIMIZERS)
