//! The bytes of a connection, through the whole listener: every request that is handled is part of
//! the bytes sent, requests do not overlap, and each gets one response that the client can read.
#![no_main]

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use hookglass::listener::{self, ClientResponse, Limits, Received};
use libfuzzer_sys::fuzz_target;
use tokio_util::sync::CancellationToken;

struct Server {
    address: SocketAddr,
    handled: std::cell::RefCell<Receiver<Received>>,
}

thread_local! {
    static SERVER: LazyLock<Server> = LazyLock::new(start);
}

fn start() -> Server {
    let (sender, handled) = channel();
    let (bound, address) = channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let socket = listener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
            bound.send(socket.local_addr().unwrap()).unwrap();
            let short = Duration::from_millis(500);
            let limits = Limits {
                max_body: 4096,
                max_head: 2048,
                head_time: short,
                body_time: short,
                idle_time: short,
                ..Limits::default()
            };
            let handle = move |received: Received| {
                let status = received.refused.as_ref().map_or(200, |(status, _)| *status);
                sender.send(received).unwrap();
                async move { ClientResponse::plain_text(status, "x".to_owned()) }
            };
            listener::serve(socket, limits, handle, CancellationToken::new()).await;
        });
    });
    Server { address: address.recv().unwrap(), handled: handled.into() }
}

/// Counts the responses in what was read.
fn responses(read: &[u8]) -> usize {
    let text = String::from_utf8_lossy(read);
    // HTTP/1.0 requests get HTTP/1.0 responses.
    text.matches("HTTP/1.").count() - text.matches("HTTP/1.1 100 ").count()
}

fuzz_target!(|bytes: &[u8]| {
    SERVER.with(|server| {
        let mut stream = TcpStream::connect(server.address).unwrap();
        // A refused client may be cut off while it still writes.
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let mut read = Vec::new();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let ended = stream.read_to_end(&mut read);
        assert!(
            !ended.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock),
            "the connection stays open"
        );
        let handled: Vec<Received> = server.handled.borrow().try_iter().collect();
        let mut from = 0;
        for one in &handled {
            if one.refused.is_some() {
                continue;
            }
            let raw = &one.head.raw;
            let rest = bytes.get(from..).unwrap_or_default();
            let at = rest.windows(raw.len()).position(|part| part == &raw[..]);
            let at = at.unwrap_or_else(|| panic!("{raw:?} was not sent"));
            from += at + raw.len();
        }
        let is_head = handled.iter().any(|one| one.head.method == "HEAD");
        if !is_head {
            assert_eq!(responses(&read), handled.len(), "{:?}", String::from_utf8_lossy(&read));
        }
    });
});
