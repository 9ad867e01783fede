"""Connections to addresses that were judged, within a budget of seconds and bytes.

A budget counts everything that the calls of one client take together. A timeout of a single read does not:
who sends one byte a second would hold a worker for ever.
"""

import ipaddress
import logging
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from talatat.outbound.addresses import Address, Allowed
from talatat.outbound.errors import OutboundFailed, OutboundRefused
from talatat.outbound.urls import Target

logger = logging.getLogger(__name__)

TRIED = 3  # addresses of one name


class Budget:
    """What is left of `seconds` and of `most` bytes."""

    def __init__(self, seconds: float, most: int) -> None:
        self.seconds, self.most = seconds, most
        self._end, self._read = time.monotonic() + seconds, 0

    def left(self, timeout: float | None = None) -> float:
        """Seconds that a single step may take; raises OutboundFailed when none are left."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.too_slow()
        return left if timeout is None else min(timeout, left)

    def spend(self, size: int) -> None:
        """Count bytes that were read; raises OutboundFailed when they are too many."""
        self._read += size
        if self._read > self.most:
            raise OutboundFailed(f"The other server sent more than {self.most} bytes.")

    def too_slow(self) -> OutboundFailed:
        """What is raised when the time is over."""
        return OutboundFailed(f"The other server did not answer within {self.seconds:g} seconds.")


def judged_addresses(target: Target, allowed: Allowed, budget: Budget) -> list[Address]:
    """The addresses of a host, resolved once; raises OutboundRefused if one of them is not allowed.

    One is enough: who answers with a public and a private address wants the other one to be called.
    """
    addresses = _resolve(target, budget)
    for address in addresses:
        objection = allowed.objection(target, address)
        if objection is not None:
            logger.warning(
                "refused to call %s:%s: %s is a %s address and not listed in talatat.outbound.allow",
                target.host,
                target.port,
                address,
                objection,
            )
            raise OutboundRefused(
                f"{target.host} may not be called from here: its address is not a public one. If it "
                "is a server of yours, list it in the setting talatat.outbound.allow."
            )
    return addresses


def _resolve(target: Target, budget: Budget) -> list[Address]:
    try:
        return [ipaddress.ip_address(target.host)]
    except ValueError:
        pass
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    # The resolver knows no timeout: it is waited for no longer than the budget allows.
    threading.Thread(target=ask, name="talatat-resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=budget.left())
    except queue.Empty:
        raise budget.too_slow() from None
    if isinstance(answer, Exception):
        raise OutboundFailed(f"The name {target.host} is not known.") from answer
    return list(dict.fromkeys(ipaddress.ip_address(one[4][0]) for one in answer))


class JudgedBackend(httpcore.NetworkBackend):
    """Connects to the addresses that a host was judged by, and to nothing else."""

    def __init__(self, allowed: Allowed, budget: Budget) -> None:
        self._allowed, self._budget = allowed, budget
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        target = Target("", host.lower().removesuffix("."), port)
        failure: Exception | None = None
        for address in judged_addresses(target, self._allowed, self._budget)[:TRIED]:
            try:
                stream = self._inner.connect_tcp(
                    str(address), port, self._budget.left(timeout), local_address, socket_options
                )
                return BudgetedStream(stream, self._budget)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        assert failure is not None
        raise failure

    def connect_unix_socket(self, *args: Any, **kw: Any) -> httpcore.NetworkStream:
        raise OutboundRefused("Sockets of this machine are not called.")


class BudgetedStream(httpcore.NetworkStream):
    """A connection whose every step counts."""

    def __init__(self, inner: httpcore.NetworkStream, budget: Budget) -> None:
        self._inner, self._budget = inner, budget

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._inner.read(max_bytes, self._budget.left(timeout))
        self._budget.spend(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._budget.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._budget.left(timeout)
        return BudgetedStream(
            self._inner.start_tls(ssl_context, server_hostname, left), self._budget
        )

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
