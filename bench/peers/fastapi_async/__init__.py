"""FastAPI with async SQLAlchemy, as their documentation has it."""
