"""schemathesis over the composed API: a shop, the roles that use it, a run, and what a run found."""
