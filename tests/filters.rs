//! Filters through the public interface: the deliveries that match, error messages, and properties
//! of any text.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hookglass::app::list::List;
use hookglass::delivery::{
    Delivery, DeliveryId, EventRef, Head, Header, NewDelivery, Refusal, SignatureStatus, Source,
    Summary, Verdict,
};
use hookglass::diagnostic::Diagnostic;
use hookglass::filter::{FIELDS, Filter, Undecided, complete};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

/// 2026-11-23T17:30:00Z
const NOW: i64 = 1_795_455_000;

const MESSAGE: &str = r#"{"id":"a056V7R7NmNRjl70","type":"message.updated","payload":{
    "contact":{"username":"Kevin","tags":["vip","Zürich"]},"read_at":1795454000,
    "reactions":[],"total":12345678901234567891,"price":"9.50","a b":{"0":"zero"},"text":"Hi (all), \"you\""}}"#;

const CONTACT: &str = r#"{"id":"b1","type":"contact.created","payload":{
    "contact":{"username":"kevlar","tags":[]},"read_at":null,"reactions":[{"by":"x"}],"ok":true}}"#;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap_or_default()
}

fn delivery(letter: char, target: &str, headers: &[(&str, &[u8])], body: &[u8]) -> Delivery {
    let headers: Vec<Header> = headers
        .iter()
        .map(|(name, value)| Header::new(*name, Bytes::copy_from_slice(value)))
        .collect();
    let head = Head::build("POST", target, &headers);
    let at = now() - SignedDuration::from_mins(5);
    let mut new = NewDelivery::new(head, Bytes::copy_from_slice(body), at);
    new.request.peer = Some("127.0.0.1:51234".to_owned());
    "cribbly".clone_into(&mut new.provider);
    new.signature = Verdict::explained(SignatureStatus::Verified, "fine");
    new.response = Some(200);
    new.into_delivery(DeliveryId(i64::from(u32::from(letter))), None)
}

fn event(id: &str, kind: &str) -> EventRef {
    EventRef { id: Some(id.to_owned()), event_type: Some(kind.to_owned()) }
}

/// Returns four deliveries: a message, a contact with a bad signature, a refused one, and bytes.
fn deliveries() -> [Delivery; 4] {
    let curl: (&str, &[u8]) = ("User-Agent", b"curl/8.9");
    let mut a = delivery('a', "/hooks/cribbly?try=1", &[curl], MESSAGE.as_bytes());
    a.summary.latency = Some(Duration::from_millis(200));
    a.summary.event = event("a056V7R7NmNRjl70", "message.updated");

    let headers: [(&str, &[u8]); 2] = [("X-Try", b"1"), ("x-try", b"12")];
    let mut b = delivery('b', "/hooks/other", &headers, CONTACT.as_bytes());
    b.summary.event = event("b1", "contact.created");
    b.summary.signature.status = SignatureStatus::Mismatch;
    b.summary.signature.cause = Some("sig-case".to_owned());
    b.summary.response = Some(401);
    b.summary.latency = Some(Duration::from_micros(1_000_001));
    b.summary.request.source = Source::Resend;
    b.summary.duplicate_of = Some(DeliveryId(1));
    b.summary.flags.differs = true;
    b.summary.request.peer = Some("[::1]:80".to_owned());
    b.summary.request.received_at = now() - SignedDuration::from_hours(3);

    let mut c = delivery('c', "/", &[], b"");
    "PUT".clone_into(&mut c.summary.request.method);
    c.summary.request.body_size = 30_000_000;
    c.summary.signature.status = SignatureStatus::Unchecked;
    c.summary.response = Some(413);
    c.summary.latency = Some(Duration::from_secs(7));
    c.summary.request.refused =
        Some(Refusal { code: "body-too-large".to_owned(), reason: "too large".to_owned() });
    c.summary.request.peer = None;
    c.summary.flags.schema_changes = vec![".x is new (null)".to_owned()];

    let mut d = delivery('d', "/raw", &[("Name", b"caf\xe9")], b"\xff\x00KEVIN\xfe or (else)");
    "generic".clone_into(&mut d.summary.provider);
    d.summary.signature.status = SignatureStatus::Missing;
    d.summary.response = None;
    d.summary.request.source = Source::Import;
    d.summary.flags.resent = true;
    d.summary.request.received_at = now() - SignedDuration::from_hours(48);
    [a, b, c, d]
}

/// Returns the letters of the deliveries that match, and of those that the summary cannot decide.
fn passing(filter: &Filter) -> (String, String) {
    let mut passing = String::new();
    let mut open = String::new();
    for (letter, delivery) in "abcd".chars().zip(deliveries()) {
        if filter.matches(&delivery, now()) {
            passing.push(letter);
        }
        if filter.test(&delivery.summary, now()).is_none() {
            open.push(letter);
        }
    }
    (passing, open)
}

fn check(table: &[(&str, &str)]) -> Result<(), Diagnostic> {
    for (input, expected) in table {
        let filter: Filter = input.parse()?;
        assert_eq!(passing(&filter).0, *expected, "{input}");
    }
    Ok(())
}

/// Checks filters on one delivery, by itself and by the matcher of a search.
fn check_one(delivery: &Delivery, table: &[(&str, bool)]) -> Result<(), Diagnostic> {
    for (input, expected) in table {
        let filter: Filter = input.parse()?;
        assert_eq!(filter.matches(delivery, now()), *expected, "{input}");
        let searched = filter.body_matcher().passes(&[None], &delivery.head.raw, &delivery.body);
        assert_eq!(searched, *expected, "{input} in a search");
    }
    Ok(())
}

#[test]
fn paths_see_through_encoded_strings() {
    // {"user":{"name":"Kevin"},"n":1.50} in base64, URL-safe base64 without padding, and a token.
    let body = r#"{"message":{"data":"eyJ1c2VyIjp7Im5hbWUiOiJLZXZpbiJ9LCJuIjoxLjUwfQ=="},
        "bare":"eyJ1c2VyIjp7Im5hbWUiOiJLZXZpbiJ9LCJuIjoxLjUwfQ",
        "token":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJrMSJ9.c2ln","form":"a=1&b=x%20y"}"#;
    let table = [
        (".message.data.user.name:Kevin", true),
        (".message.data.user.name:K*", true),
        (".message.data.user.name:Ada", false),
        (".message.data.user.name:!Ada", true),
        (".message.data.n:1.5", true),
        (".message.data.n:>1", true),
        (".message.data.user:exists", true),
        (".message.data.nothing:exists", false),
        (".bare.user.name:Kevin", true),
        (".token.claims.sub:k1", true),
        (".token.header.alg:HS256", true),
        (".form.b:\"x y\"", true),
    ];
    check_one(&delivery('e', "/", &[], body.as_bytes()), &table).unwrap();
}

#[test]
fn paths_see_through_json_and_gzip_in_strings() {
    // gzip of {"a":{"b":"deep"}}
    let gzip = "H4sIAAAAAAACA6tWSlSyqlZKUrJSSklNLVCqrQUAWeQaHxIAAAA=";
    let body = format!(r#"{{"json":"{{\"a\":[\"x\"]}}","packed":"{gzip}"}}"#);
    let table = [(".json.a[0]:x", true), (".json.a[1]:x", false), (".packed.a.b:deep", true)];
    check_one(&delivery('e', "/", &[], body.as_bytes()), &table).unwrap();
}

#[test]
fn jq_decodes_base64_with_numbers_kept() {
    // {"emailAddress":"noa@example.com","historyId":9007199254740993}, as Pub/Sub sends it.
    let data =
        "eyJlbWFpbEFkZHJlc3MiOiJub2FAZXhhbXBsZS5jb20iLCJoaXN0b3J5SWQiOjkwMDcxOTkyNTQ3NDA5OTN9";
    let body = format!(r#"{{"message":{{"data":"{data}","bare":"8J-Qgg"}}}}"#);
    let table = [
        ("jq:'.message.data|@base64d|fromjson|.historyId==9007199254740993'", true),
        ("jq:'.message.data|@base64d|fromjson|.historyId==9007199254740992'", false),
        ("jq:'.message.bare|@base64d==\"🐂\"'", true),
        ("jq:'.message.data|@base64d|@base64==\"x\"'", false),
        ("jq:'.message|@base64d'", false),
    ];
    check_one(&delivery('e', "/", &[], body.as_bytes()), &table).unwrap();
}

#[test]
fn jq_tests_many_values_with_one_regular_expression() -> Result<(), Diagnostic> {
    let items: Vec<String> = (0..5000).map(|item| format!("\"{item:0100}\"")).collect();
    let body = format!("[{}]", items.join(","));
    let table = [("jq:'[.[]|select(test(\"9$\"))]|length==500'", true)];
    check_one(&delivery('e', "/", &[], body.as_bytes()), &table)
}

#[test]
fn filters_read_compressed_bodies() {
    for encoding in ["gzip", "deflate", "br", "zstd", "br, gzip"] {
        let packed = hookglass::payload::encoded(MESSAGE.as_bytes(), encoding).unwrap_or_default();
        let headers: [(&str, &[u8]); 1] = [("content-ENCODING", encoding.as_bytes())];
        let packed = delivery('e', "/", &headers, &packed);
        let table = [
            (".payload.contact.username:Kevin", true),
            (".payload.contact.username:Ada", false),
            ("body:reactions", true),
            ("reactions", true),
            ("jq:'.payload.total > 5'", true),
            ("header.content-encoding:*", true),
        ];
        check_one(&packed, &table).unwrap();
    }
}

#[test]
fn filters_read_json_after_a_byte_order_mark() -> Result<(), Diagnostic> {
    let body = [b"\xef\xbb\xbf", br#"{"a":{"b":1}}"#.as_slice()].concat();
    let marked = delivery('m', "/", &[], &body);
    check_one(&marked, &[(".a.b:1", true), (".a.b:2", false), ("jq:'.a.b==1'", true)])
}

#[test]
fn terms_join_by_and_or_not_and_parentheses() {
    check(&[
        ("", "abcd"),
        ("sig:verified method:post", "a"),
        ("sig:verified or sig:missing", "ad"),
        ("sig:verified and provider:cribbly or sig:missing", "ad"),
        ("provider:cribbly (sig:verified or sig:missing)", "a"),
        ("not sig:verified", "bcd"),
        ("-sig:verified -dup:yes", "cd"),
        ("--sig:verified", "a"),
        ("NOT (sig:verified OR dup:yes)", "cd"),
        ("-(sig:verified)or(dup:yes)", "bcd"),
        ("sig:verified or sig:missing method:put", "a"),
    ])
    .unwrap();
}

#[test]
fn fields_of_the_summary() {
    check(
        &[
            ("type:message.*", "a"),
            ("type:MESSAGE.*", ""),
            ("type:!message.*", "bcd"),
            ("type:contact.created,message.updated", "ab"),
            ("type:/\\.(created|deleted)$/", "b"),
            ("sig:!verified", "bcd"),
            ("sig:mis*", "bd"),
            ("sig:Verified,unchecked", "ac"),
            ("sig:failed", "bd"),
            ("sig:bad", "bd"),
            ("sig:!failed", "ac"),
            ("cause:sig-*", "b"),
            ("-cause:*", "acd"),
            ("provider:generic", "d"),
            ("method:post,Put", "abcd"),
            ("method:PUT", "c"),
            ("path:/hooks/*", "ab"),
            ("path:/hooks/cribbly", "a"),
            ("path:*\\?try=1", "a"),
            ("path:/", "c"),
            ("path:/^\\/h.*y\\?/", "a"),
            ("path:/hooks/", ""),
            ("status:200", "a"),
            ("status:>=400", "bc"),
            ("status:4*", "bc"),
            ("status:400..410,200", "ab"),
            ("status:!200", "bcd"),
            ("id:a056V7R7NmNRjl70", "a"),
            ("id:a056v7r7nmnrjl70", "a"),
            ("id:A056v7r7nmnrjl70", ""),
            ("size:>10k", "c"),
            ("size:30MB", "c"),
            ("size:0..1KiB", "abd"),
            ("latency:>200ms", "bc"),
            ("latency:<=200ms", "a"),
            ("latency:200ms", "a"),
            ("latency:1s..5s", "b"),
            ("latency:!>1s", "ad"),
            ("dup:yes", "b"),
            ("dup:no", "acd"),
            ("dup:differs", "b"),
            ("dup:!differs", "acd"),
            ("shape:changed", "c"),
            ("shape:!changed", "abd"),
            ("resent:yes", "d"),
            ("source:live", "ac"),
            ("source:resend,import", "bd"),
            ("peer:127.0.0.1", "ad"),
            ("peer:*:80", "b"),
            ("peer:::1", "b"),
            ("-peer:*", "c"),
        ]
        .map(|(input, expected)| match input {
            // The delivery of bytes came from the same address.
            "peer:127.0.0.1" => (input, "ad"),
            "-peer:*" => (input, "c"),
            _ => (input, expected),
        }),
    )
    .unwrap();
}

#[test]
fn times_count_back_from_now_or_name_an_instant() {
    check(&[
        ("since:5m", "ac"),
        ("since:4m", ""),
        ("since:1d", "abc"),
        ("since:1w", "abcd"),
        ("until:1h", "bd"),
        ("until:3h since:1d", "b"),
        ("since:4h..1h", "b"),
        ("since:2026-11-23T17:25:00Z", "ac"),
        ("until:2026-11-21T17:30Z", "d"),
        ("since:!1h", "bd"),
    ])
    .unwrap();
}

#[test]
fn headers_body_and_words_need_the_bytes() {
    let table = [
        ("header.user-agent:curl*", "a"),
        ("header.USER-AGENT:*CURL*", ""),
        ("header.x-try:>10", "b"),
        ("header.x-try:1", "b"),
        ("header.x-try:!1", "acd"),
        ("header.name:café", "d"),
        ("body:kevin", "ad"),
        ("body:Kevin", "a"),
        ("body:kev?n", "ad"),
        ("body:zÜrich", ""),
        ("body:zürich", "a"),
        ("body:\"or (else)\"", "d"),
        ("body:!kev", "c"),
        ("body:/K[EV]+IN/", "d"),
        ("kevlar", "b"),
        ("cribbly", "a"),
        ("contact.created", "b"),
        ("b1", "b"),
        ("\"(else)\"", "d"),
        ("/hi \\(all/", "a"),
        ("reactions -kevlar", "a"),
    ];
    check(&table).unwrap();
}

#[test]
fn json_paths_read_the_text_as_it_was_sent() {
    check(&[
        (".payload.contact.username:Kev*", "a"),
        (".payload.contact.username:kev*", "ab"),
        (".payload.contact.tags[1]:Zürich", "a"),
        (".payload.contact.tags.0:vip", "a"),
        (".payload.\"a b\".0:zero", "a"),
        (".payload.read_at:>0", "a"),
        (".payload.read_at:null", "b"),
        (".payload.read_at:empty", "b"),
        (".payload.reactions:empty", "a"),
        (".payload.reactions:!empty", "bcd"),
        (".payload.reactions:exists", "ab"),
        (".payload.reactions:*", ""),
        (".payload.reactions[0].by:x", "b"),
        (".payload.total:12345678901234567891", "a"),
        (".payload.total:>12345678901234567890", "a"),
        (".payload.total:>12345678901234567891", ""),
        (".payload.price:9..10", "a"),
        (".payload.price:9.50", "a"),
        (".payload.price:9.5", ""),
        (".payload.ok:true", "b"),
        (".payload.text:\"Hi (all), \\\"you\\\"\"", "a"),
        (".payload:exists", "ab"),
        (".payload.nothing:exists", ""),
    ])
    .unwrap();
}

#[test]
fn a_jq_program_is_asked_about_the_body() {
    check(&[
        ("jq:'.payload.reactions|length>0'", "b"),
        ("jq:\".payload.contact.username == \\\"Kevin\\\"\"", "a"),
        ("jq:'.payload.contact.tags|any(test(\"^z\"; \"i\"))'", "a"),
        ("jq:'.payload.contact.tags[1]|startswith(\"Z\")'", "a"),
        ("jq:'.payload|has(\"ok\")'", "b"),
        ("JQ:!'.payload|has(\"ok\")'", "acd"),
        ("-jq:'.payload.ok'", "acd"),
        ("jq:'.payload.total == 12345678901234567891'", "a"),
        ("jq:'.payload.total == 12345678901234567892'", ""),
        ("jq:'.payload.total > 12345678901234567890'", "a"),
        ("jq:'.payload.price|tonumber > 9'", "a"),
        ("jq:'.. | strings | select(endswith(\"vlar\"))'", "b"),
        ("jq:'[.payload[]?] | length > 5'", "a"),
        ("jq:'.payload | to_entries | map(.key) | contains([\"ok\"])'", "b"),
        ("jq:'.payload.reactions as [$first] | $first.by == \"x\"'", "b"),
        ("jq:'reduce .payload.contact.tags[] as $tag (0; . + 1) == 2'", "a"),
        ("jq:'.payload.contact | .username + \"!\" == \"Kevin!\"'", "a"),
        ("jq:'\"\\(.payload.read_at)\" == \"null\"'", "b"),
        ("jq:'.payload.a'", ""),
        ("jq:'true' type:message.*", "a"),
        ("jq:'.id' or sig:missing", "abd"),
        ("jq:'try error(\"x\") catch .'", "ab"),
    ])
    .unwrap();
}

#[test]
fn the_first_output_of_a_jq_program_counts() {
    check(&[
        ("jq:'true, false'", "ab"),
        ("jq:'false, true'", ""),
        ("jq:'null'", ""),
        ("jq:'empty'", ""),
        ("jq:'0'", "ab"),
        ("jq:'error(\"x\"), true'", ""),
        ("jq:'true, error(\"x\")'", "ab"),
        ("jq:'range(1; infinite)'", "ab"),
    ])
    .unwrap();
}

#[test]
fn a_hostile_jq_program_ends_and_matches_nothing() {
    let nested = format!("jq:'{}'", "[".repeat(200) + &"]".repeat(200));
    assert!(nested.parse::<Filter>().is_err());
    for program in [
        "[range(1e18)]",
        "last(range(infinite))",
        "[repeat(1)]",
        "[recurse(.; true)]",
        "0|until(false; .)",
        "0|until(false; . + 1)",
        "[limit(1e18; repeat(.))]",
        "reduce repeat(1) as $x (0; . + $x)",
        "reduce range(1e9) as $x (.; [.])",
        "reduce range(1e9) as $x (\"a\"; . + .)",
        "reduce range(1e9) as $x (3; . * .)",
        "[.[] | try error catch range(1e18)]",
        "[range(1e18)] // true",
        "try [range(1e18)] catch true",
        "(first([range(1e18)]), true)?",
        "label $out | [range(1e18)] | break $out",
        "\"aaaaaaaaaa\" * 1000000000000",
        "1000000000000 * \"aaaaaaaaaa\"",
        "[range(200)] | [.[] as $a | .[] as $b | .[] as $c | .[] as $d | 1] | length",
        "[range(10000)] | contains([range(9999; 0; -1)])",
        "\"\\([range(1e18)])\"",
        "{a: [range(1e18)]}",
    ] {
        check(&[(&format!("jq:'{program}'"), "")]).unwrap();
    }
    for (opening, closing) in [("[.,.]|", "tojson"), ("(.,.)|", "."), ("[.,.]|", ". == [.]")] {
        let doubling = opening.repeat(50) + closing;
        let filter = format!("jq:'[{doubling}]'");
        check(&[(&filter, "")]).unwrap();
    }
    for (sign, times) in [
        ("-", 900),
        ("- ", 450),
        (".|", 450),
        ("1,", 450),
        ("1+", 450),
        (".a", 450),
        ("try ", 240),
        ("1 as $x|", 110),
        ("if 1 then 1 elif ", 55),
        ("def f: ", 130),
        ("{a:", 300),
        ("\"\\(", 300),
    ] {
        // The library decides whether it parses; it only has to return.
        if let Ok(filter) = format!("jq:'{}1'", sign.repeat(times)).parse() {
            let _ = passing(&filter);
        }
    }
}

#[test]
fn a_hostile_body_matches_no_jq_program() {
    let filter: Filter = "jq:'.. | true'".parse().unwrap();
    let takes = |body: &str| filter.matches(&delivery('a', "/", &[], body.as_bytes()), now());
    for hostile in [
        "[".repeat(100_000),
        "[".repeat(100_000) + &"]".repeat(100_000),
        "{\"a\":".repeat(100_000) + "1" + &"}".repeat(100_000),
        "9".repeat(1_000_000),
        format!("[{}]", "1 ".repeat(10)),
        "# jq only\n1".to_owned(),
        "NaN".to_owned(),
        "{1:2}".to_owned(),
        "1 2".to_owned(),
        String::new(),
    ] {
        assert!(!takes(&hostile), "{}", hostile.get(..20.min(hostile.len())).unwrap_or_default());
    }
    assert!(takes(&("[".repeat(100) + &"]".repeat(100))));
    assert!(takes(&"9".repeat(2000)) && takes("\"[[[[\\\"\"") && takes("0"));
    let hidden: Filter = "jq:'[.. | strings | fromjson?]'".parse().unwrap();
    let deep = format!("[\"{}\"]", "[".repeat(100_000));
    assert!(hidden.matches(&delivery('a', "/", &[], deep.as_bytes()), now()));
}

#[test]
fn the_summary_decides_where_it_can() {
    for (input, open) in [
        ("jq:'.a'", "abcd"),
        ("type:message.* jq:'.a'", "a"),
        ("type:message.*", ""),
        ("body:x", "abcd"),
        ("contact", "acd"),
        ("type:message.* body:x", "a"),
        ("type:message.* or body:x", "bcd"),
        ("-(type:message.* body:x)", "a"),
        ("sig:verified (kevin or header.x:1)", "a"),
        ("body:x -sig:*", ""),
    ] {
        assert_eq!(passing(&input.parse().unwrap()).1, open, "{input}");
    }
}

#[test]
fn a_value_that_is_not_typed_yet_hides_nothing() {
    for input in ["type:", "sig:!", ".payload.contact:", "-body:", "header.x-y:", "(since:)"] {
        let filter = Filter::draft(input).unwrap();
        assert!(
            filter.is_all() && passing(&filter) == ("abcd".to_owned(), String::new()),
            "{input}"
        );
    }
    for input in ["sig:verified type:", "sig:verified or type:"] {
        assert_eq!(passing(&Filter::draft(input).unwrap()).0, "a", "{input}");
    }
}

#[test]
fn errors_have_a_position_and_a_suggestion() {
    for (input, column, marked, suggestion) in [
        ("x typ:y", 3, "typ:", Some("type:")),
        ("é tpye:y", 3, "tpye:", Some("type:")),
        ("signature:y", 1, "signature:", Some("sig:")),
        ("headers.x:y", 1, "headers.x:", Some("header.")),
        ("header.:y", 1, "header.:", None),
        ("labelled:yes", 1, "labelled:", None),
        ("a jq:.a|length>2", 6, ".a|length>2", Some("'.a|length>2'")),
        ("jq:'.a|lenght>2'", 8, "lenght", None),
        ("é jq:'.a | env.HOME'", 12, "env", None),
        ("jq:'$ENV.HOME'", 5, "$ENV", None),
        ("jq:'input'", 5, "input", None),
        ("jq:'def f: f; f'", 9, "f", None),
        ("jq:'.a = 1'", 5, ".a = 1", None),
        ("jq:'$x'", 5, "$x", None),
        ("jq:'.a |'", 9, "", None),
        ("jq:'.a | )'", 10, ")", None),
        ("jq:'.a & 1'", 8, "&", None),
        ("jq:'.a[0'", 9, "", None),
        ("jq:'if .a then 1'", 17, "", None),
        ("jq:\".a | \\\"x\\\" | nope\"", 4, "\".a | \\\"x\\\" | nope\"", None),
        ("jq:'.a", 4, "'", None),
        ("jq:'.a'b", 8, "b", None),
        ("http://x", 1, "http:", None),
        ("sig:verified,mismach", 14, "mismach", Some("mismatch")),
        ("cause:sig-cas", 7, "sig-cas", Some("sig-case")),
        ("cause:nothing-known", 7, "nothing-known", None),
        ("method:pst", 8, "pst", Some("POST")),
        ("method:foo", 8, "foo", None),
        ("type=push", 1, "type=push", Some("type:push")),
        ("a $.b:1", 3, "$.b:1", Some(".b:1")),
        ("/b:1", 1, "/b:1", Some(".b:1")),
        (".b=1", 1, ".b=1", Some(".b:1")),
        ("#7..3", 2, "7..3", Some("3..7")),
        ("number:x", 8, "x", None),
        ("sig: verified", 1, "sig: verified", Some("sig:verified")),
        ("a size:", 3, "size:", None),
        ("type:! or b", 1, "type:!", None),
        ("sig: -dup:yes", 1, "sig:", None),
        ("type:a,", 8, "", None),
        ("type:,a", 6, ",", None),
        (".a.b:", 1, ".a.b:", None),
        ("jq:", 4, "", None),
        ("header.x: y", 1, "header.x: y", Some("header.x:y")),
        ("source:lve", 8, "lve", Some("live")),
        ("dup:maybe", 5, "maybe", None),
        ("status:5xx", 8, "5xx", Some("5??")),
        ("size:>big", 6, ">big", None),
        ("size:9..1", 6, "9..1", Some("1..9")),
        ("latency:5s..1s", 9, "5s..1s", Some("1s..5s")),
        ("latency:fast", 9, "fast", None),
        ("since:>5m", 7, ">5m", None),
        ("type:a,!b", 8, "!", None),
        ("a !b c", 3, "!b", Some("-b")),
        ("a or", 3, "or", None),
        ("a and", 3, "and", None),
        ("or a", 1, "or", None),
        ("a or and b", 3, "or", None),
        ("a or or b", 3, "or", None),
        ("not", 1, "not", None),
        ("a - b", 3, "-", None),
        ("a (", 3, "(", None),
        ("a (b", 3, "(", None),
        ("a b)", 4, ")", None),
        ("()", 2, ")", None),
        ("\"a", 1, "\"", None),
        ("\"a\"b", 4, "b", None),
        (".payload", 1, ".payload", None),
        (".a[x]:y", 4, "x", None),
        (".a[*].b:y", 4, "*", None),
        (".a.*:y", 4, "*", None),
        ("type:/a(/", 6, "/a(/", None),
    ] {
        let error = input.parse::<Filter>().expect_err(input);
        assert_eq!(error.column(), column, "{input}: {error}");
        assert_eq!(input.get(error.span.clone()), Some(marked), "{input}: {error}");
        assert_eq!(error.suggestion.as_deref(), suggestion, "{input}: {error}");
        assert!(error.to_string().starts_with(&format!("column {column}: ")), "{error}");
    }
}

#[test]
fn mistakes_are_shown_under_the_input() {
    let input = "漢 typ:y";
    let error = input.parse::<Filter>().unwrap_err();
    assert_eq!(error.to_string(), "column 3: unknown field `typ:`; did you mean `type:`?");
    assert_eq!(error.excerpt(input), "漢 typ:y\n   ^^^^");
    let error = "labelled:yes".parse::<Filter>().unwrap_err().to_string();
    let known =
        FIELDS.iter().filter(|field| field.name != ".").all(|field| error.contains(field.name));
    assert!(
        error.starts_with("column 1: unknown field `labelled:`: expected one of number, ") && known
    );
    let input = "\u{1b}[2J zzz:y";
    assert_eq!(input.parse::<Filter>().unwrap_err().excerpt(input), "\\x1b[2J zzz:y\n        ^^^^");
}

#[test]
fn an_empty_size_explains_the_shell() {
    let error = "size:".parse::<Filter>().unwrap_err().to_string();
    assert_eq!(
        error,
        "column 1: `size:` has no value: expected e.g. size:>10k (quote it in a shell, where > and \
         < redirect)"
    );
}

#[test]
fn a_provider_is_one_of_those_that_are_named() {
    let names = ["cribbly".to_owned(), "acme".to_owned()];
    for known in ["provider:acme", "provider:ACME,cribbly", "provider:\"old\"", "provider:c*"] {
        assert!(Filter::among(known, &names).is_ok(), "{known}");
    }
    let error = Filter::among("provider:cribly", &names).unwrap_err();
    assert_eq!(error.advice(), "unknown provider `cribly`; did you mean `cribbly`?");
    assert!("provider:cribly".parse::<Filter>().is_ok());
}

#[test]
fn quotes_match_a_cause_that_is_not_known() {
    let mut delivery = deliveries()[1].clone();
    delivery.summary.signature.cause = Some("of-another-version".to_owned());
    let filter: Filter = "cause:\"of-another-version\"".parse().unwrap();
    assert!(filter.matches(&delivery, now()));
}

#[test]
fn a_number_in_json_is_compared_by_value() {
    let body = br#"{"a":1.50,"b":1e2,"c":"1.50","d":[0.0]}"#;
    for (input, expected) in [
        (".a:1.5", true),
        (".a:15e-1", true),
        (".a:\"1.5\"", false),
        (".a:\"1.50\"", true),
        (".b:100", true),
        (".b:!100", false),
        (".c:1.5", false),
        (".c:1.50", true),
        (".d[0]:0", true),
        (".a:1.51", false),
    ] {
        let filter: Filter = input.parse().unwrap();
        let delivery = delivery('j', "/", &[], body);
        assert_eq!(filter.matches(&delivery, now()), expected, "{input}");
        let matcher = filter.body_matcher();
        assert_eq!(matcher.passes(&[None], b"", body), expected, "{input} in a search");
    }
}

#[test]
fn deliveries_are_selected_by_number() {
    check(&[
        ("#98", "b"),
        ("#97,100", "ad"),
        ("98..99", "bc"),
        ("#>=99", "cd"),
        ("number:..98", "ab"),
        ("-#98", "acd"),
        ("number:!98..99", "ad"),
    ])
    .unwrap();
}

#[test]
fn a_hash_before_text_is_a_word() {
    let filter: Filter = "#general".parse().unwrap();
    assert_eq!(filter.to_string(), "\"#general\"");
}

#[test]
fn hostile_nesting_is_an_error_and_not_a_crash() {
    for opener in ["(", "-", "not ", "-(", "((a) "] {
        let input = opener.repeat(100_000) + "a";
        let error = input.parse::<Filter>().unwrap_err();
        assert_eq!(error.message, "parentheses are nested more than 64 deep", "{opener}");
    }
    let deep = format!("{}a{}", "(".repeat(64), ")".repeat(64));
    assert_eq!(deep.parse::<Filter>().unwrap().to_string(), "a");
    let wide = "sig:verified or ".repeat(1000) + "a";
    assert_eq!(passing(&wide.parse().unwrap()).0, "abd");
}

/// Returns text made of the tokens of the grammar, so that much of it parses.
fn grammar() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        Just("\"a \\\" b\\\\\"".to_owned()),
        Just("/a b|c\\/d/".to_owned()),
        Just("/^x(y)/".to_owned()),
        Just("'.payload.ok'".to_owned()),
        Just("'[.. | numbers] | add > 1'".to_owned()),
        Just("\".id == \\\"b1\\\" # it's\"".to_owned()),
        "[a-cA-C]{1,3}",
        "[a-c*?.,!><=/\\\\@é:;(){}-]{0,6}",
        "(>=|>|<|<=|)[0-9]{1,3}(k|)",
        "[0-9]{1,2}\\.\\.[0-9]{2,3}",
        "[1-9][0-9]?(s|m|h|d|w)",
        "(2026-11-2[0-9]|)(T|)(1[0-9]:[0-5][0-9]|)(Z|)",
        prop_oneof![
            Just("empty"),
            Just("exists"),
            Just("yes"),
            Just("live"),
            Just("mis*"),
            Just("or"),
            Just("kevin"),
            Just("verified"),
            Just("4*"),
            Just("message.*"),
            Just("/hooks/*"),
        ]
        .prop_map(str::to_owned),
    ];
    let names: Vec<String> = FIELDS
        .iter()
        .map(|field| match field.name {
            "header." => "header.x-try:".to_owned(),
            "." => ".payload.contact.\"user\\\"name\"[0]:".to_owned(),
            name => format!("{name}:"),
        })
        .chain(["jq:'.payload.ok' ".to_owned(), "jq:!\".id == \\\"b1\\\"\" or ".to_owned()])
        .chain([".payload.read_at:".to_owned(), "typ:".to_owned(), String::new(), String::new()])
        .collect();
    let values = proptest::collection::vec(atom, 1..4).prop_map(|atoms| atoms.join(","));
    let term = (proptest::sample::select(names), any::<bool>(), values).prop_map(
        |(name, negated, value)| {
            format!("{name}{}{value}", if negated && !name.is_empty() { "!" } else { "" })
        },
    );
    term.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("{one} {other}")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("{one} or {other}")),
            inner.clone().prop_map(|part| format!("({part})")),
            inner.clone().prop_map(|part| format!("-({part})")),
            inner.prop_map(|part| format!("not {part}")),
        ]
    })
}

/// Checks the properties of every filter.
fn holds(input: &str) -> Result<(), TestCaseError> {
    let filter: Filter = match input.parse() {
        Ok(filter) => filter,
        Err(error) => {
            let Diagnostic { span, .. } = &error;
            prop_assert!(input.get(span.clone()).is_some(), "{:?} of {:?}", span, input);
            prop_assert_eq!(error.excerpt(input).lines().count(), 2);
            return Ok(());
        }
    };
    let printed = filter.to_string();
    let again: Result<Filter, Diagnostic> = printed.parse();
    prop_assert_eq!(again.as_ref(), Ok(&filter), "{:?} printed {:?}", input, printed);
    for delivery in deliveries() {
        if let Some(verdict) = filter.test(&delivery.summary, now()) {
            prop_assert_eq!(verdict, filter.matches(&delivery, now()), "{:?}", input);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_a_filter_or_an_error(input in any::<String>()) {
        holds(&input)?;
    }

    #[test]
    fn any_text_of_the_grammar_prints_so_that_it_reads_back(input in grammar()) {
        holds(&input)?;
    }

    #[test]
    fn a_damaged_filter_does_not_panic(input in grammar(), at in any::<prop::sample::Index>()) {
        let characters: Vec<char> = input.chars().collect();
        let kept: String = characters.iter().take(at.index(characters.len() + 1)).collect();
        holds(&kept)?;
        let completion = complete(&input, at.index(input.len() + 1), &|_| Vec::new());
        prop_assert!(input.get(completion.span).is_some());
    }
}

/// Returns deliveries by rising id that differ from each other in a few ways.
fn varied(seed: u64) -> Vec<Delivery> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut all = Vec::new();
    for id in 1..60 {
        let Some(mut one) = random.choice(deliveries()) else { continue };
        let summary = &mut one.summary;
        // The index counts microseconds, as the store does.
        let ago = SignedDuration::from_micros(random.i64(0..200_000_000_000));
        summary.id = DeliveryId(id);
        summary.request.received_at = now() - ago;
        summary.annotations.marked = random.bool();
        summary.annotations.note = random.bool().then(|| "a note".to_owned());
        summary.duplicate_of = random.bool().then_some(DeliveryId(1));
        summary.flags.differs = random.bool();
        summary.flags.resent = random.bool();
        summary.flags.schema_changes =
            random.bool().then(|| ".x is new (null)".to_owned()).into_iter().collect();
        summary.request.source = random.choice(Source::ALL).unwrap_or(Source::Live);
        summary.signature.status =
            random.choice(SignatureStatus::ALL).unwrap_or(SignatureStatus::Missing);
        summary.response =
            random.choice([None, Some(1), Some(200), Some(404), Some(503)]).flatten();
        summary.latency = random.bool().then(|| Duration::from_micros(random.u64(0..3000)));
        if random.u8(0..4) == 0 {
            summary.response = Some(0);
            summary.flags.client_gone = Some(Duration::from_micros(random.u64(0..3000)));
        }
        summary.request.body_size = random.choice([0, 1, 99, 10_000, u64::MAX]).unwrap_or(0);
        let ids = ["", "b1", "B1", "a\nb1", "kevin", "\u{212a}evin", "abc"];
        summary.event.id = random.choice(ids).filter(|_| random.u8(0..4) > 0).map(str::to_owned);
        all.push(one);
    }
    all
}

/// Returns a list of exactly these, filled in an order that depends on the seed.
fn listed(all: &[Delivery], seed: u64) -> List {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut list = List::default();
    let nothing = Filter::default();
    let (older, newer) = all.split_at(random.usize(0..all.len()));
    let rows = |some: &[Delivery]| -> Vec<Summary> {
        some.iter().map(|delivery| delivery.summary.clone()).collect()
    };
    // An earlier state of some, and one that is removed.
    let mut before = rows(all);
    random.shuffle(&mut before);
    before.truncate(10);
    for row in &mut before {
        row.event.id = Some("before".to_owned());
        row.annotations.marked = !row.annotations.marked;
    }
    before.extend(before.first().cloned().map(|row| Summary { id: DeliveryId(1000), ..row }));
    list.take(&before, &nothing, now());
    let mut older: Vec<Summary> = rows(older).into_iter().rev().collect();
    let known: Vec<Summary> =
        rows(all).into_iter().filter(|row| list.get(row.id).is_some()).collect();
    for page in older.chunks_mut(7) {
        let _ = list.take_older(page, &nothing, now());
    }
    list.take(&known, &nothing, now());
    for some in newer.chunks(5) {
        list.take(&rows(some), &nothing, now());
    }
    list.remove(&[DeliveryId(1000), DeliveryId(2000)]);
    list
}

/// Returns the undecided ids, and what the index knows of each.
fn opened<'o>(open: &'o Undecided, all: &[Delivery]) -> Vec<(DeliveryId, &'o [Option<bool>])> {
    let mut found = Vec::new();
    for run in &open.runs {
        let within = |id: &DeliveryId| (run.first..=run.last).contains(id);
        let ids = all.iter().map(|delivery| delivery.summary.id).filter(within);
        let before = found.len();
        let known = open.known.get(run.known).map(Vec::as_slice).unwrap_or_default();
        found.extend(ids.map(|id| (id, known)));
        assert_eq!(found.len() - before, run.rows);
    }
    found
}

/// Checks that the index, with the bytes where it cannot decide, agrees with the filter on every
/// delivery.
fn agrees(input: &str, seed: u64) -> Result<(), TestCaseError> {
    let Ok(filter) = input.parse::<Filter>() else { return Ok(()) };
    let all = varied(seed);
    let mut list = listed(&all, seed);
    let open = list.filter(&filter, now());
    let with = |verdict: Option<bool>| -> Vec<DeliveryId> {
        let passing =
            all.iter().filter(|delivery| filter.test(&delivery.summary, now()) == verdict);
        passing.map(|delivery| delivery.summary.id).collect()
    };
    prop_assert_eq!(list.shown_ids(), with(Some(true)));
    let mut found = opened(&open, &all);
    found.sort_unstable();
    let ids: Vec<DeliveryId> = found.iter().map(|(id, _)| *id).collect();
    prop_assert_eq!(ids, with(None));
    let settling = filter.body_matcher();
    for (id, known) in found {
        let delivery = all.iter().find(|delivery| delivery.summary.id == id);
        let Some(delivery) = delivery else { continue };
        let head = if settling.needs_head() { &delivery.head.raw[..] } else { b"" };
        let passes = settling.passes(known, head, &delivery.body);
        prop_assert_eq!(passes, filter.matches(delivery, now()), "{} of {:?}", input, delivery);
    }
    Ok(())
}

#[test]
fn an_index_agrees_with_the_filter() {
    for input in [
        "kevin",
        "id:b1",
        "id:k*",
        "id:*B1",
        "id:!b1",
        "id:/^b/",
        "\"a\nb1\"",
        "peer:127.0.0.1",
        "peer:!\\:\\:1",
        "path:/hooks/*",
        "status:404",
        "status:!200",
        "status:..403",
        "size:>=10k",
        "size:<1",
        "size:!..99",
        "latency:>1ms",
        "latency:!..2ms",
        "since:1h..10m",
        "until:1d",
        "since:!2026-11-23",
        "dup:no",
        "dup:differs",
        "dup:!differs",
        "dup:!yes",
        "shape:changed",
        "shape:!changed",
        "resent:yes,no",
        "resent:no",
        "marked:yes",
        "marked:!yes,no",
        "sig:mis*",
        "source:!live",
        "kevin -header.x-try:1",
        "-(kevin or body:hi)",
        "(type:m* or header.name:*) .payload.contact.username:kev*",
        ".payload.contact.username:*EVIN,\u{e9}*",
        ".payload.contact.username:!kev*",
        ".payload.absent:exists or .payload.contact:!empty",
        ".payload.read_at:null or .payload.read_at:>0",
        "header.x-try:1,*2",
        "header.x-try:!/^1/",
        "header.name:*\u{e9} or header.Name:!CAF*",
        "cause:* or sig:missing a b1",
        "number:100..400 or -#<3000",
        ".payload.total:100 or .payload.price:9.50",
    ] {
        for seed in 0..8 {
            agrees(input, seed).unwrap_or_else(|error| panic!("{input}, {seed}: {error}"));
        }
    }
}

#[test]
fn moments_between_two_microseconds_divide_them() {
    let all = varied(0);
    for (at, delivery) in all.iter().enumerate().take(20) {
        let nanoseconds = [0, 1, 499, 999][at % 4];
        for sign in [-1, 1] {
            let off = SignedDuration::from_nanos(nanoseconds * sign);
            let moment = delivery.summary.request.received_at + off;
            for input in [format!("since:{moment}"), format!("until:{moment}")] {
                agrees(&input, 0).unwrap_or_else(|error| panic!("{input}: {error}"));
            }
        }
    }
}

proptest! {
    #[test]
    fn an_index_agrees_with_any_filter(input in grammar(), seed in 0_u64..1000) {
        agrees(&input, seed)?;
    }
}

/// Returns JSON in which strings carry JSON, in each encoding that paths see through.
fn carrying() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("\"kev\"".to_owned()),
        Just("\"\\u006bev\"".to_owned()),
        Just("1.50".to_owned()),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        let key = prop_oneof![Just("a"), Just("b"), Just("\\u0061")];
        let colon = prop_oneof![Just(":"), Just(" : "), Just(":\n")];
        let value = prop_oneof![inner.clone(), carried(inner.clone())];
        let member = (key, colon, value);
        let member = member.prop_map(|(key, colon, value)| format!("\"{key}\"{colon}{value}"));
        prop_oneof![
            3 => proptest::collection::vec(member, 1..3)
                .prop_map(|members| format!("{{{}}}", members.join(","))),
            1 => proptest::collection::vec(prop_oneof![inner.clone(), carried(inner)], 1..3)
                .prop_map(|items| format!("[{}]", items.join(","))),
        ]
    })
}

/// Returns strings that carry these values.
fn carried(values: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (values, 0..4).prop_map(|(json, encoding)| match encoding {
        0 | 1 => format!("\"{}\"", STANDARD.encode(json)),
        2 => serde_json::to_string(&json).unwrap_or_default(),
        _ => format!("\"{}\"", utf8_percent_encode(&json, NON_ALPHANUMERIC)),
    })
}

proptest! {
    #[test]
    fn a_search_sees_through_strings_as_the_filter_does(
        body in carrying(),
        value in prop_oneof![Just("kev"), Just("!kev"), Just("*E*"), Just("1.5"), Just("exists")],
    ) {
        let delivery = delivery('j', "/", &[], body.as_bytes());
        for path in [".a", ".a.a", ".a.b", ".a[0]", ".b.a", ".a.a.b", ".a.b.a", ".b[0].a", ".0.a"] {
            let Ok(filter) = format!("{path}:{value}").parse::<Filter>() else { continue };
            let searched = filter.body_matcher().passes(&[None], b"", body.as_bytes());
            prop_assert_eq!(searched, filter.matches(&delivery, now()), "{} of {}", filter, body);
        }
    }
}
