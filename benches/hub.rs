//! Measures publishing to a hub, and the latency from a listener to an attached program.
//!
//! Run with `cargo bench --bench hub`. It needs `nats-server`. A stream with one server and one
//! with three on loopback get messages from 64 tasks or connections in alternating rounds: from the
//! bare client of NATS, from the publisher of hookglass, and from a listener, which also receives,
//! verifies, and stores each delivery. All wait for the same acknowledgement. Ratios of the same
//! run are what counts.
//!
//! Variables: `ROUNDS`, `SECONDS` of each round.

#![expect(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it measures, and prints what it measured"
)]

#[path = "ingest/load.rs"]
mod load;

use std::error::Error;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use async_nats::jetstream::context::ContextBuilder;
use async_nats::jetstream::message::PublishMessage;
use hookglass::delivery::{Head, NewDelivery};
use hookglass::hub::{Envelope, Hub, HubAuth, HubOptions, Publisher, StreamLimits};
use jiff::Timestamp;
use load::{Requests, Scenario, Sent, event_id};

type Done<T = ()> = Result<T, Box<dyn Error>>;

/// Key of the signatures.
const SECRET: &str = "bench-key-not-real";

/// Tasks that publish, or connections.
const TASKS: usize = 64;

const SCENARIO: Scenario = Scenario { name: "64x1k", connections: TASKS, body: 1 << 10 };

fn variable<T: std::str::FromStr>(name: &str, default: T) -> T {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A process that is killed when its value is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts servers that replicate each other's streams, and returns their URLs.
fn start_servers(folder: &Path, count: usize) -> Done<(Vec<Running>, String)> {
    let listeners: Vec<TcpListener> =
        (0..2 * count).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<_, _>>()?;
    let ports: Vec<u16> = listeners
        .iter()
        .map(|listener| listener.local_addr().map(|address| address.port()))
        .collect::<Result<_, _>>()?;
    drop(listeners);
    let (clients, routes) = ports.split_at(count);
    let all: Vec<String> =
        routes.iter().map(|port| format!("nats-route://127.0.0.1:{port}")).collect();
    let mut servers = Vec::new();
    for (at, (client, route)) in clients.iter().zip(routes).enumerate() {
        let folder = folder.join(format!("n{at}"));
        fs::create_dir_all(&folder)?;
        let cluster = format!(
            "cluster {{ name: c, listen: \"127.0.0.1:{route}\", routes: [{}] }}\n",
            all.join(", ")
        );
        let config = format!(
            "server_name: n{at}\nlisten: \"127.0.0.1:{client}\"\njetstream {{ store_dir: \"{}\" }}\n{}",
            folder.display(),
            if count > 1 { &cluster } else { "" }
        );
        fs::write(folder.join("nats.conf"), config)?;
        let mut server = Command::new("nats-server");
        server.current_dir(&folder).args(["-c", "nats.conf"]);
        let server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        servers.push(Running(server));
    }
    let urls: Vec<String> = clients.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect();
    Ok((servers, urls.join(",")))
}

/// Opens the stream, once the servers have started and elected a leader.
async fn open(url: &str, replicas: usize) -> Done<Hub> {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let options = HubOptions {
            servers: url.parse()?,
            stream: "hookglass".to_owned(),
            name: "bench".to_owned(),
            auth: HubAuth::default(),
            limits: StreamLimits { replicas, ..StreamLimits::default() },
        };
        match Hub::open_for_publishing(options).await {
            Ok(hub) => return Ok(hub),
            Err(error) if Instant::now() > end => return Err(error.into()),
            Err(_) => {}
        }
    }
}

fn hookglass(folder: &Path) -> Done<Command> {
    fs::create_dir_all(folder)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_hookglass"));
    command.current_dir(folder).env("CRIBBLY_WEBHOOK_SECRET", SECRET).stdin(Stdio::null());
    Ok(command)
}

fn start_listener(folder: &Path, url: &str) -> Done<(Running, SocketAddr)> {
    let mut command = hookglass(folder)?;
    command.args(["--headless", "--bind", "127.0.0.1:0", "--hub", url, "--provider", "cribbly"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let stderr = child.stderr.take().ok_or("no stderr")?;
    let running = Running(child);
    let mut lines = BufReader::new(stderr).lines();
    let address = loop {
        let line = lines.next().ok_or("the listener has ended")??;
        if let Some((_, address)) = line.split_once("listening on http://") {
            break address.trim().parse()?;
        }
    };
    std::thread::spawn(move || lines.for_each(drop));
    Ok((running, address))
}

/// Runs a job in many tasks for a time, and returns the rate of those that were done.
async fn rate<F, J>(time: Duration, job: J) -> Done<f64>
where
    F: Future<Output = Done> + Send,
    J: Fn(usize, usize) -> F + Clone,
{
    let start = Instant::now();
    let tasks = (0..TASKS).map(|task| {
        let job = job.clone();
        async move {
            let mut done = 0;
            while start.elapsed() < time {
                job(task, done).await?;
                done += 1;
            }
            Ok::<_, Box<dyn Error>>(done)
        }
    });
    let done: usize = futures_util::future::try_join_all(tasks).await?.into_iter().sum();
    Ok(done as f64 / start.elapsed().as_secs_f64())
}

/// Returns the head and the body of a request.
fn parts(request: &[u8]) -> Done<(Head, Vec<u8>)> {
    let end = request.windows(4).position(|four| four == b"\r\n\r\n").ok_or("no end")? + 4;
    let (head, body) = request.split_at(end);
    Ok((Head::parse(head.to_vec().into())?, body.to_vec()))
}

async fn bare_rate(hub: &str, round: usize, time: Duration) -> Done<f64> {
    let client = async_nats::connect(hub.split(',').collect::<Vec<_>>()).await?;
    let context = ContextBuilder::new().build(client);
    let request =
        bytes::Bytes::from(Requests::new(SCENARIO.body)?.with_id(&event_id(0, 0, 0)).to_vec());
    rate(time, |task, number| {
        let id = format!("bare-{round}-{}", event_id(0, task, number));
        let message = PublishMessage::build().message_id(id).payload(request.clone());
        let context = context.clone();
        async move {
            let subject = "hookglass.deliveries.cribbly.message.updated";
            context.send_publish(subject, message).await?.await?;
            Ok(())
        }
    })
    .await
}

async fn publisher_rate(hub: &Hub, time: Duration) -> Done<f64> {
    let publisher = Publisher::new(hub.clone());
    let (head, body) = parts(Requests::new(SCENARIO.body)?.with_id(&event_id(0, 0, 0)))?;
    let new = NewDelivery::new(head, body.into(), Timestamp::now());
    rate(time, |_, _| {
        let envelope = Envelope::new(&new, &publisher.place());
        let publisher = publisher.clone();
        async move {
            publisher.publish(envelope).await?;
            Ok(())
        }
    })
    .await
}

/// Sends one delivery after the other, each once the one before has arrived at an attached program.
fn latencies(folder: &Path, url: &str, time: Duration) -> Done<Sent> {
    let (_listener, address) = start_listener(&folder.join("latency"), url)?;
    let mut command = hookglass(&folder.join("attached"))?;
    command.args(["attach", url, "--headless"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut attached = Running(command.spawn()?);
    let mut lines = BufReader::new(attached.0.stdout.take().ok_or("no stdout")?);
    let mut said = BufReader::new(attached.0.stderr.take().ok_or("no stderr")?);
    let mut line = String::new();
    while !line.contains("attached to") {
        line.clear();
        if said.read_line(&mut line)? == 0 {
            return Err("the attached program has ended".into());
        }
    }
    let mut requests = Requests::new(SCENARIO.body)?;
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut sent = Sent::default();
    let mut response = [0; 4096];
    let begin = Instant::now();
    while begin.elapsed() < time {
        let start = Instant::now();
        stream.write_all(requests.with_id(&event_id(9, 0, sent.latencies.len())))?;
        line.clear();
        lines.read_line(&mut line)?;
        sent.latencies.push(start.elapsed());
        if stream.read(&mut response)? == 0 {
            return Err("the listener has closed the connection".into());
        }
    }
    sent.latencies.sort_unstable();
    sent.took = begin.elapsed();
    Ok(sent)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn measure(replicas: usize, rounds: usize, time: Duration) -> Done {
    let folder = tempfile::tempdir()?;
    let (_servers, url) = start_servers(folder.path(), replicas)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let hub = runtime.block_on(open(&url, replicas))?;
    let (_listener, address) = start_listener(&folder.path().join("listener"), &url)?;
    let mut rates: [Vec<f64>; 3] = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..rounds {
        let found = [
            runtime.block_on(bare_rate(&url, round, time))?,
            runtime.block_on(publisher_rate(&hub, time))?,
            {
                let sent = load::run(address, &SCENARIO, round, time)?;
                sent.latencies.len() as f64 / sent.took.as_secs_f64()
            },
        ];
        rates.iter_mut().zip(found).for_each(|(rates, found)| rates.push(found));
    }
    let latencies = latencies(folder.path(), &url, time)?;
    let [bare, publisher, listener] = rates.each_mut().map(|rates| median(rates));
    println!("{replicas} server(s), {} of 1 KiB, median of {rounds} rounds", SCENARIO.name);
    println!("  bare client  {bare:>8.0}/s");
    println!("  publisher    {publisher:>8.0}/s  {:.2}", publisher / bare);
    println!("  listener     {listener:>8.0}/s  {:.2}", listener / bare);
    let millis = |part: f64| latencies.percentile(part).as_secs_f64() * 1e3;
    let (p50, p99) = (millis(0.5), millis(0.99));
    println!("  listener to attached program  p50 {p50:.1} ms, p99 {p99:.1} ms");
    Ok(())
}

fn main() -> Done {
    // `cargo test --benches` only checks that it starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let (rounds, seconds) = (variable("ROUNDS", 5), variable("SECONDS", 5.0));
    for replicas in [1, 3] {
        measure(replicas, rounds, Duration::from_secs_f64(seconds))?;
    }
    Ok(())
}
