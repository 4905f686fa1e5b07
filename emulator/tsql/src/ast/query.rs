//! SELECT: queries, table sources, grouping, ordering, FOR and OPTION clauses.

use super::{
    ColumnRef, DataType, Expr, FunctionCall, Ident, ObjectName, OptionEntry, Over, Span, Text,
};

/// A SELECT statement: CTEs, a query, and hints.
#[derive(Debug, Clone, PartialEq)]
pub struct SelectStatement {
    /// The WITH clause.
    pub with: Option<With>,
    /// The query.
    pub query: Query,
    /// OPTION (…).
    pub hints: Vec<QueryHint>,
}

/// `WITH [XMLNAMESPACES (…),] cte AS (…), …`.
#[derive(Debug, Clone, PartialEq)]
pub struct With {
    /// XMLNAMESPACES entries: URI and prefix (no prefix for DEFAULT).
    pub namespaces: Vec<(Text, Option<Ident>)>,
    /// The common table expressions.
    pub ctes: Vec<Cte>,
}

/// One common table expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Cte {
    /// Its name.
    pub name: Ident,
    /// Column names, if written.
    pub columns: Vec<Ident>,
    /// Its query.
    pub query: Query,
}

/// A query expression with the clauses that apply to its whole result.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// SELECT, or set operations over SELECTs.
    pub body: QueryBody,
    /// ORDER BY.
    pub order_by: Vec<OrderByItem>,
    /// OFFSET … FETCH.
    pub offset: Option<OffsetFetch>,
    /// FOR XML, FOR JSON, FOR BROWSE.
    pub for_clause: Option<ForClause>,
    /// Where.
    pub span: Span,
}

/// The body of a query.
#[derive(Debug, Clone, PartialEq)]
pub enum QueryBody {
    /// One SELECT.
    Select(Box<QuerySpec>),
    /// `left UNION [ALL] right` and so on.
    SetOperation {
        /// Which.
        op: SetOperator,
        /// True for UNION ALL.
        all: bool,
        /// Left rows.
        left: Box<Self>,
        /// Right rows.
        right: Box<Self>,
    },
}

/// UNION, EXCEPT, INTERSECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetOperator {
    /// UNION
    Union,
    /// EXCEPT
    Except,
    /// INTERSECT (binds tighter than the other two)
    Intersect,
}

/// One SELECT … FROM … WHERE … GROUP BY … HAVING.
#[derive(Debug, Clone, PartialEq)]
pub struct QuerySpec {
    /// SELECT DISTINCT.
    pub distinct: bool,
    /// TOP.
    pub top: Option<Top>,
    /// The select list.
    pub items: Vec<SelectItem>,
    /// INTO target.
    pub into: Option<ObjectName>,
    /// FROM; several entries are cross joined.
    pub from: Vec<TableSource>,
    /// WHERE.
    pub filter: Option<Expr>,
    /// GROUP BY.
    pub group_by: Option<GroupBy>,
    /// HAVING.
    pub having: Option<Expr>,
    /// WINDOW name AS (…).
    pub windows: Vec<(Ident, Over)>,
    /// Where.
    pub span: Span,
}

/// `TOP n`, `TOP (n) [PERCENT] [WITH TIES]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Top {
    /// How many.
    pub count: Expr,
    /// PERCENT.
    pub percent: bool,
    /// WITH TIES.
    pub with_ties: bool,
}

/// One entry of a select list.
#[derive(Debug, Clone, PartialEq)]
pub enum SelectItem {
    /// `*` or `t.*`.
    Wildcard {
        /// The table or alias before the star.
        table: Option<ObjectName>,
        /// Where.
        span: Span,
    },
    /// `expr`, `expr AS alias`, `expr alias`, `alias = expr`.
    Expr {
        /// The value.
        expr: Expr,
        /// The name given.
        alias: Option<Ident>,
    },
    /// `@v = expr`, `@v += expr`.
    Assign {
        /// The variable, with its `@`.
        variable: Ident,
        /// `=` or a compound operator.
        op: AssignOp,
        /// The value.
        value: Expr,
    },
}

/// `=` or `op=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssignOp {
    /// `=`
    Set,
    /// `+=` and so on.
    Compound(super::BinaryOp),
}

/// One ORDER BY entry.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderByItem {
    /// What to order by; an integer literal is an ordinal, a bare name may be an alias.
    pub expr: Expr,
    /// DESC.
    pub descending: bool,
}

/// `OFFSET n ROWS [FETCH NEXT m ROWS ONLY]`.
#[derive(Debug, Clone, PartialEq)]
pub struct OffsetFetch {
    /// Rows to skip.
    pub offset: Expr,
    /// Rows to return.
    pub fetch: Option<Expr>,
}

/// `GROUP BY [ALL] …  [WITH ROLLUP | CUBE]`.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupBy {
    /// GROUP BY ALL.
    pub all: bool,
    /// The entries.
    pub items: Vec<GroupByItem>,
    /// The old WITH ROLLUP / WITH CUBE suffix.
    pub suffix: Option<GroupBySuffix>,
}

/// WITH ROLLUP, WITH CUBE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBySuffix {
    /// WITH ROLLUP
    Rollup,
    /// WITH CUBE
    Cube,
}

/// One GROUP BY entry.
#[derive(Debug, Clone, PartialEq)]
pub enum GroupByItem {
    /// An expression.
    Expr(Expr),
    /// `(a, b)` inside a grouping set or `()`, the grand total.
    Composite(Vec<Expr>),
    /// `ROLLUP (…)`; each element is one expression or a composite.
    Rollup(Vec<Self>),
    /// `CUBE (…)`.
    Cube(Vec<Self>),
    /// `GROUPING SETS (…)`.
    GroupingSets(Vec<Self>),
}

/// `alias (c1, c2)` after a table source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableAlias {
    /// The alias.
    pub name: Ident,
    /// Column names; empty when unsaid.
    pub columns: Vec<Ident>,
}

/// Something rows come from.
#[derive(Debug, Clone, PartialEq)]
pub enum TableSource {
    /// A table, view, CTE or synonym.
    Table(Box<NamedTable>),
    /// A table variable.
    Variable(Box<VariableTable>),
    /// A table-valued function: `dbo.f(1) AS a`, `STRING_SPLIT(…)`, `OPENJSON(…) WITH (…)`, `col.nodes('…') AS t(c)`,
    /// `::fn_helpcollations()`.
    Function(Box<TableFunction>),
    /// `OPENQUERY(server, 'query') AS a`.
    OpenQuery(Box<OpenQuery>),
    /// `@x.nodes('…') AS t(c)`.
    Method(Box<TableMethod>),
    /// `(SELECT …) AS a`.
    Derived(Box<DerivedTable>),
    /// `(VALUES (…), (…)) AS a(c1, c2)`.
    Values(Box<ValuesTable>),
    /// `left JOIN right ON …`.
    Join(Box<Join>),
    /// `left CROSS APPLY right`, `left OUTER APPLY right`.
    Apply(Box<Apply>),
    /// `t PIVOT (agg(c) FOR col IN (…)) AS a`.
    Pivot(Box<Pivot>),
    /// `t UNPIVOT (value FOR name IN (…)) AS a`.
    Unpivot(Box<Unpivot>),
}

/// A table, view, CTE or synonym by name.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTable {
    /// Its name.
    pub name: ObjectName,
    /// Its alias.
    pub alias: Option<TableAlias>,
    /// WITH (NOLOCK, …).
    pub hints: Vec<TableHint>,
    /// FOR SYSTEM_TIME or TABLESAMPLE.
    pub modifier: Option<TableModifier>,
}

/// `@t AS a`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableTable {
    /// The table variable, with its `@`.
    pub name: Ident,
    /// Its alias.
    pub alias: Option<TableAlias>,
}

/// A table-valued function.
#[derive(Debug, Clone, PartialEq)]
pub struct TableFunction {
    /// The call.
    pub call: FunctionCall,
    /// The WITH schema of OPENJSON and OPENXML; empty when unsaid.
    pub schema: Vec<OpenJsonColumn>,
    /// Its alias.
    pub alias: Option<TableAlias>,
    /// Where.
    pub span: Span,
}

/// `OPENQUERY(server, 'query') AS a`.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenQuery {
    /// The linked server.
    pub server: Ident,
    /// What it is to run, as it is.
    pub text: Text,
    /// Its alias.
    pub alias: Option<TableAlias>,
}

/// `@x.nodes('…') AS t(c)`.
#[derive(Debug, Clone, PartialEq)]
pub struct TableMethod {
    /// The method call ([`super::ExprKind::Method`]).
    pub call: Expr,
    /// Its alias.
    pub alias: Option<TableAlias>,
}

/// `(SELECT …) AS a`.
#[derive(Debug, Clone, PartialEq)]
pub struct DerivedTable {
    /// The query.
    pub query: Query,
    /// Its alias.
    pub alias: TableAlias,
}

/// `(VALUES (…), (…)) AS a(c1, c2)`.
#[derive(Debug, Clone, PartialEq)]
pub struct ValuesTable {
    /// The rows.
    pub rows: Vec<Vec<Expr>>,
    /// Its alias.
    pub alias: TableAlias,
    /// Where.
    pub span: Span,
}

/// `left JOIN right ON …`.
#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    /// Left rows.
    pub left: TableSource,
    /// Right rows.
    pub right: TableSource,
    /// Which join.
    pub kind: JoinKind,
    /// The condition; none for CROSS JOIN.
    pub on: Option<Expr>,
    /// LOOP, HASH, MERGE, REMOTE.
    pub hint: Option<JoinHint>,
    /// Where.
    pub span: Span,
}

/// `left CROSS APPLY right`, `left OUTER APPLY right`.
#[derive(Debug, Clone, PartialEq)]
pub struct Apply {
    /// Left rows.
    pub left: TableSource,
    /// Rows computed for each left row.
    pub right: TableSource,
    /// True for OUTER APPLY.
    pub outer: bool,
    /// Where.
    pub span: Span,
}

/// `source PIVOT (aggregate FOR column IN (values)) AS alias`.
#[derive(Debug, Clone, PartialEq)]
pub struct Pivot {
    /// The rows.
    pub source: TableSource,
    /// The aggregate.
    pub aggregate: FunctionCall,
    /// The column whose values become columns.
    pub column: ColumnRef,
    /// The values, which are also column names.
    pub values: Vec<Ident>,
    /// Its alias.
    pub alias: TableAlias,
    /// Where.
    pub span: Span,
}

/// `source UNPIVOT (value_column FOR name_column IN (columns)) AS alias`.
#[derive(Debug, Clone, PartialEq)]
pub struct Unpivot {
    /// The rows.
    pub source: TableSource,
    /// Name of the value column.
    pub value_column: Ident,
    /// Name of the name column.
    pub name_column: Ident,
    /// The columns turned into rows.
    pub columns: Vec<Ident>,
    /// Its alias.
    pub alias: TableAlias,
    /// Where.
    pub span: Span,
}

/// The joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinKind {
    /// INNER JOIN
    Inner,
    /// LEFT OUTER JOIN
    Left,
    /// RIGHT OUTER JOIN
    Right,
    /// FULL OUTER JOIN
    Full,
    /// CROSS JOIN
    Cross,
}

/// How to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinHint {
    /// LOOP
    Loop,
    /// HASH
    Hash,
    /// MERGE
    Merge,
    /// REMOTE
    Remote,
}

/// One table hint: `NOLOCK`, `INDEX(1)`, `FORCESEEK`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableHint {
    /// The hint's name in upper case.
    pub name: String,
    /// Index names or numbers.
    pub args: Vec<String>,
    /// Where.
    pub span: Span,
}

/// What may follow a table's name.
#[derive(Debug, Clone, PartialEq)]
pub enum TableModifier {
    /// FOR SYSTEM_TIME ALL.
    SystemTimeAll,
    /// FOR SYSTEM_TIME AS OF x.
    SystemTimeAsOf(Box<Expr>),
    /// FOR SYSTEM_TIME FROM a TO b, BETWEEN a AND b, CONTAINED IN (a, b).
    SystemTimeRange {
        /// `FROM`, `BETWEEN` or `CONTAINED`.
        form: SystemTimeRangeForm,
        /// Start.
        start: Box<Expr>,
        /// End.
        end: Box<Expr>,
    },
    /// TABLESAMPLE (n [PERCENT | ROWS]).
    Sample {
        /// How much.
        amount: Box<Expr>,
        /// True for ROWS.
        rows: bool,
    },
}

/// The three range forms of FOR SYSTEM_TIME.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemTimeRangeForm {
    /// FROM a TO b
    FromTo,
    /// BETWEEN a AND b
    Between,
    /// CONTAINED IN (a, b)
    ContainedIn,
}

/// One column of `OPENJSON(…) WITH (…)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenJsonColumn {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub data_type: DataType,
    /// The path.
    pub path: Option<Text>,
    /// AS JSON.
    pub as_json: bool,
}

/// FOR XML, FOR JSON, FOR BROWSE.
#[derive(Debug, Clone, PartialEq)]
pub enum ForClause {
    /// FOR BROWSE
    Browse,
    /// FOR JSON AUTO | PATH
    Json {
        /// True for AUTO.
        auto: bool,
        /// ROOT [('name')]: the inner value is empty without a name.
        root: Option<Option<Text>>,
        /// INCLUDE_NULL_VALUES
        include_null_values: bool,
        /// WITHOUT_ARRAY_WRAPPER
        without_array_wrapper: bool,
    },
    /// FOR XML RAW | AUTO | EXPLICIT | PATH
    Xml {
        /// The mode.
        mode: XmlMode,
        /// TYPE, ELEMENTS, ROOT('x'), BINARY BASE64, XMLSCHEMA, XMLDATA as upper-case names with a value.
        options: Vec<OptionEntry>,
    },
}

/// Modes of FOR XML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum XmlMode {
    /// RAW [('name')]
    Raw(Option<Text>),
    /// AUTO
    Auto,
    /// EXPLICIT
    Explicit,
    /// PATH [('name')]
    Path(Option<Text>),
}

/// One entry of OPTION (…).
#[derive(Debug, Clone, PartialEq)]
pub struct QueryHint {
    /// The words in upper case, one blank between them: `RECOMPILE`, `MAXDOP`, `HASH JOIN`, `OPTIMIZE FOR UNKNOWN`.
    pub name: String,
    /// The number or text after the words (`MAXDOP 1`, `LABEL = 'x'`).
    pub value: Option<Expr>,
    /// The list of `USE HINT ('…')`; empty otherwise.
    pub list: Vec<Text>,
    /// Where.
    pub span: Span,
}
