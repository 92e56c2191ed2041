//! Handshakes of providers as raw requests to a listener, recognized among all and by name.

mod support;

use serde_json::Value;
use support::{Listener, Tested, exchange, hookglass};

/// A request that a provider sends before its events, and the response it needs.
struct Handshake {
    provider: &'static str,
    head: &'static str,
    body: &'static str,
    status: u16,
    /// Headers that the response must have.
    headers: &'static [&'static str],
    response: &'static str,
}

const fn case(
    provider: &'static str,
    head: &'static str,
    body: &'static str,
    headers: &'static [&'static str],
    response: &'static str,
) -> Handshake {
    Handshake { provider, head, body, status: 200, headers, response }
}

const JSON: &str = "content-type: application/json";
const TEXT: &str = "content-type: text/plain";

/// Chosen tokens and secrets, all obviously for tests.
const SETTINGS: [(&str, &str); 12] = [
    ("META_VERIFY_TOKEN", "meta-test-token"),
    ("STRAVA_VERIFY_TOKEN", "STRAVA"),
    ("FITBIT_VERIFY_CODE", "fitbit-test-code"),
    ("EBAY_VERIFICATION_TOKEN", "71745723-d031-455c-bfa5-f90d11b4f20a"),
    ("X_CONSUMER_SECRET", "x-test-secret"),
    ("LINKEDIN_CLIENT_SECRET", "linkedin-test-secret"),
    ("ZOOM_WEBHOOK_SECRET_TOKEN", "zoom-test-secret"),
    ("XERO_WEBHOOK_KEY", "xero-test-key"),
    ("MANDRILL_WEBHOOK_KEY", "mandrill-test-key"),
    ("WECHAT_TOKEN", "tok123"),
    ("TEBEX_WEBHOOK_SECRET", "tebex-test-secret"),
    ("TRELLO_API_SECRET", "trello-test-secret"),
];

/// Digests were computed with another program.
#[rustfmt::skip] // a row is a line
const HANDSHAKES: &[Handshake] = &[
    case("microsoft-graph", "POST /g?validationToken=Validation%3A+Testing%20a%2Bb", "", &[TEXT], "Validation: Testing a+b"),
    case("microsoft-graph", "GET /g?validationToken=%3Cb%3E%26", "", &[TEXT], "<b>&"),
    case("azure-event-grid", "POST /e\r\nAeg-Event-Type: SubscriptionValidation", r#"[{"id":"1","eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{"validationCode":"512d38b6"}}]"#, &[JSON], r#"{"validationResponse":"512d38b6"}"#),
    case("cloudevents", "OPTIONS /ce\r\nWebHook-Request-Origin: eventemitter.example.com\r\nWebHook-Request-Rate: 120", "", &["webhook-allowed-origin: eventemitter.example.com", "webhook-allowed-rate: *", "allow: POST"], ""),
    case("aws-sns", "POST /sns\r\nContent-Type: text/plain\r\nx-amz-sns-message-type: SubscriptionConfirmation", r#"{"Type":"SubscriptionConfirmation","MessageId":"m1","SubscribeURL":"https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription"}"#, &[], ""),
    case("monday", "POST /m", r#"{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}"#, &[JSON], r#"{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}"#),
    case("lark", "POST /l", r#"{"challenge":"ajls384kdjx98XX","token":"xxxxxx","type":"url_verification"}"#, &[JSON], r#"{"challenge":"ajls384kdjx98XX"}"#),
    case("slack", "POST /s\r\nX-Slack-Signature: v0=00\r\nX-Slack-Request-Timestamp: 1", r#"{"token":"t","challenge":"abc","type":"url_verification"}"#, &[JSON], r#"{"challenge":"abc"}"#),
    case("x", "GET /x?crc_token=token-from-x&nonce=1", "", &[JSON], r#"{"response_token":"sha256=9jFO6iV+LdILIv2dCaMCy9zyyXv4RYESlCCGaZPsW4s="}"#),
    case("xero", "POST /xero\r\nx-xero-signature: UZHdoBrkyyvFFjY+lTo1HUtbVlwvqLWJryJ4usNeRG4=", r#"{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": "QZRTXLHMWBNEYKDPCAVS"}"#, &["content-length: 0"], ""),
    case("mandrill", "POST /m\r\nContent-Type: application/x-www-form-urlencoded\r\nUser-Agent: Mandrill-Webhook/1.0\r\nX-Mandrill-Signature: cfZajtApwaeBUHWrxMQRWkl+mbA=", "mandrill_events=%5B%5D", &[], ""),
    case("linkedin", "GET /l?challengeCode=890e4665-4dfe-4ab1-b689-ed553bceeed0", "", &[JSON], r#"{"challengeCode":"890e4665-4dfe-4ab1-b689-ed553bceeed0","challengeResponse":"e633cf9f4fa3d7ebfd6f19b2f754dc7eacd1985299f8e72f04c9849947e15ef3"}"#),
    case("ebay", "GET /ebay?challenge_code=a8628072-3d33-45ee-9004-bee86830a22d", "", &[JSON], r#"{"challengeResponse":"efa0370e481c7bb8c2844846814c2e9c8c3d0f4d0fd6498746fb271e9b5111e9"}"#),
    case("strava", "GET /s?hub.verify_token=STRAVA&hub.challenge=15f7d1a91c1f40f8a748fd134752feb3&hub.mode=subscribe", "", &[JSON], r#"{"hub.challenge":"15f7d1a91c1f40f8a748fd134752feb3"}"#),
    case("meta", "GET /m?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=meta-test-token", "", &[TEXT], "1158201444"),
    case("youtube", "GET /y?hub.topic=https%3A%2F%2Fwww.youtube.com%2Ffeed&hub.challenge=10987352&hub.mode=subscribe&hub.lease_seconds=432000", "", &[TEXT], "10987352"),
    case("ringcentral", "POST /r\r\nValidation-Token: 41b15f4f", "", &["validation-token: 41b15f4f"], ""),
    case("smartsheet", "POST /s\r\nSmartsheet-Hook-Challenge: 0ab1", r#"{"challenge":"0ab1","webhookId":1}"#, &[JSON, "smartsheet-hook-response: 0ab1"], r#"{"smartsheetHookResponse":"0ab1"}"#),
    Handshake { provider: "fitbit", head: "GET /f?verify=fitbit-test-code", body: "", status: 204, headers: &[], response: "" },
    Handshake { provider: "fitbit", head: "GET /f?verify=another", body: "", status: 404, headers: &[], response: "" },
    case("okta", "GET /o\r\nX-Okta-Verification-Challenge: abc", "", &[JSON], r#"{"verification":"abc"}"#),
    case("zoom", "POST /z", r#"{"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event_ts":1654503849680,"event":"endpoint.url_validation"}"#, &[JSON], r#"{"plainToken":"qgg8vlvZRS6UYooatFL8Aw","encryptedToken":"ae7c940e5051b2a17c1c49f4818fff9a88e210f5d820ff3c862635e27c93a4d9"}"#),
    case("twitch", "POST /t\r\nTwitch-Eventsub-Message-Type: webhook_callback_verification", r#"{"challenge":"pogchamp"}"#, &[TEXT], "pogchamp"),
    case("asana", "POST /a\r\nX-Hook-Secret: b537207f", "", &["x-hook-secret: b537207f"], ""),
    case("front", "POST /f\r\nX-Front-Challenge: abc", r#"{"type":"sync"}"#, &[JSON], r#"{"challenge":"abc"}"#),
    case("onfleet", "GET /o?check=abc", "", &[TEXT], "abc"),
    case("dropbox", "GET /d?challenge=abc", "", &[TEXT, "x-content-type-options: nosniff"], "abc"),
    case("wechat", "GET /w?signature=08a4321cf20f4fe0adc80b065146057f3be19e17&timestamp=1764331200&nonce=nonce1&echostr=5927374", "", &[TEXT], "5927374"),
    case("tebex", "POST /t\r\nX-Signature: 8454ca6148e0c5069aea6f8a41ae01615a53f13b20aba3cfdff7715579ae509d", r#"{"id":"1","type":"validation.webhook"}"#, &[JSON], r#"{"id":"1"}"#),
    // Only the method and the absence of a body say that these are checks of a URL.
    case("trello", "HEAD /trello", "", &[], ""),
    case("mailchimp", "GET /mailchimp?secret=abc", "", &[], ""),
    case("nylas", "GET /n?challenge=bc609b38-c81f-47fb-a275-1d9bd61a968b", "", &[TEXT], "bc609b38-c81f-47fb-a275-1d9bd61a968b"),
];

impl Handshake {
    fn request(&self) -> String {
        let (line, headers) = self.head.split_once("\r\n").unwrap_or((self.head, ""));
        let headers = if headers.is_empty() { String::new() } else { format!("{headers}\r\n") };
        let Self { body, .. } = self;
        format!(
            "{line} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// Describes how a response differs from the expected one; none if it does not.
    fn difference(&self, response: &str) -> Option<String> {
        let (head, body) = response.split_once("\r\n\r\n").unwrap_or((response, ""));
        let lines: Vec<String> = head.lines().map(str::to_ascii_lowercase).collect();
        let status = format!("http/1.1 {}", self.status);
        let has =
            |wanted: &&str| lines.iter().any(|line| line.starts_with(&wanted.to_ascii_lowercase()));
        let is_right = lines.first().is_some_and(|line| line.starts_with(&status))
            && self.headers.iter().all(has)
            && body == self.response;
        (!is_right).then(|| format!("{}: {}\n{response}", self.provider, self.head))
    }
}

/// Sends requests to a strict listener with every token and secret of the tests.
fn receive(arguments: &[&str], requests: &[String]) -> Tested<(Vec<String>, Vec<Value>)> {
    let folder = tempfile::tempdir()?;
    let mut command = hookglass(folder.path());
    command.args(["--ephemeral", "--strict", "--public-url", "https://hooks.example.com"]);
    let listener = Listener::start(command.args(arguments).envs(SETTINGS))?;
    let address = listener.url().replace("http://", "");
    let responses: Result<Vec<String>, _> =
        requests.iter().map(|request| exchange(&address, request.as_bytes())).collect();
    let (_, out, _) = listener.stop()?;
    let lines: Result<Vec<Value>, _> = out.lines().map(serde_json::from_str).collect();
    Ok((responses?, lines?))
}

/// Returns the single response to a single request.
fn response_of(arguments: &[&str], request: &str) -> Tested<String> {
    let (responses, _) = receive(arguments, &[request.to_owned()])?;
    responses.into_iter().next().ok_or_else(|| "no response".into())
}

#[test]
fn handshakes_are_answered_among_all_providers() -> Tested {
    let requests: Vec<String> = HANDSHAKES.iter().map(Handshake::request).collect();
    let (responses, _) = receive(&["--provider", "auto"], &requests)?;
    let differences: Vec<String> = HANDSHAKES
        .iter()
        .zip(&responses)
        .filter_map(|(one, found)| one.difference(found))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    Ok(())
}

#[test]
fn handshakes_are_answered_by_a_named_provider() -> Tested {
    for group in HANDSHAKES.chunk_by(|one, next| one.provider == next.provider) {
        let requests: Vec<String> = group.iter().map(Handshake::request).collect();
        let provider = group.first().map_or("", |one| one.provider);
        let (responses, _) = receive(&["--provider", provider], &requests)?;
        let found = group.iter().zip(&responses);
        let differences: Vec<String> =
            found.filter_map(|(one, found)| one.difference(found)).collect();
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }
    Ok(())
}

#[test]
fn a_handshake_is_listed_under_its_provider() -> Tested {
    // Nothing distinguishes the challenges of Nylas from those of Dropbox, or checks without
    // fields.
    let is_own = |one: &&Handshake| !["nylas", "trello", "mailchimp"].contains(&one.provider);
    let own: Vec<&Handshake> = HANDSHAKES.iter().filter(is_own).collect();
    let requests: Vec<String> = own.iter().map(|one| one.request()).collect();
    let (_, lines) = receive(&["--provider", "auto"], &requests)?;
    let expected: Vec<&str> = own.iter().map(|one| one.provider).collect();
    let found: Vec<&str> =
        lines.iter().map(|line| line["provider"].as_str().unwrap_or_default()).collect();
    assert_eq!(found, expected);
    Ok(())
}

#[test]
fn a_wrong_token_is_refused_among_all_providers() -> Tested {
    let head = "GET /m?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=guess";
    let response = response_of(&[], &case("meta", head, "", &[], "").request())?;
    assert!(response.starts_with("HTTP/1.1 403"), "{response}");
    Ok(())
}

#[test]
fn a_forged_handshake_of_xero_gets_an_empty_401() -> Tested {
    let body = r#"{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": "QZRTXLHMWBNEYKDPCAVS"}"#;
    let head = "POST /xero\r\nx-xero-signature: /ZHdoBrkyyvFFjY+lTo1HUtbVlwvqLWJryJ4usNeRG4=";
    let response = response_of(&[], &case("xero", head, body, &[], "").request())?;
    assert!(response.starts_with("HTTP/1.1 401"), "{response}");
    assert!(response.ends_with("\r\n\r\n") && !response.to_lowercase().contains("set-cookie"));
    Ok(())
}

#[test]
fn a_forged_handshake_of_wechat_is_refused() -> Tested {
    let head = "GET /w?signature=18a4321cf20f4fe0adc80b065146057f3be19e17&timestamp=1764331200&nonce=nonce1&echostr=5927374";
    let response = response_of(&[], &case("wechat", head, "", &[], "").request())?;
    assert!(response.starts_with("HTTP/1.1 401"), "{response}");
    Ok(())
}

#[test]
fn a_message_of_salesforce_is_acknowledged() -> Tested {
    let body = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><notifications \
                xmlns=\"http://soap.sforce.com/2005/09/outbound\"><OrganizationId>00D1</OrganizationId>\
                <Notification><Id>04l1</Id><sObject xsi:type=\"sf:Contact\"/></Notification>\
                </notifications></s:Body></s:Envelope>";
    let request = format!(
        "POST /sf HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: text/xml\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(hookglass(folder.path()).arg("--ephemeral"))?;
    let response = exchange(&listener.url().replace("http://", ""), request.as_bytes())?;
    let (_, out, _) = listener.stop()?;
    assert!(response.contains("content-type: text/xml") && response.contains("<Ack>true</Ack>"));
    let line: Value = serde_json::from_str(out.trim())?;
    assert_eq!(line["event"]["id"], "04l1");
    Ok(())
}

/// Returns a confirmation of SNS whose address is on a host.
fn confirmation(host: &str) -> String {
    let body = format!(
        r#"{{"Type":"SubscriptionConfirmation","MessageId":"m1","SubscribeURL":"https://{host}/?Action=ConfirmSubscription"}}"#
    );
    format!(
        "POST /sns HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: text/plain\r\n\
         x-amz-sns-message-type: SubscriptionConfirmation\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn an_address_of_another_host_is_not_to_be_opened() -> Tested {
    for host in
        ["evil.example", "sns.us-west-2.amazonaws.com.evil.example", "u@sns.eu.amazonaws.com"]
    {
        let (_, lines) = receive(&[], &[confirmation(host)])?;
        let line = lines.first().ok_or("no delivery")?;
        let explanation = line["signature"]["explanation"].as_str().unwrap_or_default();
        assert!(explanation.contains(&format!("do not open https://{host}/")), "{explanation}");
    }
    Ok(())
}

/// Stores a confirmation, and returns its copied address.
fn confirm_url(host: &str) -> Tested<std::process::Output> {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    exchange(&listener.url().replace("http://", ""), confirmation(host).as_bytes())?;
    listener.stop()?;
    Ok(hookglass(folder.path()).args(["show", "1", "--as", "confirm-url"]).output()?)
}

#[test]
fn the_address_that_confirms_a_subscription_is_copied() -> Tested {
    let copied = confirm_url("sns.us-west-2.amazonaws.com")?;
    let url = "https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription";
    assert_eq!(String::from_utf8_lossy(&copied.stdout).trim_end(), url);
    Ok(())
}

#[test]
fn an_address_of_another_host_is_not_copied() -> Tested {
    let copied = confirm_url("evil.example")?;
    let error = String::from_utf8_lossy(&copied.stderr);
    assert!(!copied.status.success() && error.contains("do not open it"), "{error}");
    Ok(())
}

#[test]
fn discord_sees_its_good_and_its_forged_ping() -> Tested {
    let folder = tempfile::tempdir()?;
    // Test 1 of RFC 8032 section 7.1 is not a ping, so a throw-away key signs it.
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let public = hex::encode(key.verifying_key().as_bytes());
    let body = r#"{"type":1,"id":"1"}"#;
    let time = "1700000000";
    let good = ed25519_dalek::Signer::sign(&key, format!("{time}{body}").as_bytes());
    let listener = Listener::start(
        hookglass(folder.path()).arg("--ephemeral").env("DISCORD_PUBLIC_KEY", public),
    )?;
    let address = listener.url().replace("http://", "");
    let ping = |signature: &str| {
        let head = format!(
            "POST /d HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Signature-Ed25519: {signature}\r\n\
             X-Signature-Timestamp: {time}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        exchange(&address, head.as_bytes())
    };
    let (answered, refused) = (ping(&hex::encode(good.to_bytes()))?, ping(&"00".repeat(64))?);
    listener.stop()?;
    assert!(answered.starts_with("HTTP/1.1 200") && answered.ends_with(r#"{"type":1}"#));
    assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
    Ok(())
}
