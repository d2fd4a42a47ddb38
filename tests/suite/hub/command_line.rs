//! Downloads of the command line.

use super::{UNET, files};
use crate::fake_hub::{COMMIT, FakeHub, Fault, REPO, checksum};
use crate::golden::TestResult;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

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
