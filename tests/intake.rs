//! The intake as front ends use it: rules change and requests pause while deliveries arrive.

mod support;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hookglass::delivery::{AttemptKind, DeliveryId, Head, Header};
use hookglass::filter::Filter;
use hookglass::intake::{
    Diagnoser, FilterShare, Forward, Forwards, Intake, PausedRequests, Policy, Proxies,
    ReleaseAction, Sequencer,
};
use hookglass::listener::{Received, Reply};
use hookglass::outbound::{Client, Forwarder, QueueLimits, Target};
use hookglass::provider::Provider;
use hookglass::respond::{ResponseRule, Rulebook};
use hookglass::signature::{Credentials, CurrentVerifier, Verifier};
use hookglass::store::{Store, StorePlace, Writer};
use support::Tested;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

struct Running {
    intake: Arc<Intake>,
    rules: Rulebook,
    paused: PausedRequests,
    store: Store,
    stop: CancellationToken,
    work: JoinSet<()>,
    writer: Writer,
}

fn rule(text: &str) -> Tested<ResponseRule> {
    Ok(ResponseRule::read(text, &|_| Err(std::io::ErrorKind::NotFound.into()))?)
}

/// Starts an intake with a store in memory.
fn start(rules: &[&str], targets: Vec<Target>) -> Tested<Running> {
    start_with(rules, ("", targets), FilterShare::default())
}

fn start_with(
    rules: &[&str],
    (filter, targets): (&str, Vec<Target>),
    filter_share: FilterShare,
) -> Tested<Running> {
    let filter: Filter = filter.parse()?;
    let (store, writer) = Store::open(&StorePlace::Memory, "test")?;
    let stop = CancellationToken::new();
    let keyed = Credentials { provider: Provider::named("cribbly")?.into(), secrets: Vec::new() };
    let verifier = CurrentVerifier::new(Verifier::new(vec![keyed]));
    let (diagnoser, diagnosing) = Diagnoser::new(verifier.clone(), store.clone(), stop.clone());
    let rules = rules.iter().map(|text| rule(text).map(Arc::new)).collect::<Tested<Vec<_>>>()?;
    let (rules, paused) = (Rulebook::new(rules), PausedRequests::new(stop.clone()));
    let mut work = JoinSet::new();
    let mut forward = |target| {
        let (forwarder, forwarding) =
            Forwarder::new(Client::new(), target, QueueLimits::default(), stop.clone());
        work.spawn(forwarding);
        Forward { filter: filter.clone(), forwarder }
    };
    let forwards = targets.into_iter().map(&mut forward).collect();
    let (forwards, keeping) = Forwards::new(forwards, store.clone());
    let forwards = Arc::new(forwards);
    let (sequencer, passing) = Sequencer::new(store.clone(), rules.clone(), Arc::clone(&forwards));
    work.spawn(diagnosing);
    work.spawn(keeping);
    work.spawn(passing);
    let policy = Policy { proxies: Proxies::Local, ..Policy::default() };
    let intake = Arc::new(Intake {
        publishing: None,
        verifier,
        diagnoser,
        store: store.clone(),
        sequencer,
        rules: rules.clone(),
        forwards,
        paused: paused.clone(),
        policy,
        filter_share,
        stop: stop.clone(),
    });
    Ok(Running { intake, rules, paused, store, stop, work, writer })
}

fn received(path: &str) -> Received {
    let headers = [Header::new("X-Forwarded-For", "203.0.113.7")];
    Received {
        client: None,
        received_at: jiff::Timestamp::UNIX_EPOCH,
        peer: ([127, 0, 0, 1], 9).into(),
        head: Head::build("POST", path, &headers),
        body: Bytes::from_static(br#"{"id":"e1","type":"message.created"}"#),
        body_size: 36,
        refused: None,
    }
}

/// A request whose body is too large to be evaluated while others wait.
fn large() -> Received {
    let body = format!(r#"{{"costly":true,"filler":"{}"}}"#, "x".repeat(128 << 10));
    Received { body_size: body.len() as u64, body: body.into(), ..received("/large") }
}

/// Asserts that a request waits for the share of filters, while the next one gets its response.
async fn assert_waits_alone(running: &Running, costly: Received) {
    let waiting = running.intake.handle(costly);
    tokio::select! {
        biased;
        handled = waiting => panic!("it did not wait: {:?}", handled.reply),
        status = running.status("/small") => assert_eq!(status, 200),
    }
}

impl Running {
    async fn status(&self, path: &str) -> u16 {
        self.intake.handle(received(path)).await.reply.status()
    }

    fn noted(&self, id: i64) -> Tested<Option<u16>> {
        let delivery = self.store.reader()?.delivery(DeliveryId(id))?.ok_or("not kept")?;
        Ok(delivery.summary.response)
    }

    fn latency(&self, id: i64) -> Tested<Option<Duration>> {
        let delivery = self.store.reader()?.delivery(DeliveryId(id))?.ok_or("not kept")?;
        Ok(delivery.summary.latency)
    }

    async fn end(self) -> Tested {
        let Self { intake, stop, work, writer, .. } = self;
        drop(intake);
        stop.cancel();
        work.join_all().await;
        tokio::task::spawn_blocking(move || writer.finish()).await?;
        Ok(())
    }
}

#[tokio::test]
async fn rules_change_while_deliveries_arrive() -> Tested {
    let running = start(&["500x2,201"], Vec::new())?;
    let mut changes = running.rules.changes();
    assert_eq!(running.status("/").await, 500);
    running.rules.put_first(rule("path:/a => 418")?);
    assert!(changes.has_changed()?);
    assert_eq!(changes.borrow_and_update().len(), 2);
    assert_eq!((running.status("/a").await, running.status("/b").await), (418, 500));
    // The rule that was not removed continues with its next step.
    assert!(running.rules.remove(0) && !running.rules.remove(7));
    assert_eq!(running.status("/a").await, 201);
    let [left] = &*running.rules.rules() else { return Err("one rule is left".into()) };
    assert_eq!((left.to_string().as_str(), left.count()), ("500x2,201", 3));
    running.rules.replace([]);
    assert_eq!(running.status("/a").await, 200);
    assert_eq!(running.noted(5)?, Some(200));
    running.end().await
}

#[tokio::test]
async fn a_rule_with_a_share_applies_to_some_deliveries() -> Tested {
    let running = start(&["50%:500", "dup:yes => 202", "201"], Vec::new())?;
    assert!([500, 201].contains(&running.status("/").await));
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..200 {
        seen.insert(running.status("/").await);
    }
    // The chance that one of the two never occurs is 2 in 2^200.
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [202, 500]);
    running.end().await
}

#[tokio::test]
async fn paused_requests_are_released_by_hand() -> Tested {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let target: Target = format!("http://{}", listener.local_addr()?).parse()?;
    let mut running = start(&["path:/held* => hold"], vec![target])?;
    let mut changes = running.paused.changes();
    let mut answers = Vec::new();
    for (id, path) in (1_i64..).zip(["/held/a", "/held/b", "/held/c"]) {
        let intake = Arc::clone(&running.intake);
        let (sender, replied) = tokio::sync::oneshot::channel();
        running.work.spawn(async move { drop(sender.send(intake.handle(received(path)).await)) });
        changes.wait_for(|held| held.contains_key(&DeliveryId(id))).await?;
        assert_eq!(running.noted(id)?, None);
        answers.push(replied);
    }
    let ids: Vec<i64> = running.paused.list().iter().map(|(id, _)| id.0).collect();
    assert_eq!(ids, [1, 2, 3]);
    assert!(!running.paused.release(DeliveryId(9), ReleaseAction::Close));
    assert!(running.paused.release(DeliveryId(2), ReleaseAction::Respond(422)));
    assert!(!running.paused.release(DeliveryId(2), ReleaseAction::Respond(422)));
    assert!(running.paused.release(DeliveryId(1), ReleaseAction::Close));
    assert!(running.paused.release(DeliveryId(3), ReleaseAction::Forward));
    let (mut stream, _) = listener.accept().await?;
    let mut seen = Vec::new();
    while !seen.ends_with(b"}") {
        stream.read_buf(&mut seen).await?;
    }
    stream.write_all(b"HTTP/1.1 203 Own\r\nContent-Length: 0\r\n\r\n").await?;
    let mut statuses = Vec::new();
    for replied in answers {
        statuses.push(replied.await?.reply.status());
    }
    assert_eq!(statuses, [0, 422, 203]);
    assert_eq!((running.noted(1)?, running.noted(2)?), (Some(0), Some(422)));
    let has_latency = [1, 2, 3].map(|id| running.latency(id).map(|it| it.is_some()));
    assert!(matches!(has_latency, [Ok(false), Ok(true), Ok(true)]), "{has_latency:?}");
    assert!(running.paused.list().is_empty());
    let third = running.store.reader()?.delivery(DeliveryId(3))?.ok_or("not kept")?;
    assert_eq!(third.summary.request.peer.as_deref(), Some("203.0.113.7"));
    assert_eq!(third.attempts.len(), 1);
    assert_eq!(
        (third.attempts[0].kind, third.attempts[0].status()),
        (AttemptKind::Forward, Some(203))
    );
    running.end().await
}

#[tokio::test]
async fn the_latency_of_a_response_by_a_rule_includes_its_delay() -> Tested {
    let running = start(&["202:delay=5ms"], Vec::new())?;
    running.status("/").await;
    assert!(running.latency(1)?.ok_or("no latency")? >= Duration::from_millis(5));
    running.end().await
}

#[tokio::test]
async fn a_default_response_is_stored_with_the_delivery_alone() -> Tested {
    let running = start(&[], Vec::new())?;
    let before = running.store.progress().borrow().revision;
    running.status("/").await;
    assert_eq!(running.store.progress().borrow().revision, before + 1);
    assert_eq!(running.latency(1)?, None);
    running.end().await
}

#[tokio::test]
async fn a_delay_ends_with_the_program() -> Tested {
    let running = start(&["202:delay=24h"], Vec::new())?;
    running.stop.cancel();
    let Reply::Response(answer) = running.intake.handle(received("/")).await.reply else {
        return Err("no answer".into());
    };
    assert_eq!(answer.status, 202);
    running.end().await
}

#[tokio::test]
async fn a_delivery_does_not_wait_for_the_rules_on_another_ones_large_body() -> Tested {
    let running = start_with(&["jq:'.costly' => 500"], ("", Vec::new()), FilterShare::new(0))?;
    Box::pin(assert_waits_alone(&running, large())).await;
    running.end().await
}

#[tokio::test]
async fn a_delivery_does_not_wait_for_the_filter_of_a_target_on_another_ones_large_body() -> Tested
{
    let target: Target = "http://127.0.0.1:9".parse()?;
    let running = start_with(&[], ("jq:'.costly'", vec![target]), FilterShare::new(0))?;
    Box::pin(assert_waits_alone(&running, large())).await;
    running.end().await
}

#[tokio::test]
async fn a_delivery_does_not_wait_for_the_rules_on_another_ones_compressed_body() -> Tested {
    let running = start_with(&[".costly:true => 500"], ("", Vec::new()), FilterShare::new(0))?;
    let compressed = Received { body: Bytes::from_static(b"\x1f\x8b\x08"), ..received("/gz") };
    Box::pin(assert_waits_alone(&running, compressed)).await;
    running.end().await
}

#[tokio::test]
async fn a_large_body_whose_rules_read_heads_only_does_not_wait() -> Tested {
    let rules = ["header.x-forwarded-for:203.* => 418"];
    let running = start_with(&rules, ("", Vec::new()), FilterShare::new(0))?;
    assert_eq!(running.intake.handle(large()).await.reply.status(), 418);
    running.end().await
}

#[tokio::test]
async fn a_rule_decides_on_a_large_body() -> Tested {
    let running = start(&["jq:'.costly' => 500"], Vec::new())?;
    assert_eq!(running.intake.handle(large()).await.reply.status(), 500);
    running.end().await
}

#[tokio::test]
async fn a_large_body_that_waits_at_the_end_is_stored_and_gets_503() -> Tested {
    let running = start_with(&["jq:'.costly' => 500"], ("", Vec::new()), FilterShare::new(0))?;
    running.stop.cancel();
    assert_eq!(running.intake.handle(large()).await.reply.status(), 503);
    assert_eq!(running.noted(1)?, Some(503));
    running.end().await
}
