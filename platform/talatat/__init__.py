"""Talatat: a Pyramid platform for systems that have to last.

A system is a list of addons in an .ini file. `main` is what `pserve` calls; addons write against the
directives of the configurator that their `includeme` is given, and against the packages
`talatat.db`, `talatat.events`, `talatat.resources`, `talatat.security` and `talatat.problems`.
"""

import warnings
from typing import TYPE_CHECKING

# Pyramid and Cornice import pkg_resources; who runs a system can do nothing about it.
warnings.filterwarnings("ignore", message="pkg_resources is deprecated")

if TYPE_CHECKING:
    from pyramid.router import Router

__all__ = ["main"]


def main(global_config: dict[str, str], **settings: str) -> "Router":
    """PasteDeploy's application factory: the composed system as a WSGI application.

    Raises `talatat.errors.CompositionError` with everything that is wrong with the composition.
    """
    from talatat.process import application  # the package's face imports nothing that composes

    return application(global_config, settings)
