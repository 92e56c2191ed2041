//! Badges in front of a delivery in the list.

use crate::app::index::RowBadges;
use crate::app::style::StyleClass;

/// Badges and their meanings. If several apply to one position, the first is shown.
pub(crate) const SIGNS: [(char, StyleClass, &str); 7] = [
    ('◆', StyleClass::Accent, "marked"),
    ('✎', StyleClass::Accent, "has a note"),
    ('≠', StyleClass::Bad, "same event as before, different body"),
    ('△', StyleClass::Warn, "schema differs from earlier deliveries of its type"),
    ('↻', StyleClass::Warn, "duplicate of an earlier delivery: a retry or a replay"),
    ('→', StyleClass::Dim, "resent by you"),
    ('⊘', StyleClass::Bad, "refused, so it is incomplete"),
];

/// Returns the badge of the user's annotations and the one of its relation to other deliveries; a
/// space if there is none.
pub(crate) fn signs(badges: RowBadges) -> [(char, StyleClass); 2] {
    let is = |sign: char| match sign {
        '◆' => badges.marked,
        '✎' => badges.noted,
        '≠' => badges.differs,
        '△' => badges.reshaped,
        '↻' => badges.duplicate,
        '→' => badges.resent,
        // The type column shows this one.
        _ => false,
    };
    let first = |some: &[(char, StyleClass, &str)]| {
        let found = some.iter().find(|(sign, ..)| is(*sign));
        found.map_or((' ', StyleClass::Plain), |(sign, role, _)| (*sign, *role))
    };
    let (of_user, of_store) = SIGNS.split_at(2);
    [first(of_user), first(of_store)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_badge_has_a_symbol_and_the_most_important_is_first() {
        let shown = |badges| signs(badges).map(|(sign, _)| sign);
        let none = RowBadges::default();
        assert_eq!(shown(none), [' ', ' ']);
        assert_eq!(shown(RowBadges { noted: true, resent: true, ..none }), ['✎', '→']);
        let all = RowBadges { marked: true, noted: true, duplicate: true, resent: true, ..none };
        assert_eq!(shown(all), ['◆', '↻']);
        assert_eq!(shown(RowBadges { reshaped: true, ..all }), ['◆', '△']);
        assert_eq!(shown(RowBadges { reshaped: true, differs: true, ..all }), ['◆', '≠']);
    }
}
