//! The table of causes: why a verdict is what it is, where that was proved.

/// A proved cause. The code goes into JSON lines, filters and the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    HeaderMissing,
    HeaderEmpty,
    HeaderDuplicate,
    SigCase,
    SigNotHex,
    PreviousSecret,
    TimestampMissing,
    TimestampMalformed,
    TimestampOld,
    TimestampFuture,
}

impl Cause {
    pub const ALL: [Self; 10] = [
        Self::HeaderMissing,
        Self::HeaderEmpty,
        Self::HeaderDuplicate,
        Self::SigCase,
        Self::SigNotHex,
        Self::PreviousSecret,
        Self::TimestampMissing,
        Self::TimestampMalformed,
        Self::TimestampOld,
        Self::TimestampFuture,
    ];

    pub fn code(self) -> &'static str {
        self.row().0
    }

    /// What it means, for the table in the README.
    pub fn meaning(self) -> &'static str {
        self.row().1
    }

    fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::HeaderMissing => ("header-missing", "the signature header is not there"),
            Self::HeaderEmpty => ("header-empty", "the signature header is there and blank"),
            Self::HeaderDuplicate => ("header-duplicate", "the signature header came twice"),
            Self::SigCase => ("sig-case", "the signature is right but in upper-case hex"),
            Self::SigNotHex => ("sig-not-hex", "the signature holds characters outside hex"),
            Self::PreviousSecret => {
                ("previous-secret", "verified, with a secret that is not the first one")
            }
            Self::TimestampMissing => ("timestamp-missing", "the time of signing is not there"),
            Self::TimestampMalformed => ("timestamp-malformed", "the time of signing is no time"),
            Self::TimestampOld => ("timestamp-old", "signed longer ago than the provider allows"),
            Self::TimestampFuture => {
                ("timestamp-future", "signed further ahead than the provider allows")
            }
        }
    }
}
