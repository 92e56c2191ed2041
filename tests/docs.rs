//! Compares the tables in `docs/` with those in the code. `HOOKGLASS_WRITE_DOCS=1` rewrites them.

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use hookglass::app::keymap::{BINDINGS, Key, KeyContext};
use hookglass::filter::FIELDS;
use hookglass::formats::COPY_FORMATS;
use hookglass::ops::export::redaction_kinds;
use hookglass::provider::{Provider, names};
use hookglass::signature::Cause;
use support::Tested;

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn keys() -> Tested<String> {
    let mut out = String::from("| where | key | what it does | name |\n|---|---|---|---|\n");
    for context in KeyContext::ALL {
        for binding in BINDINGS.iter().filter(|binding| binding.context == context) {
            let keys: Vec<String> =
                binding.keys.iter().map(|key: &Key| format!("`{key}`")).collect();
            let (place, help) = (context.title(), cell(binding.help));
            let (keys, name) = (cell(&keys.join(" ")), binding.name);
            writeln!(out, "| {place} | {keys} | {help} | `{}.{name}` |", context.as_str())?;
        }
    }
    Ok(out)
}

fn flags() -> Tested<String> {
    let mut out = String::from("| command | flag | what it does |\n|---|---|---|\n");
    for [command, flag, value, help] in hookglass::cli::flags() {
        let flag = format!("{flag} {value}");
        let command = if command.is_empty() { "(any)" } else { &command };
        writeln!(out, "| {command} | `{}` | {} |", cell(flag.trim()), cell(&help))?;
    }
    Ok(out)
}

fn filters() -> Tested<String> {
    let mut out = String::from("| field | for instance | looks at |\n|---|---|---|\n");
    for field in FIELDS {
        // Headers and paths into the body go on behind their dot.
        let colon = if field.name.ends_with('.') { "…:" } else { ":" };
        let help = cell(field.help);
        writeln!(out, "| `{}{colon}` | `{}` | {help} |", field.name, cell(field.example))?;
    }
    Ok(out)
}

fn causes() -> Tested<String> {
    let mut out = String::from("| cause | what was proved | for example |\n|---|---|---|\n");
    for cause in Cause::ALL {
        let (code, meaning) = (cause.code(), cause.meaning());
        writeln!(out, "| `{code}` | {meaning} | {} |", cell(cause.example()))?;
    }
    Ok(out)
}

fn copies() -> Tested<String> {
    let mut out = String::from("| form | what it is |\n|---|---|\n");
    for format in COPY_FORMATS {
        writeln!(out, "| `{}` | {} |", format.name, cell(format.help))?;
    }
    Ok(out)
}

fn providers() -> Tested<String> {
    let mut out = String::from("| name | provider | signature | secret |\n|---|---|---|---|\n");
    for name in names() {
        let provider = Provider::named(name)?;
        let (title, scheme, secret) = (&provider.title, &*provider.scheme, &provider.secret_env);
        writeln!(out, "| `{name}` | {title} | {scheme} | `{secret}` |")?;
    }
    Ok(out)
}

fn redaction() -> Tested<String> {
    let mut out = String::from("| rule | redacts |\n|---|---|\n");
    for (rule, what) in redaction_kinds() {
        writeln!(out, "| `{rule}` | {} |", cell(&what))?;
    }
    Ok(out)
}

fn configuration() -> String {
    format!("```toml\n{}\n```\n", include_str!("../assets/config.toml").trim_end())
}

#[test]
fn docs_have_the_tables_of_the_code() -> Tested {
    let mut outdated = Vec::new();
    for (page, name, table) in [
        ("cli", "flags", flags()?),
        ("cli", "copies", copies()?),
        ("keys", "keys", keys()?),
        ("filters", "filters", filters()?),
        ("causes", "causes", causes()?),
        ("providers", "providers", providers()?),
        ("fixtures-and-ci", "redaction", redaction()?),
        ("configuration", "configuration", configuration()),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/{page}.md"));
        let before = fs::read_to_string(&path)?;
        let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
        let (head, rest) =
            before.split_once(&begin).ok_or_else(|| format!("no {begin} in {page}.md"))?;
        let (_, tail) = rest.split_once(&end).ok_or_else(|| format!("no {end} in {page}.md"))?;
        let after = format!("{head}{begin}{table}{end}{tail}");
        if after != before {
            outdated.push(path.clone());
            if std::env::var_os("HOOKGLASS_WRITE_DOCS").is_some() {
                fs::write(&path, &after)?;
                outdated.pop();
            }
        }
    }
    assert!(
        outdated.is_empty(),
        "out of date: {outdated:?}; run HOOKGLASS_WRITE_DOCS=1 cargo test --test docs"
    );
    Ok(())
}
