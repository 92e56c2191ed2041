//! Editing a delivery: the file, the editor in the terminal, and the checked result.

use std::io;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::{Context, ForTerminal, resend};
use crate::app::{EditDecision, Event, Notice, ResendRequest};
use crate::dashboard::editor::{self, EditorFile};
use crate::delivery::DeliveryId;
use crate::error_chain::{self, StepError};
use crate::ops::edit::{self, CheckedEdit, EditError, EditRun};
use crate::ops::resend::{Destination, SkipReason};
use crate::outbound::Request;
use crate::signature::Verifier;
use crate::task;

/// Handshake for borrowing the terminal from the loop.
pub(crate) struct TerminalLease {
    /// Signaled when the terminal is free.
    pub(super) given: oneshot::Sender<()>,
    /// Completes, or is dropped, when the terminal may be taken back.
    pub(super) back: oneshot::Receiver<()>,
}

impl TerminalLease {
    /// Signals that the terminal is free. The returned receiver completes when the lease ends.
    pub(crate) fn give(self) -> oneshot::Receiver<()> {
        // If the borrower is gone, so is the other end, which ends the lease.
        let _ = self.given.send(());
        self.back
    }
}

impl Context {
    /// Lets the user edit a delivery and sends the result, after a prompt for its target if it
    /// `asks`.
    pub(super) async fn edit(self: Arc<Self>, order: ResendRequest, asks: bool) {
        if let Err(notice) = self.try_edit(&order, asks).await {
            self.say(notice).await;
        }
    }

    async fn try_edit(&self, order: &ResendRequest, asks: bool) -> Result<(), Notice> {
        let failed = |why: String| Notice::failed(format!("Nothing sent: {why}"));
        let verifier = self.setup.verifier.get();
        let destination =
            resend::destination(order, &verifier).map_err(|error| failed(error.to_string()))?;
        let origin =
            order.ids.first().copied().ok_or_else(|| failed("nothing is selected".into()))?;
        let original = self.fetch(origin).await.map_err(|error| failed(error.to_string()))?;
        if let Some(reason) = SkipReason::of(&original.summary) {
            return Err(failed(reason.to_string()));
        }
        let mut run = EditRun {
            original,
            destination,
            verifier: &verifier,
            store: self.setup.store.clone(),
            client: self.client.clone(),
        };
        let text = run.draft(asks);
        let request = self.edited(order, text).await?;
        if asks {
            run.destination = self.chosen_destination(order, origin, &verifier).await?;
        }
        let outcome = run.send(request).await.map_err(|error| failed(error.to_string()))?;
        // The receiver is gone if the loop has ended.
        let _ = self.events.send(Event::EditSent { origin, outcome: Box::new(outcome) }).await;
        Ok(())
    }

    /// Prompts for a target until it is valid.
    async fn chosen_destination<'v>(
        &self,
        order: &ResendRequest,
        id: DeliveryId,
        verifier: &'v Verifier,
    ) -> Result<Destination<'v>, Notice> {
        let (mut order, mut error) = (order.clone(), None);
        loop {
            let (number, target) = (order.number, order.target.clone());
            match self.decision(number, Event::Edited { number, id, target, error }).await {
                EditDecision::Send { target, exact } => {
                    (order.target, order.exact) = (target, exact);
                }
                EditDecision::Again | EditDecision::Discard => {
                    return Err(Notice::info("Edit discarded: nothing sent"));
                }
            }
            match resend::destination(&order, verifier) {
                Ok(destination) => return Ok(destination),
                Err(wrong) => error = Some(wrong.to_string()),
            }
        }
    }

    /// Reports an event that asks for a decision, and waits for it.
    async fn decision(&self, number: u64, event: Event) -> EditDecision {
        let mut decisions = self.decisions.subscribe();
        decisions.borrow_and_update();
        // The receiver is gone if the loop has ended.
        let _ = self.events.send(event).await;
        loop {
            if decisions.changed().await.is_err() {
                return EditDecision::Discard;
            }
            let (of, decision) = decisions.borrow_and_update().clone();
            if of == number {
                return decision;
            }
        }
    }

    /// Lets the user edit until the result can be sent.
    async fn edited(&self, order: &ResendRequest, text: String) -> Result<Request, Notice> {
        let id = order.ids.first().copied().unwrap_or(DeliveryId(0));
        let open = self.open_folder.clone();
        let (file, text) = task::blocking(move || (EditorFile::new(id, &text, open), text)).await;
        let file = file.map_err(|error| {
            Notice::failed(format!("Nothing sent: cannot write a temporary file: {error}"))
        })?;
        let (file, text) = (Arc::new(file), Arc::new(text));
        loop {
            self.in_editor(&file).await?;
            let (one, before) = (Arc::clone(&file), Arc::clone(&text));
            let checked = task::blocking(move || read_back(&one, &before)).await;
            let checked = checked.map_err(|error| {
                Notice::failed(format!("Nothing sent: {}", error_chain::with_sources(&error)))
            })?;
            let mistakes = match checked {
                CheckedEdit::Send(request) => return Ok(request),
                CheckedEdit::Empty => return Err(Notice::info("Empty file: nothing sent")),
                CheckedEdit::Unchanged => {
                    return Err(Notice::info("No change: nothing sent"));
                }
                CheckedEdit::Mistakes { mistakes, .. } => first_of(&mistakes),
            };
            let number = order.number;
            let decision = self.decision(number, Event::Mistaken { number, mistakes }).await;
            if decision != EditDecision::Again {
                return Err(Notice::info("Edit discarded: nothing sent"));
            }
        }
    }

    /// Runs the editor in the terminal.
    async fn in_editor(&self, draft: &EditorFile) -> Result<(), Notice> {
        let (given, free) = oneshot::channel();
        let (_done, back) = oneshot::channel();
        let loan = TerminalLease { given, back };
        if self.to_terminal.send(ForTerminal::Lend(loan)).await.is_err() || free.await.is_err() {
            return Err(Notice::failed("Nothing sent: the terminal is gone"));
        }
        let name = editor::name();
        let hidden = self.setup.known.secret_variables();
        let why = match editor::run(&name, draft.path(), &hidden).await {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) if status.code() == Some(127) => {
                format!("`{name}` was not found; set VISUAL or EDITOR to your editor")
            }
            Ok(status) => format!("`{name}` ended with {status}"),
            Err(error) => {
                format!("`{name}` cannot be started: {error}; set VISUAL or EDITOR to your editor")
            }
        };
        Err(Notice::failed(format!("Nothing sent: {why}")))
    }
}

/// Parses the edited file; mistakes are also written into the file.
fn read_back(file: &EditorFile, before: &str) -> Result<CheckedEdit, StepError> {
    let failed = |step: &str, error: io::Error| StepError::new(step, error);
    let edited = file.read().map_err(|error| failed("cannot read the edited file", error))?;
    let checked = edit::check(before, &edited);
    if let CheckedEdit::Mistakes { annotated: Some(text), .. } = &checked {
        file.write(text).map_err(|error| failed("cannot write the errors to the file", error))?;
    }
    Ok(checked)
}

/// Describes the first mistake and counts the others.
fn first_of(mistakes: &[EditError]) -> String {
    let first = mistakes.first().map(ToString::to_string).unwrap_or_default();
    let mut letters = first.chars();
    let first: String =
        letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    match mistakes.len().saturating_sub(1) {
        0 => format!("{first}."),
        more => format!("{first}; and {more} more."),
    }
}
