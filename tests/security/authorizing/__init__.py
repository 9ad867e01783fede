"""The shop as the matrix wants it: real accounts and tokens, rows of two owners, a database to go back to."""
