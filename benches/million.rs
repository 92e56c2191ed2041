//! Measures a store of a million deliveries of about a kilobyte: memory, the first screen, filters,
//! searches, and sorting, each compared with a plain way to do the same in the same run.
//!
//! Run with `cargo bench --bench million`. `DELIVERIES=10000` makes a smaller store. `STORE=PATH`
//! keeps the store for the next run, or uses an existing one.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "it measures, and prints what it measured"
)]

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hookglass::app::list::{JumpTarget, List};
use hookglass::app::sort::{SortKey, SortOrder};
use hookglass::delivery::{
    DeliveryId, EventRef, Head, Header, NewDelivery, SignatureStatus, Verdict,
};
use hookglass::filter::{Filter, Undecided};
use hookglass::ops::search::StoreSearch;
use hookglass::store::{RawParts, Store, StorePlace, StoreReader};
use jiff::{SignedDuration, Timestamp};

type Done<T = ()> = Result<T, Box<dyn Error>>;

/// Senders that wait for their commit at the same time.
const SENDERS: usize = 512;

const PROVIDERS: [&str; 5] = ["cribbly", "stripe", "github", "shopify", "standard-webhooks"];
const NOUNS: [&str; 8] =
    ["message", "contact", "invoice", "order", "push", "payment_intent", "user", "group"];
const VERBS: [&str; 5] = ["created", "updated", "deleted", "failed", "completed"];
const PATHS: [&str; 6] =
    ["/hooks", "/webhooks/cribbly", "/webhooks/stripe", "/api/v2/in?tenant=7", "/", "/gh"];
const WORDS: [&str; 16] = [
    "lantern", "harbour", "copper", "violet", "meadow", "thunder", "paper", "window", "silver",
    "garden", "engine", "bottle", "ribbon", "castle", "number", "yellow",
];

/// A word in one body of a hundred.
const COMMON: &str = "tiger";
/// A word in three bodies.
const RARE: &str = "hippogriff";

fn body(number: usize, kind: &str, event: &str, random: &mut fastrand::Rng) -> String {
    let mut text = String::new();
    while text.len() < 700 {
        text.push_str(random.choice(WORDS).unwrap_or_default());
        text.push(' ');
    }
    if number % 100 == 7 {
        text.push_str(COMMON);
    }
    if [1_000, 400_000, 999_000].contains(&number) {
        text.push_str(RARE);
    }
    format!(
        r#"{{"id":"{event}","type":"{kind}","payload":{{"id":"p{number}","total":{},"contact":{{"username":"user{}","tags":["a","b"]}},"text":"{text}"}}}}"#,
        random.u32(..100_000),
        random.u32(..5000),
    )
}

fn delivery(number: usize, at: Timestamp) -> NewDelivery {
    let mut random = fastrand::Rng::with_seed(number as u64);
    let noun = random.choice(NOUNS).unwrap_or_default();
    let kind = format!("{noun}.{}", random.choice(VERBS).unwrap_or_default());
    let provider = random.choice(PROVIDERS).unwrap_or_default();
    // Some events are delivered twice.
    let event = format!("evt{:013x}", if number % 50 == 3 { number - 1 } else { number });
    let body = body(number, &kind, &event, &mut random);
    let headers = [
        Header::new("Host", "127.0.0.1:4400"),
        Header::new("Content-Type", "application/json"),
        Header::new("User-Agent", format!("{provider}/1.0")),
        Header::new("X-Signature", format!("{number:064x}")),
    ];
    let (status, cause) = match random.u8(..20) {
        0 => (SignatureStatus::Mismatch, Some("sig-case")),
        1 => (SignatureStatus::Missing, None),
        2 => (SignatureStatus::Expired, None),
        _ => (SignatureStatus::Verified, None),
    };
    let head = Head::build("POST", random.choice(PATHS).unwrap_or("/"), &headers);
    let mut new = NewDelivery::new(head, body.into(), at);
    new.request.peer = Some(format!("127.0.0.1:{}", random.u16(32_768..60_999)));
    provider.clone_into(&mut new.provider);
    new.event = EventRef { id: Some(event), event_type: Some(kind) };
    new.signature = Verdict {
        status,
        cause: cause.map(str::to_owned),
        explanation: Some("what was found, in a sentence of the usual length".into()),
        secret: (status == SignatureStatus::Verified).then(|| "WEBHOOK_SECRET".to_owned()),
    };
    new.response = random.choice([Some(200), Some(200), Some(200), Some(204), Some(500)]).flatten();
    new
}

/// Stores deliveries as a listener does, with many senders at a time.
async fn generate(path: &Path, count: usize) -> Done {
    let (store, writer) = Store::open(&StorePlace::File(path.to_owned()), "")?;
    let start: Timestamp = "2026-11-01T00:00:00Z".parse()?;
    let mut senders = tokio::task::JoinSet::new();
    let next = std::sync::Arc::new(AtomicUsize::new(0));
    for _ in 0..SENDERS {
        let (store, next) = (store.clone(), std::sync::Arc::clone(&next));
        senders.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return Ok(());
                }
                let after = SignedDuration::from_millis(i64::try_from(number).unwrap_or(0) * 2000);
                store.keep(delivery(number, start + after)).await?;
            }
        });
    }
    while let Some(ended) = senders.join_next().await {
        ended?.map_err(|error: hookglass::store::KeepError| error)?;
    }
    drop(store);
    tokio::task::spawn_blocking(|| writer.finish()).await?;
    Ok(())
}

/// Returns the bytes of memory that the program uses, if the system reports them.
fn resident() -> Option<usize> {
    let pages = fs::read_to_string("/proc/self/statm").ok()?;
    Some(pages.split(' ').nth(1)?.parse::<usize>().ok()? * 4096)
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = work();
    (done, start.elapsed())
}

/// Returns the best time of a few calls.
fn best(mut work: impl FnMut()) -> Duration {
    (0..5).map(|_| timed(&mut work).1).min().unwrap_or_default()
}

fn now() -> Timestamp {
    Timestamp::from_second(1_793_500_000 + 2_000_000).unwrap_or_default()
}

/// Fills a list as the dashboard does, and prints the longest time that this blocks the event loop.
fn fill(reader: &StoreReader, start: Instant) -> Done<List> {
    let before = resident();
    let mut list = List::default();
    let nothing = Filter::default();
    let mut oldest = None;
    let mut pages = Vec::new();
    loop {
        let page = reader.newest(oldest, if oldest.is_none() { 300 } else { 4096 })?;
        let is_first = oldest.is_none();
        oldest = page.last().map(|row| row.id);
        let ((), took) = timed(|| {
            let _ = list.take_older(&page, &nothing, now());
            list.settle(50);
        });
        pages.push(took);
        if is_first {
            println!("{:<44} {:>10.1?}", "opened to first screen", start.elapsed());
        }
        if oldest.is_none() {
            break;
        }
    }
    println!("{:<44} {:>10.1?}", "all in the index", start.elapsed());
    pages.sort_unstable();
    let middle = pages.get(pages.len() / 2).copied().unwrap_or_default();
    let longest = pages.last().copied().unwrap_or_default();
    println!("{:<44} {middle:>10.1?} (at most {longest:.1?})", "  a page keeps the loop for");
    if let (Some(before), Some(after)) = (before, resident()) {
        let bytes = after.saturating_sub(before) as f64 / list.len().max(1) as f64;
        println!("{:<44} {:>10.0} bytes", "memory for each delivery", bytes);
    }
    Ok(list)
}

fn filters(list: &mut List) -> Done {
    println!("filters by what the index knows, and per row");
    for text in [
        "",
        "type:message.*",
        "sig:!verified",
        "type:message.* sig:!verified -status:200",
        "provider:stripe path:/hooks* size:>1k since:2026-11-10",
        "peer:127.0.0.1",
        "peer:*\\:4????",
        "id:evt00000000f4*",
        "id:*4f",
        "id:/4f.2/",
        "tiger",
        "evt00000000f4",
    ] {
        let filter: Filter = text.parse()?;
        let mut open = Undecided::default();
        let took = best(|| open = list.filter(&filter, now()));
        let each = took.as_secs_f64() * 1e9 / list.len().max(1) as f64;
        let left = open.rows();
        println!(
            "{text:<58} {took:>9.1?} {each:>6.1} ns  {:>8} shown {left:>8} open",
            list.shown()
        );
    }
    list.filter(&Filter::default(), now());
    Ok(())
}

fn moves(list: &mut List) -> Done {
    println!("sorting and moving");
    for by in [SortKey::Type, SortKey::Verdict, SortKey::EventId, SortKey::Size, SortKey::Answer] {
        let took = timed(|| list.sort(SortOrder { by, descending: false })).1;
        let turned = timed(|| list.sort(SortOrder { by, descending: true })).1;
        let key = best(|| {
            list.move_by(1);
            list.settle(50);
        });
        let seeking = timed(|| black_box(list.seek(JumpTarget::Marked, true))).1;
        let bad = timed(|| black_box(list.seek(JumpTarget::Bad, false))).1;
        println!(
            "{:<12} {took:>9.1?}  turned {turned:>7.1?}  a key {key:>7.1?}  next marked {seeking:>8.1?}  bad {bad:>8.1?}",
            by.title()
        );
    }
    list.sort(SortOrder::default());
    let id = DeliveryId(i64::try_from(list.len() / 2)?);
    let to_id = best(|| _ = black_box(list.jump_to_id(id)));
    let to_time = best(|| _ = black_box(list.jump_to_time(now())));
    let passing: Filter = "id:evt0000000000001".parse()?;
    let seeking = best(|| _ = black_box(list.seek(JumpTarget::Passing(&passing, now()), false)));
    let key = best(|| {
        list.move_by(-1);
        list.settle(50);
    });
    println!(
        "jump to an id {to_id:.1?}, to a time {to_time:.1?}; to a match far away {seeking:.1?}; a key {key:.1?}"
    );
    Ok(())
}

/// Searches in two threads as the dashboard does; returns the times until the first match and until
/// the end.
fn search(list: &mut List, store: &Path, text: &str) -> Done<(Duration, Duration, usize)> {
    let filter: Filter = text.parse()?;
    let start = Instant::now();
    let open = list.filter(&filter, now());
    let (rows, found) = (open.rows(), AtomicUsize::new(list.shown()));
    let search = StoreSearch::new(filter.clone(), open);
    let first = AtomicUsize::new(0);
    let tested = AtomicUsize::new(0);
    thread::scope(|scope| -> Done {
        let work = || -> Result<(), hookglass::store::StoreError> {
            let reader = StoreReader::open(store)?;
            search.run(
                &reader,
                || true,
                |findings| {
                    tested.fetch_add(findings.tested, Ordering::Relaxed);
                    if found.fetch_add(findings.ids.len(), Ordering::Relaxed) == 0
                        && !findings.ids.is_empty()
                    {
                        let took = usize::try_from(start.elapsed().as_nanos()).unwrap_or(0);
                        first.store(took, Ordering::Relaxed);
                    }
                },
            )
        };
        let threads = [scope.spawn(work), scope.spawn(work)];
        for ended in threads {
            ended.join().map_err(|_| "a thread panicked")??;
        }
        Ok(())
    })?;
    let all = start.elapsed();
    assert_eq!(tested.into_inner(), rows, "all that was asked for was tested");
    Ok((Duration::from_nanos(first.into_inner() as u64), all, found.into_inner()))
}

const BODIES: RawParts = RawParts { head: false, body: true };

/// Writes all bodies to a file, one per line.
fn lines(store: &Path, file: &Path) -> Done {
    use std::io::Write as _;
    let reader = StoreReader::open(store)?;
    let mut out = std::io::BufWriter::new(fs::File::create(file)?);
    let mut failed = Ok(());
    let _ = reader.for_each_raw_request(
        &[DeliveryId(0)..=DeliveryId(i64::MAX)],
        BODIES,
        |_, wire| {
            failed = out.write_all(wire.body).and_then(|()| out.write_all(b"\n"));
            if failed.is_ok() {
                std::ops::ControlFlow::Continue(())
            } else {
                std::ops::ControlFlow::Break(())
            }
        },
    )?;
    failed?;
    Ok(out.flush()?)
}

/// Measures `rg --fixed-strings`, or, if it is not installed, reading the same bytes and searching
/// them for the word.
fn plain(file: &Path, word: &str) -> (Duration, &'static str) {
    let mut rg = std::process::Command::new("rg");
    rg.args(["--count", "--fixed-strings", word]).arg(file).stdout(std::process::Stdio::null());
    let runs = || timed(|| rg.status()).1;
    if std::process::Command::new("rg").arg("--version").output().is_ok() {
        return (std::iter::repeat_with(runs).take(3).min().unwrap_or_default(), "rg");
    }
    let finder = memchr::memmem::Finder::new(word);
    let took = (0..3)
        .map(|_| {
            timed(|| {
                use std::io::Read as _;
                let mut block = vec![0; 1 << 20];
                let Ok(mut file) = fs::File::open(file) else { return 0 };
                let mut found = 0;
                while let Ok(length) = file.read(&mut block)
                    && length > 0
                {
                    found += finder.find_iter(block.get(..length).unwrap_or_default()).count();
                }
                black_box(found)
            })
            .1
        })
        .min();
    (took.unwrap_or_default(), "read + memmem")
}

fn searches(list: &mut List, store: &Path, folder: &Path) -> Done {
    let file = folder.join("bodies.jsonl");
    lines(store, &file)?;
    println!("searches in bodies: first found, all, and against plain");
    for (text, word) in [
        (format!("body:{COMMON}"), COMMON),
        (format!("body:\"{}\"", COMMON.to_uppercase()), COMMON),
        (COMMON.to_owned(), COMMON),
        (RARE.to_owned(), RARE),
        ("absentword".to_owned(), "absentword"),
        ("lantern".to_owned(), "lantern"),
        (format!("type:message.* {COMMON}"), COMMON),
        (".payload.contact.username:user77".to_owned(), "user77"),
        ("header.user-agent:stripe*".to_owned(), "stripe"),
    ] {
        let (plain, by) = plain(&file, word);
        let (first, all, found) = search(list, store, &text)?;
        let ratio = all.as_secs_f64() / plain.as_secs_f64();
        println!(
            "{text:<40} first {first:>8.1?}  all {all:>8.1?}  {found:>7} found  {by} {plain:>7.1?}  {ratio:>5.1} x"
        );
    }
    Ok(())
}

fn news(list: &mut List, reader: &StoreReader) -> Done {
    let filter: Filter = "type:message.* tiger".parse()?;
    list.filter(&filter, now());
    let page = reader.newest(None, 500)?;
    let took = best(|| {
        for row in &page {
            list.take(std::slice::from_ref(row), &filter, now());
        }
    });
    println!("one delivery that comes, against a filter: {:.1?}", took / 500);
    Ok(())
}

/// Measures changes of many deliveries, and their purge at the end.
async fn changes(store: &Store, list: &List, is_ours: bool) -> Done {
    println!("changes of many deliveries in the store");
    let all = list.ids();
    let some = all.get(..all.len() / 10).unwrap_or_default();
    let start = Instant::now();
    store.mark(some, true).await?;
    let marked = start.elapsed();
    store.mark(some, false).await?;
    let start = Instant::now();
    store.remove(some).await?;
    let removed = start.elapsed();
    let start = Instant::now();
    store.restore(some).await?;
    let back = start.elapsed();
    println!("{} marked {marked:.1?}, removed {removed:.1?}, brought back {back:.1?}", some.len());
    if is_ours {
        let start = Instant::now();
        let most = all.get(all.len() / 10..).unwrap_or_default();
        store.remove(most).await?;
        println!("{} removed {:.1?}", most.len(), start.elapsed());
    }
    Ok(())
}

fn main() -> Done {
    // `cargo test --benches` only checks that it starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let count = std::env::var("DELIVERIES").ok().and_then(|text| text.parse().ok());
    let count: usize = count.unwrap_or(1_000_000);
    let folder = tempfile::tempdir()?;
    let store = std::env::var_os("STORE").map(PathBuf::from);
    let store = store.unwrap_or_else(|| folder.path().join("million.db"));
    if !store.exists() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let (done, took) = timed(|| runtime.block_on(generate(&store, count)));
        done?;
        let each = took / u32::try_from(count.max(1))?;
        println!("{count} deliveries kept in {took:.1?}, {each:.1?} each");
    }
    let size = fs::metadata(&store)?.len();
    let start = Instant::now();
    let (opened, writer) = Store::open(&StorePlace::File(store.clone()), "")?;
    println!("{:<44} {:>10.1?} ({} MB)", "opened", start.elapsed(), size >> 20);
    let reader = opened.reader()?;
    let mut list = fill(&reader, start)?;
    filters(&mut list)?;
    moves(&mut list)?;
    searches(&mut list, &store, folder.path())?;
    news(&mut list, &reader)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(changes(&opened, &list, std::env::var_os("STORE").is_none()))?;
    drop((reader, opened));
    println!("ended, with what was removed purged: {:.1?}", timed(|| writer.finish()).1);
    Ok(())
}
