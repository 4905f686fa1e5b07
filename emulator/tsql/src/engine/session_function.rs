//! Functions and global variables that the session itself answers.

use milink_core::sql_type::{Length, SqlType};
use milink_core::value::{Decimal, Value};

use super::exec::Runtime;
use super::stop::Stop;
use crate::types::ExprType;

/// State of the session that an expression can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionFunction {
    RowCount,
    RowCountBig,
    Error,
    TranCount,
    Identity,
    ScopeIdentity,
    XactState,
    ErrorNumber,
    ErrorMessage,
    ErrorSeverity,
    ErrorState,
    ErrorLine,
    ErrorProcedure,
    SessionContext,
    /// `OBJECT_ID` of a temporary table.
    TemporaryObjectId,
    /// `IDENT_CURRENT`, `IDENT_SEED`, `IDENT_INCR` of a temporary table are not answered.
    OriginalLogin,
}

/// By name: the function or variable, its number of arguments and its type.
pub(crate) fn find(name: &str) -> Option<(SessionFunction, usize, ExprType)> {
    use SessionFunction as F;
    let numeric = SqlType::numeric(38, 0);
    let (function, args, sql, nullable) = match name.to_ascii_lowercase().as_str() {
        "@@rowcount" => (F::RowCount, 0, SqlType::Int, false),
        "rowcount_big" => (F::RowCountBig, 0, SqlType::BigInt, false),
        "@@error" => (F::Error, 0, SqlType::Int, false),
        "@@trancount" => (F::TranCount, 0, SqlType::Int, false),
        "@@identity" => (F::Identity, 0, numeric, true),
        "scope_identity" => (F::ScopeIdentity, 0, numeric, true),
        "xact_state" => (F::XactState, 0, SqlType::SmallInt, false),
        "error_number" => (F::ErrorNumber, 0, SqlType::Int, true),
        "error_message" => (F::ErrorMessage, 0, SqlType::nvarchar(4000), true),
        "error_severity" => (F::ErrorSeverity, 0, SqlType::Int, true),
        "error_state" => (F::ErrorState, 0, SqlType::Int, true),
        "error_line" => (F::ErrorLine, 0, SqlType::Int, true),
        "error_procedure" => (F::ErrorProcedure, 0, SqlType::SYSNAME, true),
        "session_context" => (F::SessionContext, 1, SqlType::SqlVariant, true),
        "original_login" => (F::OriginalLogin, 0, SqlType::SYSNAME, false),
        _ => return None,
    };
    let ty = ExprType::new(sql).with_nullable(nullable);
    Some((function, args, ty))
}

impl SessionFunction {
    pub(crate) fn eval(self, runtime: &Runtime<'_>, args: &[Value]) -> Result<Value, Stop> {
        let state = &*runtime.state;
        let identity = |value: Option<i64>| {
            value.map_or(Value::Null, |number| {
                Value::Decimal(Decimal {
                    units: number.into(),
                    scale: 0,
                })
            })
        };
        let caught = runtime.local.caught.as_ref();
        let of_caught =
            |get: &dyn Fn(&crate::error::SqlError) -> Value| caught.map_or(Value::Null, get);
        Ok(match self {
            Self::RowCount | Self::RowCountBig => Value::Int(state.row_count),
            Self::Error => Value::Int(state.error.into()),
            Self::TranCount => Value::Int(state.transaction.as_ref().map_or(0, |t| t.count.into())),
            Self::Identity => identity(state.identity),
            Self::ScopeIdentity => identity(runtime.local.scope_identity),
            Self::XactState => Value::Int(match &state.transaction {
                None => 0,
                Some(open) if open.doomed => -1,
                Some(_) => 1,
            }),
            Self::ErrorNumber => of_caught(&|error| Value::Int(error.number.into())),
            Self::ErrorMessage => of_caught(&|error| Value::str(error.message.as_str())),
            Self::ErrorSeverity => of_caught(&|error| Value::Int(error.severity.into())),
            Self::ErrorState => of_caught(&|error| Value::Int(error.state.into())),
            Self::ErrorLine => of_caught(&|error| Value::Int(error.line.into())),
            Self::ErrorProcedure => {
                of_caught(&|error| Value::str_or_null(error.procedure.as_deref()))
            }
            Self::SessionContext => match args.first().and_then(Value::as_str) {
                Some(key) => state
                    .context
                    .get(&key.to_lowercase())
                    .map_or(Value::Null, |entry| entry.0.clone()),
                None => Value::Null,
            },
            Self::TemporaryObjectId => {
                let name = args.first().and_then(Value::as_str).unwrap_or("");
                let name = name.rsplit('.').next().unwrap_or("");
                let name = name.trim_start_matches('[').trim_end_matches(']');
                let table = state.temporary.table(&"dbo".into(), &name.into());
                table.map_or(Value::Null, |table| {
                    Value::Int(table.definition.object.0.into())
                })
            }
            Self::OriginalLogin => Value::Str(state.login.shared()),
        })
    }
}

/// The type of text that fits anything.
pub(crate) const NVARCHAR_MAX: SqlType = SqlType::NVarChar(Length::Max);
