"""The addon's own declarative base: every table's name begins with ``orders_``."""

from talatat.db import declarative_base

Base = declarative_base("orders")
