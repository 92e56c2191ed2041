//! Enums whose variants are words in files, on the command line, or in the store.

/// Defines an enum from a table of variants and their words, with `ALL`, `as_str`, and
/// `from_word`. One table keeps what is written and what is read the same.
macro_rules! words {
    ($(#[$meta:meta])* $vis:vis enum $name:ident {
        $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)*
    }) => {
        $(#[$meta])*
        $vis enum $name {
            $($(#[$variant_meta])* $variant,)*
        }

        impl $name {
            $vis const ALL: [Self; [$($word),*].len()] = [$(Self::$variant),*];

            /// Returns the word for it.
            $vis fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// Returns the variant with exactly this word.
            $vis fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use words;
