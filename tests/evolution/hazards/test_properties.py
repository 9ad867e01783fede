"""Laws: whatever parses is judged, and how a statement is written down changes nothing."""

import random

from hazard_corpus import corpus_postgresql, corpus_second, corpus_sqlite
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from talatat.evolution.hazards import Context, HazardsError, Table, lint
from talatat.evolution.hazards.tokens import pieces, tokenize

POSTGRESQL = sorted({sql for case in (*corpus_postgresql.corpus(), *corpus_second.postgresql())
                     for act in case.acts for sql in act.statements})  # fmt: skip
SQLITE = sorted({sql for case in (*corpus_sqlite.corpus(), *corpus_second.sqlite())
                 for act in case.acts for sql in act.statements})  # fmt: skip
RENAMED = {"shop_item": "shop_thing", "shop_order": "shop_purchase", "price": "cost", "note": "remark",
           "total": "amount_due", "extra": "further"}  # fmt: skip
CONTEXT = Context(addon="shop", requires=frozenset({"gift"}), phase="expand",
                  tables={"shop_item": Table("shop", 10, 10), "shop_thing": Table("shop", 10, 10)})  # fmt: skip
few = settings(max_examples=150, deadline=None)


def told(statements, dialect, context=CONTEXT):
    return [
        (one.id, one.severity, one.lock, one.statement)
        for one in lint(statements, dialect, context)
    ]


def mutated(statement, other, chance):
    """A statement with tokens dropped, doubled, swapped or taken from another."""
    tokens = [token.text for token in tokenize(statement)]
    pool = [token.text for token in tokenize(other)]
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(tokens))
        kind = chance.randrange(4)
        if kind == 0 and len(tokens) > 2:
            del tokens[place]
        elif kind == 1:
            tokens.insert(place, tokens[place])
        elif kind == 2:
            tokens[place] = chance.choice(pool)
        else:
            other_place = chance.randrange(len(tokens))
            tokens[place], tokens[other_place] = tokens[other_place], tokens[place]
    return " ".join(tokens)


@few
@given(st.sampled_from(POSTGRESQL), st.sampled_from(POSTGRESQL), st.integers())
def test_whatever_postgresql_parses_is_judged(statement, other, seed):
    text = mutated(statement, other, random.Random(seed))
    try:
        lint([text], "postgresql", CONTEXT)
    except HazardsError as error:
        assert "cannot be read" in str(error)


@few
@given(st.sampled_from(SQLITE), st.sampled_from(SQLITE), st.integers())
def test_whatever_sqlite_prepares_is_judged(statement, other, seed):
    text = mutated(statement, other, random.Random(seed))
    try:
        lint([text], "sqlite", CONTEXT)
    except HazardsError as error:
        assert "cannot be read" in str(error)


@few
@given(st.text(max_size=60))
def test_any_text_at_all_is_judged_or_refused(text):
    for dialect in ("postgresql", "sqlite"):
        try:
            lint([text], dialect, CONTEXT)
        except HazardsError as error:
            assert "cannot be read" in str(error)


@few
@given(
    st.sampled_from(
        [("postgresql", one) for one in POSTGRESQL] + [("sqlite", one) for one in SQLITE]
    ),
    st.data(),
)
def test_blanks_comments_and_the_case_of_words_change_nothing(case, data):
    dialect, statement = case
    fill = st.sampled_from([" ", "\n\t", " /* CREATE INDEX i ON t (a); */ ", " -- DROP TABLE t;\n"])
    tokens = list(tokenize(statement))
    assume(not any(token.text.startswith("$") for token in tokens))
    written, end = [], 0
    for token in tokens:
        upper = token.kind == "word" and token.text.isupper()
        written += [
            data.draw(fill) if token.start > end else "",
            token.text.lower() if upper else token.text,
        ]
        end = token.end
    assert told(["".join(written)], dialect) == told([statement], dialect)


@few
@given(st.sampled_from(POSTGRESQL))
def test_other_names_of_tables_and_columns_change_nothing(statement):
    def renamed(text):
        tokens = list(tokenize(text))
        parts, end = [], 0
        for token in tokens:
            parts += [
                text[end : token.start],
                RENAMED.get(token.text, token.text) if token.kind == "word" else token.text,
            ]
            end = token.end
        return "".join([*parts, text[end:]])

    other = renamed(statement)
    assert told([other], "postgresql") == told([statement], "postgresql")


@few
@given(st.lists(st.sampled_from(POSTGRESQL), min_size=1, max_size=5))
def test_a_script_falls_into_the_statements_that_it_was_made_of(statements):
    script = ";\n-- a comment; with a semicolon\n".join(statements) + ";"
    assert [one.text for one in pieces(script)] == [
        one.rpartition("--")[0].rstrip() if " --" in one else one for one in statements
    ]
