"""The registry remembers of which events nobody hears."""

from zope.interface import Interface, alsoProvides

from talatat.configuration.registry import Registry


class Happened:
    """An event."""


class Other:
    """Another one."""


class IMarked(Interface):
    """What a single event may provide."""


def made():
    registry = Registry("test")
    registry.registerHandler(lambda event: None, (Other,))
    return registry


def test_an_event_that_nobody_heard_of_is_heard_by_who_subscribes_later():
    registry, heard = made(), []
    registry.notify(Happened())
    registry.registerHandler(heard.append, (Happened,))
    registry.notify(Happened())
    assert len(heard) == 1


def test_a_single_event_may_provide_what_its_class_does_not():
    registry, heard = made(), []
    registry.registerHandler(heard.append, (IMarked,))
    registry.notify(Happened())
    marked = Happened()
    alsoProvides(marked, IMarked)
    registry.notify(marked)
    assert heard == [marked]
    registry.notify(Happened())
    assert heard == [marked]


def test_a_marked_event_that_nobody_hears_says_nothing_of_its_class():
    registry, heard = made(), []
    marked = Happened()
    alsoProvides(marked, IMarked)
    registry.notify(marked)
    registry.registerSubscriptionAdapter(heard.append, (Happened,), Interface)
    registry.notify(marked)
    assert registry._unheard == set()


def test_several_objects_are_told_together():
    registry, heard = made(), []
    registry.registerHandler(lambda *given: heard.append(given), (Happened, Other))
    one, two = Happened(), Other()
    registry.notify(one, two)
    assert heard == [(one, two)]


def test_without_any_subscriber_nothing_is_looked_up():
    registry = Registry("test")
    registry.notify(Happened())
    assert registry._unheard == set()
