//! Recorded verdicts are those of the providers' own packages, if these are installed.

mod support;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use support::Tested;
use support::tools::tool_at;

/// Cases whose verdicts `tests/signatures.rs` compares with those of hookglass.
const CASES: [&str; 3] = [
    include_str!("data/signatures/providers.jsonl"),
    include_str!("data/signatures/causes.jsonl"),
    include_str!("data/signatures/sdks.jsonl"),
];

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// Returns the verdicts that a case allows, by its id.
fn allowed() -> Tested<BTreeMap<String, Vec<String>>> {
    let mut out = BTreeMap::new();
    for line in CASES.iter().flat_map(|file| file.lines()) {
        let case: Value = serde_json::from_str(line)?;
        let others = case.get("also_ok").and_then(Value::as_array).into_iter().flatten();
        let statuses = case.get("expect").into_iter().chain(others).filter_map(Value::as_str);
        let id = text(&case, "id").to_owned();
        out.insert(id, statuses.map(str::to_owned).collect());
    }
    Ok(out)
}

/// Passes every case to a script, and returns the verdicts that differ from the recorded ones.
fn differences(script: &mut Command) -> Tested<Vec<String>> {
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().ok_or("no standard input")?;
    let writing = std::thread::spawn(move || {
        CASES.iter().try_for_each(|file| {
            input.write_all(file.as_bytes())?;
            if file.ends_with('\n') { Ok(()) } else { input.write_all(b"\n") }
        })
    });
    let ran = child.wait_with_output()?;
    writing.join().map_err(|_| "the writer panicked")??;
    assert!(ran.status.success(), "{}", ran.status);
    let allowed = allowed()?;
    let (mut judged, mut differing) = (0, Vec::new());
    for line in String::from_utf8(ran.stdout)?.lines() {
        let result: Value = serde_json::from_str(line)?;
        let id = text(&result, "id");
        let allowed = allowed.get(id).ok_or("unknown case")?;
        let is_verified = result.get("verified") == Some(&true.into());
        judged += 1;
        if !allowed.iter().any(|status| (status == "verified") == is_verified) {
            differing.push(format!("{id}: {allowed:?}, but {result}"));
        }
    }
    // A script that skips all would agree with everything.
    assert!(judged >= 50, "{judged} cases judged");
    Ok(differing)
}

#[test]
fn recorded_verdicts_are_those_of_the_python_packages() -> Tested {
    let Some(python) = tool_at("HOOKGLASS_SDK_PYTHON") else { return Ok(()) };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdks/verify.py");
    assert_eq!(differences(Command::new(python).arg(script))?, [""; 0]);
    Ok(())
}

#[test]
fn recorded_verdicts_are_those_of_the_npm_packages() -> Tested {
    // A folder with `node_modules`.
    let Some(packages) = tool_at("HOOKGLASS_SDK_NODE") else { return Ok(()) };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdks/verify.mjs");
    assert_eq!(differences(Command::new("node").arg(script).arg(packages))?, [""; 0]);
    Ok(())
}
