//! Dashboard section of the configuration: keys, views, theme, and glyphs.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::app::Preferences;
use crate::app::columns::ListColumn;
use crate::app::diff::Volatile;
use crate::app::keymap::Key;
use crate::app::theme::Theme;
use crate::filter::Filter;

/// Characters that the terminal can display.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GlyphChoice {
    /// Decided by the locale.
    #[default]
    Auto,
    Unicode,
    Ascii,
}

impl GlyphChoice {
    /// Returns the spelling used in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Unicode => "unicode",
            Self::Ascii => "ascii",
        }
    }
}

/// Dashboard section as written in the file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Setting {
    theme: Option<String>,
    glyphs: GlyphChoice,
    /// Names of bound actions and their keys, by context.
    keys: BTreeMap<String, BTreeMap<String, Keys>>,
    views: BTreeMap<String, String>,
    columns: Vec<String>,
    themes: BTreeMap<String, BTreeMap<String, String>>,
    /// Paths and headers that differ with every delivery.
    volatile: Vec<String>,
}

/// One key or several; an empty list removes the binding.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Keys {
    One(String),
    Several(Vec<String>),
}

/// Dashboard settings.
#[derive(Debug, Clone, Default)]
pub struct Dashboard {
    pub preferences: Preferences,
    pub theme: Theme,
    /// Name of the theme, if one is chosen.
    pub theme_name: Option<String>,
    pub glyphs: GlyphChoice,
}

impl Setting {
    /// Returns the settings, or every mistake in them.
    pub(super) fn read(self) -> Result<Dashboard, Vec<String>> {
        let mut mistakes = Vec::new();
        let mut dashboard = Dashboard { glyphs: self.glyphs, ..Dashboard::default() };
        let keymap = &mut dashboard.preferences.keymap;
        for (place, bound) in &self.keys {
            for (name, keys) in bound {
                let keys = keys
                    .read()
                    .map_err(|wrong| format!("[dashboard.keys.{place}] {name}: {wrong}"));
                let bound = keys.and_then(|keys| {
                    keymap.rebind(place, name, keys).map_err(|wrong| wrong.to_string())
                });
                mistakes.extend(bound.err());
            }
        }
        mistakes.extend(keymap.check().iter().map(ToString::to_string));
        for (name, text) in self.views {
            match text.parse::<Filter>() {
                Ok(_) => dashboard.preferences.views.push((name, text)),
                Err(wrong) => mistakes.push(format!("[dashboard.views] {name}: {wrong}")),
            }
        }
        match Volatile::read(&self.volatile) {
            Ok(volatile) => dashboard.preferences.volatile = volatile,
            Err(wrong) => mistakes.push(format!("[dashboard] volatile: {wrong}")),
        }
        for name in &self.columns {
            match ListColumn::named(name) {
                Some(column) => dashboard.preferences.columns.push(column),
                None => mistakes.push(format!(
                    "[dashboard] columns: unknown column `{name}`: expected one of {}",
                    ListColumn::ALL.map(ListColumn::as_str).join(", ")
                )),
            }
        }
        let mut own = BTreeMap::new();
        for (name, lines) in &self.themes {
            match Theme::read(lines) {
                Ok(theme) => drop(own.insert(name.as_str(), theme)),
                Err(wrong) => mistakes.push(format!("[dashboard.themes.{name}]: {wrong}")),
            }
        }
        if let Some(name) = &self.theme {
            match own.get(name.as_str()).map_or_else(|| Theme::named(name), |theme| Ok(*theme)) {
                Ok(theme) => dashboard.theme = theme,
                // An invalid theme of the user was already reported.
                Err(_) if self.themes.contains_key(name) => {}
                Err(wrong) => mistakes.push(format!("[dashboard] theme: {wrong}")),
            }
        }
        dashboard.theme_name = self.theme;
        if mistakes.is_empty() { Ok(dashboard) } else { Err(mistakes) }
    }
}

impl Keys {
    fn read(&self) -> Result<Vec<Key>, String> {
        let texts = match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Several(texts) => texts,
        };
        texts.iter().map(|text| text.parse().map_err(|wrong| format!("{wrong}"))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::keymap::KeyContext;
    use crate::app::{Action, ResendAction, StyleClass};

    fn read(text: &str) -> Result<Dashboard, Vec<String>> {
        toml::from_str::<Setting>(text).unwrap().read()
    }

    #[test]
    fn keys_views_and_themes_are_read() {
        let dashboard = read(
            "theme = \"mine\"\nglyphs = \"ascii\"\ncolumns = [\"time\", \"event-id\"]\n\
             [keys.anywhere]\nresend = [\"ctrl-t\", \"f5\"]\nsuspend = []\n\
             [views]\nbad = \"sig:!verified\"\n[themes.mine]\nbad = \"#ff0000 bold\"\n",
        )
        .unwrap();
        let resolve = |key: &str| {
            let key = key.parse().unwrap();
            dashboard.preferences.keymap.resolve(&[KeyContext::Anywhere], key)
        };
        let resend = Some(Action::Sending(ResendAction::Again));
        assert_eq!((resolve("ctrl-t"), resolve("f5")), (resend, resend));
        assert_eq!((resolve("r"), resolve("ctrl-z")), (None, None));
        assert_eq!(dashboard.preferences.columns, [ListColumn::Time, ListColumn::EventId]);
        assert_eq!(dashboard.preferences.views, [("bad".to_owned(), "sig:!verified".to_owned())]);
        let red = ratatui::style::Color::Rgb(255, 0, 0);
        assert_eq!(dashboard.theme.style(StyleClass::Bad).fg, Some(red));
        assert_eq!(dashboard.glyphs, GlyphChoice::Ascii);
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let mistakes = read(
            "theme = \"nihgt\"\ncolumns = [\"tyme\"]\nvolatile = [\"idd\"]\n[keys.lst]\ndown = \"x\"\n[keys.list]\ndwon = \"x\"\nup = \"hyper-x\"\n\
             [keys.anywhere]\nfilter = \"?\"\nquit = []\n[views]\nv = \"typ:x\"\n[themes.t]\nbda = \"red\"\n",
        )
        .unwrap_err();
        for word in [
            "`idd`",
            "`tyme`",
            "`lst`",
            "`dwon`",
            "`hyper-x`",
            "`?` in",
            "`quit`",
            "`typ:`",
            "`bda`",
            "`nihgt`",
        ] {
            let count = mistakes.iter().filter(|mistake| mistake.contains(word)).count();
            assert_eq!(count, 1, "{word}: {mistakes:#?}");
        }
    }
}
