"""The directives of this room: `add_resource`, `extend_resource`, `add_hook`."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from pyramid.config import PHASE0_CONFIG, PHASE1_CONFIG
from pyramid.config.actions import action_method
from pyramid.exceptions import ConfigurationError

from talatat.problem_codes import ProblemCode, codes_of
from talatat.resources.bound import BoundResource
from talatat.resources.declaration import (
    BUILT_IN_VERBS,
    OPERATIONS,
    Resource,
    actions_of,
    permission_of,
)
from talatat.resources.extensions import ExtensionDeclaration
from talatat.resources.hooks import EVENTS, HookDeclaration
from talatat.resources.services import register

if TYPE_CHECKING:
    from talatat.configuration.configurator import Configurator

# Categories of introspectables.
RESOURCES = "talatat resources"
EXTENSIONS = "talatat resource extensions"
HOOKS = "talatat hooks"


class ResourceDirectives:
    """The directives of this room, for the Configurator."""

    @action_method
    def add_resource(self: Configurator, resource: Any) -> None:
        """Declare a resource: its services stand under `/api/<addon>/v1/<name>`.

        `resource` is a subclass of `talatat.resources.Resource` or its dotted name. The service is
        one action: an override replaces it whole.
        """
        declaration: type[Resource] = self.maybe_dotted(resource)
        _check(declaration)
        addon = declaration.addon or self.owner
        full_name = f"{addon}.{declaration.name}"
        intr = self.introspectable(RESOURCES, full_name, full_name, "resource")
        intr.update(
            name=full_name, resource=declaration, model=declaration.model, callable=declaration
        )
        bound = BoundResource(declaration, addon, intr)
        info = self.action_info

        def add() -> None:
            self.registry.system.resources.add(bound)
            self.registry.system.problem_codes.add(*_problems(declaration, addon))
            register(self, bound, info)

        self.action(("resource", full_name), add, introspectables=(intr,), order=PHASE1_CONFIG)

    @action_method
    def extend_resource(self: Configurator, target: str, fields: Any) -> None:
        """Add fields to another addon's resource, shown and written under this addon's name.

        `fields` is a colander mapping schema (or its dotted name) whose nodes are attributes of the
        extension that this addon makes of the resource's model with `config.extend_model`.
        """
        schema = self.maybe_dotted(fields)
        intr = self.introspectable(
            EXTENSIONS, (target, self.owner), f"{self.owner} extends {target}", "resource extension"
        )
        intr.update(target=target, schema=schema, callable=schema)
        declaration = ExtensionDeclaration(self.owner, target, schema, intr)
        resources = self.registry.system.resources
        self.action(
            ("resource extension", target, self.owner),
            lambda: resources.extensions.append(declaration),
            introspectables=(intr,),
            order=PHASE0_CONFIG,
        )

    @action_method
    def add_hook(self: Configurator, target: str, event: str, hook: Any) -> None:
        """Call `hook(request, obj, changes)` at an event of the resource `target`; "*" is all.

        `event` is before_ or after_ and create, update or delete; see talatat.resources.hooks.
        """
        if event not in EVENTS:
            raise ConfigurationError(
                f"{event!r} is no event of a resource: choose {', '.join(EVENTS)}"
            )
        hook = self.maybe_dotted(hook)
        _check_hook(hook)
        name = f"{hook.__module__}.{getattr(hook, '__qualname__', hook)}"
        intr = self.introspectable(
            HOOKS, (target, event, name), f"{name} {event} of {target}", "hook"
        )
        intr.update(target=target, event=event, callable=hook)
        declaration = HookDeclaration(target, event, hook, intr)
        resources = self.registry.system.resources
        self.action(
            ("hook", target, event, name),
            lambda: resources.hooks.append(declaration),
            introspectables=(intr,),
            order=PHASE0_CONFIG,
        )


def _problems(declaration: type[Resource], addon: str) -> list[ProblemCode]:
    """The codes that a resource and its actions name."""
    return codes_of(declaration.problems, addon) + [
        ProblemCode(code, status, meaning, addon=addon)
        for action in actions_of(declaration)
        for code, (status, meaning) in action.problems.items()
    ]


def _check_hook(hook: Any) -> None:
    try:
        inspect.signature(hook).bind(None, None, None)
    except TypeError as error:
        raise ConfigurationError(
            f"{hook!r} cannot be called as hook(request, obj, changes): {error}"
        ) from None
    except ValueError:  # a callable that does not tell its parameters
        return


def _check_verbs(title: str, declaration: type[Resource]) -> None:
    for action in actions_of(declaration):
        if action.verb in BUILT_IN_VERBS[action.level]:
            code = inspect.unwrap(getattr(declaration, action.method)).__code__
            raise ConfigurationError(
                f"{title}: the action :{action.verb} ({code.co_filename}:{code.co_firstlineno}) has a verb "
                f"that the platform gives to every resource: choose another one"
            )


def _check(declaration: Any) -> None:
    """ConfigurationError for a class that cannot be served, with the edit that mends it."""
    if not (isinstance(declaration, type) and issubclass(declaration, Resource)):
        raise ConfigurationError(
            f"{declaration!r} is no resource: derive a class from talatat.resources.Resource"
        )
    title = f"{declaration.__module__}.{declaration.__qualname__}"
    for attribute in ("name", "model"):
        if not hasattr(declaration, attribute):
            raise ConfigurationError(
                f"{title} has no {attribute!r}: add a line `{attribute} = ...`"
            )
    unknown = set(declaration.operations) - set(OPERATIONS)
    if unknown:
        raise ConfigurationError(
            f"{title}: operations names {', '.join(sorted(unknown))}; there are {', '.join(OPERATIONS)}"
        )
    _check_verbs(title, declaration)
    if not 1 <= declaration.page_size <= declaration.max_page_size <= Resource.max_page_size:
        raise ConfigurationError(
            f"{title}: page_size is {declaration.page_size} and max_page_size "
            f"{declaration.max_page_size}; a page has 1 to {Resource.max_page_size} rows"
        )
    wanted = [name for name in declaration.operations if permission_of(declaration, name) is None]
    wanted += [
        f":{action.verb}"
        for action in actions_of(declaration)
        if (action.permission or permission_of(declaration, "write")) is None
    ]
    if wanted:
        raise ConfigurationError(
            f"{title} says no permission for {', '.join(wanted)}: write permissions = "
            f'{{"read": ..., "write": ...}}; "public" opens to everybody'
        )
