//! The tests that an export of fixtures writes, run by the real test runners as the export says.

#![cfg(unix)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::tools::{is_installed, npm, pytest, sh};
use support::{Listener, Tested, hookglass, printed};

/// Creates a project with a store of three deliveries: good, changed, and unsigned.
fn project() -> Tested<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    let url = listener.url();
    for tamper in [&[][..], &["--tamper", "body"], &["--tamper", "missing"]] {
        let mut send = hookglass(folder.path());
        send.args(["send", "message.created", "--to", &url]).args(tamper);
        assert!(send.output()?.status.success());
    }
    listener.stop()?;
    Ok(folder)
}

/// Exports fixtures, and returns the command that the export says to run.
fn exported(project: &Path, runner: &str, out: &str) -> Tested<String> {
    let mut export = hookglass(project);
    let output =
        export.args(["export", "--format", "fixture", "--out", out, "--with", runner]).output()?;
    assert!(output.status.success(), "{}", printed(&output));
    let said = printed(&output);
    let command = said.lines().find_map(|line| line.split_once("run the tests with: "));
    Ok(command.ok_or(said.clone())?.1.to_owned())
}

fn passes(project: &Path, command: &str, tools: Option<&Path>) -> Tested<String> {
    let ran = sh(project, command, tools)?;
    assert!(ran.status.success(), "{command}: {}", printed(&ran));
    Ok(printed(&ran))
}

/// Exports for a runner, and checks that its test passes, and that it fails once a body has one
/// more byte.
fn holds(project: &Path, runner: &str, out: &str, tools: Option<&Path>) -> Tested {
    let command = exported(project, runner, out)?;
    passes(project, &command, tools)?;
    let one = project.join(out).join("cribbly.message.created.001.json");
    let text = fs::read_to_string(&one)?;
    fs::write(&one, text.replace("zoo trip", "zoo  trip"))?;
    assert!(!sh(project, &command, tools)?.status.success(), "{runner} passes anything");
    fs::write(&one, text)?;
    Ok(())
}

/// Makes a project whose packages are installed.
fn npm_project() -> Tested<Option<tempfile::TempDir>> {
    let Some(modules) = npm()? else { return Ok(None) };
    let project = project()?;
    std::os::unix::fs::symlink(modules, project.path().join("node_modules"))?;
    fs::write(project.path().join("package.json"), "{\"private\":true}")?;
    Ok(Some(project))
}

#[test]
fn node_passes_as_written() -> Tested {
    if !is_installed("node") {
        return Ok(());
    }
    let project = project()?;
    holds(project.path(), "node", "test/fixtures", None)?;
    // Without a file, Node finds it by its name.
    passes(project.path(), "node --test", None)?;
    Ok(())
}

#[test]
fn node_has_a_helper() -> Tested {
    if !is_installed("node") {
        return Ok(());
    }
    let project = project()?;
    exported(project.path(), "node", "test/fixtures")?;
    let own =
        "import { fixtures } from './test/fixtures/fixtures.mjs'; console.log(fixtures.length);";
    fs::write(project.path().join("own.mjs"), own)?;
    assert_eq!(passes(project.path(), "node own.mjs", None)?, "3\n");
    Ok(())
}

#[test]
fn vitest_passes_as_written() -> Tested {
    let Some(project) = npm_project()? else { return Ok(()) };
    holds(project.path(), "vitest", "test/fixtures", None)
}

#[test]
fn jest_passes_as_written() -> Tested {
    let Some(project) = npm_project()? else { return Ok(()) };
    holds(project.path(), "jest", "test/fixtures", None)
}

#[test]
fn a_node_test_does_not_disturb_vitest_and_jest() -> Tested {
    let Some(project) = npm_project()? else { return Ok(()) };
    exported(project.path(), "node", "test/fixtures")?;
    let folder = project.path();
    fs::write(folder.join("own.test.cjs"), "test('own', () => expect(1).toBe(1));")?;
    passes(folder, "npx jest", None)?;
    fs::remove_file(folder.join("own.test.cjs"))?;
    let own = "import { expect, test } from 'vitest'; test('own', () => expect(1).toBe(1));";
    fs::write(folder.join("own.test.mjs"), own)?;
    passes(folder, "npx vitest run", None)?;
    Ok(())
}

#[test]
fn unittest_passes_as_written() -> Tested {
    if !is_installed("python3") {
        return Ok(());
    }
    let project = project()?;
    for runner in ["python", "unittest"] {
        let out = format!("tests/{runner}");
        holds(project.path(), runner, &out, None)?;
        let command = exported(project.path(), runner, &format!("again/{runner}"))?;
        assert!(passes(project.path(), &command, None)?.contains("Ran 2 tests"), "{command}");
    }
    Ok(())
}

#[test]
fn pytest_passes_as_written() -> Tested {
    let Some(tools) = pytest()? else { return Ok(()) };
    let project = project()?;
    holds(project.path(), "pytest", "tests/fixtures", Some(&tools))
}

#[test]
fn pytest_takes_several_folders() -> Tested {
    let Some(tools) = pytest()? else { return Ok(()) };
    let project = project()?;
    for (runner, out) in [("pytest", "a/fixtures"), ("pytest", "b/fixtures"), ("python", "tests/c")]
    {
        exported(project.path(), runner, out)?;
    }
    let said = passes(project.path(), "pytest", Some(&tools))?;
    // Each of the first two has one for every fixture, and one more.
    assert!(said.contains("10 passed"), "{said}");
    Ok(())
}

#[test]
fn go_passes_as_written() -> Tested {
    if !is_installed("go") {
        return Ok(());
    }
    let project = project()?;
    fs::write(project.path().join("go.mod"), "module example.com/app\n\ngo 1.19\n")?;
    holds(project.path(), "go", "fixtures", None)?;
    let own = "package app\n\nimport (\n\t\"testing\"\n\n\t\"example.com/app/fixtures\"\n)\n\n\
               func TestOwn(t *testing.T) {\n\tall, err := fixtures.Load()\n\t\
               if err != nil || len(all) != 3 {\n\t\tt.Fatal(len(all), err)\n\t}\n}\n";
    fs::write(project.path().join("own_test.go"), own)?;
    passes(project.path(), "go test ./... && go vet ./...", None)?;
    Ok(())
}

#[test]
fn go_loads_testdata_in_the_package_above() -> Tested {
    if !is_installed("go") {
        return Ok(());
    }
    let project = project()?;
    let package = project.path().join("hooks");
    fs::create_dir(&package)?;
    fs::write(project.path().join("go.mod"), "module example.com/app\n\ngo 1.19\n")?;
    fs::write(package.join("hooks.go"), "// Package webhooks is ours.\npackage webhooks\n")?;
    holds(project.path(), "go", "hooks/testdata", None)?;
    let own = "package webhooks\n\nimport \"testing\"\n\nfunc TestOwn(t *testing.T) {\n\t\
               all, err := loadHookglassFixtures()\n\tif err != nil || len(all) != 3 {\n\t\t\
               t.Fatal(len(all), err)\n\t}\n}\n";
    fs::write(package.join("own_test.go"), own)?;
    passes(project.path(), "go test ./... && go vet ./...", None)?;
    Ok(())
}

#[test]
fn rspec_passes_as_written() -> Tested {
    if !is_installed("rspec") {
        return Ok(());
    }
    let project = project()?;
    holds(project.path(), "ruby", "spec/fixtures", None)?;
    let own = "require_relative '../spec/fixtures/fixtures'\nraise unless Fixtures.all.size == 3\n";
    fs::create_dir(project.path().join("bin"))?;
    fs::write(project.path().join("bin/own.rb"), own)?;
    passes(project.path(), "ruby bin/own.rb", None)?;
    Ok(())
}

#[test]
fn phpunit_passes_as_written() -> Tested {
    if !is_installed("phpunit") {
        return Ok(());
    }
    let project = project()?;
    holds(project.path(), "php", "tests/fixtures", None)?;
    let own = "<?php require 'tests/fixtures/Fixtures.php'; exit(count(Fixtures::all()) - 3);";
    fs::write(project.path().join("own.php"), own)?;
    passes(project.path(), "php own.php", None)?;
    Ok(())
}

/// Returns the library that this test was linked with.
fn serde_json(deps: &Path) -> Tested<PathBuf> {
    let entries = fs::read_dir(deps)?.collect::<Result<Vec<_>, _>>()?;
    let fits = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.is_some_and(|name| name.starts_with("libserde_json-"))
            && path.extension().is_some_and(|ending| ending == "rlib")
    };
    let all = entries.into_iter().map(|entry| entry.path()).filter(fits);
    let newest = all.max_by_key(|path| fs::metadata(path).and_then(|found| found.modified()).ok());
    newest.ok_or_else(|| "no serde_json is built".into())
}

/// Compiles and runs a test as cargo does: from the root of the workspace.
fn cargo_holds(member: &str) -> Tested {
    let test = std::env::current_exe()?;
    let deps = test.parent().ok_or("no folder")?.to_owned();
    let project = project()?;
    let crate_folder = project.path().join(member);
    let out = Path::new(member).join("tests/fixtures");
    exported(project.path(), "rust", &out.to_string_lossy())?;
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let built = Command::new(rustc)
        .args(["--edition", "2024", "--test", "-o", "run"])
        .arg(out.join("main.rs"))
        .arg("-L")
        .arg(format!("dependency={}", deps.display()))
        .arg("--extern")
        .arg(format!("serde_json={}", serde_json(&deps)?.display()))
        .env("CARGO_MANIFEST_DIR", &crate_folder)
        .current_dir(project.path())
        .output()?;
    assert!(built.status.success(), "{}", printed(&built));
    // Cargo runs tests in the folder of their crate.
    let run = || Command::new(project.path().join("run")).current_dir(&crate_folder).output();
    let ran = run()?;
    assert!(ran.status.success(), "{}", printed(&ran));
    let one = project.path().join(out).join("cribbly.message.created.001.json");
    fs::write(&one, fs::read_to_string(&one)?.replace("zoo trip", "zoo  trip"))?;
    assert!(!run()?.status.success(), "it passes anything");
    Ok(())
}

#[test]
fn cargo_passes_as_written() -> Tested {
    cargo_holds("")
}

#[test]
fn cargo_passes_in_a_workspace() -> Tested {
    cargo_holds("member")
}
