"""Expressions and queries as people write them; PostgreSQL prints each in its own way."""

TABLE = """
CREATE TABLE t (id int PRIMARY KEY, v varchar(20), v2 varchar, c char(3), tx text, i int, b bigint, sm smallint,
    n numeric(10, 2), f float8, r real, d date, ts timestamp, tz timestamptz, j jsonb, js json, a int[], ta text[],
    va varchar[], u uuid, bo boolean, iv interval, by bytea, "Order" text, nm name, ci "char")
"""

CONDITIONS = r"""
v IN ('a','b')
v NOT IN ('a','b')
v2 IN ('a')
v2 = ANY('{a,b}')
c IN ('EUR','USD')
tx IN ('a','b')
i IN (1,2,3)
b IN (1, 5000000000)
sm IN (1,2)
n IN (1, 2.5)
f IN (1, 2.5)
r IN (1, 2.5)
r > 0.5
sm > -1
i > -1 AND b > -5000000000 AND n > -0.5
d > '2020-01-01'
ts > '2020-01-01 10:00' AND tz > '2020-01-01'
d BETWEEN '2020-01-01' AND '2021-01-01'
d BETWEEN SYMMETRIC '2020-01-01' AND '2021-01-01'
v LIKE 'a%' OR tx ILIKE '%b_' OR tx SIMILAR TO '[a-z]+' OR tx ~* '^a'
v LIKE ANY (ARRAY['a%','b%'])
j ? 'a' AND j->>'b' = 'c' AND j @> '{"a": 1}' AND (j->'x'->>0) IS NOT NULL
js->>'b' IN ('x','y')
a && ARRAY[1,2] AND array_length(a,1) > 2 AND 3 = ANY(a) AND a[1] = 3 AND a[1:2] = '{1,2}'
'x' = ALL(ta)
'x' = ANY(va)
va @> ARRAY['a','b']::varchar[]
ta @> ARRAY['a','b']
u = '00000000-0000-0000-0000-000000000000'
bo IS NOT TRUE AND (bo OR NOT bo)
bo
iv > interval '1 day 2 hours' AND iv < '3 days'
by = '\xdead'
"Order" <> 'x'
COALESCE(v, tx, 'none') <> '' AND NULLIF(v, 'x') IS NOT NULL AND GREATEST(i, 3) > LEAST(1, i)
CASE WHEN v = 'a' THEN 1 WHEN v IN ('b','c') THEN 2 ELSE 0 END > 0
CASE v WHEN 'a' THEN true ELSE false END
(i, b) = (1, 2)
(v, tx) IN (('a','b'),('c','d'))
v IS DISTINCT FROM 'a'
v COLLATE "C" > 'a'
EXTRACT(year FROM d) > 2000 AND date_trunc('day', ts) = ts AND ts AT TIME ZONE 'UTC' > tz
substring(tx from 1 for 2) = 'ab' AND position('a' in tx) > 0 AND trim(both 'x' from tx) = '' AND overlay(tx placing 'x' from 1) = ''
length(v) > 3 AND lower(v) = v AND v || 'x' = tx AND char_length(trim(v)) > 0
i % 2 = 0 AND i / 2 > 1 AND i ^ 2 > 1 AND -i < 3 AND @ i > 3 AND NOT i = 3
round(n, 1) = n AND n::int = 3 AND f::numeric(10,1) = 3 AND cast(v as text) = 'x'
v::text = ANY (ARRAY['a','b'])
v = ANY (ARRAY['a'::varchar, 'b'::varchar])
ARRAY[v, v2]::text[] = ta
ARRAY[lower(v), v2] && ta
(ARRAY[v, v2])[1] = 'x'
nm IN ('a', 'b')
ci IN ('a', 'b')
tx IN (v, v2)
v IN (lower(tx), upper(tx))
v IN (E'a\'b', 'c;d', 'e]f', 'g(h', 'a::text[]')
(d, d) OVERLAPS (d, d)
xmlelement(name foo) IS NULL
to_tsvector('english', tx) @@ to_tsquery('english', 'a & b')
i::text || v IN ('1a', '2b')
(i > 0) = (b > 0)
i BETWEEN 1 AND 10 AND (b > 1 OR b < -1)
make_date(2020, 1, i) > d
ROW(i, b) IS NOT NULL
num_nonnulls(i, b) = 1
j @@ '$.a > 1'
tx ~ '^[0-9]{3}$' AND tx !~~ 'x%'
ARRAY[ARRAY[1,2],ARRAY[3,4]] = ARRAY[a, a]
ARRAY[]::text[] = ta
v IN ('a', NULL)
ts IN ('2020-01-01', '2021-01-01')
tz < now() - interval '1 day'
normalize(tx) = tx AND tx IS NORMALIZED
CURRENT_DATE > d AND LOCALTIMESTAMP(0) > ts AND current_user <> tx
v::varchar(3) IN ('a','b')
v::char(3) IN ('a', 'b')
ARRAY[i,sm]::bigint[] = ARRAY[b]
ARRAY[1,2]::numeric[] = ARRAY[n]
(ARRAY['a','b'])::varchar(5)[] = va
v IN ('a','b') = (v2 IN ('c','d'))
i > 1 AND (i > 2 AND (b > 3 OR (i > 4 OR b > 5)))
"""

QUERIES = r"""
SELECT * FROM t WHERE v IN ('a','b') ORDER BY 1 DESC NULLS LAST LIMIT 10 OFFSET 2
SELECT t.id, x.id AS other FROM t JOIN t x USING (v) LEFT JOIN LATERAL (SELECT 1 AS one WHERE t.id > 1) l ON true
SELECT v, count(*) FILTER (WHERE v IN ('a','b')), sum(i) OVER (PARTITION BY v ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t GROUP BY v, i, id HAVING count(*) > 1
WITH RECURSIVE w(n) AS (VALUES (1) UNION ALL SELECT n+1 FROM w WHERE n < 10) SELECT n, n IN (1,2) AS small FROM w
SELECT DISTINCT ON (v) v, tx, (SELECT max(i) FROM t s WHERE s.v = t.v) FROM t WHERE EXISTS (SELECT 1 FROM t z WHERE z.id = t.id) AND id IN (SELECT id FROM t)
SELECT v, i, count(*) FROM t GROUP BY GROUPING SETS ((v), (i), ())
SELECT string_agg(v, ',' ORDER BY id), array_agg(DISTINCT v), percentile_cont(0.5) WITHIN GROUP (ORDER BY f) FROM t
SELECT g, i FROM generate_series(1, 3) WITH ORDINALITY AS q(g, i), unnest(ARRAY['a','b']) WITH ORDINALITY
SELECT id FROM t EXCEPT (SELECT id FROM t WHERE c IN ('a','b') INTERSECT SELECT 1)
SELECT a[1], j #>> '{a,b}', tz AT TIME ZONE 'Europe/Berlin' AS z FROM t FOR UPDATE SKIP LOCKED
VALUES (1, 'a'::varchar), (2, 'b')
SELECT t.*::text FROM t
SELECT jsonb_build_object('a', v, 'b', ARRAY[v, tx]) FROM t
SELECT 'x' AS a, 1 AS b, NULL AS c, ARRAY['a', v] AS d, ARRAY[v, 'b']::text[] AS e, interval '1 month' AS g FROM t
"""
