"""Hand-written services and pages: what is more than rows of a resource."""
