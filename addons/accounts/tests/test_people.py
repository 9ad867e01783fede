"""Users and groups over REST, and why managing them is not being everybody."""

import pytest
from sqlalchemy import select

from talatat_accounts.models import Grant, User

from .conftest import API, PASSWORD

BOB = {"name": "bob", "password": PASSWORD, "email": "bob@example.org"}


@pytest.fixture
def root(accounts):
    accounts.add("root", roles=("admin",))
    return accounts.token_of("root")


@pytest.fixture
def manager(accounts):
    accounts.add("max", roles=("accounts.manager",))
    return accounts.token_of("max")


def user_id(accounts, name):
    [[found]] = accounts.rows(select(User.id).where(User.name == name))
    return found


def test_a_user_that_was_made_can_log_in(accounts, root):
    made = root.post_json(f"{API}/users", BOB, status=201).json
    assert "password" not in made
    assert (made["name"], made["active"], made["roles"], made["groups"]) == ("bob", True, [], [])
    accounts.client().log_in("bob", status=201)


def test_a_password_is_never_shown(accounts, root):
    root.post_json(f"{API}/users", BOB, status=201)
    for path in (f"{API}/users", f"{API}/users/{user_id(accounts, 'bob')}"):
        text = root.get(path).text
        assert "argon2" not in text
        assert "password" not in text


def test_users_are_for_those_who_may_see_them(accounts, root):
    accounts.add("ada")
    accounts.client().get(f"{API}/users", status=401)
    accounts.token_of("ada").get(f"{API}/users", status=403)
    assert [u["name"] for u in root.get(f"{API}/users?sort=name").json["items"]] == ["ada", "root"]
    assert len(root.get(f"{API}/users?name=ada").json["items"]) == 1


def test_a_name_is_taken_once_in_any_spelling(accounts, root):
    root.post_json(f"{API}/users", BOB, status=201)
    answer = root.post_json(f"{API}/users", {**BOB, "name": "BOB"}, status=409)
    assert answer.json["errors"][0]["pointer"] == "/name"


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "\u00e9", "x" * 101])
def test_an_odd_name_is_refused(accounts, root, name):
    answer = root.post_json(f"{API}/users", {**BOB, "name": name}, status=422)
    assert answer.json["errors"][0]["pointer"] == "/name"


def test_roles_are_kept_as_strings_beside_the_addon_that_declares_them(accounts, root):
    made = root.post_json(f"{API}/users", {**BOB, "roles": ["accounts.manager"]}, status=201).json
    assert made["roles"] == ["accounts.manager"]
    grants = accounts.rows(select(Grant.role, Grant.addon).where(Grant.user_id == made["id"]))
    assert grants == [("accounts.manager", "accounts")]
    changed = root.patch_json(f"{API}/users/{made['id']}", {"roles": []}).json
    assert changed["roles"] == []
    assert accounts.rows(select(Grant.id).where(Grant.user_id == made["id"])) == []


def test_a_role_that_nobody_declares_cannot_be_given(accounts, root):
    answer = root.post_json(f"{API}/users", {**BOB, "roles": ["admin", "boss"]}, status=422)
    assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [
        ("/roles/1", "unknown_role")
    ]


def test_the_role_of_a_sleeping_addon_stays_gives_nothing_and_can_be_taken_away(accounts, root):
    accounts.add("ada", roles=("sleeping.boss",))
    me = accounts.token_of("ada").get(f"{API}/me").json
    assert me["roles"] == ["sleeping.boss"]
    assert me["permissions"] == ["accounts.self", "authenticated", "public"]
    path = f"{API}/users/{user_id(accounts, 'ada')}"
    kept = root.patch_json(path, {"roles": ["sleeping.boss", "accounts.manager"]}).json
    assert kept["roles"] == ["accounts.manager", "sleeping.boss"]
    assert root.patch_json(path, {"roles": []}).json["roles"] == []


def test_a_group_gives_its_roles_to_its_members(accounts, root):
    accounts.add("ada")
    client = accounts.token_of("ada")
    group = {"name": "staff", "roles": ["accounts.manager"]}
    made = root.post_json(f"{API}/groups", group, status=201).json
    client.get(f"{API}/users", status=403)
    path = f"{API}/users/{user_id(accounts, 'ada')}"
    assert root.patch_json(path, {"groups": ["staff"]}).json["groups"] == ["staff"]
    client.get(f"{API}/users", status=200)
    root.delete(f"{API}/groups/{made['id']}", status=204)
    client.get(f"{API}/users", status=403)
    assert root.get(path).json["groups"] == []


def test_a_group_that_is_not_there_cannot_be_joined(accounts, root):
    answer = root.post_json(f"{API}/users", {**BOB, "groups": ["nowhere"]}, status=422)
    assert answer.json["errors"][0]["pointer"] == "/groups/0"


def test_a_change_of_roles_is_seen_by_who_read_the_user_before(accounts, root):
    accounts.add("ada")
    path = f"{API}/users/{user_id(accounts, 'ada')}"
    etag = root.get(path).headers["ETag"]
    root.patch_json(path, {"roles": ["accounts.manager"]}, status=200)
    root.patch_json(path, {"roles": []}, headers={"If-Match": etag}, status=412)


def test_a_manager_makes_ordinary_users(accounts, manager):
    manager.post_json(f"{API}/users", BOB, status=201)
    manager.post_json(
        f"{API}/users", {**BOB, "name": "may", "roles": ["accounts.manager"]}, status=201
    )


def test_a_manager_cannot_give_a_role_that_holds_more(accounts, manager):
    answer = manager.post_json(f"{API}/users", {**BOB, "roles": ["admin"]}, status=403)
    assert answer.json["code"] == "rank"
    own = f"{API}/users/{user_id(accounts, 'max')}"
    manager.patch_json(own, {"roles": ["admin", "accounts.manager"]}, status=403)
    manager.post_json(f"{API}/groups", {"name": "g", "roles": ["admin"]}, status=403)


def test_a_manager_cannot_join_a_group_that_holds_more(accounts, manager):
    accounts.add_group("admins", roles=("admin",))
    own = f"{API}/users/{user_id(accounts, 'max')}"
    manager.patch_json(own, {"groups": ["admins"]}, status=403)


def test_a_manager_cannot_change_a_group_that_holds_more(accounts, root, manager):
    made = root.post_json(f"{API}/groups", {"name": "admins", "roles": ["admin"]}, status=201)
    path = f"{API}/groups/{made.json['id']}"
    manager.patch_json(path, {"name": "former-admins"}, status=403)
    manager.delete(path, status=403)
    root.patch_json(path, {"title": "Administrators"}, status=200)


@pytest.mark.parametrize("how", ["role", "group"])
@pytest.mark.parametrize(
    "change",
    [{"password": "mine from now on"}, {"active": False}, {"email": "max@example.org"}, None],
)
def test_a_manager_cannot_touch_an_administrator(accounts, manager, how, change):
    accounts.add("root", roles=("admin",) if how == "role" else ())
    accounts.add_group("admins", roles=("admin",), members=("root",) if how == "group" else ())
    path = f"{API}/users/{user_id(accounts, 'root')}"
    if change is None:
        manager.delete(path, status=403)
    else:
        manager.patch_json(path, change, status=403)
    accounts.client().log_in("root", status=201)


def test_scopes_count_in_rank(accounts, root):
    narrow = accounts.token_of("root", scopes=["accounts.manage", "accounts.read"])
    narrow.post_json(f"{API}/users", {**BOB, "roles": ["admin"]}, status=403)


def test_a_password_set_by_a_manager_ends_all_logins(accounts, root):
    accounts.add("ada")
    browser, token = accounts.client(), accounts.token_of("ada")
    browser.log_in()
    path = f"{API}/users/{user_id(accounts, 'ada')}"
    root.patch_json(path, {"password": "set by somebody else"}, status=200)
    browser.get(f"{API}/me", status=401)
    token.get(f"{API}/me", status=401)
    accounts.client().log_in(password="set by somebody else", status=201)
    root.patch_json(path, {"password": "short"}, status=422)


def test_a_user_who_was_closed_stays_out_when_opened_again(accounts, root):
    accounts.add("ada")
    token = accounts.token_of("ada")
    path = f"{API}/users/{user_id(accounts, 'ada')}"
    root.patch_json(path, {"active": False}, status=200)
    accounts.client().log_in(status=401)
    root.patch_json(path, {"active": True}, status=200)
    token.get(f"{API}/me", status=401)
    accounts.client().log_in(status=201)


def test_nobody_locks_themselves_out(accounts, root):
    own = f"{API}/users/{user_id(accounts, 'root')}"
    assert root.delete(own, status=409).json["code"] == "own_account"
    assert root.patch_json(own, {"active": False}, status=409).json["code"] == "own_account"


def test_a_deleted_user_is_gone_with_all_logins(accounts, root):
    accounts.add("ada", roles=("accounts.manager",))
    token = accounts.token_of("ada")
    root.delete(f"{API}/users/{user_id(accounts, 'ada')}", status=204)
    token.get(f"{API}/me", status=401)
    accounts.client().log_in(status=401)


def test_a_page_of_users_takes_as_many_statements_as_one_user(accounts, root):
    from sqlalchemy import event

    def statements():
        seen = []
        engine = accounts.test.system.database.engine
        listener = lambda *details: seen.append(details[2])  # noqa: E731
        event.listen(engine, "before_cursor_execute", listener)
        root.get(f"{API}/users", status=200)
        event.remove(engine, "before_cursor_execute", listener)
        return len(seen)

    accounts.add_group("staff", roles=("accounts.manager",))
    accounts.add("ada", roles=("accounts.manager",))
    statements()  # the first use of the token is written down
    few = statements()
    for number in range(20):
        accounts.add(f"user{number}", roles=("accounts.manager", "admin"))
    assert statements() == few
