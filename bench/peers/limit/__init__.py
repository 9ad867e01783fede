"""The limit: what the same work costs without a framework, an ORM and a schema library."""
