"""What import-linter holds about distributions: imports follow the requirements, nothing else.

An addon may import another only if its distribution requires it, and then only the package's face
(`talatat_catalog`) or its models (`talatat_catalog.models`). The platform requires no addon, so it may
import none. The requirements are read from each pyproject.toml, where they stand anyway.
"""

import re
import tomllib

import grimp
from importlinter import Contract, ContractCheck, output
from requirements import install

PLATFORM = "talatat"


def required_packages() -> dict[str, set[str]]:
    """Import package -> the repository's packages that its distribution requires."""
    projects = [
        tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        for folder in install.distributions()
    ]
    own = {_package(project["name"]) for project in projects}
    return {
        _package(project["name"]): {_package(line) for line in project["dependencies"]} & own
        for project in projects
    }


def _package(requirement: str) -> str:
    """The import package of one of our distributions, from its name or a line that requires it."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    return name[0].replace("-", "_").lower() if name else ""


def _open_to_others(module: str) -> bool:
    """Whether a module is what its distribution shows to others."""
    package, _, inside = module.partition(".")
    return package == PLATFORM or inside in ("", "models") or inside.startswith("models.")


class RequiredDistributions(Contract):
    """Every import between distributions is of a required one, and of what that one shows."""

    type_name = "required_distributions"

    def check(self, graph: grimp.ImportGraph, verbose: bool) -> ContractCheck:
        required = required_packages()
        wrong = []
        for importer in sorted(graph.modules):
            package = importer.partition(".")[0]
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                other = imported.partition(".")[0]
                if other == package:
                    continue
                if other not in required.get(package, ()):
                    wrong.append((importer, imported, f"{package} does not require {other}"))
                elif not _open_to_others(imported):
                    wrong.append((importer, imported, f"only {other} and {other}.models are open"))
        return ContractCheck(kept=not wrong, metadata={"wrong": wrong})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported, why in check.metadata["wrong"]:
            output.print_error(f"{importer} imports {imported}: {why}", bold=False)
