"""The hash of a distribution: what is installed decides, not where and not how."""

import base64
import hashlib
import importlib

from talatat.evolution.desired.packages import hash_of


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
