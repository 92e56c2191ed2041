//! Records the animation in README: `just recording`, or
//! `cargo test --test recording -- --ignored`. Writes `assets/demo.svg`
//! and `assets/signature.svg`.

#![cfg(unix)]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::TcpListener;
use std::num::NonZero;
use std::path::Path;
use std::time::{Duration, Instant};

use support::targets::{Target, response};
use support::terminal::Terminal;
use support::{Tested, sign};

const ROWS: NonZero<u16> = NonZero::new(30).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(112).unwrap();

/// Size of a cell in the picture.
const CELL: (f32, f32) = (8.4, 18.0);
const MARGIN: f32 = 12.0;

/// Longest time between two looks at the screen.
const FRAME: Duration = Duration::from_millis(80);

/// Time without output after which a frame is complete.
const QUIET: Duration = Duration::from_millis(15);

const FOREGROUND: &str = "#c9cfdc";
const BACKGROUND: &str = "#161922";

/// Colors 0 to 15.
const PALETTE: [&str; 16] = [
    "#2a2f3d", "#ff7f86", "#8fdc8f", "#ffc777", "#82aaff", "#c099ff", "#6fd3e8", "#c9cfdc",
    "#7c859c", "#ff98a4", "#a5e6a5", "#ffd89a", "#a6c4ff", "#d6b8ff", "#9be3f2", "#ffffff",
];

/// Keys to press, what they do, and how long to show the result.
const STEPS: &[(&str, &str, &str, u64)] = &[
    ("", "hookglass --demo --forward http://127.0.0.1:3000", "signed samples arrive", 2400),
    ("b", "b", "go to the failed signature", 1800),
    ("3", "3", "see why it failed", 2600),
    ("<Tab>z", "Tab z", "zoom: cause, fix, and the first byte that differs", 4200),
    ("z<Tab>", "z Tab", "back to the list", 800),
    ("r", "r", "resend it re-signed", 2400),
    ("4", "4", "your application accepts it now", 3400),
    ("/sig:failed<Enter>", "/", "filter: sig:failed", 2600),
];

/// The step whose last frame is a picture of its own.
const STILL: &str = "Tab z";

/// The screen at one time, as rows of SVG, and its caption.
struct Frame {
    at: Duration,
    rows: Vec<String>,
    caption: (&'static str, &'static str),
}

struct Recorder {
    terminal: Terminal,
    frames: Vec<Frame>,
    /// Length of the recording so far.
    length: Duration,
}

#[expect(clippy::disallowed_methods, reason = "a recording takes real time")]
fn now() -> Instant {
    Instant::now()
}

impl Recorder {
    /// Records for this long.
    fn record(&mut self, caption: (&'static str, &'static str), time: Duration) {
        let begun = now();
        while let Some(left) = time.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) {
            self.terminal.process_output(left.min(FRAME));
            // A frame is complete when nothing follows.
            while self.terminal.process_output(QUIET) {}
            self.capture(caption, self.length + begun.elapsed());
        }
        self.length += begun.elapsed();
    }

    fn capture(&mut self, caption: (&'static str, &'static str), at: Duration) {
        let screen = self.terminal.screen.screen();
        let rows: Vec<String> = (0..ROWS.get()).map(|row| svg_row(screen, row)).collect();
        let is_same = |last: &Frame| last.rows == rows && last.caption == caption;
        if !self.frames.last().is_some_and(is_same) {
            self.frames.push(Frame { at, rows, caption });
        }
    }
}

/// Style of a cell, as attributes of SVG elements.
#[derive(PartialEq, Clone)]
struct CellStyle {
    foreground: String,
    background: Option<String>,
    attributes: &'static str,
}

fn color(color: vt100::Color) -> Option<String> {
    match color {
        vt100::Color::Default => None,
        vt100::Color::Idx(index) => Some(match PALETTE.get(usize::from(index)) {
            Some(&named) => named.to_owned(),
            None if index >= 232 => {
                let gray = 8 + 10 * (index - 232);
                format!("#{gray:02x}{gray:02x}{gray:02x}")
            }
            None => {
                let cube = index - 16;
                let level = |digit: u8| if digit == 0 { 0 } else { 55 + 40 * digit };
                let (red, green, blue) = (cube / 36, cube / 6 % 6, cube % 6);
                format!("#{:02x}{:02x}{:02x}", level(red), level(green), level(blue))
            }
        }),
        vt100::Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
    }
}

fn style(cell: &vt100::Cell) -> CellStyle {
    let mut foreground = color(cell.fgcolor());
    let mut background = color(cell.bgcolor());
    if cell.inverse() {
        let swapped = foreground.unwrap_or_else(|| FOREGROUND.to_owned());
        foreground = background.or_else(|| Some(BACKGROUND.to_owned()));
        background = Some(swapped);
    }
    let attributes = match (cell.bold(), cell.underline(), cell.dim()) {
        (true, ..) => " font-weight=\"bold\"",
        (_, true, _) => " text-decoration=\"underline\"",
        (_, _, true) => " opacity=\"0.6\"",
        _ => "",
    };
    CellStyle {
        foreground: foreground.unwrap_or_else(|| FOREGROUND.to_owned()),
        background,
        attributes,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Renders a row: a rectangle for each background, and a text for each run of one style.
fn svg_row(screen: &vt100::Screen, row: u16) -> String {
    let mut runs: Vec<(u16, u16, CellStyle, String)> = Vec::new();
    for column in 0..COLUMNS.get() {
        let Some(cell) = screen.cell(row, column).filter(|cell| !cell.is_wide_continuation())
        else {
            continue;
        };
        let width = if cell.is_wide() { 2 } else { 1 };
        let text = if cell.has_contents() { cell.contents() } else { " " };
        let style = style(cell);
        // A character that fonts draw in different widths gets a run of its own.
        let is_plain = text.is_ascii();
        match runs.last_mut() {
            Some((_, cells, last, line)) if *last == style && is_plain && line.is_ascii() => {
                *cells += width;
                line.push_str(text);
            }
            _ => runs.push((column, width, style, text.to_owned())),
        }
    }
    let mut svg = String::new();
    for (column, cells, style, text) in runs {
        let (x, width) = (f32::from(column) * CELL.0, f32::from(cells) * CELL.0);
        if let Some(background) = &style.background {
            let height = CELL.1;
            let _ = write!(
                svg,
                "<rect x=\"{x:.1}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{background}\"/>"
            );
        }
        if !text.trim().is_empty() {
            let start = text.len() - text.trim_start().len();
            let x = x + f32::from(u16::try_from(start).unwrap_or(0)) * CELL.0;
            let text = text.trim();
            let length = f32::from(u16::try_from(text.chars().count()).unwrap_or(1)) * CELL.0;
            let length = if text.is_ascii() { length } else { width };
            let fill = if style.foreground == FOREGROUND {
                String::new()
            } else {
                format!(" fill=\"{}\"", style.foreground)
            };
            let _ = write!(
                svg,
                "<text x=\"{x:.1}\" y=\"13.5\" textLength=\"{length:.1}\"{fill}{}>{}</text>",
                style.attributes,
                escaped(text)
            );
        }
    }
    svg
}

/// Renders the frames next to each other, and moves them past a window.
fn svg(frames: &[Frame], length: Duration) -> Tested<String> {
    let width = f32::from(COLUMNS.get()) * CELL.0 + 2.0 * MARGIN;
    let screen = f32::from(ROWS.get()) * CELL.1 + 2.0 * MARGIN;
    let height = screen + 2.0 * CELL.1;
    let seconds = length.as_secs_f32();
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut definitions, mut shown, mut keyframes) = (String::new(), String::new(), String::new());
    for (number, frame) in (0_u16..).zip(frames) {
        let x = f32::from(number) * width;
        let at = frame.at.as_secs_f32() / seconds * 100.0;
        let at = if number == 0 { 0.0 } else { at };
        writeln!(keyframes, "{at:.2}%{{transform:translateX({:.1}px)}}", -x)?;
        write!(shown, "<g transform=\"translate({:.1} {MARGIN})\">", x + MARGIN)?;
        for (row, text) in (0_u16..).zip(&frame.rows) {
            if text.is_empty() {
                continue;
            }
            let next = names.len();
            let name = *names.entry(text).or_insert(next);
            if name == next {
                writeln!(definitions, "<g id=\"r{name}\">{text}</g>")?;
            }
            write!(shown, "<use href=\"#r{name}\" y=\"{}\"/>", f32::from(row) * CELL.1)?;
        }
        let (keys, what) = frame.caption;
        writeln!(
            shown,
            "<text x=\"0\" y=\"{y}\" font-size=\"15\"><tspan fill=\"{accent}\" font-weight=\"bold\">{keys}</tspan>\
             <tspan dx=\"16\">{what}</tspan></text></g>",
            y = screen + 8.0,
            accent = PALETTE[3],
            keys = escaped(keys),
            what = escaped(what),
        )?;
    }
    Ok(format!(
        // Some renderers know only the attribute, and browsers prefer the style.
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xml:space=\"preserve\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace\" \
         font-size=\"14\" fill=\"{FOREGROUND}\">\n\
         <style>\ntext{{white-space:pre}}\n@keyframes play{{\n{keyframes}}}\n\
         #frames{{animation:play {seconds:.2}s step-end infinite}}\n</style>\n\
         <defs>\n{definitions}</defs>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n\
         <g id=\"frames\">\n{shown}</g>\n</svg>\n"
    ))
}

/// Starts an application that verifies the requests it receives.
fn application() -> Tested<Target> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    Target::start(&listener, usize::MAX, |request| {
        let signature = request.head.headers.iter().find(|one| one.is("x-cribbly-signature"));
        let is_signed = signature.is_some_and(|one| one.text() == sign(&request.body).as_str());
        if is_signed { response("200 OK", "ok") } else { response("401 Unauthorized", "no") }
    })
}

#[test]
#[ignore = "writes pictures to assets/"]
fn record() -> Tested {
    let application = application()?;
    let args = ["--demo", "--forward", application.url.as_str()];
    let terminal = Terminal::start_sized(ROWS, COLUMNS, &args, &[])?;
    let mut recorder = Recorder { terminal, frames: Vec::new(), length: Duration::ZERO };
    recorder.terminal.wait_for("1 delivery")?;
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    for (script, keys, what, milliseconds) in STEPS {
        if *script == "b" {
            recorder.terminal.wait_until(|screen| screen.contents().contains('✗'))?;
        }
        recorder.terminal.press(script)?;
        recorder.record((keys, what), Duration::from_millis(*milliseconds));
        if *keys == STILL
            && let Some(last) = recorder.frames.last()
        {
            let picture = svg(std::slice::from_ref(last), Duration::from_secs(1))?;
            std::fs::write(assets.join("signature.svg"), picture)?;
        }
    }
    std::fs::write(assets.join("demo.svg"), svg(&recorder.frames, recorder.length)?)?;
    Ok(())
}
