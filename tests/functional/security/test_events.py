"""Security events: one line in the log, and one call of each subscriber."""

import logging

from pyramid import testing

from talatat.security import SecurityEvent, tell


def test_what_is_told_is_logged_and_reaches_whoever_subscribed(caplog):
    heard = []
    request = testing.DummyRequest(remote_addr="192.0.2.7")
    with testing.testConfig(request=request) as config, caplog.at_level(logging.INFO):
        config.add_subscriber(heard.append, SecurityEvent)
        tell(request, "accounts.login", "failed", subject="ann", factor="password")
    assert [(one.name, one.outcome, one.subject, dict(one.details)) for one in heard] == [
        ("accounts.login", "failed", "ann", {"factor": "password"})
    ]
    (line,) = caplog.records
    assert line.levelname == "WARNING"
    assert (line.security_event, line.subject, line.address, line.factor) == (
        "accounts.login", "ann", "192.0.2.7", "password",
    )  # fmt: skip


def test_a_success_is_told_without_alarm(caplog):
    request = testing.DummyRequest(remote_addr="192.0.2.7")
    with testing.testConfig(request=request), caplog.at_level(logging.INFO):
        tell(request, "accounts.logout")
    assert [line.levelname for line in caplog.records] == ["INFO"]
