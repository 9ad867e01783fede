"""FastAPI tuned by hand: rows instead of entities, reads in autocommit, statements built once, orjson."""
