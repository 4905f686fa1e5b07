//! Texts of users that the model reads by itself: whatever they are, they mean something or nothing, and what they mean
//! is written as something that means the same.

use milink_core::World;
use milink_core::azure::AddressPrefix;
use milink_core::azure::data_factory::{SqlConnection, without_password};
use milink_core::durations::Length;
use milink_core::fault::Fault;
use milink_core::listener_url::ListenerUrl;
use milink_core::path::Vantage;
use milink_core::time::{Span, Timestamp};
use proptest::prelude::*;

fn of(texts: &[&str]) -> impl Strategy<Value = String> + use<> {
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    prop::sample::select(texts)
}

#[test]
fn hostile_spans_are_read_or_refused() {
    let valid = of(&[
        "250ms", "90s", "5min", "1h 30min", "0s", "2days", "100000h", "P1DT2H",
    ]);
    let words = ["-", "99999999999h", "1e9s", "us", "ns", "y", "mo", "w"];
    milink_hostile::text("span", 500, valid, &words, |text| {
        if let Ok(span) = Span::parse(text) {
            assert!(span >= Span(0));
            assert_eq!(Span::parse(&span.exact_text()), Ok(span));
        }
    });
}

#[test]
fn hostile_lengths_are_read_or_refused() {
    let valid = of(&[
        "90s",
        "instant",
        "uniform(1s..5s)",
        "normal(30s~5s)",
        "exponential(10s)",
        "polls(3)",
        "stepped",
    ]);
    let words = [
        "-1",
        "4294967296",
        "9s..1s",
        "175307616h",
        "..",
        "~",
        "polls(",
        "0",
    ];
    milink_hostile::text("length", 500, valid, &words, |text| {
        if let Ok(length) = text.parse::<Length>() {
            assert_eq!(length.to_string().parse(), Ok(length));
        }
    });
}

#[test]
fn hostile_addresses_are_read_or_refused() {
    let valid = of(&[
        "TCP://10.0.0.4:5022",
        "tcp://mi.zone.database.windows.net:5022;Server=[mi];Database=[db one]",
        "10.1.0.0/24",
        "0.0.0.0/0",
        "vm:app",
        "subnet:vnet/mi",
        "adf:f/r",
        "onprem:site",
        "internet",
    ]);
    let words = [
        "/33",
        "/-1",
        "65536",
        ";Server=[",
        "]",
        "::1",
        "é",
        "0x7f.1",
        "@",
    ];
    let world = World::new(1, uuid::Uuid::nil(), Timestamp::default());
    milink_hostile::text("address", 500, valid, &words, |text| {
        if let Some(url) = ListenerUrl::parse(text) {
            assert!(url.port != 0 && !url.host.is_empty());
        }
        if let Some(prefix) = AddressPrefix::parse(text) {
            assert_eq!(AddressPrefix::parse(&prefix.to_string()), Some(prefix));
        }
        if let Err(error) = Vantage::parse(&world, text) {
            assert!(!error.to_string().is_empty());
        }
    });
}

#[test]
fn hostile_connection_strings_are_read_or_refused() {
    let valid = of(&[
        "Data Source=tcp:10.0.0.4,1433;Initial Catalog=db1;User ID=sa;Password=\"a;b\"\"c\";Encrypt=True;TrustServerCertificate=no",
        "server=(local)\\x;uid=a;pwd='x';Integrated Security=SSPI;Application Intent=ReadOnly",
    ]);
    let words = [
        "==", "=", ";", "'", "\"\"", "Password", "pwd", ",99999", "hunter2",
    ];
    milink_hostile::text("connection-string", 500, valid, &words, |text| {
        match SqlConnection::parse(text) {
            Ok(read) => drop(read.address()),
            Err(words) => assert!(
                (1..400).contains(&words.len()) || words.len() < 100 + text.len(),
                "{words}"
            ),
        }
        // Quotes that were single are doubled, so it may be longer than what is read.
        let shown = without_password(text).filter(|shown| shown.len() <= 8_192);
        if let Some(shown) = shown {
            // What is shown can be read again, and has no password either.
            assert_eq!(without_password(&shown), Some(shown));
        }
    });
}

#[test]
fn hostile_faults_are_read_or_refused() {
    let valid = of(&[
        r#"{"point":"arm.slow","match":{"method":"GET"},"verdict":{"delay":"1ms"},"when":{"nth":2,"times":3,"probability":0.5}}"#,
        r#"{"point":"network.latency","match":{"instance":"mi"},"verdict":{"delay":"200ms"},"when":{"for":"1h"}}"#,
        r#"{"point":"tds.cut","when":{"until":"2026-01-31T12:00:00Z"}}"#,
    ]);
    let words = [
        "null",
        "-1",
        "1e400",
        "[]",
        "{}",
        "\"x\"",
        "18446744073709551616",
        "\"when\"",
    ];
    milink_hostile::text("fault", 500, valid, &words, |text| {
        let mut world = World::new(1, uuid::Uuid::nil(), Timestamp::default());
        let before = world.clone();
        let Ok(fault) = serde_json::from_str::<Fault>(text) else {
            return;
        };
        if world.install_fault(Timestamp::default(), fault).is_err() {
            assert_eq!(
                milink_core::invariants::check_refusal(&before, &world),
                Ok(())
            );
        }
    });
}
