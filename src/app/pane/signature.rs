//! Verdict of the signature and its explanation.

use super::{labelled, sign_of};
use crate::app::detail::Loaded;
use crate::app::model::{Model, Session};
use crate::app::style::{StyleClass, StyledLine};
use crate::delivery::{SignatureStatus, Verdict};
use crate::signature::{Ends, Report, RewriteRisk, Tried};
use crate::units;

pub(super) fn lines(model: &Model, loaded: &Loaded, width: usize) -> Vec<StyledLine> {
    let summary = &loaded.delivery.summary;
    let mut lines = verdict_lines(&summary.signature, width);
    if let Some(typed) = &model.detail.typed {
        lines.push(StyledLine::default());
        lines.push(StyledLine::new(StyleClass::Strong, "With the typed secret"));
        lines.extend(verdict_lines(typed, width));
    }
    lines.extend(now(model, &summary.signature, width));
    if summary.request.refused.is_some() {
        return lines;
    }
    let Some(examined) = &loaded.examined else {
        lines.push(labelled("do", StyleClass::Plain, "name the provider with --provider"));
        return lines;
    };
    if summary.signature.status == SignatureStatus::Unchecked && examined.secrets.is_empty() {
        lines.push(labelled("do", StyleClass::Plain, how_to_give_a_secret(&examined.secret_env)));
    }
    lines.push(StyledLine::default());
    lines.extend(scheme(examined));
    lines.extend(examined.content.iter().flat_map(|ends| content(examined, ends)));
    lines.extend(tried(model, summary.diagnosing));
    if summary.duplicate_of.is_some() && !examined.signs_time {
        lines.push(StyledLine::default());
        let why = "no timestamp is signed, so this request verifies forever; \
                   a second delivery of an event is a retry or a replay";
        lines.push(labelled("note", StyleClass::Warn, why));
    }
    lines.extend(breaking_frameworks(examined, width));
    lines
}

/// Renders a verdict: the word, the sentence, the code.
fn verdict_lines(verdict: &Verdict, width: usize) -> Vec<StyledLine> {
    let (sign, role) = sign_of(verdict.status);
    let mut first = StyledLine::new(role, format!("{sign} {}", verdict.status));
    if let Some(secret) = &verdict.secret {
        first = first.with(StyleClass::Plain, format!(" with {secret}"));
    }
    let mut lines = vec![first];
    if let Some(explanation) = &verdict.explanation {
        let sentence = capitalised(&explanation.sentence);
        lines.extend(StyledLine::new(StyleClass::Plain, sentence).wrap(width, 0));
        for detail in explanation.details() {
            lines.push(labelled("", StyleClass::Plain, detail));
        }
    }
    if let Some(cause) = &verdict.cause {
        lines.push(labelled("cause", StyleClass::Accent, cause));
    }
    lines
}

/// Renders the verdict under the current secrets, if it differs.
fn now(model: &Model, then: &Verdict, width: usize) -> Vec<StyledLine> {
    let diagnosis = model.detail.diagnosis.as_ref();
    let Some(diagnosis) = diagnosis.filter(|found| found.verdict.status != then.status) else {
        return Vec::new();
    };
    let mut lines = vec![
        StyledLine::default(),
        StyledLine::new(StyleClass::Strong, "With the secrets that are configured now"),
    ];
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

fn scheme(examined: &Report) -> Vec<StyledLine> {
    let secrets = match examined.secrets.as_slice() {
        [] => "none configured".to_owned(),
        names => names.join(", "),
    };
    let mut lines = vec![
        labelled("provider", StyleClass::Plain, &examined.provider),
        labelled("scheme", StyleClass::Plain, &examined.scheme),
        labelled("secrets", StyleClass::Plain, secrets),
    ];
    for (at, seen) in examined.places.iter().enumerate() {
        let label = if at == 0 { "received" } else { "" };
        let start = labelled(label, StyleClass::Name, format!("{}: ", seen.place));
        lines.push(match &seen.value {
            Some(value) => start.with(StyleClass::Text, value),
            None => start.with(StyleClass::Warn, "missing"),
        });
    }
    lines
}

/// Renders the signed payload: its size and both ends, where invisible changes hide.
fn content(examined: &Report, ends: &Ends) -> Vec<StyledLine> {
    let size = units::format_size(ends.size as u64);
    let mut lines = vec![labelled(
        "signed",
        StyleClass::Plain,
        format!("{}, {size} as received", examined.signed),
    )];
    if !examined.covers_body {
        lines.push(labelled("", StyleClass::Warn, "the signature does not cover the body"));
    }
    if ends.size == 0 {
        return lines;
    }
    match &ends.end {
        None => lines.push(labelled("", StyleClass::Text, &ends.start)),
        Some(end) => {
            lines.push(labelled("  begins", StyleClass::Text, &ends.start));
            lines.push(labelled("  ends", StyleClass::Text, end));
        }
    }
    lines
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
            let label = if at == 0 { "tried" } else { "" };
            labelled(label, StyleClass::Plain, format!("{count:>5} × {what}"))
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

fn capitalised(sentence: &str) -> String {
    let mut chars = sentence.chars();
    let first = chars.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(chars).chain(std::iter::once('.')).collect()
}
