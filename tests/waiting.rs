//! Commands that follow the store of a running listener: `wait`, and `list --follow`.

mod support;

use std::io::{BufRead as _, BufReader};
use std::process::{Output, Stdio};

use support::{Listener, Tested, exchange, hookglass, request, stderr};

fn wait(folder: &std::path::Path, args: &[&str]) -> Tested<Output> {
    Ok(hookglass(folder).arg("wait").args(args).output()?)
}

#[test]
fn wait_waits_for_the_store_and_for_deliveries() -> Tested {
    let folder = tempfile::tempdir()?;
    // There is neither a folder nor a store yet.
    let waiting = hookglass(folder.path())
        .args(["wait", "sig:verified .payload.id:p2", "--timeout", "60s", "--json"])
        .stdout(Stdio::piped())
        .spawn()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    for number in 1..=3 {
        exchange(&listener.address, &request(number))?;
    }
    let waited = waiting.wait_with_output()?;
    assert_eq!(waited.status.code(), Some(0));
    let line: serde_json::Value = serde_json::from_slice(&waited.stdout)?;
    assert_eq!((&line["id"], &line["event"]["id"]), (&2.into(), &"ev2".into()));
    Ok(())
}

#[test]
fn expecting_nothing_if_nothing_can_arrive_is_noted() -> Tested {
    let folder = tempfile::tempdir()?;
    for args in [&["--none"][..], &["--count", "0"], &["--exactly", "0"]] {
        let waited = wait(folder.path(), &[args, &["--timeout", "10ms"]].concat())?;
        let said = stderr(&waited);
        assert!(waited.status.success() && said.contains("no listener is running on"), "{said}");
    }
    Ok(())
}

#[test]
fn a_timeout_fails_and_lists_the_deliveries_that_arrived() -> Tested {
    let folder = tempfile::tempdir()?;
    let none = wait(folder.path(), &["--timeout", "100ms"])?;
    assert_eq!(none.status.code(), Some(1));
    assert!(stderr(&none).contains("no store at .hookglass"), "{}", stderr(&none));
    assert_eq!(wait(folder.path(), &["--none", "--timeout", "100ms"])?.status.code(), Some(0));
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    exchange(&listener.address, &request(1))?;
    exchange(&listener.address, &request(2))?;
    for (args, code, part) in [
        (&["--timeout", "100ms"][..], 1, "0 of 1 arrived, no other deliveries. Use --since"),
        (&["--since", "1h", "--count", "2"], 0, ""),
        (&["--since", "1h", "--count", "3", "--timeout", "100ms"], 1, "2 of 3 arrived"),
        (&["id:ev1", "--since", "1h", "--count", "2", "--timeout", "100ms"], 1, "1 other"),
        (&["--since", "1h", "--none", "id:ev2", "--timeout", "100ms"], 1, "delivery 2 arrived"),
        (&["--since", "1h", "--none", "id:ev3", "--timeout", "100ms"], 0, ""),
        (&["--since", "1h", "--sequence", "id:ev1", "--sequence", "id:ev2"], 0, ""),
        (
            &["--since=1h", "--sequence", "id:ev2", "--sequence", "id:ev1", "--timeout=100ms"],
            1,
            "step 2 of 2 did not arrive: id:ev1",
        ),
        (&["typ:x"], 2, "did you mean `type:`"),
        (&["--since", "yesteryear"], 2, "^"),
        (&["--timeout", "soon"], 2, "invalid duration"),
        (&["--none", "--count", "2"], 2, "--count"),
        (&["--since", "1h", "--exactly", "2", "--timeout", "100ms"], 0, ""),
        (
            &["--since", "1h", "--exactly", "1", "--timeout", "100ms"],
            1,
            "delivery 2 arrived, but only 1 was expected (--exactly)",
        ),
        (&["--since", "1h", "--exactly", "3", "--timeout", "100ms"], 1, "2 of 3 arrived"),
        (&["id:ev3", "--since", "1h", "--exactly", "0", "--timeout", "100ms"], 0, ""),
        (&["id:ev3", "--since", "1h", "--count", "0", "--timeout", "100ms"], 0, ""),
        (&["id:ev2", "--since", "1h", "--count", "0", "--timeout", "100ms"], 1, "(--count 0)"),
    ] {
        let waited = wait(folder.path(), args)?;
        assert_eq!(waited.status.code(), Some(code), "{args:?}: {}", stderr(&waited));
        assert!(stderr(&waited).contains(part), "{args:?}: {}", stderr(&waited));
    }
    Ok(())
}

#[test]
fn a_timeout_says_that_no_listener_is_running() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    let waited = wait(folder.path(), &["--timeout", "1ms"])?;
    assert!(!stderr(&waited).contains("no listener"), "{}", stderr(&waited));
    listener.stop()?;
    let waited = wait(folder.path(), &["--timeout", "1ms"])?;
    assert!(stderr(&waited).contains("no listener is running on"), "{}", stderr(&waited));
    Ok(())
}

#[test]
fn a_timeout_says_that_no_secret_is_set() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut command = hookglass(folder.path());
    command.env("CRIBBLY_WEBHOOK_SECRET", "");
    let listener = Listener::start(&mut command)?;
    exchange(&listener.address, &request(1))?;
    let waited = wait(folder.path(), &["sig:verified", "--since", "1h", "--timeout", "1ms"])?;
    assert!(stderr(&waited).contains("1 was not verified"), "{}", stderr(&waited));
    Ok(())
}

#[test]
fn a_followed_list_continues_until_its_reader_is_gone() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    for number in 1..=3 {
        exchange(&listener.address, &request(number))?;
    }
    let mut following = hookglass(folder.path())
        .args(["list", "--follow", "--json", "--limit", "1", "not id:ev5"])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(following.stdout.take().ok_or("no stdout")?).lines();
    let mut next = || -> Tested<i64> {
        let line: serde_json::Value = serde_json::from_str(&lines.next().ok_or("it ended")??)?;
        Ok(line["id"].as_i64().ok_or("no id")?)
    };
    assert_eq!(next()?, 3);
    // More than a page, so that a slow reader finds them in the store.
    for number in 4..=140 {
        exchange(&listener.address, &request(number))?;
    }
    let got = (0..136).map(|_| next()).collect::<Tested<Vec<i64>>>()?;
    assert_eq!(got, [4].into_iter().chain(6..=140).collect::<Vec<i64>>());
    drop(lines);
    // It notices when it has something to print.
    exchange(&listener.address, &request(141))?;
    assert!(following.wait()?.success());
    Ok(())
}
