//! Verdict of the signature, its cause and fix, and below that what was signed and how.

use unicode_width::UnicodeWidthChar as _;

use super::{PaneLine, PaneValue, labelled, plain, sign_of};
use crate::app::detail::Loaded;
use crate::app::model::{Model, Session};
use crate::app::style::{StyleClass, StyledLine};
use crate::delivery::{Proof, ProofRow, SignatureStatus, Verdict};
use crate::signature::{Ends, Report, RewriteRisk, Tried};
use crate::units;

pub(super) fn lines(model: &Model, loaded: &Loaded, width: usize) -> Vec<PaneLine> {
    let summary = &loaded.delivery.summary;
    let mut lines = verdict_lines(&summary.signature, width);
    if let Some(typed) = &model.detail.typed {
        lines.push(StyledLine::default().into());
        lines.push(StyledLine::new(StyleClass::Strong, "With the typed secret").into());
        lines.extend(verdict_lines(typed, width));
    }
    lines.extend(now(model, &summary.signature, width));
    if summary.request.refused.is_some() {
        return lines;
    }
    let Some(examined) = &loaded.examined else {
        lines.push(
            fix("name the provider with --provider, or press W to describe it in hookglass.toml")
                .into(),
        );
        return lines;
    };
    if summary.signature.status == SignatureStatus::Unchecked && examined.secrets.is_empty() {
        lines
            .extend(plain(fix(&how_to_give_a_secret(&examined.secret_env)).wrap(width, FIX.len())));
    }
    lines.push(StyledLine::default().into());
    lines.extend(scheme(examined));
    lines.extend(examined.content.iter().flat_map(|ends| content(examined, ends)));
    // A proved cause needs no list of what it is not.
    if summary.signature.cause.is_none() {
        lines.extend(plain(tried(model, summary.diagnosing)));
    }
    if summary.duplicate_of.is_some() && !examined.signs_time {
        lines.push(StyledLine::default().into());
        let why = "no timestamp is signed, so this request verifies forever; \
                   a second delivery of an event is a retry or a replay";
        lines.push(labelled("note", StyleClass::Dim, why).into());
    }
    lines.extend(plain(breaking_frameworks(examined, width)));
    lines
}

/// Label of what to do.
const FIX: &str = "Fix: ";

fn fix(text: &str) -> StyledLine {
    StyledLine::new(StyleClass::Strong, FIX).with(StyleClass::Plain, ended(text))
}

/// Renders a verdict: word and cause, the sentence, what to do, and the proof.
fn verdict_lines(verdict: &Verdict, width: usize) -> Vec<PaneLine> {
    let (sign, role) = sign_of(verdict.status);
    let mut first = StyledLine::new(role, format!("{sign} {}", verdict.status));
    if let Some(cause) = &verdict.cause {
        first = first.with(StyleClass::Plain, ": ").with(StyleClass::Strong, cause);
    }
    if let Some(secret) = &verdict.secret {
        first = first.with(StyleClass::Plain, format!(" with {secret}"));
    }
    let mut lines: Vec<PaneLine> = vec![first.into()];
    let Some(explanation) = &verdict.explanation else { return lines };
    // The pane wraps them, after it has masked what they quote.
    let sentence = capitalized(&ended(&explanation.sentence));
    lines.push(PaneLine::indented(StyledLine::new(StyleClass::Plain, sentence), 0));
    lines.extend(explanation.fix().map(|text| PaneLine::indented(fix(text), FIX.len())));
    if let Some(proof) = explanation.proof() {
        lines.push(StyledLine::default().into());
        lines.extend(proof_lines(proof, width));
    }
    let evidence = explanation.evidence.iter().filter(|text| !text.is_empty());
    let evidence = evidence.map(|text| StyledLine::new(StyleClass::Dim, text));
    lines.extend(evidence.map(|line| PaneLine::indented(line, 2)));
    for (at, step) in explanation.next().iter().enumerate() {
        let line = StyledLine::new(StyleClass::Strong, format!("{}. ", at + 1));
        lines.push(PaneLine::indented(line.with(StyleClass::Plain, ended(step)), 3));
    }
    lines
}

/// Renders the two texts below each other, with a caret below the first difference. A narrow pane
/// shows the part around it.
fn proof_lines(proof: &Proof, width: usize) -> [PaneLine; 3] {
    let label = proof.received.label.len().max(proof.expected.label.len()) + 2;
    let room = width.saturating_sub(label).max(8);
    // Half of the pane before the difference, half after it.
    let left = if proof.caret + 4 < room { 0 } else { proof.caret.saturating_sub(room / 2) };
    let row = |row: &ProofRow| {
        let shown = window(&row.text, left, room);
        let start = StyledLine::new(StyleClass::Dim, format!("{:label$}", row.label));
        PaneLine::of(start.with(StyleClass::Text, shown), &row.text)
    };
    let before = label + proof.caret - left;
    let position = proof.position.map(|position| position.to_string()).unwrap_or_default();
    let caret = if before + position.len() + 2 <= width || before <= position.len() {
        format!("{}^ {position}", " ".repeat(before))
    } else {
        format!("{}{position} ^", " ".repeat(before - position.len() - 1))
    };
    let caret = StyledLine::new(StyleClass::Bad, caret.trim_end());
    [row(&proof.received), row(&proof.expected), caret.into()]
}

/// Returns the part of a text in a range of columns.
fn window(text: &str, left: usize, width: usize) -> String {
    let mut column = 0;
    let shown = text.chars().filter(|letter| {
        let at = column;
        column += letter.width().unwrap_or(0);
        at >= left && column <= left + width
    });
    shown.collect()
}

/// Ends a sentence.
fn ended(text: &str) -> String {
    if text.ends_with(['.', '!', '?', ':']) { text.to_owned() } else { format!("{text}.") }
}

fn capitalized(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// Renders the verdict under the current secrets, if it differs.
fn now(model: &Model, then: &Verdict, width: usize) -> Vec<PaneLine> {
    let diagnosis = model.detail.diagnosis.as_ref();
    let Some(diagnosis) = diagnosis.filter(|found| found.verdict.status != then.status) else {
        return Vec::new();
    };
    let mut lines = plain(vec![
        StyledLine::default(),
        StyledLine::new(StyleClass::Strong, "With the secrets that are configured now"),
    ]);
    lines.extend(verdict_lines(&diagnosis.verdict, width));
    lines
}

/// Explains how to configure a secret.
pub(super) fn how_to_give_a_secret(variable: &str) -> String {
    format!("start with {variable}=… in the environment, or with --secret-file PATH")
}

/// Explains how to configure secrets for several providers.
pub(super) fn how_to_give_secrets(session: &Session) -> String {
    how_to_give_a_secret(&session.secret_env)
}

fn scheme(examined: &Report) -> Vec<PaneLine> {
    let secrets = match examined.secrets.as_slice() {
        [] => "none configured".to_owned(),
        names => names.join(", "),
    };
    let mut lines = plain(vec![
        labelled("provider", StyleClass::Dim, &examined.provider),
        labelled("scheme", StyleClass::Dim, &examined.scheme),
        labelled("secrets", StyleClass::Dim, secrets),
    ]);
    for (at, seen) in examined.places.iter().enumerate() {
        let label = if at == 0 { "received" } else { "" };
        let start = labelled(label, StyleClass::Name, format!("{}: ", seen.place));
        lines.push(match &seen.value {
            Some(value) => PaneLine::of(start.with(StyleClass::Text, value), value),
            None => start.with(StyleClass::Dim, "missing").into(),
        });
    }
    let is_received = |value: &str| {
        let mut values = examined.places.iter().filter_map(|seen| seen.value.as_deref());
        values.any(|seen| seen.contains(value))
    };
    let expected = examined.expected.as_ref().filter(|value| !is_received(value));
    lines.extend(
        expected.map(|value| PaneLine::of(labelled("expected", StyleClass::Text, value), value)),
    );
    lines
}

/// Renders the signed payload: its size and both ends, where invisible changes hide.
fn content(examined: &Report, ends: &Ends) -> Vec<PaneLine> {
    let size = units::format_size(ends.size as u64);
    let mut lines = vec![labelled(
        "signed",
        StyleClass::Dim,
        format!("{}, {size} as received", examined.signed),
    )];
    if let Some(sentence) = &examined.uncovered {
        lines.push(labelled("", StyleClass::Warn, sentence.clone()));
    }
    match &ends.end {
        _ if ends.size == 0 => {}
        None => lines.push(labelled("", StyleClass::Text, &ends.start)),
        Some(end) => {
            lines.push(labelled("  begins", StyleClass::Text, &ends.start));
            lines.push(labelled("  ends", StyleClass::Text, end));
        }
    }
    let value = |line| PaneLine { value: Some(PaneValue::SignedPayload), ..PaneLine::from(line) };
    lines.into_iter().map(value).collect()
}

/// Renders the attempts to explain the verdict.
fn tried(model: &Model, diagnosing: bool) -> Vec<StyledLine> {
    let Some(diagnosis) = &model.detail.diagnosis else {
        let line = labelled("tried", StyleClass::Dim, "Looking for the cause …");
        return if diagnosing { vec![line] } else { Vec::new() };
    };
    let mut lines: Vec<StyledLine> = diagnosis
        .tried
        .iter()
        .filter(|tried| tried.count > 0)
        .enumerate()
        .map(|(at, Tried { what, count })| {
            let label = if at == 0 { "ruled out" } else { "" };
            labelled(label, StyleClass::Dim, format!("{count:>5} × {what}"))
        })
        .collect();
    if !diagnosis.complete {
        lines.push(labelled("", StyleClass::Warn, "Search stopped at its time limit"));
    }
    lines
}

/// Lists the frameworks that do not preserve the signed bytes.
fn breaking_frameworks(examined: &Report, width: usize) -> Vec<StyledLine> {
    if examined.breaks.is_empty() {
        return Vec::new();
    }
    let titles: Vec<&str> = examined.breaks.iter().map(|risk| risk.language.title()).collect();
    let advice = format!(
        "Verify the raw bytes: re-serializing this body breaks the signature in {}",
        titles.join(", ")
    );
    let mut lines = vec![StyledLine::default()];
    lines.extend(StyledLine::new(StyleClass::Strong, advice).wrap(width, 0));
    for risk in &examined.breaks {
        let RewriteRisk { language, offset, what, shown, refused } = risk;
        let call = format!("  {}", language.call());
        let verb = if *refused { "refuses" } else { "changes" };
        lines
            .push(StyledLine::new(StyleClass::Plain, language.title()).with(StyleClass::Dim, call));
        lines.push(
            labelled("", StyleClass::Warn, format!("{verb} {what} at byte {offset}: "))
                .with(StyleClass::Text, shown),
        );
    }
    lines
}
