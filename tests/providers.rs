//! Several providers at once, custom providers, and causes, by real processes.

mod support;

use serde_json::Value;
use support::{Listener, Tested, event, exchange, hookglass, request};

const CONFIG: &str = r#"
provider = ["my-shop", "github", "cribbly"]

[providers.my-shop.scheme]
signature = "header:x-my-shop-signature"
encoding = "base64"
signed = "{timestamp}.{body}"
timestamp = { from = "header:x-my-shop-time", unit = "s", max_age = 300 }

[[providers.my-shop.sample]]
type = "order.paid"
body = '{"kind":"order.paid","at":@now@}'

[providers.my-shop.event]
type = "json:/kind"

[providers.github]
secret_file = "key"
"#;

fn printed(lines: &str) -> Tested<Vec<Value>> {
    lines.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

#[test]
fn each_provider_is_recognized_and_has_its_own_secrets() -> Tested {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("hookglass.toml"), CONFIG)?;
    std::fs::write(folder.path().join("key"), "test-key-of-github")?;
    let secrets = [
        ("MY_SHOP_WEBHOOK_SECRET", "test-key-of-the-shop"),
        ("CRIBBLY_WEBHOOK_SECRET", "test-key-of-cribbly"),
    ];
    let command = || {
        let mut command = hookglass(folder.path());
        command.envs(secrets);
        command
    };
    let listener = Listener::start(&mut command())?;
    for (kind, provider) in
        [("order.paid", "my-shop"), ("push", "github"), ("message.created", "cribbly")]
    {
        let url = listener.url();
        let sent = command().args(["send", kind, "--provider", provider, "--to", &url]).output()?;
        assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    }
    let (_, out, _) = listener.stop()?;
    let found: Vec<String> = printed(&out)?
        .iter()
        .map(|line| {
            let text = |path: &str| line.pointer(path).and_then(Value::as_str).unwrap_or("none");
            let (kind, status) = (text("/event/type"), text("/signature/status"));
            format!("{} {kind} {status} {}", text("/provider"), text("/signature/secret"))
        })
        .collect();
    let key = "key";
    assert_eq!(
        found,
        [
            "my-shop order.paid verified MY_SHOP_WEBHOOK_SECRET".to_owned(),
            format!("github push verified {key}"),
            "cribbly message.created verified CRIBBLY_WEBHOOK_SECRET".to_owned(),
        ]
    );
    Ok(())
}

#[test]
fn a_mistake_in_the_configuration_is_exit_2_and_says_where() -> Tested {
    let folder = tempfile::tempdir()?;
    for (right, wrong, says) in [
        ("encoding = \"base64\"", "encoding = \"base46\"", "line 6"),
        ("{timestamp}", "{timstamp}", "{timstamp}"),
        ("secret_file", "secret_fill", "secret_fill"),
        ("max_age = 300", "max_age = \"300\"", "a whole number"),
    ] {
        std::fs::write(folder.path().join("hookglass.toml"), CONFIG.replace(right, wrong))?;
        let failed = hookglass(folder.path()).arg("providers").output()?;
        let said = String::from_utf8_lossy(&failed.stderr).into_owned();
        assert_eq!(failed.status.code(), Some(2), "{said}");
        assert!(said.contains("hookglass.toml") && said.contains(says), "{said}");
    }
    Ok(())
}

#[test]
fn causes_are_reported_and_bad_signatures_delay_no_client() -> Tested {
    const BAD: usize = 60;
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(hookglass(folder.path()).arg("--ephemeral"))?;
    let address = listener.url().replace("http://", "");
    let (body, signature) = event(0);
    let changed = format!("{body}\n");
    let head = |body: &str, signature: &str| {
        let length = body.len();
        format!(
            "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Cribbly-Signature: {signature}\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
    };
    let large = format!("{{\"id\":\"{}\"}}", "x".repeat(100_000));
    for _ in 0..BAD {
        let answer = exchange(&address, head(&large, &"ab".repeat(32)).as_bytes())?;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    for bytes in [head(&changed, &signature), head(&body, &signature)] {
        let answer = exchange(&address, bytes.as_bytes())?;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let (_, out, _) = listener.stop()?;
    let lines = printed(&out)?;
    assert_eq!(lines.len(), BAD + 2);
    let last: Vec<_> = lines.iter().rev().take(2).map(|line| &line["signature"]).collect();
    assert_eq!(last[0]["status"], "verified");
    assert_eq!(last[1]["status"], "mismatch");
    // The other failures have no explanation, so no cause is claimed.
    assert!(lines.iter().take(BAD).all(|line| line["signature"]["cause"].is_null()));
    Ok(())
}

#[test]
fn a_cause_that_was_found_is_printed() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    let address = listener.url().replace("http://", "");
    let whole = String::from_utf8(request(7))?;
    let length = event(7).0.len();
    let longer = whole
        .replace(&format!("Content-Length: {length}"), &format!("Content-Length: {}", length + 1))
        .replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let answer = exchange(&address, format!("{longer}\n").as_bytes())?;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (_, out, _) = listener.stop()?;
    let lines = printed(&out)?;
    assert_eq!(lines[0]["signature"]["cause"], "body-trailing-newline-added", "{out}");
    let listed = hookglass(folder.path()).args(["list", "cause:body-*", "--json"]).output()?;
    assert_eq!(printed(&String::from_utf8(listed.stdout)?)?.len(), 1);
    Ok(())
}
