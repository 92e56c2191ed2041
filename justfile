# Tasks for working on hookglass. `just` lists them.

default:
    @just --list

# Run the dashboard with sample deliveries
demo:
    cargo run --release -- --demo

# Run all tests
test *args:
    cargo test --locked {{args}}

# Run every check that a change has to pass
ci:
    .ci/run

# Format, then lint
lint:
    cargo fmt --all
    cargo clippy --all-targets --locked -- -D warnings

# Accept changed snapshots and regenerate the tables in docs/; review the diff
update:
    INSTA_UPDATE=always cargo test --locked --test screens --test cli
    HOOKGLASS_WRITE_DOCS=1 cargo test --locked --test docs

# Run the benchmarks; they print ratios measured in one run
bench *args:
    cargo bench --locked {{args}}

# Fuzz one parser for a while (needs nightly and cargo-fuzz), e.g. `just fuzz filter 60`
fuzz target seconds="60":
    cargo +nightly fuzz run --fuzz-dir tests/fuzz {{target}} -- -max_total_time={{seconds}} -max_len=4096

# Write the man page and the shell completions to target/dist
dist-files:
    cargo build --release --locked
    mkdir -p target/dist
    target/release/hookglass man > target/dist/hookglass.1
    target/release/hookglass completions bash > target/dist/hookglass.bash
    target/release/hookglass completions zsh > target/dist/_hookglass
    target/release/hookglass completions fish > target/dist/hookglass.fish

# Build a Debian package (needs cargo-deb)
deb: dist-files
    cargo deb --no-build --locked

# Build the container image
image:
    docker build --tag hookglass .

# Record the pictures in README (assets/*.svg)
recording:
    cargo test --locked --test recording -- --ignored
