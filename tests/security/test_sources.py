"""What the code that serves may import and call: no interpreter for data, no weak algorithm, no guessable random."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = (ROOT / "platform" / "talatat", *sorted(ROOT.glob("addons/*/talatat_*")))
INVENTORY = ROOT / "docs" / "security" / "controls.md"

# `random` spreads waits, so that those who wait do not all come again in the same moment.
NOTHING_TO_GUESS = {
    "web/wire.py": "which requests that are sent away are told",
    "evolution/running/transactions.py": "how long a change waits for a lock",
    "evolution/archive/turns.py": "how long an archive waits for its turn",
    "events/outbox.py": "when an event is tried again",
    "db/retry.py": "when a request is tried again",
}
# Called by whoever types a command, with a list of words and never through a shell.
STARTS_PROGRAMS = {
    "evolution/desired/apart.py": "composes a copy of the system in a process of its own",
    "cli/new.py": "installs the new addon",
    "cli/bisect.py": "runs the command that fails",
    "deployment/checks/secrets.py": "asks git whether a secret is under version control",
}
RUNS_DATA = {"eval", "exec", "compile", "__import__"}
READS_OBJECTS = {"pickle", "marshal", "shelve", "dill", "jsonpickle", "yaml"}
# Interpreters and protocols that the standard asks about, and that nothing here speaks to.
SPOKEN_NOWHERE = {
    "xml", "lxml", "defusedxml", "ldap", "ldap3", "smtplib", "imaplib", "poplib", "ftplib", "telnetlib",
    "pylibmc", "memcache", "pymemcache", "graphene", "strawberry", "websockets", "wsproto", "saml2", "aiortc",
    "markdown", "bleach", "ctypes", "cffi",
}  # fmt: skip
HASHES = {"sha256", "blake2b"}
PRIMITIVES = {
    "cryptography.exceptions", "cryptography.fernet", "cryptography.hazmat.primitives.hashes",
    "cryptography.hazmat.primitives.ciphers.aead", "cryptography.hazmat.primitives.kdf.hkdf",
}  # fmt: skip


def modules() -> Iterator[tuple[str, ast.Module]]:
    """What serves and what commands run, by its path within its package; not what only tests import."""
    for folder in SOURCES:
        for path in sorted(folder.rglob("*.py")):
            name = path.relative_to(folder).as_posix()
            if not name.startswith(("testing/", "cli/addon_template/", "migrations/")):
                yield name, ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> set[str]:
    """Dotted names of the modules that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def top(names: set[str]) -> set[str]:
    """The first words of dotted names."""
    return {name.partition(".")[0] for name in names}


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Every call, as its source spells what is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


@pytest.fixture(scope="module")
def sources():
    found = list(modules())
    assert len(found) > 250, "the scans read the code"
    return found


def test_what_is_not_to_be_guessed_comes_from_the_operating_system(sources):
    """`secrets` everywhere; the five places that import `random` decide about waits."""
    assert {n for n, tree in sources if "random" in top(imported(tree))} == set(NOTHING_TO_GUESS)
    assert sum("secrets" in imported(tree) for _, tree in sources) >= 6


def test_no_data_is_run_as_code_and_no_objects_are_unpacked(sources):
    assert [(n, name) for n, tree in sources for name, _ in calls(tree) if name in RUNS_DATA] == []
    assert [n for n, tree in sources if top(imported(tree)) & READS_OBJECTS] == []


def test_programs_are_started_by_commands_only_and_never_through_a_shell(sources):
    assert {n for n, t in sources if "subprocess" in imported(t)} == set(STARTS_PROGRAMS)
    started = [
        (name, called, ast.unparse(call))
        for name, tree in sources
        for called, call in calls(tree)
        if called in ("os.system", "os.popen", "subprocess.getoutput")
        or called.startswith("os.spawn")
        or any(one.arg == "shell" for one in call.keywords)
    ]
    assert started == []


def test_nothing_speaks_to_an_interpreter_that_the_pages_do_not_name(sources):
    found = {(n, one) for n, tree in sources for one in top(imported(tree)) & SPOKEN_NOWHERE}
    assert found == set()


def test_only_the_algorithms_of_the_inventory_are_used(sources):
    """MD5 and SHA-1 least of all; what is used stands in the table of docs/security/controls.md."""
    used, primitives, weak = set(), set(), []
    for name, tree in sources:
        primitives |= {one for one in imported(tree) if one.startswith("cryptography")}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "hashlib":
                used |= {one.name for one in node.names}
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "hashlib":
                used.add(node.attr)
        weak += [(name, one) for one, _ in calls(tree) if re.search(r"\b(md5|sha1)$", one)]
    assert used == HASHES
    assert primitives == PRIMITIVES
    assert weak == []
    page = INVENTORY.read_text(encoding="utf-8")
    for algorithm in (
        "SHA-256",
        "BLAKE2b",
        "HMAC-SHA-256",
        "HKDF",
        "AES-SIV",
        "Fernet",
        "Argon2id",
    ):
        assert algorithm in page


# What no request reaches: commands, plans, and what is described once at the start; a route's
# expressions stand in the code of its addon.
NOT_SERVING = (
    *("cli/", "evolution/", "describing/", "deployment/", "misread.py", "configuration/"),
    "routing.py",
)


def is_fixed(node: ast.expr) -> bool:
    """Whether a text is one that stands in the code: constants, and values that were escaped."""
    if isinstance(node, ast.JoinedStr):
        return all(is_fixed(one) for one in node.values)
    if isinstance(node, ast.FormattedValue):
        return is_fixed(node.value)
    if isinstance(node, ast.BinOp):
        return is_fixed(node.left) and is_fixed(node.right)
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) == "re.escape"
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id.isupper())


def test_no_expression_template_or_format_is_made_of_values(sources):
    """Regular expressions, formats and templates are texts of the code; values are escaped or arguments."""
    wrong, looked_at = [], 0
    for name, tree in sources:
        for called, call in calls(tree):
            if re.search(r"(^|\.)(from_string|Template|Environment)$", called):
                wrong += [] if name == "cli/new.py" else [(name, called)]
            if name.startswith(NOT_SERVING):
                continue
            if re.fullmatch(
                r"re\.(compile|search|match|fullmatch|sub|split|findall|finditer)", called
            ):
                looked_at += 1
                wrong += [] if is_fixed(call.args[0]) else [(name, called, call.lineno)]
            if isinstance(call.func, ast.Attribute) and call.func.attr in ("format", "format_map"):
                looked_at += 1
                wrong += [] if is_fixed(call.func.value) else [(name, called, call.lineno)]
    assert wrong == []
    assert looked_at > 40
