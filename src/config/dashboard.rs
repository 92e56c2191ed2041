//! Dashboard section of the configuration: keys, views, theme, and glyphs.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use crate::app::Preferences;
use crate::app::columns::ListColumn;
use crate::app::diff::Volatile;
use crate::app::keymap::{Key, KeyError, RebindError};
use crate::app::layout::Arrangement;
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
pub(super) struct DashboardTable {
    theme: Option<Spanned<String>>,
    glyphs: GlyphChoice,
    /// Names of bound actions and their keys, by context.
    keys: BTreeMap<String, BTreeMap<String, Spanned<Keys>>>,
    views: BTreeMap<String, Spanned<String>>,
    columns: Vec<Spanned<String>>,
    layout: Layout,
    themes: BTreeMap<String, Spanned<BTreeMap<String, String>>>,
    /// Paths and headers that differ with every delivery.
    volatile: Option<Spanned<Vec<String>>>,
}

/// Arrangement of the panes; what is absent depends on the size of the terminal.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Layout {
    /// Panes above each other instead of side by side.
    stacked: Option<bool>,
    third_pane: Option<bool>,
    /// Columns of the list, or its lines if the panes are stacked.
    list: Option<u16>,
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

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SettingMistake {
    /// Value in the file; none if it is not about one value.
    pub(super) span: Option<Range<usize>>,
    pub(super) reason: String,
}

impl SettingMistake {
    fn at<T>(value: &Spanned<T>, reason: String) -> Self {
        Self { span: Some(value.span()), reason }
    }
}

impl DashboardTable {
    /// Returns the settings, or every mistake in them.
    pub(super) fn read(self) -> Result<Dashboard, Vec<SettingMistake>> {
        let mut mistakes = Vec::new();
        let mut dashboard = Dashboard { glyphs: self.glyphs, ..Dashboard::default() };
        let keymap = &mut dashboard.preferences.keymap;
        for (place, bound) in &self.keys {
            for (name, keys) in bound {
                let rebound = match keys.get_ref().read() {
                    Ok(read) => keymap.rebind(place, name, read).map_err(|wrong| wrong.to_string()),
                    Err(wrong) => Err(format!("[dashboard.keys.{place}] {name}: {wrong}")),
                };
                mistakes.extend(rebound.err().map(|reason| SettingMistake::at(keys, reason)));
            }
        }
        let conflicts = keymap.check();
        mistakes.extend(conflicts.iter().map(|conflict| SettingMistake {
            span: self.span_of(conflict),
            reason: conflict.to_string(),
        }));
        for (name, text) in self.views {
            match text.get_ref().parse::<Filter>() {
                Ok(_) => dashboard.preferences.views.push((name, text.into_inner())),
                Err(wrong) => {
                    let reason = format!("[dashboard.views] {name}: {wrong}");
                    mistakes.push(SettingMistake::at(&text, reason));
                }
            }
        }
        if let Some(paths) = &self.volatile {
            match Volatile::read(paths.get_ref()) {
                Ok(volatile) => dashboard.preferences.volatile = volatile,
                Err(wrong) => {
                    let reason = format!("[dashboard] volatile: {wrong}");
                    mistakes.push(SettingMistake::at(paths, reason));
                }
            }
        }
        for name in &self.columns {
            match ListColumn::named(name.get_ref()) {
                Some(column) => dashboard.preferences.columns.push(column),
                None => mistakes.push(SettingMistake::at(
                    name,
                    format!(
                        "[dashboard] columns: unknown column `{}`: expected one of {}",
                        name.get_ref(),
                        ListColumn::ALL.map(ListColumn::as_str).join(", ")
                    ),
                )),
            }
        }
        let Layout { stacked, third_pane: third, list } = self.layout;
        dashboard.preferences.arrangement = Arrangement { stacked, third, list, zoomed: false };
        let mut own = BTreeMap::new();
        for (name, lines) in &self.themes {
            match Theme::read(lines.get_ref()) {
                Ok(theme) => drop(own.insert(name.as_str(), theme)),
                Err(wrong) => {
                    let reason = format!("[dashboard.themes.{name}]: {wrong}");
                    mistakes.push(SettingMistake::at(lines, reason));
                }
            }
        }
        if let Some(chosen) = &self.theme {
            let name = chosen.get_ref();
            match own.get(name.as_str()).map_or_else(|| Theme::named(name), |theme| Ok(*theme)) {
                Ok(theme) => dashboard.theme = theme,
                // An invalid theme of the user was already reported.
                Err(_) if self.themes.contains_key(name) => {}
                Err(wrong) => {
                    let reason = format!("[dashboard] theme: {wrong}");
                    mistakes.push(SettingMistake::at(chosen, reason));
                }
            }
        }
        let own = own.into_iter().map(|(name, theme)| (name.to_owned(), theme));
        dashboard.preferences.themes = own.collect();
        dashboard.theme_name = self.theme.map(Spanned::into_inner);
        if mistakes.is_empty() { Ok(dashboard) } else { Err(mistakes) }
    }

    /// Returns the configured keys that a conflict is about; the other side may be a default.
    fn span_of(&self, conflict: &RebindError) -> Option<Range<usize>> {
        let (place, names) = match conflict {
            RebindError::Clash { place, one, other, .. } => (*place, [*one, *other]),
            RebindError::Locked { place, name } => (*place, [*name, *name]),
            RebindError::Place { .. } | RebindError::Name { .. } => return None,
        };
        let bound = self.keys.get(place)?;
        names.iter().find_map(|name| bound.get(*name)).map(Spanned::span)
    }
}

impl Keys {
    fn read(&self) -> Result<Vec<Key>, KeyError> {
        let texts = match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Several(texts) => texts,
        };
        texts.iter().map(|text| text.parse()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::keymap::KeyContext;
    use crate::app::{Action, ResendAction, StyleClass};

    fn read(text: &str) -> Result<Dashboard, Vec<SettingMistake>> {
        toml::from_str::<DashboardTable>(text).unwrap().read()
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
            let count = mistakes.iter().filter(|mistake| mistake.reason.contains(word)).count();
            assert_eq!(count, 1, "{word}: {mistakes:#?}");
        }
    }
}
