"""Full-text search with ranking: analysis, the index on each database, and the query."""
