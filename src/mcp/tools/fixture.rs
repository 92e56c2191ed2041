//! `export_fixture`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::thread;

use rmcp::handler::server::tool::ToolRoute;
use rmcp::schemars;
use rmcp::schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::delivery::DeliveryId;
use crate::formats::export_format;
use crate::formats::loader::LoaderLanguage;
use crate::mcp::tool::{Call, ToolEffect, ToolError, ToolName, route};
use crate::mcp::{Connection, Server};
use crate::ops::export::{
    ExportEvent, ExportPolicy, ExportRequest, ExportTarget, Exporter, OnConflict,
};
use crate::store::StoreReader;

const EXPORT: ToolName = ToolName {
    name: "export_fixture",
    title: "Export test fixtures",
    description: "Write deliveries as test fixtures into a folder of the working directory: \
        redacted, re-signed with a throw-away key, and proved to verify. Existing files stay.",
    effect: ToolEffect::Adds,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ExportArguments {
    #[schemars(length(min = 1, max = 100))]
    ids: Vec<i64>,
    /// Folder below the working directory, `test/fixtures` if absent.
    folder: Option<String>,
    /// Language of a test to write that loads the fixtures: node, python, rust, go, ruby, php.
    with_test: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ExportResult {
    /// Paths of the files.
    written: Vec<String>,
    left_out: Vec<LeftOut>,
    /// Number of replaced values, by rule.
    redacted: BTreeMap<String, u64>,
    /// Throw-away keys that verify the fixtures, by provider.
    test_keys: BTreeMap<String, String>,
    /// Fixtures without a signature.
    unsigned: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct LeftOut {
    id: i64,
    reason: String,
}

const FOLDER: &str = "test/fixtures";
const MAX_FIXTURES: usize = 100;

/// Capacity of the queue of events.
const WAITING: usize = 64;

pub(super) fn export() -> ToolRoute<Connection> {
    route(EXPORT, |call: Call, arguments: ExportArguments| async move {
        let ExportArguments { ids, folder, with_test } = arguments;
        if ids.is_empty() || ids.len() > MAX_FIXTURES {
            return Err(format!("invalid ids: expected 1 to {MAX_FIXTURES} of them").into());
        }
        let loader = with_test.map(|word| language(&word)).transpose()?;
        let folder = folder.unwrap_or_else(|| FOLDER.to_owned());
        let _permit = call.permit().await?;
        call.server
            .read(move |server, reader| {
                let folder = below(&server.setup.folder, &folder)?;
                let ids: Vec<DeliveryId> = ids.into_iter().map(DeliveryId).collect();
                let known = reader.summaries(&ids).map_err(|error| error.to_string())?;
                let is_known = |id: &DeliveryId| known.iter().any(|known| known.id == *id);
                if let Some(absent) = ids.iter().find(|id| !is_known(id)) {
                    return Err(format!(
                        "no delivery {absent} in the store, so nothing was written; \
                         list_deliveries shows the ids"
                    )
                    .into());
                }
                fs::create_dir_all(&folder)
                    .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
                exported(server, reader, &ids, &folder, loader)
            })
            .await
    })
}

fn language(word: &str) -> Result<LoaderLanguage, ToolError> {
    LoaderLanguage::from_word(word).ok_or_else(|| {
        let known = LoaderLanguage::ALL.map(LoaderLanguage::as_str).join(", ");
        ToolError::new(format!("no test for `{word}`: expected one of {known}"))
    })
}

fn exported(
    server: &Server,
    reader: &StoreReader,
    ids: &[DeliveryId],
    folder: &Path,
    loader: Option<LoaderLanguage>,
) -> Result<ExportResult, ToolError> {
    let format = export_format("fixture").ok_or("fixtures are not available")?;
    let request = ExportRequest { format, ids, on_conflict: OnConflict::Rename, loader };
    let mut exporter = Exporter::new(server.setup.known.clone(), ExportPolicy::default());
    let (events, mut queue) = mpsc::channel(WAITING);
    let shield = server.secrets_shield();
    let (outcome, written, left_out) = thread::scope(|scope| {
        let collecting = scope.spawn(|| {
            let (mut written, mut left_out) = (Vec::new(), Vec::new());
            while let Some(event) = queue.blocking_recv() {
                match event {
                    ExportEvent::Progress(_) | ExportEvent::Review { .. } => {}
                    ExportEvent::Written(path) => {
                        written.push(shield.line(&path.display().to_string()));
                    }
                    ExportEvent::LeftOut { id, reason } => {
                        left_out.push(LeftOut { id: id.0, reason: shield.line(&reason) });
                    }
                }
            }
            (written, left_out)
        });
        let outcome = exporter.export(reader, &request, ExportTarget::Path(folder), &events);
        drop(events);
        let (written, left_out) =
            collecting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (outcome, written, left_out)
    });
    let summary = outcome.map_err(|error| crate::error_chain::with_sources(&error))?;
    Ok(ExportResult {
        written,
        left_out,
        redacted: summary.redacted.into_iter().map(|(rule, count)| (rule, count as u64)).collect(),
        test_keys: summary.keys,
        unsigned: summary.unsigned as u64,
    })
}

/// Returns a folder below the working directory; anything else is refused, links included.
fn below(base: &Path, folder: &str) -> Result<PathBuf, ToolError> {
    let refused = || {
        ToolError::new(format!(
            "invalid folder `{folder}`: expected a relative path below the working directory, e.g. \
             `{FOLDER}`"
        ))
    };
    let relative = Path::new(folder);
    let is_plain =
        relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if folder.is_empty() || !is_plain {
        return Err(refused());
    }
    let path = base.join(relative);
    let real_base = base.canonicalize().map_err(|error| error.to_string())?;
    let existing = path.ancestors().find_map(|part| part.canonicalize().ok());
    if existing.is_some_and(|existing| existing.starts_with(&real_base)) {
        Ok(path)
    } else {
        Err(refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_below_the_working_directory() {
        let base = tempfile::tempdir().unwrap();
        for folder in ["test/fixtures", "./x", "x"] {
            assert!(below(base.path(), folder).is_ok(), "{folder}");
        }
        for folder in ["", "..", "a/../../b", "/tmp/x", "a/../.."] {
            assert!(below(base.path(), folder).is_err(), "{folder}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_working_directory_is_refused() {
        let (base, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(other.path(), base.path().join("link")).unwrap();
        assert!(below(base.path(), "link/fixtures").is_err());
    }
}
