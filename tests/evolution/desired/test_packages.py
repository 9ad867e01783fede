"""The hash of a distribution: what is installed decides, not where and not how."""

import base64
import hashlib
import importlib
import json

import pytest

from talatat.errors import CompositionError
from talatat.evolution import lockfile
from talatat.evolution.desired.packages import content_of, hash_of
from talatat.process import verify_packages
from talatat.testing import composed


def install(folder, package: str, text: str, *, installer: str = "pip") -> None:
    """A wheel's files as an installer leaves them."""
    folder.mkdir()
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir()
    (folder / package).mkdir()
    files = {
        f"{package}/__init__.py": text,
        f"{info.name}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n",
        f"{info.name}/INSTALLER": installer,
        f"../../bin/{package}": f"#!{folder}/python",
    }
    lines = [f"{info.name}/RECORD,,"]
    for name, content in files.items():
        if not name.startswith(".."):
            (folder / name).write_text(content)
        raw = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest())
        lines.append(f"{name},sha256={raw.decode().rstrip('=')},{len(content)}")
    (info / "RECORD").write_text("\n".join(lines) + "\n")
    importlib.invalidate_caches()


def test_the_same_wheel_has_the_same_hash_wherever_it_is_installed(tmp_path, monkeypatch):
    hashes = []
    for number, text in enumerate(("x = 1\n", "x = 1\n", "x = 2\n")):
        folder = tmp_path / f"site{number}"
        install(folder, "hashed_addon", text, installer=f"pip {number}")
        with monkeypatch.context() as patch:
            patch.syspath_prepend(str(folder))
            hashes.append(hash_of("hashed_addon", ("hashed_addon",)))
    assert hashes[0] == hashes[1] != hashes[2]


def test_without_a_record_the_files_are_read_but_no_caches(addons):
    package = addons.write("plain", {"data/words.txt": "one"})
    first = hash_of("no-such-distribution", (package,))
    cache = addons.folder / package / "__pycache__"
    cache.mkdir()
    (cache / "x.pyc").write_bytes(b"0")
    assert hash_of("no-such-distribution", (package,)) == first
    addons.write("plain", {"data/words.txt": "two"})
    assert hash_of("no-such-distribution", (package,)) != first


def test_an_addon_may_be_one_module(addons):
    path = addons.folder / f"{addons.prefix}_single.py"
    path.write_text("def includeme(config): pass\n")
    importlib.invalidate_caches()
    first = hash_of("none", (path.stem,))
    path.write_text("def includeme(config): return 1\n")
    assert hash_of("none", (path.stem,)) != first


@pytest.fixture
def installed(tmp_path, monkeypatch):
    folder = tmp_path / "site"
    install(folder, "hashed_addon", "def includeme(config): pass\n")
    monkeypatch.syspath_prepend(str(folder))
    return folder / "hashed_addon"


def test_the_files_that_are_not_as_they_were_installed_are_named(installed):
    untouched = content_of("hashed_addon", ("hashed_addon",))
    assert (untouched.kind, untouched.altered) == ("record", {})
    (installed / "__init__.py").write_text("x = 3\n")
    (installed / "beside.py").write_text("x = 4\n")
    (installed / "__pycache__").mkdir()
    (installed / "__pycache__" / "beside.cpython-311.pyc").write_bytes(b"0")
    (installed.parent / "hashed_addon-1.0.dist-info" / "METADATA").unlink()
    touched = content_of("hashed_addon", ("hashed_addon",))
    assert touched.altered == {
        "hashed_addon/__init__.py": "changed",
        "hashed_addon/beside.py": "added",
        "hashed_addon-1.0.dist-info/METADATA": "missing",
    }
    assert touched.hash != untouched.hash


def test_a_hash_is_that_of_the_files_not_of_what_record_says(installed):
    before = hash_of("hashed_addon", ("hashed_addon",))
    (installed / "__init__.py").write_text("x = 5\n")
    after = hash_of("hashed_addon", ("hashed_addon",))
    assert before != after
    (installed / "__init__.py").write_text("def includeme(config): pass\n")
    assert hash_of("hashed_addon", ("hashed_addon",)) == before


@pytest.mark.parametrize("locked", [True, False])
def test_a_start_looks_at_packages_and_logs_or_stops(installed, locked, caplog):
    with composed(["hashed_addon"]) as system:
        composition = system.system.composition
        if locked:
            content = content_of("hashed_addon", ("hashed_addon",))
            one = {"version": "1.0", "hash": content.hash}
            document = {"format": 1, "packages": {"hashed_addon": one}}
            lockfile.path_of(composition.ini).write_text(json.dumps(document))
        verify_packages(composition, "stop")
        assert caplog.messages == []
        (installed / "__init__.py").write_text("def includeme(config): return 1\n")
        verify_packages(composition, "ignore")
        verify_packages(composition, "log")
        (line,) = caplog.messages
        assert "hashed_addon/__init__.py (changed)" in line
        with pytest.raises(CompositionError, match=r"hashed_addon/__init__\.py .changed"):
            verify_packages(composition, "stop")
