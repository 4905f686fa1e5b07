//! `sys.syslanguages`: English, in its two forms.

use milink_core::value::Row;

use crate::catalog::column::{INT, NAME, SMALLINT, TINYINT, ViewColumn, col, nvarchar, req};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("syslanguages", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("langid", SMALLINT),
    req("dateformat", crate::catalog::column::NCHAR_3),
    req("datefirst", TINYINT),
    col("upgrade", INT),
    req("name", NAME),
    req("alias", NAME),
    col("months", nvarchar(372)),
    col("shortmonths", nvarchar(132)),
    col("days", nvarchar(217)),
    req("lcid", INT),
    req("msglangid", SMALLINT),
];

const MONTHS: &str =
    "January,February,March,April,May,June,July,August,September,October,November,December";
const SHORT_MONTHS: &str = "Jan,Feb,Mar,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov,Dec";
const DAYS: &str = "Monday,Tuesday,Wednesday,Thursday,Friday,Saturday,Sunday";

fn rows(_: &Scope<'_>) -> Vec<Row> {
    let languages = [
        (0, "mdy", 7, "us_english", "English", 1033),
        (23, "dmy", 1, "British", "British English", 2057),
    ];
    languages
        .into_iter()
        .map(|(id, format, first, name, alias, lcid)| {
            row![
                id,
                format,
                first,
                0,
                name,
                alias,
                MONTHS,
                SHORT_MONTHS,
                DAYS,
                lcid,
                1033
            ]
        })
        .collect()
}
