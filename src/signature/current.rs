//! The verifier in use, which is replaced when secrets change.

use std::sync::Arc;

use tokio::sync::watch;

use super::verifier::Verifier;

/// The verifier in use. Clones share it.
#[derive(Debug, Clone)]
pub struct CurrentVerifier(watch::Sender<Arc<Verifier>>);

impl CurrentVerifier {
    pub fn new(verifier: Verifier) -> Self {
        Self(watch::Sender::new(Arc::new(verifier)))
    }

    /// Returns the verifier of this moment. Get it once per request, so that all parts of the
    /// request are checked with the same secrets.
    pub fn get(&self) -> Arc<Verifier> {
        Arc::clone(&self.0.borrow())
    }

    /// Uses another verifier from now on.
    pub fn replace(&self, verifier: Verifier) {
        self.0.send_replace(Arc::new(verifier));
    }
}
