//! The title line: address, secrets, and rate of deliveries.

use ratatui::Frame;
use ratatui::layout::{Alignment, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::text;
use crate::app::routing::PublicAddress;
use crate::app::theme::Theme;
use crate::app::{Model, StyleClass, StyledLine, badges};
use crate::units;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

pub(super) fn draw(model: &Model, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let (mut left, mut right) = (left(model), right(model));
    let width = |parts: &[Part]| -> usize { parts.iter().map(|part| part.marked.width()).sum() };
    // Remove the least important part first if the line is too long; of several, the rightmost.
    while width(&left) + width(&right) + 2 > usize::from(area.width) {
        let all = left.iter().chain(&right).map(|part| part.priority).enumerate();
        let least = all.filter(|(_, priority)| *priority > 0).max_by_key(|(_, priority)| *priority);
        let Some((at, _)) = least else { break };
        match at.checked_sub(left.len()) {
            Some(at) => drop(right.remove(at)),
            None => drop(left.remove(at)),
        }
    }
    let line_of = |parts: &[Part]| -> Line<'static> {
        let spans = parts.iter().flat_map(|part| {
            let reversed = if part.is_badge { Modifier::REVERSED } else { Modifier::empty() };
            let spans = text::line(&part.marked, theme).spans.into_iter();
            spans.map(move |span| (span.content.into_owned(), span.style.add_modifier(reversed)))
        });
        spans.map(|(text, style)| Span::styled(text, style)).collect()
    };
    frame.render_widget(line_of(&left), area);
    frame.render_widget(line_of(&right).alignment(Alignment::Right), area);
}

/// Part of the title. The part with the largest number is removed first; 0 always stays.
struct Part {
    marked: StyledLine,
    priority: u8,
    /// Drawn in reverse video.
    is_badge: bool,
}

fn part(priority: u8, marked: StyledLine) -> Part {
    Part { marked, priority, is_badge: false }
}

fn left(model: &Model) -> Vec<Part> {
    let session = &model.session;
    let secret = if session.secrets.is_empty() {
        StyledLine::new(StyleClass::Warn, " ? no secret")
    } else {
        StyledLine::new(StyleClass::Good, " ✓ secret")
    };
    // If there is a public URL, the local one matters less.
    let own = if matches!(model.routing.public, PublicAddress::Up(_)) { 4 } else { 2 };
    let mut parts = vec![
        part(6, StyledLine::new(StyleClass::Strong, " hookglass ")),
        part(own, StyledLine::new(StyleClass::Accent, format!(" {}", session.url))),
        part(4, StyledLine::new(StyleClass::Plain, format!("  {}", session.provider))),
        part(3, secret),
    ];
    let routing = targets(model).into_iter().chain(public(model)).chain(hub(model));
    for (at, one) in routing.enumerate() {
        parts.insert(2 + at, one);
    }
    parts
}

/// Formats the targets. Targets that are down always stay visible.
fn targets(model: &Model) -> Option<Part> {
    let targets = &model.routing.targets;
    let Some(first) = targets.first() else {
        let forward = model.session.forward.as_ref()?;
        return Some(part(5, StyledLine::new(StyleClass::Plain, format!(" → {forward}"))));
    };
    let down: Vec<_> = targets.iter().filter(|target| target.down.is_some()).collect();
    let many = targets.len();
    Some(match (down.as_slice(), many) {
        ([], 1) => part(5, StyledLine::new(StyleClass::Plain, format!(" → {}", first.url))),
        ([], many) => part(
            5,
            StyledLine::new(StyleClass::Plain, format!(" → {} and {} more", first.url, many - 1)),
        ),
        ([one], _) => {
            part(0, StyledLine::new(StyleClass::Bad, format!(" → {} down", short(&one.url))))
        }
        (several, many) => part(
            0,
            StyledLine::new(StyleClass::Bad, format!(" → {} of {many} down", several.len())),
        ),
    })
}

/// Shortens a URL by omitting its usual parts.
fn short(url: &str) -> &str {
    let url = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).unwrap_or(url);
    url.trim_end_matches('/')
}

fn public(model: &Model) -> Option<Part> {
    match &model.routing.public {
        PublicAddress::None => None,
        PublicAddress::Starting => {
            Some(part(3, StyledLine::new(StyleClass::Dim, " ⇄ tunnel starting")))
        }
        PublicAddress::Up(url) => {
            Some(part(1, StyledLine::new(StyleClass::Accent, format!(" ⇄ {url}"))))
        }
        PublicAddress::Failed(_) => Some(part(1, StyledLine::new(StyleClass::Bad, " ⇄ no tunnel"))),
    }
}

/// Formats the state of the hub. One that is not reachable always stays visible.
fn hub(model: &Model) -> Option<Part> {
    let hub = model.routing.hub.as_ref()?;
    if hub.trouble.is_some() {
        return Some(part(0, StyledLine::new(StyleClass::Bad, " ✗ hub down")));
    }
    if hub.lag > 0 {
        let lag = units::format_count(hub.lag);
        return Some(part(1, StyledLine::new(StyleClass::Warn, format!(" hub +{lag}"))));
    }
    let others = match hub.others.as_slice() {
        [] => String::new(),
        [one, two, rest @ ..] if rest.len() > 1 => {
            format!(" with {one}, {two}, and {} others", rest.len())
        }
        all => format!(" with {}", all.join(", ")),
    };
    Some(part(3, StyledLine::new(StyleClass::Good, format!(" ✓ hub{others}"))))
}

fn right(model: &Model) -> Vec<Part> {
    let list = &model.list;
    let mut parts = Vec::new();
    for badge in badges::badges(model) {
        parts.push(Part { is_badge: true, ..part(badge.priority, badge.line) });
        parts.push(part(badge.priority, StyledLine::new(StyleClass::Plain, " ")));
    }
    if list.is_filling() {
        parts.push(part(3, StyledLine::new(StyleClass::Dim, "reading")));
    }
    if model.search.is_running() {
        let (tested, asked) = model.search.progress();
        let percent = tested.saturating_mul(100) / asked.max(1);
        parts.push(part(4, StyledLine::new(StyleClass::Dim, format!("searched {percent} %  "))));
    }
    let count = units::format_count(list.len() as u64);
    let noun = if list.len() == 1 { "delivery" } else { "deliveries" };
    parts.push(part(4, StyledLine::new(StyleClass::Plain, format!(" {count}"))));
    let more = if list.is_filling() { " …" } else { "" };
    parts.push(part(5, StyledLine::new(StyleClass::Plain, format!(" {noun}{more}"))));
    if list.bad() > 0 {
        let failed = units::format_count(list.bad() as u64);
        parts.push(part(2, StyledLine::new(StyleClass::Bad, format!("  ✗ {failed} failed"))));
    }
    parts.push(part(7, StyledLine::new(StyleClass::Dim, format!("  {}", bars(model)))));
    let rate = model.rate.per_second(model.now);
    parts.push(part(6, StyledLine::new(StyleClass::Dim, format!(" {rate:.1}/s"))));
    if list.is_following() {
        parts.push(part(3, StyledLine::new(StyleClass::Accent, "  ● following ")));
    }
    parts
}

fn bars(model: &Model) -> String {
    let counts = model.rate.bars(model.now, 12);
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let bar = |count: &u32| {
        let level = (*count * 7).div_ceil(most);
        BARS.get(level as usize).copied().unwrap_or('█')
    };
    counts.iter().map(bar).collect()
}
