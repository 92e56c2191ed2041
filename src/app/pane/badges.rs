//! The signs that stand before a delivery in the list.

use super::super::index::Badges;
use super::super::role::Role;

/// The signs that there are, with what they mean; of several that would stand in one place, the
/// first does.
pub const SIGNS: [(char, Role, &str); 7] = [
    ('◆', Role::Warn, "you marked it"),
    ('✎', Role::Warn, "you wrote a note on it"),
    ('≠', Role::Bad, "the event came before, with another body"),
    ('△', Role::Warn, "its body has another shape than earlier ones of its type"),
    ('↻', Role::Warn, "the event came before: a retry or a replay"),
    ('→', Role::Dim, "you sent it onwards by hand"),
    ('⊘', Role::Bad, "it was refused, so it was not kept whole"),
];

/// What the user made of it, and what it is among the others: a sign for each, or a blank.
pub fn signs(badges: Badges) -> [(char, Role); 2] {
    let is = |sign: char| match sign {
        '◆' => badges.marked,
        '✎' => badges.noted,
        '≠' => badges.differs,
        '△' => badges.reshaped,
        '↻' => badges.duplicate,
        '→' => badges.resent,
        // This one stands before the type.
        _ => false,
    };
    let first = |some: &[(char, Role, &str)]| {
        let found = some.iter().find(|(sign, ..)| is(*sign));
        found.map_or((' ', Role::Plain), |(sign, role, _)| (*sign, *role))
    };
    let (of_user, of_store) = SIGNS.split_at(2);
    [first(of_user), first(of_store)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_badge_has_a_sign_and_the_weightier_comes_first() {
        let shown = |badges| signs(badges).map(|(sign, _)| sign);
        let none = Badges::default();
        assert_eq!(shown(none), [' ', ' ']);
        assert_eq!(shown(Badges { noted: true, resent: true, ..none }), ['✎', '→']);
        let all = Badges { marked: true, noted: true, duplicate: true, resent: true, ..none };
        assert_eq!(shown(all), ['◆', '↻']);
        assert_eq!(shown(Badges { reshaped: true, ..all }), ['◆', '△']);
        assert_eq!(shown(Badges { reshaped: true, differs: true, ..all }), ['◆', '≠']);
    }
}
