//! Servers to compare with, each the least code that does the same work.

use std::convert::Infallible;
use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http_body_util::{BodyExt as _, Collected, Full};
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rusqlite::{Connection, params};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, mpsc, oneshot};

use super::{Done, SECRET};

pub(crate) const LOG_FILE: &str = "deliveries.log";
pub(crate) const SQLITE_FILE: &str = "prototype.db";

/// Jobs of one commit.
const GROUP: usize = 512;

/// The same signature check in Node.
pub(crate) const NODE: &str = r#"
const http = require("http"), crypto = require("crypto");
const key = process.env.CRIBBLY_WEBHOOK_SECRET;
http.createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const made = crypto.createHmac("sha256", key).update(Buffer.concat(parts)).digest("hex");
    const sent = Buffer.from(request.headers["x-cribbly-signature"] || "");
    const right = sent.length === 64 && crypto.timingSafeEqual(sent, Buffer.from(made));
    response.writeHead(right ? 200 : 401, { "content-length": 3 });
    response.end("ok\n");
  });
}).listen(PORT, "127.0.0.1");
"#;

/// Responds without a server behind it.
pub(crate) const MITMDUMP: &str = r#"
from mitmproxy import http
def request(flow):
    flow.response = http.Response.make(200, b"ok\n")
"#;

/// A delivery on its way to the disk.
#[derive(Debug)]
struct Job {
    head: Vec<u8>,
    body: Bytes,
    verified: bool,
    stored: oneshot::Sender<u64>,
}

/// Runs a server until it is killed.
pub(crate) fn serve(name: &str, address: SocketAddr) -> Done {
    let runtime = tokio::runtime::Runtime::new()?;
    let jobs = match name {
        "log" => Some(start(append)),
        "sqlite" => Some(start(insert)),
        _ => None,
    };
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let jobs = jobs.clone();
            let service = service_fn(move |request| respond(request, jobs.clone()));
            tokio::spawn(async move {
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                let _ = connection.await;
            });
        }
    })
}

async fn respond(
    request: Request<Incoming>,
    jobs: Option<mpsc::Sender<Job>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    let Some(jobs) = jobs else { return Ok(Response::new(Full::from("ok\n"))) };
    let sent = parts.headers.get("x-cribbly-signature").map(HeaderValue::as_bytes);
    let mut head = format!("{} {} HTTP/1.1\r\n", parts.method, parts.uri).into_bytes();
    for (name, value) in &parts.headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    let verified = sent.is_some_and(|sent| is_signed(&body, sent));
    let (stored, id) = oneshot::channel();
    let _ = jobs.send(Job { head, body, verified, stored }).await;
    let id = id.await.unwrap_or_default();
    Ok(Response::new(Full::from(format!("kept as {id}\n"))))
}

fn is_signed(body: &[u8], sent: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()) else { return false };
    mac.update(body);
    hex::decode(sent).is_ok_and(|sent| mac.verify_slice(&sent).is_ok())
}

/// Starts the writer, and a consumer of what it stored.
fn start(
    write: impl FnOnce(mpsc::Receiver<Job>, broadcast::Sender<Bytes>) -> Done + Send + 'static,
) -> mpsc::Sender<Job> {
    let (jobs, queue) = mpsc::channel(1024);
    let (feed, mut followed) = broadcast::channel::<Bytes>(1024);
    let seen = Arc::new(AtomicU64::new(0));
    thread::spawn(move || {
        while let Ok(body) = followed.blocking_recv() {
            seen.fetch_add(body.len() as u64, Ordering::Relaxed);
        }
    });
    thread::spawn(move || {
        if let Err(error) = write(queue, feed) {
            println!("{error}");
            std::process::exit(3);
        }
    });
    jobs
}

/// Takes the jobs that have arrived as one group.
fn group(queue: &mut mpsc::Receiver<Job>) -> Vec<Job> {
    let mut jobs: Vec<Job> = queue.blocking_recv().into_iter().collect();
    while !jobs.is_empty() && jobs.len() < GROUP {
        let Ok(job) = queue.try_recv() else { break };
        jobs.push(job);
    }
    jobs
}

fn append(mut queue: mpsc::Receiver<Job>, feed: broadcast::Sender<Bytes>) -> Done {
    let mut file = fs::OpenOptions::new().create(true).append(true).open(LOG_FILE)?;
    let (mut id, mut bytes) = (0, Vec::new());
    loop {
        let jobs = group(&mut queue);
        if jobs.is_empty() {
            return Ok(());
        }
        bytes.clear();
        for job in &jobs {
            bytes.push(u8::from(job.verified));
            for part in [&job.head[..], &job.body[..]] {
                bytes.extend_from_slice(&u32::try_from(part.len())?.to_le_bytes());
                bytes.extend_from_slice(part);
            }
        }
        file.write_all(&bytes)?;
        file.sync_data()?;
        for job in jobs {
            id += 1;
            let _ = feed.send(job.body);
            let _ = job.stored.send(id);
        }
    }
}

/// Counts the complete records of a log.
pub(crate) fn count_log(path: &Path) -> Done<usize> {
    let bytes = fs::read(path)?;
    let (mut at, mut count) = (0, 0);
    let part = |at: usize| {
        let length = bytes.get(at..at + 4)?.first_chunk::<4>()?;
        let end = at + 4 + usize::try_from(u32::from_le_bytes(*length)).ok()?;
        (end <= bytes.len()).then_some(end)
    };
    while let Some(end) = part(at + 1).and_then(part) {
        at = end;
        count += 1;
    }
    Ok(count)
}

fn insert(mut queue: mpsc::Receiver<Job>, feed: broadcast::Sender<Bytes>) -> Done {
    let connection = Connection::open(SQLITE_FILE)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.execute_batch(
        "PRAGMA synchronous = FULL; CREATE TABLE deliveries (id INTEGER PRIMARY KEY, \
         verified INTEGER NOT NULL, head BLOB NOT NULL, body BLOB NOT NULL)",
    )?;
    let mut begin = connection.prepare("BEGIN IMMEDIATE")?;
    let mut commit = connection.prepare("COMMIT")?;
    let mut insert =
        connection.prepare("INSERT INTO deliveries (verified, head, body) VALUES (?1, ?2, ?3)")?;
    loop {
        let jobs = group(&mut queue);
        if jobs.is_empty() {
            return Ok(());
        }
        begin.execute([])?;
        let mut ids = Vec::with_capacity(jobs.len());
        for job in &jobs {
            insert.execute(params![job.verified, job.head, &job.body[..]])?;
            ids.push(connection.last_insert_rowid());
        }
        commit.execute([])?;
        for (job, id) in jobs.into_iter().zip(ids) {
            let _ = feed.send(job.body);
            let _ = job.stored.send(u64::try_from(id)?);
        }
    }
}
