"""What an index offers, beside locks and catalogue; no index is asked, but for uv's word on which they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from pypi_simple import NoSuchProjectError, ProjectPage, PyPISimple, UnsupportedContentTypeError

from tfmatrix.environments import locks, offered
from tfmatrix.environments.offered import Uploaded, Wheel, indexes, offers, versions_of, wheels_of
from tfmatrix.errors import Unavailable, UserError

Index = Callable[..., None]
LINUX = "manylinux_2_17_x86_64.manylinux2014_x86_64"


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Index:
    """Return a function that has indexes offer packages: each address with versions, and their Pythons."""

    def offering(**packages: Mapping[str, tuple[str, ...]]) -> None:
        def ask(address: str, package: str) -> list[Wheel]:
            found = packages.get(package.replace("-", "_"), {}) if address == "https://index.test/simple" else {}
            return [Wheel(version, python) for version, pythons in found.items() for python in pythons]

        monkeypatch.setattr(offered, "wheels_of", ask)
        monkeypatch.setattr(
            offered, "indexes", lambda _: ("https://a:b@extra.test/simple", "https://index.test/simple")
        )

    monkeypatch.setattr(locks, "OWN_LOCKS", tmp_path / "own")
    return offering


def lock(folder: Path, *names: str) -> None:
    """Write lock files."""
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / f"{name}.txt").write_text("", encoding="utf-8")


def test_what_is_offered_is_put_beside_locks_and_catalogue(index: Index, tmp_path: Path) -> None:
    """Newest first by version and not by text, the nightly builds by their newest alone."""
    index(
        tensorflow_cpu={"2.9.3": ("3.10", "3.9"), "2.15.1": ("3.11",), "2.22.0rc0": ("3.10",), "2.10.1": ("",)},
        tf_nightly_cpu={"2.23.0.dev20260101": ("3.12",), "2.23.0.dev20260102": ("3.12", "3.13")},
    )
    lock(tmp_path / "own", "tensorflow-cpu-2.9.3-py310", "tensorflow-cpu-2.7.0-py39", "tensorflow-2.15.1-py310")
    lock(tmp_path / "locks", "tensorflow-cpu-2.9.3+keras-2.9.0-py39", "tensorflow-cpu-2.15.1-py311", "readme")
    found = offers("tensorflow-cpu", tmp_path)
    assert [(one.package, one.version, one.kind) for one in found.offers] == [
        ("tf-nightly-cpu", "2.23.0.dev20260102", "nightly"),
        ("tensorflow-cpu", "2.22.0rc0", "pre-release"),
        ("tensorflow-cpu", "2.15.1", "final"),
        ("tensorflow-cpu", "2.10.1", "final"),
        ("tensorflow-cpu", "2.9.3", "final"),
    ]
    by_version = {one.version: one for one in found.offers}
    assert by_version["2.9.3"].pythons == by_version["2.9.3"].locked_for == ("3.9", "3.10")
    assert by_version["2.10.1"].pythons == ()
    assert {version for version, one in by_version.items() if one.is_known} == {"2.9.3", "2.15.1", "2.10.1"}
    assert (found.newest_locked, found.gone, found.index) == ("2.15.1", ("2.7.0",), "index.test")
    assert [one.version for one in found.newer] == ["2.23.0.dev20260102", "2.22.0rc0"]
    assert json.loads(json.dumps(found.to_json()))["newer"] == ["tf-nightly-cpu 2.23.0.dev20260102",
                                                                "tensorflow-cpu 2.22.0rc0"]  # fmt: skip


def test_a_nightly_build_that_is_locked_counts(index: Index, tmp_path: Path) -> None:
    """What is older than it is not newer than every lock."""
    index(tensorflow_cpu={"2.22.0rc0": ("3.10",)}, tf_nightly_cpu={"2.23.0.dev20260101": ("3.12",)})
    lock(tmp_path / "locks", "tf-nightly-cpu-2.23.0.dev20260101-py312")
    found = offers("tensorflow-cpu", tmp_path)
    assert (found.newest_locked, found.newer) == ("2.23.0.dev20260101", ())
    assert found.offers[0].locked_for == ("3.12",)


def test_without_a_lock_everything_is_newer(index: Index, tmp_path: Path) -> None:
    """And without nightly builds there is none."""
    index(tensorflow={"2.9.3": ("3.10",)})
    found = offers("tensorflow", tmp_path)
    assert (found.newest_locked, [one.version for one in found.newer]) == ("", ["2.9.3"])


def test_an_index_without_it_is_told(index: Index, tmp_path: Path) -> None:
    """It is no empty list, which would look like nothing new; passwords are not told."""
    index(tf_nightly_cpu={"2.23.0.dev20260101": ("3.12",)})
    with pytest.raises(Unavailable, match=r"^extra\.test, index\.test has no tensorflow-cpu for Linux"):
        offers("tensorflow-cpu", tmp_path)


def test_the_first_index_that_has_it_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As uv takes it: what the others have is not looked at."""
    monkeypatch.setattr(offered, "indexes", lambda _: ("https://one.test", "https://another.test"))
    monkeypatch.setattr(offered, "wheels_of", lambda address, _: [Wheel(f"2.{len(address)}.0", "3.10")])
    found = offers("tensorflow-cpu", tmp_path)
    assert (found.index, {one.version for one in found.offers}) == ("one.test", {"2.16.0"})


def test_a_distribution_that_is_none_is_refused(index: Index, tmp_path: Path) -> None:
    """Whether the index has it or not: no environment could be made of it."""
    index(tensorflow_gpu={"2.9.3": ("3.10",)})
    with pytest.raises(UserError, match="'tensorflow-gpu' is not one of tensorflow-cpu, tensorflow"):
        offers("tensorflow-gpu", tmp_path)


@pytest.mark.parametrize(
    ("variables", "configuration", "addresses"),
    [
        ({}, "", ("https://pypi.org/simple",)),
        ({"UV_DEFAULT_INDEX": "https://u:p@mirror.test/simple"}, "", ("https://u:p@mirror.test/simple",)),
        ({"UV_INDEX": "https://extra.test/simple"}, "", ("https://extra.test/simple", "https://pypi.org/simple")),
        ({}, "index-url = 'https://file.test/simple'\n", ("https://file.test/simple",)),
    ],
)
def test_the_indexes_are_those_of_uv(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    configuration: str,
    addresses: tuple[str, ...],
) -> None:
    """By its variables and the files of the project's folder; the default one comes last."""
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "uv.toml").write_text(configuration, encoding="utf-8")
    assert indexes(tmp_path) == addresses


def test_where_uv_uses_no_index_none_is_asked(tmp_path: Path) -> None:
    """One sentence says so."""
    (tmp_path / "uv.toml").write_text("no-index = true\n", encoding="utf-8")
    with pytest.raises(Unavailable, match="uv is set to use no package index"):
        indexes(tmp_path)


def page(*files: str, yanked: str = "") -> ProjectPage:
    """Return what an index answers."""
    links = [f'<a href="{name}"{" data-yanked" if name == yanked else ""}>{name}</a>' for name in files]
    return ProjectPage.from_html("tensorflow-cpu", "\n".join(links), "https://index.test/")


def test_files_are_those_for_linux_that_were_not_yanked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other systems', source archives and what is no wheel are left out."""
    names = [f"tensorflow_cpu-2.9.{n}-cp3{n}-cp3{n}-{LINUX}.whl" for n in (8, 9, 10)]
    others = [
        "tensorflow_cpu-2.9.3-cp310-cp310-win_amd64.whl",
        "tensorflow_cpu-2.9.3-cp39-cp39-macosx_10_14_x86_64.whl",
    ]
    more = ["tensorflow_cpu-1.0.tar.gz", "tensorflow_cpu-x.whl", "tensorflow_cpu-3.0-py3-none-any.whl", "a.txt"]
    answer = page(*names, *others, *more, yanked=names[1])
    monkeypatch.setattr(PyPISimple, "get_project_page", lambda *_, **__: answer)
    found = wheels_of("https://index.test/simple", "tensorflow-cpu")
    assert set(found) == {Wheel("2.9.8", "3.8"), Wheel("2.9.10", "3.10"), Wheel("3.0", "")}


def answering(status: int) -> requests.HTTPError:
    """Return the error of an answer with a status."""
    response = requests.Response()
    response.status_code = status
    return requests.HTTPError(response=response)


FAILURES: dict[str, tuple[Exception, str]] = {
    "offline": (requests.ConnectionError("HTTPSConnectionPool(...) Max retries"), "it cannot be reached"),
    "slow": (requests.ReadTimeout(), "it did not answer within 30 s"),
    "certificate": (requests.exceptions.SSLError(), "its certificate is not trusted"),
    "refused": (answering(403), "it answers 403"),
    "a folder": (requests.exceptions.InvalidSchema(), "it is no web address, and only those are asked"),
    "no index": (UnsupportedContentTypeError("u", "image/png"), "its answer is not that of a package index"),
    "no JSON": (ValueError("3 validation errors"), "its answer is not that of a package index"),
}


@pytest.mark.parametrize(("error", "said"), FAILURES.values(), ids=FAILURES)
def test_an_index_that_cannot_be_asked_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    """It names the host without its password, and what went wrong."""

    def fail(*_: Any, **__: Any) -> ProjectPage:
        raise error

    monkeypatch.setattr(PyPISimple, "get_project_page", fail)
    with pytest.raises(Unavailable) as told:
        wheels_of("https://me:secret@index.test/simple", "tensorflow-cpu")
    assert str(told.value).startswith(f"the package index index.test cannot be asked for tensorflow-cpu: {said}; ")
    assert "secret" not in str(told.value)


def test_a_package_that_an_index_does_not_have_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next index is asked."""

    def fail(*_: Any, **__: Any) -> ProjectPage:
        raise NoSuchProjectError("tensorflow-cpu", "https://index.test/simple/tensorflow-cpu/")

    monkeypatch.setattr(PyPISimple, "get_project_page", fail)
    assert wheels_of("https://index.test/simple", "tensorflow-cpu") == ()


@pytest.mark.parametrize(("own", "expected"), [(None, "/certificates.pem"), ("/own.pem", True)])
def test_certificates_that_uv_trusts_are_trusted(
    monkeypatch: pytest.MonkeyPatch, own: str | None, *, expected: str | bool
) -> None:
    """Requests has a variable of its own, which comes first."""
    seen = []

    def ask(self: PyPISimple, *_: Any, **__: Any) -> ProjectPage:
        seen.append(self.s.verify)
        return page()

    monkeypatch.setattr(PyPISimple, "get_project_page", ask)
    monkeypatch.setenv("SSL_CERT_FILE", "/certificates.pem")
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    if own:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", own)
    assert wheels_of("https://index.test/simple", "tensorflow-cpu") == []
    assert seen == [expected]


def test_every_version_of_a_package_is_told_with_its_pythons(index: Index, tmp_path: Path) -> None:
    """Of any package, the oldest first by version; an empty Python stands for all."""
    index(keras={"3.10.0": ("",), "3.9.2": ("",), "3.9.0rc1": ("3.10", "3.9")})
    found = versions_of("keras", tmp_path)
    assert list(found) == ["3.9.0rc1", "3.9.2", "3.10.0"]
    assert (set(found["3.9.0rc1"].pythons), found["3.10.0"].pythons) == ({"3.9", "3.10"}, ("",))


def test_a_package_that_no_index_has_is_told(index: Index, tmp_path: Path) -> None:
    """It is no empty list of versions."""
    index(keras={"3.10.0": ("",)})
    with pytest.raises(Unavailable, match=r"^extra\.test, index\.test has no tf-nightly-cpu for Linux"):
        versions_of("tf-nightly-cpu", tmp_path)


def test_of_a_version_it_is_told_when_its_first_wheel_was_uploaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In UTC, whatever zone an index writes; where it tells no time, none is made up."""
    files = {
        "keras_nightly-3.6.0.dev1-py3-none-any.whl": "2024-10-16T05:00:00.5+02:00",
        "keras_nightly-3.6.0.dev1-cp310-none-any.whl": "2024-10-16T03:00:01Z",
        "keras_nightly-3.6.0.dev2-py3-none-any.whl": None,
    }

    def ask(self: PyPISimple, package: str, **_: Any) -> ProjectPage:
        of = [
            {"filename": name, "url": name, "hashes": {}, **({"upload-time": when} if when else {})}
            for name, when in files.items()
        ]
        meta = {"api-version": "1.1"}
        return ProjectPage.from_json_data(
            {"name": package, "files": of, "meta": meta, "versions": []}, "https://i.test/"
        )

    monkeypatch.setattr(offered, "indexes", lambda _: ("https://i.test/simple",))
    monkeypatch.setattr(PyPISimple, "get_project_page", ask)
    found = versions_of("keras-nightly", tmp_path)
    assert found["3.6.0.dev1"] == Uploaded(("", "3.10"), "2024-10-16T03:00:00+00:00")
    assert found["3.6.0.dev2"] == Uploaded(("",), "")
