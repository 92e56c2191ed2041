//! The help screen, generated from the table of bindings.

use super::badges::SIGNS;
use super::sign_of;
use crate::app::keymap::{Key, KeyContext, Keymap};
use crate::app::style::{StyleClass, StyledLine};
use crate::delivery::SignatureStatus;

/// Lists every binding by context, the current contexts first, then the badges of the list.
pub fn lines(keymap: &Keymap, now: &[KeyContext]) -> Vec<StyledLine> {
    let mut lines = Vec::new();
    let others = KeyContext::ALL.into_iter().filter(|context| !now.contains(context));
    for context in now.iter().copied().chain(others) {
        lines.push(StyledLine::new(StyleClass::Strong, context.title()));
        for (binding, keys) in keymap.rows().filter(|(binding, _)| binding.context == context) {
            let keys = keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ");
            lines.push(
                StyledLine::new(StyleClass::Accent, format!("  {keys:<22} "))
                    .with(StyleClass::Plain, binding.help),
            );
        }
        lines.push(StyledLine::default());
    }
    lines.push(StyledLine::new(StyleClass::Strong, "Signs in the list"));
    for status in SignatureStatus::ALL {
        let (sign, role) = sign_of(status);
        lines.push(
            StyledLine::new(role, format!("  {sign:<22} "))
                .with(StyleClass::Plain, status.as_str()),
        );
    }
    for (sign, role, meaning) in SIGNS {
        lines
            .push(StyledLine::new(role, format!("  {sign:<22} ")).with(StyleClass::Plain, meaning));
    }
    lines
}
