"""Key rings: what one key made, all rings that hold it accept, and nothing else."""

import base64
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talatat.security import KeyRing, WrongKey
from talatat.security.keys import from_text, to_text

SECRETS = st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=3, unique=True)
PURPOSES = st.binary(max_size=12)
MESSAGES = st.binary(min_size=1, max_size=60)
OLD, NEW = KeyRing(["old"]), KeyRing(["new"])
# The rings that a rotation goes through: appended, moved to the front, the old one taken out.
ACCEPTING, USING = KeyRing(["old", "new"]), KeyRing(["new", "old"])


@given(secrets=SECRETS, purpose=PURPOSES, message=MESSAGES, bound=st.binary(max_size=20))
def test_what_a_ring_makes_it_takes_again(secrets, purpose, message, bound):
    ring = KeyRing(secrets)
    assert ring.verify(purpose, message, ring.sign(purpose, message))
    assert ring.verify(purpose, message, ring.sign_text(purpose, message))
    assert ring.unseal(purpose, ring.seal(purpose, message, bound), bound) == message
    assert ring.decrypt(purpose, ring.encrypt(purpose, message)) == message


@given(one=PURPOSES, other=PURPOSES, message=MESSAGES)
def test_what_one_purpose_made_is_worth_nothing_for_another(one, other, message):
    if one == other:
        return
    assert not OLD.verify(other, message, OLD.sign(one, message))
    with pytest.raises(WrongKey):
        OLD.unseal(other, OLD.seal(one, message))
    with pytest.raises(WrongKey):
        OLD.decrypt(other, OLD.encrypt(one, message))


@given(purpose=PURPOSES, message=MESSAGES)
def test_a_rotation_has_no_step_that_refuses_what_the_step_before_or_after_it_made(
    purpose, message
):
    for one, other in pairwise([OLD, ACCEPTING, USING, NEW]):
        for maker, taker in ((one, other), (other, one)):
            assert taker.verify(purpose, message, maker.sign(purpose, message))
            assert taker.unseal(purpose, maker.seal(purpose, message)) == message
            assert taker.decrypt(purpose, maker.encrypt(purpose, message)) == message


@given(purpose=PURPOSES, message=MESSAGES)
def test_a_key_that_was_taken_out_opens_nothing_any_more(purpose, message):
    assert not NEW.verify(purpose, message, OLD.sign(purpose, message))
    with pytest.raises(WrongKey):
        NEW.unseal(purpose, OLD.seal(purpose, message))
    with pytest.raises(WrongKey):
        NEW.decrypt(purpose, OLD.encrypt(purpose, message))


@given(message=MESSAGES, at=st.integers(0), bit=st.integers(0, 7))
def test_one_flipped_bit_is_enough(message, at, bit):
    def flipped(raw):
        place = at % len(raw)
        return raw[:place] + bytes([raw[place] ^ 1 << bit]) + raw[place + 1 :]

    assert not USING.verify(b"p", message, flipped(USING.sign(b"p", message)))
    assert not USING.verify(b"p", flipped(message), USING.sign(b"p", message))
    with pytest.raises(WrongKey):
        USING.unseal(b"p", flipped(USING.seal(b"p", message)))
    with pytest.raises(WrongKey):
        USING.unseal(b"p", USING.seal(b"p", message, message), flipped(message))
    token = base64.urlsafe_b64decode(USING.encrypt(b"p", message))
    with pytest.raises(WrongKey):
        USING.decrypt(b"p", base64.urlsafe_b64encode(flipped(token)).decode())


@given(given=st.text(max_size=60) | st.binary(max_size=60))
def test_no_other_signature_is_accepted(given):
    assert not USING.verify(b"p", b"message", given)


@given(text=st.text(max_size=120))
def test_no_other_text_is_decrypted(text):
    assert not USING.is_current(b"p", text)
    with pytest.raises(WrongKey):
        USING.decrypt(b"p", text)


@given(raw=st.binary(max_size=60))
def test_nothing_else_is_unsealed(raw):
    with pytest.raises(WrongKey):
        USING.unseal(b"p", raw)


def test_a_ring_tells_what_is_to_be_encrypted_anew():
    assert OLD.is_current(b"p", OLD.encrypt(b"p", b"seed"))
    assert not USING.is_current(b"p", OLD.encrypt(b"p", b"seed"))
    assert not USING.is_current(b"other", USING.encrypt(b"p", b"seed"))


def test_the_signer_is_the_ring_of_the_one_key():
    signer = USING.signer(b"p", b"m", OLD.sign(b"p", b"m"))
    assert signer.sign(b"other", b"m") == OLD.sign(b"other", b"m")
    assert len(signer) == 1
    assert USING.signer(b"p", b"m", b"") is None


def test_what_is_stored_does_not_tell_that_two_are_the_same_and_what_is_sealed_stays_the_same():
    assert OLD.encrypt(b"p", b"seed") != OLD.encrypt(b"p", b"seed")
    assert OLD.seal(b"p", b"seed") == OLD.seal(b"p", b"seed")
    assert b"seed" not in OLD.seal(b"p", b"seed")


@pytest.mark.parametrize("secrets", [[], [""], ["a", ""]])
def test_an_empty_secret_makes_no_ring(secrets):
    with pytest.raises(ValueError, match="needs a secret"):
        KeyRing(secrets)


def test_a_ring_shows_nothing():
    assert "old" not in repr(USING) + str(USING) + repr(vars(USING)["_derived"])


@given(raw=st.binary(max_size=40))
def test_bytes_have_one_spelling(raw):
    assert from_text(to_text(raw)) == raw
    with pytest.raises(ValueError, match=r"base64|spelling"):
        from_text(to_text(raw) + "=")
