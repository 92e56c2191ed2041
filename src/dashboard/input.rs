//! Translates terminal events to events of the core.

use crossterm::event::{
    Event as TerminalEvent, KeyCode as TerminalKey, KeyEvent, KeyEventKind, KeyModifiers,
    MouseButton, MouseEvent, MouseEventKind,
};

use crate::app::keymap::{Key, KeyCode};
use crate::app::layout::Size;
use crate::app::{Event, Mouse, MouseKind};

use super::terminal::Terminal;

/// Translates a terminal event, if the core handles it.
pub(super) fn translate(event: TerminalEvent) -> Option<Event> {
    match event {
        TerminalEvent::Key(key) => translate_key(key).map(Event::Key),
        TerminalEvent::Mouse(mouse) => translate_mouse(mouse).map(Event::Mouse),
        TerminalEvent::Paste(text) => Some(Event::Paste(text)),
        TerminalEvent::Resize(width, height) => {
            Some(Event::Resize(Terminal::clamped(Size { width, height })))
        }
        TerminalEvent::FocusGained | TerminalEvent::FocusLost => None,
    }
}

fn translate_key(key: KeyEvent) -> Option<Key> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    let code = match key.code {
        // Some terminals report Ctrl with the uppercase letter.
        TerminalKey::Char(character) if ctrl => KeyCode::Char(character.to_ascii_lowercase()),
        TerminalKey::Char(character) => KeyCode::Char(character),
        TerminalKey::F(number) => KeyCode::Function(number),
        TerminalKey::Enter => KeyCode::Enter,
        TerminalKey::Esc => KeyCode::Esc,
        TerminalKey::Tab => KeyCode::Tab,
        TerminalKey::BackTab => KeyCode::BackTab,
        TerminalKey::Backspace => KeyCode::Backspace,
        TerminalKey::Delete => KeyCode::Delete,
        TerminalKey::Up => KeyCode::Up,
        TerminalKey::Down => KeyCode::Down,
        TerminalKey::Left => KeyCode::Left,
        TerminalKey::Right => KeyCode::Right,
        TerminalKey::Home => KeyCode::Home,
        TerminalKey::End => KeyCode::End,
        TerminalKey::PageUp => KeyCode::PageUp,
        TerminalKey::PageDown => KeyCode::PageDown,
        _ => return None,
    };
    // Shift is part of the character, and Ctrl applies to letters only: terminals differ in the
    // rest.
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    Some(Key { code, ctrl: ctrl && matches!(code, KeyCode::Char(_)), alt })
}

fn translate_mouse(mouse: MouseEvent) -> Option<Mouse> {
    let kind = match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => MouseKind::Click,
        MouseEventKind::Drag(MouseButton::Left) => MouseKind::Drag,
        MouseEventKind::Up(MouseButton::Left) => MouseKind::Release,
        MouseEventKind::ScrollUp => MouseKind::WheelUp,
        MouseEventKind::ScrollDown => MouseKind::WheelDown,
        _ => return None,
    };
    Some(Mouse { kind, column: mouse.column, row: mouse.row })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_counted_once_and_control_ignores_case() {
        let mut key = KeyEvent::new(TerminalKey::Char('C'), KeyModifiers::CONTROL);
        assert_eq!(translate_key(key), Some(Key::ctrl('c')));
        key.kind = KeyEventKind::Release;
        assert_eq!(translate_key(key), None);
        let shifted = KeyEvent::new(TerminalKey::Char('R'), KeyModifiers::SHIFT);
        assert_eq!(translate_key(shifted), Some(Key::char('R')));
    }
}
