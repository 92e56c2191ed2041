//! What the tests share: the program under test, and a plain sender.

#![allow(clippy::allow_attributes, dead_code, reason = "each test file uses a part of it")]

use std::error::Error;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::time::Duration;

use bytes::Bytes;
use hookglass::delivery::{Delivery, DeliveryId, Head, NewDelivery, SignatureStatus, Verdict};

pub(crate) type Tested<T = ()> = Result<T, Box<dyn Error>>;

pub(crate) const SECRET: &str = "test-key-current-not-real";

/// The program, away from the user's own environment.
pub(crate) fn hookglass(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hookglass"));
    command.current_dir(folder).env("CRIBBLY_WEBHOOK_SECRET", SECRET).env_remove("TMUX");
    command
}

/// A listener that runs headless until it is dropped.
pub(crate) struct Listener {
    pub(crate) child: Child,
    pub(crate) address: String,
    pub(crate) stderr: BufReader<ChildStderr>,
}

impl Listener {
    /// Starts one on a free port, and waits until it listens.
    pub(crate) fn start(command: &mut Command) -> Tested<Self> {
        let mut child = command
            .args(["--headless", "--bind", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut stderr = BufReader::new(child.stderr.take().ok_or("no stderr")?);
        let mut line = String::new();
        stderr.read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on http://").map(str::to_owned);
        let address = address.ok_or_else(|| format!("it said {line:?}"))?;
        Ok(Self { child, address, stderr })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Asks it to end, and returns what it printed.
    #[cfg(unix)]
    pub(crate) fn stop(mut self) -> Tested<(ExitStatus, String, String)> {
        signal(self.child.id(), "TERM")?;
        let mut printed = String::new();
        self.child.stdout.take().ok_or("no stdout")?.read_to_string(&mut printed)?;
        let mut said = String::new();
        self.stderr.read_to_string(&mut said)?;
        Ok((self.child.wait()?, printed, said))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
pub(crate) fn signal(process: u32, name: &str) -> Tested {
    let status = Command::new("kill").arg(format!("-{name}")).arg(process.to_string()).status()?;
    if status.success() { Ok(()) } else { Err(format!("kill -{name}: {status}").into()) }
}

/// The signature that Cribbly would send.
pub(crate) fn sign(body: &[u8]) -> String {
    let secret = hookglass::secret::Secret::new("TEST", SECRET);
    let now = jiff::Timestamp::UNIX_EPOCH;
    let draft = hookglass::signature::Draft {
        body,
        headers: &[],
        method: "POST",
        url: None,
        id: "",
        now,
        like: None,
    };
    let signed = hookglass::provider::Provider::named("cribbly")
        .ok()
        .and_then(|cribbly| hookglass::signature::sign(&cribbly.scheme, &secret, &draft).ok());
    let header = signed.and_then(|signed| signed.headers.into_iter().next());
    header.map(|header| header.text().into_owned()).unwrap_or_default()
}

/// A delivery of which nothing is known but its bytes.
pub(crate) fn delivery(head: Head, body: impl Into<Bytes>) -> Delivery {
    let mut new = NewDelivery::new(head, body.into(), jiff::Timestamp::UNIX_EPOCH);
    "cribbly".clone_into(&mut new.provider);
    new.signature = Verdict::explained(SignatureStatus::Unchecked, "why");
    new.into_delivery(DeliveryId(42), None)
}

/// A signed event.
pub(crate) fn event(number: usize) -> (String, String) {
    let body =
        format!(r#"{{"id":"ev{number}","type":"message.created","payload":{{"id":"p{number}"}}}}"#);
    let signature = sign(body.as_bytes());
    (body, signature)
}

/// A signed request as bytes; the connection stays open.
pub(crate) fn request(number: usize) -> Vec<u8> {
    let (body, signature) = event(number);
    format!(
        "POST /hooks HTTP/1.1\r\nHost: h\r\nX-Cribbly-Signature: {signature}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends bytes, and reads answers until the other end closes.
pub(crate) fn exchange(address: &str, bytes: &[u8]) -> Tested<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.write_all(bytes)?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Reads one answer with a length off a connection that stays open; returns its status.
pub(crate) fn read_answer(stream: &mut BufReader<TcpStream>) -> Tested<u16> {
    let mut status = String::new();
    stream.read_line(&mut status)?;
    let status = status.split(' ').nth(1).ok_or("the connection ended")?.parse()?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(status)
}
