"""Plain Pyramid with Cornice, SQLAlchemy's ORM and colander: the same service, written by hand."""
