//! Written by `hookglass export --with rust`. In a folder of `tests`, e.g. `tests/fixtures`,
//! `cargo test` finds it; it needs `serde_json` as a dev-dependency.

mod fixtures;

#[test]
fn fixtures_are_there_and_whole() {
    let all = fixtures::fixtures();
    assert!(!all.is_empty());
    for one in all {
        if let (Some(body), Some(length)) = (&one.body, one.header("content-length")) {
            assert_eq!(body.len().to_string(), length, "{}", one.name);
        }
        if one.verdict == "verified" {
            assert!(one.test_key.is_some(), "{}", one.name);
        }
    }
}
