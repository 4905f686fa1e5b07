//! Input made to hurt: something valid is generated, then cut, spliced, repeated and lied about, and handed to a parser.
//!
//! A test names its parser, says what valid input is, and checks what a parser must keep to with whatever comes. In an
//! ordinary run the inputs are few and always the same; with `MILINK_FUZZ=<seconds>` each parser gets new ones for so
//! long. What was found once is kept in `found/<parser>.txt`, a line each, and comes first in every run. A parser that
//! panics, or takes more of a processor's time than [`MOST_TIME`] for one input, fails.

mod found;
mod mutants;
mod processor;

use std::fmt::Debug;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use mutants::mutants;

/// How much of a processor's time one input may take, with all the checks of a debug build. What hangs takes more, and
/// what is quadratic does with input as long as it gets here.
pub const MOST_TIME: Duration = Duration::from_secs(5);

/// The variable that says for how many seconds each parser is tried.
const SECONDS: &str = "MILINK_FUZZ";

/// Hands mutants of `valid` to a parser of bytes.
pub fn bytes(
    parser: &str,
    cases: u32,
    valid: impl Strategy<Value = Vec<u8>> + 'static,
    check: impl Fn(&[u8]),
) {
    let alien = prop_oneof![
        // What lengths, counts and tags are most often confused with.
        prop::sample::select(mutants::NUMBERS)
            .prop_map(|number| number.to_le_bytes()[..1].to_vec()),
        prop::sample::select(mutants::NUMBERS)
            .prop_map(|number| number.to_le_bytes()[..2].to_vec()),
        prop::sample::select(mutants::NUMBERS)
            .prop_map(|number| number.to_le_bytes()[..4].to_vec()),
        prop::sample::select(mutants::NUMBERS).prop_map(|number| number.to_le_bytes().to_vec()),
        prop::sample::select(mutants::NUMBERS)
            .prop_map(|number| number.to_be_bytes()[6..].to_vec()),
        prop::sample::select(mutants::NUMBERS)
            .prop_map(|number| number.to_be_bytes()[4..].to_vec()),
        any::<u8>().prop_map(|byte| vec![byte]),
        prop::collection::vec(any::<u8>(), 0..24),
    ];
    let inputs = mutants(valid.boxed(), alien.boxed());
    run(parser, cases, inputs, |input| check(input));
}

/// Hands mutants of `valid` to a parser of text. `words` are what its language has, in places where they make no sense.
pub fn text(
    parser: &str,
    cases: u32,
    valid: impl Strategy<Value = String> + 'static,
    words: &[&str],
    check: impl Fn(&str),
) {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let alien = prop_oneof![
        4 => prop::sample::select(words),
        1 => prop::sample::select(mutants::SIGNS).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => "\\PC{0,12}",
        1 => prop::sample::select(mutants::NUMBERS).prop_map(|number| number.to_string()),
    ]
    .prop_map(|piece| vec![piece]);
    let pieces = valid.prop_map(|text| mutants::pieces(&text));
    let inputs = mutants(pieces.boxed(), alien.boxed()).prop_map(|pieces| pieces.concat());
    run(parser, cases, inputs, |input| check(input));
}

/// One kind of input: what it is borrowed as, and how `found` writes it.
trait Input: Clone + Debug {
    fn bytes(&self) -> &[u8];
    fn of_bytes(bytes: Vec<u8>) -> Self;
}

impl Input for Vec<u8> {
    fn bytes(&self) -> &[u8] {
        self
    }

    fn of_bytes(bytes: Vec<u8>) -> Self {
        bytes
    }
}

impl Input for String {
    fn bytes(&self) -> &[u8] {
        self.as_bytes()
    }

    fn of_bytes(bytes: Vec<u8>) -> Self {
        Self::from_utf8(bytes).expect("what was found as text is text")
    }
}

fn run<I: Input>(parser: &str, cases: u32, inputs: impl Strategy<Value = I>, check: impl Fn(&I)) {
    for line in found::of(parser) {
        within(MOST_TIME, &I::of_bytes(line), &check)
            .unwrap_or_else(|error| panic!("{parser}: {error}"));
    }
    let seconds = std::env::var(SECONDS).ok();
    let seconds = seconds.map(|text| text.parse().expect("a number of seconds"));
    let Some(seconds) = seconds.map(Duration::from_secs) else {
        let always_the_same = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        return try_all(
            TestRunner::new_with_rng(config(cases), always_the_same),
            parser,
            &inputs,
            &check,
        );
    };
    let end = Instant::now() + seconds;
    while Instant::now() < end {
        try_all(TestRunner::new(config(cases)), parser, &inputs, &check);
    }
}

fn config(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 4_096,
        ..Config::default()
    }
}

fn try_all<I: Input>(
    mut runner: TestRunner,
    parser: &str,
    inputs: &impl Strategy<Value = I>,
    check: &impl Fn(&I),
) {
    match runner.run(inputs, |input| {
        within(MOST_TIME, &input, check).map_err(TestCaseError::fail)
    }) {
        Ok(()) => {}
        Err(TestError::Abort(reason)) => panic!("{parser}: {reason}"),
        Err(TestError::Fail(reason, input)) => panic!(
            "{parser}: {reason}\nwith this, a line for tests/hostile/found/{parser}.txt:\n{}",
            found::line(input.bytes())
        ),
    }
}

fn within<I>(most: Duration, input: &I, check: &impl Fn(&I)) -> Result<(), String> {
    let before = processor::time();
    check(input);
    let took = processor::time().saturating_sub(before);
    match took < most {
        true => Ok(()),
        false => Err(format!("took {took:?} of a processor's time")),
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// What it says when the check fails.
    fn complaint(test: impl FnOnce()) -> String {
        let panic = catch_unwind(AssertUnwindSafe(test)).expect_err("it fails");
        let text = panic.downcast::<String>().expect("it says why");
        *text
    }

    #[test]
    fn a_panic_is_found_and_made_small() {
        let said = complaint(|| {
            bytes("none", 500, Just(b"abcdefgh".to_vec()), |input| {
                assert!(input.starts_with(b"abc") || input.len() < 3, "no good");
            });
        });
        assert!(said.contains("no good"), "{said}");
        let line = said.lines().last().expect("a line");
        assert!(found::read(line).len() <= 8, "{said}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_takes_long_is_found() {
        let most = Duration::from_millis(20);
        let work = |rounds: &u64| {
            let mut sum = 0_u64;
            for round in 0..*rounds {
                sum = std::hint::black_box(sum.wrapping_mul(31) + round);
            }
        };
        assert_eq!(within(most, &10, &work), Ok(()));
        within(most, &200_000_000, &work).expect_err("it takes longer");
    }

    #[test]
    fn words_come_where_none_were() {
        let found = std::cell::Cell::new(0);
        text("none", 200, Just("a b c".to_owned()), &["zebra"], |input| {
            found.set(found.get() + usize::from(input.contains("zebra")));
        });
        assert!(found.get() > 20, "{}", found.get());
    }
}
