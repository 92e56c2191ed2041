//! Default values, and the file that documents them.

/// Providers to listen for by default: the sender is recognized.
pub(crate) const PROVIDER: &str = "auto";

/// Provider to send as by default.
pub(crate) const SENDER: &str = "cribbly";

/// Default theme, which uses the terminal's own colors.
pub(crate) const THEME: &str = "ansi";

/// Configuration with the default values, and every other setting as a comment.
pub(crate) const TEXT: &str = include_str!("../../assets/config.toml");

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::app::columns::ListColumn;
    use crate::config::secrets::Sources;
    use crate::config::{Config, ForwardTo};
    use crate::outbound::ForwardOptions;

    fn read(text: &str) -> Config {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hookglass.toml");
        std::fs::write(&path, text).unwrap();
        Config::load(Some(Path::new(&path))).unwrap()
    }

    #[test]
    fn the_printed_configuration_is_that_of_the_defaults() {
        let (config, usual) = (read(TEXT), read(""));
        assert_eq!(config.provider, [PROVIDER]);
        assert_eq!(config.switches, usual.switches);
        assert_eq!(config.ngrok_api, usual.ngrok_api);
        assert!(config.forwards.is_empty() && config.rules.is_empty());
        let (dashboard, usual_one) = (&config.dashboard, &usual.dashboard);
        assert_eq!((dashboard.theme, dashboard.glyphs), (usual_one.theme, usual_one.glyphs));
        assert_eq!(dashboard.preferences.columns, ListColumn::USUAL);
        assert!(dashboard.preferences.views.is_empty());
        let providers =
            |config: &Config| config.providers().map(|one| one.name.clone()).collect::<Vec<_>>();
        assert_eq!(providers(&config), providers(&usual));
        for provider in config.providers() {
            let without_folder =
                |config: &Config| Sources { key_folder: None, ..config.sources(provider) };
            assert_eq!(without_folder(&config), without_folder(&usual));
        }
    }

    #[test]
    fn every_commented_setting_is_valid() {
        // A setting directly follows the `#`, prose follows a space.
        let setting = |line: &str| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') => rest.to_owned(),
            _ => line.to_owned(),
        };
        let said: Vec<String> = TEXT.lines().map(setting).collect();
        let config = read(&said.join("\n"));
        assert_eq!(config.providers().next().unwrap().name, "my-shop");
        // Apart from settings without a default, the file has the default values.
        let url = "http://127.0.0.1:3000/webhooks".parse().unwrap();
        let usual = ForwardTo::everything(url, ForwardOptions::default());
        let is_general = |one: &&ForwardTo| !one.filter.to_string().starts_with("via:");
        let forwards: Vec<_> = config.forwards.iter().filter(is_general).collect();
        let [forward] = forwards.as_slice() else { panic!("{:?}", config.forwards) };
        assert_eq!(
            (forward.target(), forward.pace(), forward.timeout),
            (usual.target(), usual.pace(), usual.timeout)
        );
        let [_, rule] = config.rules.as_slice() else { panic!("{:?}", config.rules) };
        assert_eq!(rule.to_string(), "type:message.deleted => 200");
        assert_eq!(config.dashboard.preferences.views.len(), 1);
    }

    #[test]
    fn it_shows_every_setting() {
        // serde lists the known names when it finds an unknown one.
        for (table, wrong) in [
            ("", "x = 1"),
            ("dashboard", "[dashboard]\nx = 1"),
            ("forward", "[[forward]]\nx = 1"),
            ("respond", "[[respond]]\nx = 1"),
            ("tunnel", "[tunnel]\nx = 1"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("hookglass.toml");
            std::fs::write(&path, wrong).unwrap();
            let error = Config::load(Some(&path)).unwrap_err().to_string();
            let line = error.lines().find(|line| line.contains("unknown key")).unwrap();
            for name in line.split('`').skip(3).step_by(2) {
                let shown = [format!("{name} = "), format!("[{name}"), format!("{table}.{name}")];
                assert!(shown.iter().any(|one| TEXT.contains(one)), "{table}: {name}");
            }
        }
    }
}
