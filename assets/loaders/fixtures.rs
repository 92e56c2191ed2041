//! Written by `hookglass export --with rust`: the fixtures in this folder, for your own tests. Send each
//! request to your handler, with `test_key` as its secret. In another file of `tests`:
//! `#[path = "{{name}}/fixtures.rs"] mod fixtures;`

use std::path::Path;

use serde_json::Value;

/// A delivery as the file contains it.
#[allow(dead_code)]
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

#[allow(dead_code)]
impl Fixture {
    pub fn header(&self, wanted: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.next().map(|(_, value)| value.as_str())
    }
}

/// Returns every fixture in this folder, by name.
pub fn fixtures() -> Vec<Fixture> {
    // Paths of source files are relative to the crate or to its workspace.
    let mut roots = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let file = roots.find_map(|root| Some(root.join(file!())).filter(|file| file.is_file()));
    let file = file.expect("this file is below the crate or its workspace");
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
