"""Encrypted columns: what they hold, who can read it, and how it outlives its key."""

import pytest
from sqlalchemy import Column, MetaData, String, Table, func, insert, select, text, update
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import registry

from talatat.composing import compose
from talatat.composition import resolve
from talatat.db import Encrypted
from talatat.db.encrypted import use_keys
from talatat.db.reencrypting import BATCH, examine
from talatat.errors import CompositionError
from talatat.ini import read_ini
from talatat.security import KeyRing, WrongKey

table = Table(
    "talatat_secrets",
    MetaData(),
    Column("owner", String(20), primary_key=True),
    Column("number", String(20), primary_key=True),
    Column("seed", Encrypted("tests.seed")),
)
SEED = "a seed of ä hundred bits"
OLD, NEW = KeyRing(["old"]), KeyRing(["new"])
BOTH = KeyRing(["new", "old"])


@pytest.fixture
def secrets(database):
    table.metadata.create_all(database.engine)
    use_keys(database, OLD)
    return database


def write(database, *owners, seed=SEED):
    with database.engine.begin() as connection:
        rows = [{"owner": owner, "number": "1", "seed": seed} for owner in owners]
        connection.execute(insert(table), rows)


def read(database, *owners):
    with database.engine.connect() as connection:
        query = select(table.c.owner, table.c.seed)
        return dict(connection.execute(query.where(table.c.owner.in_(owners))).all())


def stored(database):
    with database.engine.connect() as connection:
        return list(connection.scalars(text("SELECT seed FROM talatat_secrets")))


def test_what_is_written_is_read_again_and_the_database_holds_it_encrypted(secrets):
    write(secrets, "ada", "bob")
    write(secrets, "eve", seed=None)
    assert read(secrets, "ada", "eve") == {"ada": SEED, "eve": None}
    one, other = (row for row in stored(secrets) if row is not None)
    assert one != other, "it does not tell who has the same"
    assert "seed" not in one
    assert OLD.decrypt(b"tests.seed", one).decode() == SEED


def test_a_statement_that_is_written_twice_is_read_twice(secrets):
    """SQLAlchemy knows it again, and compares the columns of one with those of the other."""

    class Secret:
        pass

    mapped = registry()
    mapped.map_imperatively(Secret, table)
    write(secrets, "ada")
    with secrets.engine.connect() as connection:
        for _ in range(3):
            assert connection.execute(select(Secret.owner, Secret.seed)).all() == [("ada", SEED)]
    mapped.dispose()


def test_it_is_found_by_whether_it_is_there_and_by_nothing_else(secrets):
    write(secrets, "ada")
    write(secrets, "eve", seed=None)
    query = select(func.count()).select_from(table)
    with secrets.engine.connect() as connection:
        assert connection.scalar(query.where(table.c.seed == None)) == 1  # noqa: E711  # an expression
        assert connection.scalar(query.where(table.c.seed.is_not(None))) == 1
    for compare in (
        lambda c: c == SEED,
        lambda c: c < SEED,
        lambda c: c.in_([SEED]),
        lambda c: c == table.c.owner,
    ):
        with pytest.raises(TypeError, match="nothing but None"):
            compare(table.c.seed)


def test_other_keys_read_nothing(secrets):
    write(secrets, "ada")
    use_keys(secrets, NEW)
    with pytest.raises(WrongKey):
        read(secrets, "ada")


def test_without_keys_nothing_is_written_and_the_error_does_not_tell_the_value(database):
    table.metadata.create_all(database.engine)
    with pytest.raises(StatementError, match="through a composed system only") as raised:
        write(database, "ada")
    assert SEED not in str(raised.value)


def test_former_keys_are_counted_and_then_replaced_in_batches(secrets):
    write(secrets, *(f"{at:04}" for at in range(BATCH + 5)))
    use_keys(secrets, BOTH)
    write(secrets, "new")
    found = examine(secrets, table.c.seed, BOTH)
    assert (found.column, found.former, found.current) == ("talatat_secrets.seed", BATCH + 5, 1)
    kept = next(one for one in stored(secrets) if BOTH.is_current(b"tests.seed", one))
    found = examine(secrets, table.c.seed, BOTH, renew=True)
    assert (found.former, found.current, found.unreadable) == (0, BATCH + 6, 0)
    assert kept in stored(secrets), "what is current already is left as it is"
    use_keys(secrets, NEW)
    assert read(secrets, "0000", "new") == {"0000": SEED, "new": SEED}


def test_what_no_key_reads_is_counted_and_left(secrets):
    write(secrets, "ada")
    with secrets.engine.begin() as connection:
        connection.execute(text("UPDATE talatat_secrets SET seed = 'damaged'"))
    found = examine(secrets, table.c.seed, BOTH, renew=True)
    assert (found.unreadable, found.current) == (1, 0)
    assert stored(secrets) == ["damaged"]


def test_what_somebody_writes_meanwhile_is_theirs(secrets):
    write(secrets, "ada")

    class Slow(KeyRing):
        """While it encrypts, somebody else writes."""

        def encrypt(self, purpose, plain):
            if secrets.dialect == "postgresql":
                with secrets.engine.begin() as connection:
                    connection.execute(update(table).values(seed="theirs"))
            return super().encrypt(purpose, plain)

    use_keys(secrets, BOTH)
    examine(secrets, table.c.seed, Slow(["new", "old"]), renew=True)
    expected = "theirs" if secrets.dialect == "postgresql" else SEED
    assert read(secrets, "ada") == {"ada": expected}


def test_a_system_that_encrypts_needs_a_secret_that_stays(workshop):
    code = "from . import models\ndef includeme(config):\n    models.Base\n"
    models = """
        from sqlalchemy.orm import Mapped, mapped_column
        from talatat.db import Encrypted, Record, declarative_base
        Base = declarative_base("vault")
        class Seed(Record, Base):
            __tablename__ = "vault_seed"
            seed: Mapped[str] = mapped_column(Encrypted("vault.seed"))
        """
    workshop.addon("vault", code, files={"models.py": models})
    workshop.compose("vault")
    lines = workshop.ini.read_text().splitlines()
    workshop.ini.write_text("\n".join(one for one in lines if "talatat.secret" not in one))
    with pytest.raises(CompositionError, match=r"talatat\.secret is required.*vault_seed\.seed"):
        compose(resolve(read_ini(str(workshop.ini))))
