"""Schemas that hold one of everything, and changes of them that must show in the fingerprint."""

from __future__ import annotations

POSTGRESQL = """
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy');
CREATE TYPE pair AS (one integer, other text COLLATE "C");
CREATE TYPE span AS RANGE (SUBTYPE = numeric);
CREATE DOMAIN percent AS numeric(5, 2) DEFAULT 0 NOT NULL CONSTRAINT percent_ck CHECK (VALUE <= 100);
CREATE SEQUENCE numbers START WITH 100 INCREMENT BY 10 CYCLE MAXVALUE 1000;
CREATE FUNCTION twice(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2; -- 100 %';
CREATE AGGREGATE total (integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');
CREATE TABLE "Genre" (name text PRIMARY KEY, "under %" text REFERENCES "Genre" ON UPDATE CASCADE);
CREATE TABLE book (
    id bigserial PRIMARY KEY,
    shelf integer GENERATED ALWAYS AS IDENTITY (START WITH 7),
    twice integer GENERATED ALWAYS AS (twice(1)) STORED,
    number integer DEFAULT nextval('numbers'),
    status varchar(20) NOT NULL DEFAULT 'new' CONSTRAINT status_ck CHECK (status IN ('new', 'old, yes')),
    mood mood DEFAULT 'happy', moods mood[], two pair, part percent, during span,
    title text COLLATE "C" NOT NULL, genre text,
    "select" text UNIQUE DEFERRABLE INITIALLY DEFERRED,
    made timestamptz DEFAULT now(),
    CONSTRAINT book_genre_fk FOREIGN KEY (genre) REFERENCES "Genre" (name) ON DELETE SET NULL,
    CONSTRAINT book_during_ex EXCLUDE USING gist (during WITH &&)
);
CREATE TABLE label (size integer);
CREATE FUNCTION is_big(label) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT ($1).size > 10';
CREATE TABLE big (id integer DEFAULT twice(4), large boolean DEFAULT is_big(ROW(4)::label), labels label[]);
CREATE FUNCTION labels() RETURNS SETOF label STABLE BEGIN ATOMIC SELECT * FROM label; END;
ALTER TABLE book ADD CONSTRAINT book_title_ck CHECK (title <> '') NOT VALID;
ALTER TABLE big ADD COLUMN book_id bigint;
ALTER TABLE big ADD CONSTRAINT big_book_fk FOREIGN KEY (book_id) REFERENCES book ON DELETE CASCADE NOT VALID;
ALTER TABLE book ADD COLUMN big_id integer;
CREATE UNIQUE INDEX big_id_ix ON big (id) INCLUDE (book_id) WITH (fillfactor = 90);
ALTER TABLE book ADD CONSTRAINT book_big_fk FOREIGN KEY (big_id) REFERENCES big (id);
CREATE INDEX book_title_ix ON book USING gin (title gin_trgm_ops);
CREATE INDEX book_lower_ix ON book (lower(title) DESC NULLS LAST) WHERE status IN ('new', 'old');
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.made := now();  -- always; "now"
    RETURN NEW;
END $$;
CREATE TRIGGER book_touch BEFORE UPDATE OF title ON book FOR EACH ROW WHEN (OLD.title <> NEW.title)
    EXECUTE FUNCTION touch();
CREATE TRIGGER book_sleeps BEFORE INSERT ON book FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE book DISABLE TRIGGER book_sleeps;
CREATE VIEW titles WITH (security_barrier = true) AS
    SELECT id, title, count(*) OVER () FROM book b WHERE status IN ('new', 'old') GROUP BY id;
CREATE VIEW all_titles AS SELECT * FROM titles UNION SELECT 0, 'none', 0;
CREATE MATERIALIZED VIEW title_counts AS SELECT title, count(*) AS rows FROM all_titles GROUP BY title;
CREATE UNIQUE INDEX title_counts_ix ON title_counts (title);
CREATE RULE titles_delete AS ON DELETE TO titles DO INSTEAD DELETE FROM book WHERE book.id = OLD.id;
CREATE TABLE sale (id integer NOT NULL, day date NOT NULL, book_id bigint REFERENCES book,
    CONSTRAINT sale_pk PRIMARY KEY (id, day), CONSTRAINT sale_id_ck CHECK (id > 0)) PARTITION BY RANGE (day);
CREATE INDEX sale_day_ix ON sale (day);
CREATE TABLE sale_old PARTITION OF sale FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE sale_rest PARTITION OF sale DEFAULT;
CREATE UNLOGGED TABLE draft (note text DEFAULT 'a ; b') INHERITS ("Genre");
ALTER TABLE draft ENABLE ROW LEVEL SECURITY;
ALTER TABLE draft FORCE ROW LEVEL SECURITY;
CREATE POLICY draft_mine ON draft AS RESTRICTIVE FOR UPDATE TO CURRENT_USER USING (note <> 'x') WITH CHECK (note <> 'y');
CREATE TABLE talatat_archive (id text PRIMARY KEY);
CREATE TABLE talatat_archive_3 (id text PRIMARY KEY);
CREATE TABLE talatat_kept (id text PRIMARY KEY);
CREATE TABLE talatat_kept_1 (id serial);
COMMENT ON TABLE book IS 'not counted'
"""

SQLITE = """
CREATE TABLE "Genre" (name TEXT PRIMARY KEY, "under %" TEXT REFERENCES "Genre" ON UPDATE CASCADE) WITHOUT ROWID;
CREATE TABLE shelf (id INTEGER PRIMARY KEY AUTOINCREMENT, size INT NOT NULL ON CONFLICT FAIL DEFAULT (1 + 1)) STRICT;
CREATE TABLE book (
    id CHAR(36) NOT NULL, -- a comment, with a comma
    price DECIMAL(10, 2) DEFAULT -1 CHECK (price IN (-1, 0) OR price > 0),
    title VARCHAR(200) COLLATE NOCASE DEFAULT 'it''s, (new)' NOT NULL,
    "select" TEXT UNIQUE ON CONFLICT REPLACE,
    letters INT GENERATED ALWAYS AS (length(title)) STORED,
    doubled INT AS (letters * 2),
    shelf_id INTEGER CONSTRAINT book_shelf_fk REFERENCES shelf (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    genre TEXT, made_by TEXT,
    made TIMESTAMP DEFAULT CURRENT_TIMESTAMP, motto TEXT DEFAULT "It's",
    CONSTRAINT book_pk PRIMARY KEY (id),
    CONSTRAINT book_title_ck CHECK (title <> ''),
    UNIQUE (title, genre),
    CONSTRAINT book_genre_fk FOREIGN KEY(genre) REFERENCES "Genre" (name) ON DELETE SET NULL
);
CREATE INDEX book_lower_ix ON book (lower(title) DESC, genre COLLATE NOCASE) WHERE price > 0;
CREATE UNIQUE INDEX book_made_ix ON book (made);
CREATE TABLE document (id INTEGER PRIMARY KEY, body TEXT);
CREATE VIRTUAL TABLE search USING fts5(body, content='document', content_rowid='id', tokenize="ascii tokenchars '.'");
CREATE VIRTUAL TABLE search_term USING fts5vocab(search, row);
CREATE VIRTUAL TABLE place USING rtree(id, min_x, max_x);
CREATE TRIGGER document_insert AFTER INSERT ON document BEGIN
    INSERT INTO search (rowid, body) VALUES (new.id, new.body); SELECT CASE WHEN new.id > 1 THEN 1 END; END;
CREATE VIEW titles AS SELECT id, title FROM book;
CREATE TRIGGER titles_insert INSTEAD OF INSERT ON titles BEGIN SELECT 1; END;
CREATE TABLE talatat_archive (id TEXT PRIMARY KEY);
CREATE TABLE talatat_archive_3__book (id TEXT PRIMARY KEY);
CREATE TABLE talatat_kept (id TEXT PRIMARY KEY);
CREATE TABLE talatat_kept_1 (id INTEGER PRIMARY KEY AUTOINCREMENT)
"""

# Each line alone gives a fingerprint of its own.
CHANGES = """
ALTER TABLE book ADD COLUMN note text
ALTER TABLE book ADD COLUMN note text NOT NULL DEFAULT ''
ALTER TABLE book ADD COLUMN note varchar(10)
ALTER TABLE book RENAME COLUMN genre TO kind
ALTER TABLE "Genre" RENAME TO kind
CREATE TABLE other (id integer)
DROP TABLE talatat_kept
CREATE INDEX book_other_ix ON book (genre)
CREATE UNIQUE INDEX book_other_ix ON book (genre)
CREATE INDEX book_other_ix ON book (genre) WHERE genre <> ''
DROP INDEX book_lower_ix
CREATE VIEW other AS SELECT id FROM book
CREATE VIEW other AS SELECT title FROM book
"""
POSTGRESQL_CHANGES = """
ALTER TABLE book ALTER COLUMN genre SET NOT NULL
ALTER TABLE book ALTER COLUMN title DROP NOT NULL
ALTER TABLE book ALTER COLUMN status SET DEFAULT 'old'
ALTER TABLE book ALTER COLUMN status DROP DEFAULT
ALTER TABLE book ALTER COLUMN number TYPE bigint
ALTER TABLE book ALTER COLUMN genre TYPE varchar(10)
ALTER TABLE book ALTER COLUMN shelf SET GENERATED BY DEFAULT
ALTER TABLE book ALTER COLUMN shelf DROP IDENTITY
ALTER TABLE book ALTER COLUMN twice DROP EXPRESSION
ALTER TABLE book VALIDATE CONSTRAINT book_title_ck
ALTER TABLE book DROP CONSTRAINT book_title_ck
ALTER TABLE book DROP CONSTRAINT book_title_ck, ADD CONSTRAINT book_title_ck CHECK (title <> 'x') NOT VALID
ALTER TABLE book DROP CONSTRAINT book_genre_fk
ALTER TABLE book DROP CONSTRAINT book_genre_fk, ADD CONSTRAINT book_genre_fk FOREIGN KEY (genre) REFERENCES "Genre" ON DELETE CASCADE
ALTER TABLE book ALTER CONSTRAINT book_genre_fk DEFERRABLE
ALTER TABLE book ADD UNIQUE (genre)
ALTER TABLE book RENAME CONSTRAINT status_ck TO state_ck
ALTER TABLE book ENABLE TRIGGER book_sleeps
ALTER TABLE draft SET LOGGED
ALTER TABLE draft DISABLE ROW LEVEL SECURITY
ALTER TABLE draft NO INHERIT "Genre"
ALTER TABLE sale DETACH PARTITION sale_old
ALTER TYPE mood ADD VALUE 'angry'
ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'
ALTER TYPE pair ADD ATTRIBUTE third text
ALTER DOMAIN percent DROP CONSTRAINT percent_ck
ALTER DOMAIN percent DROP NOT NULL
ALTER SEQUENCE numbers INCREMENT BY 5
ALTER SEQUENCE book_id_seq OWNED BY NONE
DROP POLICY draft_mine ON draft
DROP RULE titles_delete ON titles
DROP TRIGGER book_touch ON book
ALTER TABLE book DROP COLUMN big_id
DROP MATERIALIZED VIEW title_counts
DROP INDEX title_counts_ix
ALTER INDEX book_lower_ix RENAME TO book_small_ix
CREATE OR REPLACE FUNCTION twice(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $1'
CREATE OR REPLACE VIEW all_titles AS SELECT * FROM titles
CREATE FUNCTION other() RETURNS integer LANGUAGE sql AS 'SELECT 1'
"""
POSTGRESQL_UNCOUNTED = """
COMMENT ON TABLE book IS 'another';
ALTER TABLE book SET (fillfactor = 80);
ALTER TABLE book ALTER COLUMN title SET STORAGE EXTERNAL;
ALTER TABLE book ALTER COLUMN title SET STATISTICS 500;
ALTER TABLE book CLUSTER ON book_pkey;
GRANT SELECT ON book TO PUBLIC;
CREATE SCHEMA talatat_archive_9;
CREATE TABLE talatat_archive_9.book (id integer);
CREATE TABLE talatat_kept_9 AS SELECT id, title FROM book;
CREATE TABLE catalog_alembic_version (version_num varchar(32) PRIMARY KEY);
ANALYZE book
"""
SQLITE_CHANGES = """
DROP TABLE search_term
DROP TRIGGER document_insert
DROP VIEW titles
ALTER TABLE book DROP COLUMN made_by
DROP INDEX book_lower_ix; CREATE INDEX book_lower_ix ON book (lower(title), genre COLLATE NOCASE) WHERE price > 0
DROP INDEX book_lower_ix; CREATE INDEX book_lower_ix ON book (lower(title) DESC, genre COLLATE NOCASE) WHERE price > 1
ALTER TABLE talatat_archive ADD COLUMN size INTEGER NOT NULL DEFAULT 0
"""
# Of one table of SQLite, written anew with another text in the place of the first.
SQLITE_TEXTS = [
    ("NOT NULL ON CONFLICT FAIL DEFAULT (1 + 1)", "NOT NULL DEFAULT (1 + 1)"),
    ("AUTOINCREMENT,", ","),
    (" STRICT;", ";"),
    (" WITHOUT ROWID;", ";"),
    ("DEFAULT (1 + 1)", "DEFAULT 2"),
    ("price > 0)", "price > 1)"),
    ("ON UPDATE CASCADE", ""),
    ("DEFAULT 'it''s, (new)' NOT NULL", "DEFAULT 'it''s, (new)'"),
    ("'it''s, (new)'", "'It''s, (new)'"),
    ("COLLATE NOCASE DEFAULT", "DEFAULT"),
    ("VARCHAR(200)", "VARCHAR(201)"),
    ("DEFERRABLE INITIALLY DEFERRED", ""),
    ("ON DELETE CASCADE DEF", "ON DELETE RESTRICT DEF"),
    ("ON DELETE SET NULL", "ON DELETE SET DEFAULT"),
    ("length(title)) STORED", "length(title)) VIRTUAL"),
    ("letters * 2", "letters * 3"),
    ("UNIQUE ON CONFLICT REPLACE", "UNIQUE"),
    ("UNIQUE (title, genre)", "UNIQUE (genre, title)"),
    ("CONSTRAINT book_title_ck CHECK", "CHECK"),
    ("(title <> '')", "(title <> 'x')"),
    ("AFTER INSERT ON document", "BEFORE INSERT ON document"),
    ("tokenchars '.'", "tokenchars '-'"),
    ("'.'\");", "'.'\", columnsize=0);"),
    ('DEFAULT "It\'s"', 'DEFAULT "it\'s"'),
]
# The same schema in other words.
SQLITE_SAME = [
    ("-- a comment, with a comma", "/* another */"),
    ("price DECIMAL(10, 2)", '"price" decimal(10,2)'),
    ("id CHAR(36) NOT NULL,", "id CHAR(36) CONSTRAINT book_pk PRIMARY KEY NOT NULL,"),
    ("    CONSTRAINT book_pk PRIMARY KEY (id),\n", ""),
    ("REFERENCES shelf (id)", "REFERENCES shelf"),
    ("ON DELETE CASCADE DEFERRABLE", "ON UPDATE NO ACTION ON DELETE CASCADE DEFERRABLE"),
    ("ON UPDATE CASCADE", "ON DELETE NO ACTION ON UPDATE CASCADE"),
    ("CHECK (title <> '')", "check ((\"title\"<>''))"),
    (
        "CREATE UNIQUE INDEX book_made_ix ON book (made)",
        'create unique index if not exists book_made_ix ON "book"(made)',
    ),
    ("DEFAULT -1 CHECK", "DEFAULT (-1) CHECK"),
    ('DEFAULT "It\'s"', "DEFAULT 'It''s'"),
    ("CREATE VIRTUAL TABLE search USING", 'create virtual table "search"  USING'),
]
