"""What a write is made of: bodies read by the schema, constraints as problems."""
