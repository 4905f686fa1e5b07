//! Rows, tables and transactions.

use data_encoding::HEXLOWER;
use milink_core::refusal::WriteRefusal;
use milink_core::value::Value;

use super::refused;
use crate::error::SqlError;

pub(super) fn error(refusal: &WriteRefusal) -> SqlError {
    use WriteRefusal as R;
    match refusal {
        R::DuplicateKey {
            constraint,
            table,
            kind,
            values,
        } => {
            let values = values.iter().map(text).collect::<Vec<_>>().join(", ");
            let (number, start) = match kind {
                milink_core::refusal::DuplicateKind::PrimaryKey => (
                    2627,
                    format!(
                        "Violation of PRIMARY KEY constraint '{constraint}'. Cannot insert duplicate key in object '{table}'."
                    ),
                ),
                milink_core::refusal::DuplicateKind::UniqueConstraint => (
                    2627,
                    format!(
                        "Violation of UNIQUE KEY constraint '{constraint}'. Cannot insert duplicate key in object '{table}'."
                    ),
                ),
                milink_core::refusal::DuplicateKind::UniqueIndex => (
                    2601,
                    format!(
                        "Cannot insert duplicate key row in object '{table}' with unique index '{constraint}'."
                    ),
                ),
            };
            SqlError::new(
                number,
                14,
                format!("{start} The duplicate key value is ({values})."),
            )
        }
        R::ObjectExists { name } => refused(
            2714,
            format!("There is already an object named '{name}' in the database."),
        )
        .with_state(6),
        R::NoSuchTable { name } => refused(208, format!("Invalid object name '{name}'.")),
        R::Locked { .. } => refused(1222, "Lock request time out period exceeded.").with_state(45),
        // The session puts its own number in.
        R::Deadlock { .. } => SqlError::new(1205, 13, "Transaction was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.").with_state(51),
        R::LogFull { database, reason } => SqlError::new(
            9002,
            17,
            format!("The transaction log for database '{database}' is full due to '{reason}'."),
        )
        .with_state(9),
        R::NoTransaction { .. } => refused(
            3902,
            "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.",
        ),
        R::Killed { .. } => SqlError::new(
            596,
            21,
            "Cannot continue the execution because the session is in the kill state.",
        ),
        R::NoSavepoint { name } => refused(
            6401,
            format!("Cannot roll back {name}. No transaction or savepoint of that name was found."),
        ),
    }
}

/// A key value as the message shows it; text loses its trailing blanks.
fn text(value: &Value) -> String {
    use crate::types::{ExprType, to_display};
    use milink_core::sql_type::SqlType;
    let ty = match value {
        Value::Null => return "<NULL>".to_owned(),
        Value::Bit(_) => SqlType::Bit,
        Value::Int(_) => SqlType::BigInt,
        Value::Decimal(number) => SqlType::decimal(38, number.scale),
        Value::Money(_) => SqlType::Money,
        Value::Float(_) => SqlType::Float,
        Value::DateTime(_) => SqlType::DateTime,
        Value::SmallDateTime(_) => SqlType::SmallDateTime,
        Value::Date(_) => SqlType::Date,
        Value::Time(_) => SqlType::Time(7),
        Value::DateTime2(..) => SqlType::DateTime2(7),
        Value::DateTimeOffset(..) => SqlType::DateTimeOffset(7),
        Value::Str(text) => return text.trim_end_matches(' ').to_owned(),
        Value::Bytes(bytes) => {
            return format!("0x{}", HEXLOWER.encode(bytes));
        }
        Value::Guid(_) => SqlType::UniqueIdentifier,
        Value::Variant(inner) => return text(&inner.1),
    };
    to_display(value, &ExprType::new(ty))
}
