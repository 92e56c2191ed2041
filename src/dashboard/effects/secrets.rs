//! Changes the secrets in use.

use std::sync::Arc;

use super::Context;
use crate::app::{Event, Notice};
use crate::config;
use crate::delivery::DeliveryId;
use crate::ops::new_provider::{self, NewProvider};
use crate::ops::secrets::{self, VerifiedAgain};
use crate::secret::Secret;
use crate::units;

impl Context {
    /// Uses a typed secret for the provider of a delivery, until the program ends.
    pub(super) fn use_secret(&self, id: Option<DeliveryId>, secret: Secret) {
        let delivery = match id.map(|id| self.read(id)).transpose() {
            Ok(delivery) => delivery,
            Err(error) => {
                return self
                    .send(Event::Notice(Notice::failed(format!("Secret not used: {error}"))));
            }
        };
        let used = secrets::use_secret(&self.setup.verifier, delivery.as_ref(), secret);
        match used {
            Ok(used) => {
                let done = format!("{} uses the typed secret until you quit", used.provider);
                self.report_secrets(&done, &used.warnings);
            }
            Err(error) => {
                self.send(Event::Notice(Notice::failed(format!("Secret not used: {error}"))));
            }
        }
    }

    /// Describes the sender of a delivery as a provider: in the configuration, and from now on.
    pub(super) fn add_provider(&self, id: DeliveryId, name: &str, secret: Option<Secret>) {
        let add = || {
            let delivery = self.read(id).map_err(|error| error.to_string())?;
            let new = new_provider::describe(name, &delivery, secret.as_ref())
                .map_err(|error| error.to_string())?;
            config::add_provider(&self.setup.config, name, &new.table)
                .map_err(|error| error.to_string())?;
            Ok::<_, String>((new, delivery))
        };
        let (NewProvider { provider, verified, .. }, delivery) = match add() {
            Ok(added) => added,
            Err(error) => {
                let notice = Notice::failed(format!("Provider not added: {error}"));
                return self.send(Event::Notice(notice));
            }
        };
        let path = self.setup.config.display();
        let verifier = self.setup.verifier.get();
        let provider = Arc::new(provider);
        let with_it = verifier.with_provider(Some(&delivery.head), &provider, secret);
        self.setup.verifier.replace(with_it);
        let variable = &provider.secret_env;
        let is_set = std::env::var_os(variable).is_some();
        let next =
            if is_set { String::new() } else { format!(" · set {variable} for later runs") };
        let done = match verified {
            Some(how) => format!("Added {name} to {path}, in use now: {how}{next}"),
            None => format!(
                "Added {name} to {path}, in use now, but not verified: check its scheme, then \
                 `:reload secrets`{next}"
            ),
        };
        self.report_secrets(&done, &[]);
    }

    /// Reads the configured secrets again, which drops typed ones.
    pub(super) fn reload_secrets(&self) {
        match self.setup.reload.run(&self.setup.verifier) {
            Ok(warnings) => self.report_secrets("Reloaded the secrets", &warnings),
            Err(error) => {
                self.send(Event::Notice(Notice::failed(format!("Secrets not reloaded: {error}"))));
            }
        }
    }

    fn report_secrets(&self, done: &str, warnings: &[String]) {
        let all = secrets::all(&self.setup.verifier.get());
        let names = all.iter().map(|secret| secret.name().to_owned()).collect();
        let notice = match warnings {
            [] => Notice::done(done),
            [first, ..] => Notice::failed(format!("{done}, but {first}")),
        };
        self.send(Event::SecretsInUse { names, notice });
    }

    /// Verifies deliveries again with the secrets in use.
    pub(super) async fn verify_again(self: Arc<Self>, ids: Vec<DeliveryId>) {
        let outcome = secrets::verify_again(&self.setup.store, &self.setup.verifier, &ids).await;
        self.say(match outcome {
            Ok(VerifiedAgain { checked, verified }) => {
                let noun = if checked == 1 { "delivery" } else { "deliveries" };
                let checked = units::format_count(checked as u64);
                let verified = units::format_count(verified as u64);
                Notice::done(format!("Checked {checked} {noun} again: {verified} verified"))
            }
            Err(error) => Notice::failed(format!("Not verified again: {error}")),
        })
        .await;
    }
}
