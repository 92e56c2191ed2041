//! A test that loads the fixtures next to it, in the style of a language.

use crate::words::words;

words! {
    /// A language for tests.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum LoaderLanguage {
        Node = "node",
        Python = "python",
        Rust = "rust",
        Go = "go",
        Ruby = "ruby",
        Php = "php",
    }
}

impl LoaderLanguage {
    /// Returns the file name that the language's test runner finds.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Node => "fixtures.test.mjs",
            Self::Python => "test_fixtures.py",
            Self::Rust => "main.rs",
            Self::Go => "fixtures_test.go",
            Self::Ruby => "fixtures_spec.rb",
            Self::Php => "FixturesTest.php",
        }
    }

    /// Returns the command that runs it.
    pub fn runner(self) -> &'static str {
        match self {
            Self::Node => "node --test",
            Self::Python => "pytest",
            Self::Rust => "cargo test",
            Self::Go => "go test",
            Self::Ruby => "rspec",
            Self::Php => "phpunit",
        }
    }

    fn template(self) -> &'static str {
        match self {
            Self::Node => include_str!("../../assets/loaders/node.mjs"),
            Self::Python => include_str!("../../assets/loaders/python.py"),
            Self::Rust => include_str!("../../assets/loaders/rust.rs"),
            Self::Go => include_str!("../../assets/loaders/go.go"),
            Self::Ruby => include_str!("../../assets/loaders/ruby.rb"),
            Self::Php => include_str!("../../assets/loaders/php.php"),
        }
    }
}

/// Returns the test. It verifies deliveries of the providers in `plain`, which sign only the body
/// with HMAC-SHA256 in hex; for others, use the provider's library.
pub fn text(language: LoaderLanguage, plain: &[&str]) -> String {
    // Provider names are file names or TOML keys; quoted as JSON they are valid in every language.
    let quoted = plain.iter().filter_map(|name| serde_json::to_string(name).ok());
    let quoted: Vec<String> = quoted.map(|name| name.replace('$', "\\$")).collect();
    let list = match (language, quoted.is_empty()) {
        // In Python `{}` is a dictionary.
        (LoaderLanguage::Python, true) => "\"\"".to_owned(),
        (..) => quoted.join(", "),
    };
    language.template().replace("{{plain}}", &list)
}
