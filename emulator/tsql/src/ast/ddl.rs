//! Tables, indexes, views, schemas, types, sequences, synonyms, and DROP of any of them.

use super::{DataType, Expr, Ident, ObjectName, OptionEntry, SelectStatement, Span, Statement};

/// CREATE TABLE.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateTableStatement {
    /// Its name.
    pub name: ObjectName,
    /// Columns, constraints, indexes, in order.
    pub elements: Vec<TableElement>,
    /// ON filegroup.
    pub filegroup: Option<Ident>,
    /// TEXTIMAGE_ON filegroup.
    pub textimage_on: Option<Ident>,
    /// WITH (…), as written.
    pub options: Vec<OptionEntry>,
}

/// One element of a table's definition.
#[derive(Debug, Clone, PartialEq)]
pub enum TableElement {
    /// A column.
    Column(Box<ColumnDefinition>),
    /// A constraint.
    Constraint(TableConstraint),
    /// INDEX name (…).
    Index(InlineIndex),
    /// PERIOD FOR SYSTEM_TIME (start, end).
    Period(Ident, Ident),
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnDefinition {
    /// Its name.
    pub name: Ident,
    /// Its type; none for a computed column, and for a column declared `timestamp` without a name of its own type.
    pub data_type: Option<DataType>,
    /// AS expression.
    pub computed: Option<ComputedColumn>,
    /// COLLATE.
    pub collation: Option<Ident>,
    /// NULL (true), NOT NULL (false), or unsaid.
    pub nullable: Option<bool>,
    /// IDENTITY.
    pub identity: Option<Identity>,
    /// ROWGUIDCOL.
    pub rowguidcol: bool,
    /// SPARSE.
    pub sparse: bool,
    /// HIDDEN.
    pub hidden: bool,
    /// GENERATED ALWAYS AS ROW START (true) / END (false).
    pub generated_row_start: Option<bool>,
    /// DEFAULT.
    pub default: Option<DefaultConstraint>,
    /// Constraints written with the column; their column lists are empty.
    pub constraints: Vec<TableConstraint>,
    /// Indexes written with the column; their column lists are empty.
    pub indexes: Vec<InlineIndex>,
    /// Where.
    pub span: Span,
}

/// AS expression `[PERSISTED]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ComputedColumn {
    /// The expression; its text is reachable by its span.
    pub expr: Expr,
    /// PERSISTED.
    pub persisted: bool,
}

/// IDENTITY [(seed, increment)].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Seed as written, sign included; `1` when unsaid.
    pub seed: String,
    /// Increment as written, sign included; `1` when unsaid.
    pub increment: String,
    /// NOT FOR REPLICATION.
    pub not_for_replication: bool,
}

/// DEFAULT.
#[derive(Debug, Clone, PartialEq)]
pub struct DefaultConstraint {
    /// CONSTRAINT name.
    pub name: Option<Ident>,
    /// The value.
    pub value: Expr,
    /// WITH VALUES.
    pub with_values: bool,
}

/// A table or column constraint.
#[derive(Debug, Clone, PartialEq)]
pub struct TableConstraint {
    /// CONSTRAINT name.
    pub name: Option<Ident>,
    /// What it says.
    pub kind: ConstraintKind,
    /// Where.
    pub span: Span,
}

/// What a constraint says.
#[derive(Debug, Clone, PartialEq)]
pub enum ConstraintKind {
    /// PRIMARY KEY
    PrimaryKey(KeyConstraint),
    /// UNIQUE
    Unique(KeyConstraint),
    /// FOREIGN KEY / REFERENCES
    ForeignKey {
        /// The columns; empty on a column constraint.
        columns: Vec<Ident>,
        /// The referenced table.
        table: ObjectName,
        /// The referenced columns; empty when unsaid (the primary key).
        referenced: Vec<Ident>,
        /// ON DELETE.
        on_delete: ReferentialAction,
        /// ON UPDATE.
        on_update: ReferentialAction,
        /// NOT FOR REPLICATION.
        not_for_replication: bool,
    },
    /// CHECK
    Check {
        /// The condition; its text is reachable by its span.
        condition: Expr,
        /// NOT FOR REPLICATION.
        not_for_replication: bool,
    },
    /// DEFAULT value FOR column, only in ALTER TABLE ADD.
    Default {
        /// The value.
        value: Expr,
        /// The column.
        column: Ident,
        /// WITH VALUES.
        with_values: bool,
    },
}

/// PRIMARY KEY and UNIQUE.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyConstraint {
    /// CLUSTERED (true), NONCLUSTERED (false), or unsaid.
    pub clustered: Option<bool>,
    /// The columns; empty on a column constraint.
    pub columns: Vec<IndexColumn>,
    /// WITH (…).
    pub options: Vec<OptionEntry>,
}

/// What a foreign key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReferentialAction {
    /// NO ACTION, also when unsaid
    #[default]
    NoAction,
    /// CASCADE
    Cascade,
    /// SET NULL
    SetNull,
    /// SET DEFAULT
    SetDefault,
}

/// A column of an index or key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexColumn {
    /// The column.
    pub name: Ident,
    /// DESC.
    pub descending: bool,
}

/// INDEX inside CREATE TABLE.
#[derive(Debug, Clone, PartialEq)]
pub struct InlineIndex {
    /// Its name.
    pub name: Ident,
    /// UNIQUE.
    pub unique: bool,
    /// CLUSTERED (true), NONCLUSTERED (false), or unsaid.
    pub clustered: Option<bool>,
    /// COLUMNSTORE.
    pub columnstore: bool,
    /// The columns.
    pub columns: Vec<IndexColumn>,
    /// INCLUDE.
    pub include: Vec<Ident>,
    /// WHERE.
    pub filter: Option<Expr>,
    /// WITH (…).
    pub options: Vec<OptionEntry>,
}

/// ALTER TABLE.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterTableStatement {
    /// The table.
    pub table: ObjectName,
    /// What is changed.
    pub action: AlterTableAction,
}

/// What ALTER TABLE changes.
#[derive(Debug, Clone, PartialEq)]
pub enum AlterTableAction {
    /// [WITH CHECK | NOCHECK] ADD …
    Add {
        /// WITH CHECK (true), WITH NOCHECK (false), or unsaid.
        with_check: Option<bool>,
        /// Columns and constraints.
        elements: Vec<TableElement>,
    },
    /// ALTER COLUMN
    AlterColumn {
        /// The column.
        name: Ident,
        /// The change.
        change: AlterColumn,
    },
    /// DROP CONSTRAINT | COLUMN
    Drop(Vec<AlterTableDrop>),
    /// [WITH CHECK | NOCHECK] CHECK | NOCHECK CONSTRAINT ALL | names
    Constraint {
        /// WITH CHECK (true), WITH NOCHECK (false), or unsaid.
        with_check: Option<bool>,
        /// CHECK (true) or NOCHECK (false).
        enable: bool,
        /// The constraints; empty for ALL.
        names: Vec<Ident>,
    },
    /// ENABLE | DISABLE TRIGGER ALL | names
    Trigger {
        /// ENABLE.
        enable: bool,
        /// The triggers; empty for ALL.
        names: Vec<Ident>,
    },
    /// REBUILD [WITH (…)]
    Rebuild(Vec<OptionEntry>),
    /// SET (…)
    Set(Vec<OptionEntry>),
    /// ENABLE | DISABLE CHANGE_TRACKING [WITH (…)]
    ChangeTracking {
        /// ENABLE.
        enable: bool,
        /// WITH (…).
        options: Vec<OptionEntry>,
    },
    /// SWITCH TO table
    SwitchTo(ObjectName),
}

/// What ALTER COLUMN changes.
#[derive(Debug, Clone, PartialEq)]
pub enum AlterColumn {
    /// A new type.
    Type {
        /// The type.
        data_type: DataType,
        /// COLLATE.
        collation: Option<Ident>,
        /// NULL / NOT NULL.
        nullable: Option<bool>,
    },
    /// ADD | DROP ROWGUIDCOL, PERSISTED, SPARSE, HIDDEN, NOT FOR REPLICATION
    Property {
        /// ADD (true), DROP (false).
        add: bool,
        /// The property in upper case.
        name: String,
    },
}

/// One entry of ALTER TABLE … DROP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterTableDrop {
    /// COLUMN (true) or CONSTRAINT (false, also when unsaid).
    pub column: bool,
    /// IF EXISTS.
    pub if_exists: bool,
    /// What.
    pub name: Ident,
}

/// CREATE INDEX.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateIndexStatement {
    /// UNIQUE.
    pub unique: bool,
    /// CLUSTERED (true), NONCLUSTERED (false), or unsaid.
    pub clustered: Option<bool>,
    /// COLUMNSTORE.
    pub columnstore: bool,
    /// Its name.
    pub name: Ident,
    /// The table or view.
    pub table: ObjectName,
    /// The columns.
    pub columns: Vec<IndexColumn>,
    /// INCLUDE.
    pub include: Vec<Ident>,
    /// WHERE.
    pub filter: Option<Expr>,
    /// WITH (…).
    pub options: Vec<OptionEntry>,
    /// ON filegroup.
    pub filegroup: Option<Ident>,
}

/// ALTER INDEX.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterIndexStatement {
    /// The index; none for ALL.
    pub index: Option<Ident>,
    /// The table.
    pub table: ObjectName,
    /// What is done.
    pub action: AlterIndexAction,
    /// WITH (…) or SET (…).
    pub options: Vec<OptionEntry>,
}

/// What ALTER INDEX does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlterIndexAction {
    /// REBUILD
    Rebuild,
    /// REORGANIZE
    Reorganize,
    /// DISABLE
    Disable,
    /// SET
    Set,
}

/// DROP INDEX.
#[derive(Debug, Clone, PartialEq)]
pub struct DropIndexStatement {
    /// IF EXISTS.
    pub if_exists: bool,
    /// Index and table, from `i ON t` or the old `t.i`.
    pub items: Vec<(Ident, ObjectName)>,
}

/// CREATE STATISTICS.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateStatisticsStatement {
    /// Its name.
    pub name: Ident,
    /// The table.
    pub table: ObjectName,
    /// The columns.
    pub columns: Vec<Ident>,
    /// WHERE.
    pub filter: Option<Expr>,
    /// WITH …
    pub options: Vec<OptionEntry>,
}

/// UPDATE STATISTICS.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateStatisticsStatement {
    /// The table.
    pub table: ObjectName,
    /// Which statistics; empty for all.
    pub names: Vec<Ident>,
    /// WITH …
    pub options: Vec<OptionEntry>,
}

/// CREATE, ALTER, or CREATE OR ALTER.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateMode {
    /// CREATE
    Create,
    /// ALTER
    Alter,
    /// CREATE OR ALTER
    CreateOrAlter,
}

/// CREATE, ALTER VIEW. The module's text is the whole batch's; see [`super::Batch`].
#[derive(Debug, Clone, PartialEq)]
pub struct CreateViewStatement {
    /// CREATE, ALTER, or CREATE OR ALTER.
    pub mode: CreateMode,
    /// Its name.
    pub name: ObjectName,
    /// Column names; empty when unsaid.
    pub columns: Vec<Ident>,
    /// WITH SCHEMABINDING, ENCRYPTION, VIEW_METADATA, in upper case.
    pub options: Vec<String>,
    /// The query.
    pub select: SelectStatement,
    /// WITH CHECK OPTION.
    pub check_option: bool,
}

/// CREATE SCHEMA.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateSchemaStatement {
    /// Its name; none for AUTHORIZATION only.
    pub name: Option<Ident>,
    /// AUTHORIZATION.
    pub owner: Option<Ident>,
    /// CREATE TABLE, CREATE VIEW and permission statements inside.
    pub elements: Vec<Statement>,
}

/// ALTER SCHEMA s TRANSFER `[class::]name`.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterSchemaStatement {
    /// The receiving schema.
    pub schema: Ident,
    /// The class in upper case: OBJECT when unsaid.
    pub class: String,
    /// What moves.
    pub name: ObjectName,
}

/// CREATE TYPE.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateTypeStatement {
    /// Its name.
    pub name: ObjectName,
    /// What it is.
    pub kind: CreateTypeKind,
}

/// What a new type is.
#[derive(Debug, Clone, PartialEq)]
pub enum CreateTypeKind {
    /// FROM base [NULL | NOT NULL]
    Alias {
        /// The base type.
        base: DataType,
        /// NULL / NOT NULL.
        nullable: Option<bool>,
    },
    /// AS TABLE (…)
    Table {
        /// Columns and constraints.
        elements: Vec<TableElement>,
        /// WITH (MEMORY_OPTIMIZED = …).
        options: Vec<OptionEntry>,
    },
}

/// CREATE, ALTER SEQUENCE.
#[derive(Debug, Clone, PartialEq)]
pub struct SequenceStatement {
    /// True for ALTER.
    pub alter: bool,
    /// Its name.
    pub name: ObjectName,
    /// AS type.
    pub data_type: Option<DataType>,
    /// START WITH n, or RESTART [WITH n] of ALTER (the inner value is the number).
    pub start: Option<Option<String>>,
    /// INCREMENT BY n.
    pub increment: Option<String>,
    /// MINVALUE n, or NO MINVALUE (inner none).
    pub min: Option<Option<String>>,
    /// MAXVALUE n, or NO MAXVALUE (inner none).
    pub max: Option<Option<String>>,
    /// CYCLE (true), NO CYCLE (false).
    pub cycle: Option<bool>,
    /// CACHE `[n]`, or NO CACHE (inner `0`); inner none is CACHE without a size.
    pub cache: Option<Option<String>>,
}

/// CREATE SYNONYM.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateSynonymStatement {
    /// Its name.
    pub name: ObjectName,
    /// FOR.
    pub target: ObjectName,
}

/// DROP of objects that share one grammar.
#[derive(Debug, Clone, PartialEq)]
pub struct DropStatement {
    /// What kind.
    pub kind: DropKind,
    /// IF EXISTS.
    pub if_exists: bool,
    /// Which.
    pub names: Vec<ObjectName>,
    /// DROP TRIGGER … ON DATABASE | ALL SERVER.
    pub trigger_scope: Option<super::TriggerScope>,
}

/// Kinds of DROP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropKind {
    /// DROP TABLE
    Table,
    /// DROP VIEW
    View,
    /// DROP PROCEDURE
    Procedure,
    /// DROP FUNCTION
    Function,
    /// DROP TRIGGER
    Trigger,
    /// DROP SCHEMA
    Schema,
    /// DROP TYPE
    Type,
    /// DROP SEQUENCE
    Sequence,
    /// DROP SYNONYM
    Synonym,
    /// DROP DATABASE
    Database,
    /// DROP STATISTICS (`table.statistics`)
    Statistics,
    /// DROP LOGIN
    Login,
    /// DROP USER
    User,
    /// DROP ROLE
    Role,
    /// DROP SERVER ROLE
    ServerRole,
    /// DROP CERTIFICATE
    Certificate,
    /// DROP ENDPOINT
    Endpoint,
    /// DROP AVAILABILITY GROUP
    AvailabilityGroup,
    /// DROP CREDENTIAL
    Credential,
    /// DROP DATABASE SCOPED CREDENTIAL
    DatabaseScopedCredential,
}
