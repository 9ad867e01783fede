"""Flask with SQLAlchemy and marshmallow, as their documentation has it."""
