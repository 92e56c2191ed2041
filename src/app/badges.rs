//! Badges of the title line: every mode that changes what is shown or what clients get.

use super::model::Model;
use super::sort::SortOrder;
use super::style::{StyleClass, StyledLine};
use crate::units;

/// Maximum width of a filter and of a rule.
const FILTER: usize = 32;
const RULE: usize = 16;

/// Badge and its order of removal on a narrow screen: the largest number is removed first, 0 never.
#[derive(Debug)]
pub(crate) struct Badge {
    pub line: StyledLine,
    pub priority: u8,
}

fn badge(priority: u8, role: StyleClass, text: impl AsRef<str>) -> Badge {
    Badge { line: StyledLine::new(role, format!(" {} ", text.as_ref())), priority }
}

/// Returns the badges of the active modes, those about clients first.
pub(crate) fn badges(model: &Model) -> Vec<Badge> {
    let mut badges = Vec::new();
    if model.trouble.is_some() {
        badges.push(badge(0, StyleClass::Bad, "NOT STORED→503"));
    }
    if model.session.demo {
        badges.push(badge(2, StyleClass::Accent, "DEMO"));
    }
    badges.extend(rules(model));
    if let Some(longest) = model.routing.longest(model.now) {
        let count = units::format_count(model.routing.held.len() as u64);
        let text = format!("{count} PAUSED {}", units::format_age(longest));
        badges.push(badge(0, StyleClass::Warn, text));
    }
    if model.session.insecure {
        badges.push(badge(1, StyleClass::Warn, "INSECURE"));
    }
    if model.is_masked() {
        badges.push(badge(0, StyleClass::Accent, "MASKED"));
    }
    badges.extend(list(model));
    badges
}

/// Returns the badge of the rules that respond instead of the default or a target.
fn rules(model: &Model) -> Option<Badge> {
    let rules: Vec<_> = model.routing.rules.iter().filter(|rule| !rule.is_off).collect();
    let first = rules.first()?;
    if first.is_for_all {
        return Some(badge(0, StyleClass::Warn, format!("ALL→{}", cut(&first.text, RULE))));
    }
    let noun = if rules.len() == 1 { "RULE" } else { "RULES" };
    Some(badge(0, StyleClass::Warn, format!("{} {noun}", units::format_count(rules.len() as u64))))
}

/// Returns the badges about the list.
fn list(model: &Model) -> Vec<Badge> {
    let list = &model.list;
    let mut badges = Vec::new();
    let marked = list.marked();
    if marked > 0 {
        let text = format!("{} MARKED", units::format_count(marked as u64));
        badges.push(badge(1, StyleClass::Accent, text));
    }
    if let Some(from) = model.range {
        let count = units::format_count(list.count_from(from) as u64);
        badges.push(badge(1, StyleClass::Accent, format!("RANGE {count}")));
    }
    if model.search.is_on() {
        let (shown, all) = (list.shown() as u64, list.len() as u64);
        let more = if model.search.is_running() { "+" } else { "" };
        let (shown, all) = (units::format_count(shown), units::format_count(all));
        // A narrow title has room for its beginning.
        let most = usize::from(model.size.width / 4).clamp(RULE, FILTER);
        let filter = cut(model.search.text(), most);
        badges.push(badge(0, StyleClass::Accent, format!("FILTER {filter} {shown}{more}/{all}")));
    }
    if list.is_grouped() {
        badges.push(badge(1, StyleClass::Accent, "GROUPED"));
    }
    let order = list.order();
    if order != SortOrder::default() {
        let arrow = if order.descending { "↓" } else { "↑" };
        let text = format!("SORT {} {arrow}", order.by.title());
        badges.push(badge(1, StyleClass::Accent, text));
    }
    if order == SortOrder::default() && !list.is_following() && !list.is_empty() {
        let text = match list.below_selected() as u64 {
            0 => "STOPPED".to_owned(),
            below => format!("STOPPED +{}", units::format_count(below)),
        };
        badges.push(badge(1, StyleClass::Dim, text));
    }
    badges
}

fn cut(text: &str, most: usize) -> String {
    let mut letters = text.chars();
    let kept: String = letters.by_ref().take(most).collect();
    if letters.next().is_some() { format!("{kept}…") } else { kept }
}
