"""The composed system: accounts, catalog and orders, with their own endpoints."""
