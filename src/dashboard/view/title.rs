//! The title line: where we listen, whether signatures are checked, how much comes.

use ratatui::Frame;
use ratatui::layout::{Alignment, Rect};
use ratatui::text::Line;

use super::text;
use crate::app::onward::Public;
use crate::app::theme::Theme;
use crate::app::{Marked, Model, Role};
use crate::units;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

pub(super) fn draw(model: &Model, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let (mut left, mut right) = (left(model), right(model));
    let width = |parts: &[Part]| -> usize { parts.iter().map(|part| part.marked.width()).sum() };
    // What matters least goes first when there is no room.
    while width(&left) + width(&right) + 2 > usize::from(area.width) {
        let all = left.iter().chain(&right).map(|part| part.priority);
        let Some(least) = all.max().filter(|priority| *priority > 0) else { break };
        left.retain(|part| part.priority < least);
        right.retain(|part| part.priority < least);
    }
    let line_of = |parts: &[Part]| -> Line<'static> {
        let spans = parts.iter().flat_map(|part| text::line(&part.marked, theme).spans);
        spans
            .map(|span| ratatui::text::Span::styled(span.content.into_owned(), span.style))
            .collect()
    };
    frame.render_widget(line_of(&left), area);
    frame.render_widget(line_of(&right).alignment(Alignment::Right), area);
}

/// A part of the title; of two, the one with the larger number goes first. 0 stays.
struct Part {
    marked: Marked,
    priority: u8,
}

fn part(priority: u8, marked: Marked) -> Part {
    Part { marked, priority }
}

fn left(model: &Model) -> Vec<Part> {
    let session = &model.session;
    let secret = if session.secrets.is_empty() {
        Marked::new(Role::Warn, " ? no secret")
    } else {
        Marked::new(Role::Good, " ✓ secret")
    };
    // Where there is a public URL, that is the one that people need.
    let own = if matches!(model.onward.public, Public::Up(_)) { 4 } else { 0 };
    let mut parts = vec![
        part(6, Marked::new(Role::Strong, " hookglass ")),
        part(own, Marked::new(Role::Accent, format!(" {}", session.url))),
        part(4, Marked::new(Role::Plain, format!("  {}", session.provider))),
        part(3, secret),
    ];
    let onward = targets(model).into_iter().chain(public(model));
    for (at, one) in onward.enumerate() {
        parts.insert(2 + at, one);
    }
    parts
}

/// Where deliveries go on to; what is down stays longest.
fn targets(model: &Model) -> Option<Part> {
    let targets = &model.onward.targets;
    let Some(first) = targets.first() else {
        let forward = model.session.forward.as_ref()?;
        return Some(part(5, Marked::new(Role::Plain, format!(" → {forward}"))));
    };
    let down: Vec<_> = targets.iter().filter(|target| target.down.is_some()).collect();
    let many = targets.len();
    Some(match (down.as_slice(), many) {
        ([], 1) => part(5, Marked::new(Role::Plain, format!(" → {}", first.url))),
        ([], many) => {
            part(5, Marked::new(Role::Plain, format!(" → {} and {} more", first.url, many - 1)))
        }
        ([one], _) => part(0, Marked::new(Role::Bad, format!(" → {} down", short(&one.url)))),
        (several, many) => {
            part(0, Marked::new(Role::Bad, format!(" → {} of {many} down", several.len())))
        }
    })
}

/// A URL without what most have in common.
fn short(url: &str) -> &str {
    let url = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).unwrap_or(url);
    url.trim_end_matches('/')
}

fn public(model: &Model) -> Option<Part> {
    match &model.onward.public {
        Public::None => None,
        Public::Starting => Some(part(3, Marked::new(Role::Dim, " ⇄ tunnel starting"))),
        Public::Up(url) => Some(part(1, Marked::new(Role::Accent, format!(" ⇄ {url}")))),
        Public::Failed(_) => Some(part(1, Marked::new(Role::Bad, " ⇄ no tunnel"))),
    }
}

fn right(model: &Model) -> Vec<Part> {
    let list = &model.list;
    let mut parts = Vec::new();
    if let Some(longest) = model.onward.longest(model.now) {
        let count = units::grouped(model.onward.held.len() as u64);
        let longest = units::seconds(longest);
        parts.push(part(0, Marked::new(Role::Warn, format!("{count} held, {longest}  "))));
    }
    if list.is_filling() {
        parts.push(part(3, Marked::new(Role::Dim, "reading ")));
    }
    if model.search.is_on() {
        let shown = units::grouped(list.shown() as u64);
        let more = if model.search.is_running() { "+" } else { "" };
        if model.search.is_running() {
            let (tested, asked) = model.search.progress();
            let percent = tested.saturating_mul(100) / asked.max(1);
            parts.push(part(4, Marked::new(Role::Dim, format!("searched {percent} %  "))));
        }
        parts.push(part(2, Marked::new(Role::Accent, format!("{shown}{more} of "))));
    }
    let count = units::grouped(list.len() as u64);
    let noun = if list.len() == 1 { "delivery" } else { "deliveries" };
    parts.push(part(2, Marked::new(Role::Plain, count)));
    let more = if list.is_filling() { " …" } else { "" };
    parts.push(part(5, Marked::new(Role::Plain, format!(" {noun}{more}"))));
    if list.bad() > 0 {
        let bad = units::grouped(list.bad() as u64);
        parts.push(part(1, Marked::new(Role::Bad, format!("  ✗ {bad} bad"))));
    }
    parts.push(part(7, Marked::new(Role::Dim, format!("  {}", bars(model)))));
    let rate = model.rate.per_second(model.now);
    parts.push(part(6, Marked::new(Role::Dim, format!(" {rate:.1}/s"))));
    parts.push(if list.is_following() {
        part(3, Marked::new(Role::Good, "  ● following "))
    } else {
        let below = list.below_selected();
        part(0, Marked::new(Role::Warn, format!("  ‖ paused, {below} below ")))
    });
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
