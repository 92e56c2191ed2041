//! The tabs of the detail view.

use super::keymap::Key;

/// A view of the selected delivery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tab {
    #[default]
    Payload,
    Headers,
    Signature,
    Timeline,
    Raw,
    Diff,
}

/// Kind of content that a tab shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TabContent {
    /// A document with a cursor, folds, and search.
    Document,
    /// Two deliveries compared, with a cursor.
    Diff,
    /// Lines from `app/pane/`, which only scroll.
    Lines,
}

/// One tab: its titles, the keys that show it, and their description.
#[derive(Debug)]
pub struct TabRow {
    pub tab: Tab,
    pub title: &'static str,
    /// Title in a narrow line of tabs.
    pub short: &'static str,
    pub content: TabContent,
    /// Name of the binding in the configuration.
    pub name: &'static str,
    pub keys: &'static [Key],
    pub help: &'static str,
}

/// Every tab, from left to right.
#[rustfmt::skip] // one tab per line
pub static TABS: [TabRow; 6] = [
    TabRow { tab: Tab::Payload, title: "Payload", short: "Payload", content: TabContent::Document, name: "payload", keys: &[Key::char('1')], help: "show the payload" },
    TabRow { tab: Tab::Headers, title: "Headers", short: "Head", content: TabContent::Lines, name: "headers", keys: &[Key::char('2')], help: "show the headers" },
    TabRow { tab: Tab::Signature, title: "Signature", short: "Sig", content: TabContent::Lines, name: "signature", keys: &[Key::char('3')], help: "show the signature and why it failed" },
    TabRow { tab: Tab::Timeline, title: "Timeline", short: "Time", content: TabContent::Lines, name: "timeline", keys: &[Key::char('4')], help: "show responses and attempts" },
    TabRow { tab: Tab::Raw, title: "Raw", short: "Raw", content: TabContent::Document, name: "raw", keys: &[Key::char('5')], help: "show the raw request" },
    TabRow { tab: Tab::Diff, title: "Diff", short: "Diff", content: TabContent::Diff, name: "diff", keys: &[Key::char('6')], help: "show differences from the previous delivery" },
];

impl Tab {
    fn row(self) -> &'static TabRow {
        let [first, ..] = &TABS;
        TABS.iter().find(|row| row.tab == self).unwrap_or(first)
    }

    pub fn content(self) -> TabContent {
        self.row().content
    }

    /// Returns whether the tab shows a document, in which a cursor moves.
    pub fn is_document(self) -> bool {
        self.content() == TabContent::Document
    }

    /// Returns the tab that the third pane shows next to this one.
    #[must_use]
    pub fn beside(self) -> Self {
        if self == Self::Signature { Self::Timeline } else { Self::Signature }
    }

    pub fn title(self) -> &'static str {
        self.row().title
    }

    fn neighbor(self, step: usize) -> Self {
        let at = TABS.iter().position(|row| row.tab == self).unwrap_or(0);
        TABS.iter().cycle().nth(at + step).map_or(self, |row| row.tab)
    }

    #[must_use]
    pub fn next(self) -> Self {
        self.neighbor(1)
    }

    #[must_use]
    pub fn previous(self) -> Self {
        self.neighbor(TABS.len() - 1)
    }
}
