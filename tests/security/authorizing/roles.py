"""An addon of the tests: for each declared permission a role that holds it and nothing else."""

from pyramid.interfaces import PHASE3_CONFIG

from talatat.security import Role

PREFIX = "only:"


def includeme(config):
    def declare():
        security = config.registry.system.security
        for name in security.permissions:
            role = Role(f"{PREFIX}{name}", (name,), "talatat")
            security.roles[role.name] = role

    config.action("roles of one permission", declare, order=PHASE3_CONFIG)
