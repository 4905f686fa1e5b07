//! Values of the model as values of a row.

use std::sync::Arc;

use milink_core::collation::Collation;
use milink_core::ids::{
    CertificateId, DatabaseId, EndpointId, GroupDatabaseId, GroupId, ObjectId, PrincipalId,
    ReplicaId, SessionId, TransactionId,
};
use milink_core::lsn::Lsn;
use milink_core::names::Name;
use milink_core::sql_type::SqlType;
use milink_core::time::Timestamp;
use milink_core::value::{DateTime, Decimal, Value};
use uuid::Uuid;

/// What can stand in a row of a system view.
pub(crate) trait Cell {
    /// The value.
    fn cell(self) -> Value;
}

/// A row of anything that is a [`Cell`].
macro_rules! row {
    ($($cell:expr),* $(,)?) => {
        milink_core::value::Row::from(vec![$($crate::catalog::Cell::cell($cell)),*])
    };
}
pub(crate) use row;

macro_rules! cells {
    ($($type:ty: |$value:ident| $make:expr;)*) => {
        $(impl Cell for $type {
            fn cell(self) -> Value {
                let $value = self;
                $make
            }
        })*
    };
}

cells! {
    Value: |value| value;
    bool: |bit| Value::Bit(bit);
    u8: |number| Value::Int(number.into());
    i16: |number| Value::Int(number.into());
    u16: |number| Value::Int(number.into());
    i32: |number| Value::Int(number.into());
    u32: |number| Value::Int(number.into());
    i64: |number| Value::Int(number);
    u64: |number| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
    usize: |number| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
    f64: |number| Value::Float(number);
    &str: |text| Value::str(text);
    String: |text| Value::str(text);
    &String: |text| Value::str(text.as_str());
    Arc<str>: |text| Value::Str(text);
    &Arc<str>: |text| Value::Str(Arc::clone(text));
    &Name: |name| Value::Str(name.shared());
    &[u8]: |bytes| Value::bytes(bytes);
    Vec<u8>: |bytes| Value::bytes(bytes);
    &Arc<[u8]>: |bytes| Value::Bytes(Arc::clone(bytes));
    Uuid: |guid| Value::Guid(guid);
    GroupId: |id| Value::Guid(id.0);
    ReplicaId: |id| Value::Guid(id.0);
    GroupDatabaseId: |id| Value::Guid(id.0);
    DatabaseId: |id| Value::Int(id.0.into());
    ObjectId: |id| Value::Int(id.0.into());
    PrincipalId: |id| Value::Int(id.0.into());
    CertificateId: |id| Value::Int(id.0.into());
    EndpointId: |id| Value::Int(id.0.into());
    SessionId: |id| Value::Int(id.0.into());
    TransactionId: |id| id.0.cell();
    Timestamp: |moment| datetime(moment);
    Lsn: |lsn| Value::Decimal(Decimal { units: lsn.to_numeric(), scale: 0 });
    Collation: |collation| Value::str(collation.name());
}

impl<T: Cell> Cell for Option<T> {
    fn cell(self) -> Value {
        self.map_or(Value::Null, Cell::cell)
    }
}

/// A moment as `datetime`, rounded to a three-hundredth of a second.
pub(crate) fn datetime(moment: Timestamp) -> Value {
    const TICKS_PER_DAY: i64 = 864_000_000_000;
    /// From 1900-01-01 to 1970-01-01.
    const DAYS_BEFORE_1970: i64 = 25_567;
    const DAY: i64 = 86_400 * 300;
    let mut days = moment.0.div_euclid(TICKS_PER_DAY) + DAYS_BEFORE_1970;
    // A three-hundredth is 100,000 / 3 ticks.
    let mut ticks = (moment.0.rem_euclid(TICKS_PER_DAY) * 3 + 50_000) / 100_000;
    if ticks >= DAY {
        (days, ticks) = (days + 1, 0);
    }
    // The type ends with the year 9999; certificates without an end can lie beyond.
    let days = days.clamp(-53_690, 2_958_463);
    Value::DateTime(DateTime {
        days: days as i32,
        ticks: ticks as u32,
    })
}

/// A `sql_variant` that keeps `base` as its type; NULL stays NULL.
pub(crate) fn variant(base: SqlType, value: impl Cell) -> Value {
    match value.cell() {
        Value::Null => Value::Null,
        value => Value::Variant(Box::new((base, value))),
    }
}
