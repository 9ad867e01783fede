"""Examples for every schema, parameter and body, made from the schemas and the same on every machine.

making      a value that a schema accepts
texts       strings: by format, by pattern, by the name of what they are for
patterns    the shortest text that a regular expression matches
placing     where they go in the document

A field says its own by `example=...` on the node; that is kept.
"""

from talatat.describing.examples.placing import exemplify

__all__ = ["exemplify"]
