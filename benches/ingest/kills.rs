//! Kills hookglass while it receives, and checks that every acknowledged delivery is stored.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::Done;
use super::load::{Requests, event_id, read_response};
use super::process::{Running, Server};

const CONNECTIONS: usize = 64;

/// Sends until the connection breaks; returns the acknowledged event ids.
async fn send(
    address: SocketAddr,
    round: usize,
    number: usize,
    begun: &watch::Sender<bool>,
) -> Vec<String> {
    let mut acknowledged = Vec::new();
    let (Ok(mut stream), Ok(mut requests)) =
        (TcpStream::connect(address).await, Requests::new(1 << 10))
    else {
        return acknowledged;
    };
    let mut buffer = Vec::with_capacity(4096);
    loop {
        let id = event_id(round % 256, number, acknowledged.len());
        let sent = stream.write_all(requests.with_id(&id)).await.is_ok();
        if !sent || !read_response(&mut stream, &mut buffer).await.unwrap_or(false) {
            return acknowledged;
        }
        acknowledged.push(id);
        begun.send_replace(true);
    }
}

pub(crate) fn run(rounds: usize) -> Done {
    let (mut acknowledged, mut lost, mut disordered) = (0, 0, 0);
    for round in 0..rounds {
        let folder = tempfile::tempdir()?;
        let mut running = Running::start(Server::Headless, folder.path())?;
        let address = running.address;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let time = Duration::from_millis(fastrand::u64(20..200));
        let sent = runtime.block_on(async {
            let (begun, mut has_begun) = watch::channel(false);
            let sending = (0..CONNECTIONS).map(|number| send(address, round, number, &begun));
            let killing = async {
                // On a slow machine, the first commit may take longer than all others.
                let _ = has_begun.wait_for(|begun| *begun).await;
                tokio::time::sleep(time).await;
                running.kill();
            };
            tokio::join!(join_all(sending), killing).0
        });
        let sent: Vec<String> = sent.into_iter().flatten().collect();
        let connection = rusqlite::Connection::open(folder.path().join("deliveries.db"))?;
        let ids: Vec<String> = connection
            .prepare("SELECT event_id FROM deliveries ORDER BY id")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let revisions: i64 = connection.query_row(
            "SELECT count(*) FROM deliveries one JOIN deliveries next ON next.id = one.id + 1 \
             WHERE next.revision <= one.revision",
            [],
            |row| row.get(0),
        )?;
        let stored: HashSet<&String> = ids.iter().collect();
        acknowledged += sent.len();
        lost += sent.iter().filter(|id| !stored.contains(id)).count();
        disordered += revisions;
    }
    println!(
        "killed {rounds} times under load: {acknowledged} acknowledged, {lost} lost, \
         {disordered} out of order"
    );
    if lost > 0 || disordered > 0 { Err("deliveries were lost".into()) } else { Ok(()) }
}
