//! Parses a script by the grammar in [`super`].

use std::str::FromStr;
use std::time::Duration;

use super::script::{Canned, HubProgram, ResponseBody};
use super::token::ScriptCursor;
use super::{Script, ScriptAction, ScriptStep};
use crate::delivery::{Header, is_hop_by_hop};
use crate::diagnostic::Diagnostic;
use crate::units::parse_duration;

const ACTIONS: &str = "a status from 200 to 599, timeout, close, hold, pass, or hub:NAME";

/// Maximum number of steps, more than anybody writes by hand.
const MAX_STEPS: usize = 256;

impl FromStr for Script {
    type Err = Diagnostic;

    fn from_str(text: &str) -> Result<Self, Diagnostic> {
        script(text)
    }
}

fn script(text: &str) -> Result<Script, Diagnostic> {
    let mut walk = ScriptCursor::new(text);
    let mut steps = Vec::new();
    loop {
        walk.skip_space();
        steps.push(step(&mut walk)?);
        walk.skip_space();
        if walk.is_over() {
            return Ok(Script { steps, text: text.trim().to_owned() });
        }
        if !walk.past(",") {
            return Err(walk.expected("a comma, x and a count, ; and a header, or : and an option"));
        }
        if steps.len() == MAX_STEPS {
            return Err(walk.wrong(walk.at(), format!("more than {MAX_STEPS} steps")));
        }
    }
}

fn step(walk: &mut ScriptCursor<'_>) -> Result<ScriptStep, Diagnostic> {
    let chance = chance(walk)?;
    let action = action(walk)?;
    let times = count(walk)?;
    let mut step = ScriptStep { chance, times, delay: Duration::ZERO, action };
    loop {
        walk.skip_space();
        if walk.past(";") {
            header(walk, &mut step)?;
        } else if walk.past(":") {
            option(walk, &mut step)?;
        } else {
            return Ok(step);
        }
    }
}

/// Reads `10%:`, if present.
fn chance(walk: &mut ScriptCursor<'_>) -> Result<f64, Diagnostic> {
    let start = walk.at();
    let digits = |letter: char| letter.is_ascii_digit() || letter == '.';
    let number: &str = walk.rest().split(|letter| !digits(letter)).next().unwrap_or_default();
    if !walk.rest().get(number.len()..).is_some_and(|behind| behind.starts_with('%')) {
        return Ok(1.0);
    }
    let number = walk.while_(digits);
    let percent = number.parse().ok().filter(|percent: &f64| *percent > 0.0 && *percent <= 100.0);
    let percent =
        percent.ok_or_else(|| walk.wrong(start, "expected a share above 0% and at most 100%"))?;
    walk.past("%");
    if !walk.past(":") {
        return Err(walk.expected("a colon after the share, e.g. 10%:500"));
    }
    walk.skip_space();
    Ok(percent / 100.0)
}

fn action(walk: &mut ScriptCursor<'_>) -> Result<ScriptAction, Diagnostic> {
    let start = walk.at();
    let wrong = |walk: &ScriptCursor<'_>, found: &str| {
        let found = if found.is_empty() { "nothing".to_owned() } else { format!("`{found}`") };
        walk.wrong(start, format!("expected {ACTIONS}, found {found}"))
    };
    if walk.rest().starts_with(|letter: char| letter.is_ascii_digit()) {
        let digits = walk.while_(|letter| letter.is_ascii_digit());
        let status = digits.parse().ok().filter(|status| (200..=599).contains(status));
        return status
            .map(|status| ScriptAction::Respond(Canned::bare(status)))
            .ok_or_else(|| wrong(walk, digits));
    }
    let known = [
        ("timeout", ScriptAction::Timeout),
        ("close", ScriptAction::Close),
        ("hold", ScriptAction::Hold),
        ("pass", ScriptAction::Pass),
    ];
    for (word, action) in known {
        if walk.past(word) {
            return Ok(action);
        }
    }
    if walk.past("hub:") {
        let name_at = walk.at();
        let name = walk.value()?;
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(walk.wrong(name_at, "expected a name on the hub, e.g. hub:ann"));
        }
        return Ok(ScriptAction::Ask(HubProgram { name, timeout: HubProgram::TIMEOUT }));
    }
    let found = walk.while_(|letter| !",;:".contains(letter) && !letter.is_whitespace());
    Err(wrong(walk, found))
}

/// Reads `x2`, if present.
fn count(walk: &mut ScriptCursor<'_>) -> Result<u64, Diagnostic> {
    if !walk.past("x") {
        return Ok(1);
    }
    let start = walk.at();
    let digits = walk.while_(|letter| letter.is_ascii_digit());
    let count = digits.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| walk.wrong(start, "expected a count after the x, e.g. 500x2"))
}

fn answer<'s>(
    walk: &ScriptCursor<'_>,
    step: &'s mut ScriptStep,
    what: &str,
) -> Result<&'s mut Canned, Diagnostic> {
    match &mut step.action {
        ScriptAction::Respond(canned) => Ok(canned),
        ScriptAction::Timeout
        | ScriptAction::Close
        | ScriptAction::Hold
        | ScriptAction::Pass
        | ScriptAction::Ask(_) => {
            Err(walk
                .wrong(walk.at(), format!("{what} needs a response; expected a status before it")))
        }
    }
}

fn header(walk: &mut ScriptCursor<'_>, step: &mut ScriptStep) -> Result<(), Diagnostic> {
    let canned = answer(walk, step, "a header")?;
    walk.skip_space();
    let start = walk.at();
    let name = walk.while_(|letter| !",;:=".contains(letter)).trim();
    if !walk.past("=") {
        return Err(walk.expected("= and a value after the header name, e.g. ;retry-after=5"));
    }
    let value_at = walk.at();
    let value = walk.value()?;
    let header = checked_header(name, &value)
        .map_err(|(of_value, why)| walk.wrong(if of_value { value_at } else { start }, why))?;
    canned.headers.push(header);
    Ok(())
}

/// Checks a response header; the error states which part is invalid.
pub(super) fn checked_header(name: &str, value: &str) -> Result<Header, (bool, String)> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err((false, format!("invalid header name `{name}`")));
    }
    if name.eq_ignore_ascii_case("content-length") || is_hop_by_hop(name) {
        return Err((
            false,
            format!("`{name}` cannot be set: the listener sets length and connection headers"),
        ));
    }
    if value.bytes().any(|byte| byte < b' ' && byte != b'\t' || byte == 0x7f) {
        return Err((true, format!("the value of `{name}` contains a control character")));
    }
    Ok(Header::new(name, value.as_bytes().to_vec()))
}

fn option(walk: &mut ScriptCursor<'_>, step: &mut ScriptStep) -> Result<(), Diagnostic> {
    let start = walk.at();
    let name = walk.while_(|letter| letter.is_ascii_alphabetic());
    let known = ["delay", "body", "file", "timeout"].contains(&name);
    if !known || !walk.past("=") {
        return Err(walk.wrong(
            start,
            "expected delay=, body=, file=, or timeout= after the colon; quote values that contain \
             , ; or :",
        ));
    }
    let value_at = walk.at();
    let value = walk.value()?;
    let time = || parse_duration(&value).map_err(|error| walk.wrong(value_at, error.to_string()));
    if name == "delay" {
        step.delay = time()?;
        return Ok(());
    }
    if name == "timeout" {
        let ScriptAction::Ask(program) = &mut step.action else {
            return Err(walk.wrong(start, "timeout= limits hub:NAME; expected that before it"));
        };
        program.timeout = time()?;
        return Ok(());
    }
    let canned = answer(walk, step, "a body")?;
    canned.body = if name == "file" {
        ResponseBody::File(value)
    } else {
        ResponseBody::Text(value.parse().map_err(|error: crate::provider::PlaceholderError| {
            walk.wrong(value_at, error.message)
        })?)
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Script {
        script(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn reads_steps() {
        let answer = |status| ScriptAction::Respond(Canned::bare(status));
        let ask = |name: &str, seconds| {
            let (name, timeout) = (name.to_owned(), Duration::from_secs(seconds));
            ScriptAction::Ask(HubProgram { name, timeout })
        };
        for (text, steps) in [
            ("500", vec![(1.0, 1, 0, answer(500))]),
            (" timeout ", vec![(1.0, 1, 0, ScriptAction::Timeout)]),
            ("close:delay=2s", vec![(1.0, 1, 2000, ScriptAction::Close)]),
            ("500x2,200", vec![(1.0, 2, 0, answer(500)), (1.0, 1, 0, answer(200))]),
            ("500x2, pass", vec![(1.0, 2, 0, answer(500)), (1.0, 1, 0, ScriptAction::Pass)]),
            ("10%:500", vec![(0.1, 1, 0, answer(500))]),
            ("0.5%: hold", vec![(0.005, 1, 0, ScriptAction::Hold)]),
            ("hub:ann", vec![(1.0, 1, 0, ask("ann", 30))]),
            (
                "hub:\"a, b\":timeout=2s,500",
                vec![(1.0, 1, 0, ask("a, b", 2)), (1.0, 1, 0, answer(500))],
            ),
        ] {
            let steps = steps.into_iter().map(|(chance, times, delay, action)| ScriptStep {
                chance,
                times,
                delay: Duration::from_millis(delay),
                action,
            });
            assert_eq!(read(text).steps, steps.collect::<Vec<_>>(), "{text}");
        }
    }

    #[test]
    fn reads_headers_and_bodies() {
        let mut script =
            read("503x3;retry-after=5 ; Location=\"http://x/,;\\\"\":delay=1m:body=\"{{id}}, ok\"");
        assert_eq!(script.steps[0].delay, Duration::from_mins(1));
        let canned = script.answers().next().unwrap();
        assert_eq!(
            canned.headers,
            [Header::new("retry-after", "5"), Header::new("Location", "http://x/,;\"")]
        );
        assert_eq!(canned.body, ResponseBody::Text("{{id}}, ok".parse().unwrap()));
        assert_eq!(
            read("200:file=a/b.json").answers().next().unwrap().body,
            ResponseBody::File("a/b.json".into())
        );
    }

    #[test]
    fn errors_name_the_column_and_the_expected_text() {
        for (text, column, part) in [
            (
                "",
                1,
                "a status from 200 to 599, timeout, close, hold, pass, or hub:NAME, found nothing",
            ),
            ("100", 1, "found `100`"),
            ("600", 1, "from 200 to 599"),
            ("99999999", 1, "from 200 to 599"),
            ("teapot", 1, "found `teapot`"),
            ("500x", 5, "expected a count"),
            ("500x0", 5, "expected a count"),
            ("500,,200", 5, "found nothing"),
            ("500 200", 5, "a comma"),
            ("0%:500", 1, "above 0%"),
            ("101%:500", 1, "at most 100%"),
            ("10%500", 4, "a colon after the share"),
            ("200:dealy=2s", 5, "delay=, body=, file=, or timeout="),
            ("hub:", 5, "a name on the hub"),
            ("hub:a;x=1", 7, "needs a response"),
            ("hub:a:timeout=2x", 15, "invalid duration `2x`"),
            ("200:timeout=2s", 5, "limits hub:NAME"),
            ("200:delay=2x", 11, "invalid duration `2x`"),
            ("200;location=http://x", 19, "quote values"),
            ("200;retry-after", 16, "= and a value"),
            ("200;a b=1", 5, "invalid header name"),
            ("200;Content-Length=1", 5, "the listener sets"),
            ("200;x=\"a", 7, "unclosed quote"),
            ("200;x=\"a\\n\"", 9, "after \\"),
            ("200:body={{evnt}}", 10, "{{event.id}}"),
            ("timeout;x=1", 9, "needs a response"),
            ("ünd", 1, "found `ünd`"),
        ] {
            let error = script(text).unwrap_err();
            assert_eq!(error.column(), column, "{text}: {error}");
            assert!(error.message.contains(part), "{text}: {error}");
        }
    }
}
