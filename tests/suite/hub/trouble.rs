//! Servers, connections and disks that give trouble.

use super::{UNET, download, files, large_file, list, open, patience, repo, settings};
use crate::fake_hub::{FakeHub, Fault, checksum};
use crate::golden::TestResult;
use lgd_studio::job::CancelToken;
use lgd_studio::job::hub::{DownloadStage, Hub, HubError, NetworkSettings, Patience};
use std::time::{Duration, Instant};

#[test]
fn hub_downloads_survive_dropped_connections() -> TestResult {
    let fake = FakeHub::start(&files())?;
    let (_, bytes) = &files()[3];
    fake.fault(
        &checksum(bytes),
        [
            Fault::Drop(100_000),
            Fault::Drop(0),
            Fault::Drop(333_333),
            Fault::Drop(1),
        ],
    );
    let cache = tempfile::tempdir()?;
    let hub = open(&fake)?;
    let spec = large_file(&hub, cache.path())?;
    let folder = download(&hub, &spec)?;
    assert_eq!(&std::fs::read(folder.join(UNET))?, bytes);
    let from: Vec<Option<u64>> = fake
        .heard(&checksum(bytes))
        .iter()
        .map(|h| h.from)
        .collect();
    let expected = [
        None,
        Some(100_000),
        Some(100_000),
        Some(433_333),
        Some(433_334),
    ];
    assert_eq!(from, expected, "it goes on at the byte where it stopped");
    let sent = settled(&fake);
    assert_eq!(sent, bytes.len() + api_bytes(&fake), "no byte comes twice");
    Ok(())
}

/// Bytes of the list, which are sent too.
fn api_bytes(fake: &FakeHub) -> usize {
    let before = settled(fake);
    let hub = open(fake).expect("it is not offline");
    list(&hub).expect("it answers");
    settled(fake) - before
}

/// Bytes sent so far: the hub counts an answer a moment after it was heard.
fn settled(fake: &FakeHub) -> usize {
    let mut sent = fake.known().sent;
    loop {
        std::thread::sleep(std::time::Duration::from_millis(200));
        let now = fake.known().sent;
        if now == sent {
            return sent;
        }
        sent = now;
    }
}

#[test]
fn hub_files_with_wrong_checksums_never_stay() -> TestResult {
    let fake = FakeHub::start(&files())?;
    let (_, bytes) = &files()[3];
    let cache = tempfile::tempdir()?;
    let hub = open(&fake)?;
    let spec = large_file(&hub, cache.path())?;
    let blobs = cache.path().join("models--somebody--toon/blobs");
    fake.fault(&checksum(bytes), [Fault::Wrong, Fault::Wrong]);
    let refused = download(&hub, &spec).expect_err("both times it is wrong");
    assert!(
        matches!(&refused, HubError::WrongChecksum { path } if path == UNET),
        "{refused}"
    );
    assert_eq!(std::fs::read_dir(&blobs)?.count(), 0, "nothing of it stays");
    assert!(!spec.snapshot().join(UNET).exists());

    // Wrong once, then right; and a wrong beginning that an earlier attempt left.
    fake.fault(&checksum(bytes), [Fault::Wrong]);
    download(&hub, &spec)?;
    std::fs::remove_file(blobs.join(checksum(bytes)))?;
    let left = blobs.join(format!("{}.incomplete", checksum(bytes)));
    std::fs::write(left, [7; 1000])?;
    let folder = download(&hub, &spec)?;
    assert_eq!(&std::fs::read(folder.join(UNET))?, bytes);
    Ok(())
}

#[test]
fn hub_refusals_are_told_in_words_a_person_can_act_on() -> TestResult {
    for (status, wait, words, tries) in [
        (401, None, "set a token", 1),
        (403, None, "Accept its conditions", 1),
        (404, None, "Check the name", 1),
        (429, Some(3600), "Wait 60 minutes", 1),
        (429, Some(0), "too many requests", 4),
        (503, None, "trouble of its own", 4),
        (418, None, "refused the request", 1),
    ] {
        let fake = FakeHub::start(&files())?;
        fake.fault("/api/", vec![Fault::Status(status, wait); 10]);
        let hub = open(&fake)?;
        let refused = list(&hub).expect_err("it is refused");
        let problem = refused.problem(&repo());
        assert!(problem.to_string().contains(words), "{status}: {problem}");
        assert!(problem.hint.is_some(), "{problem}");
        assert_eq!(fake.heard("/api/").len(), tries, "{status}");
    }
    Ok(())
}

#[test]
fn hub_servers_with_passing_trouble_are_asked_again() -> TestResult {
    let fake = FakeHub::start(&files())?;
    let (_, bytes) = &files()[3];
    fake.fault(
        "/api/",
        [Fault::Status(503, None), Fault::Status(429, Some(0))],
    );
    fake.fault("/resolve/", [Fault::Status(502, None)]);
    fake.fault(&checksum(bytes), [Fault::Status(503, Some(1))]);
    let cache = tempfile::tempdir()?;
    let hub = open(&fake)?;
    let spec = large_file(&hub, cache.path())?;
    let mut waited = false;
    let began = Instant::now();
    let folder = hub.download(&spec, &CancelToken::default(), |progress| {
        waited |= matches!(progress.stage, DownloadStage::Waiting(_));
    })?;
    assert!(waited, "the wait is told");
    assert!(
        began.elapsed() >= Duration::from_secs(1),
        "it waits as long as it was asked to"
    );
    assert_eq!(&std::fs::read(folder.join(UNET))?, bytes);
    Ok(())
}

#[test]
fn hub_servers_that_do_not_know_parts_send_everything_again() -> TestResult {
    let fake = FakeHub::start(&files())?;
    let (_, bytes) = &files()[3];
    fake.fault(&checksum(bytes), [Fault::Drop(500_000), Fault::Whole]);
    let cache = tempfile::tempdir()?;
    let hub = open(&fake)?;
    let spec = large_file(&hub, cache.path())?;
    let folder = download(&hub, &spec)?;
    assert_eq!(&std::fs::read(folder.join(UNET))?, bytes);
    Ok(())
}

#[test]
fn hub_servers_that_fall_silent_are_left_and_asked_again() -> TestResult {
    let fake = FakeHub::start(&files())?;
    let (_, bytes) = &files()[3];
    fake.fault(&checksum(bytes), [Fault::Silence(Duration::from_secs(20))]);
    let cache = tempfile::tempdir()?;
    let patience = Patience {
        read: Duration::from_millis(200),
        ..patience()
    };
    let hub = Hub::open(&settings(&fake), patience, |_request| {})?;
    let spec = large_file(&hub, cache.path())?;
    let began = Instant::now();
    let folder = download(&hub, &spec)?;
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(&std::fs::read(folder.join(UNET))?, bytes);
    Ok(())
}

#[test]
fn hub_names_that_lead_elsewhere_are_refused() -> TestResult {
    for path in ["../../evil", "/etc/evil", "a/../../evil", "a\\b"] {
        let fake = FakeHub::start(&[(path, b"x".to_vec())])?;
        let refused = list(&open(&fake)?).expect_err("it leads elsewhere");
        assert!(
            refused.to_string().contains("leads elsewhere"),
            "{path}: {refused}"
        );
    }
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn hub_downloads_end_in_words_when_the_disk_is_full() -> TestResult {
    let fake = FakeHub::start(&files())?;
    let (_, bytes) = &files()[3];
    let cache = tempfile::tempdir()?;
    let hub = open(&fake)?;
    let spec = large_file(&hub, cache.path())?;
    let blobs = cache.path().join("models--somebody--toon/blobs");
    std::fs::create_dir_all(&blobs)?;
    let part = blobs.join(format!("{}.incomplete", checksum(bytes)));
    std::os::unix::fs::symlink("/dev/full", &part)?;
    let refused = download(&hub, &spec).expect_err("nothing can be written");
    assert!(
        matches!(refused, HubError::Disk { full: true, .. }),
        "{refused}"
    );
    let problem = refused.problem(&repo());
    assert!(problem.message.contains("disk is full"), "{problem}");

    // With room again it goes on.
    std::fs::remove_file(&part)?;
    let folder = download(&hub, &spec)?;
    assert_eq!(&std::fs::read(folder.join(UNET))?, bytes);
    Ok(())
}

#[test]
fn hub_servers_that_are_not_there_are_named() -> TestResult {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let settings = NetworkSettings {
        endpoint: format!("http://{nobody}"),
        ..NetworkSettings::default()
    };
    let hub = Hub::open(&settings, patience(), |_request| {})?;
    let refused = list(&hub).expect_err("nobody is there");
    let problem = refused.problem(&repo());
    assert!(problem.message.contains(&nobody.to_string()), "{problem}");
    Ok(())
}
