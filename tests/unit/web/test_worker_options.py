"""What [server:main] may say to granian's workers, and what is told of what it may not."""

import socket
import sys
from types import SimpleNamespace

import pytest

from talatat.web.server import CannotListen, WrongOptions
from talatat.web.worker_options import check_free, read
from talatat.web.workers import serve

HERE = {"__file__": "site.ini", "here": "."}


def test_keys_mean_what_they_mean_to_the_embedded_server():
    found = read(
        {"listen": "localhost:7000", "workers": "4", "connection_limit": "400", "drain_seconds": "2.5"}, HERE
    )  # fmt: skip
    assert (found.host, found.port) == ("127.0.0.1", 7000)
    assert (found.workers, found.connections, found.threads) == (4, 100, 4)
    assert (found.drain, found.request_timeout) == (2.5, 60.0)
    assert found.proxy["clear_untrusted"] is True


def test_another_port_can_be_given_after_the_name_of_the_ini():
    assert read({"listen": "0.0.0.0:1"}, {**HERE, "http_port": "7001"}).port == 7001
    with pytest.raises(CannotListen, match="http_port=99999 is not a port"):
        read({"listen": "0.0.0.0:1"}, {**HERE, "http_port": "99999"})


def test_without_a_trusted_proxy_headers_of_proxies_are_cleared_and_old_defaults_are_no_warning():
    assert read({"trusted_proxy": "127.0.0.1"}, HERE).proxy["trusted_proxy_headers"] == {
        "x-forwarded-proto"
    }


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"worker": "2"}, "unknown key 'worker'. Did you mean workers?"),
        ({"channel_timeout": "2"}, "unknown key 'channel_timeout'"),
        ({"workers": "0"}, "workers = 0 is not a number from 1 on"),
        ({"workers": "two"}, "workers = two is not a number from 1 on"),
        ({"threads": "0"}, "threads = 0 is not a number from 1 on"),
        ({"listen": "127.0.0.1:1 127.0.0.1:2"}, "listens on one address"),
        ({"max_request_header_size": "100"}, "at least 8192"),
        ({"trusted_proxy_headers": "x-forwarded-for"}, "trusted_proxy_headers has no meaning"),
        ({"request_timeout": "soon"}, "could not convert string to float: 'soon'"),
    ],
)
def test_what_cannot_be_is_told_with_the_section(options, told):
    with pytest.raises(WrongOptions) as error:
        read(options, HERE)
    assert told in str(error.value)
    assert "site.ini: [server:main]" in str(error.value)


def test_an_address_that_another_server_holds_is_refused_though_ports_can_be_shared():
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(CannotListen, match=f"Cannot listen on {address}.*http_port=7000"):
            check_free(read({"listen": address}, HERE))


def test_without_granian_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "granian", None)
    for name in [
        name for name in sys.modules if name.startswith(("granian.", "talatat.web.supervisor"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(WrongOptions, match=r"pip install 'talatat\[granian\]'"):
        serve(object(), HERE, listen="127.0.0.1:7000")


def test_several_workers_need_a_secret_that_they_share():
    settings = SimpleNamespace(platform=SimpleNamespace(secret=[]))
    system = SimpleNamespace(settings=settings)
    application = SimpleNamespace(registry=SimpleNamespace(system=system))
    with pytest.raises(WrongOptions, match=r"workers = 2 need a talatat\.secret"):
        serve(application, HERE, listen="127.0.0.1:7000", workers="2")
