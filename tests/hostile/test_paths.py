"""Paths that climb out of where they belong: over the wire, in archive files and in plan files.

The platform has no route that takes a file: what comes in is JSON, whose type, size and depth are looked
at (test_bodies.py), and files to load, whose lines are bounded whatever they are packed with.
"""

import json
import os
import stat
import zipfile

import pytest

from talatat.cli.main import main
from talatat.evolution.archive.zipped import ArchiveFile, appearing, seal
from talatat.evolution.graph import EvolutionError
from talatat.testing import composed

END = " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
# Folders of files, and places that take a name: of a problem, an addon, a version, a row.
PLACES = ("/docs/assets/", "/accounts/assets/", "/static/talatat/", "/docs/problems/", "/api/", "/api/catalog/",
          "/api/catalog/v1/products/")  # fmt: skip
UP = {
    "plain dots": "../",
    "an encoded slash": "..%2f",
    "encoded dots": "%2e%2e/",
    "all encoded": "%2e%2e%2f",
    "all encoded in capitals": "%2E%2E%2F",
    "half encoded": ".%2e/",
    "encoded twice": "%252e%252e%252f",
    "back slashes": "..\\",
    "encoded back slashes": "..%5c",
    "mixed slashes": "..\\/",
    "four dots": "....//",
    "a parameter": "..;/",
    "an overlong slash": "..%c0%af",
    "an overlong dot": "%c0%ae%c0%ae/",
    "overlong in three bytes": "..%e0%80%af",
    "full-width dots": "%ef%bc%8e%ef%bc%8e/",
    "a slash of fractions": "..%e2%88%95",
    "a NUL in the dots": "..%00/",
    "a tab in the dots": ".%09./",
}
TARGETS = (
    "etc/passwd",
    "etc/passwd%00.css",
    "proc/self/environ",
    "web/api.py",
    "served.ini",
    "secret",
)
SHOWN = (b"root:", b"PYTHONUNBUFFERED", b"def includeme", b"[app:main]", b"a secret of tests")


@pytest.mark.parametrize("up", UP)
@pytest.mark.parametrize("place", PLACES)
def test_no_path_climbs_out_of_its_place(served, place, up):
    for target in TARGETS[:: 3 if place.startswith("/api") else 1]:
        for steps in (1, 2, 12):
            answer = served.send(f"GET {place}{UP[up] * steps}{target}{END}".encode())
            assert 400 <= answer.status < 500, (place, up, target, steps)
            assert not any(text in answer.body for text in SHOWN), (place, up, target)


ABSOLUTE = ("/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd", "file:///etc/passwd", "c:%5cwindows%5cwin.ini",
            "%5c%5chost%5cshare", "~root/.profile", "$HOME/.profile", "talatat.web:api.py",
            "talatat.web%3aapi.py", "docs.css/../../api.py", "docs.css%00", "docs.css.", "docs.css%20", "docs.css::$DATA",
            ".", "..", "", "%2e", "%00", "CON", "a" * 5000)  # fmt: skip


@pytest.mark.parametrize("place", PLACES[:4])
def test_no_name_is_that_of_a_file_elsewhere(served, place):
    for name in ABSOLUTE:
        answer = served.send(f"GET {place}{name}{END}".encode())
        assert answer.status in (200, 301, 302, 307, 308, 400, 404, 405, 414, 422), (
            name,
            answer.status,
        )
        assert not any(text in answer.body for text in SHOWN), name
        if answer.status == 200:  # the page of all problems is all that stands at an empty name
            assert (place, name) in {("/docs/problems/", ""), ("/docs/problems/", ".")}
        location = answer.headers.get("location", "")
        assert location.startswith(("http://a/", "/")) or not location
        assert not location.startswith(("//", "/\\"))


def test_a_folder_lists_nothing(served):
    for place in PLACES[:3]:
        for path in (place, place.rstrip("/")):
            assert served.send(f"GET {path}{END}".encode()).status in (301, 302, 308, 404)


def test_files_take_no_other_method_and_no_range_beyond_them(served):
    whole = served.get("/docs/assets/docs.css")
    assert whole.status == 200
    for method in ("PUT", "POST", "DELETE", "PATCH"):
        answer = served.send(f"{method} /docs/assets/docs.css{END}".encode())
        assert answer.status in (404, 405)
    for value in (
        "bytes=99999999-",
        "bytes=-99999999999",
        "bytes=5-1",
        "bytes=a-b",
        "bytes=0-0,1-1," * 500,
    ):
        head = END.replace("\r\n\r\n", f"\r\nRange: {value}\r\n\r\n")
        answer = served.send(f"GET /docs/assets/docs.css{head}".encode())
        assert answer.status in (200, 206, 400, 416)
        assert len(answer.body) <= len(whole.body)
    assert served.get("/docs/assets/docs.css").body == whole.body


NAMES = (
    "../../outside",
    "/tmp/outside",
    "..\\outside",
    "outside\0.jsonl",
    "rows/../../outside",
    "C:\\outside",
)


def hostile_archive(path, manifest, members=()):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("manifest.json", manifest)
        for name, data in members:
            file.writestr(zipfile.ZipInfo(name), data)
        link = zipfile.ZipInfo("rows/link.jsonl")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "/etc/passwd")
    seal(path)
    return path


@pytest.fixture(scope="module")
def shop():
    with composed(["catalog"]) as system:
        yield system


@pytest.mark.parametrize("name", NAMES)
def test_an_archive_writes_nothing_to_disk_whatever_its_members_are_called(
    shop, tmp_path, name, monkeypatch
):
    folder = tmp_path / "in" / "here"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    table = {
        "name": name, "kind": "table", "sql": f'CREATE TABLE "{name}" (id INTEGER)', "place": 0, "rows": 1,
        "checksum": "0" * 64, "columns": [], "key": [], "foreign_keys": [],
    }  # fmt: skip
    manifest = {
        "format": [1, 0], "id": "x", "addon": name, "version": "1", "distribution": name, "dialect": "sqlite",
        "heads": [name], "requires": [], "version_sql": [], "tables": [table], "parts": [], "ledger": [],
        "made_at": "2026-01-01T00:00:00Z", "platform": "1",
    }  # fmt: skip
    archive = hostile_archive(
        folder / "a.zip", json.dumps(manifest), [(name, b"x"), (f"rows/{name}", b"x")]
    )
    before = sorted(tmp_path.rglob("*"))
    assert main(["restore", shop.ini, str(archive)]) == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_a_manifest_that_unpacks_without_end_is_refused_in_little_memory(tmp_path):
    bomb = hostile_archive(tmp_path / "bomb.zip", b" " * (65 << 20))
    assert bomb.stat().st_size < 1 << 20
    with pytest.raises(EvolutionError, match=r"manifest\.json is larger than"):
        ArchiveFile(bomb)


def test_a_file_is_not_written_through_a_link_that_somebody_put_there(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    target = tmp_path / "new.zip"
    tmp_path.joinpath(f".new.zip.{os.getpid()}.part").symlink_to(precious)
    with appearing(target) as draft:
        draft.write_text("archived")
    assert precious.read_text() == "mine"
    assert target.read_text() == "archived"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        '{"kind": "apply", "ini": "/etc/passwd"}',
        "\0",
        "../../x",
    ],
)
def test_a_file_that_is_no_plan_runs_nothing(shop, tmp_path, text, capsys):
    plan = tmp_path / "a.plan"
    plan.write_text(text)
    assert main(["apply", shop.ini, str(plan), "--yes"]) == 1
    assert "cannot be read as a plan" in capsys.readouterr().err
