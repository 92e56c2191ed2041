//! Measures showing, folding, searching, and comparing a payload of 10 MB against reading the same
//! bytes with `serde_json` and memchr in the same run.
//!
//! Run with `cargo bench --bench payload`. Every figure is the best of several rounds; ratios are
//! what counts.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it measures, and prints what it measured"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hookglass::dashboard::highlight::Highlighter;
use hookglass::payload::diff::{Diff, IgnoredPaths};
use hookglass::payload::schema::Schema;
use hookglass::payload::{Document, DocumentSearch, Folds, SearchPattern};
use serde::de::IgnoredAny;

const ROUNDS: usize = 10;

/// Returns the best time of one call.
fn best<T>(mut call: impl FnMut() -> T) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        black_box(call());
        best = best.min(start.elapsed());
    }
    best
}

fn say(what: &str, took: Duration, against: Duration) {
    println!("{what:<44} {took:>10.1?}  {:>6.2} ×", took.as_secs_f64() / against.as_secs_f64());
}

/// Returns a JSON body of about this size, like a list of events.
fn body(size: usize) -> Bytes {
    let mut out = br#"{"events":["#.to_vec();
    let mut number = 0_u32;
    while out.len() < size {
        let item = format!(
            "{{\"id\":\"evt_{number:08}\",\"created\":{},\"text\":\"a \\\"quoted\\\" word, na\\u00efve \
             café\",\"tags\":[\"new\",\"vip\"],\"ratio\":1.0,\"who\":{{\"name\":\"Ada\",\"age\":null}}}},",
            1_700_000_000 + number
        );
        out.extend_from_slice(item.as_bytes());
        number += 1;
    }
    out.extend_from_slice(b"0]}");
    out.into()
}

fn main() {
    let json = Some("application/json");
    let body = body(10 << 20);
    let serde = best(|| serde_json::from_slice::<IgnoredAny>(&body).is_ok());
    let document = Document::new(body.clone(), json, None);
    println!(
        "{} bytes, {} rows; against serde_json, ignoring all",
        body.len(),
        document.row_count()
    );
    say("serde_json", serde, serde);
    say("memchr for what does not occur", best(|| memchr::memchr(0, &body)), serde);
    say("building the document", best(|| Document::new(body.clone(), json, None)), serde);
    say("60 rows from the middle", best(|| rows(&document, document.row_count() / 2)), serde);
    let mut folds = Folds::default();
    say("folding to the second level", best(|| folds.fold_to(&document, 2)), serde);
    say("60 rows among them", best(|| folded_rows(&document, &folds)), serde);
    let row = folds.absolute(&document, 20_000).unwrap_or(0);
    say(
        "unfolding and folding one of them",
        best(|| {
            folds.toggle(&document, row);
            folds.toggle(&document, row)
        }),
        serde,
    );
    for typed in ["evt_00012345", "naïve", "/o.d+/", "nowhere"] {
        let Ok(pattern) = SearchPattern::read(typed) else { return };
        let whole = || {
            let mut search = DocumentSearch::new(pattern.clone());
            while search.advance(&document, 1 << 20) {}
            search.count()
        };
        say(&format!("searching for {typed}: {} hits", whole()), best(whole), serde);
    }
    say("its shape", best(|| Schema::of(&document)), serde);
    let changed =
        String::from_utf8_lossy(&body).replace("evt_00012345", "evt_x").replace("null", "37");
    let changed = Document::new(changed.into(), json, None);
    let diff = || Diff::new(&document, &changed, &IgnoredPaths::default());
    say(&format!("comparing: {} changes", diff().changes().count()), best(diff), serde);
    let dense: Bytes = format!("[{}1]", "1,".repeat(5 << 20)).into();
    say(
        "building from nothing but numbers",
        best(|| Document::new(dense.clone(), json, None)),
        serde,
    );
    let other: Bytes = format!("[{}1]", "2,".repeat(1 << 20)).into();
    let (dense, other) = (Document::new(dense, json, None), Document::new(other, json, None));
    say(
        "comparing what has nothing in common",
        best(|| Diff::new(&dense, &other, &IgnoredPaths::default())),
        serde,
    );
    let line = Document::new("x".repeat(5 << 20).into(), Some("text/plain"), None);
    say("a window of a line of 5 MB", best(|| window(&line)), serde);
    highlight(serde);
}

/// Measures highlighting 60 rows of HTML: at the beginning, and deep in the text, where everything
/// above has to be parsed first.
fn highlight(serde: Duration) {
    let row =
        "<p class=\"event\">A <a href=\"/ev?x=1&amp;y=2\">word</a> &mdash; and more of it.</p>\n";
    let page: Bytes = row.repeat((10 << 20) / row.len()).into();
    let page = Document::new(page, Some("text/html"), None);
    let mut highlighter = Highlighter::default();
    // The syntaxes are loaded once, for the first text that needs them.
    let start = Instant::now();
    highlighter.tokens(&page, 0..60);
    say("HTML of 10 MB: loading and the first frame", start.elapsed(), serde);
    say("the same frame again", best(|| highlighter.tokens(&page, 0..60).len()), serde);
    say(
        "a frame at row 100 000",
        best(|| highlighter.tokens(&page, 100_000..100_060).len()),
        serde,
    );
    let start = Instant::now();
    let mut frames = 0;
    while !highlighter.is_settled() {
        highlighter.tokens(&page, 100_000..100_060);
        frames += 1;
    }
    say(&format!("right in {frames} frames more"), start.elapsed(), serde);
}

fn window(document: &Document) -> usize {
    let row = document.row(0).map(|row| row.scrolled(1 << 20).0.clipped(200));
    row.map_or(0, |row| row.len())
}

fn rows(document: &Document, top: usize) -> usize {
    (top..top + 60).filter_map(|row| document.row(row)).map(|row| row.len()).sum()
}

fn folded_rows(document: &Document, folds: &Folds) -> usize {
    let rows = (20_000..20_060).filter_map(|at| folds.absolute(document, at));
    rows.filter_map(|row| document.folded_row(row)).map(|row| row.len()).sum()
}
