//! Response rules: properties that hold for any text.

use hookglass::respond::{ResponseRule, Script};
use proptest::prelude::*;

/// Reads no file.
fn no_file(_: &str) -> std::io::Result<Vec<u8>> {
    Err(std::io::ErrorKind::NotFound.into())
}

/// Reads a text as a rule and as a script: both succeed and print so that they read back, or fail.
fn holds(text: &str) -> Result<(), TestCaseError> {
    if let Ok(script) = text.parse::<Script>() {
        let again = script.to_string().parse();
        prop_assert_eq!(again, Ok(script), "{:?}", text);
    }
    // Files are not part of the grammar.
    if text.contains("file") {
        return Ok(());
    }
    match ResponseRule::read(text, &no_file) {
        Ok(rule) => {
            let again = ResponseRule::read(&rule.to_string(), &no_file);
            let again = again.map(|again| format!("{again:?}")).map_err(|error| error.to_string());
            prop_assert_eq!(again, Ok(format!("{rule:?}")), "{:?}", text);
        }
        Err(error) => {
            let span = error.diagnostic().map(|mistake| mistake.span.clone());
            let is_in_text = span.is_none_or(|span| text.get(span).is_some());
            prop_assert!(is_in_text, "{:?} of {:?}", error, text);
        }
    }
    Ok(())
}

/// Texts that look like rules.
fn grammar() -> impl Strategy<Value = String> {
    let filter = prop_oneof![
        Just(String::new()),
        Just("type:message.* => ".to_owned()),
        Just("(sig:failed or -body:\"=>\")=>".to_owned()),
        Just("typ:x => ".to_owned()),
    ];
    let action = prop_oneof![
        (100..700_u16).prop_map(|status| status.to_string()),
        prop::sample::select(vec!["timeout", "close", "hold", "pass", "drop", ""])
            .prop_map(str::to_owned),
    ];
    let option = prop_oneof![
        Just(String::new()),
        (0..2000_u32).prop_map(|time| format!(":delay={time}ms")),
        "[a-z ]{0,6}".prop_map(|text| format!(":body=\"{text}{{{{json:/id}}}}\"")),
        "[A-Za-z-]{1,6}".prop_map(|name| format!(":header={name}=v")),
    ];
    let suffix = prop_oneof![
        Just(String::new()),
        (0..5_u32).prop_map(|times| format!("x{times}")),
        (0..150_u32).prop_map(|chance| format!("%{chance}")),
        (0..150_u32).prop_map(|chance| format!("@{chance}%")),
    ];
    let step = (action, option, suffix)
        .prop_map(|(action, option, suffix)| format!("{action}{option}{suffix}"));
    let steps = proptest::collection::vec(step, 1..4).prop_map(|steps| steps.join(","));
    (filter, steps).prop_map(|(filter, steps)| format!("{filter}{steps}"))
}

proptest! {
    #[test]
    fn any_text_is_a_rule_or_an_error_within_it(text in any::<String>()) {
        holds(&text)?;
    }

    #[test]
    fn a_rule_prints_so_that_it_reads_back(text in grammar()) {
        holds(&text)?;
    }

    #[test]
    fn a_truncated_rule_does_not_panic(text in grammar(), at in any::<prop::sample::Index>()) {
        let kept: String = text.chars().take(at.index(text.chars().count() + 1)).collect();
        holds(&kept)?;
    }
}
