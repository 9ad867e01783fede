"""An addon of which every rule holds."""

from talatat.testing.conformance import RULES, Tier, check


def test_every_rule_holds_of_a_clean_addon_on_both_databases(workshop, postgresql_server):
    workshop.lamp()
    report = check("lamp", beside=["garden"])
    assert [
        (one.rule.id, one.problems, one.said) for one in report.results if one.state != "pass"
    ] == []
    assert report.tier is Tier.PLATINUM
    assert report.next_tier is None
    assert report.exit_code == 0
    assert report.databases == ("SQLite", "PostgreSQL")
    assert [one.rule.id for one in report.results] == list(RULES)
