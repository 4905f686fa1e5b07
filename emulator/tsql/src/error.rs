//! SQL errors: number, severity, state and text as SQL Server words them, and what each one aborts.
//!
//! The texts follow `sys.messages` (us_english). What an error aborts follows the documented behaviour with
//! `XACT_ABORT` off; a session with it on widens the class itself.

use std::fmt;

use milink_core::sql_type::SqlType;

/// An error or message of the T-SQL dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlError {
    /// The number in `sys.messages`, or 50000 and up for a user's own.
    pub number: i32,
    /// 0 to 25; up to 10 is information, not an error.
    pub severity: u8,
    /// The state, which tells apart the places one error comes from.
    pub state: u8,
    /// The text.
    pub message: String,
    /// Line in the batch or routine; 0 until the statement is known.
    pub line: u32,
    /// The routine it happened in.
    pub procedure: Option<String>,
    /// How much of the work ends.
    pub abort: Abort,
}

/// How much of the work an error ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Abort {
    /// The statement; the batch goes on.
    Statement,
    /// The batch; an open transaction stays.
    Batch,
    /// The batch, and the transaction is rolled back (inside TRY it is doomed).
    BatchAndTransaction,
    /// The connection.
    Connection,
}

impl Abort {
    /// The class of an error by its number and severity.
    pub fn of(number: i32, severity: u8) -> Self {
        match number {
            _ if severity >= 20 => Self::Connection,
            // Conversions from text, deadlock and snapshot conflicts, a transaction that cannot commit.
            235 | 241 | 245 | 295 | 1205 | 1204 | 3960 | 3998 | 8114 | 8169 | 9807 => {
                Self::BatchAndTransaction
            }
            // Name resolution and typing found at bind time; USE of a missing database (unverified).
            206..=209
            | 257
            | 260
            | 402
            | 403
            | 468
            | 529
            | 911
            | 3930
            | 4104
            | 8116
            | 8117
            | 8120
            | 8133
            | 205 => Self::Batch,
            _ if severity == 15 => Self::Batch,
            _ => Self::Statement,
        }
    }
}

impl SqlError {
    /// An error with its usual state, whose abort class follows from the number.
    pub fn new(number: i32, severity: u8, message: impl Into<String>) -> Self {
        Self {
            number,
            severity,
            state: usual_state(number),
            message: message.into(),
            line: 0,
            procedure: None,
            abort: Abort::of(number, severity),
        }
    }

    /// The same with another state.
    #[must_use]
    pub fn with_state(mut self, state: u8) -> Self {
        self.state = state;
        self
    }

    /// The same text under another number, which a few texts have.
    #[must_use]
    pub fn renumbered(mut self, number: i32) -> Self {
        self.number = number;
        self.abort = Abort::of(number, self.severity);
        self
    }

    /// The same at a line, unless it has one already.
    #[must_use]
    pub fn at_line(mut self, line: u32) -> Self {
        if self.line == 0 {
            self.line = line;
        }
        self
    }

    /// The same in a routine, unless it names one already.
    #[must_use]
    pub fn in_procedure(mut self, procedure: &str) -> Self {
        self.procedure.get_or_insert_with(|| procedure.to_owned());
        self
    }

    /// The same with another abort class, as THROW has one of its own.
    #[must_use]
    pub fn aborting(mut self, abort: Abort) -> Self {
        self.abort = abort;
        self
    }

    /// Whether this is information (severity up to 10), not an error.
    pub fn is_info(&self) -> bool {
        self.severity <= 10
    }

    /// The number of what milink does not have; it is milink's own.
    pub const UNSUPPORTED: i32 = 50990;

    /// Refuses a feature that milink does not have, naming it.
    pub fn unsupported(feature: impl fmt::Display) -> Self {
        Self::new(
            Self::UNSUPPORTED,
            16,
            format!("milink does not support {feature}."),
        )
        .aborting(Abort::Batch)
    }
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Msg {}, Level {}, State {}, Line {}: {}",
            self.number, self.severity, self.state, self.line, self.message
        )
    }
}

impl std::error::Error for SqlError {}

/// Defines constructors of one fixed severity: `/// doc, name(arg: Type) = number, severity, "text {arg}"`.
macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),*) = $number:literal, $severity:literal, $text:literal;)*) => {
        impl SqlError {
            $($(#[$doc])*
            pub fn $name($($arg: $type),*) -> Self {
                Self::new($number, $severity, format!($text))
            })*
        }
    };
}

// Syntax and names.
errors! {
    /// The parser met a token it has no use for.
    incorrect_syntax(near: &str) = 102, 15, "Incorrect syntax near '{near}'.";
    /// The parser met a reserved word it has no use for.
    incorrect_syntax_keyword(keyword: &str) = 156, 15, "Incorrect syntax near the keyword '{keyword}'.";
    /// A literal or comment never ends.
    unclosed_quote(text: &str) = 105, 15, "Unclosed quotation mark after the character string '{text}'.";
    /// A comment never ends.
    unclosed_comment() = 113, 15, "Missing end comment mark '*/'.";
    /// An identifier is longer than 128 characters; `start` is its beginning.
    identifier_too_long(start: &str) = 103, 15, "The identifier that starts with '{start}' is too long. Maximum length is 128.";
    /// A variable nobody declared.
    undeclared_variable(name: &str) = 137, 15, "Must declare the scalar variable \"{name}\".";
    /// A table variable nobody declared.
    undeclared_table_variable(name: &str) = 1087, 15, "Must declare the table variable \"{name}\".";
    /// A variable declared twice in a batch.
    variable_declared_twice(name: &str) = 134, 15, "The variable name '{name}' has already been declared. Variable names must be unique within a query batch or stored procedure.";
    /// A word that is no option of a statement or date function.
    unrecognized_option(word: &str, of: &str) = 155, 15, "'{word}' is not a recognized {of} option.";
    /// A function called with a number of arguments other than the only one it takes.
    function_requires(function: &str, count: usize) = 174, 15, "The {function} function requires {count} argument(s).";
    /// A function called with too few or too many arguments.
    function_requires_range(function: &str, least: usize, most: usize) = 189, 15, "The {function} function requires {least} to {most} arguments.";
    /// A call of a function that does not exist.
    unknown_function(name: &str) = 195, 15, "'{name}' is not a recognized built-in function name.";
    /// A right on an object of msdb that the login does not have.
    denied_in_msdb(permission: &str, object: &str) = 229, 14, "The {permission} permission was denied on the object '{object}', database 'msdb', schema 'dbo'.";
    /// A type name nobody knows.
    unknown_type(name: &str) = 243, 16, "Type {name} is not a defined system type.";
    /// A column, parameter or variable of an unknown type.
    cannot_find_type(position: usize, name: &str) = 2715, 16, "Column, parameter, or variable #{position}: Cannot find data type {name}.";
    /// A number literal beyond 38 digits.
    number_out_of_range(literal: &str) = 1007, 15, "The number '{literal}' is out of the range for numeric representation (maximum precision 38).";
    /// A float literal beyond the float range.
    float_out_of_range(literal: &str) = 168, 15, "The floating point value '{literal}' is out of the range of computer representation (8 bytes).";
    /// A collation name nobody knows.
    unknown_collation(name: &str) = 448, 16, "Invalid collation '{name}'.";
    /// A column name that no source has.
    invalid_column(name: &str) = 207, 16, "Invalid column name '{name}'.";
    /// A table, view or function that does not exist.
    invalid_object(name: &str) = 208, 16, "Invalid object name '{name}'.";
    /// A column name that two sources have.
    ambiguous_column(name: &str) = 209, 16, "Ambiguous column name '{name}'.";
    /// A qualified name whose qualifier is no source of the query.
    unbound_identifier(name: &str) = 4104, 16, "The multi-part identifier \"{name}\" could not be bound.";
    /// A procedure that does not exist.
    procedure_not_found(name: &str) = 2812, 16, "Could not find stored procedure '{name}'.";
    /// A database that does not exist.
    database_not_found(name: &str) = 911, 16, "Database '{name}' does not exist. Make sure that the name is entered correctly.";
    /// A column that is neither grouped nor aggregated.
    not_grouped(column: &str) = 8120, 16, "Column '{column}' is invalid in the select list because it is not contained in either an aggregate function or the GROUP BY clause.";
    /// Set operators over selects of different width.
    set_operator_width() = 205, 16, "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of expressions in their target lists.";
}

// Types and conversions.
errors! {
    /// Two types that never meet.
    operand_clash(from: &str, to: &str) = 206, 16, "Operand type clash: {from} is incompatible with {to}";
    /// A conversion that has to be written out.
    implicit_conversion(from: &str, to: &str) = 257, 16, "Implicit conversion from data type {from} to {to} is not allowed. Use the CONVERT function to run this query.";
    /// A conversion that has to be written out, into a column.
    implicit_conversion_to_column(from: &str, to: &str, table: &str, column: &str) = 260, 16, "Disallowed implicit conversion from data type {from} to data type {to}, table '{table}', column '{column}'. Use the CONVERT function to run this query.";
    /// A conversion that does not exist.
    explicit_conversion(from: &str, to: &str) = 529, 16, "Explicit conversion from data type {from} to {to} is not allowed.";
    /// An operator between two types it does not take.
    incompatible_types(left: &str, right: &str, operator: &str) = 402, 16, "The data types {left} and {right} are incompatible in the {operator} operator.";
    /// An operator on a type it does not take.
    invalid_operand(operand: &str, operator: &str) = 8117, 16, "Operand data type {operand} is invalid for {operator} operator.";
    /// A function argument of a type it does not take.
    invalid_argument_type(argument: &str, position: usize, function: &str) = 8116, 16, "Argument data type {argument} is invalid for argument {position} of {function} function.";
    /// CASE with nothing but NULL constants.
    case_of_nulls() = 8133, 16, "At least one of the result expressions in a CASE specification must be an expression other than the NULL constant.";
    /// COALESCE with nothing but NULL constants.
    coalesce_of_nulls() = 4127, 16, "At least one of the arguments to COALESCE must be an expression that is not the NULL constant.";
    /// NULLIF whose first argument is the NULL constant.
    nullif_of_null() = 4151, 16, "The type of the first argument to NULLIF cannot be the NULL constant because the type of the first argument has to be known.";
    /// Comparing or sorting old large objects.
    large_object_compared() = 306, 16, "The text, ntext, and image data types cannot be compared or sorted, except when using IS NULL or LIKE operator.";
    /// Comparing or sorting xml.
    xml_compared() = 305, 16, "The xml data type cannot be compared or sorted, except when using the IS NULL operator.";
    /// Two collations that neither yields.
    collation_conflict(left: &str, right: &str, operation: &str) = 468, 16, "Cannot resolve the collation conflict between \"{left}\" and \"{right}\" in the {operation} operation.";
    /// A text that is no number.
    conversion_failed(from: &str, value: &str, to: &str) = 245, 16, "Conversion failed when converting the {from} value '{value}' to data type {to}.";
    /// A text too large for a small integer type; `column` is INT1 or INT2.
    text_overflows_integer(from: &str, value: &str, column: &str) = 244, 16, "The conversion of the {from} value '{value}' overflowed an {column} column. Use a larger integer column.";
    /// A text too large for int.
    text_overflows_int(from: &str, value: &str) = 248, 16, "The conversion of the {from} value '{value}' overflowed an int column.";
    /// A text that is no date or time.
    date_conversion_failed() = 241, 16, "Conversion failed when converting date and/or time from character string.";
    /// A date or time outside of the target's range.
    date_out_of_range(from: &str, to: &str) = 242, 16, "The conversion of a {from} data type to a {to} data type resulted in an out-of-range value.";
    /// A text that does not follow the style it is said to follow.
    style_mismatch(style: i32) = 9807, 16, "The input character string does not follow style {style}, either change the input character string or use a different style.";
    /// A style that does not exist for a conversion to text.
    invalid_style_to_text(style: i32, from: &str) = 281, 16, "{style} is not a valid style number when converting from {from} to a character string.";
    /// A style that does not exist for any other conversion.
    invalid_style(style: i32, from: &str, to: &str) = 9809, 16, "The style {style} is not supported for conversions from {from} to {to}.";
    /// A value that the target type cannot read.
    data_type_conversion(from: &str, to: &str) = 8114, 16, "Error converting data type {from} to {to}.";
    /// An integer outside of a small integer's range.
    integer_overflow(to: &str, value: i64) = 220, 16, "Arithmetic overflow error for data type {to}, value = {value}.";
    /// Division by zero.
    divide_by_zero() = 8134, 16, "Divide by zero error encountered.";
    /// Square root of a negative number, logarithm of zero and the like.
    invalid_float_operation() = 3623, 16, "An invalid floating point operation occurred.";
    /// A text that is no amount of money.
    money_syntax() = 235, 16, "Cannot convert a char value to money. The char value has incorrect syntax.";
    /// A text that is too much money.
    money_text_overflow() = 236, 16, "The conversion from char data type to money resulted in a money overflow error.";
    /// Money that does not fit its text, or its integer.
    money_result_space(to: &str) = 234, 16, "There is insufficient result space to convert a money value to {to}.";
    /// A text that is no uniqueidentifier.
    guid_conversion_failed() = 8169, 16, "Conversion failed when converting from a character string to uniqueidentifier.";
    /// A uniqueidentifier that does not fit its text.
    guid_result_space() = 8170, 16, "Insufficient result space to convert uniqueidentifier value to char.";
    /// Adding to a date ran out of its range.
    date_add_overflow(to: &str) = 517, 16, "Adding a value to a '{to}' column caused an overflow.";
    /// A datepart that a function does not take at all.
    datepart_not_supported_at_all(part: &str, function: &str) = 9806, 16, "The datepart {part} is not supported by date function {function}.";
    /// More dateparts between two dates than an int holds.
    datediff_overflow(function: &str) = 535, 16, "The {function} function resulted in an overflow. The number of dateparts separating two date/time instances is too large. Try to use {function} with a less precise datepart.";
    /// Parts that make no date.
    cannot_construct(to: &str) = 289, 16, "Cannot construct data type {to}, some of the arguments have values which are not valid.";
    /// A datepart that a function does not take for a type.
    datepart_not_supported(part: &str, function: &str, argument: &str) = 9810, 16, "The datepart {part} is not supported by date function {function} for data type {argument}.";
    /// An offset that is none.
    invalid_time_zone(function: &str) = 9812, 16, "The timezone provided to builtin function {function} is invalid.";
    /// A date function's number that is out of its range.
    invalid_parameter(position: usize, function: &str) = 1023, 15, "Invalid parameter {position} specified for {function}.";
    /// A negative length for LEFT or RIGHT.
    invalid_length(function: &str) = 536, 16, "Invalid length parameter passed to the {function} function.";
    /// A negative length for SUBSTRING.
    invalid_substring_length() = 537, 16, "Invalid length parameter passed to the LEFT or SUBSTRING function.";
    /// An escape that is not one character.
    invalid_escape(escape: &str) = 506, 16, "The invalid escape character \"{escape}\" was specified in a LIKE predicate.";
    /// Text or bytes longer than the column that they go to.
    truncated_in_column(table: &str, column: &str, value: &str) = 2628, 16, "String or binary data would be truncated in table '{table}', column '{column}'. Truncated value: '{value}'.";
    /// The same below compatibility level 150, or where the column is not known.
    truncated() = 8152, 16, "String or binary data would be truncated.";
    /// NULL into a column that takes none; `statement` is INSERT or UPDATE.
    null_into_column(column: &str, table: &str, statement: &str) = 515, 16, "Cannot insert the value NULL into column '{column}', table '{table}'; column does not allow nulls. {statement} fails.";
    /// A scalar subquery with more than one row.
    subquery_many_rows() = 512, 16, "Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= , >, >= or when the subquery is used as an expression.";
    /// A value that outgrows what milink keeps in memory for one value.
    value_too_large(bytes: usize) = 7119, 16, "Attempting to grow LOB beyond maximum allowed size of {bytes} bytes.";
    /// A percent sign in a message that starts no known placeholder.
    invalid_format(specification: &str) = 2787, 16, "Invalid format specification: '{specification}'.";
    /// A message argument of another type than its placeholder.
    format_argument_mismatch(position: usize) = 2786, 16, "The data type of substitution parameter {position} does not match the expected type of the format specification.";
    /// STRING_AGG past the length of its type.
    aggregate_length_exceeded() = 9829, 16, "STRING_AGG aggregation result exceeded the limit of 8000 bytes. Use LOB types to avoid result truncation.";
}

// Transactions, which sessions and statements both meet.
errors! {
    /// COMMIT without a transaction.
    commit_without_begin() = 3902, 16, "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.";
    /// ROLLBACK without a transaction.
    rollback_without_begin() = 3903, 16, "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.";
    /// A write to a database that takes none.
    database_read_only(database: &str) = 3906, 16, "Failed to update database \"{database}\" because the database is read-only.";
    /// A write in a transaction that can only roll back.
    transaction_doomed() = 3930, 16, "The current transaction cannot be committed and cannot support operations that write to the log file. Roll back the transaction.";
}

impl SqlError {
    /// A value outside of the target's range; `what` is `expression`, `numeric`, `varchar` and so on.
    pub fn arithmetic_overflow(what: &str, to: &str) -> Self {
        let error = Self::new(
            8115,
            16,
            format!("Arithmetic overflow error converting {what} to data type {to}."),
        );
        // Observed states: 2 for expressions, 6 from floats, 8 from other numbers and text.
        error.with_state(match what {
            "expression" => 2,
            "float" | "real" => 6,
            _ => 8,
        })
    }

    /// A float outside of the target's range, shown with the 17 digits that the server keeps.
    pub fn float_overflow(to: &str, value: f64) -> Self {
        let shown = crate::types::seventeen_digits(value);
        let error = Self::new(
            232,
            16,
            format!("Arithmetic overflow error for type {to}, value = {shown}."),
        );
        error.with_state(match to {
            "tinyint" => 1,
            "int" => 3,
            _ => 2,
        })
    }

    /// 206 for a pair of types, which are named without their lengths (a `(max)` is shown).
    pub fn types_clash(from: SqlType, to: SqlType) -> Self {
        Self::operand_clash(shown_type(from), shown_type(to))
    }

    /// The informational message about NULLs that an aggregate left out (ANSI_WARNINGS).
    pub fn nulls_eliminated() -> Self {
        Self::new(
            8153,
            10,
            "Warning: Null value is eliminated by an aggregate or other SET operation.",
        )
    }

    /// The informational message behind an undone statement.
    pub fn statement_terminated() -> Self {
        Self::new(3621, 10, "The statement has been terminated.")
    }
}

/// The state that an error usually has (observed; 1 where nothing else is known).
fn usual_state(number: i32) -> u8 {
    match number {
        137 | 206 | 515 | 537 | 3906 | 8169 => 2,
        242 | 257 => 3,
        229 | 8114 => 5,
        2714 => 6,
        195 => 10,
        2812 => 62,
        535 | 547 | 9806 => 0,
        468 => 9,
        _ => 1,
    }
}

/// A type as messages about types name it: bare, but with its `(max)`.
pub(crate) fn shown_type(ty: SqlType) -> &'static str {
    use milink_core::sql_type::Length::Max;
    match ty {
        SqlType::VarChar(Max) => "varchar(max)",
        SqlType::NVarChar(Max) => "nvarchar(max)",
        SqlType::VarBinary(Max) => "varbinary(max)",
        other => other.name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_says_what_ends() {
        let cases = [
            (SqlError::incorrect_syntax("x"), Abort::Batch),
            (SqlError::invalid_object("t"), Abort::Batch),
            (SqlError::procedure_not_found("p"), Abort::Statement),
            (SqlError::divide_by_zero(), Abort::Statement),
            (
                SqlError::arithmetic_overflow("expression", "int"),
                Abort::Statement,
            ),
            (
                SqlError::conversion_failed("varchar", "a", "int"),
                Abort::BatchAndTransaction,
            ),
            (
                SqlError::date_conversion_failed(),
                Abort::BatchAndTransaction,
            ),
            (
                SqlError::date_out_of_range("varchar", "datetime"),
                Abort::Statement,
            ),
            (SqlError::explicit_conversion("date", "int"), Abort::Batch),
            (SqlError::subquery_many_rows(), Abort::Statement),
            (
                SqlError::new(1205, 13, "deadlock"),
                Abort::BatchAndTransaction,
            ),
            (SqlError::new(21, 20, "fatal"), Abort::Connection),
            (SqlError::unsupported("graph tables"), Abort::Batch),
        ];
        for (error, abort) in cases {
            assert_eq!(error.abort, abort, "{error}");
        }
    }

    #[test]
    fn texts_are_those_of_the_server() {
        let cases = [
            (
                SqlError::arithmetic_overflow("expression", "int"),
                "Arithmetic overflow error converting expression to data type int.",
            ),
            (
                SqlError::function_requires("len", 1),
                "The len function requires 1 argument(s).",
            ),
            (
                SqlError::undeclared_variable("@x"),
                "Must declare the scalar variable \"@x\".",
            ),
            (
                SqlError::float_overflow("int", 3e9),
                "Arithmetic overflow error for type int, value = 3000000000.000000.",
            ),
            (
                SqlError::types_clash(
                    SqlType::VarChar(milink_core::sql_type::Length::Max),
                    SqlType::SqlVariant,
                ),
                "Operand type clash: varchar(max) is incompatible with sql_variant",
            ),
        ];
        for (error, text) in cases {
            assert_eq!(error.message, text);
        }
        let error = SqlError::divide_by_zero()
            .at_line(3)
            .at_line(9)
            .in_procedure("dbo.p");
        assert_eq!((error.line, error.procedure.as_deref()), (3, Some("dbo.p")));
    }
}
