//! Deliveries to files: fixtures of a folder, or one file of another form.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::Context;
use crate::app::{Event, ExportForm, Notice};
use crate::delivery::{Delivery, DeliveryId};
use crate::formats::{curl, har, http, jsonl, without_credentials};
use crate::ops::KnownProviders;
use crate::ops::fixture::{FixtureMaker, FolderError};
use crate::private_file::{self, Existing, PrivateFile};
use crate::redact::Redaction;
use crate::task;
use crate::units;

/// Deliveries after which the progress is told.
const STEP: usize = 200;

/// What is to be exported.
pub(super) struct ExportJob {
    pub(super) ids: Vec<DeliveryId>,
    pub(super) form: ExportForm,
    pub(super) to: String,
}

/// Exports one job after the other. The maker lives as long as the dashboard, so that a person has
/// the same pseudonym in all fixtures of a session.
pub(super) async fn work(context: Arc<Context>, mut jobs: mpsc::Receiver<ExportJob>) {
    let KnownProviders { providers, secrets } = context.setup.known.clone();
    let mut maker = FixtureMaker::new(Redaction::new(&[]), providers, secrets);
    while let Some(job) = jobs.recv().await {
        let one = Arc::clone(&context);
        let exported = tokio::task::spawn_blocking(move || {
            let notice = one.export(&mut maker, &job);
            (maker, notice)
        });
        let Some((back, notice)) = task::join_or_panic(exported.await) else { return };
        maker = back;
        context.say(notice).await;
    }
}

impl Context {
    fn export(&self, maker: &mut FixtureMaker, job: &ExportJob) -> Notice {
        let path = Path::new(job.to.trim());
        let done = match job.form {
            ExportForm::Fixture => self.fixtures(maker, job, path),
            ExportForm::Jsonl | ExportForm::Har | ExportForm::Http | ExportForm::Curl => {
                self.file(job, path)
            }
        };
        match done {
            Ok((0, reason)) => Notice::failed(format!("nothing was exported: {reason}")),
            Ok((count, reason)) => {
                let left = if reason.is_empty() { reason } else { format!("; left out: {reason}") };
                let count = units::format_count(count as u64);
                Notice::done(format!("exported {count} to {}{left}", path.display()))
            }
            Err(error) => Notice::failed(format!("not exported to {}: {error}", path.display())),
        }
    }

    /// How many were written, and why others were not.
    fn fixtures(
        &self,
        maker: &mut FixtureMaker,
        job: &ExportJob,
        folder: &Path,
    ) -> io::Result<(usize, String)> {
        let (mut count, mut reason) = (0, String::new());
        for (at, id) in job.ids.iter().enumerate() {
            self.tell_progress(at, job.ids.len());
            let delivery = match self.read(*id) {
                Ok(delivery) => delivery,
                Err(why) => {
                    reason = why;
                    continue;
                }
            };
            match maker.write_into(folder, &delivery) {
                Ok(_) => count += 1,
                Err(error @ FolderError::Unwritable { .. }) => {
                    return Err(io::Error::other(error.to_string()));
                }
                Err(why) => reason = format!("delivery {id}, {why}"),
            }
        }
        Ok((count, reason))
    }

    /// The same for one file, which must not be there yet.
    fn file(&self, job: &ExportJob, path: &Path) -> io::Result<(usize, String)> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder)?;
        }
        let mut out = PrivateFile::create(path, Existing::Keep)?;
        let (mut count, mut reason) = (0, String::new());
        out.write_all(match job.form {
            ExportForm::Har => har::BEGIN.as_bytes(),
            ExportForm::Curl => b"#!/bin/sh\n",
            ExportForm::Fixture | ExportForm::Jsonl | ExportForm::Http => b"",
        })?;
        for (at, id) in job.ids.iter().enumerate() {
            self.tell_progress(at, job.ids.len());
            match self.read(*id) {
                Ok(delivery) => {
                    let first = count == 0;
                    self.write(&mut out, job.form, &delivery, (path, first))?;
                    count += 1;
                }
                Err(why) => reason = why,
            }
        }
        if job.form == ExportForm::Har {
            out.write_all(har::END.as_bytes())?;
        }
        if count > 0 {
            out.finish()?;
        }
        Ok((count, reason))
    }

    /// Signatures stay out of what is passed on to people; JSON lines hold every byte.
    fn write(
        &self,
        out: &mut impl Write,
        form: ExportForm,
        delivery: &Delivery,
        (path, first): (&Path, bool),
    ) -> io::Result<()> {
        let delivery = &match form {
            ExportForm::Jsonl => delivery.clone(),
            _ => without_credentials(delivery, &self.setup.known.providers),
        };
        let base = self.setup.own.to_string();
        match form {
            ExportForm::Fixture => Ok(()),
            ExportForm::Jsonl => writeln!(out, "{}", jsonl::line(delivery)),
            ExportForm::Har => {
                let comma = if first { "" } else { ",\n" };
                write!(out, "{comma}{}", har::entry(delivery))
            }
            ExportForm::Curl => writeln!(out, "{}", curl::command(delivery, &base)),
            ExportForm::Http => {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                let written = http::request(delivery, &base, &stem);
                if let Some((name, body)) = written.file {
                    private_file::write(&path.with_file_name(name), &body, Existing::Keep)?;
                }
                out.write_all(written.text.as_bytes())
            }
        }
    }

    fn tell_progress(&self, at: usize, of: usize) {
        if at > 0 && at.is_multiple_of(STEP) {
            let (at, of) = (units::format_count(at as u64), units::format_count(of as u64));
            self.tell(Event::Notice(Notice::info(format!("exporting: {at} of {of} …"))));
        }
    }
}
