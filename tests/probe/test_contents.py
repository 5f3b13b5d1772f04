"""What a saved model is, told by its bytes: its format, and one sentence for each that is none or not whole."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from .adopted import contents, outcomes

LAMBDA_2 = {"class_name": "Lambda", "config": {"name": "twice", "function": ["4wEA", None, None]}}
LAMBDA_3 = {"class_name": "Lambda", "config": {"name": "l", "function": {"class_name": "__lambda__", "config": {}}}}
NAMED = {"class_name": "Lambda", "config": {"name": "l", "function": "twice", "function_type": "function"}}
GADGET = {"module": "os", "class_name": "function", "config": "system", "registered_name": "function"}


def keras(path: Path, config: Any = None, **more: Any) -> Path:
    """Write an archive as Keras does, with a description."""
    with zipfile.ZipFile(path, "w", **more) as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps(config or {"class_name": "Sequential"}))
    return path


def refused(path: Path) -> str:
    """Return the sentence that a file is refused with."""
    with pytest.raises(outcomes.BadModel) as caught:
        contents.format_of(str(path))
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("a.bin", b"\x89HDF\r\n\x1a\n...", "h5"),
        ("a.keras", b"\x89HDF\r\n\x1a\n...", "h5"),
        ("a.h5", b"\x1c\0\0\0TFL3...", "tflite"),
        ("a.pb", b"\x0a\x05...", "graph"),
    ],
)
def test_a_format_is_told_by_content_and_not_by_suffix(tmp_path: Path, name: str, content: bytes, form: str) -> None:
    """What a file is called is the user's business."""
    (tmp_path / name).write_bytes(content)
    assert contents.format_of(str(tmp_path / name)) == form


def test_an_archive_a_folder_and_a_meta_graph_have_their_formats(tmp_path: Path) -> None:
    """Each by what belongs to it."""
    assert contents.format_of(str(keras(tmp_path / "m.zip"))) == "keras"
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01\x12")
    assert contents.format_of(str(tmp_path)) == "saved-model"
    for name in ("g.meta", "g.index"):
        (tmp_path / name).write_bytes(b"\x0a\x01")
    assert contents.format_of(str(tmp_path / "g.meta")) == "meta-graph"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a", "is a pointer of Git LFS"),
        (b"", "is empty"),
        (b"\x80\x04\x95", "is a pickle, which is never loaded"),
        (b"\x1f\x8b\x08", "is compressed by gzip"),
        (b"\x08\x01\x12\x05", "name the folder that it lies in"),
        (b"<!DOCTYPE html>", "is of no format that is read"),
        (b"PK\x03\x04 and no more", "is cut off or damaged"),
    ],
)
def test_what_is_no_model_file_is_told_in_a_sentence(tmp_path: Path, content: bytes, told: str) -> None:
    """It begins with the file's name."""
    (tmp_path / "m.keras").write_bytes(content)
    assert refused(tmp_path / "m.keras").startswith("m.keras ")
    assert told in refused(tmp_path / "m.keras")


def test_folders_and_checkpoints_that_are_no_models_say_what_is_missing(tmp_path: Path) -> None:
    """A folder without a model, a checkpoint without its graph, and a graph without its checkpoint."""
    assert "without a saved_model.pb" in refused(tmp_path)
    (tmp_path / "g.meta").write_bytes(b"\x0a\x01")
    assert "beside it is no g.index" in refused(tmp_path / "g.meta")
    (tmp_path / "g.index").write_bytes(b"")
    (tmp_path / "g").write_bytes(b"")
    assert "name its meta graph, g.meta" in refused(tmp_path / "g")


def test_an_archive_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    """Its list of members comes last."""
    whole = keras(tmp_path / "m.keras").read_bytes()
    (tmp_path / "m.keras").write_bytes(whole[:-30])
    assert "is cut off or damaged" in refused(tmp_path / "m.keras")


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    """It has no description of a model."""
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("weights.npy", "")
    assert "without a config.json" in refused(tmp_path / "m.keras")


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    """One flag of a member says so."""
    content = bytearray(keras(tmp_path / "m.keras").read_bytes())
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(sign)
        content[start + at] |= 1
    (tmp_path / "m.keras").write_bytes(content)
    assert "is encrypted" in refused(tmp_path / "m.keras")


def test_an_archive_that_would_not_end_when_unpacked_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size is known before anything of it is unpacked."""
    monkeypatch.setattr(contents, "UNPACKED", 1 << 16)
    path = keras(tmp_path / "m.keras", {"x": "0" * (1 << 22)}, compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size * contents.TIMES < 1 << 22
    assert "bytes unpacked" in refused(path)


@pytest.mark.parametrize(("config", "what"), [(LAMBDA_2, "Lambda layer, twice"), (LAMBDA_3, "the code of a lambda")])
def test_code_in_a_description_is_not_run(tmp_path: Path, config: Any, what: str) -> None:
    """However deep it lies; without the user's word it is refused before anything is loaded."""
    path = str(keras(tmp_path / "m.keras", {"config": {"layers": [{"config": {"layer": config}}]}}))
    with pytest.raises(outcomes.BadModel, match=what):
        contents.require_no_code(path, contents.config_of(path, "keras"), "")


@pytest.mark.parametrize("config", [NAMED, {"class_name": "Dense", "config": {}}, {"module": "m", "class_name": "Own"}])
def test_a_name_is_no_code(config: Any) -> None:
    """Neither a function's, which the user's module has to have, nor a class's."""
    contents.require_no_code("m.keras", {"layers": [config]}, "")


def test_a_function_of_another_package_is_code() -> None:
    """One of Keras's and one of the user's own module may be named."""
    with pytest.raises(outcomes.BadModel, match=r"the function os\.system"):
        contents.require_no_code("m.keras", [GADGET], "mine.classes")
    for module in ("keras.src.activations", "mine.functions"):
        contents.require_no_code("m.keras", [{**GADGET, "module": module}], "mine.classes")


@pytest.mark.parametrize(("text", "told"), [("{", "is no JSON"), ("[" * 100_000, "is no JSON")])
def test_a_description_that_is_no_json_is_refused(tmp_path: Path, text: str, told: str) -> None:
    """However deep."""
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("config.json", text)
    with pytest.raises(outcomes.BadModel, match=told):
        contents.config_of(str(tmp_path / "m.keras"), "keras")


def test_a_description_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more of it is unpacked than a description may have."""
    monkeypatch.setattr(contents, "CONFIG", 10)
    path = str(keras(tmp_path / "m.keras", {"x": "0" * 100}))
    with pytest.raises(outcomes.BadModel, match="more than 10 bytes"):
        contents.config_of(path, "keras")
