//! The prompt for a delivery number or a time to go to.

use jiff::civil::{DateTime, Time};
use jiff::{Timestamp, ToSpan as _};

use crate::app::effect::Effect;
use crate::app::model::{Mode, Model, OpenPrompt, PromptComment};
use crate::app::notice::Notice;
use crate::app::prompt::Prompt;
use crate::app::update::notify;
use crate::delivery::DeliveryId;

#[derive(Debug, Default)]
struct JumpPrompt {
    line: Prompt,
    error: Option<String>,
}

pub(super) fn open(model: &mut Model) {
    model.mode = Mode::Prompt(Box::<JumpPrompt>::default());
}

impl OpenPrompt for JumpPrompt {
    fn line(&self) -> &Prompt {
        &self.line
    }

    fn line_mut(&mut self) -> &mut Prompt {
        &mut self.line
    }

    fn label(&self) -> String {
        " go to: ".to_owned()
    }

    fn comment(&self, _model: &Model, _width: usize) -> PromptComment {
        PromptComment::error_or(self.error.as_deref(), "  a number, or a time such as 17:06")
    }

    fn on_change(&mut self, _model: &mut Model) -> Vec<Effect> {
        self.error = None;
        Vec::new()
    }

    fn submit(mut self: Box<Self>, model: &mut Model) -> Vec<Effect> {
        if let Err(wrong) = jump(model, &self.line.text()) {
            self.error = Some(wrong);
            model.mode = Mode::Prompt(self);
        }
        Vec::new()
    }
}

/// Goes to a delivery number or a time.
fn jump(model: &mut Model, typed: &str) -> Result<(), String> {
    let typed = typed.trim();
    let found = if let Ok(id) = typed.parse::<DeliveryId>() {
        let found = model.list.jump_to_id(id);
        if let Some(other) = found.filter(|found| *found != id) {
            let why = if model.list.get(id).is_some() {
                format!("The filter hides delivery {id}; went to {other}")
            } else {
                format!("No delivery {id}; went to {other}")
            };
            notify(model, Notice::info(why));
        }
        found.is_some()
    } else {
        let at = moment(model, typed).ok_or_else(|| {
            format!("invalid delivery or time `{typed}`: expected 42, 17:06, or 2026-11-23T17:06")
        })?;
        model.list.jump_to_time(at)
    };
    if !found {
        notify(model, Notice::info("No delivery is shown"));
    }
    Ok(())
}

/// Parses a time of today, of yesterday if it is still to come, or of any given day.
fn moment(model: &Model, typed: &str) -> Option<Timestamp> {
    if let Ok(at) = typed.parse::<Timestamp>() {
        return Some(at);
    }
    let today = model.now.to_zoned_datetime(model.zone.clone()).date();
    let local = match (typed.contains(':') && !typed.contains('-'), typed.parse::<DateTime>()) {
        (true, _) => today.to_datetime(typed.parse::<Time>().ok()?),
        (false, parsed) => parsed.ok()?,
    };
    let at = model.zone.to_timestamp(local).ok()?;
    if at > model.now && typed.contains(':') && !typed.contains('-') {
        return model.zone.to_timestamp(local.checked_sub(1.day()).ok()?).ok();
    }
    Some(at)
}
