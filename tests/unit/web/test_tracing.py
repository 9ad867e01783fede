"""The rules of W3C Trace Context, as laws over all headers and over those that are nearly right."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talatat.web.tracing import Trace, continued, parse, valid_state

HEX = "0123456789abcdef"
VALID = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OURS = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]")


def ids(length):
    return st.text(HEX, min_size=length, max_size=length).filter(lambda text: text.strip("0"))


versions = st.text(HEX, min_size=2, max_size=2).filter(lambda text: text != "ff")
flags = st.integers(0, 255)


@given(ids(32), ids(16), flags)
def test_a_valid_one_is_continued_with_a_span_of_our_own(trace_id, parent_id, given_flags):
    trace = continued(f"00-{trace_id}-{parent_id}-{given_flags:02x}", "a=1")
    assert (trace.trace_id, trace.parent_id, trace.state) == (trace_id, parent_id, "a=1")
    assert trace.span_id != parent_id
    assert trace.sampled == bool(given_flags & 1)
    assert OURS.fullmatch(trace.traceparent)
    assert parse(trace.traceparent) == (trace_id, trace.span_id, trace.sampled)


@given(versions.filter(lambda text: text != "00"), ids(32), ids(16), st.text(max_size=20))
def test_a_version_to_come_is_read_as_far_as_it_is_known(version, trace_id, parent_id, more):
    assert parse(f"{version}-{trace_id}-{parent_id}-01-{more}") == (trace_id, parent_id, True)
    assert parse(f"{version}-{trace_id}-{parent_id}-01") == (trace_id, parent_id, True)
    if more.strip(" \t") and not more.startswith("-"):
        assert parse(f"{version}-{trace_id}-{parent_id}-01{more.strip()}x") is None


@given(st.text(max_size=80))
def test_whatever_else_comes_begins_a_trace_of_our_own(text):
    trace = continued(text, "a=1")
    assert OURS.fullmatch(trace.traceparent)
    if parse(text) is None:
        assert (trace.parent_id, trace.state, trace.sampled) == (None, "", False)


@given(st.integers(0, len(VALID) - 1), st.characters(codec="ascii"))
def test_one_wrong_character_makes_it_invalid_or_another_valid_one(place, character):
    text = VALID[:place] + character + VALID[place + 1 :]
    parsed = parse(text)
    if character not in HEX and character != "-":
        assert parsed is None or text.strip(" \t") != text
    assert parse(VALID[:place]) is None


@pytest.mark.parametrize(
    "wrong",
    [
        VALID.upper(),
        f"ff{VALID[2:]}",
        f"{VALID}-more",
        f"{VALID},{VALID}",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "",
    ],
)
def test_what_the_standard_calls_invalid_is_not_continued(wrong):
    assert parse(wrong) is None
    assert continued(wrong).trace_id != VALID[3:35]


@pytest.mark.parametrize(
    ("given_state", "kept"),
    [
        ("congo=t61rcWkgMzE,rojo=00f067aa0ba902b7", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"),
        (" a=1 , ,b=2\t", "a=1,b=2"),
        ("1a-2f@foo=bar/1:0", "1a-2f@foo=bar/1:0"),
        ("a=1,a=2", ""),
        ("A=1", ""),
        ("a", ""),
        ("a=1=2", ""),
        ("a=\x00", ""),
        (",".join(f"k{n}=v" for n in range(32)), ",".join(f"k{n}=v" for n in range(32))),
        (",".join(f"k{n}=v" for n in range(33)), ""),
        (",".join(f"k{n}={'v' * 60}" for n in range(10)), ""),
    ],
)
def test_the_state_of_vendors_is_carried_on_or_dropped_whole(given_state, kept):
    assert valid_state(given_state) == kept


def test_a_trace_of_our_own_is_not_said_to_be_recorded():
    assert Trace("a" * 32, "b" * 16).traceparent.endswith("-00")
