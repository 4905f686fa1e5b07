//! What a text would return, without running it: `sp_describe_first_result_set` and the columns of `sp_prepare`.

use std::sync::Arc;

use milink_core::sql_type::{Length, SqlType};
use milink_core::value::{Row, Value};

use super::event::{DoneCommand, Event, ResultColumn};
use super::execute::{Call, parse_parameters};
use super::host::Host;
use super::program::{Instruction, compile};
use super::state::Local;
use super::{Failure, Session};
use crate::ast::StatementKind;
use crate::engine::bind::Binder;
use crate::error::SqlError;
use crate::types::{ExprType, to_display};

impl Session {
    /// The columns of the first result set of a text, if it has one.
    pub(super) fn describe_text(
        &self,
        text: &str,
        declared: &str,
        host: &mut dyn Host,
    ) -> Result<Option<Arc<[ResultColumn]>>, SqlError> {
        let first_of = |mut errors: Vec<SqlError>| errors.remove(0);
        let parameters = parse_parameters(declared).map_err(first_of)?;
        let names: Vec<String> = parameters
            .iter()
            .map(|parameter| parameter.name.value.clone())
            .collect();
        let program =
            compile(text, self.state.settings.quoted_identifier, &names).map_err(first_of)?;
        let world = host.snapshot();
        let instance = world
            .instance(self.state.instance)
            .cloned()
            .ok_or_else(crate::session::instance_gone)?;
        let mut local = Local::new();
        let typed = parameters
            .iter()
            .map(|parameter| (parameter.name.value.clone(), parameter.data_type.clone()))
            .chain(program.variables.iter().cloned());
        for (name, data_type) in typed.collect::<Vec<_>>() {
            let ty = Binder::new(&instance, &self.state, &local).variable_type(&data_type)?;
            local.variables.declare(&name, ty);
        }
        for instruction in &program.instructions {
            let Instruction::Run(statement) = instruction else {
                continue;
            };
            let StatementKind::Select(select) = &statement.kind else {
                continue;
            };
            let query = Binder::new(&instance, &self.state, &local)
                .select_statement(select)
                .map_err(|error| error.at_line(statement.span.line))?;
            let assigns = matches!(&query.body, crate::engine::bound::Body::Select(select)
                if !select.assignments.is_empty());
            if !assigns {
                return Ok(Some(query.columns.into()));
            }
        }
        Ok(None)
    }

    pub(super) fn describe_first_result_set(
        &mut self,
        call: &Call,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        let text = |at: usize| {
            call.arguments
                .get(at)
                .map_or_else(String::new, |argument| match &argument.value {
                    Value::Null => String::new(),
                    value => to_display(value, &argument.ty),
                })
        };
        let described = self.describe_text(&text(0), &text(1), host)?;
        out.push(Event::Columns(described_columns()));
        let columns = described.as_deref().unwrap_or(&[]);
        for (at, column) in columns.iter().enumerate() {
            out.push(Event::Row(described_row(at, column)));
        }
        self.done(DoneCommand::Select, Some(columns.len() as u64), out);
        self.finish_call(call.return_to, 0, out);
        Ok(())
    }
}

/// The columns of the answer (documentation of sp_describe_first_result_set).
const DESCRIBED: [(&str, SqlType, bool); 39] = [
    ("is_hidden", SqlType::Bit, false),
    ("column_ordinal", SqlType::Int, false),
    ("name", SqlType::SYSNAME, true),
    ("is_nullable", SqlType::Bit, false),
    ("system_type_id", SqlType::Int, false),
    ("system_type_name", SqlType::nvarchar(256), true),
    ("max_length", SqlType::SmallInt, false),
    ("precision", SqlType::TinyInt, false),
    ("scale", SqlType::TinyInt, false),
    ("collation_name", SqlType::SYSNAME, true),
    ("user_type_id", SqlType::Int, true),
    ("user_type_database", SqlType::SYSNAME, true),
    ("user_type_schema", SqlType::SYSNAME, true),
    ("user_type_name", SqlType::SYSNAME, true),
    (
        "assembly_qualified_type_name",
        SqlType::nvarchar(4000),
        true,
    ),
    ("xml_collection_id", SqlType::Int, true),
    ("xml_collection_database", SqlType::SYSNAME, true),
    ("xml_collection_schema", SqlType::SYSNAME, true),
    ("xml_collection_name", SqlType::SYSNAME, true),
    ("is_xml_document", SqlType::Bit, false),
    ("is_case_sensitive", SqlType::Bit, false),
    ("is_fixed_length_clr_type", SqlType::Bit, false),
    ("source_server", SqlType::SYSNAME, true),
    ("source_database", SqlType::SYSNAME, true),
    ("source_schema", SqlType::SYSNAME, true),
    ("source_table", SqlType::SYSNAME, true),
    ("source_column", SqlType::SYSNAME, true),
    ("is_identity_column", SqlType::Bit, true),
    ("is_part_of_unique_key", SqlType::Bit, true),
    ("is_updateable", SqlType::Bit, true),
    ("is_computed_column", SqlType::Bit, true),
    ("is_sparse_column_set", SqlType::Bit, true),
    ("ordinal_in_order_by_list", SqlType::SmallInt, true),
    ("order_by_is_descending", SqlType::SmallInt, true),
    ("order_by_list_length", SqlType::SmallInt, true),
    ("tds_type_id", SqlType::Int, false),
    ("tds_length", SqlType::Int, false),
    ("tds_collation_id", SqlType::Int, true),
    ("tds_collation_sort_id", SqlType::TinyInt, true),
];

fn described_columns() -> Arc<[ResultColumn]> {
    DESCRIBED
        .iter()
        .map(|(name, sql, nullable)| ResultColumn {
            name: (*name).into(),
            ty: ExprType::new(*sql).with_nullable(*nullable),
            identity: false,
            updatable: false,
            computed: true,
        })
        .collect()
}

fn described_row(at: usize, column: &ResultColumn) -> Row {
    let shape = Shape::of(column.ty.sql);
    let bit = |on: bool| Value::Bit(on);
    let collation = column.ty.collation;
    DESCRIBED
        .iter()
        .map(|(name, ..)| match *name {
            "is_hidden"
            | "is_xml_document"
            | "is_fixed_length_clr_type"
            | "is_sparse_column_set" => bit(false),
            "column_ordinal" => Value::Int(at as i64 + 1),
            "name" if column.name.is_empty() => Value::Null,
            "name" => Value::Str(Arc::clone(&column.name)),
            "is_nullable" => bit(column.ty.nullable),
            "system_type_id" => Value::Int(shape.system_type),
            "system_type_name" => Value::str(column.ty.sql.to_string()),
            "max_length" => Value::Int(shape.max_length),
            "precision" => Value::Int(shape.precision),
            "scale" => Value::Int(shape.scale),
            "collation_name" => Value::str_or_null(collation.map(|collation| collation.name())),
            "is_case_sensitive" => {
                bit(collation.is_some_and(|collation| collation.is_case_sensitive()))
            }
            "is_identity_column" => bit(column.identity),
            "is_updateable" => bit(column.updatable),
            "is_computed_column" => bit(column.computed),
            "tds_type_id" => Value::Int(shape.wire_type),
            "tds_length" => Value::Int(shape.wire_length),
            "tds_collation_sort_id" => collation.map_or(Value::Null, |collation| {
                Value::Int(collation.wire()[4].into())
            }),
            _ => Value::Null,
        })
        .collect()
}

/// How catalog and wire describe a type.
pub(super) struct Shape {
    pub(super) system_type: i64,
    pub(super) max_length: i64,
    pub(super) precision: i64,
    pub(super) scale: i64,
    pub(super) wire_type: i64,
    pub(super) wire_length: i64,
}

impl Shape {
    pub(super) fn of(sql: SqlType) -> Self {
        let shape = |system_type, max_length, precision, scale, wire_type, wire_length| Self {
            system_type,
            max_length,
            precision,
            scale,
            wire_type,
            wire_length,
        };
        let sized = |system_type, bytes: i64, wire_type| {
            shape(
                system_type,
                bytes,
                0,
                0,
                wire_type,
                if bytes < 0 { 65_535 } else { bytes },
            )
        };
        let length = |length: Length, unit: i64| match length {
            Length::Limited(n) => i64::from(n) * unit,
            Length::Max => -1,
        };
        let fraction =
            |base: i64, scale: u8| base + if scale > 0 { i64::from(scale) + 1 } else { 0 };
        let clock = |scale: u8| match scale {
            0..=2 => 3,
            3..=4 => 4,
            _ => 5,
        };
        match sql {
            SqlType::Bit => shape(104, 1, 1, 0, 104, 1),
            SqlType::TinyInt => shape(48, 1, 3, 0, 38, 1),
            SqlType::SmallInt => shape(52, 2, 5, 0, 38, 2),
            SqlType::Int => shape(56, 4, 10, 0, 38, 4),
            SqlType::BigInt => shape(127, 8, 19, 0, 38, 8),
            SqlType::Decimal {
                precision,
                scale,
                numeric,
            } => {
                let bytes = match precision {
                    0..=9 => 5,
                    10..=19 => 9,
                    20..=28 => 13,
                    _ => 17,
                };
                let (system, wire) = if numeric { (108, 108) } else { (106, 106) };
                shape(system, bytes, precision.into(), scale.into(), wire, 17)
            }
            SqlType::Money => shape(60, 8, 19, 4, 110, 8),
            SqlType::SmallMoney => shape(122, 4, 10, 4, 110, 4),
            SqlType::Real => shape(59, 4, 24, 0, 109, 4),
            SqlType::Float => shape(62, 8, 53, 0, 109, 8),
            SqlType::DateTime => shape(61, 8, 23, 3, 111, 8),
            SqlType::SmallDateTime => shape(58, 4, 16, 0, 111, 4),
            SqlType::Date => shape(40, 3, 10, 0, 40, 3),
            SqlType::Time(s) => shape(41, clock(s), fraction(8, s), s.into(), 41, clock(s)),
            SqlType::DateTime2(s) => shape(
                42,
                clock(s) + 3,
                fraction(19, s),
                s.into(),
                42,
                clock(s) + 3,
            ),
            SqlType::DateTimeOffset(s) => shape(
                43,
                clock(s) + 5,
                fraction(26, s),
                s.into(),
                43,
                clock(s) + 5,
            ),
            SqlType::Char(n) => sized(175, n.into(), 175),
            SqlType::VarChar(n) => sized(167, length(n, 1), 167),
            SqlType::NChar(n) => sized(239, i64::from(n) * 2, 239),
            SqlType::NVarChar(n) => sized(231, length(n, 2), 231),
            SqlType::Binary(n) => sized(173, n.into(), 173),
            SqlType::VarBinary(n) => sized(165, length(n, 1), 165),
            SqlType::Text => shape(35, 16, 0, 0, 35, 2_147_483_647),
            SqlType::NText => shape(99, 16, 0, 0, 99, 2_147_483_647),
            SqlType::Image => shape(34, 16, 0, 0, 34, 2_147_483_647),
            SqlType::UniqueIdentifier => shape(36, 16, 0, 0, 36, 16),
            SqlType::Xml => shape(241, -1, 0, 0, 241, 8100),
            SqlType::SqlVariant => shape(98, 8016, 0, 0, 98, 8009),
            SqlType::RowVersion => shape(189, 8, 0, 0, 173, 8),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::session_function::NVARCHAR_MAX;

    #[test]
    fn every_type_has_a_name_on_the_wire() {
        assert_eq!(Shape::of(NVARCHAR_MAX).max_length, -1);
        assert_eq!(Shape::of(SqlType::decimal(10, 2)).max_length, 9);
        assert_eq!(Shape::of(SqlType::DateTime2(7)).precision, 27);
    }
}
