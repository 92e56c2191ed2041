//! Exports of deliveries: fixtures in a folder, or one file of another format.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::Context;
use crate::app::Notice;
use crate::delivery::DeliveryId;
use crate::error_chain;
use crate::formats::ExportFormat;
use crate::ops::export::{
    ExportError, ExportEvent, ExportPolicy, ExportRequest, ExportSummary, ExportTarget, Exporter,
    OnConflict,
};
use crate::ops::secrets;
use crate::task;
use crate::units;

/// Number of deliveries between two progress notices.
const STEP: usize = 200;

/// Capacity of the queue of events to show.
const WAITING: usize = 64;

/// Export request.
pub(super) struct ExportJob {
    pub(super) ids: Vec<DeliveryId>,
    pub(super) format: &'static ExportFormat,
    pub(super) to: String,
}

/// Runs export jobs one after another. The exporter lives as long as the dashboard, so that a
/// person has the same pseudonym in all fixtures of a session.
pub(super) async fn work(context: Arc<Context>, mut jobs: mpsc::Receiver<ExportJob>) {
    let base = context.setup.own.to_string();
    let policy = ExportPolicy { base, ..ExportPolicy::default() };
    let mut exporter = Exporter::new(context.setup.known.clone(), policy);
    while let Some(job) = jobs.recv().await {
        exporter.withhold(&secrets::all(&context.setup.verifier.get()));
        let (events, queue) = mpsc::channel(WAITING);
        let (one, to, count) = (Arc::clone(&context), job.to.clone(), job.ids.len());
        let exporting = tokio::task::spawn_blocking(move || {
            let outcome = one.export(&mut exporter, &job, &events);
            (exporter, outcome)
        });
        let left_out = context.report_progress(queue, count).await;
        let Some((back, outcome)) = task::join_or_panic(exporting.await) else { return };
        exporter = back;
        context.say(notice(&outcome, left_out, &to)).await;
    }
}

fn notice(
    outcome: &Result<ExportSummary, ExportError>,
    left_out: Option<String>,
    to: &str,
) -> Notice {
    match outcome {
        Ok(summary) if summary.count == 0 => {
            Notice::failed(format!("Nothing was exported: {}", left_out.unwrap_or_default()))
        }
        Ok(summary) => {
            let left_out = left_out.map(|reason| format!("; skipped: {reason}"));
            let count = units::format_count(summary.count as u64);
            Notice::done(format!("Exported {count} to {to}{}", left_out.unwrap_or_default()))
        }
        Err(error) => {
            let error = error_chain::with_sources(error);
            Notice::failed(format!("Not exported to {to}: {error}"))
        }
    }
}

impl Context {
    fn export(
        &self,
        exporter: &mut Exporter,
        job: &ExportJob,
        events: &mpsc::Sender<ExportEvent>,
    ) -> Result<ExportSummary, ExportError> {
        let request = ExportRequest {
            format: job.format,
            ids: &job.ids,
            on_conflict: OnConflict::Rename,
            loader: None,
        };
        let target = ExportTarget::Path(Path::new(&job.to));
        exporter.export(&self.setup.store.reader()?, &request, target, events)
    }

    /// Shows the progress of an export of `count` deliveries. Returns the reason for the last
    /// delivery that was skipped.
    async fn report_progress(
        &self,
        mut queue: mpsc::Receiver<ExportEvent>,
        count: usize,
    ) -> Option<String> {
        let mut left_out = None;
        while let Some(event) = queue.recv().await {
            match event {
                ExportEvent::Progress(at) if at > 0 && at.is_multiple_of(STEP) => {
                    let [at, of] = [at, count].map(|count| units::format_count(count as u64));
                    self.say(Notice::info(format!("Exporting: {at} of {of} …"))).await;
                }
                ExportEvent::LeftOut { id, reason } => {
                    left_out = Some(format!("delivery {id}: {reason}"));
                }
                ExportEvent::Progress(_) | ExportEvent::Written(_) | ExportEvent::Review { .. } => {
                }
            }
        }
        left_out
    }
}
