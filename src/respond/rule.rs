//! Rules: filters with scripts.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use super::read::checked_header;
use super::script::ResponseBody;
use super::{Script, ScriptAction, ScriptStep};
use crate::delivery::{Delivery, Header};
use crate::diagnostic::Diagnostic;
use crate::filter::{BodyResults, Filter};
use crate::payload::escape;
use crate::provider::{PlaceholderError, Placeholders};

/// Maximum size of a file used as a body, which is kept in memory.
pub const MAX_FILE: u64 = 25 << 20;

/// Reads a file that a rule names.
pub(super) type ReadFile<'r> = &'r dyn Fn(&str) -> io::Result<Vec<u8>>;

/// A filter and a script.
#[derive(Debug)]
pub struct ResponseRule {
    filter: Filter,
    script: Script,
    /// Original text.
    text: String,
    /// Names of the files whose content it responds with.
    files: Vec<String>,
    /// Set by an agent.
    by_agent: bool,
    /// Number of deliveries that matched so far.
    count: AtomicU64,
    /// Switched off by the user.
    off: AtomicBool,
}

/// Headers and body for responses of the script that set none of their own.
#[derive(Debug, Clone, Default)]
pub struct Supplement {
    pub headers: Vec<Header>,
    pub body: Option<Placeholders>,
    pub file: Option<String>,
    pub delay: Option<Duration>,
}

/// Reason why a rule cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// A mistake in the filter or the script, at its position in the text of the rule.
    #[error("{mistake}\n{}", mistake.excerpt(text))]
    Syntax { text: String, mistake: Diagnostic },
    #[error("cannot read the body from {path}: {source}")]
    File { path: String, source: io::Error },
    #[error("invalid body in {path}: {error}")]
    Template { path: String, error: PlaceholderError },
    #[error("the body in {path} is not UTF-8 text")]
    NoText { path: String },
    #[error("`body` and `file` exclude each other; remove one")]
    TwoBodies,
    #[error("{0}")]
    Header(String),
    #[error(
        "`hold` needs the dashboard, which releases the request; use `timeout` or a delay instead"
    )]
    NeedsDashboard,
    #[error("a rule cannot contain control or invisible characters here")]
    Invisible,
    #[error("{limit} rules are set already; remove them first")]
    TooMany { limit: usize },
}

impl RuleError {
    /// Returns the mistake in the text of the rule, if it is a syntax error.
    pub fn diagnostic(&self) -> Option<&Diagnostic> {
        match self {
            Self::Syntax { mistake, .. } => Some(mistake),
            Self::File { .. }
            | Self::Template { .. }
            | Self::NoText { .. }
            | Self::TwoBodies
            | Self::Header(_)
            | Self::NeedsDashboard
            | Self::Invisible
            | Self::TooMany { .. } => None,
        }
    }
}

impl ResponseRule {
    /// Parses `[FILTER =>] SCRIPT`.
    pub fn read(text: &str, read_file: ReadFile<'_>) -> Result<Self, RuleError> {
        let misplaced = |start| {
            move |mistake: Diagnostic| RuleError::Syntax {
                text: text.to_owned(),
                mistake: mistake.within(text, start),
            }
        };
        let (filter, script) = match arrow(text) {
            Some(at) => {
                let (filter, behind) = text.split_at(at);
                let blank = filter.len() - filter.trim_start().len();
                let parsed = filter.trim().parse().map_err(misplaced(blank))?;
                (parsed, behind.trim_start_matches("=>"))
            }
            None => (Filter::default(), text),
        };
        let parsed: Script = script.parse().map_err(misplaced(text.len() - script.len()))?;
        let supplement = Supplement::default();
        Ok(Self {
            text: text.trim().to_owned(),
            ..Self::new(filter, parsed, supplement, read_file)?
        })
    }

    /// Parses a rule of an agent. It may neither read a file nor wait for the user.
    pub fn from_agent(text: &str) -> Result<Self, RuleError> {
        let refuse = |_: &str| {
            Err(io::Error::other("a rule cannot read files here; write the body into it"))
        };
        if escape(text) != text {
            return Err(RuleError::Invisible);
        }
        let rule = Self::read(text, &refuse)?;
        if rule.holds() {
            return Err(RuleError::NeedsDashboard);
        }
        Ok(Self { by_agent: true, ..rule })
    }

    /// Creates a rule from its parts.
    pub fn new(
        filter: Filter,
        mut script: Script,
        supplement: Supplement,
        read_file: ReadFile<'_>,
    ) -> Result<Self, RuleError> {
        let mut files = Vec::new();
        let body = match (supplement.body, supplement.file) {
            (Some(_), Some(_)) => return Err(RuleError::TwoBodies),
            (Some(text), None) => Some(ResponseBody::Text(text)),
            (None, file) => file.map(ResponseBody::File),
        };
        for canned in script.answers() {
            for header in &supplement.headers {
                if !canned.headers.iter().any(|own| own.is(&header.name)) {
                    canned.headers.push(header.clone());
                }
            }
            if let (ResponseBody::Own, Some(body)) = (&canned.body, &body) {
                canned.body = body.clone();
            }
            if let ResponseBody::File(path) = &mut canned.body {
                let text = body_from(path, read_file)?;
                files.push(std::mem::take(path));
                canned.body = ResponseBody::Text(text);
            }
        }
        if let Some(delay) = supplement.delay {
            script
                .steps
                .iter_mut()
                .filter(|step| step.delay.is_zero())
                .for_each(|step| step.delay = delay);
        }
        let text =
            if filter.is_all() { script.to_string() } else { format!("{filter} => {script}") };
        Ok(Self {
            filter,
            script,
            text,
            files,
            by_agent: false,
            count: AtomicU64::new(0),
            off: AtomicBool::new(false),
        })
    }

    /// Returns the rule for the deliveries that match another term as well.
    pub fn narrowed(self, term: &str) -> Result<Self, RuleError> {
        let Self { filter, script, files, by_agent, off, .. } = self;
        let narrowed = filter
            .narrowed(term)
            .map_err(|mistake| RuleError::Syntax { text: term.to_owned(), mistake })?;
        let text = format!("{narrowed} => {script}");
        let count = AtomicU64::new(0);
        Ok(Self { filter: narrowed, script, text, files, by_agent, count, off })
    }

    /// Returns the action for a delivery; `None` if the rule does not match or passes the delivery
    /// on. `roll` is a random number from 0 up to 1.
    pub fn decide(
        &self,
        delivery: &Delivery,
        body: &BodyResults,
        now: Timestamp,
        roll: f64,
    ) -> Option<&ScriptStep> {
        if self.is_off() || !self.filter.matches_with(delivery, now, body) {
            return None;
        }
        let before = self.count.fetch_add(1, Ordering::Relaxed);
        self.script
            .step(before)
            .filter(|step| roll < step.chance && step.action != ScriptAction::Pass)
    }

    /// Returns whether the filter reads bodies.
    pub fn reads_body(&self) -> bool {
        self.filter.reads_body()
    }

    /// Evaluates the filter on the body of a delivery that the store has not numbered yet.
    pub fn judge_body(&self, delivery: &Delivery) -> BodyResults {
        self.filter.judge_body(delivery)
    }

    /// Returns whether the rule may pause requests until the user decides.
    pub fn holds(&self) -> bool {
        self.script.steps.iter().any(|step| step.action == ScriptAction::Hold)
    }

    /// Returns whether the rule may ask a program on the hub.
    pub fn asks_hub(&self) -> bool {
        self.script.steps.iter().any(|step| matches!(step.action, ScriptAction::Ask(_)))
    }

    /// Returns whether an agent set the rule.
    pub fn is_by_agent(&self) -> bool {
        self.by_agent
    }

    /// Returns whether the rule has no filter.
    pub fn is_for_all(&self) -> bool {
        self.filter.is_all()
    }

    /// Returns the names of the files whose content it responds with.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// Returns whether the rule is switched off, so that it matches nothing.
    pub fn is_off(&self) -> bool {
        self.off.load(Ordering::Relaxed)
    }

    /// Switches the rule off or on.
    pub fn switch(&self, off: bool) {
        self.off.store(off, Ordering::Relaxed);
    }

    /// Returns the number of deliveries that matched so far.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

impl fmt::Display for ResponseRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Supplement {
    /// Parses a response header, `Name: value`.
    pub fn header(text: &str) -> Result<Header, RuleError> {
        let (name, value) = text.split_once(':').ok_or_else(|| {
            RuleError::Header(format!("invalid header `{text}`: expected `Name: value`"))
        })?;
        checked_header(name.trim(), value.trim()).map_err(|(_, why)| RuleError::Header(why))
    }
}

/// Finds the arrow that ends the filter: the first one outside quotes.
fn arrow(text: &str) -> Option<usize> {
    let mut quoted = false;
    let mut last = ' ';
    for (at, letter) in text.char_indices() {
        match letter {
            '"' if last != '\\' => quoted = !quoted,
            '=' if !quoted && text.get(at..).is_some_and(|rest| rest.starts_with("=>")) => {
                return Some(at);
            }
            _ => {}
        }
        last = letter;
    }
    None
}

fn body_from(path: &str, read_file: ReadFile<'_>) -> Result<Placeholders, RuleError> {
    let shown = || path.to_owned();
    let bytes = read_file(path).map_err(|source| RuleError::File { path: shown(), source })?;
    let text = String::from_utf8(bytes).map_err(|_| RuleError::NoText { path: shown() })?;
    text.parse().map_err(|error| RuleError::Template { path: shown(), error })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(text: &str) -> Diagnostic {
        let error = ResponseRule::read(text, &|_| Err(io::ErrorKind::NotFound.into())).unwrap_err();
        error.diagnostic().unwrap().clone()
    }

    #[test]
    fn errors_in_the_filter_have_a_position_in_the_rule() {
        let mistake = mistake("  typ:x => 500");
        assert_eq!((mistake.span.clone(), mistake.column()), (2..6, 3));
        assert_eq!(mistake.suggestion.as_deref(), Some("type:"));
    }

    #[test]
    fn errors_in_the_script_have_a_position_in_the_rule() {
        let mistake = mistake("type:ü => 500x");
        assert_eq!((mistake.span.clone(), mistake.column()), (15..15, 15));
    }

    #[test]
    fn the_text_of_an_error_shows_the_rule_with_a_caret() {
        let error = ResponseRule::read("typ:x => 500", &|_| Err(io::ErrorKind::NotFound.into()))
            .unwrap_err()
            .to_string();
        assert!(error.ends_with("\ntyp:x => 500\n^^^^"), "{error}");
    }
}
