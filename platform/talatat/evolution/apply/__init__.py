"""Apply: carrying a plan out, so that it does what it said, once, and loses nothing when it is killed."""
