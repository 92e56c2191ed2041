//! A test beside the fixtures that reads them, in the habit of a language.

/// A language that tests are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoaderLanguage {
    Node,
    Python,
    Rust,
    Go,
    Ruby,
    Php,
}

impl LoaderLanguage {
    pub const ALL: [Self; 6] =
        [Self::Node, Self::Python, Self::Rust, Self::Go, Self::Ruby, Self::Php];

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Python => "python",
            Self::Rust => "rust",
            Self::Go => "go",
            Self::Ruby => "ruby",
            Self::Php => "php",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.as_str() == word)
    }

    /// The name under which the language's own test runner finds it.
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

    /// What to type to run it.
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

/// The test. `plain` are the providers that sign the body alone with HMAC-SHA256 as hex, which it
/// verifies by itself; for others the provider's own library is at hand.
pub fn text(language: LoaderLanguage, plain: &[&str]) -> String {
    // Names of providers are file names or keys of TOML; quoted as JSON they fit every language.
    let quoted = plain.iter().filter_map(|name| serde_json::to_string(name).ok());
    let quoted: Vec<String> = quoted.map(|name| name.replace('$', "\\$")).collect();
    let list = match (language, quoted.is_empty()) {
        // `{}` is a dictionary.
        (LoaderLanguage::Python, true) => "\"\"".to_owned(),
        (..) => quoted.join(", "),
    };
    language.template().replace("{{plain}}", &list)
}
