"""How anything is run on a database that others use: the lock, the lease, short waits, watched statements."""
