"""What the metadata says and what the tree holds are the same."""

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = [ROOT, *sorted(path.parent for path in ROOT.glob("addons/*/pyproject.toml"))]


def metadata(folder):
    return tomllib.loads((folder / "pyproject.toml").read_text())


def packages_below(folder, name):
    """Dotted names of all packages in a folder."""
    for init in folder.rglob("__init__.py"):
        yield ".".join((name, *init.parent.relative_to(folder).parts))


def test_the_list_of_packages_is_the_tree():
    tool = metadata(ROOT)["tool"]["setuptools"]
    found = [
        name
        for package, folder in tool["package-dir"].items()
        for name in packages_below(ROOT / folder, package)
    ]
    assert sorted(tool["packages"]) == sorted(found)


def test_platform_is_no_package_so_that_it_never_shadows_the_standard_library():
    assert not (ROOT / "platform" / "__init__.py").exists()
    import platform

    assert platform.system()


def test_the_import_rules_hold_for_every_distribution():
    roots = {path.parent.name for path in ROOT.glob("addons/*/talatat_*/__init__.py")} | {"talatat"}
    assert set(metadata(ROOT)["tool"]["importlinter"]["root_packages"]) == roots


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_a_distribution_is_described_and_builds_with_the_locked_setuptools(folder):
    project = metadata(folder)["project"]
    assert project["requires-python"] == ">=3.11"
    assert len(project["description"]) > 10
    assert (folder / project["readme"]).is_file()
    assert metadata(folder)["build-system"] == metadata(ROOT)["build-system"]


@pytest.mark.parametrize("folder", PROJECTS[1:], ids=lambda folder: folder.name)
def test_an_addon_is_one_distribution_named_alike(folder):
    project = metadata(folder)["project"]
    assert project["name"] == f"talatat-{folder.name}"
    points = project["entry-points"]["talatat.addons"]
    assert points == {folder.name: f"talatat_{folder.name}"}


def pins(kind):
    """Locked name -> list of versions."""
    found = {}
    for name, version in re.findall(
        r"^([\w.-]+)==([^ ;\\]+)", (ROOT / "requirements" / f"{kind}.txt").read_text(), re.MULTILINE
    ):
        found.setdefault(canonicalize_name(name), []).append(version)
    return found


def asked_for(kind):
    """What a lock has to hold: the lines of its .in and what the distributions require."""
    lines = (ROOT / "requirements" / f"{kind}.in").read_text().splitlines()
    yield from (Requirement(line) for line in lines if line and not line.startswith(("#", "-")))
    if kind == "uv":
        return
    own = {metadata(folder)["project"]["name"] for folder in PROJECTS}
    for folder in PROJECTS:
        project = metadata(folder)["project"]
        extra = (
            project.get("optional-dependencies", {}).get("testing", []) if kind == "test" else []
        )
        for line in [*project["dependencies"], *extra]:
            if Requirement(line).name not in own:
                yield Requirement(line)


@pytest.mark.parametrize("kind", ["uv", "serve", "test"])
def test_a_lock_holds_all_that_is_asked_for(kind):
    locked = pins(kind)
    for requirement in asked_for(kind):
        versions = locked.get(canonicalize_name(requirement.name), [])
        assert any(requirement.specifier.contains(v, prereleases=True) for v in versions), (
            f"requirements/{kind}.txt lacks {requirement}: run make deps"
        )


@pytest.mark.parametrize("kind", ["uv", "serve", "test"])
def test_a_lock_names_hashes_and_no_index_or_file(kind):
    text = (ROOT / "requirements" / f"{kind}.txt").read_text()
    assert not re.search(r"https?:|file:|--(extra-)?index|--find-links|--trusted", text)
    blocks = re.split(r"\n(?=\S)", text.strip())
    assert all("--hash=sha256:" in block for block in blocks if not block.startswith("#"))
    assert not (set(pins(kind)) & {metadata(folder)["project"]["name"] for folder in PROJECTS})


def test_the_lock_of_npm_holds_exact_versions_with_digests_and_no_address():
    folder = ROOT / "tests" / "clients"
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    packages = json.loads((folder / "package-lock.json").read_text())["packages"]
    assert packages.pop("")["dependencies"] == wanted
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name
    assert "omit-lockfile-registry-resolved=true" in (folder / ".npmrc").read_text()


def test_what_serves_is_locked_alike_for_the_tests():
    tested = pins("test")
    assert all(tested[name] == versions for name, versions in pins("serve").items())


def test_each_target_of_the_makefile_is_one_line():
    lines = (ROOT / "Makefile").read_text().splitlines()
    recipes = [index for index, line in enumerate(lines) if line.startswith("\t")]
    assert recipes
    assert not [index for index in recipes if index + 1 in recipes]


def test_no_file_names_a_host_of_packages_or_a_path_of_a_machine():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    names = [ROOT / name for name in listed.decode().split("\0") if name]
    words = "|".join(
        ("py" + r"pi\.org", "python" + "hosted", "npm" + r"js\.org", "/" + "root/", "/" + "work/")
    )
    wrong = []
    for path in names:
        if not path.is_file():
            continue
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        wrong += [f"{path}: {found[0]}" for found in re.finditer(words, text)]
    assert wrong == []


def test_the_locks_are_made_for_the_oldest_python_that_the_metadata_admits():
    source = (ROOT / "requirements" / "lock.py").read_text()
    oldest = metadata(ROOT)["project"]["requires-python"].removeprefix(">=")
    assert json.dumps(oldest) in source


def test_the_tests_of_a_group_are_given_to_one_worker(request):
    if "PYTEST_XDIST_WORKER" not in os.environ:
        pytest.skip("groups matter where several workers run")
    assert request.node.nodeid.endswith("@packaging")
