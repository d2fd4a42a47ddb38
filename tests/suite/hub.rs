//! Downloads from a server on this machine that behaves like the hub: nothing leaves it.

use crate::fake_hub::{COMMIT, FakeHub, Fault, REPO, checksum, noise};
use crate::golden::TestResult;
use lgd_studio::job::CancelToken;
use lgd_studio::job::hub::{
    DownloadSpec, DownloadStage, Hub, HubError, Listing, NetworkSettings, Patience, Purpose,
    RepoId, Secret,
};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("README.md", b"# A toon\n".to_vec()),
        ("model_index.json", b"{}".to_vec()),
        ("unet/config.json", b"{\"in_channels\": 8}".to_vec()),
        (
            "unet/diffusion_pytorch_model.safetensors",
            noise(900_000, 1),
        ),
        ("unet/diffusion_pytorch_model.bin", noise(5_000, 2)),
        ("vae/diffusion_pytorch_model.safetensors", noise(40_000, 3)),
    ]
}

const UNET: &str = "unet/diffusion_pytorch_model.safetensors";

fn settings(fake: &FakeHub) -> NetworkSettings {
    NetworkSettings {
        endpoint: fake.address.clone(),
        ..NetworkSettings::default()
    }
}

fn patience() -> Patience {
    Patience {
        connect: Duration::from_secs(5),
        read: Duration::from_secs(5),
        attempts: 4,
        first_wait: Duration::from_millis(5),
        longest_wait: Duration::from_secs(2),
    }
}

fn open(fake: &FakeHub) -> Result<Hub, HubError> {
    Hub::open(&settings(fake), patience(), |_request| {})
}

fn repo() -> RepoId {
    REPO.parse().expect("it is a name")
}

fn list(hub: &Hub) -> Result<Listing, HubError> {
    hub.list(&repo(), "main", &CancelToken::default())
}

fn spec(hub: &Hub, cache: &Path) -> Result<DownloadSpec, HubError> {
    let listing = list(hub)?;
    Ok(listing.spec(&listing.wanted, cache.to_path_buf()))
}

fn download(hub: &Hub, spec: &DownloadSpec) -> Result<std::path::PathBuf, HubError> {
    hub.download(spec, &CancelToken::default(), |_progress| {})
}

/// Only the unet's weights.
fn large_file(hub: &Hub, cache: &Path) -> Result<DownloadSpec, HubError> {
    let mut spec = spec(hub, cache)?;
    spec.files.retain(|file| file.path == UNET);
    Ok(spec)
}

#[test]
fn hub_files_arrive_in_the_layout_of_the_cache() -> TestResult {
    let fake = FakeHub::start(&files())?;
    fake.known().token = Some("hf_secret".to_owned());
    let cache = tempfile::tempdir()?;
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = requests.clone();
    let settings = NetworkSettings {
        token: Secret::new("hf_secret".to_owned()),
        ..settings(&fake)
    };
    let hub = Hub::open(&settings, patience(), move |request| {
        seen.lock().expect("nobody panicked").push(request);
    })?;
    let listing = list(&hub)?;
    assert_eq!(listing.commit, COMMIT);
    assert_eq!(listing.licence.as_deref(), Some("mit"));
    let spec = listing.spec(&listing.wanted, cache.path().to_path_buf());
    let names: Vec<&str> = spec.files.iter().map(|file| file.path.as_str()).collect();
    assert!(
        !names.contains(&"unet/diffusion_pytorch_model.bin"),
        "{names:?}"
    );
    let mut told = Vec::new();
    let folder = hub.download(&spec, &CancelToken::default(), |progress| {
        told.push(progress.bytes.0);
    })?;

    let repo = cache.path().join("models--somebody--toon");
    assert_eq!(folder, repo.join("snapshots").join(COMMIT));
    assert_eq!(std::fs::read_to_string(repo.join("refs/main"))?, COMMIT);
    for (path, bytes) in files() {
        if names.contains(&path) {
            assert_eq!(std::fs::read(folder.join(path))?, bytes, "{path}");
            assert_eq!(
                std::fs::read(repo.join("blobs").join(checksum(&bytes)))?,
                bytes
            );
            #[cfg(unix)]
            assert!(folder.join(path).symlink_metadata()?.is_symlink());
        }
    }
    assert!(
        told.is_sorted() && told.last() == Some(&spec.bytes()),
        "{told:?}"
    );

    // Every request was told, the token went to the hub alone, and no signature was written down.
    let told = requests.lock().expect("nobody panicked").clone();
    // One with a body is told again when it is there.
    let (again, requests): (Vec<_>, Vec<_>) = told
        .into_iter()
        .partition(|request| request.bytes.is_some_and(|bytes| bytes > 0));
    let loads = again
        .iter()
        .filter(|request| request.purpose == Purpose::Download);
    let arrived: u64 = loads.filter_map(|request| request.bytes).sum();
    assert_eq!(arrived, spec.bytes());
    assert!(
        again
            .iter()
            .any(|request| request.purpose == Purpose::LookUp)
    );
    let heard = fake.heard("");
    assert_eq!(requests.len(), heard.len());
    assert!(
        requests
            .iter()
            .all(|request| !request.address.contains("Signature"))
    );
    let of = |server| heard.iter().filter(move |heard| heard.server == server);
    assert!(of("files").count() >= 2);
    assert!(of("files").all(|heard| heard.authorization.is_none()));
    assert!(of("hub").all(|heard| heard.authorization.is_some()));

    // A second time nothing but the list is asked for.
    download(&hub, &spec)?;
    assert_eq!(fake.heard("").len(), heard.len());
    Ok(())
}

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
fn hub_mirrors_that_leave_out_sizes_are_asked_for_each_file() -> TestResult {
    let fake = FakeHub::start(&files())?;
    fake.known().terse = true;
    let hub = open(&fake)?;
    let listing = list(&hub)?;
    for (file, (path, bytes)) in listing.files.iter().zip(files_sorted()) {
        assert_eq!(file.path, path);
        assert_eq!(
            (file.bytes, &file.checksum),
            (bytes.len() as u64, &checksum(&bytes))
        );
    }
    let heads = fake.heard("/resolve/");
    assert_eq!(heads.len(), files().len());
    assert!(heads.iter().all(|heard| heard.method == "HEAD"));
    assert!(fake.heard("").iter().all(|heard| heard.server == "hub"));
    Ok(())
}

fn files_sorted() -> Vec<(&'static str, Vec<u8>)> {
    let mut files = files();
    files.sort();
    files
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

#[test]
fn hub_downloads_can_be_paused_and_resumed() -> TestResult {
    let fake = FakeHub::start(&files())?;
    fake.known().slowly = Some((30_000, Duration::from_millis(5)));
    let (_, bytes) = &files()[3];
    let cache = tempfile::tempdir()?;
    let hub = open(&fake)?;
    let spec = large_file(&hub, cache.path())?;
    let token = CancelToken::default();
    let stopped = hub.download(&spec, &token, |progress| {
        if progress.bytes.0 > 200_000 {
            token.cancel();
        }
    });
    assert!(matches!(stopped, Err(HubError::Stopped)));
    let arrived = spec.arrived();
    assert!((200_000..900_000).contains(&arrived), "{arrived}");
    assert!(
        !spec.snapshot().exists(),
        "nothing half-finished is shown to other programs"
    );

    // Another start of the program knows nothing but the note of the download.
    let note = serde_json::to_string(&spec)?;
    let spec: DownloadSpec = serde_json::from_str(&note)?;
    let first = AtomicUsize::new(usize::MAX);
    let folder = open(&fake)?.download(&spec, &CancelToken::default(), |progress| {
        first.fetch_min(progress.bytes.0 as usize, Ordering::Relaxed);
    })?;
    assert_eq!(&std::fs::read(folder.join(UNET))?, bytes);
    let last = fake.heard(&checksum(bytes)).pop().ok_or("it was asked")?;
    assert_eq!(last.from, Some(arrived));
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
fn hub_requests_go_through_the_proxy_that_is_set() -> TestResult {
    let fake = FakeHub::start(&files())?;
    let settings = NetworkSettings {
        proxy: fake.proxy()?,
        ..settings(&fake)
    };
    let hub = Hub::open(&settings, patience(), |_request| {})?;
    list(&hub)?;
    let tunnels = fake.heard("");
    assert!(
        tunnels.iter().any(|heard| heard.server == "proxy"),
        "{tunnels:?}"
    );
    let settings = NetworkSettings {
        proxy: "not a proxy".to_owned(),
        ..settings
    };
    let refused = Hub::open(&settings, patience(), |_request| {}).err();
    assert!(matches!(refused, Some(HubError::BadProxy)), "{refused:?}");
    Ok(())
}

#[test]
fn hub_is_never_asked_while_offline() -> TestResult {
    let fake = FakeHub::start(&files())?;
    let settings = NetworkSettings {
        offline: true,
        ..settings(&fake)
    };
    let refused = Hub::open(&settings, patience(), |_request| {}).err();
    assert!(matches!(refused, Some(HubError::Offline)));
    assert!(fake.heard("").is_empty());
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

fn studio(home: &Path, fake: &FakeHub) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lgd-studio"));
    command
        .args(["bundle", "download", REPO, "--endpoint", &fake.address])
        .arg("--cache")
        .arg(home.join("hub"))
        .env("LGD_STUDIO_HOME", home)
        .env_remove("HF_TOKEN")
        .env_remove("HF_HUB_OFFLINE");
    command
}

#[test]
fn hub_downloads_of_the_command_line_survive_a_killed_process() -> TestResult {
    let fake = FakeHub::start(&files())?;
    fake.known().slowly = Some((10_000, Duration::from_millis(20)));
    let home = tempfile::tempdir()?;
    let (_, bytes) = &files()[3];
    let part = format!(
        "models--somebody--toon/blobs/{}.incomplete",
        checksum(bytes)
    );
    let part = home.path().join("hub").join(part);
    let mut first = studio(home.path(), &fake).stdout(Stdio::null()).spawn()?;
    let end = Instant::now() + Duration::from_secs(60);
    while std::fs::metadata(&part).map_or(0, |about| about.len()) < 100_000 {
        assert!(Instant::now() < end, "nothing arrives");
        std::thread::sleep(Duration::from_millis(10));
    }
    first.kill()?;
    first.wait()?;
    let arrived = std::fs::metadata(&part)?.len();
    fake.known().slowly = None;

    let second = studio(home.path(), &fake).output()?;
    assert!(
        second.status.success(),
        "{}",
        String::from_utf8_lossy(&second.stderr)
    );
    let folder = String::from_utf8(second.stdout)?;
    let folder = Path::new(folder.trim());
    assert_eq!(&std::fs::read(folder.join(UNET))?, bytes);
    let asked = fake.heard(&checksum(bytes));
    assert_eq!(asked.last().and_then(|heard| heard.from), Some(arrived));
    Ok(())
}

#[test]
fn hub_downloads_of_the_command_line_can_be_looked_at_first() -> TestResult {
    let fake = FakeHub::start(&files())?;
    let home = tempfile::tempdir()?;
    let plan = studio(home.path(), &fake)
        .args(["--dry-run", "--json"])
        .output()?;
    assert!(
        plan.status.success(),
        "{}",
        String::from_utf8_lossy(&plan.stderr)
    );
    let plan: serde_json::Value = serde_json::from_slice(&plan.stdout)?;
    assert_eq!(plan["commit"], COMMIT);
    let chosen = |path: &str| {
        let files = plan["files"].as_array().into_iter().flatten();
        files
            .filter(|file| file["path"] == path)
            .all(|file| file["chosen"] == true)
    };
    assert!(chosen(UNET) && !chosen("unet/diffusion_pytorch_model.bin"));
    assert!(!home.path().join("hub").exists(), "nothing was written");

    let one = studio(home.path(), &fake)
        .args(["--file", "*config.json"])
        .output()?;
    let folder = String::from_utf8(one.stdout)?;
    let folder = Path::new(folder.trim());
    assert!(folder.join("unet/config.json").exists() && !folder.join(UNET).exists());
    let none = studio(home.path(), &fake)
        .args(["--file", "nothing"])
        .output()?;
    assert_eq!(none.status.code(), Some(1));
    fake.fault("/api/", [Fault::Status(404, None)]);
    let gone = studio(home.path(), &fake).output()?;
    assert_eq!(gone.status.code(), Some(1));
    let said = String::from_utf8(gone.stderr)?;
    assert!(said.contains(&format!("There is no {REPO}")), "{said}");
    Ok(())
}
