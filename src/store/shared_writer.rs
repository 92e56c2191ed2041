//! Changes by a command, whether a listener has the store open or not.

use std::path::{Path, PathBuf};

#[cfg(unix)]
use super::ControlClient;
use super::maintenance::{Maintenance, Pruned};
use super::{NewDelivery, Retention, StoreError};

/// Writes to a store directly, or through the listener that has it open.
#[derive(Debug)]
pub struct SharedWriter {
    path: PathBuf,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Direct(Box<Maintenance>),
    #[cfg(unix)]
    Listener(ControlClient),
}

impl SharedWriter {
    /// Opens a store, or creates it if `create` is set. Fails if another process has it open that
    /// takes no requests.
    pub fn open(path: &Path, holder: &str, create: bool) -> Result<Self, StoreError> {
        let way = match Maintenance::open(path, holder, create) {
            Ok(store) => Way::Direct(Box::new(store)),
            #[cfg(unix)]
            Err(held @ StoreError::Held { .. }) => {
                Way::Listener(ControlClient::connect(path).ok_or(held)?)
            }
            Err(error) => return Err(error),
        };
        Ok(Self { path: path.to_owned(), way })
    }

    /// Stores deliveries: all of them, or none.
    pub fn keep_all(&self, new: &[NewDelivery]) -> Result<(), StoreError> {
        match &self.way {
            Way::Direct(store) => store.keep_all(new),
            #[cfg(unix)]
            Way::Listener(listener) => listener.import(new).map(drop),
        }
    }

    /// Deletes unmarked deliveries beyond a retention. The file shrinks unless a listener has it
    /// open, which uses the space again.
    pub fn prune(&mut self, retention: Retention) -> Result<Pruned, StoreError> {
        match &mut self.way {
            Way::Direct(store) => store.prune(retention),
            #[cfg(unix)]
            Way::Listener(listener) => {
                let size = || std::fs::metadata(&self.path).map_or(0, |found| found.len());
                let before = size();
                let deliveries = listener.prune(retention)?;
                Ok(Pruned { deliveries, before, after: size() })
            }
        }
    }
}
