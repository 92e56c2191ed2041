//! The tabs of the detail.

use ratatui::layout::Rect;

/// From this width on tabs have their whole names.
const SPACIOUS: u16 = 76;

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

impl Tab {
    pub const ALL: [Self; 6] =
        [Self::Payload, Self::Headers, Self::Signature, Self::Timeline, Self::Raw, Self::Diff];

    /// Whether it shows a document, in which a cursor moves.
    pub fn is_document(self) -> bool {
        matches!(self, Self::Payload | Self::Raw)
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Payload => "Payload",
            Self::Headers => "Headers",
            Self::Signature => "Signature",
            Self::Timeline => "Timeline",
            Self::Raw => "Raw",
            Self::Diff => "Diff",
        }
    }

    /// What a line of tabs of this width calls it: beside the names there has to be room for where
    /// the cursor is.
    pub fn label(self, width: u16) -> &'static str {
        match self {
            Self::Headers if width < SPACIOUS => "Head",
            Self::Signature if width < SPACIOUS => "Sig",
            Self::Timeline if width < SPACIOUS => "Time",
            _ => self.title(),
        }
    }

    /// Where each tab stands in the line of tabs.
    pub fn places(line: Rect) -> impl Iterator<Item = (Self, Rect)> {
        let mut x = line.x.saturating_add(1);
        Self::ALL.into_iter().map(move |tab| {
            let width = u16::try_from(tab.label(line.width).len()).unwrap_or(0) + 2;
            let place = Rect { x, width, ..line }.intersection(line);
            x = x.saturating_add(width);
            (tab, place)
        })
    }

    fn beside(self, step: usize) -> Self {
        let at = Self::ALL.iter().position(|tab| *tab == self).unwrap_or(0);
        Self::ALL.into_iter().cycle().nth(at + step).unwrap_or_default()
    }

    #[must_use]
    pub fn next(self) -> Self {
        self.beside(1)
    }

    #[must_use]
    pub fn previous(self) -> Self {
        self.beside(Self::ALL.len() - 1)
    }
}
