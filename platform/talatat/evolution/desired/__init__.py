"""What is wanted: the surface, packages and guaranteed rows of the composition that an .ini declares.

`compose_apart` composes in a subprocess that may write nothing, so that a plan can be made of code that
the running process has not loaded, and that may be broken. `desired_of` tells the same of a process that
is composed already.
"""

from talatat.evolution.desired.apart import compose_apart
from talatat.evolution.desired.fills import Fill
from talatat.evolution.desired.model import Desired, desired_of

__all__ = ["Desired", "Fill", "compose_apart", "desired_of"]
