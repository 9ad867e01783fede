"""The lock file beside the .ini: read again as it was written, and told where it parts."""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from talatat.evolution import lockfile
from talatat.evolution.canonical import digest
from talatat.evolution.desired.model import Desired
from talatat.evolution.graph import EvolutionError
from talatat.ini import Ini

SURFACE = {
    "addons": [{"name": "shop", "version": "1.1"}],
    "settings": {"shop.lamps": {"value": "secret"}},
    "api": {"paths": {}},
}
PACKAGES = {"shop": {"distribution": "acme-shop", "version": "1.1", "hash": "record:1"}}
DESIRED = Desired(SURFACE, PACKAGES, order=("shop",))
HEADS = {"shop": ["0002"], "gone": []}


@dataclass
class Release:
    number: int
    surface: Any


@dataclass
class Observed:
    release: Release | None


@pytest.fixture
def ini(tmp_path):
    return Ini(str(tmp_path / "site.ini"), "main", {})


def told(lock: Any, desired: Desired, release: Release | None = None) -> list[str]:
    return [
        f"{one.what}: {one.detail}"
        for one in lockfile.parted(lock, desired, Observed(release))  # type: ignore[arg-type]
    ]


def test_it_is_written_beside_the_ini_with_a_line_for_each_fact(ini, tmp_path):
    assert lockfile.read(ini) is None
    path = lockfile.write(ini, DESIRED, 7, HEADS)
    assert path == tmp_path / "site.lock"
    assert [one.name for one in tmp_path.iterdir()] == ["site.lock"]
    lock = lockfile.read(ini)
    assert lock == {
        "format": 1,
        "release": 7,
        "order": ["shop"],
        "packages": PACKAGES,
        "revisions": {"shop": ["0002"]},
        "settings": {"shop.lamps": "secret"},
        "api": digest(SURFACE["api"]),
        "surface": digest(SURFACE),
    }
    text = path.read_text()
    assert '\n      "hash": "record:1",\n' in text
    assert text == json.dumps(lock, indent=2, sort_keys=True) + "\n"


def test_another_section_of_the_ini_has_a_lock_of_its_own(ini, tmp_path):
    assert lockfile.path_of(replace(ini, section="small")) == tmp_path / "site.small.lock"


def test_a_lock_that_cannot_be_read_or_written_says_what_to_do(ini, tmp_path):
    path = tmp_path / "site.lock"
    for text in ("{", "[]", '{"format": 99}'):
        path.write_text(text)
        with pytest.raises(
            EvolutionError, match=r"Take it from version control again, or delete it"
        ):
            lockfile.read(ini)
    nowhere = Ini(str(tmp_path / "none" / "site.ini"), "main", {})
    with pytest.raises(EvolutionError, match="could not be written after applying"):
        lockfile.check(nowhere)
    with pytest.raises(EvolutionError, match="The database is at the composition all the same"):
        lockfile.write(nowhere, DESIRED, 7, HEADS)
    lockfile.check(ini)


def test_where_it_parts_from_what_is_installed_and_from_what_was_applied(ini):
    lockfile.write(ini, DESIRED, 7, HEADS)
    lock = lockfile.read(ini)
    here = Release(7, SURFACE)
    assert told(None, DESIRED) == []
    assert told(lock, DESIRED, here) == []
    changed = replace(DESIRED, packages={"shop": {**PACKAGES["shop"], "hash": "record:2"}})
    assert told(lock, changed, here) == [
        "acme-shop 1.1: other contents than the lock file has under this version"
    ]
    worked_at = replace(DESIRED, packages={"shop": {**PACKAGES["shop"], "hash": "files:2"}})
    assert told(lock, worked_at, here) == []
    newer = replace(
        DESIRED,
        surface={**SURFACE, "addons": []},
        packages={"shop": {**PACKAGES["shop"], "version": "1.2", "hash": "record:2"}},
    )
    assert (
        told(lock, newer, here) == []
    )  # what the release and the composition differ in is told there
    elsewhere = Release(3, {**SURFACE, "addons": [{"name": "shop", "version": "1.0"}]})
    package, whole = told(lock, newer, elsewhere)
    assert package == "acme-shop 1.2: the lock file has 1.1"
    assert whole.startswith("lock file: of release 7, which is neither wanted nor what was applied")
    assert told(lock, newer) == ["acme-shop 1.2: the lock file has 1.1"]


@pytest.mark.parametrize("packages", ["null", "[]", '{"shop": 3}'])
def test_a_lock_whose_packages_are_of_another_kind_is_told_with_what_mends_it(
    packages, ini, tmp_path
):
    (tmp_path / "site.lock").write_text(f'{{"format": 1, "packages": {packages}}}')
    with pytest.raises(EvolutionError, match=r"its packages are not what .* or delete it"):
        lockfile.read(ini)
