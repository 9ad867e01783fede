"""What a peer costs: CPU and memory of its processes, statements in the database, time on the wire."""
