//! Tokens of a line, from syntect's syntaxes.

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxSet};

use crate::app::StyleClass;

/// Bytes of a line that are parsed; the rest of a longer line keeps the last style.
pub(super) const PARSED: usize = 2048;
/// The syntaxes bundled with syntect and the styles of their scopes.
pub(super) struct Syntaxes {
    set: SyntaxSet,
    roles: Vec<(Scope, StyleClass)>,
}

/// Parser state between two lines.
#[derive(Clone)]
pub(super) struct LineState {
    parser: ParseState,
    stack: ScopeStack,
}

impl Syntaxes {
    pub(super) fn load() -> Self {
        let roles = [
            ("comment", StyleClass::Dim),
            ("string", StyleClass::Text),
            ("constant.numeric", StyleClass::Number),
            ("constant", StyleClass::Literal),
            ("entity", StyleClass::Name),
            ("support", StyleClass::Name),
            ("variable.parameter", StyleClass::Name),
            ("keyword", StyleClass::Strong),
            ("storage", StyleClass::Strong),
            ("markup.heading", StyleClass::Strong),
            ("markup.bold", StyleClass::Strong),
            ("markup.raw", StyleClass::Literal),
            ("punctuation", StyleClass::Dim),
        ];
        let roles =
            roles.into_iter().filter_map(|(name, role)| Some((Scope::new(name).ok()?, role)));
        Self { set: SyntaxSet::load_defaults_newlines(), roles: roles.collect() }
    }

    /// Returns the state at the start of a text if its language is known.
    pub(super) fn start(&self, language: &str, first_line: &str) -> Option<LineState> {
        let syntax = match language {
            "" => self.set.find_syntax_by_first_line(first_line),
            ending => self.set.find_syntax_by_extension(ending),
        }?;
        Some(LineState { parser: ParseState::new(syntax), stack: ScopeStack::new() })
    }

    /// Returns the style of the innermost scope that has one.
    fn role(&self, stack: &ScopeStack) -> StyleClass {
        let of = |scope: &Scope| self.roles.iter().find(|(of, _)| of.is_prefix_of(*scope));
        stack.as_slice().iter().rev().find_map(of).map_or(StyleClass::Text, |(_, role)| *role)
    }

    /// Parses a line and returns the position at which each style begins.
    pub(super) fn read(&self, state: &mut LineState, line: &str) -> Vec<(usize, StyleClass)> {
        let length = line.floor_char_boundary(PARSED.min(line.len()));
        let line = line.split_at_checked(length).map_or(line, |(parsed, _)| parsed);
        let mut roles = vec![(0, self.role(&state.stack))];
        let Ok(operations) = state.parser.parse_line(&format!("{line}\n"), &self.set) else {
            return roles;
        };
        for (at, operation) in operations {
            if state.stack.apply(&operation).is_err() {
                continue;
            }
            let role = self.role(&state.stack);
            match roles.last_mut() {
                Some(last) if last.0 == at => last.1 = role,
                Some(last) if last.1 == role => {}
                _ if at < line.len() => roles.push((at, role)),
                _ => {}
            }
        }
        roles
    }
}
