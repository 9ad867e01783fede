"""`BY_ROLE`: the `security.py` of addons of these tests; who asks is whoever the header X-Role names, with that role."""

from __future__ import annotations

BY_ROLE = """
    from talatat.security import Identity

    class Source:
        def identify(self, request):
            role = request.headers.get("X-Role")
            return role and Identity(id=role, name=role, source=__package__, roles=frozenset({role}))
    """
