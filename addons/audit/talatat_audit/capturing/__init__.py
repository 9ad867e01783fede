"""Changes of rows, read off the statements of the application's own sessions, as the change feed does.

tables      the tables of the composed addons: keys, mappers, resources, maskings
changes     what one transaction has changed so far
objects     what the session knew of a row before a flush changed it
statements  which rows a statement writes, before and after
asking      rows as they are now
cascades    rows that the database deletes or clears along with others
listening   the listeners, and the entries at the commit
"""

from talatat_audit.capturing.listening import Capturing, noted

__all__ = ["Capturing", "noted"]
