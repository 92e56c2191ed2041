//! What holds if nothing else is said, and the file that says so.

/// The provider to listen for.
pub const PROVIDER: &str = "cribbly";

/// A configuration of defaults, with everything that can be said as comments.
pub const TEXT: &str = include_str!("../../assets/config.toml");

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    fn read(text: &str) -> Config {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hookglass.toml");
        std::fs::write(&path, text).unwrap();
        Config::load(Some(Path::new(&path))).unwrap()
    }

    #[test]
    fn the_printed_configuration_is_that_of_the_defaults() {
        let config = read(TEXT);
        assert_eq!(config.provider, [PROVIDER]);
        let providers =
            |config: &Config| config.providers().map(|one| one.name.clone()).collect::<Vec<_>>();
        assert_eq!(providers(&config), providers(&read("")));
        for provider in config.providers() {
            assert_eq!(config.sources(provider), read("").sources(provider));
        }
    }

    #[test]
    fn what_it_shows_as_comments_can_be_said() {
        // A setting stands right behind its mark, prose behind a blank.
        let setting = |line: &str| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') => rest.to_owned(),
            _ => line.to_owned(),
        };
        let said: Vec<String> = TEXT.lines().map(setting).collect();
        let config = read(&said.join("\n"));
        assert_eq!(config.providers().next().unwrap().name, "my-shop");
    }
}
