"""docs/security/ says what ASVS wants documented, with keys and defaults that the composed system has."""

import re
from pathlib import Path

import asvs
import pytest

from talatat.testing import composed

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "security"
ADDONS = ("accounts", "catalog", "orders", "loyalty", "audit")
# Which requirement is answered where, and which keys or words that section has to name.
SECTIONS = [
    ("2.1.1", "controls.md", "Input", ("talatat.max_body",)),
    ("2.1.2", "controls.md", "Input that has to fit together", ("If-Match",)),
    ("2.1.3", "controls.md", "Limits of the business", ("orders.max_lines", "talatat.limits.writes")),
    ("6.1.1", "controls.md", "Guessing", ("accounts.login_attempts", "accounts.login_attempts_address",
     "accounts.login_attempts_user", "accounts.second_factor_attempts", "accounts.login_window")),
    ("6.1.2", "controls.md", "Words that a password must not lean on",
     ("accounts.password_list", "talatat.api.title")),
    ("6.1.3", "controls.md", "Authentication paths", ("accounts.reauthenticate_after",)),
    ("7.1.1", "controls.md", "Sessions", ("accounts.session_idle", "accounts.session_lifetime")),
    ("7.1.2", "controls.md", "Parallel sessions", ()),
    ("7.1.3", "controls.md", "Sessions at a provider", ("accounts.oidc", "accounts.session_lifetime")),
    ("8.1.1", "authorization.md", "What is promised", ("public",)),
    ("8.1.2", "authorization.md", "What is promised", ("write_permission",)),
    ("11.1.1", "controls.md", "Keys", ("talatat.secret", "accounts.secret")),
    ("11.1.2", "controls.md", "Cryptography", ("talatat.secret", "accounts.secret")),
    ("13.1.1", "controls.md", "Communication", ("talatat.outbound.allow", "talatat.limits.storage")),
    ("14.1.1", "controls.md", "Data", ()),
    ("14.1.2", "controls.md", "Protection of each level", ("audit.keep_days",)),
    ("15.1.1", "controls.md", "Remediation", ("make audit",)),
    ("15.1.3", "controls.md", "Costly functions", ("talatat.db.statement_timeout", "talatat.max_waiting")),
    ("16.1.1", "controls.md", "Logs", ("talatat.log_format",)),
]  # fmt: skip
ROW = re.compile(r"^\| `((?:talatat|accounts|audit|orders)\.[\w.]+)` \| ([^|]*) \|", re.MULTILINE)
KEY = re.compile(r"`((?:talatat|accounts|audit|orders)\.[a-z_]+(?:\.[a-z_]+)*)`")
# Names of the same form that are no keys: loggers, modules, permissions.
OTHER_NAMES = {
    "talatat.request", "talatat.security.event", "talatat.outbound", "talatat.testing.authorization", "audit.read",
    "talatat.limit",
}  # fmt: skip


@pytest.fixture(scope="module")
def known():
    with composed(ADDONS, {"accounts.secret": "file:%(here)s/secret"}) as system:
        yield system.system.settings.known


def section(page, heading):
    """What stands below a heading, to the next one."""
    text = (FOLDER / page).read_text(encoding="utf-8")
    parts = re.split(r"^#+ (.+)$", text, flags=re.MULTILINE)
    headings = parts[1::2]
    assert headings.count(heading) == 1, f"{page} has one section {heading!r}"
    return parts[2 + 2 * headings.index(heading)]


@pytest.mark.parametrize(
    ("requirement", "page", "heading", "words"), SECTIONS, ids=[one[0] for one in SECTIONS]
)
def test_each_documented_control_has_its_section(known, requirement, page, heading, words):
    text = section(page, heading)
    prose = re.sub(r"^\|.*$", "", text, flags=re.MULTILINE)
    sentences = re.findall(r"[^.?!]{12,}[.?!](?=\s|$)", prose)
    assert len(sentences) >= 3 or len(text) - len(prose) > 400, requirement
    assert len(text) > 300
    for word in words:
        assert word in text, requirement
        if KEY.fullmatch(f"`{word}`"):
            assert word in known, requirement
    [row] = [row for row in asvs.rows() if row.id == requirement]
    assert row.applies == "yes"
    assert [one for one in row.shown_by if one.endswith("_has_its_section")]


def test_each_key_on_the_pages_is_one_that_a_system_has(known):
    for page in FOLDER.glob("*.md"):
        for name in KEY.findall(page.read_text(encoding="utf-8")):
            assert name in known or name in OTHER_NAMES, (page.name, name)


def test_each_default_in_the_tables_is_the_one_of_the_code(known):
    rows = ROW.findall((FOLDER / "controls.md").read_text(encoding="utf-8"))
    assert len(rows) > 25
    for key, said in rows:
        default = known[key].default
        assert said.strip() == ("" if default in (None, "", (), []) else str(default)), key
