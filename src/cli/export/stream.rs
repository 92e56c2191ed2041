//! One file of many deliveries, or standard output.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::{CliError, Format, Job};
use crate::cli::atomic_file;
use crate::cli::progress::Progress;
use crate::delivery::Delivery;
use crate::formats::{curl, har, http, jsonl, without_credentials};
use crate::payload::escape;
use crate::private_file::PrivateFile;
use crate::provider::Provider;
use crate::redact::{Redaction, Redactor};

pub(super) fn run(job: &Job<'_>) -> Result<(), CliError> {
    let out = job.args.out.as_deref().filter(|path| path.as_os_str() != "-");
    let mut told = io::stderr();
    let Some(path) = out else {
        let mut out = io::BufWriter::new(io::stdout().lock());
        Stream::new(job, None).write(&mut out)?;
        out.flush()?;
        return Ok(());
    };
    if path.is_dir() {
        return Err(CliError::usage(format!(
            "{} is a folder, and this format is one file; name a file in it",
            path.display()
        )));
    }
    atomic_file::check(&[path.to_owned()], job.args.existing())?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|error| atomic_file::cannot_write(folder, error))?;
    }
    let mut fresh = PrivateFile::create(path, job.args.existing())
        .map_err(|error| atomic_file::cannot_write(path, error))?;
    let count =
        Stream::new(job, Some(path)).write(&mut fresh).map_err(|failure| match failure {
            CliError::Pipe => atomic_file::cannot_write(path, io::ErrorKind::BrokenPipe.into()),
            other => other,
        })?;
    fresh.finish().map_err(|error| atomic_file::cannot_write(path, error))?;
    writeln!(told, "hookglass: wrote {count} to {}", path.display())?;
    Ok(())
}

struct Stream<'j> {
    job: &'j Job<'j>,
    /// The file, if it is one.
    path: Option<&'j Path>,
    /// Nothing if bytes stay as they came.
    redactor: Option<Redactor>,
    providers: Vec<Provider>,
    count: usize,
}

impl<'j> Stream<'j> {
    fn new(job: &'j Job<'j>, path: Option<&'j Path>) -> Self {
        let redaction = Redaction::new(&job.args.redact);
        let wanted = !job.args.redact.is_empty() && !redaction.is_none();
        Self {
            job,
            path,
            redactor: wanted.then(|| Redactor::new(redaction)),
            providers: job.config.providers().cloned().collect(),
            count: 0,
        }
    }

    /// Writes every delivery; how many those were.
    fn write(mut self, out: &mut impl Write) -> Result<usize, CliError> {
        let format = self.job.args.format;
        match format {
            Format::Har => out.write_all(har::BEGIN.as_bytes())?,
            Format::Curl => out.write_all(b"#!/bin/sh\n")?,
            Format::Fixture | Format::Jsonl | Format::Http => {}
        }
        let mut progress = Progress::new("exporting", self.job.ids.len());
        for id in &self.job.ids {
            progress.step();
            let found = self.job.reader.delivery(*id).map_err(CliError::environment)?;
            // One that has been deleted since is no longer there to be exported.
            let Some(delivery) = found else { continue };
            match self.one(out, delivery)? {
                Ok(()) => self.count += 1,
                Err(reason) => {
                    progress.clear();
                    let reason = escape(&reason).into_owned();
                    writeln!(io::stderr(), "hookglass: left out delivery {id}: {reason}")?;
                }
            }
        }
        if format == Format::Har {
            out.write_all(har::END.as_bytes())?;
        }
        if self.count == 0 {
            return Err(CliError::negative("there is no delivery that can be exported".to_owned()));
        }
        Ok(self.count)
    }

    /// Writes a delivery, or says why it is left out.
    fn one(
        &mut self,
        out: &mut impl Write,
        delivery: Delivery,
    ) -> Result<Result<(), String>, CliError> {
        let args = self.job.args;
        // JSON lines say that it was refused; the others would say that its body is empty.
        if let Some(refusal) = &delivery.summary.request.refused
            && args.format != Format::Jsonl
        {
            return Ok(Err(refusal.incomplete_reason()));
        }
        let provider = self.job.config.named(&delivery.summary.provider).ok();
        let signatures = provider.as_ref().map(Provider::signature_headers).unwrap_or_default();
        let is_redacted = self.redactor.is_some();
        let delivery = match self.redacted(delivery, &signatures) {
            Ok(delivery) => delivery,
            Err(reason) => return Ok(Err(reason)),
        };
        // JSON lines are for taking in again; the others are passed on to people.
        let is_bare = if args.format == Format::Jsonl { is_redacted } else { !args.keep_signature };
        let delivery =
            if is_bare { without_credentials(&delivery, &self.providers) } else { delivery };
        match args.format {
            Format::Har => {
                let comma = if self.count > 0 { ",\n" } else { "" };
                write!(out, "{comma}{}", har::entry(&delivery))?;
            }
            Format::Curl => {
                writeln!(out, "{}", curl::command(&delivery, &args.base))?;
            }
            Format::Http => return self.http(out, &delivery),
            Format::Jsonl | Format::Fixture => {
                writeln!(out, "{}", jsonl::line(&delivery))?;
            }
        }
        Ok(Ok(()))
    }

    fn http(
        &self,
        out: &mut impl Write,
        delivery: &Delivery,
    ) -> Result<Result<(), String>, CliError> {
        let stem = self.path.and_then(Path::file_stem).unwrap_or_default().to_string_lossy();
        let http::WrittenRequest { text, file } =
            http::request(delivery, &self.job.args.base, &stem);
        if let Some((name, body)) = file {
            let Some(path) = self.path else {
                let why = "its body needs a file of its own; name the .http file with --out";
                return Ok(Err(why.to_owned()));
            };
            let path = path.with_file_name(name);
            atomic_file::check(std::slice::from_ref(&path), self.job.args.existing())?;
            atomic_file::replace(&path, &body)?;
        }
        out.write_all(text.as_bytes())?;
        Ok(Ok(()))
    }

    /// What is passed on of a delivery.
    fn redacted(&mut self, delivery: Delivery, spare: &[&str]) -> Result<Delivery, String> {
        let Some(redactor) = &mut self.redactor else { return Ok(delivery) };
        let Delivery { mut summary, head, body, attempts: _ } = delivery;
        let redacted = redactor.redact(&head, &body, spare).map_err(|error| error.to_string())?;
        let (head, body) = (redacted.head, redacted.body);
        summary.request.peer = None;
        summary.request.target = head.target_text().into_owned();
        summary.request.body_size = body.len() as u64;
        if let Ok(provider) = self.job.config.named(&summary.provider) {
            summary.event = provider.event(&head, &body);
        }
        Ok(Delivery { summary, head, body, attempts: Vec::new() })
    }
}
