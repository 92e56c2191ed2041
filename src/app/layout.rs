//! Where things stand, as a function of the size alone; the update needs it for page heights
//! and clicks, the view for drawing.

use ratatui::layout::{Constraint, Layout, Rect};

use super::model::Focus;

/// Columns and rows of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub width: u16,
    pub height: u16,
}

/// Below this the dashboard says so instead of drawing.
pub const SMALLEST: Size = Size { width: 44, height: 10 };

/// From this width on the panes stand side by side.
const SIDE_BY_SIDE: u16 = 110;

/// The areas of the dashboard. A pane that is hidden has no height.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    pub title: Rect,
    /// The line of column names above the list.
    pub list_head: Rect,
    pub list: Rect,
    /// The line between panes that stand side by side.
    pub divider: Rect,
    /// The line of tabs above the detail.
    pub tabs: Rect,
    pub detail: Rect,
    pub hints: Rect,
    /// Everything between title and hints.
    pub body: Rect,
}

/// The areas for a size; `None` if it is too small.
///
/// ```text
/// title                          title
/// list_head     │ tabs           list_head
/// list          │ detail   or    list
///               │                tabs
///               │                detail
/// hints                          hints
/// ```
pub fn areas(size: Size, focus: Focus, zoomed: bool) -> Option<Areas> {
    if size.width < SMALLEST.width || size.height < SMALLEST.height {
        return None;
    }
    let screen = Rect::new(0, 0, size.width, size.height);
    let [title, body, hints] =
        Layout::vertical([Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)])
            .areas(screen);
    let none = Rect::new(body.x, body.y, 0, 0);
    let (upper, divider, lower) = match (zoomed, focus) {
        (true, Focus::List) => (body, none, none),
        (true, Focus::Detail) => (none, none, body),
        (false, _) if size.width >= SIDE_BY_SIDE => {
            let [left, divider, right] = Layout::horizontal([
                Constraint::Length(list_width(size.width)),
                Constraint::Length(1),
                Constraint::Fill(1),
            ])
            .areas(body);
            (left, divider, right)
        }
        (false, _) => {
            let list = (body.height * 2 / 5).max(4);
            let [upper, lower] =
                Layout::vertical([Constraint::Length(list), Constraint::Fill(1)]).areas(body);
            (upper, none, lower)
        }
    };
    let (list_head, list) = head_and_rest(upper);
    let (tabs, detail) = head_and_rest(lower);
    Some(Areas { title, list_head, list, divider, tabs, detail, hints, body })
}

/// The list has what its columns need; the payload gets the rest of a wide screen.
fn list_width(width: u16) -> u16 {
    (width / 2).min(84)
}

fn head_and_rest(area: Rect) -> (Rect, Rect) {
    let head = Rect { height: area.height.min(1), ..area };
    let rest = Rect { y: area.y + head.height, height: area.height - head.height, ..area };
    (head, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_tile_the_screen_at_every_size() {
        for width in SMALLEST.width..240 {
            for height in SMALLEST.height..70 {
                for (focus, zoomed) in
                    [(Focus::List, false), (Focus::List, true), (Focus::Detail, true)]
                {
                    let size = Size { width, height };
                    let areas = areas(size, focus, zoomed).unwrap();
                    let parts = [
                        areas.title,
                        areas.list_head,
                        areas.list,
                        areas.divider,
                        areas.tabs,
                        areas.detail,
                        areas.hints,
                    ];
                    let cells: u32 = parts.iter().map(|part| part.area()).sum();
                    assert_eq!(cells, u32::from(width) * u32::from(height), "{size:?}");
                    assert!(areas.list.height + areas.detail.height >= 4, "{size:?}");
                }
            }
        }
        assert_eq!(areas(Size { width: 43, height: 50 }, Focus::List, false), None);
    }
}
