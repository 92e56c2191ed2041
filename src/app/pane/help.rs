//! The help page, generated from the table of bindings.

use super::badges::SIGNS;
use super::sign_of;
use crate::app::keymap::{Key, KeyContext, Keymap};
use crate::app::model::HelpPage;
use crate::app::style::{StyleClass, StyledLine};
use crate::delivery::SignatureStatus;

/// Columns of the keys on the left.
const KEYS: usize = 16;

/// Minimum width of a column of help.
const COLUMN: usize = 56;

/// Returns the help for the contexts in which keys are looked up now: the legend of the list if it
/// is one of them, its own keys, and those of every other context.
pub(crate) fn page(keymap: &Keymap, now: &[KeyContext]) -> HelpPage {
    let mut lines = Vec::new();
    if now.contains(&KeyContext::Anywhere) {
        lines.extend(legend());
    }
    let others = KeyContext::ALL.into_iter().filter(|context| !now.contains(context));
    for context in now.iter().copied().chain(others) {
        lines.push(StyledLine::new(StyleClass::Strong, context.title()));
        for (binding, keys) in keymap.rows().filter(|(binding, _)| binding.context == context) {
            let keys = keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ");
            lines.push(entry(StyleClass::Accent, &keys, binding.help));
        }
        lines.push(StyledLine::default());
    }
    let title = now.first().map_or("Keys", |context| context.title());
    HelpPage {
        indent: KEYS + 1,
        column: Some(COLUMN),
        ..HelpPage::new(format!("Keys: {}", title.to_lowercase()), lines)
    }
}

/// Explains the signs in the list.
fn legend() -> Vec<StyledLine> {
    let mut lines = vec![StyledLine::new(StyleClass::Strong, "Signs in the list")];
    for status in SignatureStatus::ALL {
        let (sign, role) = sign_of(status);
        lines.push(entry(role, &sign.to_string(), status.as_str()));
    }
    lines.extend(SIGNS.iter().map(|(sign, role, text)| entry(*role, &sign.to_string(), text)));
    lines.push(StyledLine::default());
    lines
}

fn entry(role: StyleClass, keys: &str, text: &str) -> StyledLine {
    StyledLine::new(role, format!("  {keys:<width$} ", width = KEYS - 2))
        .with(StyleClass::Plain, text)
}
