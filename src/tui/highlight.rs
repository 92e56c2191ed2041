//! Marks what the tokens of a payload are, for the lines on the screen alone.

use std::fmt;
use std::sync::Arc;

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use crate::app::{Loaded, Marked, Role};
use crate::payload::{Form, Rendered};

/// Bytes of a line that are parsed; the rest of a longer one looks like its end.
const PARSED: usize = 2048;

/// Parses payload lines with syntect and remembers the last screenful.
pub struct Highlighter {
    syntaxes: SyntaxSet,
    roles: Vec<(Scope, Role)>,
    key: Scope,
    value: Scope,
    screen: Option<Screen>,
}

/// A screenful that was marked, and for what.
struct Screen {
    loaded: Arc<Loaded>,
    window: Window,
    lines: Vec<Marked>,
}

/// The lines wanted, and up to which column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub top: usize,
    pub height: usize,
    pub columns: usize,
}

impl fmt::Debug for Highlighter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Highlighter").finish_non_exhaustive()
    }
}

impl Default for Highlighter {
    fn default() -> Self {
        let scope = |name: &str| Scope::new(name).unwrap_or_default();
        Self {
            syntaxes: SyntaxSet::load_defaults_newlines(),
            roles: vec![
                (scope("string"), Role::Text),
                (scope("constant.numeric"), Role::Number),
                (scope("constant.language"), Role::Literal),
                (scope("punctuation"), Role::Dim),
            ],
            key: scope("meta.structure.dictionary.json"),
            value: scope("meta.structure.dictionary.value.json"),
            screen: None,
        }
    }
}

impl Highlighter {
    /// The lines of a window, marked.
    pub fn lines(&mut self, loaded: &Arc<Loaded>, window: Window) -> &[Marked] {
        let fresh = self
            .screen
            .as_ref()
            .is_some_and(|old| Arc::ptr_eq(&old.loaded, loaded) && old.window == window);
        if !fresh {
            let lines = self.mark(&loaded.rendered, window);
            self.screen = Some(Screen { loaded: Arc::clone(loaded), window, lines });
        }
        self.screen.as_ref().map_or(&[], |screen| &screen.lines)
    }

    fn mark(&self, rendered: &Rendered, window: Window) -> Vec<Marked> {
        let shown = window.top..window.top.saturating_add(window.height);
        let lines = shown.map_while(|at| rendered.line(at)).map(|line| bounded(line, window));
        match self.syntaxes.find_syntax_by_extension("json") {
            Some(json) if rendered.form == Form::Json => {
                let mut state = Tokens::new(self, json);
                for opener in openers(rendered, window.top) {
                    state.parse(opener);
                }
                lines.map(|line| state.mark(line)).collect()
            }
            _ => lines.map(|line| Marked::new(Role::Plain, line)).collect(),
        }
    }

    fn role(&self, stack: &ScopeStack) -> Role {
        let scopes = stack.as_slice();
        let found = scopes.iter().rev().find_map(|scope| {
            self.roles.iter().find(|(of, _)| of.is_prefix_of(*scope)).map(|(_, role)| *role)
        });
        if found == Some(Role::Text) && self.is_key(scopes) {
            Role::Name
        } else {
            found.unwrap_or(Role::Plain)
        }
    }

    /// A string is a key if it stands in a dictionary itself and not in a value of it.
    fn is_key(&self, scopes: &[Scope]) -> bool {
        let last = |wanted: Scope| scopes.iter().rposition(|scope| *scope == wanted);
        let array = scopes.iter().rposition(|scope| {
            Scope::new("meta.structure.array.json").is_ok_and(|array| array == *scope)
        });
        last(self.key).is_some_and(|key| Some(key) > last(self.value) && Some(key) > array)
    }
}

/// As much of a line as can be on the screen: no column takes more than four bytes, but for
/// marks that are stacked on one, and these are cut.
fn bounded(line: &str, window: Window) -> &str {
    let most = window.columns.saturating_mul(4).saturating_add(64);
    line.get(..line.floor_char_boundary(most.min(line.len()))).unwrap_or(line)
}

/// The lines that open the containers around a line, outermost first. They put the parser in
/// the state in which it would be, had it read everything above.
fn openers(rendered: &Rendered, line: usize) -> Vec<&str> {
    let indent_of = |text: &str| text.len() - text.trim_start().len();
    let Some(first) = rendered.line(line) else { return Vec::new() };
    // What a line closes was opened at the same depth.
    let closes = first.trim_start().starts_with(['}', ']']);
    let mut indent = indent_of(first) + usize::from(closes);
    let mut found = Vec::new();
    for at in (0..line).rev() {
        if indent == 0 {
            break;
        }
        let Some(above) = rendered.line(at) else { break };
        let deeper = indent_of(above);
        if deeper < indent && above.ends_with(['{', '[']) {
            found.push(above);
            indent = deeper;
        }
    }
    found.reverse();
    found
}

/// The parser's state between lines.
struct Tokens<'h> {
    highlighter: &'h Highlighter,
    parser: ParseState,
    stack: ScopeStack,
}

impl<'h> Tokens<'h> {
    fn new(highlighter: &'h Highlighter, syntax: &SyntaxReference) -> Self {
        Self { highlighter, parser: ParseState::new(syntax), stack: ScopeStack::new() }
    }

    /// The operations of a line, and where each of them takes place.
    fn parse(&mut self, line: &str) -> Vec<(usize, Role)> {
        let line = format!("{line}\n");
        let operations = self.parser.parse_line(&line, &self.highlighter.syntaxes);
        let mut roles = vec![(0, self.highlighter.role(&self.stack))];
        for (at, operation) in operations.unwrap_or_default() {
            if self.stack.apply(&operation).is_ok() {
                roles.push((at, self.highlighter.role(&self.stack)));
            }
        }
        roles
    }

    fn mark(&mut self, line: &str) -> Marked {
        let parsed = line.floor_char_boundary(PARSED.min(line.len()));
        let (parsed, rest) = line.split_at_checked(parsed).unwrap_or((line, ""));
        let roles = self.parse(parsed);
        let mut marked = Marked::default();
        let mut last = Role::Plain;
        for (at, (start, role)) in roles.iter().enumerate() {
            let end = roles.get(at + 1).map_or(parsed.len(), |(next, _)| *next).min(parsed.len());
            if let Some(text) = parsed.get(*start..end).filter(|text| !text.is_empty()) {
                marked = marked.with(*role, text);
                last = *role;
            }
        }
        if rest.is_empty() { marked } else { marked.with(last, rest) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(body: &str, top: usize, height: usize) -> Vec<Vec<(Role, String)>> {
        let rendered = Rendered::new(body.as_bytes(), None);
        let window = Window { top, height, columns: 80 };
        let lines = Highlighter::default().mark(&rendered, window);
        let spans = |line: &Marked| {
            let spans = line.spans().iter().filter(|span| !span.text().trim().is_empty());
            spans.map(|span| (span.role, span.text().trim().to_owned())).collect()
        };
        lines.iter().map(spans).collect()
    }

    #[test]
    fn tells_keys_from_values() {
        let lines = marked(r#"{"a":"b","c":[1,"d",null]}"#, 0, 99);
        let roles_of = |wanted: &str| {
            let all = lines.iter().flatten();
            let found: Vec<Role> =
                all.filter(|(_, text)| text.contains(wanted)).map(|(role, _)| *role).collect();
            found
        };
        assert_eq!(roles_of("a"), [Role::Name], "{lines:?}");
        assert_eq!(roles_of("b"), [Role::Text], "{lines:?}");
        assert_eq!(roles_of("c"), [Role::Name], "{lines:?}");
        assert_eq!(roles_of("d"), [Role::Text], "{lines:?}");
        assert_eq!(roles_of("1"), [Role::Number], "{lines:?}");
        assert_eq!(roles_of("null"), [Role::Literal], "{lines:?}");
    }

    #[test]
    fn a_window_looks_like_the_same_lines_of_the_whole() {
        let body = r#"{"a":{"b":[{"c":"d","e":1},{"f":"g"}]},"h":"i"}"#;
        let whole = marked(body, 0, 99);
        for top in 0..whole.len() {
            assert_eq!(marked(body, top, 99), whole[top..], "from line {top}");
        }
    }
}
