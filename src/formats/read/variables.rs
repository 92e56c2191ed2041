//! Variables in double braces.

use std::collections::BTreeMap;

use super::RequestError;

/// Depth to which the value of a variable may name others.
const MAX_DEPTH: usize = 8;

/// Values of variables by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Variables {
    values: BTreeMap<String, String>,
}

impl Variables {
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), value.to_owned());
    }

    /// Adds a variable unless one of the name is there.
    pub(super) fn set_default(&mut self, name: &str, value: &str) {
        self.values.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }

    /// Returns a text with the values of its variables.
    pub(super) fn fill(&self, text: &str) -> Result<String, RequestError> {
        self.filled(text, 0)
    }

    fn filled(&self, text: &str, depth: usize) -> Result<String, RequestError> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("{{") {
            let Some((name, after)) = behind.split_once("}}").filter(|(name, _)| is_name(name))
            else {
                out.push_str(before);
                out.push_str("{{");
                rest = behind;
                continue;
            };
            let name = name.trim();
            let (Some(value), true) = (self.values.get(name), depth < MAX_DEPTH) else {
                return Err(RequestError::Variable(name.to_owned()));
            };
            out.push_str(before);
            out.push_str(&self.filled(value, depth + 1)?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }
}

fn is_name(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty()
        && text.len() <= 80
        && text.chars().all(|one| one.is_alphanumeric() || "_-.$ ".contains(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_may_name_others_but_not_themselves() {
        let mut variables = Variables::default();
        variables.set("host", "{{name}}:4400");
        variables.set("name", "localhost");
        variables.set("loop", "{{loop}}");
        assert_eq!(
            variables.fill("http://{{ host }}/{{\"a\"}}").unwrap(),
            "http://localhost:4400/{{\"a\"}}"
        );
        assert!(variables.fill("{{loop}}").is_err() && variables.fill("{{other}}").is_err());
    }
}
