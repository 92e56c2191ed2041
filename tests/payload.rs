//! Payloads as rows: no byte of a body is lost or altered.

mod support;

use bytes::Bytes;
use hookglass::payload::diff::{Diff, IgnoredPaths, Mark};
use hookglass::payload::schema::Schema;
use hookglass::payload::{
    Document, DocumentForm, DocumentSearch, Folds, SearchPattern, json as json_text, pointer,
};
use proptest::prelude::*;
use support::Tested;

fn json(body: &[u8]) -> Document {
    Document::new(Bytes::copy_from_slice(body), Some("application/json"), None)
}

fn lines(document: &Document) -> Vec<String> {
    (0..document.row_count()).filter_map(|row| document.line(row)).collect()
}

/// Returns the text without the blanks between its tokens.
fn without_blanks(text: &str) -> String {
    let (mut out, mut within, mut escaped) = (String::new(), false, false);
    for character in text.chars() {
        if within || !matches!(character, ' ' | '\n' | '\r' | '\t') {
            out.push(character);
        }
        let quote = character == '"' && !escaped;
        escaped = within && character == '\\' && !escaped;
        within ^= quote;
    }
    out
}

/// Returns the bytes of the body that the rows show, without indentation and decoration.
fn sent(document: &Document) -> String {
    let rows = (0..document.row_count()).filter_map(|row| document.row(row));
    let pieces = rows.flat_map(|row| row.pieces).filter(|piece| piece.at.is_some());
    pieces.map(|piece| piece.text.into_owned()).collect()
}

/// Checks that every piece shows the bytes at its position, and that only blanks are not shown.
fn is_faithful(document: &Document) -> Result<(), TestCaseError> {
    let body = document.body();
    let is_blank = |range| {
        let found: Option<&[u8]> = body.get::<std::ops::Range<usize>>(range);
        found.is_some_and(|bytes| bytes.iter().all(u8::is_ascii_whitespace))
    };
    let mut shown = 0;
    for row in 0..document.row_count() {
        let row = document.row(row).ok_or_else(|| TestCaseError::fail("a row is missing"))?;
        for piece in &row.pieces {
            let Some(at) = piece.at else { continue };
            prop_assert!(is_blank(shown..at), "lost before {at}");
            prop_assert_eq!(body.get(at..at + piece.text.len()), Some(piece.text.as_bytes()));
            shown = at + piece.text.len();
        }
    }
    prop_assert!(is_blank(shown..body.len()), "lost at the end");
    Ok(())
}

/// Texts that a parser has to accept, of the kinds in nst/JSONTestSuite.
const ACCEPTED: &[&str] = &[
    "[[]   ]",
    "[\"\"]",
    "[]",
    "[\"a\"]",
    "[false]",
    "[null, 1, \"1\", {}]",
    "[null]",
    "[1\n]",
    " [1]",
    "[1,null,null,null,2]",
    "[2] ",
    "[123e65]",
    "[0e+1]",
    "[0e1]",
    "[ 4]",
    "[-0]",
    "[-0.0]",
    "[-123]",
    "[1E22]",
    "[1E-2]",
    "[1E+2]",
    "[123e45]",
    "[123.456e78]",
    "[1e-2]",
    "[1e+2]",
    "[123]",
    "[123.456789]",
    "[-0.000000000000000000000000000000000000000000000000000000000000000000000001]",
    r#"{"asd":"sdf", "dfg":"fgh"}"#,
    r#"{"asd":"sdf"}"#,
    r#"{"a":"b","a":"c"}"#,
    r#"{"a":"b","a":"b"}"#,
    "{}",
    r#"{"":0}"#,
    r#"{"foo\u0000bar": 42}"#,
    "{\"a\":[]}",
    r#"{"title":"\u041f\u043e\u043b\u0442\u043e\u0440\u0430" }"#,
    "{\n\"a\": \"b\"\n}",
    r#"["\u0060\u012a\u12AB"]"#,
    r#"["\ud801\udc37"]"#,
    r#"["\ud83d\ude39\ud83d\udc8d"]"#,
    r#"["\"\\\/\b\f\n\r\t"]"#,
    r#"["\\u0000"]"#,
    r#"["\""]"#,
    "[\"a/*b*/c/*d//e\"]",
    r#"["\\a"]"#,
    r#"["\\n"]"#,
    r#"["\u0012"]"#,
    r#"["\uFFFF"]"#,
    "[ \"asd\"]",
    "[\"new\\u00A0line\"]",
    "[\"\u{10ffff}\"]",
    "[\"\u{ffff}\"]",
    r#"["\u0000"]"#,
    r#"["\u002c"]"#,
    "[\"π\"]",
    "[\"asd \"]",
    "\" \"",
    r#"["\uD834\uDd1e"]"#,
    r#"["\u0821"]"#,
    "[\"\u{2028}\"]",
    "[\"\u{2029}\"]",
    r#"["\u005C"]"#,
    "[\"\u{7f}\"]",
    "[\"⍂㈴⍂\"]",
    "false",
    "42",
    "-0.1",
    "null",
    "\"asd\"",
    "true",
    "\"\"",
    "[\"a\"]\n",
    "[true]",
    " [] ",
    r#"["\u200B"]"#,
    r#"["\/"]"#,
];

/// Texts that a parser has to refuse.
const REFUSED: &[&str] = &[
    "[1 true]",
    "[\"\": 1]",
    "[\"\"],",
    "[,1]",
    "[1,,2]",
    "[\"x\",,]",
    "[\"x\"]]",
    "[\"\",]",
    "[\"x\"",
    "[x",
    "[3[4]]",
    "[1:2]",
    "[,]",
    "[-]",
    "[   , \"\"]",
    "[\"a\",\n4\n,1,",
    "[1,]",
    "[1,,]",
    "[\"\u{b}a\"\\f]",
    "[*]",
    "[\"\"",
    "[1,",
    "[1,\n1\n,1",
    "[{}",
    "[fals]",
    "[nul]",
    "[tru]",
    "[++1234]",
    "[+1]",
    "[+Inf]",
    "[-01]",
    "[-1.0.]",
    "[-2.]",
    "[-NaN]",
    "[.-1]",
    "[.2e-3]",
    "[0.1.2]",
    "[0.3e+]",
    "[0.3e]",
    "[0.e1]",
    "[0E+]",
    "[0E]",
    "[1.0e+]",
    "[1.0e-]",
    "[1.0e]",
    "[1 000.0]",
    "[1eE2]",
    "[2.e+3]",
    "[2.e-3]",
    "[2.e3]",
    "[9.e+]",
    "[Inf]",
    "[NaN]",
    "[1+2]",
    "[0x1]",
    "[0x42]",
    "[Infinity]",
    "[-Infinity]",
    "[-foo]",
    "[- 1]",
    "[-012]",
    "[-.123]",
    "[-1x]",
    "[1ea]",
    "[1.]",
    "[.123]",
    "[1.2a-3]",
    "[1.8011670033376514H-308]",
    "[012]",
    "[\"x\", truth]",
    "{[: \"x\"}",
    "{\"x\", null}",
    "{\"x\"::\"b\"}",
    "{🇨🇭}",
    "{\"a\":\"a\" 123}",
    "{key: 'value'}",
    "{\"a\" b}",
    "{:\"b\"}",
    "{\"a\" \"b\"}",
    "{\"a\":",
    "{\"a\"",
    "{1:1}",
    "{9999E9999:1}",
    "{null:null,null:null}",
    "{\"id\":0,,,,,}",
    "{'a':0}",
    "{\"id\":0,}",
    "{\"a\":\"b\"}/**/",
    "{\"a\":\"b\"}/**//",
    "{\"a\":\"b\"}//",
    "{\"a\":\"b\",,\"c\":\"d\"}",
    "{a: \"b\"}",
    "{\"a\":\"a",
    "{ \"foo\" : \"bar\", \"a\" }",
    "{\"a\":\"b\"}#",
    " ",
    "[\"\\uD800\\",
    "[\"\\uD800\\u\"]",
    "[\"\\uD800\\u1\"]",
    "[\"\\uD800\\u1x\"]",
    "[é]",
    "[\"\\x00\"]",
    "[\"\\\\\\\"]",
    "[\"\\\t\"]",
    "[\"\\🌀\"]",
    "[\"\\\"]",
    "[\"\\u00A\"]",
    "[\"\\uD834\\uDd\"]",
    "[\"\\uD800\\uD800\\x\"]",
    "[\"\\a\"]",
    "[\"\\uqqqq\"]",
    "[\\u0020\"asd\"]",
    "[\\n]",
    "\"",
    "['single quote']",
    "abc",
    "[\"\\",
    "[\"a\u{0}a\"]",
    "[\"new\nline\"]",
    "[\"\t\"]",
    "\"\\UA66D\"",
    "\"x",
    "<.>",
    "[<null>]",
    "[1]x",
    "[1]]",
    "[][]",
    "]",
    "{\"x\": true,",
    "[",
    "{}}",
    "{\"\":",
    "{\"a\":/*comment*/\"b\"}",
    "{",
    "{\"a",
    "[\"a",
    "{'a'",
    "[\"\\{[\"\\{[\"\\{[\"\\{",
    "é",
    "*",
    "{\"a\":\"b\"}#{}",
    "[\u{2060}]",
    "[\"a\",",
    "{]",
    "{,",
    "{[",
    "[{",
    "🌀",
    "1]",
    "1 2",
    "\u{c}",
    "[\u{c}]",
    "nan",
    "--1",
    "[1}",
    "{\"a\":1]",
];

/// Texts that a parser may refuse and hookglass shows: lone surrogates, and numbers beyond the
/// range of a float.
const FREE: &[&str] = &[
    "[123.456e-789]",
    "[0.4e00669999999999999999999999999999999999999999999999999999999999999999]",
    "[-1e+9999]",
    "[1.5e+9999]",
    "[-123123e100000]",
    "[123123e100000]",
    "[123123123123123123123123]",
    "[-123123123123123123123123123123]",
    r#"["\uDADA"]"#,
    r#"["\uD888\u1234"]"#,
    r#"["\uD800\n"]"#,
    r#"["\uDd1ea"]"#,
    r#"["\ud800abc"]"#,
    r#"{"\uDFAA":0}"#,
    r#"["\uD800\uD800\n"]"#,
    "[100000000000000000000]",
];

#[test]
fn every_kind_of_json_is_shown_as_it_was_sent() -> Tested {
    for text in ACCEPTED.iter().chain(FREE) {
        let document = json(text.as_bytes());
        assert_eq!((document.form(), document.note()), (DocumentForm::Json, None), "{text}");
        assert_eq!(sent(&document), without_blanks(text), "{text}");
    }
    for text in REFUSED {
        let document = json(text.as_bytes());
        let note = document.note().unwrap_or_default();
        assert!(note.starts_with("invalid JSON at line"), "{text}: {note}");
        is_faithful(&document).map_err(|error| format!("{text}: {error}"))?;
    }
    Ok(())
}

#[test]
fn numbers_keys_and_escapes_are_shown_as_sent() {
    let body = r#"{"b":1.0,"a":12345678901234567890,"b":"\/é","c":[],"d":[1,{}]}"#;
    let shown = lines(&json(body.as_bytes()));
    let expected = [
        "{",
        "  \"b\": 1.0,",
        "  \"a\": 12345678901234567890,",
        "  \"b\": \"\\/é\",",
        "  \"c\": [],",
        "  \"d\": [",
        "    1,",
        "    {}",
        "  ]",
        "}",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn broken_json_is_shown_as_far_as_it_goes() {
    let document = json(b"{\"a\":1,\n \"b\":[2,tru],\n \"c\":3}");
    assert_eq!(
        lines(&document),
        ["{", "  \"a\": 1,", "  \"b\": [", "    2,", "tru],", " \"c\":3}"]
    );
    let note = "invalid JSON at line 2 column 9 (byte 16): expected true, false or null; the rest \
    is shown as received";
    assert_eq!(document.note(), Some(note));
    assert_eq!(document.folded_row(0).map(|row| row.text()).as_deref(), Some("{a: 1, b: [2"));
    let opened = json(b"[{");
    assert_eq!((opened.last_folded(0), opened.last_folded(1)), (Some(1), None));
    let log = Document::new("[info] started".into(), None, None);
    assert_eq!((log.form(), log.note(), log.row_count()), (DocumentForm::Text, None, 1));
}

#[test]
fn deep_nesting_neither_overflows_nor_leaves_the_screen() {
    for body in
        ["[".repeat(100_000) + &"]".repeat(100_000), "[".repeat(100_000), "{\"a\":[".repeat(50_000)]
    {
        let document = json(body.as_bytes());
        assert_eq!(document.form(), DocumentForm::Json);
        assert!((0..document.row_count()).all(|row| document.row(row).unwrap().len() < 200));
        let deep = document.row_count() / 2;
        assert!(document.node(deep).unwrap().path().jq().len() > 10_000);
        let mut folds = Folds::default();
        folds.fold_to(&document, 3);
        assert!(folds.visible_count(&document) < 8);
        assert!(folds.reveal(&document, deep));
        assert_eq!(folds.hidden_by(deep), None);
    }
}

#[test]
fn values_have_their_positions() -> Tested {
    let body =
        r#"{"payload":{"items":[{"odd key":"a\u00e9\/"},17,{"at":1700000000123}]},"n":1.50}"#;
    let document = json(body.as_bytes());
    let row_of = |text: &str| {
        let found = lines(&document).iter().position(|line| line.contains(text));
        found.ok_or_else(|| format!("no {text}"))
    };
    let odd = document.node(row_of("odd key")?).ok_or("no value")?;
    assert_eq!(odd.path().breadcrumb(), r#".payload.items[0]."odd key""#);
    assert_eq!(odd.path().jq(), r#".payload.items[0]["odd key"]"#);
    assert_eq!(odd.path().filter(), r#".payload.items.0."odd key""#);
    assert_eq!((odd.source(), odd.string().as_deref()), (r#""a\u00e9\/""#, Some("aé/")));
    let at = document.node(row_of("\"at\"")?).ok_or("no value")?;
    assert_eq!(at.instant().ok_or("no time")?.to_string(), "2023-11-14T22:13:20.123Z");
    assert_eq!(document.node(row_of("17,")?).ok_or("no value")?.instant(), None);
    for (number, time) in [
        ("1700000000", Some("2023-11-14T22:13:20Z")),
        ("1700000000123456", Some("2023-11-14T22:13:20.123456Z")),
        ("1700000000123456789", Some("2023-11-14T22:13:20.123456789Z")),
        ("4200000000", None),
        ("170000000", None),
        ("1700000000.5", None),
        ("\"1700000000\"", None),
    ] {
        let document = json(number.as_bytes());
        let found = document.node(0).and_then(|node| node.instant()).map(|at| at.to_string());
        assert_eq!(found.as_deref(), time, "{number}");
    }
    let items = document.node(row_of("items")?).ok_or("no value")?;
    assert_eq!(items.key().as_deref(), Some("items"));
    assert_eq!(items.source(), r#"[{"odd key":"a\u00e9\/"},17,{"at":1700000000123}]"#);
    let end = document.node(document.row_count() - 1).ok_or("no value")?;
    assert_eq!(end.source(), body);
    Ok(())
}

#[test]
fn rows_lead_to_each_other() {
    let document = json(br#"{"a":{"x":1},"b":[{"x":2},[],3],"x":4}"#);
    let shown = lines(&document);
    let row_of = |text: &str| shown.iter().position(|line| line.trim() == text).unwrap();
    let (a, b, x) = (row_of("\"a\": {"), row_of("\"b\": ["), row_of("\"x\": 4"));
    assert_eq!((document.next_sibling(a), document.next_sibling(b)), (Some(b), Some(x)));
    assert_eq!((document.previous_sibling(x), document.previous_sibling(b)), (Some(b), Some(a)));
    assert_eq!((document.previous_sibling(a), document.next_sibling(x)), (None, None));
    assert_eq!((document.parent(a), document.parent(0)), (Some(0), None));
    assert_eq!((document.first_child(0), document.first_child(x)), (Some(a), None));
    assert_eq!(document.first_child(row_of("[],")), None);
    let (one, two) = (row_of("\"x\": 1"), row_of("\"x\": 2"));
    assert_eq!((document.next_same_key(one), document.next_same_key(two)), (Some(two), Some(x)));
    assert_eq!((document.next_same_key(x), document.previous_same_key(one)), (Some(one), Some(x)));
    assert_eq!((document.next_same_key(a), document.next_same_key(0)), (None, None));
    // From a closing row, keys lead where they lead from its value.
    let end_of_a = b - 1;
    assert_eq!((document.parent(end_of_a), document.next_sibling(end_of_a)), (Some(0), Some(b)));
}

#[test]
fn json_lines_are_trees_one_after_another() {
    let body = "{\"a\":1}\n\n[2]\n{\"b\":\n{\"c\":3}\n";
    let lines_of = |kind| {
        let document = Document::new(body.into(), kind, None);
        (lines(&document), document.note().unwrap_or_default().to_owned(), document.form())
    };
    let (shown, note, form) = lines_of(Some("application/x-ndjson"));
    let expected = ["{", "  \"a\": 1", "}", "[", "  2", "]", "{\"b\":", "{", "  \"c\": 3", "}"];
    assert_eq!((shown, form), (expected.map(str::to_owned).to_vec(), DocumentForm::JsonLines));
    assert!(note.starts_with("4 lines; invalid JSON at line 4 column 6 (byte 18)"), "{note}");
    let (shown, note, form) = lines_of(None);
    assert_eq!((shown.len(), form), (10, DocumentForm::JsonLines));
    assert!(note.contains("as a single JSON document it would end at line 3 column 1"), "{note}");
}

#[test]
fn forms_show_names_values_and_json() {
    let kind = Some("application/x-www-form-urlencoded; charset=utf-8");
    let body = "a=1+2&payload=%7B%22zen%22%3A%5B1%5D%7D&b=%C3%A9";
    let document = Document::new(body.into(), kind, None);
    assert_eq!(document.form(), DocumentForm::Form);
    let expected =
        ["a = 1 2", "payload =", "  {", "    \"zen\": [", "      1", "    ]", "  }", "b = é"];
    assert_eq!(lines(&document), expected);
    assert_eq!(document.node(3).map(|node| node.path().breadcrumb()).as_deref(), Some(".zen"));
    assert_eq!((document.parent(2), document.last_folded(1)), (Some(1), Some(6)));
    let curl = Document::new("{\"a\":1}".into(), kind, None);
    assert_eq!(
        (curl.form(), curl.note()),
        (DocumentForm::Json, Some("Body is JSON, but Content-Type says form"))
    );
}

#[test]
fn parts_are_shown_by_their_own_rules() {
    let body = "--x\r\nContent-Disposition: form-data; name=\"meta\"\r\nContent-Type: \
    application/json\
                \r\n\r\n{\"a\":1}\r\n--x\r\nContent-Disposition: form-data; name=\"f\"; \
                filename=\"f.bin\"\r\n\r\n\u{0}\u{1}\r\n--x--\r\n";
    let document = Document::new(body.into(), Some("multipart/form-data; boundary=x"), None);
    assert_eq!((document.form(), document.note()), (DocumentForm::Multipart, Some("2 parts")));
    let expected = [
        "part 1: \"meta\", application/json, 7 bytes",
        "  Content-Disposition: form-data; name=\"meta\"",
        "  Content-Type: application/json",
        "  {",
        "    \"a\": 1",
        "  }",
        "part 2: \"f\", file \"f.bin\", 2 bytes",
        "  Content-Disposition: form-data; name=\"f\"; filename=\"f.bin\"",
        "  00000000  00 01                                             ..",
        "  (the body contains NUL bytes; shown as hex)",
    ];
    assert_eq!(lines(&document), expected);
    assert_eq!((document.next_sibling(0), document.previous_sibling(6)), (Some(6), Some(0)));
    let mut folds = Folds::default();
    folds.fold_to(&document, 0);
    assert_eq!(folds.visible_count(&document), 2);
    assert_eq!(
        document.folded_row(6).map(|row| row.text().ends_with("2 bytes … 3 rows")),
        Some(true)
    );
}

#[test]
fn other_forms_come_as_they_are() {
    let form = |body: &'static [u8], kind| {
        let document = Document::new(Bytes::from_static(body), kind, None);
        (document.form(), lines(&document).join("|"))
    };
    assert_eq!(form(b"a\r\n\nb\n", None), (DocumentForm::Text, "a||b".to_owned()));
    assert_eq!(form(b"<a><b>1</b></a>", Some("text/xml")).1, "<a>|  <b>1</b>|</a>");
    assert_eq!(
        form(b"<a>x<b/></a>", Some("a/b+xml")),
        (DocumentForm::Xml, "<a>x<b/></a>".to_owned())
    );
    assert_eq!(
        form(b"<!DOCTYPE html><p>", None),
        (DocumentForm::Html, "<!DOCTYPE html><p>".to_owned())
    );
    assert_eq!(form(b"caf\xe9", Some("text/plain; charset=latin1")).1, "café");
    assert_eq!(form(b"", None), (DocumentForm::Empty, String::new()));
    assert_eq!(form(b"\xff\xfe\xfd", Some("image/png")).0, DocumentForm::Hex);
    assert_eq!(form(b"a\0b", None).0, DocumentForm::Hex);
    let hex = Document::hex("{}".into());
    assert_eq!((hex.form(), hex.row_count()), (DocumentForm::Hex, 1));
}

#[test]
fn xml_is_walked_and_folded_like_json() {
    let body = "<r><a><x>1</x></a><b/><c><y>2</y><z/></c></r>";
    let document = Document::new(body.into(), Some("application/xml"), None);
    let row_of = |text: &str| lines(&document).iter().position(|line| line.trim() == text).unwrap();
    let (a, b, c) = (row_of("<a>"), row_of("<b/>"), row_of("<c>"));
    assert_eq!((document.next_sibling(a), document.next_sibling(b)), (Some(b), Some(c)));
    assert_eq!((document.previous_sibling(c), document.previous_sibling(b)), (Some(b), Some(a)));
    assert_eq!((document.parent(a), document.parent(row_of("<z/>"))), (Some(0), Some(c)));
    assert_eq!((document.next_sibling(c), document.first_child(c)), (None, Some(c + 1)));
    assert_eq!(document.next_sibling(row_of("</a>")), Some(b));
    let mut folds = Folds::default();
    folds.fold_to(&document, 1);
    assert_eq!(folds.visible_count(&document), 5);
    assert!(folds.reveal(&document, row_of("<z/>")) && folds.is_folded(a) && !folds.is_folded(c));
}

/// Returns a difference as text: the sign, `!` if it is muted, and the rows.
fn compared(old: &str, new: &str, muted: &IgnoredPaths) -> (Vec<String>, String) {
    let of = |body: &str| Document::new(Bytes::copy_from_slice(body.as_bytes()), None, None);
    let (old, new) = (of(old), of(new));
    let diff = Diff::new(&old, &new, muted);
    let text = |document: &Document, row, folded| {
        let row = if folded { document.folded_row(row) } else { document.row(row) };
        row.map(|row| row.text()).unwrap_or_default()
    };
    let rows = diff.rows.iter().map(|row| {
        let before = row.old().map(|at| text(&old, at, row.is_folded));
        let after = row.new_row().map(|at| text(&new, at, row.is_folded));
        let shown = match (before, after) {
            (Some(before), Some(after)) if row.mark == Mark::Changed => {
                format!("{before} -> {}", after.trim())
            }
            (before, after) => after.or(before).unwrap_or_default(),
        };
        format!("{}{}{shown}", row.mark.sign(), if row.is_muted { '!' } else { ' ' })
    });
    (rows.collect(), diff.notes.join("; "))
}

#[test]
fn json_is_compared_by_structure() {
    let old =
        r#"{"id":"a","n":1.0,"at":1700000000,"gone":{"x":[1]},"list":[1,2,3],"same":{"k":1}}"#;
    let new = r#"{"n":1,"id":"a","at":1700000001,"list":[3,1,2,4],"same":{"k":1},"come":null}"#;
    let (rows, notes) = compared(old, new, &IgnoredPaths::default());
    let expected = [
        "  {",
        "~   \"n\": 1.0, -> \"n\": 1,",
        "    \"id\": \"a\",",
        "~!  \"at\": 1700000000, -> \"at\": 1700000001,",
        "-   \"gone\": {",
        "-     \"x\": [",
        "-       1",
        "-     ]",
        "-   },",
        "    \"list\": [",
        ">     3,",
        "      1,",
        "      2,",
        "+     4",
        "    ],",
        "    \"same\": {k: 1},",
        "+   \"come\": null",
        "  }",
    ];
    assert_eq!(rows, expected);
    assert_eq!(notes, "different key order in 1 object");
    let (rows, _) = compared("[[1,2]]", "[[2,1]]", &IgnoredPaths::default());
    assert_eq!(rows, ["  [", "    [", ">     2,", "      1", "    ]", "  ]"]);
}

#[test]
fn items_with_an_id_are_compared_with_each_other() {
    let old = r#"{"l":[{"id":1,"v":"a"},{"id":2,"v":"b"}]}"#;
    let new = r#"{"l":[{"id":0,"v":"z"},{"id":2,"v":"c"},{"id":1,"v":"a"}]}"#;
    let (rows, _) = compared(old, new, &IgnoredPaths::default());
    let changed: Vec<_> = rows.iter().filter(|row| !row.starts_with(' ')).collect();
    let expected = [
        "+     {",
        "+       \"id\": 0,",
        "+       \"v\": \"z\"",
        "+     },",
        "~       \"v\": \"b\" -> \"v\": \"c\"",
    ];
    assert_eq!(changed, expected);
}

#[test]
fn expected_differences_are_muted() -> Tested {
    let old = r#"{"id":"a","when":"2026-01-01T00:00:00Z","l":[{"etag":1,"v":1}],"x_at":1}"#;
    let new = r#"{"id":"b","when":"2026-01-02T00:00:00Z","l":[{"etag":2,"v":2}]}"#;
    let signs = |muted: &IgnoredPaths| {
        let (rows, _) = compared(old, new, muted);
        let changed = rows.iter().filter(|row| !row.starts_with(' '));
        changed.map(|row| row.chars().take(2).collect::<String>()).collect::<Vec<_>>().join("|")
    };
    assert_eq!(signs(&IgnoredPaths::default()), "~ |~!|~ |~ |- ");
    let became = compared("[17]", "[1700000000]", &IgnoredPaths::default()).0;
    assert_eq!(became.get(1).map(|row| row.starts_with("~ ")), Some(true), "{became:?}");
    let paths = IgnoredPaths::paths(&[".id", ".l[].etag", "*_at"])?;
    assert_eq!(signs(&paths), "~!|~!|~!|~ |-!");
    Ok(())
}

#[test]
fn other_payloads_are_compared_by_line() {
    let (rows, notes) = compared("a\nb\nc", "a\nx\nc\nd", &IgnoredPaths::default());
    assert_eq!(rows, ["  a", "- b", "+ x", "  c", "+ d"]);
    assert_eq!(notes, "compared line by line");
    let (rows, notes) = compared("{\"a\":1}", "{\"a\":2", &IgnoredPaths::default());
    assert_eq!((rows.len(), notes.as_str()), (4, "compared line by line"));
    let (rows, notes) = compared("[1]", "[ 1]", &IgnoredPaths::default());
    assert_eq!(rows, ["  [1]"]);
    assert_eq!(notes, "same values: only whitespace, escapes, or key order differ");
    assert_eq!(compared("[1]", "[1]", &IgnoredPaths::default()).1, "identical bytes");
}

/// Returns text made of tokens of JSON, so that most of it is almost valid.
fn nearly_json() -> impl Strategy<Value = String> {
    const WORDS: [&str; 34] = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\"a\"",
        "\"\\u00e9\"",
        "\"b\":",
        "1",
        "-",
        "0",
        "1.5",
        "e3",
        "true",
        "null",
        "fals",
        " ",
        "\n",
        "\t",
        "é",
        "\u{0}",
        "{}",
        "[]",
        "[1,2]",
        "{\"k\":1}",
        "\"\\ud800\"",
        "/",
        ",\"x\":[",
        "],",
        "},",
        "\"long enough for a word\"",
    ];
    prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..40).prop_map(|w| w.concat())
}

/// Returns a valid JSON text with blanks between some tokens.
fn valid_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,3})?",
        "\"([a-zé漢 ]|\\\\n|\\\\/|\\\\u00[eE]9|\\\\\"){0,12}\"",
    ];
    let blank = || "[ \n\r\t]{0,2}";
    leaf.prop_recursive(6, 64, 6, move |inner| {
        let item = (blank(), inner.clone(), blank()).prop_map(|(a, b, c)| a + &b + &c);
        let member = (blank(), "[a-z]{0,3}", blank(), inner, blank())
            .prop_map(|(a, key, b, value, c)| format!("{a}\"{key}\"{b}:{value}{c}"));
        prop_oneof![
            prop::collection::vec(item, 1..6).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(member, 1..6).prop_map(|all| format!("{{{}}}", all.join(","))),
            blank().prop_map(|blank| format!("[{blank}]")),
        ]
    })
}

/// Collects every JSON pointer into a value, with the value there.
fn pointers<'v>(
    value: &'v serde_json::Value,
    at: &str,
    out: &mut Vec<(String, &'v serde_json::Value)>,
) {
    out.push((at.to_owned(), value));
    match value {
        serde_json::Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| pointers(item, &format!("{at}/{index}"), out));
        }
        serde_json::Value::Object(members) => {
            members.iter().for_each(|(key, item)| pointers(item, &format!("{at}/{key}"), out));
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn the_reader_accepts_what_serde_json_accepts(text in nearly_json()) {
        let valid = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        prop_assert_eq!(json_text::is_valid(text.as_bytes()), valid);
    }

    #[test]
    fn pointers_lead_where_serde_json_finds_them(text in valid_json()) {
        // Numbers beyond the range of a float are valid, but no `Value` can hold them.
        let Ok(value) = serde_json::from_str::<serde_json::Value>(&text) else { return Ok(()) };
        let mut all = Vec::new();
        pointers(&value, "", &mut all);
        for (at, expected) in all {
            let steps: Vec<String> = at.split('/').skip(1).map(str::to_owned).collect();
            let found = pointer::raw(text.as_bytes(), &steps);
            let found = found.and_then(|found| serde_json::from_str::<serde_json::Value>(found).ok());
            prop_assert_eq!(found.as_ref(), Some(expected), "at {}", at);
        }
    }

    #[test]
    fn compact_json_is_the_same_value(text in valid_json()) {
        let compact = json_text::compact(&text);
        prop_assert_eq!(without_blanks(&compact), without_blanks(&text));
        prop_assert!(json_text::is_valid(compact.as_bytes()));
    }

    #[test]
    fn tokens_are_what_was_sent(text in valid_json()) {
        let document = json(text.as_bytes());
        prop_assert_eq!(document.note(), None);
        prop_assert_eq!(sent(&document), without_blanks(&text));
        is_faithful(&document)?;
    }

    #[test]
    fn nothing_of_broken_json_is_lost(text in nearly_json()) {
        let document = json(text.as_bytes());
        let valid = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        if !text.is_empty() && document.form() == DocumentForm::Json {
            prop_assert_eq!(document.note().is_none(), valid, "{:?}", document.note());
        }
        is_faithful(&document)?;
        let lines = Document::new(text.into(), Some("application/x-ndjson"), None);
        is_faithful(&lines)?;
    }

    #[test]
    fn folds_agree_with_the_rows_they_hide(text in valid_json(), rows in prop::collection::vec(0..40_usize, 0..12)) {
        let document = json(text.as_bytes());
        let mut folds = Folds::default();
        for row in &rows {
            folds.toggle(&document, *row);
        }
        let mut hidden = vec![false; document.row_count()];
        for row in (0..document.row_count()).filter(|row| folds.is_folded(*row)) {
            let last = document.last_folded(row).unwrap_or(row);
            hidden[row + 1..=last].fill(true);
        }
        let visible: Vec<usize> = (0..hidden.len()).filter(|row| !hidden[*row]).collect();
        prop_assert_eq!(folds.visible_count(&document), visible.len());
        for (at, row) in visible.iter().enumerate() {
            prop_assert_eq!(folds.absolute(&document, at), Some(*row));
            prop_assert_eq!(folds.visible(*row), at);
        }
        prop_assert_eq!(folds.absolute(&document, visible.len()), None);
        for (row, hidden) in hidden.iter().enumerate() {
            prop_assert_eq!(folds.hidden_by(row).is_some(), *hidden);
        }
        for row in 0..hidden.len() {
            folds.reveal(&document, row);
            prop_assert_eq!(folds.hidden_by(row), None);
        }
    }

    #[test]
    fn siblings_and_parents_agree(text in valid_json()) {
        let document = json(text.as_bytes());
        for row in 0..document.row_count() {
            if let Some(next) = document.next_sibling(row) {
                prop_assert_eq!(document.previous_sibling(next), Some(document.head(row)));
                prop_assert_eq!(document.parent(next), document.parent(row));
            }
            if let Some(child) = document.first_child(row) {
                prop_assert_eq!(document.parent(child), Some(row));
            }
        }
    }

    /// Runs every operation on a document: no panic, and every link between rows leads to a row.
    #[test]
    fn no_body_makes_an_operation_panic(
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            nearly_json().prop_map(String::into_bytes),
            "(--b(\r\n|--|\n)|[a-c]: \
             x\n|\n|\\{\"a\":1\\}|<[a-b]>|</[a-b]>|x){0,30}".prop_map(String::into_bytes),
        ],
        kind in prop::sample::select(KINDS.to_vec()),
        coding in prop::sample::select(CODINGS.to_vec()),
        typed in "[a-cé\"/\\\\(*{x]{0,4}",
        at in 0..60_usize,
    ) {
        let document = Document::new(body.clone().into(), kind, coding);
        prop_assert_eq!(document.wire(), &body);
        for row in 0..document.row_count() {
            let shown = document.row(row);
            prop_assert!(shown.is_some(), "row {} of {}", row, document.row_count());
            prop_assert!(document.folded_row(row).is_some());
            for piece in shown.iter().flat_map(|row| &row.pieces) {
                if let Some(at) = piece.at {
                    prop_assert_eq!(document.row_at(at), row);
                }
            }
            if let Some(last) = document.last_folded(row) {
                prop_assert!(last > row && last < document.row_count());
            }
            if let Some(parent) = document.parent(row) {
                prop_assert!(parent < row);
            }
            let others = [document.next_sibling(row), document.previous_sibling(row),
                document.first_child(row), document.next_same_key(row), document.previous_same_key(row)];
            prop_assert!(others.into_iter().flatten().all(|other| other < document.row_count()));
            if let Some(node) = document.node(row) {
                let _ = (node.path().jq(), node.path().jq(), node.string(), node.instant());
            }
        }
        prop_assert_eq!(document.row(document.row_count()), None);
        let mut folds = Folds::default();
        folds.fold_to(&document, at % 3);
        folds.toggle_all(&document, at);
        folds.reveal(&document, at);
        if let Ok(pattern) = SearchPattern::read(&typed) {
            let (mut small, mut large) = (DocumentSearch::new(pattern.clone()), DocumentSearch::new(pattern));
            while small.advance(&document, 5) {}
            while large.advance(&document, 5000) {}
            prop_assert_eq!(small.count(), large.count());
            for hit in 0..small.count() {
                let row = small.row(&document, hit);
                prop_assert!(row.is_some_and(|row| row < document.row_count()));
                prop_assert_eq!(small.hit(hit), large.hit(hit));
            }
            prop_assert!(small.hits_between(at..at + 1).count() <= small.count());
        }
        let _ = Schema::of(&document);
        let other = Document::hex(body.into());
        let _ = Diff::new(&document, &other, &IgnoredPaths::default());
    }

    #[test]
    fn a_difference_holds_every_row_once(old in nearly_json(), new in nearly_json(), valid in (valid_json(), valid_json())) {
        for (old, new) in [(old, new), valid] {
            let (old, new) = (json(old.as_bytes()), json(new.as_bytes()));
            let diff = Diff::new(&old, &new, &IgnoredPaths::default());
            if diff.rows.is_empty() {
                prop_assert!(old.body() == new.body() || (old.row_count() == 0 && new.row_count() == 0));
                continue;
            }
            let covered = |document: &Document, row: &dyn Fn(&hookglass::payload::diff::DiffRow) -> Option<usize>| {
                let mut seen: Vec<usize> = Vec::new();
                for found in &diff.rows {
                    let Some(first) = row(found) else { continue };
                    let last = if found.is_folded { document.last_folded(first).unwrap_or(first) } else { first };
                    seen.extend(first..=last);
                }
                seen.sort_unstable();
                seen
            };
            prop_assert_eq!(covered(&old, &|row| row.old()), (0..old.row_count()).collect::<Vec<_>>());
            prop_assert_eq!(covered(&new, &|row| row.new_row()), (0..new.row_count()).collect::<Vec<_>>());
        }
    }
}

const KINDS: [Option<&str>; 10] = [
    None,
    Some("application/json"),
    Some("application/x-ndjson"),
    Some("application/x-www-form-urlencoded"),
    Some("multipart/form-data; boundary=b"),
    Some("text/xml; charset=utf-16"),
    Some("application/xml"),
    Some("text/html"),
    Some("text/plain; charset=shift_jis"),
    Some("image/png"),
];

const CODINGS: [Option<&str>; 7] = [
    None,
    Some("gzip"),
    Some("deflate"),
    Some("br"),
    Some("zstd"),
    Some("gzip, br"),
    Some("nonsense"),
];

/// Returns the rows of a form with a binary file, at a width.
fn multipart_with_bytes(width: usize) -> Vec<String> {
    let mut body = b"--b\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\n".to_vec();
    body.extend(0..16);
    body.extend(b"\r\n--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\ntext\r\n--b--\r\n");
    let document = Document::new(body.into(), Some("multipart/form-data; boundary=b"), None);
    let document = document.hex_fitted(width).unwrap_or(document);
    (0..document.row_count()).filter_map(|row| Some(document.folded_row(row)?.text())).collect()
}

#[test]
fn bytes_of_a_part_have_eight_to_a_row_in_a_narrow_pane() {
    let rows = multipart_with_bytes(50);
    assert!(
        rows.iter().any(|row| row.trim() == "00000008  08 09 0a 0b 0c 0d 0e 0f  ........"),
        "{rows:#?}"
    );
}

#[test]
fn a_heading_counts_the_rows_of_a_part_in_a_narrow_pane() {
    let rows = multipart_with_bytes(50);
    assert!(rows.iter().any(|row| row.ends_with("… 2 rows")), "{rows:#?}");
}

#[test]
fn parts_after_bytes_keep_their_rows_in_a_narrow_pane() {
    let rows = multipart_with_bytes(50);
    assert_eq!(rows.last().map(|row| row.trim()), Some("text"), "{rows:#?}");
}
