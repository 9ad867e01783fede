"""Whose account belongs to whom at a provider, and which session came from where."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from talatat.db import UTCDateTime, UUIDv7, new_id, utcnow
from talatat_accounts.models import Base


class ExternalIdentity(Base):
    """Somebody as an issuer names them: `subject` is theirs alone there, and never given to another one."""

    __tablename__ = "accounts_external_identity"
    id: Mapped[str] = mapped_column(UUIDv7, primary_key=True, default=new_id)
    issuer: Mapped[str] = mapped_column(String(2000))
    subject: Mapped[str] = mapped_column(String(255))
    user_id: Mapped[str] = mapped_column(
        UUIDv7, ForeignKey("accounts_user.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    __table_args__ = (UniqueConstraint("issuer", "subject"),)


class ExternalSession(Base):
    """That a session began at a provider, by the provider's name in the settings."""

    __tablename__ = "accounts_external_session"
    session_id: Mapped[str] = mapped_column(
        UUIDv7, ForeignKey("accounts_session.id", ondelete="CASCADE"), primary_key=True
    )
    provider: Mapped[str] = mapped_column(String(31))
