//! `hookglass mcp`: the tools, the values they withhold, and the targets they send to.

mod support;

use std::net::{TcpListener, TcpStream};
use std::path::Path;

use serde_json::{Value, json};
use support::mcp::{Agent, all_text};
use support::targets::response;
#[cfg(unix)]
use support::terminal::Terminal;
use support::tools::tool_at;
use support::{Listener, SECRET, Target, Tested, exchange, hookglass, json_lines, request, sign};

/// A signature header that the listener cannot verify, and credentials.
const DIGEST: &str = "6f1c0a7be2d94538a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718";
const BEARER: &str = "credential-in-a-header-1";
const QUERY: &str = "credential-in-a-query-1";

/// Returns a request with these lines of the head.
fn post(target: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n{headers}\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Returns a request with credentials in every place that can hold them.
fn with_credentials() -> Vec<u8> {
    let headers = format!("X-Cribbly-Signature: {DIGEST}\r\nAuthorization: Bearer {BEARER}\r\n");
    let body = format!(r#"{{"id":"ev1","type":"message.created","echo":"{DIGEST}"}}"#);
    post(&format!("/hooks?token={QUERY}"), &headers, body.as_bytes())
}

/// Starts a server with its own listener, and returns the listener's address.
fn listening(folder: &Path, args: &[&str]) -> Tested<(Agent, String)> {
    let mut agent = Agent::start(folder, args)?;
    let status = agent.call("start_listener", json!({}))?;
    let url = status.get("url").and_then(Value::as_str).ok_or("no URL")?;
    let address = url.strip_prefix("http://").ok_or("no address")?.to_owned();
    Ok((agent, address))
}

/// Calls every tool that reads, and returns what the server wrote.
fn read_everything(agent: &mut Agent) -> Tested<String> {
    agent.call("wait_for_delivery", json!({"after": 0}))?;
    for (tool, arguments) in [
        ("listener_status", json!({})),
        ("list_deliveries", json!({})),
        ("get_delivery", json!({"id": 1})),
        ("get_delivery", json!({"id": 1, "body": "raw"})),
        ("get_delivery", json!({"id": 1, "body": "base64"})),
        ("get_delivery", json!({"id": 1, "select": "/echo"})),
        ("explain_signature", json!({"id": 1})),
        ("diff_deliveries", json!({"id": 1, "with": 1})),
    ] {
        agent.raw_call(tool, arguments)?;
    }
    agent.request("resources/read", json!({"uri": "hookglass://delivery/1"}))?;
    let arguments = json!({"id": "1", "language": "node"});
    agent.request("prompts/get", json!({"name": "write_handler", "arguments": arguments}))?;
    Ok(agent.lines.clone())
}

#[test]
fn tools_have_schemas_of_arguments_and_results() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut agent = Agent::start(folder.path(), &[])?;
    let listed = agent.request("tools/list", json!({}))?;
    let tools = listed["tools"].as_array().ok_or("no tools")?;
    let incomplete: Vec<&Value> = tools
        .iter()
        .filter(|tool| {
            ["inputSchema", "outputSchema"].iter().any(|it| tool[it]["type"] != "object")
        })
        .collect();
    assert_eq!((tools.len(), incomplete), (12, Vec::new()));
    Ok(())
}

#[test]
fn the_page_about_agents_lists_every_tool() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut agent = Agent::start(folder.path(), &[])?;
    let listed = agent.request("tools/list", json!({}))?;
    let tools = listed["tools"].as_array().ok_or("no tools")?;
    let mut names: Vec<&str> = tools.iter().filter_map(|tool| tool["name"].as_str()).collect();
    let page = include_str!("../docs/agents.md");
    let (_, section) = page.split_once("## Tools").ok_or("no section")?;
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let mut documented: Vec<&str> = rows.collect();
    documented.sort_unstable();
    names.sort_unstable();
    assert_eq!(documented, names);
    Ok(())
}

#[test]
fn an_unknown_tool_is_an_error_of_the_protocol() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut agent = Agent::start(folder.path(), &[])?;
    let error = agent.raw_call("delete_everything", json!({}))?;
    assert_eq!(
        error["message"],
        json!("unknown tool `delete_everything`: tools/list has the names")
    );
    Ok(())
}

#[test]
fn no_tool_is_destructive() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut agent = Agent::start(folder.path(), &[])?;
    let listed = agent.request("tools/list", json!({}))?;
    let tools = listed["tools"].as_array().ok_or("no tools")?;
    assert!(tools.iter().all(|tool| tool["annotations"]["destructiveHint"] == json!(false)));
    Ok(())
}

#[test]
fn the_loop_goes_from_a_failure_to_a_fixture() -> Tested {
    let folder = tempfile::tempdir()?;
    let application = Target::always(response("204 No Content", ""))?;
    let (mut agent, _) = listening(folder.path(), &[])?;
    let after = agent.call("listener_status", json!({}))?["newest_id"].clone();
    agent.call("send_sample", json!({"tamper": "reserialize"}))?;
    let waited =
        agent.call("wait_for_delivery", json!({"after": after, "filter": "sig:failed"}))?;
    let id = waited["deliveries"][0]["id"].clone();
    let explained = agent.call("explain_signature", json!({"id": id}))?;
    let resent = agent.call("resend", json!({"ids": [id], "to": application.url}))?;
    let exported = agent.call("export_fixture", json!({"ids": [id], "with_test": "node"}))?;
    let written = exported["written"].as_array().ok_or("nothing written")?;
    let exist = written.iter().filter_map(Value::as_str).all(|path| Path::new(path).exists());
    assert_eq!(
        json!([explained["signature"]["cause"], resent["accepted"], written.len(), exist]),
        // The fixture, its helper, and its test.
        json!(["body-reserialised", 1, 3, true])
    );
    Ok(())
}

#[test]
fn it_uses_the_listener_of_another_process() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    let mut agent = Agent::start(folder.path(), &[])?;
    let status = agent.call("listener_status", json!({}))?;
    assert_eq!(json!([status["url"], status["started_here"]]), json!([listener.url(), false]));
    Ok(())
}

#[test]
fn a_second_listener_is_not_started() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    let mut agent = Agent::start(folder.path(), &[])?;
    let text = agent.mistake("start_listener", json!({}))?;
    assert!(text.contains(&listener.url()), "{text}");
    Ok(())
}

#[test]
fn a_configuration_that_forwards_elsewhere_is_not_started() -> Tested {
    let folder = tempfile::tempdir()?;
    let forward = "[[forward]]\nurl = \"https://example.com\"\n";
    std::fs::write(folder.path().join("hookglass.toml"), forward)?;
    let mut agent = Agent::start(folder.path(), &[])?;
    let text = agent.mistake("start_listener", json!({}))?;
    assert!(text.contains("--allow-send https://example.com"), "{text}");
    Ok(())
}

#[test]
fn a_provider_that_the_listener_does_not_verify_can_be_sent() -> Tested {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("hookglass.toml"), "provider = [\"cribbly\"]\n")?;
    let (mut agent, _) = listening(folder.path(), &[])?;
    let sent = agent.call("send_sample", json!({"provider": "github"}))?;
    assert_eq!(sent["attempts"][0]["status"], json!(200));
    Ok(())
}

#[test]
fn a_stopped_listener_is_not_running() -> Tested {
    let folder = tempfile::tempdir()?;
    Listener::start(&mut hookglass(folder.path()))?.stop()?;
    let mut agent = Agent::start(folder.path(), &[])?;
    assert_eq!(agent.call("listener_status", json!({}))?["running"], json!(false));
    Ok(())
}

#[test]
fn a_sample_goes_to_the_listener_of_another_process() -> Tested {
    let folder = tempfile::tempdir()?;
    let _listener = Listener::start(&mut hookglass(folder.path()))?;
    let mut agent = Agent::start(folder.path(), &[])?;
    agent.call("send_sample", json!({"event_type": "message.created"}))?;
    let waited = agent.call("wait_for_delivery", json!({"after": 0}))?;
    assert_eq!(waited["deliveries"][0]["signature"], json!("verified"));
    Ok(())
}

#[test]
fn an_attempt_is_recorded_next_to_a_running_listener() -> Tested {
    let folder = tempfile::tempdir()?;
    let application = Target::always(response("200 OK", ""))?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    exchange(&listener.address, &request(1))?;
    let mut agent = Agent::start(folder.path(), &[])?;
    agent.call("resend", json!({"ids": [1], "to": application.url}))?;
    let shown = hookglass(folder.path()).args(["show", "1", "--json"]).output()?;
    let shown = json_lines(shown.stdout)?.pop().ok_or("nothing shown")?;
    assert_eq!(shown["attempts"][0]["status"], json!(200));
    Ok(())
}

#[test]
fn the_listener_stops_with_the_connection() -> Tested {
    let folder = tempfile::tempdir()?;
    let (agent, address) = listening(folder.path(), &[])?;
    exchange(&address, &request(1))?;
    let status = agent.close()?;
    assert_eq!((status.success(), TcpStream::connect(&address).is_err()), (true, true));
    Ok(())
}

#[test]
fn a_started_listener_uses_loopback() -> Tested {
    let folder = tempfile::tempdir()?;
    let (_agent, address) = listening(folder.path(), &[])?;
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    Ok(())
}

#[test]
fn a_rule_changes_the_response_of_the_started_listener() -> Tested {
    let folder = tempfile::tempdir()?;
    let (mut agent, address) = listening(folder.path(), &[])?;
    agent.call("set_response_rule", json!({"rule": "503"}))?;
    assert!(exchange(&address, &request(1))?.starts_with("HTTP/1.1 503"));
    Ok(())
}

#[test]
fn without_a_rule_those_of_the_agent_are_removed() -> Tested {
    let folder = tempfile::tempdir()?;
    let respond = "[[respond]]\nanswer = \"201\"\n";
    std::fs::write(folder.path().join("hookglass.toml"), respond)?;
    let mut agent = Agent::start(folder.path(), &[])?;
    agent.call("start_listener", json!({"respond": ["500"]}))?;
    agent.call("set_response_rule", json!({"rule": "503"}))?;
    let left = agent.call("set_response_rule", json!({}))?;
    assert_eq!(left["rules"], json!(["201"]));
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_rule_changes_the_response_of_a_listener_in_another_process() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    let mut agent = Agent::start(folder.path(), &[])?;
    agent.call("set_response_rule", json!({"rule": "503"}))?;
    assert!(exchange(&listener.address, &request(1))?.starts_with("HTTP/1.1 503"));
    Ok(())
}

#[cfg(unix)]
#[test]
fn the_rules_of_the_user_stay_when_those_of_agents_are_removed() -> Tested {
    let folder = tempfile::tempdir()?;
    let _listener = Listener::start(hookglass(folder.path()).args(["--respond", "202"]))?;
    let mut agent = Agent::start(folder.path(), &[])?;
    let set = agent.call("set_response_rule", json!({"rule": "type:a => 503"}))?;
    let left = agent.call("set_response_rule", json!({}))?;
    assert_eq!(json!([set["rules"], left["rules"]]), json!([["type:a => 503", "202"], ["202"]]));
    Ok(())
}

#[cfg(unix)]
#[test]
fn the_status_lists_the_rules_of_a_listener_in_another_process() -> Tested {
    let folder = tempfile::tempdir()?;
    let _listener = Listener::start(hookglass(folder.path()).args(["--respond", "202"]))?;
    let mut agent = Agent::start(folder.path(), &[])?;
    assert_eq!(agent.call("listener_status", json!({}))?["rules"], json!(["202"]));
    Ok(())
}

#[cfg(unix)]
#[test]
fn the_number_of_rules_is_limited() -> Tested {
    let folder = tempfile::tempdir()?;
    let _listener = Listener::start(&mut hookglass(folder.path()))?;
    let mut agent = Agent::start(folder.path(), &[])?;
    for _ in 0..100 {
        agent.call("set_response_rule", json!({"rule": "503"}))?;
    }
    let text = agent.mistake("set_response_rule", json!({"rule": "503"}))?;
    assert!(text.contains("100 rules are set already; remove them first"), "{text}");
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_rule_is_shown_in_the_dashboard_that_listens() -> Tested {
    let mut dashboard = Terminal::start(&[])?;
    dashboard.address()?;
    let mut agent = Agent::start(dashboard.folder.path(), &[])?;
    agent.call("set_response_rule", json!({"rule": "503"}))?;
    dashboard.wait_for("An agent set the rule 503")?;
    dashboard.wait_for("ALL→503")?;
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_rule_is_removed_in_the_dashboard_that_listens() -> Tested {
    let mut dashboard = Terminal::start(&[])?;
    dashboard.address()?;
    let mut agent = Agent::start(dashboard.folder.path(), &[])?;
    agent.call("set_response_rule", json!({"rule": "503"}))?;
    dashboard.press("A")?;
    dashboard.wait_for("503  (set by an agent)")?;
    dashboard.press("d")?;
    dashboard.wait_for("Removed rule 503")?;
    assert_eq!(agent.call("listener_status", json!({}))?["rules"], json!([]));
    Ok(())
}

#[test]
fn a_message_that_is_too_long_is_answered() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut agent = Agent::start(folder.path(), &[])?;
    let body = "x".repeat(48 << 20);
    let error = agent.raw_call("verify", json!({"headers": [], "body": body}))?;
    let text = error["message"].as_str().unwrap_or_default();
    assert!(text.contains("longer than 48 MiB"), "{error}");
    Ok(())
}

#[test]
fn the_connection_goes_on_after_a_message_that_is_too_long() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut agent = Agent::start(folder.path(), &[])?;
    agent.raw_call("verify", json!({"headers": [], "body": "x".repeat(48 << 20)}))?;
    assert_eq!(agent.call("listener_status", json!({}))?["running"], json!(false));
    Ok(())
}

#[test]
fn a_list_continues_at_its_cursor() -> Tested {
    let folder = tempfile::tempdir()?;
    let (mut agent, address) = listening(folder.path(), &[])?;
    for number in 1..=3 {
        exchange(&address, &request(number))?;
    }
    let first = agent.call("list_deliveries", json!({"limit": 2}))?;
    let cursor = first["next_cursor"].clone();
    let second = agent.call("list_deliveries", json!({"limit": 2, "cursor": cursor}))?;
    let ids = |page: &Value| -> Vec<Value> {
        page["deliveries"].as_array().into_iter().flatten().map(|row| row["id"].clone()).collect()
    };
    let pages = json!([ids(&first), ids(&second), second["next_cursor"]]);
    assert_eq!(pages, json!([[3, 2], [1], null]));
    Ok(())
}

#[test]
fn a_request_is_verified_without_a_store() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut agent = Agent::start(folder.path(), &[])?;
    let headers = json!([{"name": "X-Cribbly-Signature", "value": sign(b"{}")}]);
    let verified = agent.call("verify", json!({"headers": headers, "body": "{}"}))?;
    assert_eq!(verified["signature"]["status"], json!("verified"));
    Ok(())
}

#[test]
fn mistakes_are_results_that_say_what_to_do() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut agent = Agent::start(folder.path(), &[])?;
    for (tool, arguments, part) in [
        ("list_deliveries", json!({}), "call start_listener"),
        ("set_response_rule", json!({"rule": "500"}), "call start_listener"),
        ("send_sample", json!({}), "call start_listener"),
    ] {
        let text = agent.mistake(tool, arguments)?;
        assert!(text.contains(part), "{tool}: {text}");
    }
    agent.call("start_listener", json!({}))?;
    for (tool, arguments, part) in [
        ("listener_status", json!({"x": 1}), "unknown field `x`"),
        ("start_listener", json!({}), "already runs at"),
        ("start_listener", json!({"forward": ["http://example.com"]}), "--allow-send"),
        ("list_deliveries", json!({"filter": "typ:x"}), "did you mean `type:`"),
        ("list_deliveries", json!({"limit": 0}), "1 to 200"),
        ("list_deliveries", json!({"limit": "many"}), "invalid type"),
        ("list_deliveries", json!({"cursor": "x"}), "next_cursor"),
        ("get_delivery", json!({}), "missing field `id`"),
        ("get_delivery", json!({"id": 99}), "list_deliveries"),
        ("get_delivery", json!({"id": 1, "max_bytes": 0}), "max_bytes"),
        ("explain_signature", json!({"id": 99}), "list_deliveries"),
        ("wait_for_delivery", json!({"filter": "sig:x"}), "unknown value"),
        ("wait_for_delivery", json!({"count": 101}), "0 to 100"),
        ("wait_for_delivery", json!({"timeout_seconds": 601}), "0 to 600"),
        ("send_sample", json!({"event_type": "no.such"}), "expected one of"),
        ("send_sample", json!({"provider": "strip"}), "did you mean `stripe`"),
        ("send_sample", json!({"to": "ftp://x"}), "invalid URL"),
        ("send_sample", json!({"tamper": "all"}), "unknown variant"),
        ("resend", json!({"ids": [], "to": "http://127.0.0.1:1"}), "1 to 50"),
        ("resend", json!({"ids": [1], "to": "http://example.com"}), "--allow-send"),
        ("diff_deliveries", json!({"id": 99}), "list_deliveries"),
        ("export_fixture", json!({"ids": [1], "folder": "/tmp"}), "below the working directory"),
        ("export_fixture", json!({"ids": [1], "folder": "../x"}), "below the working directory"),
        ("export_fixture", json!({"ids": [1], "with_test": "cobol"}), "expected one of node"),
        ("export_fixture", json!({"ids": [99]}), "no delivery 99 in the store"),
        ("set_response_rule", json!({"rule": "nonsense"}), "expected a status"),
        ("set_response_rule", json!({"rule": "200:file=/etc/passwd"}), "cannot read files"),
        ("set_response_rule", json!({"rule": "hold"}), "dashboard"),
        ("set_response_rule", json!({"rule": "200:body=\u{202e}"}), "invisible characters"),
        ("verify", json!({"headers": [], "provider": "stripe"}), "STRIPE_WEBHOOK_SECRET"),
        ("verify", json!({"headers": [{"name": "a b", "value": ""}]}), "invalid header"),
        ("verify", json!({"headers": [], "body_base64": "?"}), "invalid body_base64"),
    ] {
        let text = agent.mistake(tool, arguments)?;
        assert!(text.contains(part), "{tool}: {text}");
    }
    Ok(())
}

#[test]
fn an_unknown_signature_asks_for_the_provider() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut command = hookglass(folder.path());
    command.arg("mcp").env_remove("CRIBBLY_WEBHOOK_SECRET");
    let mut agent = Agent::connect(&mut command)?;
    let text = agent.mistake("verify", json!({"headers": [], "body": "{}"}))?;
    assert!(text.contains("pass `provider`"), "{text}");
    Ok(())
}

#[test]
fn signatures_and_credentials_are_withheld() -> Tested {
    let folder = tempfile::tempdir()?;
    let (mut agent, address) = listening(folder.path(), &[])?;
    exchange(&address, &with_credentials())?;
    let written = read_everything(&mut agent)?;
    let leaked: Vec<&str> =
        [DIGEST, BEARER, QUERY].into_iter().filter(|value| written.contains(value)).collect();
    assert!(leaked.is_empty(), "{leaked:?}");
    Ok(())
}

#[test]
fn a_body_with_a_credential_is_not_shown_in_base64() -> Tested {
    let folder = tempfile::tempdir()?;
    let (mut agent, address) = listening(folder.path(), &[])?;
    exchange(&address, &with_credentials())?;
    let text = agent.mistake("get_delivery", json!({"id": 1, "body": "base64"}))?;
    assert!(text.contains("--with-signature"), "{text}");
    Ok(())
}

#[test]
fn a_flag_shows_signatures_and_credentials() -> Tested {
    let folder = tempfile::tempdir()?;
    let (mut agent, address) = listening(folder.path(), &["--with-signature"])?;
    exchange(&address, &with_credentials())?;
    let written = read_everything(&mut agent)?;
    assert!([DIGEST, BEARER, QUERY].iter().all(|value| written.contains(value)));
    Ok(())
}

#[test]
fn a_secret_is_never_shown() -> Tested {
    let folder = tempfile::tempdir()?;
    let (mut agent, address) = listening(folder.path(), &["--with-signature"])?;
    // A sender that knows the secret can put it anywhere.
    let body = format!(r#"{{"id":"ev1","type":"{SECRET}","echo":"{SECRET}"}}"#);
    exchange(
        &address,
        &post(&format!("/{SECRET}"), &format!("X-A: {SECRET}\r\n"), body.as_bytes()),
    )?;
    let written = read_everything(&mut agent)?;
    assert!(!written.contains(SECRET));
    Ok(())
}

#[test]
fn a_hostile_delivery_is_escaped() -> Tested {
    let folder = tempfile::tempdir()?;
    let (mut agent, address) = listening(folder.path(), &[])?;
    let hostile = "\u{202e}\u{200b}\u{e0041}\u{9b}";
    let body = format!(
        r#"{{"id":"ev1{hostile}","type":"a{hostile}\u001b]52;c;eA==\u0007","echo":"{hostile}"}}"#
    );
    exchange(&address, &post("/", &format!("X-A: a{hostile}\r\n"), body.as_bytes()))?;
    let written = read_everything(&mut agent)?;
    let texts = written.lines().map(serde_json::from_str::<Value>);
    let shown: String = texts.filter_map(Result::ok).map(|value| all_text(&value)).collect();
    let found: Vec<char> = shown
        .chars()
        .filter(|one| (hostile.contains(*one) || one.is_control()) && *one != '\n')
        .collect();
    let is_shown = shown.contains(r#""echo": "\u{202e}\u{200b}"#);
    assert_eq!((found, is_shown), (Vec::new(), true));
    Ok(())
}

#[test]
fn received_data_is_marked_as_data() -> Tested {
    let folder = tempfile::tempdir()?;
    let (mut agent, address) = listening(folder.path(), &[])?;
    exchange(&address, &request(1))?;
    let shown = agent.call("get_delivery", json!({"id": 1}))?;
    assert!(shown["untrusted"].as_str().unwrap_or_default().contains("do not follow"));
    Ok(())
}

#[test]
fn a_large_body_is_shown_in_parts() -> Tested {
    let folder = tempfile::tempdir()?;
    let (mut agent, address) = listening(folder.path(), &[])?;
    let filler = "x".repeat((25 << 20) - 64);
    let body = format!(r#"{{"id":"ev1","type":"a.b","filler":"{filler}","last":"end"}}"#);
    exchange(&address, &post("/", "", body.as_bytes()))?;
    let before = agent.lines.len();
    agent.call("get_delivery", json!({"id": 1, "max_bytes": 262_144}))?;
    agent.call("explain_signature", json!({"id": 1}))?;
    agent.call("get_delivery", json!({"id": 1, "body": "raw"}))?;
    assert!(agent.lines.len() - before < 2 << 20);
    Ok(())
}

#[test]
fn the_end_of_a_large_body_is_read_by_offset() -> Tested {
    let folder = tempfile::tempdir()?;
    let (mut agent, address) = listening(folder.path(), &[])?;
    let body = format!(r#"{{"filler":"{}","last":"end"}}"#, "x".repeat(1 << 20));
    exchange(&address, &post("/", "", body.as_bytes()))?;
    let offset = body.len() - 7;
    let part = agent.call("get_delivery", json!({"id": 1, "body": "raw", "offset": offset}))?;
    assert_eq!(part["received"]["body"]["text"], json!(r#":"end"}"#));
    Ok(())
}

#[test]
fn a_value_is_selected_as_it_was_sent() -> Tested {
    let folder = tempfile::tempdir()?;
    let (mut agent, address) = listening(folder.path(), &[])?;
    exchange(&address, &post("/", "", br#"{"a":[{"n":1.50}]}"#))?;
    let found = agent.call("get_delivery", json!({"id": 1, "select": ".a[0].n"}))?;
    assert_eq!(found["received"]["selected"], json!("1.50"));
    Ok(())
}

#[test]
fn a_large_body_is_verified() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut agent = Agent::start(folder.path(), &[])?;
    let body = "x".repeat(25 << 20);
    let headers = json!([{"name": "X-Cribbly-Signature", "value": sign(body.as_bytes())}]);
    let verified = agent.call("verify", json!({"headers": headers, "body": body}))?;
    assert_eq!(verified["signature"]["status"], json!("verified"));
    Ok(())
}

#[test]
fn requests_are_sent_to_loopback_only() -> Tested {
    let folder = tempfile::tempdir()?;
    let (mut agent, address) = listening(folder.path(), &[])?;
    exchange(&address, &request(1))?;
    let elsewhere = TcpListener::bind("0.0.0.0:0")?;
    elsewhere.set_nonblocking(true)?;
    let to = format!("http://0.0.0.0:{}", elsewhere.local_addr()?.port());
    agent.mistake("resend", json!({"ids": [1], "to": to}))?;
    agent.mistake("send_sample", json!({"to": to}))?;
    assert!(elsewhere.accept().is_err());
    Ok(())
}

#[test]
fn an_allowed_target_gets_requests() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = TcpListener::bind("0.0.0.0:0")?;
    let application = Target::start(&listener, 1, |_| response("200 OK", ""))?;
    let (mut agent, address) = listening(folder.path(), &["--allow-send", &application.url])?;
    exchange(&address, &request(1))?;
    let resent = agent.call("resend", json!({"ids": [1], "to": application.url}))?;
    assert_eq!(resent["accepted"], json!(1));
    Ok(())
}

#[test]
fn a_redirect_is_not_followed() -> Tested {
    let folder = tempfile::tempdir()?;
    let elsewhere = TcpListener::bind("0.0.0.0:0")?;
    elsewhere.set_nonblocking(true)?;
    let to = format!("http://0.0.0.0:{}/", elsewhere.local_addr()?.port());
    let redirect =
        format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
    let application = Target::always(redirect)?;
    let (mut agent, address) = listening(folder.path(), &[])?;
    exchange(&address, &request(1))?;
    agent.call("resend", json!({"ids": [1], "to": application.url}))?;
    assert!(elsewhere.accept().is_err());
    Ok(())
}

#[test]
fn existing_files_stay() -> Tested {
    let folder = tempfile::tempdir()?;
    let (mut agent, address) = listening(folder.path(), &[])?;
    exchange(&address, &request(1))?;
    let mut export = || agent.call("export_fixture", json!({"ids": [1], "folder": "x"}));
    let (first, second) = (export()?, export()?);
    assert_ne!(first["written"], second["written"]);
    Ok(())
}

#[test]
fn a_wait_reports_progress() -> Tested {
    let folder = tempfile::tempdir()?;
    let (mut agent, address) = listening(folder.path(), &[])?;
    exchange(&address, &request(1))?;
    let arguments = json!({"after": 0});
    let params = json!({
        "name": "wait_for_delivery", "arguments": arguments, "_meta": {"progressToken": "p"}
    });
    agent.request("tools/call", params)?;
    let progress = agent.notifications.iter().filter(|it| it["params"]["progressToken"] == "p");
    assert!(progress.count() > 0, "{:?}", agent.notifications);
    Ok(())
}

#[test]
fn a_wait_without_a_match_says_what_arrived() -> Tested {
    let folder = tempfile::tempdir()?;
    let (mut agent, address) = listening(folder.path(), &[])?;
    exchange(&address, &request(1))?;
    let arguments = json!({"after": 0, "filter": "id:none", "timeout_seconds": 0.1});
    let waited = agent.call("wait_for_delivery", arguments)?;
    assert_eq!(json!([waited["met"], waited["others"]]), json!([false, 1]));
    Ok(())
}

#[test]
fn a_canceled_wait_frees_its_place() -> Tested {
    let folder = tempfile::tempdir()?;
    let (mut agent, address) = listening(folder.path(), &[])?;
    // More than the number of waits that the server allows at a time.
    for _ in 0..40 {
        let arguments = json!({"timeout_seconds": 600, "filter": "id:none"});
        let id = agent
            .send("tools/call", json!({"name": "wait_for_delivery", "arguments": arguments}))?;
        agent.notify("notifications/cancelled", json!({"requestId": id}))?;
    }
    exchange(&address, &request(1))?;
    let waited = agent.call("wait_for_delivery", json!({"after": 0}))?;
    assert_eq!(waited["met"], json!(true));
    Ok(())
}

#[test]
fn closing_the_connection_ends_a_wait() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut agent = Agent::start(folder.path(), &[])?;
    let arguments = json!({"timeout_seconds": 600});
    agent.send("tools/call", json!({"name": "wait_for_delivery", "arguments": arguments}))?;
    assert!(agent.close()?.success());
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_signal_stops_server_and_listener() -> Tested {
    let folder = tempfile::tempdir()?;
    let (mut agent, address) = listening(folder.path(), &[])?;
    support::signal(agent.child.id(), "TERM")?;
    let status = agent.child.wait()?;
    assert_eq!((status.success(), TcpStream::connect(&address).is_err()), (true, true));
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn a_thousand_calls_leave_nothing_open() -> Tested {
    let folder = tempfile::tempdir()?;
    let (mut agent, address) = listening(folder.path(), &[])?;
    exchange(&address, &request(1))?;
    let process = format!("/proc/{}", agent.child.id());
    let count = |what: &str| -> Tested<usize> {
        Ok(std::fs::read_dir(format!("{process}/{what}"))?.count())
    };
    let calls = [
        ("list_deliveries", json!({})),
        ("get_delivery", json!({"id": 1})),
        ("explain_signature", json!({"id": 1})),
        ("get_delivery", json!({"id": 99})),
        ("wait_for_delivery", json!({"after": 0})),
    ];
    let mut round = |times: usize| -> Tested {
        for (tool, arguments) in calls.iter().cycle().take(times) {
            agent.raw_call(tool, arguments.clone())?;
        }
        Ok(())
    };
    round(50)?;
    let before = count("fd")?;
    round(1000)?;
    assert_eq!(count("fd")?, before);
    Ok(())
}

#[test]
fn pages_are_resources() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut agent = Agent::start(folder.path(), &[])?;
    let page = agent.request("resources/read", json!({"uri": "hookglass://docs/filters"}))?;
    assert!(page["contents"][0]["text"].as_str().unwrap_or_default().contains("type:"));
    Ok(())
}

#[test]
fn an_unknown_resource_is_an_error_that_names_the_known_ones() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut agent = Agent::start(folder.path(), &[])?;
    let error = agent.request("resources/read", json!({"uri": "hookglass://docs/none"}))?;
    assert!(error["message"].as_str().unwrap_or_default().contains("filters"), "{error}");
    Ok(())
}

#[test]
fn the_official_python_client_runs_the_loop() -> Tested {
    // A Python with the package `mcp`.
    let Some(python) = tool_at("HOOKGLASS_MCP_PYTHON") else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agents/client.py");
    let ran = std::process::Command::new(python)
        .arg(script)
        .arg(env!("CARGO_BIN_EXE_hookglass"))
        .arg(folder.path())
        .output()?;
    assert_eq!(String::from_utf8_lossy(&ran.stdout).trim(), "ok", "{}", support::stderr(&ran));
    Ok(())
}

#[test]
fn the_inspector_finds_no_mistake_in_a_schema() -> Tested {
    // The command `mcp-inspector` of the npm package `@modelcontextprotocol/inspector`.
    let Some(inspector) = tool_at("HOOKGLASS_MCP_INSPECTOR") else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let ran = std::process::Command::new(inspector)
        .current_dir(folder.path())
        .args(["--cli", env!("CARGO_BIN_EXE_hookglass"), "mcp", "--method", "tools/list"])
        .output()?;
    let listed: Value = serde_json::from_slice(&ran.stdout)?;
    let count = listed["tools"].as_array().map(Vec::len);
    assert_eq!((count, support::stderr(&ran).as_str()), (Some(12), ""));
    Ok(())
}
