//! Layout as a function of the size alone. The update needs it for page heights and clicks, the
//! view for drawing.

use ratatui::layout::{Constraint, Layout, Margin, Position, Rect};

/// Pane that receives the keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Focus {
    #[default]
    List,
    Detail,
}

/// Screen size in columns and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub width: u16,
    pub height: u16,
}

/// Minimum size; on a smaller screen the dashboard only shows a message.
pub const SMALLEST: Size = Size { width: 44, height: 10 };

/// Arrangement of the panes chosen by the user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Arrangement {
    /// The focused pane fills the screen.
    pub zoomed: bool,
    /// Stacked or side by side; if absent, the width decides.
    pub stacked: Option<bool>,
    /// Shows or hides the third pane; none to decide by the width.
    pub third: Option<bool>,
    /// Width of the list if the panes are side by side, otherwise its height.
    pub list: Option<u16>,
}

impl Arrangement {
    /// Returns true if the panes are stacked on a screen of this width.
    pub fn is_stacked(self, width: u16) -> bool {
        self.stacked.unwrap_or(width < SIDE_BY_SIDE)
    }
}

/// Minimum width or height of a pane.
const NARROWEST: u16 = 20;
const LOWEST: u16 = 4;

/// Minimum width for panes side by side.
const SIDE_BY_SIDE: u16 = 110;

/// Minimum width for three panes.
pub const THREE_PANES: u16 = 180;

/// Areas of the dashboard. A hidden pane has zero height.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    pub title: Rect,
    /// Column names above the list.
    pub list_head: Rect,
    pub list: Rect,
    /// Divider between panes side by side.
    pub divider: Rect,
    /// Tabs above the detail.
    pub tabs: Rect,
    pub detail: Rect,
    /// Divider in front of the third pane.
    pub side_divider: Rect,
    /// Title of the third pane.
    pub side_head: Rect,
    /// Third pane: the signature, or the timeline.
    pub side: Rect,
    pub hints: Rect,
    /// Everything between the title and the hints.
    pub body: Rect,
}

impl Areas {
    /// Returns true if both panes are visible and stacked.
    pub fn is_stacked(&self) -> bool {
        self.divider.area() == 0 && self.list.height > 0 && self.detail.height > 0
    }

    /// Returns the area of the palette: its prompt, then the commands.
    pub fn palette(&self) -> Rect {
        let width = self.body.width.min(120);
        Rect {
            x: self.body.x + (self.body.width - width) / 2,
            y: self.body.y,
            width,
            height: self.body.height.min(18),
        }
    }

    /// Returns the number of commands the palette shows; its frame and prompt take three lines.
    pub fn palette_height(&self) -> usize {
        usize::from(self.palette().height.saturating_sub(3))
    }

    /// Returns the palette line at a position.
    pub fn palette_line(&self, at: Position) -> Option<usize> {
        let area = self.palette();
        let inside = area.inner(Margin::new(1, 1));
        let line = at.y.checked_sub(inside.y + 1)?;
        inside.contains(at).then_some(usize::from(line))
    }
}

/// Lines and columns that the panes need for their content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// Lines at the bottom.
    pub footer: u16,
    /// Columns of a list that cuts nothing.
    pub list: u16,
}

/// Returns the areas for a size; `None` if it is too small.
///
/// ```text
/// title                          title
/// list_head     │ tabs           list_head
/// list          │ detail   or    list
///               │                tabs
///               │                detail
/// hints                          hints
/// ```
///
/// On a wide screen the third pane is to the right of the detail.
pub fn areas(size: Size, focus: Focus, arrangement: Arrangement, needs: Needs) -> Option<Areas> {
    if size.width < SMALLEST.width || size.height < SMALLEST.height {
        return None;
    }
    let screen = Rect::new(0, 0, size.width, size.height);
    // The panes keep their minimum height on any screen.
    let footer = needs.footer.clamp(1, size.height - 1 - LOWEST - 1);
    let [title, body, hints] =
        Layout::vertical([Constraint::Length(1), Constraint::Fill(1), Constraint::Length(footer)])
            .areas(screen);
    let none = Rect::new(body.x, body.y, 0, 0);
    let has_third = arrangement.third.unwrap_or(true) && size.width >= THREE_PANES;
    let (upper, divider, lower) = match (arrangement.zoomed, focus) {
        (true, Focus::List) => (body, none, none),
        (true, Focus::Detail) => (none, none, body),
        (false, _) if !arrangement.is_stacked(size.width) => {
            let wanted = arrangement.list.unwrap_or(list_width(size.width, has_third, needs.list));
            let most = size.width.saturating_sub(NARROWEST + 1).max(NARROWEST);
            let [left, divider, right] = Layout::horizontal([
                Constraint::Length(wanted.clamp(NARROWEST, most)),
                Constraint::Length(1),
                Constraint::Fill(1),
            ])
            .areas(body);
            (left, divider, right)
        }
        (false, _) => {
            let wanted = arrangement.list.unwrap_or(body.height * 2 / 5);
            let most = body.height.saturating_sub(LOWEST).max(LOWEST);
            let list = wanted.clamp(LOWEST, most);
            let [upper, lower] =
                Layout::vertical([Constraint::Length(list), Constraint::Fill(1)]).areas(body);
            (upper, none, lower)
        }
    };
    let hidden = Rect::new(lower.right(), body.y, 0, 0);
    let (lower, third_divider, third) =
        if has_third && divider.area() > 0 && lower.width >= 2 * NARROWEST_SIDE {
            let width = Constraint::Length((lower.width * 9 / 20).max(NARROWEST_SIDE));
            let [middle, line, third] =
                Layout::horizontal([Constraint::Fill(1), Constraint::Length(1), width])
                    .areas(lower);
            (middle, line, third)
        } else {
            (lower, hidden, hidden)
        };
    let (list_head, list) = head_and_rest(upper);
    let (tabs, detail) = head_and_rest(lower);
    let (third_head, third) = head_and_rest(third);
    Some(Areas {
        title,
        list_head,
        list,
        divider,
        tabs,
        detail,
        side_divider: third_divider,
        side_head: third_head,
        side: third,
        hints,
        body,
    })
}

/// Minimum width of the third pane.
const NARROWEST_SIDE: u16 = 44;

/// Width of a list that shows times, verdicts, and types.
const READABLE_LIST: u16 = 56;

/// Gives the list the width its content needs, up to a share of the screen, and the others the
/// rest.
fn list_width(width: u16, has_third: bool, needed: u16) -> u16 {
    let most = if has_third {
        (width / 25 * 12).clamp(76, 120)
    } else {
        (width / 2 + width / 16).min(96).max(width / 5 * 2)
    };
    // In steps, so that the panes do not move with every longer cell.
    needed.max(READABLE_LIST).next_multiple_of(4).min(most)
}

fn head_and_rest(area: Rect) -> (Rect, Rect) {
    let head = Rect { height: area.height.min(1), ..area };
    let rest = Rect { y: area.y + head.height, height: area.height - head.height, ..area };
    (head, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Needs = Needs { footer: 1, list: 200 };

    /// Checks every arrangement at one size.
    fn tile_the_screen(width: u16, height: u16) {
        let plain = Arrangement::default();
        let zoomed = Arrangement { zoomed: true, ..plain };
        let odd = |stacked, list| Arrangement { stacked: Some(stacked), list, ..plain };
        for (focus, arrangement) in [
            (Focus::List, plain),
            (Focus::List, zoomed),
            (Focus::Detail, zoomed),
            (Focus::List, odd(true, None)),
            (Focus::List, odd(false, None)),
            (Focus::List, odd(true, Some(0))),
            (Focus::List, odd(false, Some(u16::MAX))),
        ] {
            let size = Size { width, height };
            let areas = areas(size, focus, arrangement, WIDE).unwrap();
            let parts = [
                areas.title,
                areas.list_head,
                areas.list,
                areas.divider,
                areas.tabs,
                areas.detail,
                areas.side_divider,
                areas.side_head,
                areas.side,
                areas.hints,
            ];
            let cells: u32 = parts.iter().map(|part| part.area()).sum();
            assert_eq!(cells, u32::from(width) * u32::from(height), "{size:?}");
            assert!(areas.list.height + areas.detail.height >= 4, "{size:?}");
        }
    }

    // Columns depend on the width only and rows on the height only, except for stacking.
    #[test]
    fn areas_tile_the_screen_at_every_width() {
        for width in SMALLEST.width..240 {
            tile_the_screen(width, SMALLEST.height);
        }
    }

    #[test]
    fn areas_tile_the_screen_at_every_height() {
        for height in SMALLEST.height..70 {
            tile_the_screen(SMALLEST.width, height);
            tile_the_screen(240, height);
        }
    }

    proptest::proptest! {
        #[test]
        fn areas_tile_the_screen_at_any_size(
            width in SMALLEST.width..1000,
            height in SMALLEST.height..500,
        ) {
            tile_the_screen(width, height);
        }
    }

    #[test]
    fn a_wide_screen_has_three_panes() {
        let third = |width, third, zoomed| {
            let arrangement = Arrangement { zoomed, third, ..Arrangement::default() };
            let areas = areas(Size { width, height: 50 }, Focus::List, arrangement, WIDE).unwrap();
            areas.side.width
        };
        assert!(third(180, None, false) >= NARROWEST_SIDE && third(300, None, false) >= 80);
        for hidden in [(179, None, false), (200, Some(false), false), (200, None, true)] {
            assert_eq!(third(hidden.0, hidden.1, hidden.2), 0);
        }
    }

    #[test]
    fn a_list_of_short_cells_leaves_its_room_to_the_panes() {
        let list = |width, list| {
            let size = Size { width, height: 50 };
            let needs = Needs { footer: 1, list };
            areas(size, Focus::List, Arrangement::default(), needs).unwrap().list.width
        };
        assert_eq!(list(200, 70), 72);
        assert_eq!(list(200, 30), READABLE_LIST);
        assert_eq!(list(200, 150), 96);
        assert_eq!(list(120, 58), 60);
    }

    #[test]
    fn a_screen_that_is_too_small_has_no_areas() {
        let size = Size { width: SMALLEST.width - 1, height: 50 };
        assert_eq!(areas(size, Focus::List, Arrangement::default(), WIDE), None);
    }
}
