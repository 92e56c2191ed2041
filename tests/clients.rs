//! The clients for test code, in the runners they are made for.

#![cfg(unix)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::tools::{is_installed, npm, pytest};
use support::{Tested, printed};

/// Creates a project with a client.
fn project(client: &str) -> Tested<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/clients").join(client);
    fs::copy(from, folder.path().join(client))?;
    Ok(folder)
}

fn run(project: &Path, program: PathBuf, args: &[&str]) -> Tested<String> {
    let mut command = Command::new(program);
    command.args(args).current_dir(project);
    let output = command.env("HOOKGLASS", env!("CARGO_BIN_EXE_hookglass")).output()?;
    assert!(output.status.success(), "{}", printed(&output));
    Ok(printed(&output))
}

/// A test in JavaScript, for a runner with `test.extend` or `test`.
const NODE: &str = r#"
import assert from "node:assert/strict";
import { test } from "node:test";
import { startHookglass } from "./hookglass.mjs";

test("it waits, lists, and stops", async () => {
  const hookglass = await startHookglass();
  await fetch(hookglass.url, { method: "POST", body: '{"id":"e1"}' });
  const [delivery] = await hookglass.waitFor("id:e1");
  assert.equal(JSON.parse(delivery.body).id, "e1");
  assert.equal((await hookglass.deliveries()).length, 1);
  await assert.rejects(hookglass.waitFor("id:e2", { timeout: "10ms" }), /timed out/);
  await hookglass.stop();
  await assert.rejects(fetch(hookglass.url));
});

test("a wrong flag is an error", async () => {
  await assert.rejects(startHookglass(["--no-such-flag"]), /no-such-flag/);
});
"#;

#[test]
fn node_has_a_client() -> Tested {
    if !is_installed("node") {
        return Ok(());
    }
    let project = project("hookglass.mjs")?;
    fs::write(project.path().join("own.test.mjs"), NODE)?;
    run(project.path(), "node".into(), &["--test", "own.test.mjs"])?;
    Ok(())
}

/// Returns the code blocks of the page in a language that contain a text.
fn blocks(language: &str, part: &str) -> Tested<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fixtures-and-ci.md");
    let page = fs::read_to_string(page)?;
    let fence = format!("```{language}\n");
    let all = page.split(&fence).skip(1).filter_map(|rest| rest.split("```").next());
    let found: String = all.filter(|block| block.contains(part)).collect();
    if found.is_empty() { Err(format!("no {language} with {part}").into()) } else { Ok(found) }
}

#[test]
fn the_fixture_of_the_page_works_in_vitest() -> Tested {
    let Some(modules) = npm()? else { return Ok(()) };
    let project = project("hookglass.mjs")?;
    let bin = modules.join(".bin/vitest");
    std::os::unix::fs::symlink(modules, project.path().join("node_modules"))?;
    fs::write(project.path().join("own.test.mjs"), blocks("js", "hookglass")?)?;
    run(project.path(), bin, &["run"])?;
    Ok(())
}

#[test]
fn the_fixture_of_the_page_works_in_pytest() -> Tested {
    let Some(tools) = pytest()? else { return Ok(()) };
    let project = project("hookglass_fixture.py")?;
    let own = format!("import urllib.request\n{}", blocks("python", "hookglass_fixture")?);
    fs::write(project.path().join("test_own.py"), own)?;
    let said = run(project.path(), tools.join("pytest"), &[])?;
    assert!(said.contains("1 passed"), "{said}");
    Ok(())
}
