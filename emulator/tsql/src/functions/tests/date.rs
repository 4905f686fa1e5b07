//! Date functions as tables.

use super::*;

#[test]
fn the_clock_is_the_worlds() {
    check(&[
        ("getdate()", "datetime", "Mar 30 2025 12:20PM"),
        ("getutcdate()", "datetime", "Mar 30 2025 10:20AM"),
        (
            "sysdatetime()",
            "datetime2(7)",
            "2025-03-30 12:20:30.1234567",
        ),
        (
            "sysutcdatetime()",
            "datetime2(7)",
            "2025-03-30 10:20:30.1234567",
        ),
        (
            "sysdatetimeoffset()",
            "datetimeoffset(7)",
            "2025-03-30 12:20:30.1234567 +02:00",
        ),
    ]);
}

#[test]
fn dates_are_added_and_subtracted() {
    check(&[
        (
            "dateadd('day'; 1; '2025-03-30'::date)",
            "date",
            "2025-03-31",
        ),
        (
            "dateadd('month'; 1; '2025-01-31'::date)",
            "date",
            "2025-02-28",
        ),
        (
            "dateadd('yy'; -1; '2024-02-29'::date)",
            "date",
            "2023-02-28",
        ),
        (
            "dateadd('hour'; 25; '2025-03-30'::datetime2(0))",
            "datetime2(0)",
            "2025-03-31 01:00:00",
        ),
        (
            "dateadd('hour'; -1; '00:30'::time(0))",
            "time(0)",
            "23:30:00",
        ),
        (
            "dateadd('day'; 1; '2025-03-30')",
            "datetime",
            "Mar 31 2025 12:00AM",
        ),
        (
            "dateadd('ms'; 3; '2025-03-30'::datetime2(3))",
            "datetime2(3)",
            "2025-03-30 00:00:00.003",
        ),
        (
            "dateadd('hour'; 1; '2025-03-30'::date)",
            "",
            "9810 The datepart hour is not supported by date function dateadd for data type date.",
        ),
        (
            "dateadd('mcs'; 1; '2025-03-30'::datetime)",
            "",
            "9810 The datepart microsecond is not supported by date function dateadd for data type datetime.",
        ),
        (
            "dateadd('foo'; 1; '2025-03-30'::date)",
            "",
            "155 'foo' is not a recognized dateadd option.",
        ),
        (
            "dateadd('day'; 1; '9999-12-31'::date)",
            "",
            "517 Adding a value to a 'date' column caused an overflow.",
        ),
        (
            "dateadd('year'; -300; '2025-03-30'::datetime)",
            "",
            "517 Adding a value to a 'datetime' column caused an overflow.",
        ),
        ("dateadd('day'; null; '2025-03-30'::date)", "date", "NULL"),
        ("datediff('day'; '2025-03-30'; '2025-04-01')", "int", "2"),
        ("datediff('year'; '2024-12-31'; '2025-01-01')", "int", "1"),
        ("datediff('month'; '2025-03-31'; '2025-04-01')", "int", "1"),
        ("datediff('week'; '2025-03-29'; '2025-03-30')", "int", "1"),
        (
            "datediff('hour'; '2025-03-30 10:59'; '2025-03-30 11:00')",
            "int",
            "1",
        ),
        (
            "datediff('second'; '1900-01-01'; '2025-01-01')",
            "",
            "535 The datediff function resulted in an overflow. The number of dateparts separating two date/time instances is too large. Try to use datediff with a less precise datepart.",
        ),
        (
            "datediff_big('second'; '1900-01-01'; '2025-01-01')",
            "bigint",
            "3944678400",
        ),
        (
            "datediff('hour'; '2025-03-30 10:00 +02:00'::datetimeoffset(0); '2025-03-30 10:00 +00:00'::datetimeoffset(0))",
            "int",
            "2",
        ),
        (
            "datediff('ms'; '2025-03-30'::datetime; '2025-03-30 00:00:00.007'::datetime)",
            "int",
            "7",
        ),
        (
            "datediff('day'; '10:00'::time(0); '11:00'::time(0))",
            "",
            "9810 The datepart day is not supported by date function datediff for data type time.",
        ),
    ]);
}

#[test]
fn dates_are_taken_apart() {
    check(&[
        ("datepart('year'; '2025-03-30')", "int", "2025"),
        ("datepart('qq'; '2025-03-30')", "int", "1"),
        ("datepart('dy'; '2025-03-30')", "int", "89"),
        ("datepart('week'; '2025-01-05')", "int", "2"),
        ("datepart('week'; '2025-01-04')", "int", "1"),
        ("datepart('dw'; '2025-03-30')", "int", "1"),
        ("datepart('iso_week'; '2025-12-29')", "int", "1"),
        (
            "datepart('ms'; '2025-03-30 10:20:30.997'::datetime)",
            "int",
            "997",
        ),
        (
            "datepart('ns'; '2025-03-30 10:20:30.1234567'::datetime2(7))",
            "int",
            "123456700",
        ),
        (
            "datepart('tz'; '2025-03-30 10:20 -03:30'::datetimeoffset(0))",
            "int",
            "-210",
        ),
        (
            "datepart('hour'; '2025-03-30'::date)",
            "",
            "9810 The datepart hour is not supported by date function datepart for data type date.",
        ),
        ("datename('month'; '2025-03-30')", "nvarchar(30)", "March"),
        ("datename('dw'; '2025-03-30')", "nvarchar(30)", "Sunday"),
        ("datename('day'; '2025-03-30')", "nvarchar(30)", "30"),
        ("year('2025-03-30')", "int", "2025"),
        ("month('2025-03-30'::datetime)", "int", "3"),
        ("day(0)", "int", "1"),
        ("eomonth('2024-02-10')", "date", "2024-02-29"),
        ("eomonth('2024-02-10'; 1)", "date", "2024-03-31"),
        (
            "datetrunc('month'; '2025-03-30 10:20'::datetime2(0))",
            "datetime2(0)",
            "2025-03-01 00:00:00",
        ),
        (
            "datetrunc('week'; '2025-04-02'::date)",
            "date",
            "2025-03-30",
        ),
        (
            "datetrunc('hour'; '2025-03-30 10:20'::datetime)",
            "datetime",
            "Mar 30 2025 10:00AM",
        ),
        (
            "date_bucket('week'; 1; '2025-03-30'::date)",
            "date",
            "2025-03-24",
        ),
        (
            "date_bucket('month'; 3; '2025-03-30'::date)",
            "date",
            "2025-01-01",
        ),
        (
            "date_bucket('day'; 0; '2025-03-30'::date)",
            "",
            "9834 Invalid bucket width value passed to date_bucket function. Only positive values are allowed.",
        ),
        ("isdate('2025-03-30')", "int", "1"),
        ("isdate('2025-13-30')", "int", "0"),
        ("isdate(null)", "int", "0"),
    ]);
}

#[test]
fn dates_are_made_from_parts() {
    check(&[
        ("datefromparts(2025; 3; 30)", "date", "2025-03-30"),
        (
            "datefromparts(2025; 2; 30)",
            "",
            "289 Cannot construct data type date, some of the arguments have values which are not valid.",
        ),
        ("timefromparts(10; 20; 30; 5; 1)", "time(1)", "10:20:30.5"),
        (
            "datetimefromparts(2025; 3; 30; 10; 20; 30; 997)",
            "datetime",
            "Mar 30 2025 10:20AM",
        ),
        (
            "smalldatetimefromparts(2025; 3; 30; 10; 20)",
            "smalldatetime",
            "Mar 30 2025 10:20AM",
        ),
        (
            "datetime2fromparts(2025; 3; 30; 10; 20; 30; 5; 7)",
            "datetime2(7)",
            "2025-03-30 10:20:30.0000005",
        ),
        (
            "datetime2fromparts(2025; 3; 30; 10; 20; 30; 500; 1)",
            "",
            "289 Cannot construct data type datetime2, some of the arguments have values which are not valid.",
        ),
        (
            "datetimeoffsetfromparts(2025; 3; 30; 10; 20; 30; 0; -3; -30; 0)",
            "datetimeoffset(0)",
            "2025-03-30 10:20:30 -03:30",
        ),
        (
            "switchoffset('2025-03-30 10:20 +00:00'::datetimeoffset(0); '-08:00')",
            "datetimeoffset(0)",
            "2025-03-30 02:20:00 -08:00",
        ),
        (
            "switchoffset('2025-03-30 10:20 +00:00'::datetimeoffset(0); 60)",
            "datetimeoffset(0)",
            "2025-03-30 11:20:00 +01:00",
        ),
        (
            "switchoffset('2025-03-30 10:20 +00:00'::datetimeoffset(0); 'x')",
            "",
            "9812 The timezone provided to builtin function switchoffset is invalid.",
        ),
        (
            "todatetimeoffset('2025-03-30 10:20'::datetime2(0); '+02:00')",
            "datetimeoffset(0)",
            "2025-03-30 10:20:00 +02:00",
        ),
    ]);
}

#[test]
fn dates_are_put_into_zones() {
    check(&[
        (
            "at_time_zone('2025-03-30 00:00:00 +00:00'::datetimeoffset(0); 'Pacific Standard Time')",
            "datetimeoffset(0)",
            "2025-03-29 17:00:00 -07:00",
        ),
        (
            "at_time_zone('2025-01-15 12:00'::datetime2(0); 'Central European Standard Time')",
            "datetimeoffset(0)",
            "2025-01-15 12:00:00 +01:00",
        ),
        (
            "at_time_zone('2022-03-27 02:30'::datetime2(0); 'Central European Standard Time')",
            "datetimeoffset(0)",
            "2022-03-27 03:30:00 +02:00",
        ),
        (
            "at_time_zone('2022-10-30 02:15'::datetime2(0); 'central european standard time')",
            "datetimeoffset(0)",
            "2022-10-30 02:15:00 +02:00",
        ),
        (
            "at_time_zone('2025-01-15 12:00'::datetime; 'UTC')",
            "datetimeoffset(3)",
            "2025-01-15 12:00:00.000 +00:00",
        ),
        (
            "at_time_zone('2025-01-15 12:00'::datetime; 'Nowhere')",
            "",
            "9820 The time zone parameter 'Nowhere' provided to AT TIME ZONE clause is invalid.",
        ),
        (
            "at_time_zone('2025-01-15'::date; 'UTC')",
            "",
            "8116 Argument data type date is invalid for argument 1 of AT TIME ZONE function.",
        ),
    ]);
}
