//! Checks README and the pages in `docs/`: shell blocks run, configurations load, links lead
//! somewhere, and the words are those of the style guide.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use hookglass::config::Config;
use hookglass::signature::Cause;
use proc_macro2::{TokenStream, TokenTree};
use regex::Regex;
use support::Tested;

/// A page of the documentation, with its path relative to the repository.
struct Page {
    name: String,
    text: String,
}

/// A fenced code block.
struct Block {
    /// Line number of the opening fence.
    line: usize,
    /// Language and attributes, e.g. `sh no-run`.
    info: String,
    text: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> Tested<Page> {
    Ok(Page { name: name.to_owned(), text: fs::read_to_string(root().join(name))? })
}

/// Returns README and every page in `docs/`.
fn pages() -> Tested<Vec<Page>> {
    let mut pages = vec![read("README.md")?];
    for path in files(&root().join("docs"))? {
        if path.extension().is_some_and(|end| end == "md") {
            let name = path.strip_prefix(root())?.to_string_lossy().into_owned();
            pages.push(read(&name)?);
        }
    }
    Ok(pages)
}

impl Page {
    fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open: Option<(usize, Block)> = None;
        for (number, line) in (1..).zip(self.text.lines()) {
            let trimmed = line.trim_start();
            match (&mut open, trimmed.strip_prefix("```")) {
                (None, Some(info)) => {
                    let (info, text) = (info.trim().to_owned(), String::new());
                    let indentation = line.len() - trimmed.len();
                    open = Some((indentation, Block { line: number, info, text }));
                }
                (Some(_), Some(_)) => blocks.extend(open.take().map(|(_, block)| block)),
                (Some((indentation, block)), None) => {
                    block.text.push_str(line.get(*indentation..).unwrap_or_default());
                    block.text.push('\n');
                }
                (None, None) => {}
            }
        }
        blocks
    }

    /// Returns the page without generated tables and code blocks, by line.
    fn prose(&self) -> Vec<(usize, &str)> {
        let (mut is_code, mut is_generated) = (false, false);
        let mut prose = Vec::new();
        for (number, line) in (1..).zip(self.text.lines()) {
            if line.trim_start().starts_with("```") {
                is_code = !is_code;
            } else if line.starts_with("<!--") {
                is_generated = !line.starts_with("<!-- /");
            } else if !is_code && !is_generated {
                prose.push((number, line));
            }
        }
        prose
    }

    /// Returns the anchors of the headings, as GitHub forms them.
    fn anchors(&self) -> BTreeSet<String> {
        let headings = self.prose().into_iter().filter(|(_, line)| line.starts_with('#'));
        let anchor = |(_, line): (usize, &str)| {
            let text = line.trim_start_matches('#').trim().to_lowercase();
            let kept = text.chars().filter(|&one| one.is_alphanumeric() || " -_".contains(one));
            kept.map(|one| if one == ' ' { '-' } else { one }).collect()
        };
        headings.map(anchor).collect()
    }
}

/// Defines `hookglass`, `curl`, and the like for a page: a listener runs in the background on a
/// free port, and the addresses in the page become those of the listener and of a target.
#[cfg(unix)]
const PRELUDE: &str = r#"
set -euo pipefail
at=
listener=
address=unknown
stop() {
  if [ -n "$listener" ]; then kill "$listener"; wait "$listener" || true; listener=; fi
}
finish() {
  status=$?
  stop
  if [ $status -ne 0 ]; then echo "exit code $status in the block at $at" >&2; fi
}
trap finish EXIT
translate() {
  arguments=()
  for argument in "$@"; do
    argument=${argument//127.0.0.1:4400/$address}
    arguments+=("${argument//127.0.0.1:3000/$TARGET}")
  done
}
hookglass() {
  translate "$@"
  case "${1:-}" in
    '' | -* | listen)
      stop
      rm -f said
      mkfifo said
      "$HOOKGLASS" ${arguments[@]+"${arguments[@]}"} --headless --bind 127.0.0.1:0 >printed 2>said &
      listener=$!
      exec 3<said
      read -r line <&3
      address=${line#listening on http://}
      ;;
    # These need the store for themselves, as the pages say.
    prune | store)
      stop
      "$HOOKGLASS" "${arguments[@]}"
      ;;
    *) "$HOOKGLASS" "${arguments[@]}" ;;
  esac
}
curl() {
  translate "$@"
  command curl "${arguments[@]}"
}
"#;

/// Programs in shell blocks that may not be installed.
#[cfg(unix)]
const TOOLS: [&str; 4] = ["curl", "jq", "node", "openssl"];

/// Runs the shell blocks of a page in one shell, and returns its output if it fails.
#[cfg(unix)]
fn run(page: &Page) -> Tested<Option<String>> {
    use std::fmt::Write as _;
    use std::process::Command;

    use support::{Target, printed, targets, tools};

    let target = Target::always(targets::response("200 OK", "{\"ok\":true}"))?;
    let folder = tempfile::tempdir()?;
    let mut script = PRELUDE.to_owned();
    for block in page.blocks().iter().filter(|block| block.info == "sh") {
        let needed = TOOLS.iter().filter(|tool| {
            block.text.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == **tool)
        });
        if needed.copied().all(tools::is_installed) {
            writeln!(script, "at={}:{}\n{}", page.name, block.line, block.text)?;
        }
    }
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder.path())
        .env("HOOKGLASS", env!("CARGO_BIN_EXE_hookglass"))
        .env("TARGET", target.url.trim_start_matches("http://"))
        .output()?;
    Ok((!output.status.success()).then(|| printed(&output)))
}

#[cfg(unix)]
#[test]
fn shell_blocks_run() -> Tested {
    for page in pages()? {
        if let Some(output) = run(&page)? {
            return Err(output.into());
        }
    }
    Ok(())
}

#[test]
fn every_shell_block_runs_or_is_marked() -> Tested {
    let infos: BTreeSet<String> =
        pages()?.iter().flat_map(Page::blocks).map(|block| block.info).collect();
    let expected = ["js", "json", "python", "sh", "sh no-run", "text", "toml", "toml fragment"];
    let unknown: Vec<&String> =
        infos.iter().filter(|info| !expected.contains(&info.as_str())).collect();
    assert!(unknown.is_empty(), "unknown kinds of code blocks: {unknown:?}");
    Ok(())
}

#[test]
fn configurations_load() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("hookglass.toml");
    for page in pages()? {
        for block in page.blocks().iter().filter(|block| block.info == "toml") {
            fs::write(&path, &block.text)?;
            Config::load(Some(&path))
                .map_err(|error| format!("{}:{}: {error}", page.name, block.line))?;
        }
    }
    Ok(())
}

/// Returns the links of a page that are not to other sites: the text between `](` and `)`.
fn local_links(page: &Page) -> Tested<Vec<(usize, String)>> {
    let link = Regex::new(r"\]\(([^)\s]+)\)")?;
    let links = page.prose().into_iter().flat_map(|(number, line)| {
        let targets = link.captures_iter(line).filter_map(|found| found.get(1));
        targets.map(move |target| (number, target.as_str().to_owned())).collect::<Vec<_>>()
    });
    Ok(links.filter(|(_, target)| !target.contains("://")).collect())
}

/// Splits a link into the file, relative to the repository, and the anchor.
fn destination(page: &Page, link: &str) -> (String, Option<String>) {
    let (file, anchor) =
        link.split_once('#').map_or((link, None), |(file, rest)| (file, Some(rest.to_owned())));
    if file.is_empty() {
        return (page.name.clone(), anchor);
    }
    let mut parts: Vec<&str> = page.name.split('/').collect();
    parts.pop();
    for part in file.split('/') {
        match part {
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    (parts.join("/"), anchor)
}

#[test]
fn links_lead_to_files_and_headings() -> Tested {
    let mut broken = Vec::new();
    let mut all = pages()?;
    for name in ["CHANGELOG.md", "CONTRIBUTING.md"] {
        all.push(read(name)?);
    }
    for page in all {
        for (line, link) in local_links(&page)? {
            let (file, anchor) = destination(&page, &link);
            let leads = match anchor {
                Some(anchor) => read(&file).is_ok_and(|page| page.anchors().contains(&anchor)),
                None => root().join(&file).exists(),
            };
            if !leads {
                broken.push(format!("{}:{line}: {link}", page.name));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    Ok(())
}

#[test]
fn readme_links_to_every_page() -> Tested {
    let readme = read("README.md")?;
    let linked: BTreeSet<String> =
        local_links(&readme)?.iter().map(|(_, link)| destination(&readme, link).0).collect();
    let missing: Vec<String> = pages()?
        .into_iter()
        .map(|page| page.name)
        .filter(|name| name.starts_with("docs/") && !linked.contains(name))
        .collect();
    assert!(missing.is_empty(), "README.md does not link to {missing:?}");
    Ok(())
}

#[test]
fn readme_is_short() -> Tested {
    let lines = read("README.md")?.text.lines().count();
    assert!(lines < 200, "README.md has {lines} lines; move details to docs/");
    Ok(())
}

#[test]
fn every_cause_has_an_example_and_a_fix() -> Tested {
    let page = read("docs/signatures.md")?;
    let complete = |line: &str| line.matches('|').count() >= 4 && !line.contains("|  |");
    let rows: Vec<&str> = page.text.lines().filter(|line| complete(line)).collect();
    let explained = |code: &str| {
        let name = format!("`{code}`");
        rows.iter().any(|row| row.split('|').nth(1).is_some_and(|first| first.contains(&name)))
    };
    let missing: Vec<&str> =
        Cause::ALL.iter().map(|cause| cause.code()).filter(|code| !explained(code)).collect();
    assert!(
        missing.is_empty(),
        "docs/signatures.md has no row `cause | example | fix` for {missing:?}"
    );
    Ok(())
}

/// Words that a text for people avoids, and what to write instead.
const AVOIDED: [(&str, &str); 23] = [
    (r"(?i)\bis no [a-z]", "invalid X: expected …"),
    (r"(?i)\banew\b", "again, re-signed"),
    (r"(?i)\bstands?\b", "is in, is set"),
    (r"(?i)\b(told|tells)\b", "shows, reports, prints"),
    (r"(?i)\bnothing (where|if)\b", "none if"),
    (r"(?i)\bso (many|much)\b", "a number of, up to"),
    (r"(?i)\bwhat (became|becomes) of\b", "result, outcome"),
    (r"(?i)\bspoil", "tamper with"),
    (r"(?i)\b(whoever|whomever|whom)\b", "client, sender"),
    (r"(?i)\bbeside\b", "next to"),
    (r"(?i)\bon its way\b", "in transit"),
    (r"(?i)\b(is|are) asked for\b", "prompts for"),
    (r"(?i)\b(goes|go) out\b", "is sent"),
    (r"(?i)\bcomes? in\b", "is received"),
    (r"(?i)\bworld failed\b", "environment error"),
    (r"(?i)\blets? go\b", "delete, release"),
    (r"(?i)\blook after\b", "maintain"),
    (r"(?i)\bsum up\b", "summarize"),
    (r"(?i)\bturn(s|ed)? round\b", "reverse"),
    (r"(?i)\bof one's own\b", "custom, your own"),
    (r"(?i)\bfor instance\b", "e.g."),
    (r"(?i)\b\w*(recognis|serialis|normalis|summaris|initialis)", "American spelling: -ize"),
    (r"(?i)\b(colour|behaviour|licence)", "American spelling"),
];

/// Texts that keep an avoided word, and why.
const ALLOWED: [(&str, &str); 6] = [
    ("colour", "an unknown key in tests of the configuration"),
    ("here is no ", "plain English, unlike `x` is no y"),
    ("is no longer", "plain English"),
    ("come in another order", "plain English"),
    ("body-reserialised", "the code of a cause, which is a part of the JSON contract"),
    ("tells you why", "the tagline"),
];

/// Returns the avoided words of a text, each with the line.
fn avoided(patterns: &[(Regex, &str)], name: &str, lines: &[(usize, &str)]) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in lines {
        let line =
            ALLOWED.iter().fold((*line).to_owned(), |line, (text, _)| line.replace(text, ""));
        for (pattern, instead) in patterns {
            if let Some(word) = pattern.find(&line) {
                let word = word.as_str();
                found.push(format!("{name}:{number}: avoid `{word}` (instead: {instead}): {line}"));
            }
        }
    }
    found
}

fn patterns() -> Tested<Vec<(Regex, &'static str)>> {
    AVOIDED.iter().map(|(pattern, instead)| Ok((Regex::new(pattern)?, *instead))).collect()
}

/// Returns the files in a folder, at any depth.
fn files(folder: &Path) -> Tested<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[test]
fn pages_avoid_unclear_words() -> Tested {
    let (patterns, mut found) = (patterns()?, Vec::new());
    for page in pages()?.into_iter().chain([read("CHANGELOG.md")?, read("CONTRIBUTING.md")?]) {
        found.extend(avoided(&patterns, &page.name, &page.prose()));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

#[test]
fn assets_avoid_unclear_words() -> Tested {
    let (patterns, mut found) = (patterns()?, Vec::new());
    for path in files(&root().join("assets"))? {
        let is_no_text = path
            .extension()
            .is_some_and(|end| ["der", "gif", "png", "svg"].iter().any(|one| end == *one));
        if !is_no_text {
            let text = fs::read_to_string(&path)?;
            let lines: Vec<(usize, &str)> = (1..).zip(text.lines()).collect();
            found.extend(avoided(&patterns, &path.display().to_string(), &lines));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

/// Returns the string literals and doc comments of a source file.
fn literals(tokens: TokenStream, found: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => literals(group.stream(), found),
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                if text.contains('"') {
                    found.push(text);
                }
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}

#[test]
fn source_texts_avoid_unclear_words() -> Tested {
    let (patterns, mut found) = (patterns()?, Vec::new());
    for path in files(&root().join("src"))? {
        let mut texts = Vec::new();
        literals(fs::read_to_string(&path)?.parse()?, &mut texts);
        let name = path.strip_prefix(root())?.display().to_string();
        let lines: Vec<(usize, &str)> = (1..).zip(texts.iter().map(String::as_str)).collect();
        found.extend(avoided(&patterns, &name, &lines));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}
