//! Deliveries that the user changes: out to an editor, back, and on as deliveries of their own.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::resend::{Destination, joined};
use super::{Context, ForTerminal};
use crate::app::{Event, Notice, ResendRequest};
use crate::dashboard::editor::{self, EditorFile};
use crate::delivery::{Delivery, EventRef, NewDelivery, Source, Verdict};
use crate::ops::edit;
use crate::ops::resend::PreparedRequest;
use crate::outbound::Request;
use crate::signature::{Subject, verify};
use crate::task;

/// The terminal, asked for and given back.
pub(crate) struct TerminalLease {
    /// Told when it is free.
    pub(super) given: oneshot::Sender<()>,
    /// Answered, or dropped, when it may be taken back.
    pub(super) back: oneshot::Receiver<()>,
}

impl TerminalLease {
    /// Tells that the terminal is free; what comes back ends the loan.
    pub(crate) fn give(self) -> oneshot::Receiver<()> {
        // Whoever asked has gone: then the other end is gone as well, which ends the loan.
        let _ = self.given.send(());
        self.back
    }
}

impl Context {
    /// Lets the user change a delivery, and sends what comes of it.
    pub(super) async fn edit(self: Arc<Self>, order: ResendRequest) {
        if let Err(notice) = self.try_edit(&order).await {
            self.say(notice).await;
        }
    }

    async fn try_edit(self: &Arc<Self>, order: &ResendRequest) -> Result<(), Notice> {
        let failed = |why: String| Notice::failed(format!("nothing was sent: {why}"));
        let target = order.target.parse();
        let target =
            target.map_err(|error: crate::outbound::TargetError| failed(error.to_string()))?;
        let way = Destination { target, exact: order.exact };
        let id = order.ids.first().copied().ok_or_else(|| failed("nothing is selected".into()))?;
        let delivery = Arc::new(self.fetch(id).await.map_err(failed)?);
        let about = self.about(&delivery, &way);
        let one = Arc::clone(&delivery);
        let draft = blocking(move || {
            let text = edit::write(&one.head, &one.body, &about);
            EditorFile::new(id, &text).map(|draft| (Arc::new(draft), text))
        });
        let (draft, text) = draft
            .await
            .map_err(|error| failed(format!("a temporary file cannot be written: {error}")))?;
        let request = self.until_right(order.number, &draft, text).await?;
        self.send_edited(&delivery, request, &way).await.map_err(failed)
    }

    /// What the user should know of what will be sent.
    fn about(&self, delivery: &Delivery, way: &Destination) -> String {
        let id = delivery.summary.id;
        let how = match (way.exact, self.ready(delivery, way).unsigned) {
            (true, _) => "exactly as you leave it".to_owned(),
            (false, Some(why)) => why,
            (false, None) => "signed anew".to_owned(),
        };
        format!(
            "Delivery {id}, which stays as it is; your version is sent to {} {how}.",
            way.target
        )
    }

    /// Lets the user edit until there is something that can be sent.
    async fn until_right(
        &self,
        number: u64,
        draft: &Arc<EditorFile>,
        text: String,
    ) -> Result<Request, Notice> {
        let mut decisions = self.decisions.subscribe();
        let text = Arc::new(text);
        loop {
            self.in_editor(draft).await?;
            let (one, before) = (Arc::clone(draft), Arc::clone(&text));
            let mistakes = match blocking(move || read_back(&one, &before)).await {
                EditReturn::Request(request) => return Ok(request),
                EditReturn::Nothing(why) => {
                    return Err(Notice::info(format!("{why}, so nothing was sent")));
                }
                EditReturn::Failed(why) => {
                    return Err(Notice::failed(format!("nothing was sent: {why}")));
                }
                EditReturn::Mistakes(mistakes) => mistakes,
            };
            decisions.borrow_and_update();
            // The loop has ended if nobody takes it.
            let _ = self.events.send(Event::Mistaken { number, mistakes }).await;
            let decided = loop {
                let gone = decisions.changed().await.is_err();
                let (of, again) = *decisions.borrow_and_update();
                if gone || of == number {
                    break again && !gone;
                }
            };
            if !decided {
                return Err(Notice::info("the edit was given up; nothing was sent"));
            }
        }
    }

    /// Runs the editor in the terminal.
    async fn in_editor(&self, draft: &EditorFile) -> Result<(), Notice> {
        let (given, free) = oneshot::channel();
        let (_done, back) = oneshot::channel();
        let loan = TerminalLease { given, back };
        if self.to_terminal.send(ForTerminal::Lend(loan)).await.is_err() || free.await.is_err() {
            return Err(Notice::failed("nothing was sent: the terminal has gone"));
        }
        let name = editor::name();
        let why = match editor::run(&name, draft.path()).await {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) if status.code() == Some(127) => {
                format!("`{name}` was not found; set VISUAL or EDITOR to your editor")
            }
            Ok(status) => format!("`{name}` ended with {status}"),
            Err(error) => {
                format!("`{name}` cannot be started: {error}; set VISUAL or EDITOR to your editor")
            }
        };
        Err(Notice::failed(format!("nothing was sent: {why}")))
    }

    /// Keeps what was edited as a delivery of its own, and sends it.
    async fn send_edited(
        self: &Arc<Self>,
        original: &Delivery,
        request: Request,
        way: &Destination,
    ) -> Result<(), String> {
        let Request { head, body } = request;
        // What the original's attempts came to is what this one is compared with.
        let mut edited = Delivery { head, body, ..original.clone() };
        let ready = self.ready(&edited, way);
        let PreparedRequest { request: Request { head, body }, .. } = &ready.again;
        (edited.head, edited.body) = (head.clone(), body.clone());
        let new = self.new_delivery(original, &edited, way);
        let kept = self.setup.store.keep(new).await;
        let kept = kept.map_err(|error| format!("your version cannot be kept: {error}"))?;
        edited.summary.id = kept.id;
        let (sent, compared, unkept) = self.send_kept(&mut edited, &ready.again, way).await;
        // There is no sender; the answer is the target's, or none.
        let status = sent.attempt.status().unwrap_or(0);
        let answered = self.setup.store.answered(kept.id, status).await;
        let unkept = unkept.or(answered.err().map(|error| error.to_string()));
        let made = format!("made from delivery {}", original.summary.id);
        let remark = joined([Some(made), joined([ready.unsigned, unkept])]);
        let _ = self.events.send(Event::Resent { attempt: sent.attempt, compared, remark }).await;
        Ok(())
    }

    fn new_delivery(
        &self,
        original: &Delivery,
        edited: &Delivery,
        way: &Destination,
    ) -> NewDelivery {
        #[expect(clippy::disallowed_methods, reason = "it is made now")]
        let now = Timestamp::now();
        let (head, body) = (&edited.head, &edited.body);
        let url = way.target.url(&head.target_text());
        let subject = Subject { head, body, url: Some(&url) };
        let provider = &original.summary.provider;
        let (event, signature): (EventRef, Verdict) = match self.setup.verifier.named(provider) {
            Some(credentials) => (
                credentials.provider.event(head, body),
                verify(&credentials.provider.scheme, &credentials.secrets, &subject, now),
            ),
            None => (EventRef::default(), self.setup.verifier.judge(&subject, now).verdict),
        };
        let mut new = NewDelivery::new(head.clone(), body.clone(), now);
        new.request.source = Source::Resend;
        new.request.origin = Some(original.summary.id);
        NewDelivery { provider: provider.clone(), event, signature, ..new }
    }
}

/// What the editor left.
enum EditReturn {
    Request(Request),
    /// Nothing is to be sent, and why.
    Nothing(&'static str),
    Mistakes(String),
    Failed(String),
}

/// Reads what the editor left; mistakes are written into the file as well.
fn read_back(draft: &EditorFile, before: &str) -> EditReturn {
    let written = match draft.read() {
        Ok(written) => written,
        Err(error) => {
            return EditReturn::Failed(format!("the edited file cannot be read: {error}"));
        }
    };
    let text = std::str::from_utf8(&written).ok();
    if written.trim_ascii().is_empty() {
        return EditReturn::Nothing("the file was empty");
    }
    // Editors end the last line or not as they like.
    let same = |text: &str| edit::with_mistakes(text, &[]).trim_end() == before.trim_end();
    if text.is_some_and(same) {
        return EditReturn::Nothing("nothing was changed");
    }
    let mistakes = match edit::read(&written) {
        Ok(request) => return EditReturn::Request(request),
        Err(mistakes) => mistakes,
    };
    let (written, mut told) = match text {
        // What is no text stays as it is.
        None => (Ok(()), mistakes),
        Some(text) => {
            let text = edit::with_mistakes(text, &mistakes);
            (draft.write(&text), edit::read(text.as_bytes()).err().unwrap_or(mistakes))
        }
    };
    if let Err(error) = written {
        return EditReturn::Failed(format!("the mistakes cannot be written to the file: {error}"));
    }
    let more = told.len().saturating_sub(1);
    told.truncate(1);
    let first = told.first().map(ToString::to_string).unwrap_or_default();
    let first =
        format!("{}{}", first.get(..1).unwrap_or("").to_uppercase(), first.get(1..).unwrap_or(""));
    EditReturn::Mistakes(match more {
        0 => format!("{first}."),
        more => format!("{first}; and {more} more."),
    })
}

/// Does what waits for the disk or thinks for long beside everything else.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match task::join_or_panic(tokio::task::spawn_blocking(work).await) {
        Some(done) => done,
        // The program ends.
        None => std::future::pending().await,
    }
}
