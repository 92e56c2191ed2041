//! Reads `curl` commands: those that hookglass wrote, and those copied from a browser or a manual.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::draft::{self, FormPart, RequestDraft};
use super::{Collector, RecordedRequest, RequestError, RequestFileError};
use crate::delivery::header_text;
use crate::formats::wire;
use crate::payload::form;

/// Returns whether a text contains a `curl` command at the start of a line.
pub(super) fn is_likely(text: &str) -> bool {
    let lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let first = lines.take(1).next().unwrap_or_default();
    let first = first.strip_prefix("$ ").unwrap_or(first);
    let is_piped = ["printf ", "echo ", "cat "].iter().any(|word| first.starts_with(word));
    first.starts_with("curl ")
        || first == "curl"
        || first.starts_with("curl.exe ")
        || (is_piped && first.contains("curl"))
}

pub(super) fn read(text: &str, collector: &mut Collector<'_>) -> Result<(), RequestFileError> {
    let text = &*without_carets(text);
    let mut characters = Characters::new(text);
    let commands = split(&mut characters)
        .map_err(|reason| RequestFileError::Line { line: characters.line, reason })?;
    for (name, line) in characters.variables {
        collector.warn(format!(
            "line {line}: `{name}`, which a shell replaces, has no value in this file and was kept as text"
        ));
    }
    let mut input: Option<Vec<u8>> = None;
    for Command { words, is_piped, line } in commands {
        let program = words.first().map(|word| String::from_utf8_lossy(word).into_owned());
        match program.as_deref() {
            Some("curl" | "curl.exe") => {
                let request = one(&words, line, input.take(), collector);
                collector.push_line(line, request)?;
            }
            Some("printf") if is_piped => input = Some(printed(&words)),
            Some("base64") if is_piped && words.iter().skip(1).any(|word| is_decoding(word)) => {
                let text = input.take().unwrap_or_default();
                let decoded = STANDARD.decode(text.trim_ascii()).map_err(|error| {
                    let reason = format!("`base64` cannot decode its input: {error}");
                    RequestFileError::Line { line, reason: RequestError::Invalid(reason) }
                })?;
                input = Some(decoded);
            }
            Some("echo") if is_piped => {
                let rest = words.get(1..).unwrap_or_default();
                input = Some([rest.join(&b' '), b"\n".to_vec()].concat());
            }
            Some(other) => {
                collector.warn(format!("skipped the command `{other}`, which is not curl"));
                input = None;
            }
            None => {}
        }
    }
    Ok(())
}

fn is_decoding(flag: &[u8]) -> bool {
    matches!(flag, b"-d" | b"-D" | b"--decode")
}

/// Returns a command for `cmd.exe` without its carets, which escape the next character or the end of
/// the line; browsers on Windows copy such commands.
fn without_carets(text: &str) -> Cow<'_, str> {
    let first = text.trim_start().lines().next().unwrap_or_default();
    if !first.contains("^\"") && !first.trim_end().ends_with('^') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '^' {
            out.push(character);
            continue;
        }
        characters.next_if_eq(&'\r');
        if characters.next_if_eq(&'\n').is_none() {
            out.extend(characters.next());
        }
    }
    Cow::Owned(out)
}

/// A command of a shell script.
#[derive(Default)]
struct Command {
    words: Vec<Vec<u8>>,
    /// Its output is the input of the next command.
    is_piped: bool,
    /// Line of its first word.
    line: usize,
}

/// Splits a script into commands and their words, by the quoting of a POSIX shell and `$'…'`.
fn split(characters: &mut Characters<'_>) -> Result<Vec<Command>, RequestError> {
    let mut commands = vec![Command::default()];
    let mut word: Option<Vec<u8>> = None;
    while let Some(character) = characters.next() {
        let ends = matches!(character, ' ' | '\t' | '\r' | '\n' | ';' | '|' | '&');
        if ends {
            if let (Some(word), Some(command)) = (word.take(), commands.last_mut()) {
                command.words.push(word);
            }
            if !matches!(character, ' ' | '\t' | '\r') {
                let is_double = characters.next_if_eq(character).is_some();
                if let Some(command) = commands.last_mut() {
                    command.is_piped = character == '|' && !is_double;
                }
                commands.push(Command::default());
            }
            continue;
        }
        if character == '#' && word.is_none() {
            while characters.next_if(|next| next != '\n').is_some() {}
            continue;
        }
        let is_prompt = character == '$'
            && word.is_none()
            && characters.peek() == Some(' ')
            && commands.last().is_some_and(|command| command.words.is_empty());
        if is_prompt {
            continue;
        }
        if character == '\\' && characters.next_if(|next| matches!(next, '\n' | '\r')).is_some() {
            characters.next_if_eq('\n');
            continue;
        }
        if let (None, Some(command)) = (&word, commands.last_mut())
            && command.words.is_empty()
        {
            command.line = characters.line;
        }
        let word = word.get_or_insert_default();
        match character {
            '\'' => quoted(characters, word)?,
            '"' => double_quoted(characters, word)?,
            '$' if characters.next_if_eq('\'').is_some() => ansi_quoted(characters, word)?,
            '$' if characters.next_if_eq('(').is_some() => substituted(characters, word)?,
            '$' => {
                characters.note_variable();
                push(word, '$');
            }
            '\\' => push(word, characters.next().unwrap_or_default()),
            other => push(word, other),
        }
    }
    if let (Some(word), Some(command)) = (word, commands.last_mut()) {
        command.words.push(word);
    }
    commands.retain(|command| !command.words.is_empty());
    Ok(commands)
}

/// Characters of a script, and the number of the line that they are on.
struct Characters<'t> {
    rest: std::str::Chars<'t>,
    line: usize,
    /// Shell variables and commands in words, with the line of each.
    variables: Vec<(String, usize)>,
}

impl<'t> Characters<'t> {
    fn new(text: &'t str) -> Self {
        Self { rest: text.chars(), line: 1, variables: Vec::new() }
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest.next();
        self.line += usize::from(next == Some('\n'));
        next
    }

    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    fn next_if(&mut self, is_wanted: impl Fn(char) -> bool) -> Option<char> {
        self.peek().filter(|next| is_wanted(*next)).and_then(|_| self.next())
    }

    fn next_if_eq(&mut self, wanted: char) -> Option<char> {
        self.next_if(|next| next == wanted)
    }

    /// Notes the name after a `$`, if it is a variable's.
    fn note_variable(&mut self) {
        let rest = self.rest.as_str();
        let name = rest.strip_prefix('{').unwrap_or(rest);
        let end = name.find(|one: char| !one.is_ascii_alphanumeric() && one != '_');
        let name = name.get(..end.unwrap_or(name.len())).unwrap_or_default();
        if name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
            self.variables.push((format!("${name}"), self.line));
        }
    }
}

fn push(word: &mut Vec<u8>, character: char) {
    word.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

fn unclosed() -> RequestError {
    RequestError::OpenQuote
}

fn quoted(characters: &mut Characters<'_>, word: &mut Vec<u8>) -> Result<(), RequestError> {
    loop {
        match characters.next().ok_or_else(unclosed)? {
            '\'' => return Ok(()),
            other => push(word, other),
        }
    }
}

fn double_quoted(characters: &mut Characters<'_>, word: &mut Vec<u8>) -> Result<(), RequestError> {
    loop {
        match characters.next().ok_or_else(unclosed)? {
            '"' => return Ok(()),
            '\\' => match characters.next().ok_or_else(unclosed)? {
                '\n' => {}
                escaped @ ('"' | '\\' | '$' | '`') => push(word, escaped),
                other => {
                    push(word, '\\');
                    push(word, other);
                }
            },
            '$' if characters.next_if_eq('(').is_some() => substituted(characters, word)?,
            '$' => {
                characters.note_variable();
                push(word, '$');
            }
            other => push(word, other),
        }
    }
}

/// Reads `$(printf …)`, with which hookglass writes bytes that are not text. Another command is
/// kept as it is.
fn substituted(characters: &mut Characters<'_>, word: &mut Vec<u8>) -> Result<(), RequestError> {
    let (mut inner, mut quote) = (String::new(), None);
    loop {
        let character = characters.next().ok_or_else(unclosed)?;
        match (quote, character) {
            (None, ')') => break,
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            _ => {}
        }
        inner.push(character);
    }
    // A nested substitution is not read, which bounds the recursion.
    let is_printf = inner.starts_with("printf ") && !inner.contains("$(");
    let commands = if is_printf { split(&mut Characters::new(&inner))? } else { Vec::new() };
    if let [command] = commands.as_slice() {
        let printed = printed(&command.words);
        let end = printed.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
        word.extend_from_slice(printed.get(..end).unwrap_or_default());
        return Ok(());
    }
    let text = format!("$({inner})");
    word.extend_from_slice(text.as_bytes());
    characters.variables.push((text, characters.line));
    Ok(())
}

/// Reads `$'…'`, in which backslashes escape as in C.
fn ansi_quoted(characters: &mut Characters<'_>, word: &mut Vec<u8>) -> Result<(), RequestError> {
    loop {
        match characters.next().ok_or_else(unclosed)? {
            '\'' => return Ok(()),
            '\\' => escape(characters, word)?,
            other => push(word, other),
        }
    }
}

fn escape(characters: &mut Characters<'_>, word: &mut Vec<u8>) -> Result<(), RequestError> {
    let mut digits = |radix: u32, most: usize| {
        let mut value: Option<u32> = None;
        for _ in 0..most {
            let Some(digit) = characters.peek().and_then(|next| next.to_digit(radix)) else {
                break;
            };
            characters.next();
            value = Some(value.unwrap_or_default() * radix + digit);
        }
        value
    };
    let octal = digits(8, 3);
    if let Some(byte) = octal {
        word.push(u8::try_from(byte & 0xff).unwrap_or_default());
        return Ok(());
    }
    match characters.next().ok_or_else(unclosed)? {
        'n' => word.push(b'\n'),
        'r' => word.push(b'\r'),
        't' => word.push(b'\t'),
        'a' => word.push(7),
        'b' => word.push(8),
        'e' | 'E' => word.push(27),
        'f' => word.push(12),
        'v' => word.push(11),
        kind @ ('x' | 'u' | 'U') => {
            let most = match kind {
                'x' => 2,
                'u' => 4,
                _ => 8,
            };
            let mut value = 0;
            for _ in 0..most {
                let Some(digit) = characters.peek().and_then(|next| next.to_digit(16)) else {
                    break;
                };
                characters.next();
                value = value * 16 + digit;
            }
            match char::from_u32(value) {
                _ if kind == 'x' => word.push(u8::try_from(value).unwrap_or_default()),
                Some(character) => push(word, character),
                None => {
                    let reason = format!("`\\u{value:04x}` is not a character");
                    return Err(RequestError::Invalid(reason));
                }
            }
        }
        other => push(word, other),
    }
    Ok(())
}

/// Returns the output of `printf FORMAT [ARGUMENT]`, for the formats that hookglass writes.
fn printed(words: &[Vec<u8>]) -> Vec<u8> {
    match words {
        [_, format, argument] if format.starts_with(b"%s") => {
            let rest = format.get(2..).unwrap_or_default();
            [argument.clone(), unescaped(rest)].concat()
        }
        [_, format, argument] if format == b"%b" => unescaped(argument),
        [_, format] => {
            let text = unescaped(format);
            let mut out = Vec::with_capacity(text.len());
            let mut bytes = text.iter().peekable();
            while let Some(byte) = bytes.next() {
                out.push(*byte);
                if *byte == b'%' {
                    bytes.next_if(|next| **next == b'%');
                }
            }
            out
        }
        _ => Vec::new(),
    }
}

/// Returns bytes with their backslash escapes resolved.
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let text = String::from_utf8_lossy(bytes).into_owned();
    let mut characters = Characters::new(&text);
    while let Some(character) = characters.next() {
        if character != '\\' {
            push(&mut out, character);
        } else if escape(&mut characters, &mut out).is_err() {
            out.push(b'\\');
        }
    }
    out
}

/// Options of curl with an argument that do not affect the request.
const WITH_ARGUMENT: [&str; 46] = [
    "-o",
    "--output",
    "-m",
    "--max-time",
    "--connect-timeout",
    "-w",
    "--write-out",
    "--retry",
    "--retry-delay",
    "--retry-max-time",
    "-x",
    "--proxy",
    "--cacert",
    "--capath",
    "-E",
    "--cert",
    "--key",
    "--cert-type",
    "--key-type",
    "--resolve",
    "--connect-to",
    "-c",
    "--cookie-jar",
    "--interface",
    "--limit-rate",
    "-D",
    "--dump-header",
    "--ciphers",
    "--tls-max",
    "-K",
    "--config",
    "--stderr",
    "--trace",
    "--trace-ascii",
    "--max-redirs",
    "-U",
    "--proxy-user",
    "--noproxy",
    "--unix-socket",
    "--abstract-unix-socket",
    "-y",
    "-Y",
    "-z",
    "--rate",
    "--dns-servers",
    "--pass",
];

/// Long options of curl without an argument.
const SWITCHES: [&str; 82] = [
    "alpn",
    "anyauth",
    "append",
    "basic",
    "buffer",
    "ca-native",
    "cert-status",
    "clobber",
    "compressed",
    "compressed-ssh",
    "create-dirs",
    "crlf",
    "digest",
    "disable",
    "disallow-username-in-url",
    "doh-insecure",
    "fail",
    "fail-early",
    "fail-with-body",
    "false-start",
    "get",
    "globoff",
    "haproxy-protocol",
    "head",
    "http0.9",
    "http1.0",
    "http1.1",
    "http2",
    "http2-prior-knowledge",
    "http3",
    "http3-only",
    "include",
    "insecure",
    "ipv4",
    "ipv6",
    "junk-session-cookies",
    "keepalive",
    "location",
    "location-trusted",
    "negotiate",
    "netrc",
    "netrc-optional",
    "npn",
    "ntlm",
    "parallel",
    "parallel-immediate",
    "path-as-is",
    "post301",
    "post302",
    "post303",
    "progress-bar",
    "progress-meter",
    "proxytunnel",
    "raw",
    "remote-header-name",
    "remote-name",
    "remote-name-all",
    "remote-time",
    "remove-on-error",
    "retry-all-errors",
    "retry-connrefused",
    "sessionid",
    "show-error",
    "show-headers",
    "silent",
    "skip-existing",
    "ssl",
    "ssl-no-revoke",
    "ssl-reqd",
    "sslv2",
    "sslv3",
    "styled-output",
    "suppress-connect-headers",
    "tcp-fastopen",
    "tcp-nodelay",
    "tls-earlydata",
    "tlsv1",
    "tlsv1.0",
    "tlsv1.1",
    "tlsv1.2",
    "tlsv1.3",
    "verbose",
];

/// State while reading a command.
#[derive(Default)]
struct Curl {
    method: Option<String>,
    url: Option<String>,
    target: Option<String>,
    headers: Vec<(String, String)>,
    /// Headers that the command disables.
    removed: Vec<String>,
    data: Option<Vec<u8>>,
    parts: Vec<FormPart>,
    is_get: bool,
    is_head: bool,
    is_upload: bool,
}

fn one(
    words: &[Vec<u8>],
    line: usize,
    input: Option<Vec<u8>>,
    collector: &mut Collector<'_>,
) -> Result<RecordedRequest, RequestError> {
    let mut curl = Curl::default();
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        let text = String::from_utf8_lossy(word).into_owned();
        let (flag, attached) = flag(&text);
        let Some(flag) = flag else {
            if curl.url.is_none() {
                curl.url = Some(text);
            }
            continue;
        };
        if !takes_argument(&flag) {
            if flag.starts_with("--") && !is_switch(&flag) {
                collector.warn(format!("line {line}: unknown option `{flag}` was skipped"));
            }
            curl.switch(&flag, &text);
            continue;
        }
        let value = match attached {
            Some(attached) => attached.into_bytes(),
            None => words.next().cloned().ok_or_else(|| RequestError::NoValue(text.clone()))?,
        };
        curl.option(&flag, value, input.as_deref(), collector)?;
    }
    curl.request()
}

/// Splits a word into a flag and the value attached to it: `-XPOST`, `--request=POST`.
fn flag(word: &str) -> (Option<String>, Option<String>) {
    if word == "-" || !word.starts_with('-') {
        return (None, None);
    }
    if word.starts_with("--") {
        return match word.split_once('=') {
            Some((flag, value)) => (Some(flag.to_owned()), Some(value.to_owned())),
            None => (Some(word.to_owned()), None),
        };
    }
    // Several switches may be in one word; the last one may have a value.
    let letters = word.trim_start_matches('-');
    for (at, letter) in letters.char_indices() {
        let flag = format!("-{letter}");
        if takes_argument(&flag) {
            let rest = letters.get(at + letter.len_utf8()..).unwrap_or_default();
            return (Some(flag), (!rest.is_empty()).then(|| rest.to_owned()));
        }
    }
    (Some(word.to_owned()), None)
}

fn is_switch(flag: &str) -> bool {
    let name = flag.strip_prefix("--").unwrap_or(flag);
    SWITCHES.contains(&name.strip_prefix("no-").unwrap_or(name))
}

fn takes_argument(flag: &str) -> bool {
    matches!(
        flag,
        "-X" | "--request"
            | "-H"
            | "--header"
            | "-d"
            | "--data"
            | "--data-raw"
            | "--data-ascii"
            | "--data-binary"
            | "--data-urlencode"
            | "--json"
            | "-F"
            | "--form"
            | "--form-string"
            | "-u"
            | "--user"
            | "-A"
            | "--user-agent"
            | "-e"
            | "--referer"
            | "-b"
            | "--cookie"
            | "--url"
            | "-T"
            | "--upload-file"
            | "--request-target"
            | "--oauth2-bearer"
            | "-r"
            | "--range"
            | "--url-query"
    ) || WITH_ARGUMENT.contains(&flag)
}

impl Curl {
    fn switch(&mut self, flag: &str, text: &str) {
        let has = |letter: char| !flag.starts_with("--") && text.contains(letter);
        self.is_get |= flag == "--get" || has('G');
        self.is_head |= flag == "--head" || has('I');
    }

    fn option(
        &mut self,
        flag: &str,
        value: Vec<u8>,
        input: Option<&[u8]>,
        collector: &mut Collector<'_>,
    ) -> Result<(), RequestError> {
        let text = || String::from_utf8_lossy(&value).into_owned();
        let file = |name: &str| match (name, input) {
            ("-" | ".", Some(input)) => Ok(input.to_vec()),
            ("-" | ".", None) => Err(RequestError::StandardInput),
            (name, _) => collector.file(name),
        };
        match flag {
            "-X" | "--request" => self.method = Some(text()),
            "--url" => self.url = Some(text()),
            "--request-target" => self.target = Some(text()),
            "-H" | "--header" => self.header(&header_text(&value)),
            "-A" | "--user-agent" => self.header(&format!("User-Agent: {}", text())),
            "-e" | "--referer" => self.header(&format!("Referer: {}", text())),
            "-b" | "--cookie" => self.header(&format!("Cookie: {}", text())),
            "-r" | "--range" => self.header(&format!("Range: bytes={}", text())),
            "--oauth2-bearer" => self.header(&format!("Authorization: Bearer {}", text())),
            "-u" | "--user" => {
                self.header(&format!("Authorization: Basic {}", STANDARD.encode(&value)));
            }
            "-T" | "--upload-file" => {
                self.data = Some(file(&text())?);
                self.is_upload = true;
            }
            "-d" | "--data" | "--data-ascii" => {
                let data = match text().strip_prefix('@') {
                    // curl drops line ends of files.
                    Some(name) => {
                        file(name)?.into_iter().filter(|byte| !b"\r\n\0".contains(byte)).collect()
                    }
                    None => value,
                };
                self.add(data, b"&");
            }
            "--data-binary" | "--json" => {
                if flag == "--json" {
                    self.add_json_headers();
                }
                let data = match value.strip_prefix(b"@") {
                    Some(name) => file(&String::from_utf8_lossy(name))?,
                    None => value,
                };
                self.add(data, if flag == "--json" { b"" } else { b"&" });
            }
            "--data-raw" => self.add(value, b"&"),
            "--data-urlencode" | "--url-query" => {
                let text = text();
                let (name, content) = match text.split_once('=') {
                    Some((name, content)) => (name.to_owned(), content.as_bytes().to_vec()),
                    None => match text.split_once('@') {
                        Some((name, path)) => (name.to_owned(), file(path)?),
                        None => (String::new(), text.into_bytes()),
                    },
                };
                let part = FormPart { name: name.clone(), value: content, ..FormPart::default() };
                let pair = draft::urlencoded(&[part]);
                let pair =
                    if name.is_empty() { pair.get(1..).unwrap_or_default().to_vec() } else { pair };
                if flag == "--url-query" {
                    let query = String::from_utf8_lossy(&pair).into_owned();
                    self.extend_query(&query);
                } else {
                    self.add(pair, b"&");
                }
            }
            "-F" | "--form" | "--form-string" => {
                let text = text();
                let (name, content) = text.split_once('=').unwrap_or((&text, ""));
                self.parts.push(part(name, content, flag == "--form-string", &file)?);
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds the headers that `--json` sets.
    fn add_json_headers(&mut self) {
        for name in ["Content-Type", "Accept"] {
            if !self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                self.headers.push((name.to_owned(), "application/json".to_owned()));
            }
        }
    }

    fn header(&mut self, line: &str) {
        if let Some((name, value)) = line.split_once(':') {
            match value.trim() {
                "" => self.removed.push(name.to_owned()),
                value => self.headers.push((name.trim().to_owned(), value.to_owned())),
            }
        } else if let Some(name) = line.strip_suffix(';') {
            self.headers.push((name.to_owned(), String::new()));
        }
    }

    fn add(&mut self, data: Vec<u8>, between: &[u8]) {
        self.data = Some(match self.data.take() {
            Some(before) => [before, between.to_vec(), data].concat(),
            None => data,
        });
    }

    fn extend_query(&mut self, query: &str) {
        if let Some(url) = &mut self.url {
            let between = if url.contains('?') { '&' } else { '?' };
            url.push(between);
            url.push_str(query);
        }
    }

    fn request(mut self) -> Result<RecordedRequest, RequestError> {
        if self.is_get
            && let Some(data) = self.data.take()
        {
            let query = String::from_utf8_lossy(&data).into_owned();
            self.extend_query(&query);
        }
        let has_body = self.data.is_some() || !self.parts.is_empty();
        let usual = match (self.is_head, self.is_upload, has_body) {
            (true, ..) => "HEAD",
            (_, true, _) => "PUT",
            (_, _, true) => "POST",
            _ => "GET",
        };
        let url = self.url.ok_or(RequestError::NoUrl)?;
        let mut draft = RequestDraft {
            method: self.method.unwrap_or_else(|| usual.to_owned()),
            url,
            headers: self.headers,
            ..RequestDraft::default()
        };
        let is_removed = |name: &str| self.removed.iter().any(|one| one.eq_ignore_ascii_case(name));
        if !self.parts.is_empty() {
            let given = draft.header("content-type").unwrap_or("multipart/form-data").to_owned();
            let (body, kind) = draft::form(&self.parts, &given);
            draft.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            draft.headers.push(("Content-Type".to_owned(), kind));
            draft.body = body;
        } else if let Some(data) = self.data {
            if !self.is_upload && !is_removed("content-type") {
                draft.set_default("Content-Type", form::MEDIA_TYPE);
            }
            draft.body = data;
        }
        let mut recorded = draft.request()?;
        if let Some(target) = self.target {
            let pairs = wire::pairs(&recorded.head);
            let head = wire::head(None, &recorded.head.method, &target, "HTTP/1.1", &pairs)?;
            recorded.head = head;
        }
        Ok(recorded)
    }
}

/// Reads a part of a form: `name=value`, `name=@file`, `name=<file`, with `;type=` and
/// `;filename=`.
fn part(
    name: &str,
    content: &str,
    is_text: bool,
    file: &dyn Fn(&str) -> Result<Vec<u8>, RequestError>,
) -> Result<FormPart, RequestError> {
    let named = |value: Vec<u8>| FormPart { name: name.to_owned(), value, ..FormPart::default() };
    if is_text {
        return Ok(named(content.as_bytes().to_vec()));
    }
    let mut pieces = content.split(';');
    let value = pieces.next().unwrap_or_default();
    let is_option = |piece: &str| piece.starts_with("type=") || piece.starts_with("filename=");
    let options: Vec<&str> =
        pieces.clone().map(str::trim).filter(|piece| is_option(piece)).collect();
    let option =
        |key: &str| options.iter().find_map(|piece| piece.strip_prefix(key)).map(str::to_owned);
    let plain = if options.is_empty() { content } else { value };
    let mut part = match (plain.strip_prefix('@'), plain.strip_prefix('<')) {
        (Some(path), _) => FormPart {
            file_name: path.rsplit('/').next().map(str::to_owned),
            content_type: Some("application/octet-stream".to_owned()),
            ..named(file(path)?)
        },
        (_, Some(path)) => named(file(path)?),
        _ => named(plain.as_bytes().to_vec()),
    };
    part.file_name = option("filename=").or(part.file_name);
    part.content_type = option("type=").or(part.content_type);
    Ok(part)
}
