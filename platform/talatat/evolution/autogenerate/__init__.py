"""New revisions of one addon, written from what parts its models from its migrations."""
