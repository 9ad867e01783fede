"""Many at once, against a served process on PostgreSQL: the feed misses nothing."""

import http.client
import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from attacking.served import serving
from fuzzing.shop import ADDONS, SETTINGS

from talatat.testing import composed
from talatat_accounts.bootstrap import ensure_admin

CATEGORIES = "/api/catalog/v1/categories"
WRITERS, WRITES = 20, 8


@pytest.fixture(scope="module")
def crowded(postgresql_server, tmp_path_factory):
    url = postgresql_server.create_database()
    with composed(ADDONS, settings=SETTINGS, url=url) as system:
        admin = ensure_admin(system.system)
        text = Path(system.ini).read_text()
    folder = tmp_path_factory.mktemp("crowded")
    with serving(text, folder, {"admin": admin.token}, threads=12) as served:
        yield served
    postgresql_server.drop_database(url)


class Client:
    """One connection that is kept, as the administrator."""

    def __init__(self, served):
        self.connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
        self.headers = {"Authorization": f"Bearer {served.tokens['admin']}"}

    def close(self):
        self.connection.close()

    def send(self, method, path, body=None, **headers):
        """(status, headers, JSON or None) of an answer."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        self.connection.request(method, path, body, {**self.headers, **headers})
        answer = self.connection.getresponse()
        raw = answer.read()
        return answer.status, answer.headers, json.loads(raw) if raw else None

    def all(self, path):
        """The rows of a list, page by page."""
        rows, url = [], path
        while url is not None:
            _, _, page = self.send("GET", url)
            rows += page["items"]
            url = page["next"]
        return rows


def write(crowded, number):
    """Create, change and delete, in transactions of one row and of many, which end in another order."""
    chance = random.Random(number)
    mine = []
    with closing(Client(crowded)) as client:
        for turn in range(WRITES):
            many = [1, 1, 25][chance.randrange(3)]
            items = [
                {"operation": "create", "body": {"slug": f"w{number}-{turn}-{one}", "title": "W"}}
                for one in range(many)
            ]
            items += [
                {"operation": "patch", "id": one, "body": {"title": f"{turn}"}} for one in mine[:3]
            ]
            if mine and chance.random() < 0.4:
                items.append({"operation": "delete", "id": mine.pop()})
            status, _, answer = client.send("POST", f"{CATEGORIES}:batch", {"items": items})
            assert status == 200, answer
            mine += [one["id"] for one in answer["items"] if one["status"] == 201]


def follow(crowded, done):
    """A copy that is kept by the feed alone, while others write and then to its end."""
    copy, url = {}, f"{CATEGORIES}:changes?limit=40"
    with closing(Client(crowded)) as client:
        while True:
            last = done.is_set()
            status, _, page = client.send("GET", url)
            assert status == 200, page
            for one in page["items"]:
                if one["deleted"]:
                    copy.pop(one["id"], None)
                else:
                    copy[one["id"]] = one["item"]
            url = page["next"]
            if last and not page["more"]:
                return copy


def test_a_feed_read_while_twenty_writers_commit_out_of_order_misses_nothing(crowded):
    done = threading.Event()
    with ThreadPoolExecutor(WRITERS + 2) as pool:
        readers = [pool.submit(follow, crowded, done) for _ in range(2)]
        writers = [pool.submit(write, crowded, number) for number in range(WRITERS)]
        try:
            for writer in writers:
                writer.result()
        finally:
            done.set()
        copies = [reader.result() for reader in readers]
    with closing(Client(crowded)) as client:
        rows = {row["id"]: row for row in client.all(f"{CATEGORIES}?limit=500")}
    assert len(rows) > WRITERS * WRITES
    for copy in copies:
        assert copy == rows
