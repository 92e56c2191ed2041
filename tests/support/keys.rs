//! Key scripts, the one notation in which tests press keys: characters stand for themselves, and
//! other keys are in angle brackets by their names in the configuration: `/sig:bad<Enter><ctrl-r>`.

use hookglass::app::keymap::{Key, KeyCode};

/// Reads a script. A `<` that does not begin a key name is the character.
pub(crate) fn keys(script: &str) -> Vec<Key> {
    let (mut keys, mut rest) = (Vec::new(), script);
    while let Some(letter) = rest.chars().next() {
        let after = rest.get(letter.len_utf8()..).unwrap_or_default();
        let named = after.split_once('>').filter(|_| letter == '<');
        let named = named.and_then(|(name, after)| Some((name.parse().ok()?, after)));
        let (key, after) = named.unwrap_or((Key::char(letter), after));
        keys.push(key);
        rest = after;
    }
    keys
}

/// Returns the bytes that a terminal sends for a script.
pub(crate) fn bytes(script: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for key in keys(script) {
        let mut buffer = [0; 4];
        let sent: &[u8] = match key.code {
            KeyCode::Char(letter) if key.ctrl => &[u8::try_from(letter).unwrap_or(0) & 0x1f],
            KeyCode::Char(letter) => letter.encode_utf8(&mut buffer).as_bytes(),
            KeyCode::Enter => b"\r",
            KeyCode::Esc => b"\x1b",
            KeyCode::Tab => b"\t",
            KeyCode::Backspace => b"\x7f",
            KeyCode::BackTab => b"\x1b[Z",
            KeyCode::Up => b"\x1b[A",
            KeyCode::Down => b"\x1b[B",
            KeyCode::Right => b"\x1b[C",
            KeyCode::Left => b"\x1b[D",
            KeyCode::Home => b"\x1b[H",
            KeyCode::End => b"\x1b[F",
            KeyCode::Delete => b"\x1b[3~",
            KeyCode::PageUp => b"\x1b[5~",
            KeyCode::PageDown => b"\x1b[6~",
            KeyCode::Function(_) => b"",
        };
        bytes.extend_from_slice(sent);
    }
    bytes
}
