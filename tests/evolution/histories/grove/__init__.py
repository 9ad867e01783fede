"""A grove: addons that are written by a program, each with a series of releases, and what proves that no
history of them loses a row.

`tables` describes tables as data, `kinds` the kinds of change that a release makes, `series` strings them
to releases, `writing` makes installable packages of them, `shelves` puts addons together. `oracle` is the
plain dict that knows what must be in the database, `looking` reads what is there with the drivers alone,
`warm` and `doing` run the platform's commands in forks of a warm process, `machine` is the hypothesis
machine over all of it.
"""
