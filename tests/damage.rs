//! Damage to the store: its files are deleted, renamed, replaced, or truncated while a listener
//! runs, or belong to something else.

#![cfg(unix)]

mod support;

use std::fs;
use std::io::{BufReader, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use hookglass::store::{Store, StorePlace};
use support::program::{Listener, listed, signal};
use support::senders::{read_status, request};
use support::{Tested, hookglass, stderr};

const STORE: &str = ".hookglass/deliveries.db";

/// Sends deliveries one after the other on one connection; returns the numbers of those that got a
/// 2xx.
fn acknowledged(address: &str, numbers: std::ops::RangeInclusive<usize>) -> Tested<Vec<usize>> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    let mut found = Vec::new();
    for number in numbers {
        writer.write_all(&request(number))?;
        if (200..300).contains(&read_status(&mut reader)?) {
            found.push(number);
        }
    }
    Ok(found)
}

/// Returns the numbers of the events that the store of a folder lists.
fn stored(folder: &Path) -> Tested<Vec<usize>> {
    let numbers = listed(folder)?.into_iter().filter_map(|line| {
        let id = line.pointer("/event/id")?.as_str()?.strip_prefix("ev")?.to_owned();
        id.parse().ok()
    });
    Ok(numbers.collect())
}

/// Damages the store of a listener after five deliveries and sends 20 more. Checks that every
/// acknowledged delivery is listed while the listener runs and after it has ended.
fn survives(damage: impl FnOnce(&Path) -> Tested) -> Tested<(Vec<usize>, String)> {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    let mut answered = acknowledged(&listener.address, 1..=5)?;
    damage(folder.path())?;
    answered.extend(acknowledged(&listener.address, 6..=25)?);
    assert_eq!(stored(folder.path())?, answered, "while it runs");
    let (status, _, said) = listener.stop()?;
    assert!(status.success(), "{status}: {said}");
    assert_eq!(stored(folder.path())?, answered, "after it ended");
    Ok((answered, said))
}

fn truncate(path: &Path, size: u64) -> Tested {
    Ok(fs::OpenOptions::new().write(true).open(path)?.set_len(size)?)
}

fn all_survive(damage: impl FnOnce(&Path) -> Tested) -> Tested {
    let (answered, said) = survives(damage)?;
    assert_eq!(answered.len(), 25, "{said}");
    assert!(said.contains("written again with every delivery"), "{said}");
    Ok(())
}

#[test]
fn a_deleted_folder_is_written_again() -> Tested {
    all_survive(|folder| Ok(fs::remove_dir_all(folder.join(".hookglass"))?))
}

#[test]
fn a_deleted_file_is_written_again() -> Tested {
    all_survive(|folder| Ok(fs::remove_file(folder.join(STORE))?))
}

#[test]
fn a_renamed_folder_is_written_again() -> Tested {
    all_survive(|folder| Ok(fs::rename(folder.join(".hookglass"), folder.join("moved"))?))
}

#[test]
fn a_renamed_file_is_written_again() -> Tested {
    all_survive(|folder| Ok(fs::rename(folder.join(STORE), folder.join("moved.db"))?))
}

#[test]
fn a_deleted_log_is_written_again() -> Tested {
    all_survive(|folder| Ok(fs::remove_file(folder.join(format!("{STORE}-wal")))?))
}

#[test]
fn a_deleted_index_is_written_again() -> Tested {
    all_survive(|folder| Ok(fs::remove_file(folder.join(format!("{STORE}-shm")))?))
}

#[test]
fn a_file_replaced_by_a_copy_of_itself_is_written_again() -> Tested {
    all_survive(|folder| {
        let copy = folder.join("copy");
        fs::copy(folder.join(STORE), &copy)?;
        Ok(fs::rename(copy, folder.join(STORE))?)
    })
}

#[test]
fn a_log_replaced_by_a_copy_of_itself_is_written_again() -> Tested {
    all_survive(|folder| {
        let (copy, log) = (folder.join("copy"), folder.join(format!("{STORE}-wal")));
        fs::copy(&log, &copy)?;
        Ok(fs::rename(copy, log)?)
    })
}

#[test]
fn a_database_truncated_while_the_log_has_all_of_it_is_written_again() -> Tested {
    all_survive(|folder| truncate(&folder.join(STORE), 0))
}

#[test]
fn a_database_overwritten_while_the_log_has_all_of_it_is_written_again() -> Tested {
    all_survive(|folder| Ok(fs::write(folder.join(STORE), "mine")?))
}

#[test]
fn a_truncated_database_that_cannot_be_read_acknowledges_nothing() -> Tested {
    let folder = tempfile::tempdir()?;
    let requests = folder.path().join("all.http");
    let one = |number| format!("POST http://h/{number}\n\n{}\n\n###\n", "x".repeat(100_000));
    // More than SQLite has in its cache.
    fs::write(&requests, (0..200).map(one).collect::<String>())?;
    let imported = hookglass(folder.path()).args(["import", "all.http"]).output()?;
    assert!(imported.status.success(), "{}", stderr(&imported));
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    // The store has been read when the first delivery is acknowledged.
    assert_eq!(acknowledged(&listener.address, 1..=1)?, [1]);
    truncate(&folder.path().join(STORE), 8192)?;
    assert_eq!(acknowledged(&listener.address, 2..=10)?, [0_usize; 0]);
    Ok(())
}

#[test]
fn a_foreign_file_in_place_of_the_store_is_moved_aside() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    acknowledged(&listener.address, 1..=1)?;
    fs::remove_file(folder.path().join(STORE))?;
    fs::write(folder.path().join(STORE), "mine")?;
    acknowledged(&listener.address, 2..=2)?;
    listener.stop()?;
    assert_eq!(fs::read_to_string(folder.path().join(format!("{STORE}.replaced-1")))?, "mine");
    Ok(())
}

#[test]
fn a_truncated_index_does_not_end_the_listener() -> Tested {
    let (answered, said) = survives(|folder| truncate(&folder.join(format!("{STORE}-shm")), 0))?;
    assert_eq!(answered.len(), 25, "{said}");
    // The log has every delivery.
    assert!(!said.contains("lost"), "{said}");
    Ok(())
}

#[test]
#[cfg(target_os = "linux")]
fn an_index_truncated_within_a_commit_loses_nothing() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    let address = listener.address.clone();
    let sending = std::thread::spawn(move || {
        let send =
            |number| acknowledged(&address, number..=number).map_err(|error| error.to_string());
        (1..=300).map(send).collect::<Result<Vec<_>, _>>()
    });
    let index = folder.path().join(format!("{STORE}-shm"));
    let log = folder.path().join(format!("{STORE}-wal"));
    while fs::metadata(&log)?.len() < 100_000 {
        std::thread::yield_now();
    }
    let index = fs::OpenOptions::new().write(true).open(index)?;
    for _ in 0..50 {
        index.set_len(0)?;
        std::thread::yield_now();
    }
    let answered = sending.join().map_err(|_| "the sender panicked")??.concat();
    let (status, _, said) = listener.stop()?;
    assert!(status.success(), "{status}: {said}");
    assert_eq!(answered.last(), Some(&300), "{said}");
    let stored = stored(folder.path())?;
    let lost: Vec<usize> = answered.into_iter().filter(|number| !stored.contains(number)).collect();
    assert_eq!(lost, [0_usize; 0]);
    Ok(())
}

#[test]
fn deliveries_after_a_truncated_log_are_found() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    acknowledged(&listener.address, 1..=5)?;
    let log = folder.path().join(format!("{STORE}-wal"));
    truncate(&log, 0)?;
    let answered = acknowledged(&listener.address, 6..=25)?;
    let (_, _, said) = listener.stop()?;
    let stored = stored(folder.path())?;
    assert!(answered.iter().all(|number| stored.contains(number)), "{stored:?} {said}");
    assert!(said.contains("truncated by another program"), "{said}");
    Ok(())
}

#[test]
fn a_command_that_closes_the_store_leaves_the_log_of_a_listener() -> Tested {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let place = StorePlace::File(folder.path().join(STORE));
    let (store, writer) = Store::open(&place, "test")?;
    let log = folder.path().join(format!("{STORE}-wal"));
    // A reader in the same process must not release the writer's lock.
    drop(store.reader()?);
    // The import is refused; checking closes a connection that may write.
    let attempts =
        hookglass(folder.path()).args(["resend", "1", "--to", "http://127.0.0.1:9"]).output()?;
    assert!(log.exists(), "{}", stderr(&attempts));
    drop(store);
    writer.finish();
    drop(runtime);
    Ok(())
}

#[test]
fn a_second_name_of_a_store_does_not_let_a_second_listener_in() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    let [hard, soft] = ["hard.db", "soft.db"].map(|name| folder.path().join(name));
    fs::hard_link(folder.path().join(STORE), &hard)?;
    symlink(folder.path().join(STORE), &soft)?;
    for (name, reason) in [(hard, "hard link"), (soft, "another hookglass is writing")] {
        let second = hookglass(folder.path())
            .args(["--headless", "--bind", "127.0.0.1:0", "--store"])
            .arg(&name)
            .output()?;
        assert_eq!(second.status.code(), Some(3));
        assert!(stderr(&second).contains(reason), "{}", stderr(&second));
    }
    drop(listener);
    Ok(())
}

#[test]
fn a_planted_lock_does_not_overwrite_a_file() -> Tested {
    for link in [true, false] {
        let folder = tempfile::tempdir()?;
        let victim = folder.path().join("authorized_keys");
        fs::write(&victim, "ssh-ed25519 AAAA\n")?;
        fs::create_dir(folder.path().join(".hookglass"))?;
        let lock = folder.path().join(format!("{STORE}.lock"));
        if link {
            symlink(&victim, &lock)?;
        } else {
            fs::copy(&victim, &lock)?;
        }
        let started =
            hookglass(folder.path()).args(["--headless", "--bind", "127.0.0.1:0"]).output()?;
        assert_eq!(started.status.code(), Some(3), "{}", stderr(&started));
        assert_eq!(fs::read_to_string(&lock)?, "ssh-ed25519 AAAA\n");
    }
    Ok(())
}

#[test]
fn an_empty_file_behind_a_link_does_not_become_a_store() -> Tested {
    let folder = tempfile::tempdir()?;
    let victim = folder.path().join("empty");
    fs::write(&victim, "")?;
    fs::create_dir(folder.path().join(".hookglass"))?;
    symlink(&victim, folder.path().join(STORE))?;
    let started =
        hookglass(folder.path()).args(["--headless", "--bind", "127.0.0.1:0"]).output()?;
    assert_eq!(started.status.code(), Some(3), "{}", stderr(&started));
    assert_eq!(fs::metadata(&victim)?.len(), 0);
    Ok(())
}

#[test]
fn an_existing_folder_becomes_private_and_ignored() -> Tested {
    let folder = tempfile::tempdir()?;
    let own = folder.path().join(".hookglass");
    fs::create_dir(&own)?;
    fs::set_permissions(&own, fs::Permissions::from_mode(0o777))?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    let mode = fs::metadata(&own)?.permissions().mode() & 0o777;
    assert_eq!((mode, fs::read_to_string(own.join(".gitignore"))?.as_str()), (0o700, "*\n"));
    drop(listener);
    Ok(())
}

/// Fills a small disk and prunes the store on it.
const FULL_DISK: &str = r#"
mount -t tmpfs -o size=8m none "$1" && cd "$1" || exit 77
"$2" import "$3" || exit 1
dd if=/dev/zero of=rest bs=4096 2> dd
"$2" prune --keep 5 || exit 2
"$2" store check || exit 3
"$2" list --json | wc -l > ../count
"#;

#[test]
fn a_store_on_a_full_disk_is_pruned() -> Tested {
    let folder = tempfile::tempdir()?;
    let disk = folder.path().join("disk");
    fs::create_dir(&disk)?;
    let requests = folder.path().join("all.http");
    let one = |number| format!("POST http://h/{number}\n\n{}\n\n###\n", "x".repeat(10_000));
    fs::write(&requests, (0..200).map(one).collect::<String>())?;
    let Some(run) = run_with_own_disk(FULL_DISK, &disk, Some(&requests)) else { return Ok(()) };
    assert!(run.status.success(), "{}", support::printed(&run));
    assert_eq!(fs::read_to_string(folder.path().join("count"))?.trim(), "5");
    assert!(fs::symlink_metadata(disk.join(".hookglass/deliveries.db")).is_err());
    Ok(())
}

/// Runs a script that mounts a disk, with a path, the program, and a file; returns none if mounting
/// is not permitted.
fn run_with_own_disk(script: &str, path: &Path, file: Option<&Path>) -> Option<Output> {
    let run = std::process::Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .args([path, Path::new(env!("CARGO_BIN_EXE_hookglass"))])
        .args(file)
        .output();
    let run = run.ok().filter(|run| run.status.code() != Some(77));
    let run = run.filter(|run| !stderr(run).contains("unshare failed"));
    if run.is_none() {
        support::tools::skip("a disk of its own cannot be mounted");
    }
    run
}

/// Exports one delivery to a full disk, as a file that does not fit.
const FULL_EXPORT: &str = r#"
mkdir "$1/disk" && mount -t tmpfs -o size=8k none "$1/disk" || exit 77
dd if=/dev/zero of="$1/disk/rest" bs=4096 2> "$1/dd"
cd "$1" && "$2" export --format jsonl --out disk/x
"#;

/// Imports one delivery into the store of a folder.
fn imported(folder: &Path) -> Tested {
    fs::write(folder.join("x.http"), "POST http://h/\n\nbody\n")?;
    let run = hookglass(folder).args(["import", "x.http"]).output()?;
    if run.status.success() { Ok(()) } else { Err(stderr(&run).into()) }
}

#[test]
fn an_export_to_a_full_disk_names_its_file() -> Tested {
    let folder = tempfile::tempdir()?;
    imported(folder.path())?;
    let Some(run) = run_with_own_disk(FULL_EXPORT, folder.path(), None) else { return Ok(()) };
    assert!(stderr(&run).contains("cannot write disk/x: No space left"), "{}", stderr(&run));
    Ok(())
}

#[test]
fn an_export_to_a_pipe_keeps_it_a_pipe() -> Tested {
    use std::os::unix::fs::FileTypeExt as _;
    let folder = tempfile::tempdir()?;
    imported(folder.path())?;
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status()?.success());
    let reading = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe)
    });
    // With --force, a file of this name would be replaced.
    let args = ["export", "--format", "jsonl", "--force", "--out", "pipe"];
    let run = hookglass(folder.path()).args(args).output()?;
    assert!(fs::symlink_metadata(&pipe)?.file_type().is_fifo(), "{}", stderr(&run));
    let read = reading.join().map_err(|_| "the reader panicked")??;
    assert!(read.contains("hookglass.delivery/1"), "{read}");
    Ok(())
}

#[test]
fn a_log_that_cannot_be_read_is_not_ignored() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    assert_eq!(acknowledged(&listener.address, 1..=3)?, [1, 2, 3]);
    let copy = folder.path().join("copy");
    fs::create_dir(&copy)?;
    for name in ["deliveries.db", "deliveries.db-wal"] {
        fs::copy(folder.path().join(".hookglass").join(name), copy.join(name))?;
        fs::set_permissions(copy.join(name), fs::Permissions::from_mode(0o444))?;
    }
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o555))?;
    // A user with write access everywhere gives that up.
    let list = "exec \"$0\" list --store copy/deliveries.db";
    let run = std::process::Command::new("unshare")
        .args(["--map-user=65534", "sh", "-c", list, env!("CARGO_BIN_EXE_hookglass")])
        .current_dir(folder.path())
        .output();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755))?;
    match run {
        Ok(run) if !stderr(&run).contains("unshare: ") => {
            assert!(stderr(&run).contains("the newest deliveries of"), "{}", stderr(&run));
        }
        Ok(_) | Err(_) => support::tools::skip("a user without permissions cannot be had"),
    }
    Ok(())
}

#[test]
fn a_limit_of_the_file_size_is_answered_with_503() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut command = std::process::Command::new("sh");
    let program = env!("CARGO_BIN_EXE_hookglass");
    command
        .current_dir(folder.path())
        .env("CRIBBLY_WEBHOOK_SECRET", support::SECRET)
        // In blocks of 512 or 1,024 bytes, depending on the shell.
        .args(["-c", &format!("ulimit -f 400; exec {program} \"$@\""), "sh"]);
    let listener = Listener::start(&mut command)?;
    let mut stream = TcpStream::connect(&listener.address)?;
    let body = vec![b'x'; 1 << 20];
    let head = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(&[head.as_bytes(), &body].concat())?;
    let status = read_status(&mut BufReader::new(stream.try_clone()?))?;
    assert_eq!(status, 503);
    signal(listener.child.id(), "0")?;
    Ok(())
}
