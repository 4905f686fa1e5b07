//! CREATE TABLE, ALTER TABLE: columns and constraints.

use super::{Parsed, Parser};
use crate::ast::{
    AlterColumn, AlterTableAction, AlterTableDrop, AlterTableStatement, ColumnDefinition,
    ComputedColumn, ConstraintKind, CreateTableStatement, DefaultConstraint, Ident, Identity,
    KeyConstraint, OptionEntry, ReferentialAction, StatementKind, TableConstraint, TableElement,
};
use crate::lexer::TokenKind;

/// From the page "CREATE TABLE (Transact-SQL)".
const TABLE_OPTIONS: &[&str] = &[
    "DATA_COMPRESSION",
    "DURABILITY",
    "LEDGER",
    "MEMORY_OPTIMIZED",
    "SYSTEM_VERSIONING",
    "XML_COMPRESSION",
];
/// Options of ALTER TABLE … SET.
const SET_OPTIONS: &[&str] = &["LOCK_ESCALATION", "SYSTEM_VERSIONING"];

impl Parser<'_> {
    pub(super) fn create_table(&mut self) -> Parsed<StatementKind> {
        self.expect("TABLE")?;
        let name = self.object_name()?;
        if self.eat("AS") {
            return self.unsupported("graph tables and FileTables");
        }
        let elements = self.table_elements()?;
        let filegroup = self.on_filegroup("ON")?;
        let textimage_on = self.on_filegroup("TEXTIMAGE_ON")?;
        let options = if self.at("WITH") && self.kind_at(1) == TokenKind::LeftParen {
            self.advance();
            self.option_entries_in_parentheses(TABLE_OPTIONS, "CREATE TABLE")?
        } else {
            Vec::new()
        };
        if self.at("AS") {
            return self.unsupported("graph tables and FileTables");
        }
        Ok(StatementKind::CreateTable(Box::new(CreateTableStatement {
            name,
            elements,
            filegroup,
            textimage_on,
            options,
        })))
    }

    /// `word filegroup`, or nothing.
    pub(super) fn on_filegroup(&mut self, word: &str) -> Parsed<Option<Ident>> {
        if !self.eat(word) {
            return Ok(None);
        }
        if !self.at_identifier() && !self.at_string() && !self.at("PRIMARY") {
            return self.unexpected();
        }
        let filegroup = self.take_ident();
        if self.at_kind(TokenKind::LeftParen) {
            return self.unsupported("partition schemes");
        }
        Ok(Some(filegroup))
    }

    /// `( column | constraint | index, … )`; a comma may stand before the closing parenthesis.
    pub(super) fn table_elements(&mut self) -> Parsed<Vec<TableElement>> {
        self.parenthesized(|p| {
            let mut elements = vec![p.table_element()?];
            loop {
                p.eat_kind(TokenKind::Comma);
                if p.at_kind(TokenKind::RightParen) {
                    return Ok(elements);
                }
                if p.previous().kind != TokenKind::Comma && !p.at_table_constraint() {
                    return p.unexpected();
                }
                elements.push(p.table_element()?);
            }
        })
    }

    fn at_table_constraint(&self) -> bool {
        self.at_any(&[
            "CONSTRAINT",
            "PRIMARY",
            "UNIQUE",
            "FOREIGN",
            "CHECK",
            "INDEX",
        ])
    }

    fn table_element(&mut self) -> Parsed<TableElement> {
        if self.at("INDEX") {
            return self.inline_index().map(TableElement::Index);
        }
        if self.at_table_constraint() {
            return self.table_constraint().map(TableElement::Constraint);
        }
        if self.eat_words(&["PERIOD", "FOR", "SYSTEM_TIME"]) {
            return self.parenthesized(|p| {
                let start = p.identifier()?;
                p.expect_kind(TokenKind::Comma)?;
                Ok(TableElement::Period(start, p.identifier()?))
            });
        }
        self.column_definition()
            .map(|column| TableElement::Column(Box::new(column)))
    }

    fn column_definition(&mut self) -> Parsed<ColumnDefinition> {
        let start = self.span();
        let name = self.identifier()?;
        let mut column = ColumnDefinition {
            name,
            data_type: None,
            computed: None,
            collation: None,
            nullable: None,
            identity: None,
            rowguidcol: false,
            sparse: false,
            hidden: false,
            generated_row_start: None,
            default: None,
            constraints: Vec::new(),
            indexes: Vec::new(),
            span: start,
        };
        if self.eat("AS") {
            let expr = self.expression()?;
            let persisted = self.eat("PERSISTED");
            column.computed = Some(ComputedColumn { expr, persisted });
        } else if self.at_data_type() {
            column.data_type = Some(self.data_type()?);
        } else if !column.name.is("timestamp") {
            return self.unexpected();
        }
        while self.column_option(&mut column)? {}
        column.span = self.span_from(start);
        Ok(column)
    }

    /// Takes one clause of a column; false if there is none.
    fn column_option(&mut self, column: &mut ColumnDefinition) -> Parsed<bool> {
        match self.upper().as_str() {
            "COLLATE" => {
                self.advance();
                column.collation = Some(self.identifier()?);
            }
            "NULL" | "NOT" => {
                if self.eat_words(&["NOT", "FOR", "REPLICATION"]) {
                    match &mut column.identity {
                        Some(identity) => identity.not_for_replication = true,
                        None => return self.unexpected(),
                    }
                } else {
                    column.nullable = self.nullability()?;
                }
            }
            "IDENTITY" => column.identity = Some(self.identity()?),
            "ROWGUIDCOL" => {
                self.advance();
                column.rowguidcol = true;
            }
            "SPARSE" => {
                self.advance();
                column.sparse = true;
            }
            "HIDDEN" => {
                self.advance();
                column.hidden = true;
            }
            "GENERATED" => {
                self.expect_words(&["GENERATED", "ALWAYS", "AS", "ROW"])?;
                column.generated_row_start = Some(self.choice(&[("START", true), ("END", false)])?);
            }
            "FILESTREAM" => return self.unsupported("FILESTREAM columns"),
            "MASKED" => return self.unsupported("masked columns"),
            "ENCRYPTED" => return self.unsupported("encrypted columns"),
            "INDEX" => column.indexes.push(self.inline_index()?),
            "CONSTRAINT" | "DEFAULT" | "PRIMARY" | "UNIQUE" | "CHECK" | "FOREIGN"
            | "REFERENCES" => {
                self.column_constraint(column)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn column_constraint(&mut self, column: &mut ColumnDefinition) -> Parsed<()> {
        let start = self.span();
        let name = if self.eat("CONSTRAINT") {
            Some(self.identifier()?)
        } else {
            None
        };
        if self.eat("DEFAULT") {
            let value = self.expression()?;
            let with_values = self.eat_words(&["WITH", "VALUES"]);
            column.default = Some(DefaultConstraint {
                name,
                value,
                with_values,
            });
            return Ok(());
        }
        let kind = self.constraint_kind(false)?;
        column.constraints.push(TableConstraint {
            name,
            kind,
            span: self.span_from(start),
        });
        Ok(())
    }

    pub(super) fn nullability(&mut self) -> Parsed<Option<bool>> {
        if self.eat("NULL") {
            return Ok(Some(true));
        }
        if self.eat("NOT") {
            self.expect("NULL")?;
            return Ok(Some(false));
        }
        Ok(None)
    }

    fn identity(&mut self) -> Parsed<Identity> {
        self.expect("IDENTITY")?;
        let (seed, increment) = if self.at_kind(TokenKind::LeftParen) {
            self.parenthesized(|p| {
                let seed = p.signed_number()?;
                p.expect_kind(TokenKind::Comma)?;
                Ok((seed, p.signed_number()?))
            })?
        } else {
            ("1".to_owned(), "1".to_owned())
        };
        let not_for_replication = self.not_for_replication();
        Ok(Identity {
            seed,
            increment,
            not_for_replication,
        })
    }

    fn not_for_replication(&mut self) -> bool {
        self.eat_words(&["NOT", "FOR", "REPLICATION"])
    }

    fn table_constraint(&mut self) -> Parsed<TableConstraint> {
        let start = self.span();
        let name = if self.eat("CONSTRAINT") {
            Some(self.identifier()?)
        } else {
            None
        };
        let kind = self.constraint_kind(true)?;
        Ok(TableConstraint {
            name,
            kind,
            span: self.span_from(start),
        })
    }

    /// `of_table`: the constraint names its columns.
    fn constraint_kind(&mut self, of_table: bool) -> Parsed<ConstraintKind> {
        if self.eat_words(&["PRIMARY", "KEY"]) {
            return self
                .key_constraint(of_table)
                .map(ConstraintKind::PrimaryKey);
        }
        if self.eat("UNIQUE") {
            return self.key_constraint(of_table).map(ConstraintKind::Unique);
        }
        if self.eat("CHECK") {
            let not_for_replication = self.not_for_replication();
            let condition = self.parenthesized(|p| p.nested(1, Self::condition))?;
            return Ok(ConstraintKind::Check {
                condition,
                not_for_replication,
            });
        }
        if of_table && self.eat("DEFAULT") {
            let value = self.expression()?;
            self.expect("FOR")?;
            let column = self.identifier()?;
            let with_values = self.eat_words(&["WITH", "VALUES"]);
            return Ok(ConstraintKind::Default {
                value,
                column,
                with_values,
            });
        }
        if of_table {
            self.expect_words(&["FOREIGN", "KEY"])?;
        } else {
            self.eat_words(&["FOREIGN", "KEY"]);
        }
        self.foreign_key(of_table)
    }

    fn foreign_key(&mut self, of_table: bool) -> Parsed<ConstraintKind> {
        let columns = if of_table {
            self.parenthesized(Self::identifier_list)?
        } else {
            Vec::new()
        };
        self.expect("REFERENCES")?;
        let table = self.object_name()?;
        let referenced = self.optional_column_list()?;
        let (mut on_delete, mut on_update) =
            (ReferentialAction::default(), ReferentialAction::default());
        while self.at("ON") && (self.word_at(1, "DELETE") || self.word_at(1, "UPDATE")) {
            self.advance();
            if self.eat("DELETE") {
                on_delete = self.referential_action()?;
            } else {
                self.expect("UPDATE")?;
                on_update = self.referential_action()?;
            }
        }
        let not_for_replication = self.not_for_replication();
        Ok(ConstraintKind::ForeignKey {
            columns,
            table,
            referenced,
            on_delete,
            on_update,
            not_for_replication,
        })
    }

    fn referential_action(&mut self) -> Parsed<ReferentialAction> {
        if self.eat("CASCADE") {
            return Ok(ReferentialAction::Cascade);
        }
        if self.eat("SET") {
            return self.choice(&[
                ("NULL", ReferentialAction::SetNull),
                ("DEFAULT", ReferentialAction::SetDefault),
            ]);
        }
        self.expect_words(&["NO", "ACTION"])?;
        Ok(ReferentialAction::NoAction)
    }

    fn key_constraint(&mut self, of_table: bool) -> Parsed<KeyConstraint> {
        let clustered = self.clustering();
        if self.at("HASH") {
            return self.unsupported("hash indexes");
        }
        let columns = if of_table || self.at_kind(TokenKind::LeftParen) {
            self.parenthesized(|p| p.comma_separated(Self::index_column))?
        } else {
            Vec::new()
        };
        let options = self.index_options()?;
        self.on_filegroup("ON")?;
        Ok(KeyConstraint {
            clustered,
            columns,
            options,
        })
    }

    /// CLUSTERED (true), NONCLUSTERED (false), or nothing.
    pub(super) fn clustering(&mut self) -> Option<bool> {
        if self.eat("CLUSTERED") {
            Some(true)
        } else if self.eat("NONCLUSTERED") {
            Some(false)
        } else {
            None
        }
    }

    pub(super) fn alter_table(&mut self) -> Parsed<StatementKind> {
        self.expect("TABLE")?;
        let table = self.object_name()?;
        let with_check = if self.eat("WITH") {
            Some(self.choice(&[("CHECK", true), ("NOCHECK", false)])?)
        } else {
            None
        };
        let action = self.alter_table_action(with_check)?;
        Ok(StatementKind::AlterTable(Box::new(AlterTableStatement {
            table,
            action,
        })))
    }

    fn alter_table_action(&mut self, with_check: Option<bool>) -> Parsed<AlterTableAction> {
        if self.eat("ADD") {
            let elements = self.comma_separated(Self::added_element)?;
            return Ok(AlterTableAction::Add {
                with_check,
                elements,
            });
        }
        if self.at_any(&["CHECK", "NOCHECK"]) {
            let enable = self.choice(&[("CHECK", true), ("NOCHECK", false)])?;
            self.expect("CONSTRAINT")?;
            let names = self.names_or_all()?;
            return Ok(AlterTableAction::Constraint {
                with_check,
                enable,
                names,
            });
        }
        if with_check.is_some() {
            return self.unexpected();
        }
        match self.upper().as_str() {
            "ALTER" => self.alter_column(),
            "DROP" => {
                self.advance();
                self.alter_table_drop()
            }
            "ENABLE" | "DISABLE" => self.enable_or_disable(),
            "REBUILD" => {
                self.advance();
                if self.eat("PARTITION") {
                    self.expect_kind(TokenKind::Equal)?;
                    self.expect("ALL")?;
                }
                Ok(AlterTableAction::Rebuild(self.index_options()?))
            }
            "SET" => {
                self.advance();
                let options = self.option_entries_in_parentheses(SET_OPTIONS, "ALTER TABLE")?;
                Ok(AlterTableAction::Set(options))
            }
            "SWITCH" => {
                self.advance();
                if self.at("PARTITION") {
                    return self.unsupported("partitioned tables");
                }
                self.expect("TO")?;
                Ok(AlterTableAction::SwitchTo(self.object_name()?))
            }
            _ => self.unexpected(),
        }
    }

    fn added_element(&mut self) -> Parsed<TableElement> {
        // `ADD DEFAULT 0 FOR c` names no constraint.
        if self.at("DEFAULT") {
            return self.table_constraint().map(TableElement::Constraint);
        }
        self.table_element()
    }

    fn names_or_all(&mut self) -> Parsed<Vec<Ident>> {
        if self.eat("ALL") {
            Ok(Vec::new())
        } else {
            self.identifier_list()
        }
    }

    fn alter_column(&mut self) -> Parsed<AlterTableAction> {
        self.expect_words(&["ALTER", "COLUMN"])?;
        let name = self.identifier()?;
        if self.at_any(&["ADD", "DROP"]) {
            let add = self.choice(&[("ADD", true), ("DROP", false)])?;
            let property = if self.not_for_replication() {
                "NOT FOR REPLICATION".to_owned()
            } else if self.at_any(&["ROWGUIDCOL", "PERSISTED", "SPARSE", "HIDDEN"]) {
                let word = self.upper();
                self.advance();
                word
            } else if self.at("MASKED") {
                return self.unsupported("masked columns");
            } else {
                return self.unexpected();
            };
            let change = AlterColumn::Property {
                add,
                name: property,
            };
            return Ok(AlterTableAction::AlterColumn { name, change });
        }
        let data_type = self.data_type()?;
        let collation = if self.eat("COLLATE") {
            Some(self.identifier()?)
        } else {
            None
        };
        let nullable = self.nullability()?;
        let change = AlterColumn::Type {
            data_type,
            collation,
            nullable,
        };
        Ok(AlterTableAction::AlterColumn { name, change })
    }

    /// `[CONSTRAINT] [IF EXISTS] a, COLUMN [IF EXISTS] b, c`: a kind holds until the next one is written.
    fn alter_table_drop(&mut self) -> Parsed<AlterTableAction> {
        if self.at_words(&["PERIOD", "FOR"]) {
            return self.unsupported("DROP PERIOD FOR SYSTEM_TIME");
        }
        let (mut column, mut if_exists) = (false, false);
        let items = self.comma_separated(|p| {
            if p.at_any(&["COLUMN", "CONSTRAINT"]) {
                column = p.choice(&[("COLUMN", true), ("CONSTRAINT", false)])?;
                if_exists = p.eat_words(&["IF", "EXISTS"]);
            } else if p.eat_words(&["IF", "EXISTS"]) {
                if_exists = true;
            }
            let name = p.identifier()?;
            Ok(AlterTableDrop {
                column,
                if_exists,
                name,
            })
        })?;
        Ok(AlterTableAction::Drop(items))
    }

    fn enable_or_disable(&mut self) -> Parsed<AlterTableAction> {
        let enable = self.choice(&[("ENABLE", true), ("DISABLE", false)])?;
        if self.eat("TRIGGER") {
            let names = self.names_or_all()?;
            return Ok(AlterTableAction::Trigger { enable, names });
        }
        self.expect("CHANGE_TRACKING")?;
        let options: Vec<OptionEntry> = if self.eat("WITH") {
            self.option_entries_in_parentheses(&["TRACK_COLUMNS_UPDATED"], "ALTER TABLE")?
        } else {
            Vec::new()
        };
        Ok(AlterTableAction::ChangeTracking { enable, options })
    }
}
