//! The command line as users of other tools type it: flags, numbers, variables, and folders.

#![cfg(unix)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use support::{Listener, Target, Tested, exchange, hookglass, json_lines, request, stderr};

/// Creates a folder with a store of three deliveries, ev1 to ev3.
fn folder() -> Tested<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    for number in 1..=3 {
        exchange(&listener.address, &request(number))?;
    }
    listener.stop()?;
    Ok(folder)
}

fn run(folder: &Path, args: &[&str]) -> Tested<Output> {
    Ok(hookglass(folder).args(args).output()?)
}

/// Runs a command that has to end with this code, and returns both outputs.
fn ends(folder: &Path, args: &[&str], code: i32) -> Tested<String> {
    let output = run(folder, args)?;
    assert_eq!(output.status.code(), Some(code), "{args:?}: {}", stderr(&output));
    Ok(support::printed(&output))
}

fn ids(folder: &Path, args: &[&str]) -> Tested<Vec<i64>> {
    let listed = run(folder, &[&["list", "--json"], args].concat())?;
    assert_eq!(listed.status.code(), Some(0), "{args:?}: {}", stderr(&listed));
    let lines = json_lines(listed.stdout)?;
    Ok(lines.iter().filter_map(|line| line["id"].as_i64()).collect())
}

fn json(folder: &Path, args: &[&str]) -> Tested<Value> {
    let output = run(folder, args)?;
    Ok(serde_json::from_slice(&output.stdout).map_err(|_| support::printed(&output))?)
}

#[test]
fn short_flags_are_flags() -> Tested {
    let folder = folder()?;
    for (args, found) in [
        (&["-n", "2"][..], &[2, 3][..]),
        (&["-n1"], &[3]),
        (&["-qn", "1"], &[3]),
        (&["id:ev*", "-n", "1"], &[3]),
    ] {
        assert_eq!(ids(folder.path(), args)?, found, "{args:?}");
    }
    Ok(())
}

#[test]
fn flags_may_precede_the_command() -> Tested {
    let folder = folder()?;
    let printed =
        ends(folder.path(), &["--quiet", "--color", "never", "show", "last", "--body"], 0)?;
    assert!(printed.contains("\"id\""), "{printed}");
    Ok(())
}

#[test]
fn an_unknown_short_flag_is_an_error() -> Tested {
    let folder = folder()?;
    for args in
        [&["list", "-x"][..], &["wait", "-f"], &["export", "-z", "5"], &["stats", "-n", "5"]]
    {
        let said = ends(folder.path(), args, 2)?;
        assert!(said.contains(&format!("unknown flag `{}`", args[1])), "{args:?}: {said}");
    }
    Ok(())
}

#[test]
fn wrong_values_name_what_is_expected() -> Tested {
    let folder = folder()?;
    for (args, part) in [
        (&["list", "--limit", "5x"][..], "expected a whole number, e.g. 5"),
        (&["list", "--limit", "-1"], "expected a whole number, e.g. 5"),
        (&["wait", "--count", "two"], "expected a whole number, e.g. 5"),
        (&["send", "message.created", "--to", "1", "--count", "x"], "expected a whole number"),
        (&["resend", "1", "--to", "1", "--count", "0"], "expected a whole number of 1 or more"),
        (&["replay", ".", "--to", "1", "--concurrency", "999"], "from 1 to 256"),
        (&["replay", ".", "--to", "1", "--shuffle", "--seed", "x"], "expected a whole number"),
        (&["list", "--since", "5m"], "takes filters without dashes, e.g. since:5m"),
        (&["list", "sig: verified"], "did you mean `sig:verified`?"),
        (&["list", "size:"], "quote it in a shell"),
        (&["list", "provider:cribly"], "did you mean `cribbly`?"),
        (&["list", "provider:zzzzzz"], "unknown provider `zzzzzz`"),
        (&["list", "cause:foo"], "unknown cause `foo`"),
        (&["list", "method:pst"], "did you mean `POST`?"),
        (&["list", "source:liv"], "did you mean `live`?"),
        (&["list", "type=push"], "did you mean `type:push`?"),
        (&["list", "$.a:1"], "did you mean `.a:1`?"),
        (&["list", "/a:1"], "did you mean `.a:1`?"),
        (&["show", "newest"], "expected a delivery number"),
        (&["--public-url", "example.com:80"], "expected the URL as registered"),
        (&["--keep", "0"], "expected 1 or more, e.g. 100k, 10GiB, or 30d"),
        (&["listen", "--keep", "0d"], "invalid limit `0d`"),
        (&["attach", "nats://127.0.0.1:1", "--keep", "0B"], "invalid limit `0B`"),
        (&["listen", "--keep", "-5"], "invalid limit `-5`"),
        (&["wait", "--timeout", "-5"], "expected a number with a unit"),
        (&["resend", "1", "--to", "1", "--interval", "-5"], "expected a number with a unit"),
        (&["show", "1", "--as", "json"], "for JSON use --json"),
    ] {
        let said = ends(folder.path(), args, 2)?;
        assert!(said.contains(part) && !said.contains("invalid digit"), "{args:?}: {said}");
    }
    Ok(())
}

#[test]
fn a_configured_limit_of_nothing_is_refused() -> Tested {
    let folder = folder()?;
    fs::write(folder.path().join("hookglass.toml"), "[store]\nkeep = 0\n")?;
    let said = ends(folder.path(), &["--headless"], 2)?;
    assert!(said.contains("expected 1 or more"), "{said}");
    Ok(())
}

#[test]
fn a_configured_provider_is_known_to_filters() -> Tested {
    let folder = folder()?;
    let own = "[providers.cribly.scheme]\nsignature = \"header:x-own\"\n";
    fs::write(folder.path().join("hookglass.toml"), own)?;
    ends(folder.path(), &["list", "provider:cribly"], 0)?;
    Ok(())
}

#[test]
fn deliveries_are_selected_by_number() -> Tested {
    let folder = folder()?;
    assert_eq!(ids(folder.path(), &["#2"])?, [2]);
    assert_eq!(ids(folder.path(), &["2..3"])?, [2, 3]);
    assert_eq!(ids(folder.path(), &["-#2"])?, [1, 3]);
    assert_eq!(ids(folder.path(), &["number:>=3"])?, [3]);
    Ok(())
}

#[test]
fn a_number_alone_is_text_and_says_so() -> Tested {
    let folder = folder()?;
    let said = ends(folder.path(), &["list", "2"], 0)?;
    assert!(said.contains("use '#2' for delivery 2"), "{said}");
    Ok(())
}

#[test]
fn the_last_delivery_has_a_name() -> Tested {
    let folder = folder()?;
    assert_eq!(json(folder.path(), &["show", "last", "--json"])?["id"], 3);
    assert_eq!(json(folder.path(), &["show", "#2", "-j"])?["id"], 2);
    Ok(())
}

#[test]
fn a_range_is_resent() -> Tested {
    let folder = folder()?;
    let target = Target::always(support::targets::response("200 OK", ""))?;
    let said = ends(folder.path(), &["resend", "2..3", "last", "--to", &target.url], 0)?;
    assert_eq!(said.matches("answered 200").count(), 3, "{said}");
    Ok(())
}

#[test]
fn results_are_printed_as_json() -> Tested {
    let folder = folder()?;
    let file = folder.path().join("one.http");
    fs::write(&file, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}")?;
    for (args, schema, key) in [
        (&["import", "one.http", "--json"][..], "hookglass.import/1", "deliveries"),
        (&["prune", "--keep", "1", "--dry-run", "--json"], "hookglass.prune/1", "deliveries"),
        (&["prune", "--keep", "2", "--json"], "hookglass.prune/1", "size_after"),
        (&["store", "check", "--json"], "hookglass.store-check/1", "intact"),
        (&["config", "--json"], "hookglass.config/1", "settings"),
        (&["providers", "--json"], "hookglass.providers/1", "providers"),
        (&["providers", "stripe", "--json"], "hookglass.providers/1", "providers"),
    ] {
        let object = json(folder.path(), args)?;
        assert_eq!(object["schema"], schema, "{args:?}");
        assert!(!object[key].is_null(), "{args:?}: {object}");
    }
    Ok(())
}

#[test]
fn quiet_leaves_notes_out() -> Tested {
    let folder = folder()?;
    let target = Target::always(support::targets::response("200 OK", ""))?;
    let output = run(folder.path(), &["resend", "1", "--to", &target.url, "-q"])?;
    assert_eq!(stderr(&output), "");
    Ok(())
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_the_reason() -> Tested {
    let folder = folder()?;
    for args in [
        &["import", "none.har"][..],
        &["replay", "none.json", "--to", "3000"],
        &["config", "--config", "none.toml"],
        &["verify", "--secret-file", "none.key"],
    ] {
        let said = ends(folder.path(), args, 2)?;
        let named = said.contains("cannot read") && said.contains("none.");
        assert!(named && !said.contains("os error"), "{args:?}: {said}");
    }
    Ok(())
}

#[test]
fn an_unknown_flag_is_not_advised_to_be_a_value() -> Tested {
    let folder = folder()?;
    for command in ["stats", "list", "show", "resend", "import"] {
        let said = ends(folder.path(), &[command, "--zzzz"], 2)?;
        assert!(said.contains("'--zzzz'") && !said.contains("'-- "), "{command}: {said}");
    }
    Ok(())
}

#[test]
fn a_misspelled_event_is_reported_without_a_listener_too() -> Tested {
    let folder = folder()?;
    let said = ends(folder.path(), &["send", "message.craeted"], 2)?;
    assert!(said.contains("message.created"), "{said}");
    Ok(())
}

#[test]
fn the_configuration_shows_what_a_listener_keeps() -> Tested {
    let folder = folder()?;
    fs::write(folder.path().join("hookglass.toml"), "[store]\nkeep = \"10k\"\n")?;
    let shown = support::printed(&run(folder.path(), &["config"])?);
    let row = shown.lines().find(|line| line.starts_with("keep ")).unwrap_or_default();
    assert!(row.contains("10000") && row.contains("hookglass.toml"), "{shown}");
    Ok(())
}

#[test]
fn quiet_leaves_out_the_notes_of_an_export() -> Tested {
    let folder = folder()?;
    let args = ["export", "--format", "har", "--out", "x.har", "--quiet"];
    let output = run(folder.path(), &args)?;
    assert_eq!(stderr(&output), "");
    Ok(())
}

#[test]
fn quiet_does_not_hide_errors() -> Tested {
    let folder = folder()?;
    let said = ends(folder.path(), &["show", "99", "--quiet"], 1)?;
    assert!(said.contains("no delivery 99"), "{said}");
    Ok(())
}

#[test]
fn a_target_may_be_a_port() -> Tested {
    let folder = folder()?;
    let target = Target::always(support::targets::response("200 OK", ""))?;
    let port = target.url.rsplit_once(':').ok_or("no port")?.1;
    for to in [
        port.to_owned(),
        format!(":{port}"),
        format!("localhost:{port}"),
        format!("127.0.0.1:{port}/x"),
    ] {
        ends(folder.path(), &["resend", "1", "--to", &to], 0)?;
    }
    Ok(())
}

#[test]
fn an_address_may_be_a_port() -> Tested {
    let folder = tempfile::tempdir()?;
    for bind in ["0", ":0", "localhost:0"] {
        let listener = Listener::start_at(hookglass(folder.path()).arg("--ephemeral"), bind)?;
        assert!(listener.address.starts_with("127.0.0.1:"), "{bind}: {}", listener.address);
    }
    Ok(())
}

#[test]
fn variables_name_store_and_configuration() -> Tested {
    let folder = folder()?;
    let elsewhere = tempfile::tempdir()?;
    let listed = hookglass(elsewhere.path())
        .args(["list", "--json"])
        .env("HOOKGLASS_STORE", folder.path().join(".hookglass/deliveries.db"))
        .output()?;
    assert_eq!(json_lines(listed.stdout)?.len(), 3);
    fs::write(folder.path().join("own.toml"), "strict = true\n")?;
    let shown = hookglass(elsewhere.path())
        .args(["config"])
        .env("HOOKGLASS_CONFIG", folder.path().join("own.toml"))
        .output()?;
    let text = String::from_utf8(shown.stdout)?;
    assert!(text.contains("HOOKGLASS_CONFIG"), "{text}");
    Ok(())
}

#[test]
fn a_variable_names_the_address() -> Tested {
    let folder = tempfile::tempdir()?;
    let wrong =
        hookglass(folder.path()).arg("--headless").env("HOOKGLASS_BIND", "nowhere").output()?;
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("HOOKGLASS_BIND: invalid address `nowhere`"));
    Ok(())
}

#[test]
fn the_store_is_found_from_a_folder_below() -> Tested {
    let folder = folder()?;
    let below = folder.path().join("a/b");
    fs::create_dir_all(&below)?;
    assert_eq!(ids(&below, &[])?, [1, 2, 3]);
    Ok(())
}

#[test]
fn the_search_ends_at_the_root_of_the_repository() -> Tested {
    let folder = folder()?;
    let repository = folder.path().join("repository");
    fs::create_dir_all(repository.join(".git"))?;
    let said = ends(&repository, &["list"], 3)?;
    assert!(said.contains("no store"), "{said}");
    Ok(())
}

#[test]
fn the_search_ends_where_others_can_write() -> Tested {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder()?;
    let below = folder.path().join("below");
    fs::create_dir(&below)?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777))?;
    ends(&below, &["list"], 3)?;
    Ok(())
}

#[test]
fn a_new_store_is_next_to_the_configuration() -> Tested {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("hookglass.toml"), "")?;
    let below = folder.path().join("below");
    fs::create_dir(&below)?;
    let listener = Listener::start(&mut hookglass(&below))?;
    let (_, _, said) = listener.stop()?;
    assert!(folder.path().join(".hookglass/deliveries.db").exists());
    assert!(said.contains("hookglass: configuration: "), "{said}");
    Ok(())
}

#[test]
fn flags_of_a_hub_need_a_hub() -> Tested {
    let folder = tempfile::tempdir()?;
    let args = ["--headless", "--bind", "0", "--hub-stream", "x"];
    let said = ends(folder.path(), &args, 2)?;
    assert!(said.contains("--hub-stream is about a hub, and there is none"), "{said}");
    Ok(())
}

#[test]
fn a_stream_that_no_hub_accepts_is_a_usage_error() -> Tested {
    let folder = tempfile::tempdir()?;
    let args = ["attach", "nats://127.0.0.1:1", "--hub-stream", "a.b", "--headless"];
    let said = ends(folder.path(), &args, 2)?;
    assert!(said.contains("invalid stream `a.b`"), "{said}");
    Ok(())
}

#[test]
fn an_empty_store_is_intact_without_deliveries() -> Tested {
    let folder = folder()?;
    ends(folder.path(), &["prune", "--keep", "0"], 0)?;
    let said = ends(folder.path(), &["store", "check"], 0)?;
    assert!(said.contains(", no deliveries"), "{said}");
    Ok(())
}

#[test]
fn type_and_id_of_an_imported_request_are_guessed() -> Tested {
    let folder = tempfile::tempdir()?;
    let request =
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 21\r\n\r\n{\"id\":\"x\",\"type\":\"y\"}";
    fs::write(folder.path().join("one.txt"), request)?;
    ends(folder.path(), &["import", "one.txt"], 0)?;
    assert_eq!(json(folder.path(), &["show", "1", "--json"])?["event"]["type"], "y");
    Ok(())
}

#[test]
fn a_provider_with_a_secret_has_no_key_to_download() -> Tested {
    let folder = tempfile::tempdir()?;
    let said = ends(folder.path(), &["providers", "fetch-key", "stripe"], 2)?;
    assert!(said.contains("signs with a secret, which is not published"), "{said}");
    Ok(())
}

#[test]
fn the_tolerance_of_a_provider_is_described() -> Tested {
    let folder = tempfile::tempdir()?;
    for (provider, tolerance) in [
        ("stripe", "at most 5 min old; a time in the future is accepted"),
        ("slack", "at most 5 min old or in the future"),
        ("discord", "any time is accepted"),
    ] {
        let said = ends(folder.path(), &["providers", provider], 0)?;
        assert!(said.contains(tolerance), "{provider}: {said}");
    }
    Ok(())
}
