//! Downloads where everything goes well, and how the hub is reached.

use super::{UNET, download, files, large_file, list, open, patience, settings};
use crate::fake_hub::{COMMIT, FakeHub, checksum};
use crate::golden::TestResult;
use lgd_studio::job::CancelToken;
use lgd_studio::job::hub::{DownloadSpec, Hub, HubError, NetworkSettings, Purpose, Secret};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

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
