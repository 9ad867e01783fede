"""Before anything is timed: that all peers answer the same, refuse the same and write the same.

`canonical` says what may differ (ids and moments that are made, opaque cursors and ETags, the order of
keys), `questions` are the requests, `written` looks into the database. A peer that differs stops the run.
"""
