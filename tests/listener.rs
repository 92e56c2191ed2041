//! The listener, on real sockets.

mod support;

use std::fmt::Write as _;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use hookglass::delivery::Head;
use hookglass::listener::{ClientResponse, Limits, Received, bind, serve};
use support::{Tested, exchange};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

struct Running {
    address: String,
    received: mpsc::UnboundedReceiver<Received>,
    stop: CancellationToken,
    serving: tokio::task::JoinHandle<()>,
}

/// Starts a listener that responds with the number of body bytes.
#[expect(clippy::disallowed_methods, reason = "a test may spawn, and counts what comes")]
async fn start(limits: Limits) -> Tested<Running> {
    let listener = bind("127.0.0.1:0".parse()?).await?;
    let address = listener.local_addr()?.to_string();
    let (sender, received) = mpsc::unbounded_channel();
    let sender = Arc::new(sender);
    let stop = CancellationToken::new();
    let take = move |received: Received| {
        let sender = Arc::clone(&sender);
        async move {
            let status = received.refused.as_ref().map_or(200, |(status, _)| *status);
            let answer =
                ClientResponse::plain_text(status, format!("{} bytes", received.body_size));
            let _ = sender.send(received);
            answer
        }
    };
    let serving = tokio::spawn(serve(listener, limits, take, stop.clone()));
    Ok(Running { address, received, stop, serving })
}

impl Running {
    async fn send(&self, bytes: impl Into<Vec<u8>>) -> Tested<String> {
        let (address, bytes) = (self.address.clone(), bytes.into());
        let sent = tokio::task::spawn_blocking(move || {
            exchange(&address, &bytes).map_err(|error| error.to_string())
        });
        Ok(sent.await??)
    }

    async fn next(&mut self) -> Tested<Received> {
        Ok(self.received.recv().await.ok_or("nothing came")?)
    }

    async fn refusal(&mut self) -> Tested<(u16, String)> {
        let (status, refusal) = self.next().await?.refused.ok_or("it was not refused")?;
        Ok((status, refusal.code))
    }
}

#[tokio::test]
async fn heads_arrive_as_they_were_sent() -> Tested {
    let mut running = start(Limits::default()).await?;
    let head = "PURGE //a/../b%20?x=\u{e9}&y HTTP/1.1\r\nhOST: h\r\nX-b:  1\r\nx-B: 2\r\n\
                X-odd:\r\nX-latin: caf\u{e9}\r\nContent-Length: 3\r\n\r\n";
    let answer = running.send(format!("{head}abc")).await?;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("3 bytes"), "{answer}");
    let received = running.next().await?;
    assert_eq!(received.head.raw, head.as_bytes());
    assert_eq!(received.body, "abc");
    Ok(())
}

#[tokio::test]
async fn a_head_holds_no_more_memory_than_its_bytes() -> Tested {
    let mut running = start(Limits::default()).await?;
    running.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc").await?;
    let Head { raw, target, headers, .. } = running.next().await?.head;
    let length = raw.len();
    drop((target, headers));
    let alone = raw.try_into_mut().map_err(|_| "something else has the memory of the head")?;
    assert_eq!(alone.capacity(), length);
    Ok(())
}

#[tokio::test]
async fn pipelined_requests_keep_their_own_heads() -> Tested {
    let mut running = start(Limits::default()).await?;
    let mut bytes = String::new();
    for number in 0..40 {
        let body = "x".repeat(number * 700);
        if number % 2 == 0 {
            write!(
                bytes,
                "\r\nPOST /{number} HTTP/1.1\r\nN: {number}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )?;
        } else {
            write!(
                bytes,
                "PUT /{number} HTTP/1.1\r\nN: {number}\r\nTransfer-Encoding: chunked\r\n\r\n\
                 {:x};e=1\r\n{body}\r\n0\r\nT: 1\r\n\r\n",
                body.len()
            )?;
        }
    }
    let answers = running.send(bytes).await?;
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 40, "{answers}");
    for number in 0..40 {
        let received = running.next().await?;
        assert_eq!(received.head.target, format!("/{number}"));
        assert_eq!(received.head.joined("n").ok_or("no N")?, number.to_string());
        assert_eq!(received.body.len(), number * 700);
    }
    Ok(())
}

#[tokio::test]
async fn a_head_or_body_over_the_limit_is_refused_and_listed() -> Tested {
    let limits = Limits { max_body: 1000, max_head: 2000, ..Limits::default() };
    let mut running = start(limits).await?;
    let body = "x".repeat(1001);
    let declared = format!("POST /d HTTP/1.1\r\nContent-Length: 1001\r\n\r\n{body}");
    assert!(running.send(declared).await?.starts_with("HTTP/1.1 413"));
    let received = running.next().await?;
    assert_eq!((received.body_size, received.head.target.as_ref()), (1001, &b"/d"[..]));
    let chunked =
        format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n{body}\r\n0\r\n\r\n");
    assert!(running.send(chunked).await?.starts_with("HTTP/1.1 413"));
    assert_eq!(running.refusal().await?, (413, "body-too-large".to_owned()));
    let fits = format!("POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{}", "x".repeat(1000));
    assert!(running.send(fits).await?.starts_with("HTTP/1.1 200"));
    assert_eq!(running.next().await?.body.len(), 1000);
    let head = format!("POST / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(3000));
    assert!(running.send(head).await?.starts_with("HTTP/1.1 431"));
    assert_eq!(running.refusal().await?, (431, "head-too-large".to_owned()));
    let many = format!("POST / HTTP/1.1\r\n{}\r\n", "a:b\r\n".repeat(300));
    assert!(running.send(many).await?.starts_with("HTTP/1.1 431"));
    assert_eq!(running.refusal().await?, (431, "head-too-large".to_owned()));
    Ok(())
}

#[tokio::test]
async fn malformed_requests_are_refused_and_listed() -> Tested {
    let mut running = start(Limits::default()).await?;
    for (bytes, code) in [
        (&b"\x16\x03\x01\x02\x00\x01\x00"[..], "head-malformed"),
        (b"hello\r\n\r\n", "head-malformed"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "head-malformed"),
        (b"POST / HTTP/1.1\r\nX: 1\r\n", "head-malformed"),
        (b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", "body-incomplete"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "body-malformed"),
    ] {
        let answer = running.send(bytes).await?;
        let (status, found) = running.refusal().await?;
        assert_eq!((status, found.as_str()), (400, code), "{answer}");
        if code == "head-malformed" {
            assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn slow_requests_time_out() -> Tested {
    let limits = Limits {
        head_time: Duration::from_millis(50),
        body_time: Duration::from_millis(50),
        ..Limits::default()
    };
    let mut running = start(limits).await?;
    for (bytes, code) in [
        (&b"POST / HTTP/1.1\r\nX"[..], "head-timeout"),
        (b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", "body-timeout"),
    ] {
        let mut stream = tokio::net::TcpStream::connect(&running.address).await?;
        let mut answer = String::new();
        tokio::io::AsyncWriteExt::write_all(&mut stream, bytes).await?;
        tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer).await?;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert_eq!(running.refusal().await?, (408, code.to_owned()));
    }
    Ok(())
}

#[tokio::test]
async fn a_sender_that_expects_100_gets_it() -> Tested {
    let running = start(Limits::default()).await?;
    let head = "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok";
    let answer = running.send(head).await?;
    assert!(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"), "{answer}");
    Ok(())
}

#[tokio::test]
async fn stopping_ends_idle_connections_and_accepts_no_new_ones() -> Tested {
    let running = start(Limits::default()).await?;
    let idle = tokio::net::TcpStream::connect(&running.address).await?;
    running.stop.cancel();
    running.serving.await?;
    drop(idle);
    assert!(tokio::net::TcpStream::connect(&running.address).await.is_err());
    Ok(())
}

/// Completes once another task polls it than the first one, which it reports.
async fn complete_in_another_task(begun: mpsc::Sender<()>) {
    let mut first: Option<Waker> = None;
    std::future::poll_fn(move |context| match &first {
        None => {
            first = Some(context.waker().clone());
            let _ = begun.try_send(());
            Poll::Pending
        }
        Some(first) if first.will_wake(context.waker()) => Poll::Pending,
        Some(_) => Poll::Ready(()),
    })
    .await;
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test may spawn")]
async fn a_request_is_processed_to_the_end_although_its_connection_is_ended() -> Tested {
    let listener = bind("127.0.0.1:0".parse()?).await?;
    let address = listener.local_addr()?;
    let (begun, mut has_begun) = mpsc::channel(1);
    let (done, mut is_done) = mpsc::channel(1);
    let take = move |_: Received| {
        let (begun, done) = (begun.clone(), done.clone());
        async move {
            complete_in_another_task(begun).await;
            let _ = done.send(()).await;
            ClientResponse::plain_text(200, String::new())
        }
    };
    let (limits, stop) =
        (Limits { stop_time: Duration::ZERO, ..Limits::default() }, CancellationToken::new());
    let serving = tokio::spawn(serve(listener, limits, take, stop.clone()));
    let client = idle(&address.to_string(), 1, b"POST / HTTP/1.1\r\nHost: h\r\n\r\n")?;
    has_begun.recv().await.ok_or("nothing came")?;
    stop.cancel();
    serving.await?;
    drop(client);
    assert_eq!(is_done.try_recv(), Ok(()));
    Ok(())
}

#[tokio::test]
async fn a_request_whose_client_has_left_does_not_delay_the_end_for_ever() -> Tested {
    let listener = bind("127.0.0.1:0".parse()?).await?;
    let address = listener.local_addr()?;
    let (begun, mut has_begun) = mpsc::channel(1);
    let take = move |_: Received| {
        let begun = begun.clone();
        async move {
            let _ = begun.send(()).await;
            std::future::pending::<ClientResponse>().await
        }
    };
    let limits =
        Limits { stop_time: Duration::ZERO, processing_time: Duration::ZERO, ..Limits::default() };
    let stop = CancellationToken::new();
    let serving = serve(listener, limits, take, stop.clone());
    let leaving = async {
        let mut stream = tokio::net::TcpStream::connect(address).await?;
        stream.write_all(b"POST / HTTP/1.1\r\nHost: h\r\n\r\n").await?;
        has_begun.recv().await.ok_or("not begun")?;
        drop(stream);
        stop.cancel();
        Tested::Ok(())
    };
    let (left, ()) = tokio::join!(leaving, serving);
    left
}

#[tokio::test]
async fn a_taken_port_says_so() -> Tested {
    let first = bind("127.0.0.1:0".parse()?).await?;
    let address = first.local_addr()?;
    let error = bind(address).await.err().ok_or("it was taken twice")?.to_string();
    assert!(error.contains(&address.port().to_string()) && error.contains("--bind"), "{error}");
    Ok(())
}

/// Opens connections that only send these bytes.
fn idle(address: &str, count: usize, bytes: &[u8]) -> Tested<Vec<std::net::TcpStream>> {
    use std::io::Write as _;
    let open = |_| {
        let mut stream = std::net::TcpStream::connect(address)?;
        stream.write_all(bytes)?;
        Ok(stream)
    };
    (0..count).map(open).collect()
}

#[tokio::test]
async fn idle_connections_make_room_for_new_ones() -> Tested {
    for bytes in
        ["", "\r\n", "POST / HTTP/1.1\r\nX", "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nx"]
    {
        let limits = Limits { max_connections: 20, ..Limits::default() };
        let running = start(limits).await?;
        let held = idle(&running.address, 60, bytes.as_bytes())?;
        let answer = running.send("POST / HTTP/1.1\r\nHost: h\r\n\r\n").await?;
        assert!(answer.starts_with("HTTP/1.1 200"), "{bytes:?}: {answer}");
        drop(held);
    }
    Ok(())
}

#[tokio::test]
async fn connections_that_are_idle_after_a_request_give_way() -> Tested {
    let request = "POST / HTTP/1.1\r\nHost: h\r\n\r\n";
    let running = start(Limits { max_connections: 20, ..Limits::default() }).await?;
    let held = idle(&running.address, 60, request.as_bytes())?;
    let answer = running.send(request).await?;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(held);
    Ok(())
}

#[tokio::test]
async fn empty_lines_do_not_keep_a_connection_open() -> Tested {
    use std::io::{Read as _, Write as _};
    let limits = Limits { head_time: Duration::from_millis(300), ..Limits::default() };
    let running = start(limits).await?;
    let mut stream = std::net::TcpStream::connect(&running.address)?;
    let ended = tokio::task::spawn_blocking(move || {
        stream.set_read_timeout(Some(Duration::from_millis(50)))?;
        loop {
            stream.write_all(b"\r\n")?;
            if let Ok(0) = stream.read(&mut [0; 8]) {
                return Ok::<_, std::io::Error>(());
            }
        }
    });
    // A write after the end fails, which is the end as well.
    let _ = tokio::time::timeout(Duration::from_secs(20), ended).await??;
    Ok(())
}

#[tokio::test]
async fn a_body_without_progress_is_refused() -> Tested {
    let limits =
        Limits { body_time: Duration::from_millis(200), body_rate: 1, ..Limits::default() };
    let mut running = start(limits).await?;
    let held = idle(&running.address, 1, b"POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n")?;
    {
        use std::io::Write as _;
        (&held[0]).write_all(&[b'x'; 1000])?;
    }
    assert_eq!(running.refusal().await?, (408, "body-timeout".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_body_that_trickles_ends_at_the_total_time() -> Tested {
    use std::io::{Read as _, Write as _};
    // Every byte adds a second, so that only the total time ends it.
    let limits =
        Limits { body_rate: 1, body_total_time: Duration::from_millis(300), ..Limits::default() };
    let mut running = start(limits).await?;
    let head = b"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n";
    let mut stream = idle(&running.address, 1, head)?.pop().ok_or("no connection")?;
    let trickling = tokio::task::spawn_blocking(move || {
        stream.set_read_timeout(Some(Duration::from_millis(20)))?;
        while stream.read(&mut [0; 8]).is_err() {
            stream.write_all(b"x")?;
        }
        Ok::<_, std::io::Error>(())
    });
    assert_eq!(running.refusal().await?, (408, "body-timeout".to_owned()));
    // A write after the end fails, which is the end as well.
    let _ = trickling.await?;
    Ok(())
}

#[tokio::test]
async fn bodies_share_a_budget() -> Tested {
    let limits = Limits {
        bodies_in_progress: 1 << 20,
        body_time: Duration::from_millis(500),
        ..Limits::default()
    };
    let mut running = start(limits).await?;
    let head = "POST / HTTP/1.1\r\nContent-Length: 1000001\r\n\r\n";
    let part = [head.as_bytes(), &vec![b'x'; 1_000_000]].concat();
    let first = idle(&running.address, 1, &part)?;
    let second = idle(&running.address, 1, &part)?;
    let mut refused = [running.refusal().await?.0, running.refusal().await?.0];
    refused.sort_unstable();
    assert_eq!(refused, [408, 503]);
    // Small bodies pass meanwhile, and large ones afterwards.
    let small = "POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx";
    assert!(running.send(small).await?.starts_with("HTTP/1.1 200"));
    drop((first, second));
    let whole = [&part[..], b"x"].concat();
    assert!(running.send(whole).await?.starts_with("HTTP/1.1 200"));
    Ok(())
}
