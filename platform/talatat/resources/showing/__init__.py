"""Rows as JSON: projections, ETags and preconditions."""
