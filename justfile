# The words everybody uses. Without `just`: `.ci/run WORD`; `.ci/run` alone is `just ci`.

# Name the words.
default:
    @just --list

# Type-check everything.
check:
    .ci/run check

# Format the code.
fmt:
    cargo fmt --all

# Clippy, warnings are errors.
lint:
    .ci/run fmt lint

# All Rust tests; `just test NAME` runs those whose name contains it.
test *name:
    {{ if name == "" { ".ci/run test" } else { "cargo test --workspace " + name } }}

# Foreign clients; `just compat jdbc pymssql:transactions` picks some.
compat *names:
    cargo build -p milink
    tests/compat/run {{ names }}

# A link's whole life, narrated.
demo:
    cargo run --release -p milink -- demo

# The table of numbers.
bench:
    .ci/run bench

# Rustdoc, warnings are errors.
docs:
    .ci/run docs

# The scenario files.
scenarios:
    .ci/run scenarios

# Everything, as the continuous integration runs it.
ci:
    .ci/run

# A million steps of drawn cases against the reference model; MILINK_STEPS, MILINK_SEED and MILINK_FAILURES say otherwise; writes what came of it into tests/kit/README.md.
nightly:
    MILINK_FIGURES=README.md MILINK_STEPS="${MILINK_STEPS:-1000000}" cargo test --profile nightly -p milink-proptest --no-default-features --test properties -- --nocapture

# Every way through the small world, MILINK_DEPTH moves deep (8); writes what came of it into tests/kit/README.md.
explore-model:
    MILINK_FIGURES=README.md cargo test --profile nightly -p milink-proptest --no-default-features --test small_world -- --ignored --nocapture

# Input made to hurt, for every parser of what strangers send: MILINK_FUZZ seconds each (60), new every time.
fuzz *name:
    MILINK_FUZZ="${MILINK_FUZZ:-60}" cargo test --profile nightly -p milink-tds -p milink-tsql -p milink-core -p milink-scenarios -p milink -- {{ if name == "" { "hostile" } else { name } }} --test-threads 1
