"""Fixtures for all tests of the platform."""

from talatat.testing.fixtures import database_url, postgresql_server, postgresql_url, sqlite_url

__all__ = ["database_url", "postgresql_server", "postgresql_url", "sqlite_url"]
