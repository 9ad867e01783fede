"""One buyer: a process with one connection that checks out its baskets, one after the other.

    python tests/accept/buying.py < job.json

takes `{url, token, customer_id, baskets}` once it has printed `ready`, and prints its tally. It imports
nothing but the standard library, so that many buyers start at once.

It does what a shop's page does: it sends the prices that it was shown, and where the answer is 409 it
drops the lines that are out of stock, takes over the prices that have changed, and tries again; each
answer leaves it less to refuse.
"""

import http.client
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

CHECKOUT = "/api/orders/v1/orders:checkout"
LINES = len("/lines/")
PRICE = "expected_price"


@dataclass
class Tally:
    """What one buyer met: statuses and the conflicts of lines by code, accepted orders with their totals
    in minor units, baskets of which nothing was left, seconds of each request, any other answer."""

    statuses: dict[str, int] = field(default_factory=dict)
    conflicts: dict[str, int] = field(default_factory=dict)
    accepted: dict[str, int] = field(default_factory=dict)
    emptied: int = 0
    seconds: list[float] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)


@dataclass
class Client:
    """A connection that is kept, with a bearer token."""

    url: str
    token: str
    _connection: Any = None

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """The status and the JSON answer; raises OSError where the server does not answer."""
        if self._connection is None:
            address = urlsplit(self.url)
            self._connection = http.client.HTTPConnection(
                address.hostname or "", address.port, timeout=60
            )
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        payload = None if body is None else json.dumps(body)
        self._connection.request(method, path, payload, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None


def buy(url: str, token: str, customer_id: str, baskets: list[list[dict[str, Any]]]) -> Tally:
    """Check out all baskets, each until it is accepted, empty or given up."""
    tally = Tally()
    with Client(url, token) as client:
        for basket in baskets:
            _check_out(client, tally, customer_id, basket)
    return tally


def _check_out(
    client: Client, tally: Tally, customer_id: str, basket: list[dict[str, Any]]
) -> None:
    lines = basket
    while lines:
        began = time.perf_counter()
        status, answer = client.request(
            "POST", CHECKOUT, {"customer_id": customer_id, "lines": lines}
        )
        tally.seconds.append(time.perf_counter() - began)
        key = f"{status} {answer.get('code', '')}".strip()
        tally.statuses[key] = tally.statuses.get(key, 0) + 1
        if status == 201:
            tally.accepted[answer["id"]] = minor(answer["total"])
            return
        if status != 409:
            tally.strange.append(f"{status}: {json.dumps(answer)[:500]}")
            return
        for error in answer["errors"]:
            tally.conflicts[error["code"]] = tally.conflicts.get(error["code"], 0) + 1
        lines = mended(lines, answer["errors"])
    tally.emptied += 1


def mended(lines: list[dict[str, Any]], errors: list[dict[str, str]]) -> list[dict[str, Any]]:
    """The basket without what is out of stock, and without the expectation of a changed price."""
    gone = {_number(error) for error in errors if error["code"] == "out_of_stock"}
    changed = {_number(error) for error in errors if error["code"] == "price_changed"}
    return [
        {key: value for key, value in line.items() if not (number in changed and key == PRICE)}
        for number, line in enumerate(lines)
        if number not in gone
    ]


def minor(money: dict[str, str]) -> int:
    """Pence of an amount with two decimals."""
    whole, _, pence = money["amount"].partition(".")
    return int(whole) * 100 + int(pence.ljust(2, "0"))


def _number(error: dict[str, str]) -> int:
    return int(error["pointer"][LINES:].split("/")[0])


def main() -> None:
    print("ready", flush=True)
    print(json.dumps(asdict(buy(**json.load(sys.stdin)))))


if __name__ == "__main__":
    main()
