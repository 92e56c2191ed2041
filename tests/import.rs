//! Imports of files that other programs write.

use std::io;

use hookglass::formats::read::{FileRequests, RecordedRequest, RequestFileError, read};

type Tested<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn no_file(name: &str) -> io::Result<Vec<u8>> {
    match name {
        "./body.json" | "body.json" => Ok(b"{\"from\":\"a file\"}".to_vec()),
        "filled.json" => Ok(b"{\"id\":\"{{id}}\"}".to_vec()),
        "http-client.env.json" => Ok(b"{\"dev\":{\"env_host\":\"http://env.example\"}}".to_vec()),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

fn reading(text: &str) -> Result<FileRequests, RequestFileError> {
    read(text.as_bytes(), &no_file, false)
}

fn only(text: &str) -> Tested<RecordedRequest> {
    let mut requests = reading(text)?.requests;
    match (requests.pop(), requests.is_empty()) {
        (Some(request), true) => Ok(request),
        _ => Err("not one request".into()),
    }
}

fn body(text: &str) -> Tested<String> {
    Ok(String::from_utf8(only(text)?.body.to_vec())?)
}

fn header(request: &RecordedRequest, name: &str) -> Option<String> {
    request.head.joined_text(name)
}

fn har(request: &str) -> String {
    format!("{{\"log\":{{\"entries\":[{{\"request\":{request}}}]}}}}")
}

fn har_post(data: &str, rest: &str) -> String {
    har(&format!(
        "{{\"method\":\"POST\",\"url\":\"https://hooks.example.com/in?x=1\",\"headers\":[],\"postData\":{data}{rest}}}"
    ))
}

const PARAMS: &str = r#"{"mimeType":"application/x-www-form-urlencoded","params":[{"name":"id","value":"tr_d0b0E3EA3v"},{"name":"note","value":"a b&c"},{"name":"login","value":""}]}"#;

#[test]
fn a_form_without_text_is_rebuilt_from_its_params() -> Tested {
    assert_eq!(body(&har_post(PARAMS, ""))?, "id=tr_d0b0E3EA3v&note=a+b%26c&login=");
    Ok(())
}

#[test]
fn a_rebuilt_body_is_reported() -> Tested {
    let warnings = reading(&har_post(PARAMS, ""))?.warnings;
    assert!(warnings.iter().any(|text| text.contains("rebuilt from its 3 params")), "{warnings:?}");
    Ok(())
}

#[test]
fn a_multipart_form_is_rebuilt_with_its_own_boundary() -> Tested {
    let data = r#"{"mimeType":"multipart/form-data; boundary=xyz","params":[{"name":"a","value":"1","fileName":"a.txt","contentType":"text/plain"}]}"#;
    let expected = "--xyz\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\n1\r\n--xyz--\r\n";
    assert_eq!(body(&har_post(data, ""))?, expected);
    Ok(())
}

#[test]
fn a_missing_host_header_comes_from_the_url() -> Tested {
    let request = only(&har_post("null", ""))?;
    assert_eq!(header(&request, "host").as_deref(), Some("hooks.example.com"));
    Ok(())
}

#[test]
fn the_url_of_an_entry_is_kept_for_signatures_that_cover_it() -> Tested {
    let request = only(&har_post("null", ""))?;
    assert_eq!(request.url.as_deref(), Some("https://hooks.example.com/in?x=1"));
    Ok(())
}

#[test]
fn pseudo_headers_are_no_headers() -> Tested {
    let request = only(&har(
        r#"{"method":"POST","url":"https://a.example/x","headers":[{"name":":authority","value":"b.example"},{"name":":method","value":"POST"}]}"#,
    ))?;
    let headers: Vec<_> = request.head.headers.iter().map(|one| one.name.as_str()).collect();
    assert_eq!((headers, header(&request, "host").as_deref()), (vec!["Host"], Some("b.example")));
    Ok(())
}

#[test]
fn an_entry_without_headers_or_with_null_values_is_read() -> Tested {
    let text = har(
        r#"{"method":"POST","url":"http://a.example/","postData":{"text":null},"bodySize":null}"#,
    );
    assert_eq!(body(&text)?, "");
    Ok(())
}

#[test]
fn a_body_in_a_file_is_read() -> Tested {
    assert_eq!(body(&har_post(r#"{"_file":"body.json"}"#, ""))?, "{\"from\":\"a file\"}");
    Ok(())
}

#[test]
fn a_body_of_another_size_than_declared_is_reported() -> Tested {
    let warnings = reading(&har_post(r#"{"text":"abc"}"#, ",\"bodySize\":7"))?.warnings;
    assert!(warnings.iter().any(|text| text.contains("bodySize is 7")), "{warnings:?}");
    Ok(())
}

#[test]
fn a_base64_body_is_decoded() -> Tested {
    let data = r#"{"text":"cGFyYW0xPXZhbHVlMSZwYXJhbTI9dmFsdWUy","encoding":"base64"}"#;
    assert_eq!(body(&har_post(data, ""))?, "param1=value1&param2=value2");
    Ok(())
}

/// An archive whose second entry is invalid.
const ONE_BAD: &str = r#"{"log":{"entries":[{"request":{"method":"GET","url":"http://a.example/1"}},{"request":{"method":"GET","url":"http://a.example/2","headers":[{"name":"b d","value":"x"}]}},{"request":{"method":"GET","url":"http://a.example/3"}}]}}"#;

#[test]
fn an_invalid_entry_is_named() {
    let error = reading(ONE_BAD).unwrap_err().to_string();
    assert!(error.starts_with("entry 2 of the HAR archive: "), "{error}");
}

#[test]
fn invalid_entries_are_skipped_on_request() -> Tested {
    let found = read(ONE_BAD.as_bytes(), &no_file, true)?;
    assert_eq!((found.requests.len(), found.skipped.len()), (2, 1));
    Ok(())
}

#[test]
fn a_byte_order_mark_is_not_part_of_a_file() -> Tested {
    for text in [
        har_post(r#"{"text":"x"}"#, ""),
        "POST http://a.example/\n\nx".to_owned(),
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx".to_owned(),
        "curl -d x http://a.example/".to_owned(),
    ] {
        assert_eq!(body(&format!("\u{feff}{text}"))?, "x", "{text}");
    }
    Ok(())
}

#[test]
fn a_compressed_archive_is_read() -> Tested {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(har_post(r#"{"text":"x"}"#, "").as_bytes())?;
    let found = read(&encoder.finish()?, &no_file, false)?;
    assert_eq!(found.requests.len(), 1);
    Ok(())
}

#[test]
fn a_response_handler_is_not_part_of_the_body() -> Tested {
    let request = "POST http://a.example/login\nContent-Type: application/x-www-form-urlencoded\n\nemail=noa@example.com&password=pass\n\n";
    for handler in [
        "> {% client.global.set(\"a\", 1); %}\n",
        "> {%\n  client.test(\"x\", function() {\n\n  });\n%}\n",
        "> handler.js\n",
        "<> 2026-11-28T120000.200.json\n",
        ">> out.json\n",
        ">>! out.json\n",
    ] {
        let found = body(&format!("{request}{handler}"))?;
        assert_eq!(found, "email=noa@example.com&password=pass", "{handler}");
    }
    Ok(())
}

#[test]
fn a_skipped_handler_is_reported_with_its_line() -> Tested {
    let warnings = reading("POST http://a.example/\n\nx\n\n> handler.js\n")?.warnings;
    assert_eq!(warnings, ["line 5: skipped the response handler"]);
    Ok(())
}

#[test]
fn variables_of_the_file_are_replaced() -> Tested {
    let request = only(
        "@host = http://127.0.0.1:4400\n@id=7\n\n### first\nPOST {{host}}/in?id={{id}}\n\n{\"id\":{{id}}}\n",
    )?;
    assert_eq!(
        (request.head.target_text().as_ref(), &request.body[..]),
        ("/in?id=7", &b"{\"id\":7}"[..])
    );
    Ok(())
}

#[test]
fn variables_of_the_environment_file_are_replaced() -> Tested {
    let request = only("POST {{env_host}}/in\n\nx\n")?;
    assert_eq!(header(&request, "host").as_deref(), Some("env.example"));
    Ok(())
}

#[test]
fn a_variable_without_a_value_is_an_error_with_its_line() {
    let error = reading("###\nPOST http://{{other}}/in\n").unwrap_err().to_string();
    assert!(error.starts_with("line 2: the variable `other` has no value in this file"), "{error}");
}

#[test]
fn a_script_before_the_request_is_skipped() -> Tested {
    for script in ["< {%\n request.variables.set('a', 1)\n%}\n", "< {% x %}\n", "< ./before.js\n"] {
        assert_eq!(body(&format!("###\n{script}POST http://a.example/\n\nx\n"))?, "x", "{script}");
    }
    Ok(())
}

#[test]
fn a_query_continues_on_indented_lines() -> Tested {
    let request = only("GET http://a.example/list\n    ?page=2\n    &size=10\nAccept: */*\n")?;
    assert_eq!(request.head.target_text(), "/list?page=2&size=10");
    Ok(())
}

#[test]
fn request_lines_of_all_dialects_are_read() -> Tested {
    for (line, method, target) in [
        ("POST   http://a.example/x   HTTP/1.1", "POST", "/x"),
        ("http://a.example/x", "GET", "/x"),
        ("https://a.example", "GET", "/"),
        ("POST a.example:4400/x", "POST", "/x"),
        ("POST localhost/x", "POST", "/x"),
        ("DELETE\thttp://a.example/x", "DELETE", "/x"),
        ("GET http://a.example/a b", "GET", "/a%20b"),
        ("GET http://a.example/x#part", "GET", "/x"),
    ] {
        let request = only(&format!("{line}\n\n"))?;
        let found = (request.head.method.as_str(), request.head.target_text().into_owned());
        assert_eq!(found, (method, target.to_owned()), "{line}");
    }
    Ok(())
}

#[test]
fn files_are_included_with_and_without_variables() -> Tested {
    let text = "@id = 7\nPOST http://a.example/\n\n<@ filled.json\n\n###\nPOST http://a.example/\n\n< ./body.json\n";
    let bodies: Vec<_> = reading(text)?.requests.into_iter().map(|one| one.body).collect();
    assert_eq!(bodies, ["{\"id\":\"7\"}", "{\"from\":\"a file\"}"]);
    Ok(())
}

#[test]
fn xml_is_not_the_name_of_a_file() -> Tested {
    assert_eq!(
        body("POST http://a.example/\nContent-Type: text/xml\n\n<a>\n<b>1</b>\n</a>\n")?,
        "<a>\n<b>1</b>\n</a>"
    );
    Ok(())
}

#[test]
fn the_lines_of_a_form_are_joined() -> Tested {
    let text =
        "POST http://a.example/\nContent-Type: application/x-www-form-urlencoded\n\na=1\n&b=2\n";
    assert_eq!(body(text)?, "a=1&b=2");
    Ok(())
}

#[test]
fn a_graphql_query_is_posted_as_json() -> Tested {
    let request = only("GRAPHQL http://a.example/graphql\n\nquery { me }\n\n{\"a\": 1}\n")?;
    let expected = &br#"{"query":"query { me }","variables":{"a":1}}"#[..];
    assert_eq!((request.head.method.as_str(), &request.body[..]), ("POST", expected));
    Ok(())
}

#[test]
fn the_data_of_a_pasted_curl_command_is_unquoted() -> Tested {
    for (command, expected) in [
        (r#"curl --data-binary $'{"foo":"bar\'s ("}' http://a.example/"#, r#"{"foo":"bar's ("}"#),
        (
            r#"$ curl 'http://a.example/' -H 'a: b' --data-raw '{"a":"it'\''s"}' --compressed"#,
            r#"{"a":"it's"}"#,
        ),
        ("curl http://a.example/ \\\n  -d a=1 \\\n  -d \"b=\\\"2\\\"\"", "a=1&b=\"2\""),
        ("curl -XPOST http://a.example --data-urlencode 'q=a b&c'", "q=a+b%26c"),
        ("curl http://a.example -d @body.json", "{\"from\":\"a file\"}"),
        (
            "printf '%s' '@/etc/hostname' | curl --data-binary @- http://a.example/",
            "@/etc/hostname",
        ),
        ("curl --json '{\"a\":1}' http://a.example/", "{\"a\":1}"),
        ("curl $'http://a.example/' -d $'\\u00e9\\x41\\n'", "éA\n"),
    ] {
        assert_eq!(body(command)?, expected, "{command}");
    }
    Ok(())
}

#[test]
fn the_options_of_a_curl_command_become_method_and_headers() -> Tested {
    let request = only(
        "curl -sS -X PUT -u me:pw -A agent -b c=1 -o out --max-time 5 -H 'X-A: 1' -H 'X-B;' http://a.example:81/x?y=1",
    )?;
    let headers = ["authorization", "user-agent", "cookie", "x-a", "x-b", "host"]
        .map(|name| header(&request, name).unwrap_or_default());
    assert_eq!(
        (request.head.method.as_str(), headers.join("|").as_str()),
        ("PUT", "Basic bWU6cHc=|agent|c=1|1||a.example:81")
    );
    Ok(())
}

#[test]
fn several_commands_of_a_script_are_read() -> Tested {
    let script = "#!/bin/sh\ncurl -d 1 http://a.example/\ncurl -d 2 http://a.example/; \
                  curl http://a.example/ && curl http://b.example/\n";
    let found = reading(script)?;
    assert_eq!(found.requests.len(), 4);
    Ok(())
}

#[test]
fn a_request_of_ngrok_has_its_bytes() -> Tested {
    // POST /x HTTP/1.1⏎Host: a⏎⏎{}
    let raw = "UE9TVCAveCBIVFRQLzEuMQ0KSG9zdDogYQ0KDQp7fQ==";
    let text = format!(
        r#"{{"requests":[{{"uri":"/api/requests/http/1","remote_addr":"203.0.113.9","start":"2026-11-28T12:00:00+01:00","request":{{"method":"POST","uri":"/x","headers":{{"Host":["a"]}},"raw":"{raw}"}},"response":{{"status":"200 OK","status_code":200}}}}]}}"#
    );
    let request = only(&text)?;
    assert_eq!(
        (&request.body[..], request.response, request.peer.as_deref()),
        (&b"{}"[..], Some(200), Some("203.0.113.9"))
    );
    Ok(())
}

#[test]
fn a_request_of_webhook_site_is_read() -> Tested {
    let text = r#"{"data":[{"uuid":"0-0","type":"web","ip":"203.0.113.9","method":"POST","url":"https://webhook.site/0?x=1","content":"{\"a\":1}","headers":{"content-type":["application/json"],"x-twice":["1","2"]},"created_at":"2026-11-28 12:00:00"}],"total":1}"#;
    let request = only(text)?;
    let twice = request.head.values("x-twice").count();
    assert_eq!(
        (request.head.target_text().as_ref(), &request.body[..], twice),
        ("/0?x=1", &b"{\"a\":1}"[..], 2)
    );
    Ok(())
}

const HOOKDECK: &str = r#"{"pagination":{},"count":1,"models":[{"id":"evt_1","created_at":"2026-11-28T12:00:00Z","data":{"path":"/in","query":"x=1","headers":{"x-github-event":"ping","content-type":"application/json"},"body":{"a":1}}}]}"#;

#[test]
fn an_event_of_hookdeck_is_read() -> Tested {
    let request = only(HOOKDECK)?;
    assert_eq!(
        (request.head.target_text().as_ref(), &request.body[..]),
        ("/in?x=1", &b"{\"a\":1}"[..])
    );
    Ok(())
}

#[test]
fn a_body_that_exists_only_parsed_is_reported() -> Tested {
    let warnings = reading(HOOKDECK)?.warnings;
    assert!(warnings.iter().any(|text| text.contains("parsed body")), "{warnings:?}");
    Ok(())
}

const POSTMAN: &str = r#"{"info":{"name":"x","schema":"https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},"variable":[{"key":"base","value":"http://a.example"}],"item":[{"name":"folder","item":[{"name":"one","request":{"method":"POST","url":{"raw":"{{base}}/one?x=1"},"header":[{"key":"X-A","value":"1"},{"key":"X-Off","value":"1","disabled":true}],"body":{"mode":"raw","raw":"{\"a\":1}","options":{"raw":{"language":"json"}}}}}]},{"name":"two","request":{"method":"POST","url":"http://a.example/two","body":{"mode":"urlencoded","urlencoded":[{"key":"a","value":"b c"}]}}}]}"#;

#[test]
fn the_requests_of_a_postman_collection_are_read() -> Tested {
    let found = reading(POSTMAN)?.requests;
    let found: Vec<_> =
        found.iter().map(|one| (one.head.target_text().into_owned(), one.body.clone())).collect();
    assert_eq!(
        found,
        [("/one?x=1".to_owned(), "{\"a\":1}".into()), ("/two".to_owned(), "a=b+c".into())]
    );
    Ok(())
}

#[test]
fn disabled_headers_of_a_postman_collection_are_left_out() -> Tested {
    let found = reading(POSTMAN)?.requests;
    let first = found.first().ok_or("no request")?;
    let names: Vec<_> = first.head.headers.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["Host", "X-A", "Content-Type"]);
    Ok(())
}

#[test]
fn the_requests_of_an_insomnia_export_are_read() -> Tested {
    let text = r#"{"_type":"export","__export_format":4,"resources":[{"_type":"environment","data":{"base":"http://a.example"}},{"_type":"request","name":"one","method":"POST","url":"{{ _.base }}/in","headers":[{"name":"X-A","value":"1"}],"parameters":[{"name":"q","value":"1"}],"body":{"mimeType":"application/json","text":"{}"}}]}"#;
    let request = only(text)?;
    assert_eq!((request.head.target_text().as_ref(), &request.body[..]), ("/in?q=1", &b"{}"[..]));
    Ok(())
}

/// Returns a typed netstring.
fn net(kind: char, data: &str) -> String {
    format!("{}:{data}{kind}", data.len())
}

fn net_dict(fields: &[(&str, String)]) -> String {
    net('}', &fields.iter().map(|(name, value)| net(';', name) + value).collect::<String>())
}

fn flow() -> String {
    let header = net(']', &[net(',', "X-A"), net(',', "1")].concat());
    let request = net_dict(&[
        ("method", net(',', "POST")),
        ("scheme", net(',', "https")),
        ("host", net(';', "a.example")),
        ("port", net('#', "8443")),
        ("path", net(',', "/in?x=1")),
        ("http_version", net(',', "HTTP/2.0")),
        ("headers", net(']', &header)),
        ("content", net(',', "{}")),
        ("timestamp_start", net('^', "1795453608.25")),
    ]);
    net_dict(&[("type", net(';', "http")), ("request", request)])
}

#[test]
fn the_flows_of_mitmproxy_are_read() -> Tested {
    let found = reading(&(flow() + &flow()))?.requests;
    let first = found.first().ok_or("no request")?;
    assert_eq!(
        (found.len(), header(first, "host").as_deref(), &first.body[..]),
        (2, Some("a.example:8443"), &b"{}"[..])
    );
    Ok(())
}

#[test]
fn a_truncated_flow_is_reported_with_its_position() {
    let whole = flow();
    let text = format!("{whole}{}", whole.get(..whole.len() / 2).unwrap_or_default());
    let error = reading(&text).unwrap_err().to_string();
    assert!(error.contains(&format!("damaged or truncated at byte {}", whole.len())), "{error}");
}

const HAR_ENTRY: &str = r#"{"request":{"method":"POST","url":"http://a.example/","headers":[]}}"#;

fn har_with(entry: &str) -> String {
    format!(r#"{{"log":{{"entries":[{HAR_ENTRY},{entry}]}}}}"#)
}

const JSON_LINE: &str = r#"{"schema":"hookglass.delivery/1","received_at":"2026-11-23T17:06:48Z","method":"POST","target":"/","version":"HTTP/1.1","headers":[],"body":"{}"}"#;

/// "POST / HTTP/1.1\r\nHost: a\r\n\r\n" in base64.
const NGROK: &str = r#"{"request":{"method":"POST","uri":"/","headers":{},"raw":"UE9TVCAvIEhUVFAvMS4xDQpIb3N0OiBhDQoNCg=="}}"#;

fn list(key: &str, items: [&str; 2]) -> String {
    format!(r#"{{"{key}":[{}]}}"#, items.join(","))
}

fn postman(item: &str) -> String {
    format!(
        r#"{{"info":{{"name":"c"}},"item":[{{"name":"one","request":"http://a.example/"}},{item}]}}"#
    )
}

fn insomnia(request: &str) -> String {
    format!(
        r#"{{"_type":"export","resources":[{{"_type":"request","url":"http://a.example/"}},{request}]}}"#
    )
}

/// Files of two requests, of which the second is invalid, and the error.
fn half_invalid() -> Vec<(String, &'static str)> {
    let http = |second: &str| format!("POST http://a.example/\n\n{{}}\n\n###\n{second}\n");
    vec![
        (
            har_with(r#"{"request":{"method":"POST"}}"#),
            "entry 2 of the HAR archive: missing field `url`",
        ),
        (
            har_with(r#"{"request":{"method":"PO ST","url":"/"}}"#),
            "entry 2 of the HAR archive: invalid method `PO ST`: expected e.g. POST",
        ),
        (
            har_with(
                r#"{"request":{"method":"POST","url":"/","headers":[{"name":"a b","value":"c"}]}}"#,
            ),
            "entry 2 of the HAR archive: invalid header name `a b`: expected letters, digits, and hyphens",
        ),
        (
            har_with(
                r#"{"request":{"method":"POST","url":"/","postData":{"text":"%","encoding":"base64"}}}"#,
            ),
            "entry 2 of the HAR archive: `postData.text` is not base64: Invalid symbol 37, offset 0.",
        ),
        (
            http("POST http://{{nowhere}}/"),
            "line 6: the variable `nowhere` has no value in this file; write its value instead of {{nowhere}}",
        ),
        (
            http("POST http://a.example/\nno header"),
            "line 7: invalid header line `no header`: expected `Name: value`",
        ),
        (http("POST"), "line 6: invalid request line `POST`: expected e.g. POST http://host/path"),
        (
            http("POST http://a.example/\n\n< ./none.json"),
            "line 6: file `./none.json`: entity not found",
        ),
        (http("< {%\nx"), "line 6: a script is not closed: expected a line with `%}`"),
        (http("WEBSOCKET ws://a.example/"), "line 6: WEBSOCKET is not an HTTP request"),
        ("curl a.example\n\ncurl -d x".to_owned(), "line 3: it has no URL"),
        ("curl a.example\ncurl a.example -d".to_owned(), "line 2: `-d` needs a value"),
        (
            "curl a.example\ncurl a.example -d @none".to_owned(),
            "line 2: file `none`: entity not found",
        ),
        (
            "curl a.example\ncurl a.example -H 'a b: c'".to_owned(),
            "line 2: invalid header name `a b`: expected letters, digits, and hyphens",
        ),
        (
            list("requests", [NGROK, &NGROK.replace("UE9TVC", "%E9TVC")]),
            "request 2: `raw` is not base64: Invalid symbol 37, offset 0.",
        ),
        (
            list("requests", [NGROK, &NGROK.replace("UE9TVCAvIEhUVFAvMS4x", "R0FSQkFHRQ==")]),
            "request 2: `raw` is not base64: Invalid symbol 61, offset 10.",
        ),
        (
            list("requests", [NGROK, r#"{"id":"2","request":{}}"#]),
            "request 2: it has no method, headers, or body, so it is not a request",
        ),
        (
            list(
                "data",
                [r#"{"method":"POST","url":"/","headers":{}}"#, r#"{"method":5,"headers":{}}"#],
            ),
            "request 2: invalid method: expected a text such as POST",
        ),
        (
            list("models", [r#"{"data":{"path":"/","headers":{}}}"#, r#"{"id":"evt_2"}"#]),
            "request 2: it has no method, headers, or body, so it is not a request",
        ),
        (postman(r#"{"name":"two","request":{"method":"POST"}}"#), "request `two`: it has no URL"),
        (
            postman(
                r#"{"name":"f","item":[{"name":"two","request":{"url":"/","body":{"mode":"file"}}}]}"#,
            ),
            "request `f / two`: its body is a file without a name",
        ),
        (insomnia(r#"{"_type":"request","name":"two"}"#), "request `two`: it has no URL"),
        (
            flow() + &net_dict(&[("type", net(';', "http"))]),
            "flow 2 of mitmproxy: it has no request",
        ),
        (flow() + "garbage", "flow 2 of mitmproxy: damaged or truncated at byte 223"),
        (
            format!("{JSON_LINE}\n{{\"schema\":\"hookglass.delivery/1\"}}"),
            "line 2: column 33: not a delivery: missing field `received_at`",
        ),
        (
            format!("{JSON_LINE}\n{}", JSON_LINE.replace("delivery/1", "delivery/9")),
            "line 2: unknown schema `hookglass.delivery/9`: expected hookglass.delivery/1",
        ),
    ]
}

#[test]
fn an_invalid_request_is_reported_with_its_position_in_every_format() {
    for (text, expected) in half_invalid() {
        let error = reading(&text).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.is_skippable()), (expected, true), "{text}");
    }
}

#[test]
fn an_invalid_request_can_be_skipped_in_every_format() -> Tested {
    for (text, expected) in half_invalid() {
        let found = read(text.as_bytes(), &no_file, true)?;
        assert_eq!((found.requests.len(), found.skipped), (1, vec![expected.to_owned()]), "{text}");
    }
    Ok(())
}

#[test]
fn a_file_that_cannot_be_read_at_all_is_reported_with_its_position() {
    for (text, expected) in [
        (r#"{"log":{"entries":["#, "line 1: invalid HAR archive: EOF while parsing a list"),
        (r#"{"log":{"creator":{}}}"#, "line 1: invalid HAR archive: missing field `entries`"),
        (
            "{\"schema\":\"hookglass.fixture/1\",\n\"name\":\"x\"}",
            "line 2: invalid fixture: missing field `provider`",
        ),
        ("curl a.example\ncurl 'a.example", "line 2: a quote is not closed"),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nno header\r\n\r\n",
            "line 3: invalid header line `no header`: expected `Name: value`",
        ),
    ] {
        assert_eq!(reading(text).unwrap_err().to_string(), expected, "{text}");
    }
}

#[test]
fn parts_left_out_of_a_request_are_reported() -> Tested {
    for (text, expected) in [
        (
            "curl a.example --no-such-thing".to_owned(),
            "line 1: unknown option `--no-such-thing` was skipped",
        ),
        (
            "curl a.example \\\n  -d \"$BODY\"".to_owned(),
            "line 2: `$BODY`, which a shell replaces, has no value in this file and was kept as text",
        ),
        (
            postman(r#"{"name":"two","request":{"url":"/","body":{"mode":"soap"}}}"#),
            "request `two`: unknown kind of body `soap`, so the body is empty",
        ),
        (
            "@host\nPOST http://a.example/".to_owned(),
            "line 1: skipped `@host`: expected e.g. @host = localhost",
        ),
        (
            r#"[{"method":"POST","headers":{},"body":"{}"}]"#.to_owned(),
            "request 1: it has neither URL nor path, so `/` was used",
        ),
    ] {
        assert_eq!(reading(&text)?.warnings, [expected], "{text}");
    }
    Ok(())
}

#[test]
fn common_switches_of_curl_are_not_reported() -> Tested {
    let text = "curl -sSL --compressed --no-buffer --http2 --insecure a.example";
    assert_eq!(reading(text)?.warnings, [""; 0]);
    Ok(())
}

#[test]
fn json_with_a_log_of_its_own_is_not_an_archive() {
    let error = reading(r#"{"log":{"level":"info"}}"#).unwrap_err();
    assert!(matches!(error, RequestFileError::Unrecognized(_)), "{error}");
}

#[test]
fn the_likely_format_of_a_file_is_named() {
    for (text, expected) in [
        (r#"{"object":"event","id":"evt_1"}"#, "looks like a payload without its request"),
        (r#"{"name":"x","dependencies":{}}"#, "looks like a project file such as package.json"),
        (r#"{"openapi":"3.1.0"}"#, "looks like an OpenAPI description"),
        ("<!doctype html><p>", "looks like an HTML page"),
        ("PK\u{3}\u{4}xx", "looks like a ZIP archive"),
        ("type: collection.insomnia.rest/5.0\nname: x\n", "looks like an Insomnia 5 collection"),
        ("nonsense", "first bytes: `nonsense`"),
    ] {
        let error = reading(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn the_media_type_of_a_body_becomes_its_missing_header() -> Tested {
    let request = only(&har_post(r#"{"mimeType":"application/json","text":"{}"}"#, ""))?;
    assert_eq!(header(&request, "content-type").as_deref(), Some("application/json"));
    Ok(())
}

#[test]
fn a_header_of_an_archive_takes_precedence_over_the_media_type() -> Tested {
    let request = har(
        r#"{"method":"POST","url":"http://a/","headers":[{"name":"content-type","value":"text/plain"}],"postData":{"mimeType":"application/json","text":"{}"}}"#,
    );
    assert_eq!(header(&only(&request)?, "content-type").as_deref(), Some("text/plain"));
    Ok(())
}

#[test]
fn a_raw_request_with_a_later_version_is_read() -> Tested {
    let reading = reading("POST /in HTTP/2\r\nhost: a\r\n\r\n{}")?;
    let request = reading.requests.first().ok_or("no request")?;
    assert_eq!(request.head.version.as_str(), "HTTP/1.1");
    assert_eq!(reading.warnings, ["the request line names a later version; stored as HTTP/1.1"]);
    Ok(())
}

const CHUNKED: &str = "POST /in HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

#[test]
fn the_chunks_of_a_raw_request_become_its_body() -> Tested {
    let request = format!("{CHUNKED}3;x=y\r\n{{\"a\r\n4\r\n\":1}}\r\n0\r\n\r\n");
    assert_eq!(body(&request)?, r#"{"a":1}"#);
    Ok(())
}

#[test]
fn the_trailers_of_a_raw_request_are_kept() -> Tested {
    let request = only(&format!("{CHUNKED}2\r\n{{}}\r\n0\r\nX-Sum: 5d\r\n\r\n"))?;
    let trailers: Vec<_> =
        request.head.trailers.iter().map(|trailer| (&*trailer.name, trailer.text())).collect();
    assert_eq!(trailers, [("X-Sum", "5d".into())]);
    Ok(())
}

#[test]
fn invalid_chunks_are_refused() {
    for body in ["", "5\r\nab", "2\r\nabc\r\n0\r\n\r\n", "x\r\n", "0\r\n\r\nmore", "-1\r\n\r\n"] {
        let error = reading(&format!("{CHUNKED}{body}")).map_err(|error| error.to_string());
        let expected = "the chunked body is damaged or truncated";
        assert_eq!(error.err().as_deref(), Some(expected), "{body:?}");
    }
}

#[test]
fn a_body_that_base64_decodes_is_read() -> Tested {
    assert_eq!(
        body("printf %s eyJhIjoiXG4ifQ== | base64 -d | curl --data-binary @- http://a/")?,
        r#"{"a":"\n"}"#
    );
    Ok(())
}

#[test]
fn a_header_that_printf_writes_is_read() -> Tested {
    let request = only(r#"curl -H "$(printf 'X-Latin: caf\351')" -d a http://a/"#)?;
    assert_eq!(header(&request, "x-latin").as_deref(), Some("café"));
    Ok(())
}

#[test]
fn another_command_in_a_word_is_kept_and_reported() -> Tested {
    let reading = reading(r#"curl -d "now=$(date "+%s")" http://a/"#)?;
    let request = reading.requests.first().ok_or("no request")?;
    assert_eq!(String::from_utf8_lossy(&request.body), r#"now=$(date "+%s")"#);
    assert!(reading.warnings.iter().any(|text| text.contains("`$(date")), "{reading:?}");
    Ok(())
}

#[test]
fn deeply_nested_commands_are_read_without_recursion() {
    let nested = "\"$(printf ".repeat(100_000);
    assert!(reading(&format!("curl -d {nested}")).is_err());
}

#[test]
fn a_command_copied_on_windows_is_read() -> Tested {
    let copied = "curl ^\"http://a/in^\" ^\r\n  -H ^\"content-type: application/json^\" ^\r\n  \
                  --data-raw ^\"^{^\\^\"a^\\^\": ^\\^\"100^%^\\^\"^}^\"";
    assert_eq!(body(copied)?, r#"{"a": "100%"}"#);
    Ok(())
}

#[test]
fn a_caret_of_a_posix_command_is_kept() -> Tested {
    assert_eq!(body("curl -d 'a^b' http://a/")?, "a^b");
    Ok(())
}

#[test]
fn the_target_of_a_curl_command_is_kept_as_it_is() -> Tested {
    for target in ["/###", "http://b/abs", "*"] {
        let request = only(&format!("curl --request-target '{target}' http://a/"))?;
        assert_eq!(request.head.target_text(), target);
    }
    Ok(())
}

/// Returns an exported delivery in which one part is replaced.
fn exported_with(part: &str, value: &serde_json::Value) -> String {
    let mut line = serde_json::json!({
        "schema": "hookglass.delivery/1",
        "received_at": "2026-11-23T17:06:48.123456Z",
        "method": "POST",
        "target": "/x",
        "version": "HTTP/1.1",
        "headers": [["Host", "h"]],
        "trailers": [],
        "body": "{}",
    });
    if let Some(found) = line.get_mut(part) {
        *found = value.clone();
    }
    line.to_string()
}

#[test]
fn a_part_of_a_head_brings_no_header_and_no_request_of_its_own() {
    let evil = "x\r\nEvil: 1";
    for (part, value, place) in [
        ("method", serde_json::json!("POST / HTTP/1.1\r\nEvil: 1\r\n\r\nGET"), "the method"),
        ("target", serde_json::json!("/a HTTP/1.1\r\nEvil: 1"), "the target"),
        ("version", serde_json::json!("HTTP/1.1\r\nEvil: 1"), "the version"),
        ("headers", serde_json::json!([["Host", evil]]), "the header `Host`"),
        ("headers", serde_json::json!([["Ho\nst", "h"]]), "the header `Ho\\nst`"),
        ("trailers", serde_json::json!([["X-Sum", evil]]), "the header `X-Sum`"),
    ] {
        let error = reading(&exported_with(part, &value)).unwrap_err().to_string();
        assert_eq!(error, format!("line 1: {place} contains a line break"));
    }
}
