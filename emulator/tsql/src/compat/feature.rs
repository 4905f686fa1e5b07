//! Clauses and expressions: those that are refused by name, and those one might doubt.

use super::{Entry, Support};

/// What queries can be made of.
pub const FEATURES: &[Entry] = &[
    yes(
        "JOIN: inner, left, right, full, cross",
        "SELECT 1 FROM dbo.t x FULL JOIN dbo.t y ON x.a = y.a",
    ),
    yes(
        "CROSS APPLY, OUTER APPLY",
        "SELECT y.c FROM dbo.t x CROSS APPLY (SELECT x.a AS c) y",
    ),
    yes(
        "derived tables, VALUES",
        "SELECT v.a FROM (VALUES (1), (2)) v(a)",
    ),
    yes(
        "WITH common table expressions",
        "WITH c AS (SELECT 1 AS a) SELECT a FROM c",
    ),
    yes(
        "recursive common table expressions",
        "WITH c AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM c WHERE a < 3) SELECT a FROM c",
    ),
    yes(
        "UNION, EXCEPT, INTERSECT",
        "SELECT 1 AS a UNION SELECT 2 EXCEPT SELECT 3 INTERSECT SELECT 4",
    ),
    yes(
        "subqueries: scalar, EXISTS, IN, ANY, ALL",
        "SELECT 1 WHERE 1 = ANY (SELECT a FROM dbo.t)",
    ),
    yes(
        "GROUP BY, HAVING",
        "SELECT b, COUNT(*) AS n FROM dbo.t GROUP BY b HAVING COUNT(*) > 0",
    ),
    yes(
        "GROUP BY ROLLUP, CUBE, GROUPING SETS",
        "SELECT a, COUNT(*) AS n FROM dbo.t GROUP BY ROLLUP(a)",
    ),
    no("GROUP BY ALL", "SELECT a FROM dbo.t GROUP BY ALL a"),
    yes(
        "window functions, OVER with frames",
        "SELECT SUM(a) OVER (ORDER BY a ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM dbo.t",
    ),
    no(
        "the WINDOW clause",
        "SELECT SUM(a) OVER w AS s FROM dbo.t WINDOW w AS (ORDER BY a)",
    ),
    yes(
        "TOP, WITH TIES, PERCENT",
        "SELECT TOP (1) WITH TIES a FROM dbo.t ORDER BY a",
    ),
    yes(
        "OFFSET … FETCH",
        "SELECT a FROM dbo.t ORDER BY a OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY",
    ),
    yes("SELECT … INTO", "SELECT a INTO dbo.c FROM dbo.t"),
    yes("OUTPUT", "DELETE FROM dbo.t OUTPUT deleted.a WHERE a = 1"),
    yes(
        "local temporary tables",
        "CREATE TABLE #t (a int); SELECT a FROM #t",
    ),
    no("global temporary tables", "CREATE TABLE ##t (a int)"),
    yes(
        "table variables",
        "DECLARE @t TABLE (a int); INSERT @t VALUES (1); SELECT a FROM @t",
    ),
    no(
        "PIVOT",
        "SELECT [1] FROM dbo.t PIVOT (MAX(b) FOR a IN ([1])) p",
    ),
    no(
        "UNPIVOT",
        "SELECT v FROM (SELECT 1 AS x, 2 AS y) s UNPIVOT (v FOR n IN (x, y)) u",
    ),
    no(
        "TABLESAMPLE",
        "SELECT a FROM dbo.t TABLESAMPLE (10 PERCENT)",
    ),
    no("FOR SYSTEM_TIME", "SELECT a FROM dbo.t FOR SYSTEM_TIME ALL"),
    partly(
        "FOR BROWSE",
        "SELECT a FROM dbo.t FOR BROWSE",
        "taken, and adds no hidden columns",
    ),
    yes("FOR JSON PATH", "SELECT a FROM dbo.t FOR JSON PATH"),
    partly(
        "FOR JSON AUTO",
        "SELECT a FROM dbo.t FOR JSON AUTO",
        "over one table",
    ),
    yes("FOR XML RAW, PATH", "SELECT a FROM dbo.t FOR XML PATH('r')"),
    no("FOR XML AUTO", "SELECT a FROM dbo.t FOR XML AUTO"),
    no(
        "FOR XML EXPLICIT",
        "SELECT 1 AS Tag, NULL AS Parent, a AS [r!1!a] FROM dbo.t FOR XML EXPLICIT",
    ),
    no("OPENJSON", "SELECT [key] FROM OPENJSON(N'[1]')"),
    yes(
        "STRING_SPLIT, GENERATE_SERIES",
        "SELECT value FROM STRING_SPLIT(N'a,b', N',')",
    ),
    no(
        "methods of xml",
        "DECLARE @x xml = N'<a/>'; SELECT @x.value('(/a)[1]', 'int')",
    ),
    no(
        "WITH XMLNAMESPACES",
        "WITH XMLNAMESPACES ('u' AS n) SELECT 1",
    ),
    no(
        "CONTAINS, FREETEXT",
        "SELECT a FROM dbo.t WHERE CONTAINS(b, N'x')",
    ),
    no("NEXT VALUE FOR", "SELECT NEXT VALUE FOR dbo.q"),
    no("BULK INSERT", "BULK INSERT dbo.t FROM 'x'"),
    no("Service Broker", "SELECT 1; SEND ON CONVERSATION @h (0x)"),
    no(
        "partition schemes and functions",
        "CREATE PARTITION FUNCTION p (int) AS RANGE LEFT FOR VALUES (1)",
    ),
    no(
        "symmetric and asymmetric keys",
        "CREATE SYMMETRIC KEY k WITH ALGORITHM = AES_256 ENCRYPTION BY PASSWORD = 'x'",
    ),
    no("full-text catalogs", "CREATE FULLTEXT CATALOG c"),
    no("server audits", "CREATE SERVER AUDIT a TO APPLICATION_LOG"),
];

const fn yes(name: &'static str, sample: &'static str) -> Entry {
    Entry {
        name,
        support: Support::Yes,
        sample,
        note: "",
    }
}

const fn no(name: &'static str, sample: &'static str) -> Entry {
    Entry {
        name,
        support: Support::No,
        sample,
        note: "",
    }
}

const fn partly(name: &'static str, sample: &'static str, note: &'static str) -> Entry {
    Entry {
        name,
        support: Support::Partly,
        sample,
        note,
    }
}
