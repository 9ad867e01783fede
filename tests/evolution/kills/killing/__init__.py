"""Plans that are interrupted at every point, and what is there after they were applied again."""
