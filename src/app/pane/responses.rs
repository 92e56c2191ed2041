//! Paused requests, rules, and the state of targets.

use crate::app::keymap::Keymap;
use crate::app::model::Model;
use crate::app::routing::{Routing, RoutingChoice, TargetLine};
use crate::app::style::{StyleClass, StyledLine};
use crate::units;

/// Lines of the page and the selected one.
#[derive(Debug)]
pub(crate) struct ResponsesPage {
    pub lines: Vec<StyledLine>,
    pub chosen: usize,
}

/// Renders the page at most `width` columns wide, with one of [`Routing::choices`] selected.
pub(crate) fn page(model: &Model, chosen: usize, width: usize) -> ResponsesPage {
    let routing = &model.routing;
    let chosen = routing.choices().get(chosen).copied();
    let mut page = ResponsesPage { lines: Vec::new(), chosen: 0 };
    held(model, chosen, &mut page);
    page.lines.push(StyledLine::default());
    rules(routing, chosen, &mut page);
    page.lines.extend(quick(&model.keymap).into_iter().flat_map(|line| line.wrap(width, 4)));
    if !routing.targets.is_empty() {
        page.lines.push(StyledLine::default());
        page.lines.push(StyledLine::new(
            StyleClass::Strong,
            "Targets (first match provides the response)",
        ));
        let targets = routing.targets.iter().flat_map(target);
        page.lines.extend(targets.flat_map(|line| line.wrap(width, 6)));
    }
    page
}

fn sign(page: &mut ResponsesPage, chosen: bool) -> StyledLine {
    if chosen {
        page.chosen = page.lines.len();
    }
    StyledLine::new(StyleClass::Accent, if chosen { "▌ " } else { "  " })
}

fn held(model: &Model, chosen: Option<RoutingChoice>, page: &mut ResponsesPage) {
    let routing = &model.routing;
    if routing.held.is_empty() {
        page.lines.push(StyledLine::new(StyleClass::Strong, "No paused requests"));
        return;
    }
    let count = units::format_count(routing.held.len() as u64);
    page.lines.push(
        StyledLine::new(StyleClass::Strong, format!("Paused requests: {count}"))
            .with(StyleClass::Dim, "  (many senders time out after 5 to 30 s)"),
    );
    for (id, since) in &routing.held {
        let seconds = model.now.duration_since(*since).as_secs().max(0);
        let row = model.list.get(*id);
        let what = row.map_or_else(String::new, |row| {
            row.kind.map_or_else(
                || format!("{} {}", row.method, model.shown_value(row.target)),
                |kind| model.shown_name(kind).into_owned(),
            )
        });
        let sign = sign(page, chosen == Some(RoutingChoice::Held(*id)));
        page.lines.push(
            sign.with(StyleClass::Plain, format!("{:<10}", format!("#{id}")))
                .with(StyleClass::Warn, format!("{:>10}  ", units::format_age(seconds)))
                .with(StyleClass::Strong, what),
        );
    }
}

fn rules(routing: &Routing, chosen: Option<RoutingChoice>, page: &mut ResponsesPage) {
    if routing.rules.is_empty() {
        page.lines.push(
            StyledLine::new(StyleClass::Strong, "No rules")
                .with(StyleClass::Dim, "  (targets respond, otherwise 200)"),
        );
        return;
    }
    page.lines.push(
        StyledLine::new(StyleClass::Strong, "Rules (first match wins)")
            .with(StyleClass::Dim, "  (deliveries so far)"),
    );
    for (at, rule) in routing.rules.iter().enumerate() {
        let sign = sign(page, chosen == Some(RoutingChoice::Rule(at)));
        let count = units::format_count(rule.count);
        let origin = if rule.is_by_agent { "  (set by an agent)" } else { "" };
        page.lines.push(
            sign.with(StyleClass::Dim, format!("{:>2}. ", at + 1))
                .with(StyleClass::Number, format!("{count:>7}  "))
                .with(StyleClass::Dim, if rule.is_off { "off  " } else { "" })
                .with(StyleClass::Plain, &rule.text)
                .with(StyleClass::Dim, origin),
        );
    }
}

/// Renders the predefined rules with their keys.
fn quick(keymap: &Keymap) -> Vec<StyledLine> {
    use crate::app::action::{Action, ResponseAction};
    let start = StyledLine::new(StyleClass::Dim, "  for every delivery from now on:");
    let rows = keymap.rows().filter_map(|(binding, keys)| match binding.action {
        Action::Answering(ResponseAction::Always(script)) => Some((*keys.first()?, script)),
        _ => None,
    });
    let line = rows.fold(start, |line, (key, script)| {
        line.with(StyleClass::Accent, format!("  {key}")).with(
            StyleClass::Plain,
            format!(" {}", if script == "hold" { "pause" } else { script }),
        )
    });
    vec![StyledLine::default(), line]
}

fn target(target: &TargetLine) -> Vec<StyledLine> {
    let waiting = match target.waiting {
        0 => String::new(),
        waiting => format!("  {} waiting", units::format_count(waiting as u64)),
    };
    let line = |role, sign: &str| {
        StyledLine::new(role, format!("  {sign} "))
            .with(StyleClass::Plain, &target.url)
            .with(StyleClass::Dim, &waiting)
    };
    match &target.down {
        None => vec![line(StyleClass::Dim, "→")],
        Some(why) => {
            vec![
                line(StyleClass::Bad, "✗").with(StyleClass::Bad, "  down"),
                StyledLine::new(StyleClass::Dim, format!("      {why}")),
            ]
        }
    }
}
