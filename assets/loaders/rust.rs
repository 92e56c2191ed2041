//! Written by `hookglass export --with rust`. In a folder of `tests`, e.g. `tests/fixtures`,
//! `cargo test` finds it; it needs `serde_json` as a dev-dependency.
//!
//! `fixtures()` is for your own tests: send each request to your handler, with `test_key` as its
//! secret.

use std::path::Path;

use serde_json::Value;

/// A delivery as the file contains it.
pub struct Fixture {
    pub name: String,
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    /// Exact bytes of the body. `None` if they are not UTF-8; `content` has them as base64.
    pub body: Option<String>,
    pub test_key: Option<String>,
    pub verdict: String,
    pub content: Value,
}

impl Fixture {
    pub fn header(&self, wanted: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.next().map(|(_, value)| value.as_str())
    }
}

/// Returns every fixture in this folder, by name.
pub fn fixtures() -> Vec<Fixture> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file!());
    let folder = file.parent().expect("a file is in a folder");
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    let paths = entries.map(|entry| entry.expect("an entry can be read").path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    paths.sort();
    let texts = paths.iter().map(|path| std::fs::read_to_string(path).expect("it can be read"));
    let contents = texts.map(|text| serde_json::from_str::<Value>(&text).expect("it is JSON"));
    contents.filter(|content| content["schema"] == "hookglass.fixture/1").map(fixture).collect()
}

fn fixture(content: Value) -> Fixture {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let request = &content["request"];
    let pair = |pair: &Value| (text(&pair[0]).unwrap_or_default(), text(&pair[1]).unwrap_or_default());
    Fixture {
        name: text(&content["name"]).unwrap_or_default(),
        method: text(&request["method"]).unwrap_or_default(),
        target: text(&request["target"]).unwrap_or_default(),
        headers: request["headers"].as_array().into_iter().flatten().map(pair).collect(),
        body: text(&request["body"]),
        test_key: text(&content["signature"]["test_key"]),
        verdict: text(&content["signature"]["verdict"]).unwrap_or_default(),
        content,
    }
}

#[test]
fn fixtures_are_there_and_whole() {
    let all = fixtures();
    assert!(!all.is_empty());
    for one in all {
        if let (Some(body), Some(length)) = (&one.body, one.header("content-length")) {
            assert_eq!(body.len().to_string(), length, "{}", one.name);
        }
        if one.verdict == "verified" {
            assert!(one.test_key.is_some(), "{}", one.name);
        }
    }
}
