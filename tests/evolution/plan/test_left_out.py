"""An addon that quarantine leaves out while planning: told, and not brought to the database."""

from talatat.evolution.apply.applying import apply_plan
from talatat.evolution.plan.making import make_plan


def test_what_quarantine_leaves_out_is_told_and_its_revisions_are_not_run(rated_shelf):
    url = f"sqlite:///{rated_shelf.folder}/db.sqlite"
    ini = rated_shelf.ini("shelf", "rating", url=url, **{"talatat.on_addon_error": "quarantine"})
    apply_plan(ini)
    rated_shelf.write(
        "rating", {"__init__.py": "raise RuntimeError('broken')\n"}, ("shelf",), "1.1"
    )
    rated_shelf.revision("rating", "0002_more", "", down="0001_ratings")
    plan = make_plan(ini)
    assert plan.steps == ()
    (state,) = plan.in_section("states")
    assert (state.symbol, state.what, state.weight) == ("!", "rating", "warning")
    assert "RuntimeError: broken" in state.detail
    assert any("addon rating is left out" in text for text in plan.measured["warnings"])
    apply_plan(ini)
    assert make_plan(ini).empty
