//! The dashboard without a terminal: events in, effects out, and the screen as text.

use std::collections::BTreeMap;

use hookglass::app::layout::Size;
use hookglass::app::theme::Theme;
use hookglass::app::{Effect, Event, Model, Mouse, MouseKind, Preferences, Session, update};
use hookglass::dashboard::view::{Glyphs, Painter};
use hookglass::delivery::{DeliveryId, Summary};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::keys::keys;

/// The sizes at which screens are compared with their snapshots.
pub(crate) const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (200, 60)];

/// Returns the time this many seconds into the tests.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Returns the session of a local listener with secrets of these names.
pub(crate) fn session(secrets: &[&str], keeps: &str) -> Session {
    Session {
        url: "http://127.0.0.1:4400".to_owned(),
        provider: "Cribbly".to_owned(),
        secret_env: "CRIBBLY_WEBHOOK_SECRET".to_owned(),
        secrets: secrets.iter().map(|&name| name.to_owned()).collect(),
        forward: None,
        keeps: keeps.to_owned(),
        demo: false,
        insecure: false,
        filter: String::new(),
    }
}

/// Carries out an effect at once, and returns the event that follows, if any.
type CarryOut = Box<dyn Fn(&Effect) -> Option<Event>>;

/// Carries out an effect that decodes a string.
fn decoded(effect: &Effect) -> Option<Event> {
    let Effect::Decode(request) = effect else { return None };
    let (document, search) = request.carry_out()?;
    Some(Event::Decoded { request: request.clone(), document, search })
}

pub(crate) struct Stage {
    pub(crate) model: Model,
    /// Every effect but loading and decoding, in order.
    pub(crate) effects: Vec<Effect>,
    size: (u16, u16),
    carry_out: CarryOut,
}

impl Stage {
    /// Opens the dashboard over these rows, `now` seconds into the time of the tests.
    pub(crate) fn new(
        size: (u16, u16),
        session: Session,
        now: i64,
        rows: Vec<Summary>,
        carry_out: impl Fn(&Effect) -> Option<Event> + 'static,
    ) -> Self {
        let (width, height) = size;
        let whole = Size { width, height };
        let model = Model::new(session, Preferences::default(), whole, at(now), TimeZone::UTC);
        let carry_out = Box::new(carry_out);
        let mut stage = Self { model, effects: Vec::new(), size, carry_out };
        stage.happen(Event::Kept(rows));
        stage
    }

    pub(crate) fn happen(&mut self, event: Event) {
        for effect in update(&mut self.model, event) {
            let next = (self.carry_out)(&effect).or_else(|| decoded(&effect));
            if !matches!(effect, Effect::Load(_) | Effect::Decode(_)) {
                self.effects.push(effect);
            }
            if let Some(event) = next {
                self.happen(event);
            }
        }
    }

    /// Presses the keys of a script.
    pub(crate) fn press(&mut self, script: &str) -> &mut Self {
        for key in keys(script) {
            self.happen(Event::Key(key));
        }
        self
    }

    pub(crate) fn mouse(&mut self, kind: MouseKind, column: u16, row: u16) -> &mut Self {
        self.happen(Event::Mouse(Mouse { kind, column, row }));
        self
    }

    pub(crate) fn click(&mut self, column: u16, row: u16) -> &mut Self {
        self.mouse(MouseKind::Click, column, row)
    }

    /// Returns the effects since the last call.
    pub(crate) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    pub(crate) fn selected(&self) -> Option<i64> {
        self.model.list.selected().map(|row| row.id.0)
    }

    /// Returns the filter in force.
    pub(crate) fn filter(&self) -> &str {
        self.model.search.text()
    }

    pub(crate) fn draw(&self, theme: Theme, glyphs: Glyphs) -> Buffer {
        let (width, height) = self.size;
        let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
        let mut painter = Painter::new(theme, glyphs);
        let Ok(_) = terminal.draw(|frame| painter.draw(&self.model, frame));
        terminal.backend().buffer().clone()
    }

    /// Returns the screen as text.
    pub(crate) fn screen(&self) -> String {
        let buffer = self.draw(Theme::default(), Glyphs::Unicode);
        let mut text = String::new();
        for row in buffer.area.rows() {
            let cells = row.columns().filter_map(|cell| buffer.cell((cell.x, cell.y)));
            let line: String = cells.map(ratatui::buffer::Cell::symbol).collect();
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// Returns the screen as text, and its styles as letters with a legend.
    pub(crate) fn styled_screen(&self) -> String {
        let buffer = self.draw(Theme::default(), Glyphs::Unicode);
        let mut marks = String::new();
        let mut legend: BTreeMap<String, char> = BTreeMap::new();
        for row in buffer.area.rows() {
            let mut styles = String::new();
            for column in row.columns() {
                let Some(cell) = buffer.cell((column.x, column.y)) else { continue };
                let style = format!("{:?} {:?}", cell.fg, cell.modifier);
                let next = char::from(b'a' + u8::try_from(legend.len()).unwrap_or(25));
                styles.push(match style.as_str() {
                    "Reset NONE" => '.',
                    _ => *legend.entry(style).or_insert(next),
                });
            }
            marks.push_str(styles.trim_end_matches('.'));
            marks.push('\n');
        }
        let mut legend: Vec<_> = legend.into_iter().map(|(style, mark)| (mark, style)).collect();
        legend.sort_unstable();
        let legend: Vec<String> =
            legend.iter().map(|(mark, style)| format!("{mark}: {style}")).collect();
        format!("{}\n\n{}\n\n{}", self.screen(), marks.trim_end(), legend.join("\n"))
    }
}

/// Returns the ids of these numbers.
pub(crate) fn ids(numbers: &[i64]) -> Vec<DeliveryId> {
    numbers.iter().copied().map(DeliveryId).collect()
}
