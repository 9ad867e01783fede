"""Passwords that attackers try first: a list in the package, and one that the operator may add.

`breached.bin` holds the first 40 bits of the SHA-256 of each listed password, sorted, so that a look-up is a
binary search in a file of less than a megabyte, and the package spreads no passwords. One in seven million good
passwords is refused by accident. A password is looked up in one spelling: composed (NFKC) and in lower case.

Where the list is from, and how it is made anew, `breached.md` beside it tells:

    python -m talatat_accounts.breached LIST ... --out breached.bin
"""

import hashlib
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import click

SIZE = 5  # bytes of a digest that are kept
SHORTEST = 8  # no setting lets a password be shorter
RARE = 10  # from this length on, every password of a list is taken
COMMON = 100_000  # of the shorter ones, those among the first so many


class Listed:
    """A sorted sequence of digests."""

    def __init__(self, digests: bytes) -> None:
        self._digests = digests

    def __len__(self) -> int:
        return len(self._digests) // SIZE

    def __getitem__(self, at: int) -> bytes:
        return self._digests[at * SIZE : (at + 1) * SIZE]

    def __contains__(self, password: object) -> bool:
        wanted = digest(str(password))
        at = bisect_left(self, wanted)
        return at < len(self) and self[at] == wanted


def folded(password: str) -> str:
    """One spelling of a password, for comparing it with words."""
    return unicodedata.normalize("NFKC", password).casefold()


def digest(password: str) -> bytes:
    """What a list keeps of a password."""
    raw = folded(password).encode("utf-8", "surrogatepass")
    return hashlib.sha256(raw).digest()[:SIZE]


def packed(passwords: Iterable[str]) -> bytes:
    """The digests of passwords as `Listed` takes them."""
    return b"".join(sorted({digest(one) for one in passwords}))


@lru_cache(maxsize=1)
def in_package() -> Listed:
    """The list that comes with this addon."""
    return Listed(files("talatat_accounts").joinpath("breached.bin").read_bytes())


@lru_cache(maxsize=2)
def in_file(path: str, changed: float) -> Listed:
    """The operator's list, a password a line; `changed` is when the file was written, so it is read anew."""
    return Listed(packed(lines(Path(path))))


def is_listed(password: str, more: str | None = None) -> bool:
    """Whether a password stands on the list of the package, or on that in the file `more`."""
    if password in in_package():
        return True
    return bool(more) and password in in_file(str(more), Path(str(more)).stat().st_mtime)


def lines(path: Path) -> Iterator[str]:
    """The passwords of a text file, a line each; raises OSError."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if password := line.rstrip("\r\n"):
                yield password


def chosen(passwords: Iterable[str]) -> Iterator[str]:
    """Of a list whose most common come first, those worth keeping."""
    for rank, password in enumerate(passwords):
        if len(password) >= RARE or (len(password) >= SHORTEST and rank < COMMON):
            yield password


@click.command()
@click.argument("lists", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The file to write.")
def main(lists: tuple[Path, ...], out: Path) -> None:
    """Make a list of digests out of LISTS, text files with a password a line, the most common first."""
    digests = packed(password for path in lists for password in chosen(lines(path)))
    out.write_bytes(digests)
    click.echo(f"{out}: {len(digests) // SIZE} passwords, {len(digests)} bytes")


if __name__ == "__main__":
    main(prog_name="python -m talatat_accounts.breached")
