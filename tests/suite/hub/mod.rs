//! Downloads from a server on this machine that behaves like the hub: nothing leaves it.

mod command_line;
mod downloads;
mod trouble;

use crate::fake_hub::{FakeHub, REPO, noise};
use lgd_studio::job::CancelToken;
use lgd_studio::job::hub::{
    DownloadSpec, Hub, HubError, Listing, NetworkSettings, Patience, RepoId,
};
use std::path::Path;
use std::time::Duration;

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
