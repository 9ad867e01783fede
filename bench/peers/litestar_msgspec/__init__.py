"""Litestar with msgspec and async SQLAlchemy, as their documentation has it."""
