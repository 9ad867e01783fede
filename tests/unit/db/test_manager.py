"""The manager of a request's transaction: as `transaction`'s own, but quick about nothing."""

import pytest
from transaction import Transaction, TransactionManager
from transaction._transaction import Status
from transaction.interfaces import AlreadyInTransaction, NoTransaction

from talatat.db.manager import RequestManager, RequestTransaction


class Resource:
    """A data manager that notes what it is told."""

    def __init__(self):
        self.told = []

    def __getattr__(self, name):
        return lambda transaction: self.told.append(name)

    def sortKey(self):
        return "resource"


def test_a_transaction_has_all_that_the_librarys_own_has():
    manager = TransactionManager(explicit=True)
    ours, theirs = RequestTransaction(manager._synchs, manager), Transaction(manager._synchs)
    assert vars(ours).keys() == vars(theirs).keys()
    same = vars(ours).keys() - {"log", "_manager", "_synchronizers"}
    assert {name: vars(ours)[name] for name in same} == {name: vars(theirs)[name] for name in same}


def test_a_transaction_that_nobody_joined_ends_with_its_commit():
    manager = RequestManager()
    begun = manager.begin()
    manager.commit()
    assert begun.status is Status.COMMITTED
    with pytest.raises(NoTransaction):
        manager.get()
    manager.begin()


def test_whoever_joined_is_asked_in_two_phases():
    manager, resource = RequestManager(), Resource()
    manager.begin().join(resource)
    manager.commit()
    assert resource.told == ["tpc_begin", "commit", "tpc_vote", "tpc_finish"]


@pytest.mark.parametrize("when", ["addBeforeCommitHook", "addAfterCommitHook"])
def test_hooks_are_called_though_nobody_joined(when):
    manager, called = RequestManager(), []
    getattr(manager.begin(), when)(lambda *given: called.append(given))
    manager.commit()
    assert len(called) == 1


def test_a_synchronizer_is_told_of_each_transaction():
    class Synchronizer(Resource):
        pass

    manager, told = RequestManager(), Synchronizer()
    manager.registerSynch(told)
    manager.begin()
    manager.commit()
    assert told.told == ["newTransaction", "beforeCompletion", "afterCompletion"]


def test_a_transaction_is_begun_once():
    manager = RequestManager()
    manager.begin()
    with pytest.raises(AlreadyInTransaction):
        manager.begin()


def test_a_doomed_transaction_is_not_committed():
    manager = RequestManager()
    manager.begin().doom()
    with pytest.raises(Exception, match="doomed"):
        manager.commit()


def test_a_synchronizer_that_comes_late_is_told_of_the_transaction_that_has_begun():
    class Synchronizer(Resource):
        pass

    manager, other, told = RequestManager(), RequestManager(), Synchronizer()
    manager.begin()
    other.begin()
    manager.registerSynch(told)
    other.commit()  # whose nobody else's is
    manager.commit()
    assert told.told == ["newTransaction", "beforeCompletion", "afterCompletion"]
    assert not RequestManager().registeredSynchs()


def test_the_first_note_describes_a_transaction_and_others_are_added():
    ours, theirs = RequestManager().begin(), TransactionManager().begin()
    for one in (ours, theirs):
        one.note(" /path ")
        one.note(None)
        one.note("more")
    assert ours.description == theirs.description == "/path\nmore"


def test_who_asks_whether_it_is_doomed_has_to_have_begun():
    manager = RequestManager()
    with pytest.raises(NoTransaction):
        manager.isDoomed()
    begun = manager.begin()
    assert not manager.isDoomed()
    begun.doom()
    assert manager.isDoomed()
