"""Introspectables are Pyramid's, only smaller."""

from pyramid.interfaces import IIntrospectable
from pyramid.registry import Deferred
from pyramid.registry import Introspectable as PyramidIntrospectable
from pyramid.registry import Introspector as PyramidIntrospector
from zope.interface.verify import verifyObject

from talatat.configuration.introspector import Introspectable, Introspector


def filled(introspector, introspectable):
    """A thing and two that belong to it, said before and after it is there."""
    colour = introspectable("colours", Deferred(lambda: "red"), "Red", "colour")
    colour["tone"] = 3
    for name in ("rose", "brick"):
        thing = introspectable("things", name, name.title(), "thing")
        thing["name"] = name  # Pyramid takes those with the same contents for one
        thing.relate("colours", "red")
        if name == "rose":
            colour.register(introspector, "here")
        thing.register(introspector, f"at {name}")
    odd = introspectable("things", "odd", "Odd", "thing")
    odd["name"] = "odd"
    odd.relate("colours", "red")
    odd.unrelate("colours", "red")
    odd.register(introspector, None)
    return introspector


def told(introspector):
    return [
        (name, [(repr(one["introspectable"]), one["introspectable"].title, one["introspectable"].order,
                 dict(one["introspectable"]), one["introspectable"].action_info,
                 sorted(map(repr, one["related"]))) for one in entries])
        for name, entries in introspector.categorized()
    ]  # fmt: skip


def test_what_is_told_and_what_is_related_is_what_pyramid_tells():
    ours = filled(Introspector(), Introspectable)
    assert told(ours) == told(filled(PyramidIntrospector(), PyramidIntrospectable))
    assert verifyObject(IIntrospectable, ours.get("things", "rose"))


def test_one_is_found_by_the_hash_of_its_discriminator():
    ours = filled(Introspector(), Introspectable)
    red = ours.get("colours", "red")
    assert ours.get("colours", red.discriminator_hash) is red
    assert hash(red) == hash(("colours", "red"))
    assert bool(Introspectable("empty", "one", "", ""))


def test_relating_goes_on_once_everything_is_settled():
    ours = filled(Introspector(), Introspectable)
    ours.settle()
    ours.relate(("things", "rose"), ("colours", "red"))
    assert len(ours.related(ours.get("things", "rose"))) == 1
    ours.remove("things", "rose")
    assert [one.title for one in ours.related(ours.get("colours", "red"))] == ["Brick"]
