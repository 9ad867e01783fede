"""Cases that were reported in public of other platforms, each with generated addons on both databases."""

from random import Random

import pytest


@pytest.fixture
def worlds(ground, tmp_path):
    """`worlds(series, ...)`: a new system with these series on offer."""
    from grove.world import World
    from grove.writing import Store

    made = []

    def world(*series):
        number = len(made)
        folder = tmp_path / f"world{number}"
        folder.mkdir()
        store = Store(tmp_path / f"store{number}", series)
        made.append(World(folder, ground.make_url(), store, ground.warm))
        return made[-1]

    yield world
    for one in made:
        one.close()
        ground.drop_url(one.url)


def grown(*names, **says):
    """Series by name: alder, birch (extends every alder), dune (two lines)."""
    from grove.series import grow

    alder = grow("alder", 3, squashed=says.get("squashed"))
    birch = grow("birch", 3, (alder,), {"alder_item": "always"})
    dune = grow("dune", 3, (alder,), {"alder_item": "sparse"}, lines=says.get("lines"))
    known = {"alder": alder, "birch": birch, "dune": dune}
    return [known[name] for name in names]


def bring(world, *listed, **versions):
    for addon, version in versions.items():
        world.install(addon, version)
    world.declare(listed)
    return world.apply()


def test_an_addon_is_disabled_while_the_core_is_upgraded_and_then_enabled_again(worlds):
    world, rng = worlds(*grown("alder", "birch")), Random(1)
    bring(world, "birch", alder="1.0", birch="1.0")
    world.write(rng, 60)
    kept = len(world.oracle.rows["birch_item"])
    bring(world, "alder")
    world.write(rng, 20)
    for version in ("1.1", "1.3", "1.5"):
        bring(world, "alder", alder=version)
        world.write(rng, 10)
    plan = bring(world, "birch", birch="1.2")
    assert {step["addon"] for step in plan["steps"]} == {"birch"}
    assert len(world.oracle.rows["birch_item"]) == kept > 0
    assert set(world.oracle.rows["birch_alderitem"]) == set(world.oracle.rows["alder_item"])


def test_an_addon_depends_on_the_latest_migration_of_the_core(worlds):
    from grove.series import Draft, ReleaseSeries, start

    (alder,) = grown("alder")
    newest = alder.releases[-1]
    draft = Draft("elm", Random(1), (alder,))
    draft.requires = {"alder": newest.version}
    start(draft, {})
    (first,) = draft.revisions[:1]
    draft.revisions[0] = type(first)(
        **{**vars(first), "requires": {"alder": newest.revisions[-1].id}}
    )
    draft.release("1.0")
    world = worlds(alder, ReleaseSeries("elm", ("alder",), tuple(draft.releases)))

    world.install("alder", "1.0")
    world.install("elm", "1.0")
    world.declare(["elm"])
    told, _ = world.plan()
    assert told.code == 1
    assert f"requires grove-alder>={newest.version}, but grove-alder 1.0 is installed" in told.text

    plan = bring(world, "elm", alder=newest.version)
    steps = [(step["addon"], step["name"]) for step in plan["steps"]]
    assert steps.index(("alder", newest.revisions[-1].id)) < steps.index(("elm", first.id))
    # The core's own version row stands beside the addon's.
    assert world.look.query("SELECT version_num FROM alder_alembic_version") == [
        {"version_num": newest.revisions[-1].id}
    ]
    world.write(Random(2), 20)
    bring(world, "alder")
    bring(world, "elm")


def test_the_core_squashes_a_migration_that_an_addon_refers_to(worlds, ground):
    alder, birch = grown("alder", "birch", squashed=3)
    squashed = alder.of("1.3").revisions[0]
    assert squashed.id in alder.of("1.2").ids
    referred = birch.of("1.0").revisions[1].requires["alder"]
    assert referred in squashed.absorbed

    world, rng = worlds(alder, birch), Random(1)
    bring(world, "birch", alder="1.1", birch="1.0")
    world.write(rng, 60)
    # The database stands before the squash: what lies between is in no package any more.
    world.install("alder", "1.3")
    world.refuse()
    assert "squashed" in world.plan()[0].text
    bring(world, "birch", alder="1.2")
    world.write(rng, 10)
    bring(world, "birch", alder="1.3")
    world.write(rng, 10)
    bring(world, "birch", alder="1.5", birch="1.5")

    fresh = worlds(alder, birch)
    bring(fresh, "birch", alder="1.5", birch="1.5")
    fresh.write(rng, 20)
    fresh.same_as_fresh(ground.make_url())


def test_two_release_lines_of_an_addon_diverge_and_are_merged(worlds):
    alder, dune = grown("alder", "dune", lines=2)
    world, rng = worlds(alder, dune), Random(1)
    bring(world, "dune", alder="1.5", dune="1.2")
    world.write(rng, 20)
    bring(world, "dune", dune="1.2.1")
    world.write(rng, 20)
    # 1.3 knows nothing of the other line's revision.
    world.install("dune", "1.3")
    world.refuse()
    merged = bring(world, "dune", dune="1.4")
    assert "merge" in merged["steps"][-1]["name"] or any(
        step["name"].endswith("merge") for step in merged["steps"]
    )
    world.write(rng, 20)

    other = worlds(alder, dune)
    for version in ("1.2", "1.3", "1.4"):
        bring(other, "dune", alder="1.5", dune=version)
    schemas = [one.warm("canonical_schema", one.site.folder, one.url) for one in (world, other)]
    assert schemas[0] == schemas[1]


def test_guaranteed_rows_come_back_as_they_were_when_their_table_comes_back(worlds):
    from grove.revisions import Create
    from grove.series import Draft, ReleaseSeries, start
    from grove.tables import STARS, Column, Table

    (alder,) = grown("alder")
    draft = Draft("elm", Random(1), (alder,))
    draft.requires = {"alder": "1.0"}
    start(draft, {})
    draft.release("1.0")
    stars = Column("stars", "int", "number", python_default=STARS)
    table = Table("elm", "elm_alderitem", {"stars": stars}, "alder_item", "always")
    draft.tables[table.name] = table
    draft.add("extend", "expand", table.create(), f'op.drop_table("{table.name}")', Create(table))
    draft.release("1.1")
    world, rng = worlds(alder, ReleaseSeries("elm", ("alder",), tuple(draft.releases))), Random(1)

    bring(world, "elm", alder="1.0", elm="1.0")
    for _ in range(6):
        world.insert(world.oracle.tables["alder_item"], rng)
    bring(world, "elm", elm="1.1")
    for _ in range(6):
        world.update(world.oracle.tables["elm_alderitem"], rng)
    world.roll_back(1)
    for _ in range(2):
        world.insert(world.oracle.tables["alder_item"], rng)
    bring(world, "elm", elm="1.1")
    held = [row["stars"] for row in world.oracle.rows["elm_alderitem"].values()]
    assert held.count(STARS) < len(held) == 8
