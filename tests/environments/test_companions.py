"""Which version of a companion goes with which TensorFlow, where the project does not say."""

from __future__ import annotations

import pytest

from tfmatrix.environments import companions


@pytest.mark.parametrize(
    ("requirements", "tensorflow", "fitting"),
    [
        (("tensorflow-probability",), "2.12.1", ["tensorflow-probability==0.20.*"]),
        (("TensorFlow_Probability",), "2.15.1", ["tensorflow-probability==0.23.*"]),
        (("tensorflow-probability",), "2.17.1", ["tensorflow-probability==0.24.*", "tf-keras"]),
        (("tensorflow-probability",), "2.21.0", ["tensorflow-probability==0.25.*", "tf-keras"]),
        (("tensorflow-probability", "tf-keras==2.16.0"), "2.16.2", ["tensorflow-probability==0.24.*"]),
        (("tensorflow-probability==0.22.0",), "2.15.1", []),
        (("tensorflow-addons", "pandas"), "2.9.3", ["tensorflow-addons==0.19.*"]),
        (("tensorflow-probability",), "1.15.5", ["tensorflow-probability==0.8.*"]),
        (("tensorflow-probability",), "2.7.4", ["tensorflow-probability==0.15.*"]),
        (("tensorflow-addons",), "2.4.4", ["tensorflow-addons==0.14.*"]),
        (("pandas",), "2.15.1", []),
    ],
)
def test_what_fits_is_asked_for_unless_the_project_says(
    requirements: tuple[str, ...], tensorflow: str, fitting: list[str]
) -> None:
    """A companion without a version gets that of the release, with what it needs besides; another is left alone."""
    assert list(companions.fitting(requirements, tensorflow)) == fitting
