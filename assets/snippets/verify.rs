//! Verifies delivery {{delivery}} from {{title}}. In a new package, with this as `src/main.rs`:
//!
//!   cargo add {{packages}}
//!   hookglass show {{delivery}} --body | {{variable}}='…' cargo run
//!
//! Exits with 0 if the signature is right, and with 1 if it is not.{{notes}}
use std::io::Read as _;

{{imports}}

fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| stop(&format!("{name} is not set")))
}

fn stop(why: &str) -> ! {
    eprintln!("{why}");
    std::process::exit(2)
}

{{entries}}
fn main() {
    // Verify the raw bytes: JSON that is parsed and serialized again has another signature.
    let mut body = Vec::new();
    if let Err(error) = std::io::stdin().read_to_end(&mut body) {
        stop(&error.to_string());
    }
    let secret = setting({{setting}});
    let key: Vec<u8> = {{key}};
{{values}}
    let verified = received.into_iter().any(|value| {
        let content = [{{content}}].concat();
        let digest = {{digest}};
        entries(value).any(|entry| entry.as_bytes().ct_eq(digest.as_bytes()).into())
    });
    println!("{}", if verified { "verified" } else { "not verified" });
    std::process::exit(i32::from(!verified))
}
