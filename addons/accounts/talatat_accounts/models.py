"""Users, groups, grants of roles, sessions, tokens, second factors, counted login attempts.

No secret is stored: passwords, tokens and recovery codes as hashes, sessions by an id that is worth nothing
without the signature that only the cookie carries, attempts under digests of what was typed. The seed of a
second factor, which has to be read again, is encrypted with a key that the database does not hold.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from talatat.db import (
    Encrypted,
    JSONDocument,
    Record,
    UTCDateTime,
    UUIDv7,
    declarative_base,
    new_id,
    utcnow,
)

Base = declarative_base("accounts")


class Membership(Base):
    """That a user is in a group."""

    __tablename__ = "accounts_membership"
    user_id: Mapped[str] = mapped_column(
        UUIDv7, ForeignKey("accounts_user.id", ondelete="CASCADE"), primary_key=True
    )
    group_id: Mapped[str] = mapped_column(
        UUIDv7, ForeignKey("accounts_group.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Grant(Base):
    """A role given to a user or to a group.

    Kept as the role's name beside the name of the addon that declared it: a grant of an addon that
    sleeps gives nothing, can still be shown, and counts again when the addon comes back.
    """

    __tablename__ = "accounts_grant"
    id: Mapped[str] = mapped_column(UUIDv7, primary_key=True, default=new_id)
    role: Mapped[str] = mapped_column(String(100))
    addon: Mapped[str] = mapped_column(String(100))
    user_id: Mapped[str | None] = mapped_column(
        UUIDv7, ForeignKey("accounts_user.id", ondelete="CASCADE")
    )
    group_id: Mapped[str | None] = mapped_column(
        UUIDv7, ForeignKey("accounts_group.id", ondelete="CASCADE")
    )
    __table_args__ = (
        UniqueConstraint("user_id", "role"),
        UniqueConstraint("group_id", "role"),
        CheckConstraint("(user_id IS NULL) <> (group_id IS NULL)", name="one_holder"),
    )


class Group(Record, Base):
    """A named set of users that are given roles together."""

    __tablename__ = "accounts_group"
    name: Mapped[str] = mapped_column(String(100), unique=True)
    title: Mapped[str] = mapped_column(String(200), default="")
    grants: Mapped[list[Grant]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True, order_by=Grant.role
    )

    @property
    def roles(self) -> list[str]:
        """The names of the roles that are given to the members."""
        return sorted(grant.role for grant in self.grants)


class User(Record, Base):
    """Somebody who can log in. `name` is kept in lower case; without a password hash nobody can."""

    __tablename__ = "accounts_user"
    name: Mapped[str] = mapped_column(String(100), unique=True)
    display_name: Mapped[str] = mapped_column(String(200), default="")
    email: Mapped[str | None] = mapped_column(String(254))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    password_hash: Mapped[str | None] = mapped_column(String(200), info={"audit": "masked"})
    password_changed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    grants: Mapped[list[Grant]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True, order_by=Grant.role
    )
    groups: Mapped[list[Group]] = relationship(
        secondary=Membership.__table__, passive_deletes=True, order_by=Group.name
    )
    second_factor: Mapped["SecondFactor | None"] = relationship(viewonly=True)

    @property
    def roles(self) -> list[str]:
        """The names of the roles that are given to this user alone."""
        return sorted(grant.role for grant in self.grants)

    @property
    def group_names(self) -> list[str]:
        """The names of the groups that the user is in."""
        return sorted(group.name for group in self.groups)

    @property
    def has_second_factor(self) -> bool:
        """Whether a login takes a code too."""
        return self.second_factor is not None and self.second_factor.confirmed_at is not None


class SecondFactor(Base):
    """A TOTP seed (RFC 6238) of a user; asked for at logins once a first code has confirmed it.

    `seed` is encrypted, and read only where a code is checked. `last_step` is the time step of the last code
    that was taken, so that none is taken twice.
    """

    __tablename__ = "accounts_second_factor"
    user_id: Mapped[str] = mapped_column(
        UUIDv7, ForeignKey("accounts_user.id", ondelete="CASCADE"), primary_key=True
    )
    seed: Mapped[str] = mapped_column(Encrypted("accounts.second_factor"), deferred=True)
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class RecoveryCode(Base):
    """A code that stands in for the second factor once: its digest, deleted when it is used."""

    __tablename__ = "accounts_recovery_code"
    user_id: Mapped[str] = mapped_column(
        UUIDv7, ForeignKey("accounts_user.id", ondelete="CASCADE"), primary_key=True
    )
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)


class Session(Base):
    """One login in one browser. The cookie holds the id and a signature over it.

    `authenticated_at` is when the password (and the second factor) was shown, None where nobody knows.
    """

    __tablename__ = "accounts_session"
    id: Mapped[str] = mapped_column(UUIDv7, primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(
        UUIDv7, ForeignKey("accounts_user.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    seen_at: Mapped[datetime] = mapped_column(
        UTCDateTime, default=utcnow, info={"audit": "omitted"}
    )
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    address: Mapped[str] = mapped_column(String(64), default="")
    agent: Mapped[str] = mapped_column(String(200), default="")
    authenticated_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Token(Base):
    """A bearer token, known by its digest only. `scopes` and `resources` None narrow nothing."""

    __tablename__ = "accounts_token"
    id: Mapped[str] = mapped_column(UUIDv7, primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(
        UUIDv7, ForeignKey("accounts_user.id", ondelete="CASCADE"), index=True
    )
    digest: Mapped[str] = mapped_column(String(64), unique=True, info={"audit": "masked"})
    label: Mapped[str] = mapped_column(String(100), default="")
    scopes: Mapped[Any] = mapped_column(JSONDocument, nullable=True)
    resources: Mapped[Any] = mapped_column(JSONDocument, nullable=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    last_used_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info={"audit": "omitted"})


class Attempt(Base):
    """Failed logins counted under one key (a digest of user and address) until the window ends."""

    __tablename__ = "accounts_attempt"
    __table_args__ = ({"info": {"audit": "omitted"}},)  # counted under digests, and soon gone
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
