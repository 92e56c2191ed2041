//! Sending to real sockets, of targets that work and targets that fail.

mod support;

use std::time::Duration;

use bytes::Bytes;
use hookglass::delivery::{Head, Header, Timing};
use hookglass::outbound::{
    Client, ForwardOptions, Forwarder, Health, QueueLimits, Request, SendError, Target,
    TargetCondition,
};
use support::Tested;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

fn request(body: &'static [u8]) -> Request {
    let headers = [
        Header::new("Host", "old"),
        Header::new("X-b", "1"),
        Header::new("x-B", "2"),
        Header::new("Content-Length", body.len().to_string()),
    ];
    Request { head: Head::build("POST", "/a%20b?x", &headers), body: Bytes::from_static(body) }
}

/// Starts a target that reads one request up to `until`, and responds with these bytes.
#[expect(clippy::disallowed_methods, reason = "a test may spawn")]
async fn target(
    until: &'static [u8],
    answer: Vec<u8>,
) -> Tested<(Target, JoinHandle<std::io::Result<Vec<u8>>>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let target = format!("http://{}", listener.local_addr()?).parse()?;
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        let mut seen = Vec::new();
        while !seen.ends_with(until) {
            if stream.read_buf(&mut seen).await? == 0 {
                break;
            }
        }
        // The other end may have closed the connection.
        let _ = stream.write_all(&answer).await;
        let _ = stream.shutdown().await;
        Ok(seen)
    });
    Ok((target, serving))
}

#[tokio::test]
async fn bytes_arrive_unchanged() -> Tested {
    let body = b"\x00\xff\r\n\r\nend";
    let answer =
        b"HTTP/1.1 201 Created\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 2\r\n\r\nok".to_vec();
    let (target, serving) = target(b"end", answer).await?;
    let sent = Client::new().send(&target, &request(body)).await;
    let Timing { connected, first_byte } = sent.timing;
    assert!(connected.is_some() && connected <= first_byte && first_byte <= Some(sent.took));
    let response = sent.outcome?;
    assert_eq!((response.status, &response.body[..]), (201, &b"ok"[..]));
    assert_eq!(response.headers.iter().filter(|header| header.is("x-a")).count(), 2);
    let authority = target.to_string().replace("http://", "");
    let mut expected = format!(
        "POST /a%20b?x HTTP/1.1\r\nHost: {authority}\r\nX-b: 1\r\nx-B: 2\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    expected.extend_from_slice(body);
    assert_eq!(serving.await??, expected);
    Ok(())
}

#[tokio::test]
async fn responses_of_every_kind_are_read() -> Tested {
    for (answer, status, body) in [
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, "ok"),
        ("HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, "until the end"),
        ("HTTP/1.0 404 No\r\n\r\n", 404, ""),
        ("HTTP/1.1 204 Nothing\r\n\r\n", 204, ""),
        (
            "HTTP/1.1 302 Away\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
            302,
            "",
        ),
        ("HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x"),
    ] {
        let (target, _serving) = target(b"end", answer.as_bytes().to_vec()).await?;
        let response = Client::new().send(&target, &request(b"end")).await.outcome?;
        assert_eq!((response.status, &response.body[..]), (status, body.as_bytes()), "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn failures_are_distinguished() -> Tested {
    let client = Client::with_timeouts(Duration::from_secs(5), Duration::from_millis(200));
    for (answer, fits) in [
        (
            "SSH-2.0-x\r\n\r\n",
            (|error| matches!(error, SendError::Garbage { .. })) as fn(&SendError) -> bool,
        ),
        ("", |error| matches!(error, SendError::Ended { .. })),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", |error| {
            matches!(error, SendError::Ended { .. })
        }),
    ] {
        let (target, _serving) = target(b"end", answer.as_bytes().to_vec()).await?;
        let error =
            client.send(&target, &request(b"end")).await.outcome.err().ok_or("it worked")?;
        assert!(fits(&error), "{answer:?}: {error:?}");
        assert!(error.to_string().contains(&target.to_string()), "{error}");
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let silent: Target = format!("http://{}", listener.local_addr()?).parse()?;
    let error = client.send(&silent, &request(b"end")).await.outcome.err().ok_or("it worked")?;
    assert!(matches!(error, SendError::AnswerTimeout { .. }) && error.timed_out(), "{error:?}");
    drop(listener);
    let error = client.send(&silent, &request(b"end")).await.outcome.err().ok_or("it worked")?;
    assert!(matches!(error, SendError::Refused { .. }) && !error.timed_out(), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn localhost_reaches_an_application_that_listens_on_ipv6_only() -> Tested {
    // Some containers have no IPv6.
    let Ok(listener) = TcpListener::bind("[::1]:0").await else { return Ok(()) };
    let local: Target = format!("http://localhost:{}", listener.local_addr()?.port()).parse()?;
    let client = Client::with_timeouts(Duration::from_secs(5), Duration::from_secs(5));
    let serving = async {
        let (mut stream, _) = listener.accept().await?;
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await?;
        // Closing it with an unread request would reset the connection.
        stream.read_to_end(&mut Vec::new()).await
    };
    let end = request(b"end");
    let (served, sent) = tokio::join!(serving, client.send(&local, &end));
    served?;
    assert_eq!(sent.outcome?.status, 204);
    Ok(())
}

#[tokio::test]
async fn a_refused_connection_to_a_name_names_the_addresses() -> Tested {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let local: Target = format!("http://localhost:{}", listener.local_addr()?.port()).parse()?;
    drop(listener);
    let client = Client::with_timeouts(Duration::from_secs(5), Duration::from_secs(5));
    let error = client.send(&local, &request(b"end")).await.outcome.err().ok_or("it worked")?;
    let text = error.to_string();
    assert!(text.contains("127.0.0.1") && text.contains("::1"), "{text}");
    Ok(())
}

#[tokio::test]
async fn an_endless_response_is_canceled() -> Tested {
    let mut answer = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    answer.resize(26 << 20, b'x');
    let (target, _serving) = target(b"end", answer).await?;
    let sent = Client::new().send(&target, &request(b"end")).await;
    assert!(matches!(sent.outcome, Err(SendError::TooLarge { .. })), "{:?}", sent.outcome);
    // A response that declares its length is refused before it is read.
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\nx".to_vec();
    let (target, _serving) = self::target(b"end", answer).await?;
    let sent = Client::new().send(&target, &request(b"end")).await;
    assert!(matches!(sent.outcome, Err(SendError::TooLarge { .. })), "{:?}", sent.outcome);
    Ok(())
}

#[tokio::test]
async fn a_target_without_tls_is_named() -> Tested {
    let (plain, _serving) = target(b"end", b"HTTP/1.1 400 Bad\r\n\r\n".to_vec()).await?;
    let secure: Target = plain.to_string().replace("http:", "https:").parse()?;
    let client = Client::with_timeouts(Duration::from_secs(5), Duration::from_secs(1));
    let error = client.send(&secure, &request(b"end")).await.outcome.err().ok_or("it worked")?;
    assert!(matches!(error, SendError::Tls { .. } | SendError::AnswerTimeout { .. }), "{error:?}");
    Ok(())
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test may spawn")]
async fn a_forwarder_ends_with_its_last_handle() -> Tested {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec();
    let (target, _serving) = target(b"end", answer).await?;
    let (forwarder, work) =
        Forwarder::new(Client::new(), target, QueueLimits::default(), CancellationToken::new());
    let working = tokio::spawn(work);
    assert_eq!(forwarder.begin(request(b"end")).sent().await.outcome?.status, 200);
    drop(forwarder);
    working.await?;
    Ok(())
}

/// Starts a target with a self-signed certificate for another name.
#[expect(clippy::disallowed_methods, reason = "a test may spawn")]
async fn secure_target() -> Tested<Target> {
    use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
    let certificate = CertificateDer::from(include_bytes!("data/tls/test-cert.der").to_vec());
    let key = PrivatePkcs8KeyDer::from(include_bytes!("data/tls/test-key.der").to_vec());
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())?;
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let target = format!("https://{}", listener.local_addr()?).parse()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut seen = Vec::new();
            while !seen.ends_with(b"end") && stream.read_buf(&mut seen).await.is_ok_and(|n| n > 0) {
            }
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    });
    Ok(target)
}

#[tokio::test]
async fn a_self_signed_certificate_is_accepted_only_on_request() -> Tested {
    let target = secure_target().await?;
    let client = Client::new();
    let error = client.send(&target, &request(b"end")).await.outcome.err().ok_or("it worked")?;
    assert!(matches!(error, SendError::Tls { .. }), "{error:?}");
    let insecure = target.with(ForwardOptions { insecure: true, ..ForwardOptions::default() });
    assert!(insecure.is_insecure());
    assert_eq!(client.send(&insecure, &request(b"end")).await.outcome?.status, 200);
    Ok(())
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test may spawn")]
async fn health_shows_failures_and_the_queue_of_a_target() -> Tested {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let target: Target = format!("http://{}", listener.local_addr()?).parse()?;
    let pace = QueueLimits { waiting: 2, at_once: 1 };
    let (forwarder, work) = Forwarder::new(Client::new(), target, pace, CancellationToken::new());
    let mut health = forwarder.health();
    assert_eq!(*health.borrow(), Health::default());
    let working = tokio::spawn(work);
    let one = forwarder.begin(request(b"end"));
    health.wait_for(|health| (health.waiting, health.in_flight) == (0, 1)).await?;
    let others = [(); 3].map(|()| forwarder.begin(request(b"end")));
    assert_eq!(forwarder.health().borrow().waiting, 2);
    let [second, third, overrun] = others;
    assert!(matches!(overrun.sent().await.outcome, Err(SendError::Overrun { waiting: 2, .. })));
    for ticket in [one, second] {
        let (mut stream, _) = listener.accept().await?;
        let mut seen = Vec::new();
        while !seen.ends_with(b"end") {
            stream.read_buf(&mut seen).await?;
        }
        stream.write_all(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n").await?;
        assert_eq!(ticket.sent().await.outcome?.status, 500);
        assert_eq!(forwarder.health().borrow().condition, TargetCondition::Up);
    }
    let (stream, _) = listener.accept().await?;
    drop((stream, listener));
    assert!(third.sent().await.outcome.is_err());
    let condition = forwarder.health().borrow().condition.clone();
    assert!(matches!(condition, TargetCondition::Down(_)), "{condition:?}");
    let refused = forwarder.begin(request(b"end")).sent().await.outcome;
    assert!(matches!(refused, Err(SendError::Refused { .. })), "{refused:?}");
    drop(forwarder);
    working.await?;
    assert_eq!((health.borrow().waiting, health.borrow().in_flight), (0, 0));
    Ok(())
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test may spawn")]
async fn waiting_bodies_share_a_limit() -> Tested {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let target: Target = format!("http://{}", listener.local_addr()?).parse()?;
    let stop = CancellationToken::new();
    let (forwarder, work) =
        Forwarder::new(Client::new(), target, QueueLimits::default(), stop.clone());
    let working = tokio::spawn(work);
    let large = || Request { body: Bytes::from(vec![b'x'; 25 << 20]), ..request(b"end") };
    let tickets = [(); 3].map(|()| forwarder.begin(large()));
    let [one, other, third] = tickets;
    assert!(matches!(third.sent().await.outcome, Err(SendError::Overrun { .. })));
    stop.cancel();
    working.await?;
    for ticket in [one, other] {
        assert!(matches!(ticket.sent().await.outcome, Err(SendError::Stopped { .. })));
    }
    Ok(())
}
