//! What the tabs of the detail say, as marked lines; the payload's own lines stand in
//! [`crate::payload::Document`].

pub mod attempt;
pub mod badges;
pub mod diff;
mod headers;
pub mod help;
pub mod responses;
mod signature;
mod timeline;
pub mod welcome;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::detail::Tab;
use super::message::Loaded;
use super::model::Model;
use super::style::{StyleClass, StyledLine};
use crate::delivery::SignatureStatus;
use crate::units;

/// Columns of the labels on the left; what goes on below a line is indented as far.
const LABEL: usize = 10;

/// Lines of the selected tab other than the payload, broken to `width` columns.
pub fn lines(model: &Model, width: usize) -> Vec<StyledLine> {
    let Some(loaded) = model.detail.loaded.as_deref() else { return Vec::new() };
    let lines = match model.detail.tab {
        Tab::Payload | Tab::Raw | Tab::Diff => Vec::new(),
        Tab::Headers => headers::lines(loaded),
        Tab::Signature => signature::lines(model, loaded, width),
        Tab::Timeline => timeline::lines(model, loaded),
    };
    let indent = if model.detail.tab == Tab::Timeline { timeline::INDENT } else { LABEL };
    let mask = |line: StyledLine| if model.is_masked() { line.masked() } else { line };
    lines.into_iter().map(mask).flat_map(|line| line.wrap(width, indent)).collect()
}

/// How many lines the selected tab has, where it shows no document.
pub fn line_count(model: &Model, width: usize) -> usize {
    if model.detail.tab.is_document() { 0 } else { lines(model, width).len() }
}

/// The sign and the weight of a verdict; the sign alone tells them apart without colour.
pub fn sign_of(status: SignatureStatus) -> (char, StyleClass) {
    match status {
        SignatureStatus::Verified => ('✓', StyleClass::Good),
        SignatureStatus::Mismatch => ('✗', StyleClass::Bad),
        SignatureStatus::Malformed => ('!', StyleClass::Bad),
        SignatureStatus::Missing => ('?', StyleClass::Warn),
        SignatureStatus::Expired => ('⧗', StyleClass::Warn),
        SignatureStatus::Unchecked => ('·', StyleClass::Dim),
    }
}

/// The time of day, to the millisecond.
pub(crate) fn precise(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%H:%M:%S%.3f").to_string()
}

/// The time between two moments in words, whichever is the later one.
pub(crate) fn gap(from: Timestamp, to: Timestamp) -> String {
    let gap = to.duration_since(from).abs();
    if gap.as_secs() < 1 {
        return units::format_duration(gap.unsigned_abs());
    }
    units::format_age(gap.as_secs())
}

/// The time of day; of another day, the day.
pub fn clock(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (then, now) = (at.to_zoned_datetime(zone.clone()), now.to_zoned_datetime(zone.clone()));
    let format = if then.date() == now.date() { "%H:%M:%S" } else { "%d %b" };
    then.strftime(format).to_string()
}

/// A label and what it says, in two columns.
fn labelled(label: &str, role: StyleClass, text: impl AsRef<str>) -> StyledLine {
    StyledLine::new(StyleClass::Dim, format!("{label:<LABEL$}")).with(role, text)
}

/// What stands above the payload: why it is not there, or not shown as its type says.
pub fn note(loaded: &Loaded, hex: bool) -> Option<&str> {
    match &loaded.delivery.summary.request.refused {
        Some(refusal) => Some(&refusal.reason),
        None if hex => Some("the body as it came, in hexadecimal"),
        None => loaded.document.note(),
    }
}

/// Why a refused delivery has nothing more to show.
fn refused(loaded: &Loaded) -> Option<StyledLine> {
    let refusal = loaded.delivery.summary.request.refused.as_ref()?;
    Some(labelled("refused", StyleClass::Bad, format!("{} ({})", refusal.reason, refusal.code)))
}
