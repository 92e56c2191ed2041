//! Request line, query, and headers, as two aligned columns.

use unicode_width::UnicodeWidthStr as _;

use super::{PaneFilter, PaneLine};
use crate::app::detail::Loaded;
use crate::app::model::Model;
use crate::app::style::{StyleClass, StyledLine};
use crate::delivery::{Header, is_added_in_transit};
use crate::payload::{escape, form};
use crate::units;

/// Bounds of the column of names.
const NARROWEST: usize = 8;
const WIDEST: usize = 28;

/// Columns between a name and its value.
const GAP: usize = 2;

/// Maximum number of lines of the path of a request, and of a value.
const PATH_LINES: usize = 2;
const VALUE_LINES: usize = 6;

/// Maximum number of parameters of a query that have a line.
const PARAMETERS: usize = 256;

pub(super) fn lines(model: &Model, loaded: &Loaded, width: usize) -> Vec<PaneLine> {
    let head = &loaded.delivery.head;
    let target = head.target_text();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = query.split('#').next().unwrap_or_default();
    let parameters = parameters(query);
    let table = Table::new(loaded, &parameters, width);

    let mut lines = vec![request(model, loaded, path, width), client(model, loaded)];
    if loaded.delivery.summary.is_guessed() {
        let guess = "type and id are guesses: the sender is unknown (W describes it)";
        lines.push(StyledLine::new(StyleClass::Dim, guess).into());
    }
    lines.extend(super::refused(loaded).map(PaneLine::from));
    if !parameters.is_empty() {
        lines.push(heading("query"));
        lines.extend(parameters.iter().map(|one| table.parameter(one)));
        let more = parts(query).count().saturating_sub(PARAMETERS);
        if more > 0 {
            let more = format!("… {} more in the raw request", units::format_count(more as u64));
            lines.push(StyledLine::new(StyleClass::Dim, more).into());
        }
    }
    lines.push(heading("headers"));
    lines.extend(head.headers.iter().map(|header| table.header(loaded, header)));
    if !head.trailers.is_empty() {
        lines.push(heading("trailers, after the body"));
        lines.extend(head.trailers.iter().map(|header| table.header(loaded, header)));
    }
    lines
}

/// Renders the request line without its query, which has a table of its own.
fn request(model: &Model, loaded: &Loaded, path: &str, width: usize) -> PaneLine {
    let head = &loaded.delivery.head;
    let target = head.target_text();
    let room = (width * PATH_LINES).saturating_sub(head.method.len() + "HTTP/1.1".len() + GAP);
    let (shown, more) = shortened(path, room);
    let line = StyledLine::new(StyleClass::Strong, &head.method)
        .with(StyleClass::Plain, " ")
        .with(StyleClass::Accent, model.shown_value(shown))
        .with(StyleClass::Dim, more)
        .with(StyleClass::Dim, format!(" {}", head.version));
    PaneLine {
        filter: Some(PaneFilter::new("path", path)),
        indent: Some(head.method.len() + 1),
        ..PaneLine::of(line, target)
    }
}

fn client(model: &Model, loaded: &Loaded) -> PaneLine {
    let request = &loaded.delivery.summary.request;
    let peer = request.peer.as_deref().unwrap_or("unknown");
    let via = request.via.as_deref();
    let via = via.map(|via| format!(" via {}", model.shown_value(via))).unwrap_or_default();
    let line = StyledLine::new(StyleClass::Dim, format!("from {}{via}", model.shown_value(peer)));
    let address = peer.rsplit_once(':').map_or(peer, |(address, _)| address);
    let filter = PaneFilter::new("peer", address.trim_matches(['[', ']']));
    let filter = request.peer.as_ref().map(|_| filter);
    PaneLine { filter, ..PaneLine::of(line, peer) }
}

fn heading(text: &str) -> PaneLine {
    StyledLine::new(StyleClass::Dim, format!("── {text}")).into()
}

/// Name, value, and text of a parameter of a query.
struct Parameter {
    name: String,
    value: String,
    text: String,
}

fn parts(query: &str) -> impl Iterator<Item = &str> {
    query.split('&').filter(|part| !part.is_empty())
}

fn parameters(query: &str) -> Vec<Parameter> {
    let read = |part: &str| {
        let (name, value) = form::fields(part.as_bytes()).into_iter().next()?;
        Some(Parameter { name, value, text: part.to_owned() })
    };
    parts(query).take(PARAMETERS).filter_map(read).collect()
}

/// Two columns: names, and values.
struct Table {
    /// Width of the column of names.
    names: usize,
    /// Columns of the values.
    values: usize,
}

impl Table {
    fn new(loaded: &Loaded, parameters: &[Parameter], width: usize) -> Self {
        let head = &loaded.delivery.head;
        let headers = head.headers.iter().chain(&head.trailers).map(|header| header.name.as_str());
        let names = headers.chain(parameters.iter().map(|one| one.name.as_str()));
        let widest = names.map(|name| escape(name).width()).max().unwrap_or_default();
        let names = widest.clamp(NARROWEST, WIDEST.min(width * 2 / 5).max(NARROWEST));
        Self { names, values: width.saturating_sub(names + GAP).max(1) }
    }

    fn row(&self, role: StyleClass, name: &str, value: &str, badge: &str) -> PaneLine {
        let blanks = self.names.saturating_sub(escape(name).width()) + GAP;
        let (shown, more) = shortened(value, self.values * VALUE_LINES);
        let line = StyledLine::new(role, name)
            .with(StyleClass::Plain, " ".repeat(blanks))
            .with(StyleClass::Text, shown)
            .with(StyleClass::Dim, more)
            .with(StyleClass::Accent, badge);
        PaneLine { indent: Some(self.names + GAP), ..PaneLine::of(line, value) }
    }

    fn parameter(&self, parameter: &Parameter) -> PaneLine {
        let Parameter { name, value, text } = parameter;
        let row = self.row(StyleClass::Name, name, value, "");
        // A target is compared as it was sent.
        let is_plain = !text.contains(['*', '?', '[', ']', '"', ',', '\\', '(', ')']);
        let filter = PaneFilter::pattern("path", format!("*{text}*"));
        PaneLine { filter: is_plain.then_some(filter), ..row }
    }

    /// Renders a header, with a badge if it belongs to the signature or was added by a proxy.
    fn header(&self, loaded: &Loaded, header: &Header) -> PaneLine {
        let places = loaded.examined.iter().flat_map(|examined| &examined.places);
        let signs = places.filter(|seen| seen.is_header).any(|seen| header.is(&seen.place));
        let (badge, name) = if signs {
            ("  ◆ signature", StyleClass::Accent)
        } else if is_added_in_transit(&header.name) {
            ("  ◆ in transit", StyleClass::Dim)
        } else {
            ("", StyleClass::Name)
        };
        let value = header.text();
        let field = format!("header.{}", header.name.to_ascii_lowercase());
        let filter = Some(PaneFilter::new(&field, &value));
        PaneLine { filter, ..self.row(name, &header.name, &value, badge) }
    }
}

/// Returns the start of a text, and a remark if the text is longer.
fn shortened(text: &str, columns: usize) -> (&str, String) {
    if text.len() <= columns || escape(text).width() <= columns {
        return (text, String::new());
    }
    let mut shown = text.get(..text.floor_char_boundary(columns)).unwrap_or(text);
    while !shown.is_empty() && escape(shown).width() + 8 > columns {
        let end = shown.len() - 1;
        shown = shown.get(..shown.floor_char_boundary(end)).unwrap_or_default();
    }
    let more = units::format_size((text.len() - shown.len()) as u64);
    (shown, format!("… {more}"))
}
