//! Remarks on a body for the person who reads it.

/// Remarks on how a body is displayed, and on damage to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BodyNote {
    remarks: Vec<String>,
    is_damaged: bool,
}

impl BodyNote {
    /// Describes how the body is displayed.
    pub(super) fn remark(text: impl Into<String>) -> Self {
        Self { remarks: vec![text.into()], is_damaged: false }
    }

    /// Describes damage to the body, or a body that is not what its headers declare.
    pub(super) fn damage(text: impl Into<String>) -> Self {
        Self { remarks: vec![text.into()], is_damaged: true }
    }

    #[must_use]
    pub(super) fn and(mut self, other: Self) -> Self {
        self.remarks.extend(other.remarks);
        self.is_damaged |= other.is_damaged;
        self
    }

    pub fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    /// Returns the remarks as one line; `None` if there are none.
    pub fn text(&self) -> Option<String> {
        (!self.remarks.is_empty()).then(|| self.remarks.join("; "))
    }
}

impl From<Option<String>> for BodyNote {
    fn from(remark: Option<String>) -> Self {
        remark.map(Self::remark).unwrap_or_default()
    }
}
