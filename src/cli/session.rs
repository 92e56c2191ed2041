//! Parts that `listen` and `attach` share: the store, and the tasks next to a front end.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::CliError;
use crate::config::{Dashboard, GlyphChoice};
use crate::dashboard::view::Glyphs;
use crate::hub::Hub;
use crate::output;
use crate::store::{Store, StorePlace, Writer};
use crate::task;

/// Time for everything to end after a signal, before it is given up.
const STOP_TIME: Duration = Duration::from_secs(4);

/// Opens a store off the runtime's threads. `holder` identifies this process to others.
pub(super) async fn open_store(
    place: &StorePlace,
    holder: String,
) -> Result<(Store, Writer), CliError> {
    let place = place.clone();
    let opened = tokio::task::spawn_blocking(move || Store::open(&place, &holder)).await;
    opened.map_err(CliError::environment)?.map_err(CliError::environment)
}

/// Writes what is left, and closes the store.
pub(super) async fn close_store(writer: Writer) -> Result<(), CliError> {
    tokio::task::spawn_blocking(move || writer.finish()).await.map_err(CliError::environment)
}

/// Describes where deliveries are stored, for the dashboard.
pub(super) fn storage(place: &StorePlace) -> String {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match place {
        StorePlace::Memory => "in memory only, until you quit".to_owned(),
        StorePlace::File(path) => format!("in {}", absolute(path).display()),
    }
}

/// Describes the stream of a hub, its servers, and the name of this program there.
pub(super) fn hub_note(action: &str, hub: &Hub) -> String {
    let (stream, servers, name) = (hub.stream_name(), hub.servers(), hub.name());
    format!("{action} the stream `{stream}` on {servers} as {name}")
}

/// Prints notes and warnings on standard error.
pub(super) fn print_notes<T: Display>(lines: impl IntoIterator<Item = T>) -> io::Result<()> {
    let mut stderr = output::notes();
    for line in lines {
        writeln!(stderr, "hookglass: {line}")?;
    }
    Ok(())
}

/// Returns the configured glyphs; none if the locale decides.
pub(super) fn glyphs(dashboard: &Dashboard) -> Option<Glyphs> {
    match dashboard.glyphs {
        GlyphChoice::Auto => None,
        GlyphChoice::Unicode => Some(Glyphs::Unicode),
        GlyphChoice::Ascii => Some(Glyphs::Ascii),
    }
}

/// Cancels `stop` at a signal.
pub(super) fn stop_at_signal(
    tasks: &mut JoinSet<()>,
    signal: impl Future<Output = ()> + Send + 'static,
    stop: &CancellationToken,
) {
    let stop = stop.clone();
    tasks.spawn(async move {
        tokio::select! {
            () = signal => stop.cancel(),
            () = stop.cancelled() => {}
        }
    });
}

/// Waits for the front end. A panic in a background task ends the program.
pub(super) async fn watch_tasks<T>(front: impl Future<Output = T>, tasks: &mut JoinSet<()>) -> T {
    tokio::pin!(front);
    loop {
        tokio::select! {
            biased;
            outcome = &mut front => return outcome,
            Some(ended) = tasks.join_next() => { task::join_or_panic(ended); },
        }
    }
}

/// Cancels `stop`, and waits for a limited time until every task has ended.
pub(super) async fn end_tasks(mut tasks: JoinSet<()>, stop: &CancellationToken) {
    stop.cancel();
    let all_end = async {
        while let Some(ended) = tasks.join_next().await {
            task::join_or_panic(ended);
        }
    };
    if tokio::time::timeout(STOP_TIME, all_end).await.is_err() {
        tracing::warn!("some tasks did not end in time");
        tasks.abort_all();
    }
}
