//! Files that load the fixtures next to them, in the style of a test runner: a helper for your own
//! tests, and a test of the fixtures themselves.

use std::path::{Component, Path, PathBuf};

use crate::words::words;

words! {
    /// A test runner, or a language with one.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum LoaderLanguage {
        Node = "node",
        Vitest = "vitest",
        Jest = "jest",
        Python = "python",
        Pytest = "pytest",
        Unittest = "unittest",
        Rust = "rust",
        Go = "go",
        Ruby = "ruby",
        Php = "php",
    }
}

/// A folder of fixtures, for the files that load them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LoaderPlace<'p> {
    /// The folder as it was named.
    pub folder: &'p Path,
    /// Package of the Go files that are above a `testdata` folder, if there are any.
    pub go_package: Option<&'p str>,
}

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoaderFile {
    /// Path relative to the folder of the fixtures.
    pub path: PathBuf,
    pub text: String,
}

impl LoaderLanguage {
    /// Returns the paths of the files, relative to the folder of the fixtures; the test is the
    /// last.
    pub fn paths(self, folder: &Path) -> Vec<PathBuf> {
        let files = self.templates(folder).into_iter();
        files.map(|(name, _)| PathBuf::from(name)).collect()
    }

    /// Returns the command that runs the test.
    pub fn command(self, folder: &Path) -> String {
        let shown = shown(folder);
        let path =
            |name: &str| if shown == "." { name.to_owned() } else { format!("{shown}/{name}") };
        let test = self.templates(folder).last().map(|(name, _)| path(name)).unwrap_or_default();
        match self {
            Self::Node => format!("node --test {test}"),
            Self::Vitest => format!("npx vitest run {test}"),
            Self::Jest => format!("npx jest {test}"),
            Self::Python | Self::Unittest => format!("python -m unittest discover -s {shown}"),
            Self::Pytest => format!("pytest {shown}"),
            Self::Rust => match name_of(folder).as_str() {
                "" => "cargo test".to_owned(),
                name => format!("cargo test --test {name}"),
            },
            Self::Go if is_testdata(folder) => match above(folder).as_str() {
                "." => "go test .".to_owned(),
                folder => format!("go test ./{folder}"),
            },
            Self::Go => format!("go test ./{shown}"),
            Self::Ruby => format!("rspec {test}"),
            Self::Php => format!("phpunit {test}"),
        }
    }

    /// Returns names and templates of the files; the test is the last.
    fn templates(self, folder: &Path) -> Vec<(String, &'static str)> {
        let named = |files: &[(&str, &'static str)]| {
            files.iter().map(|(name, text)| ((*name).to_owned(), *text)).collect()
        };
        match self {
            // Vitest and Jest take `*.test.*` for their own, and Node finds this name as well.
            Self::Node => named(&[
                ("fixtures.mjs", include_str!("../../assets/loaders/fixtures.mjs")),
                ("fixtures-test.mjs", include_str!("../../assets/loaders/node.mjs")),
            ]),
            Self::Vitest => named(&[
                ("fixtures.mjs", include_str!("../../assets/loaders/fixtures.mjs")),
                ("fixtures.test.mjs", include_str!("../../assets/loaders/vitest.mjs")),
            ]),
            Self::Jest => named(&[
                ("fixtures.cjs", include_str!("../../assets/loaders/fixtures.cjs")),
                ("fixtures.test.cjs", include_str!("../../assets/loaders/jest.cjs")),
            ]),
            Self::Python | Self::Unittest => {
                vec![(python_name(folder), include_str!("../../assets/loaders/python.py"))]
            }
            Self::Pytest => {
                vec![(python_name(folder), include_str!("../../assets/loaders/pytest.py"))]
            }
            Self::Rust => named(&[
                ("fixtures.rs", include_str!("../../assets/loaders/fixtures.rs")),
                ("main.rs", include_str!("../../assets/loaders/rust.rs")),
            ]),
            // Go skips `testdata`, whose files are loaded by the package above.
            Self::Go if is_testdata(folder) => named(&[
                ("../hookglass_load_test.go", include_str!("../../assets/loaders/fixtures.go")),
                ("../hookglass_test.go", include_str!("../../assets/loaders/go.go")),
            ]),
            Self::Go => named(&[
                ("fixtures.go", include_str!("../../assets/loaders/fixtures.go")),
                ("fixtures_test.go", include_str!("../../assets/loaders/go.go")),
            ]),
            Self::Ruby => named(&[
                ("fixtures.rb", include_str!("../../assets/loaders/fixtures.rb")),
                ("fixtures_spec.rb", include_str!("../../assets/loaders/ruby.rb")),
            ]),
            Self::Php => named(&[
                ("Fixtures.php", include_str!("../../assets/loaders/Fixtures.php")),
                ("FixturesTest.php", include_str!("../../assets/loaders/php.php")),
            ]),
        }
    }
}

/// Returns the files. The test verifies deliveries of the providers in `plain`, which sign only the
/// body with HMAC-SHA256 in hex; for others, use the provider's library.
pub(crate) fn files(
    language: LoaderLanguage,
    place: LoaderPlace<'_>,
    plain: &[&str],
) -> Vec<LoaderFile> {
    let LoaderPlace { folder, go_package } = place;
    // Provider names are file names or TOML keys; quoted as JSON they are valid in every language.
    let quoted = plain.iter().filter_map(|name| serde_json::to_string(name).ok());
    let quoted: Vec<String> = quoted.map(|name| name.replace('$', "\\$")).collect();
    let is_python = matches!(
        language,
        LoaderLanguage::Python | LoaderLanguage::Pytest | LoaderLanguage::Unittest
    );
    // In Python `{}` is a dictionary.
    let list = if quoted.is_empty() && is_python { "\"\"".to_owned() } else { quoted.join(", ") };
    let command = language.command(folder);
    let is_above = is_testdata(folder);
    let package = match (is_above, go_package) {
        (true, Some(package)) => package.to_owned(),
        (true, None) => go_name(folder.parent().unwrap_or(Path::new(""))),
        (false, _) => go_name(folder),
    };
    let go: [(&str, &str); 7] = if is_above {
        [
            ("{{glob}}", "testdata/*.json"),
            ("{{folder}}", "testdata"),
            ("{{files}}", "hookglassFiles"),
            ("{{Fixture}}", "hookglassFixture"),
            ("{{Load}}", "loadHookglassFixtures"),
            ("{{plain_names}}", "hookglassPlain"),
            ("{{prefix}}", "Hookglass"),
        ]
    } else {
        [
            ("{{glob}}", "*.json"),
            ("{{folder}}", "."),
            ("{{files}}", "files"),
            ("{{Fixture}}", "Fixture"),
            ("{{Load}}", "Load"),
            ("{{plain_names}}", "plain"),
            ("{{prefix}}", ""),
        ]
    };
    let filled = |template: &str| {
        let mut text = template
            .replace("{{plain}}", &list)
            .replace("{{with}}", language.as_str())
            .replace("{{command}}", &command)
            .replace("{{name}}", &name_of(folder))
            .replace("{{package}}", &package);
        for (placeholder, value) in go {
            text = text.replace(placeholder, value);
        }
        text
    };
    let templates = language.templates(folder).into_iter();
    templates.map(|(name, text)| LoaderFile { path: name.into(), text: filled(text) }).collect()
}

fn is_testdata(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name == "testdata")
}

/// Returns the named components of a path.
fn components(folder: &Path) -> Vec<String> {
    let names = folder.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    });
    names.collect()
}

/// Returns a folder as commands name it; one with characters that a shell or a comment could
/// interpret is only called by its place.
fn shown(folder: &Path) -> String {
    let text = folder.to_string_lossy().replace('\\', "/");
    let text = text.strip_prefix("./").unwrap_or(&text).trim_end_matches('/');
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | ':');
    if text.is_empty() || !text.chars().all(is_plain) { ".".to_owned() } else { text.to_owned() }
}

/// Returns the folder above as commands name it.
fn above(folder: &Path) -> String {
    shown(folder.parent().unwrap_or(Path::new("")))
}

fn name_of(folder: &Path) -> String {
    components(folder).pop().filter(|name| shown(Path::new(name)) != ".").unwrap_or_default()
}

/// Returns letters, digits, and underscores.
fn identifier(text: &str) -> String {
    let lower = text.to_lowercase();
    lower.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// Returns a name that differs between folders: pytest imports two files of one name only once.
fn python_name(folder: &Path) -> String {
    let mut names = components(folder);
    if folder.is_absolute() {
        names.drain(..names.len().saturating_sub(2));
    }
    let is_root = |name: &str| matches!(name, "test" | "tests" | "spec");
    if names.len() > 1 && names.first().is_some_and(|name| is_root(name)) {
        names.remove(0);
    }
    match identifier(&names.join("_")).trim_matches('_') {
        "" => "test_fixtures.py".to_owned(),
        name => format!("test_{name}.py"),
    }
}

/// Returns a package name for a folder.
fn go_name(folder: &Path) -> String {
    let name = identifier(&components(folder).pop().unwrap_or_default()).replace('_', "");
    if name.starts_with(|first: char| first.is_ascii_lowercase()) {
        name
    } else {
        "fixtures".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_files_of_several_folders_have_different_names() {
        for (folder, name) in [
            ("fixtures", "test_fixtures.py"),
            ("test/fixtures", "test_fixtures.py"),
            ("./tests/stripe-2", "test_stripe_2.py"),
            ("a/fixtures", "test_a_fixtures.py"),
            (".", "test_fixtures.py"),
            ("/home/me/app/fixtures", "test_app_fixtures.py"),
        ] {
            assert_eq!(python_name(Path::new(folder)), name, "{folder}");
        }
    }

    #[test]
    fn commands_name_what_to_run() {
        for (language, folder, command) in [
            (LoaderLanguage::Node, "test/fixtures", "node --test test/fixtures/fixtures-test.mjs"),
            (LoaderLanguage::Unittest, "./fixtures/", "python -m unittest discover -s fixtures"),
            (LoaderLanguage::Go, "fixtures", "go test ./fixtures"),
            (LoaderLanguage::Go, "testdata", "go test ."),
            (LoaderLanguage::Go, "pkg/testdata", "go test ./pkg"),
            (LoaderLanguage::Rust, "tests/fixtures", "cargo test --test fixtures"),
            (LoaderLanguage::Node, "a\n?>", "node --test fixtures-test.mjs"),
        ] {
            assert_eq!(language.command(Path::new(folder)), command, "{folder}");
        }
    }

    #[test]
    fn every_placeholder_is_filled() {
        for language in LoaderLanguage::ALL {
            for folder in ["fixtures", "testdata"] {
                let place = LoaderPlace { folder: Path::new(folder), go_package: Some("app") };
                for LoaderFile { path, text } in files(language, place, &["github"]) {
                    let left = text.match_indices("{{").next();
                    assert_eq!(left, None, "{}: {text}", path.display());
                }
            }
        }
    }
}
