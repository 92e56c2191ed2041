//! Who is held, which rules answer deliveries, and how the targets are doing.

use super::super::keymap::Keymap;
use super::super::model::Model;
use super::super::onward::{Choice, Onward, TargetLine};
use super::super::role::{Marked, Role};
use crate::units;

/// A page of lines, and the one that is chosen.
#[derive(Debug)]
pub struct Answers {
    pub lines: Vec<Marked>,
    pub chosen: usize,
}

/// The page at most `width` columns wide, with one of [`Onward::choices`] chosen.
pub fn page(model: &Model, chosen: usize, width: usize) -> Answers {
    let onward = &model.onward;
    let chosen = onward.choices().get(chosen).copied();
    let mut page = Answers { lines: Vec::new(), chosen: 0 };
    held(model, chosen, &mut page);
    page.lines.push(Marked::default());
    rules(onward, chosen, &mut page);
    page.lines.extend(quick(&model.keymap));
    if !onward.targets.is_empty() {
        page.lines.push(Marked::default());
        page.lines.push(Marked::new(Role::Strong, "Targets, in the order in which they are asked"));
        let targets = onward.targets.iter().flat_map(target);
        page.lines.extend(targets.flat_map(|line| line.wrap(width, 6)));
    }
    page
}

fn sign(page: &mut Answers, chosen: bool) -> Marked {
    if chosen {
        page.chosen = page.lines.len();
    }
    Marked::new(Role::Accent, if chosen { "▌ " } else { "  " })
}

fn held(model: &Model, chosen: Option<Choice>, page: &mut Answers) {
    let onward = &model.onward;
    if onward.held.is_empty() {
        let holding = onward.rules.iter().any(|rule| rule.holds);
        let none = if holding { "No sender is held now" } else { "No sender is held" };
        page.lines.push(Marked::new(Role::Strong, none));
        return;
    }
    let count = units::grouped(onward.held.len() as u64);
    page.lines.push(
        Marked::new(Role::Strong, format!("Held senders: {count}"))
            .with(Role::Dim, "  (many senders give up after 5 to 30 seconds)"),
    );
    for (id, since) in &onward.held {
        let seconds = model.now.duration_since(*since).as_secs().max(0);
        let row = model.list.get(*id);
        let what = row.map_or_else(String::new, |row| {
            row.kind.map_or_else(|| format!("{} {}", row.method, row.target), ToOwned::to_owned)
        });
        let sign = sign(page, chosen == Some(Choice::Held(*id)));
        page.lines.push(
            sign.with(Role::Plain, format!("{:<10}", format!("#{id}")))
                .with(Role::Warn, format!("{:>10}  ", units::seconds(seconds)))
                .with(Role::Strong, what),
        );
    }
}

fn rules(onward: &Onward, chosen: Option<Choice>, page: &mut Answers) {
    if onward.rules.is_empty() {
        page.lines.push(
            Marked::new(Role::Strong, "No rules")
                .with(Role::Dim, "  (targets answer, or it is 200)"),
        );
        return;
    }
    page.lines.push(
        Marked::new(Role::Strong, "Rules; the first that is for a delivery answers it")
            .with(Role::Dim, "  (deliveries so far)"),
    );
    for (at, rule) in onward.rules.iter().enumerate() {
        let sign = sign(page, chosen == Some(Choice::Rule(at)));
        let count = units::grouped(rule.count);
        page.lines.push(
            sign.with(Role::Dim, format!("{:>2}. ", at + 1))
                .with(Role::Number, format!("{count:>7}  "))
                .with(Role::Plain, &rule.text),
        );
    }
}

/// The rules that need no typing, with their keys.
fn quick(keymap: &Keymap) -> Vec<Marked> {
    use super::super::action::{Action, Answering};
    let start = Marked::new(Role::Dim, "  from now on, for every delivery:");
    let rows = keymap.rows().filter_map(|(binding, keys)| match binding.action {
        Action::Answering(Answering::Always(script)) => Some((*keys.first()?, script)),
        _ => None,
    });
    let line = rows.fold(start, |line, (key, script)| {
        line.with(Role::Accent, format!("  {key}")).with(Role::Plain, format!(" {script}"))
    });
    vec![Marked::default(), line]
}

fn target(target: &TargetLine) -> Vec<Marked> {
    let waiting = match target.waiting {
        0 => String::new(),
        waiting => format!("  {} waiting", units::grouped(waiting as u64)),
    };
    let line = |role, sign: &str| {
        Marked::new(role, format!("  {sign} "))
            .with(Role::Plain, &target.url)
            .with(Role::Dim, &waiting)
    };
    match &target.down {
        None => vec![line(Role::Dim, "→")],
        Some(why) => {
            vec![
                line(Role::Bad, "✗").with(Role::Bad, "  down"),
                Marked::new(Role::Dim, format!("      {why}")),
            ]
        }
    }
}
