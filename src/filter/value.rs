//! What stands behind the colon of a term, and whether a text or a number is it.

use std::fmt;

use memchr::memmem;

use crate::delivery::{SignatureStatus, Source};
use crate::units;

/// What kind of value a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A glob that the whole text has to fit.
    Text,
    /// Words that stand somewhere in the text.
    Part,
    Number,
    Verdict,
    Source,
    Flag,
}

/// A list of alternatives, perhaps turned round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) negated: bool,
    pub(super) any: Vec<Test>,
}

/// One alternative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    Glob(Glob),
    Part(Part),
    Compare(Comparison, u64),
    Between(u64, u64),
    Flag(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Above,
    AtLeast,
    Below,
    AtMost,
}

const COMPARISONS: [(&str, Comparison); 4] = [
    (">=", Comparison::AtLeast),
    ("<=", Comparison::AtMost),
    (">", Comparison::Above),
    ("<", Comparison::Below),
];

/// A pattern with `*` and `?`, without regard to ASCII case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob(Vec<(char, bool)>);

/// Text that stands somewhere; capital letters in it make case count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part(String);

impl Value {
    /// Reads the value of a term; the error says what was expected and what was perhaps meant.
    pub(super) fn read(
        letters: &[(char, bool)],
        kind: Kind,
    ) -> Result<Self, (String, Option<String>)> {
        let negated = letters.first() == Some(&('!', false));
        let letters = letters.get(usize::from(negated)..).unwrap_or_default();
        let alternatives = letters.split(|letter| *letter == (',', false));
        let any = alternatives.map(|one| Test::read(one, kind)).collect::<Result<_, _>>()?;
        Ok(Self { negated, any })
    }

    pub(super) fn fits(&self, fits: impl Fn(&Test) -> bool) -> bool {
        self.any.iter().any(fits) != self.negated
    }
}

impl Test {
    fn read(letters: &[(char, bool)], kind: Kind) -> Result<Self, (String, Option<String>)> {
        let text: String = letters.iter().map(|(letter, _)| letter).collect();
        let glob = || Self::Glob(Glob(letters.to_vec()));
        match kind {
            Kind::Text => Ok(glob()),
            Kind::Part => Ok(Self::Part(Part(text))),
            Kind::Number => number(&text),
            Kind::Verdict => {
                one_of(&text, &SignatureStatus::ALL.map(SignatureStatus::as_str)).map(|()| glob())
            }
            Kind::Source => one_of(&text, &Source::ALL.map(Source::as_str)).map(|()| glob()),
            Kind::Flag => one_of(&text, &["yes", "no"]).map(|()| Self::Flag(text == "yes")),
        }
    }

    pub(super) fn fits_text(&self, text: &[u8]) -> bool {
        match self {
            Self::Glob(glob) => glob.fits(&String::from_utf8_lossy(text)),
            Self::Part(part) => part.is_in(text),
            Self::Compare(..) | Self::Between(..) | Self::Flag(_) => false,
        }
    }

    pub(super) fn fits_number(&self, number: u64) -> bool {
        match self {
            Self::Compare(comparison, than) => match comparison {
                Comparison::Equal => number == *than,
                Comparison::Above => number > *than,
                Comparison::AtLeast => number >= *than,
                Comparison::Below => number < *than,
                Comparison::AtMost => number <= *than,
            },
            Self::Between(low, high) => (*low..=*high).contains(&number),
            Self::Glob(_) | Self::Part(_) | Self::Flag(_) => false,
        }
    }
}

fn number(text: &str) -> Result<Test, (String, Option<String>)> {
    let read = |text: &str| {
        units::parse_size(text).map_err(|_| {
            (
                format!("`{text}` is no number; write for instance 404, >=400, 200..299 or >10k"),
                None,
            )
        })
    };
    if let Some((low, high)) = text.split_once("..") {
        return Ok(Test::Between(read(low)?, read(high)?));
    }
    for (sign, comparison) in COMPARISONS {
        if let Some(rest) = text.strip_prefix(sign) {
            return Ok(Test::Compare(comparison, read(rest)?));
        }
    }
    Ok(Test::Compare(Comparison::Equal, read(text)?))
}

/// A word of a fixed set, or a glob that one of them fits.
fn one_of(text: &str, known: &[&str]) -> Result<(), (String, Option<String>)> {
    let glob = Glob(text.chars().map(|letter| (letter, false)).collect());
    if known.iter().any(|word| glob.fits(word)) {
        return Ok(());
    }
    let near = super::error::nearest(text, known.iter().copied()).map(str::to_owned);
    Err((format!("`{text}` is none of {}", known.join(", ")), near))
}

impl Glob {
    fn fits(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        // The last star, and the text from which it was tried; a star is never given up for an
        // earlier one, so the work is bounded by the product of the lengths.
        let (mut at, mut here) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while here < text.len() {
            match (self.0.get(at), text.get(here)) {
                (Some(('*', false)), _) => {
                    star = Some((at, here));
                    at += 1;
                }
                (Some((wanted, quoted)), Some(found))
                    if (*wanted == '?' && !quoted) || wanted.eq_ignore_ascii_case(found) =>
                {
                    at += 1;
                    here += 1;
                }
                _ => match star {
                    Some((pattern, tried)) => {
                        star = Some((pattern, tried + 1));
                        (at, here) = (pattern + 1, tried + 1);
                    }
                    None => return false,
                },
            }
        }
        self.0.iter().skip(at).all(|letter| *letter == ('*', false))
    }
}

impl Part {
    fn is_in(&self, text: &[u8]) -> bool {
        if self.0.is_empty() {
            return true;
        }
        if self.0.chars().any(char::is_uppercase) {
            return memmem::find(text, self.0.as_bytes()).is_some();
        }
        if !self.0.is_ascii() {
            return String::from_utf8_lossy(text).to_lowercase().contains(&self.0);
        }
        // Either case of the first letter may begin a match.
        let bytes = self.0.as_bytes();
        let Some(&first) = bytes.first() else { return true };
        memchr::memchr2_iter(first, first.to_ascii_uppercase(), text).any(|at| {
            text.get(at..at + bytes.len()).is_some_and(|found| found.eq_ignore_ascii_case(bytes))
        })
    }
}

/// Writes letters so that they are read back as they are.
fn write_letters(f: &mut fmt::Formatter<'_>, letters: &[(char, bool)]) -> fmt::Result {
    let special = |letter: char| letter.is_whitespace() || "\"\\(),:!-<>.".contains(letter);
    for (letter, quoted) in letters {
        match letter {
            '"' | '\\' => write!(f, "\"\\{letter}\"")?,
            '*' | '?' if *quoted => write!(f, "\"{letter}\"")?,
            _ if *quoted || special(*letter) && *letter != '.' => write!(f, "\"{letter}\"")?,
            _ => write!(f, "{letter}")?,
        }
    }
    Ok(())
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("!")?;
        }
        for (at, test) in self.any.iter().enumerate() {
            if at > 0 {
                f.write_str(",")?;
            }
            match test {
                Test::Glob(glob) => write_letters(f, &glob.0)?,
                Test::Part(part) => {
                    let letters: Vec<(char, bool)> =
                        part.0.chars().map(|letter| (letter, !letter.is_alphanumeric())).collect();
                    write_letters(f, &letters)?;
                }
                Test::Compare(comparison, than) => {
                    let sign = COMPARISONS.iter().find(|(_, known)| known == comparison);
                    write!(f, "{}{than}", sign.map_or("", |(sign, _)| *sign))?;
                }
                Test::Between(low, high) => write!(f, "{low}..{high}")?,
                Test::Flag(yes) => f.write_str(if *yes { "yes" } else { "no" })?,
            }
        }
        Ok(())
    }
}
