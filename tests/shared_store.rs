//! Commands that change a store while a listener has it open.

#![cfg(unix)]

mod support;

use std::path::Path;
use std::process::{Output, Stdio};

use hookglass::store::StoreReader;
use support::{Listener, Tested, exchange, hookglass};

const STORE: &str = ".hookglass/deliveries.db";

fn ran(folder: &Path, args: &[&str]) -> Tested<Output> {
    let output = hookglass(folder).args(args).stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(output);
    }
    Err(format!("{args:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

fn receive(listener: &Listener, count: usize) -> Tested {
    for _ in 0..count {
        exchange(&listener.address, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")?;
    }
    Ok(())
}

fn count(folder: &Path) -> Tested<usize> {
    Ok(StoreReader::open(&folder.join(STORE))?.newest(None, 100)?.len())
}

#[test]
fn an_import_reaches_the_store_of_a_running_listener() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    std::fs::write(folder.path().join("one.http"), "POST http://a.example/\n\nx\n")?;
    ran(folder.path(), &["import", "one.http"])?;
    listener.stop()?;
    assert_eq!(count(folder.path())?, 1);
    Ok(())
}

#[test]
fn a_prune_deletes_while_a_listener_runs() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    receive(&listener, 3)?;
    ran(folder.path(), &["prune", "--keep", "1"])?;
    assert_eq!(count(folder.path())?, 1);
    listener.stop()?;
    Ok(())
}

/// Waits until the listener has stored this many deliveries.
fn keeps(listener: Listener, folder: &Path, wanted: usize) -> Tested {
    receive(&listener, 5)?;
    while count(folder)? != wanted {}
    listener.stop()?;
    Ok(())
}

#[test]
fn a_listener_deletes_what_is_beyond_its_flag() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(hookglass(folder.path()).args(["--keep", "2"]))?;
    keeps(listener, folder.path(), 2)
}

#[test]
fn a_listener_deletes_what_is_beyond_its_configuration() -> Tested {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("hookglass.toml"), "[store]\nkeep = \"3\"\n")?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    keeps(listener, folder.path(), 3)
}

#[test]
fn a_flag_takes_precedence_over_the_configuration_of_what_is_kept() -> Tested {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("hookglass.toml"), "[store]\nkeep = \"3\"\n")?;
    let listener = Listener::start(hookglass(folder.path()).args(["--keep", "1"]))?;
    keeps(listener, folder.path(), 1)
}

#[test]
fn a_check_works_while_a_listener_runs() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    receive(&listener, 1)?;
    ran(folder.path(), &["store", "check"])?;
    listener.stop()?;
    Ok(())
}
