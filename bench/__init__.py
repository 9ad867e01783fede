"""Measurements: see README.md, the table of contents."""
