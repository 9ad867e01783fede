"""The change feed: what was written to the rows of resources, in an order in which none is missed.

following    which tables belong to the rows of which resource
statements   which rows a statement writes
noting       listeners that note them, and one row in `talatat_change` for each at the end
deleting     deletions: what the database deletes along with them, and what is kept
keeping      values of deleted rows as JSON
table        the table `talatat_change` and how it is written
state        which database this is, and up to where its changes are settled
feed         `GET /<resources>:changes`
scoping      whether a request would see what is deleted
versions     versions that go on after a deletion
restoring    `POST /<resources>/<id>:restore`
"""
