//! One run per device at a time: a lock per device, which the system lets go of when the program that
//! holds it ends, however it ends.

use crate::job::{DeviceChoice, Places, Problem};
use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A device that trains; others find it taken until this is dropped.
#[derive(Debug)]
pub struct HeldDevice {
    _lock: File,
}

/// The name by which a device is locked and shown: `auto` is the device it stands for.
pub fn device_key(device: DeviceChoice) -> DeviceChoice {
    match device {
        DeviceChoice::Auto => DeviceChoice::available()
            .first()
            .copied()
            .unwrap_or(DeviceChoice::Cpu),
        other => other,
    }
}

/// Takes a device for the run in `run`.
///
/// # Errors
/// When another run has it, or the lock cannot be written.
pub fn hold_device(
    places: &Places,
    device: DeviceChoice,
    run: &Path,
) -> Result<HeldDevice, Problem> {
    let key = device_key(device);
    let path = lock_file(places, key);
    let unwritable = |e: std::io::Error| {
        Problem::new(format!("The device {key} cannot be locked: {e}."))
            .hint("Check that the folder can be written.")
            .file(&path)
    };
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).map_err(unwritable)?;
    let mut lock = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .map_err(unwritable)?;
    match lock.try_lock() {
        Ok(()) => {
            lock.set_len(0)
                .and_then(|()| lock.write_all(run.display().to_string().as_bytes()))
                .map_err(unwritable)?;
            Ok(HeldDevice { _lock: lock })
        }
        Err(TryLockError::WouldBlock) => {
            let other = std::fs::read_to_string(&path).unwrap_or_default();
            let taken = match key {
                DeviceChoice::Cpu => "The processor trains another run already.".to_owned(),
                _ => format!("The device {key} trains another run already."),
            };
            Err(Problem::new(taken)
                .hint("Wait for that one, stop it, or queue this one on the Train page.")
                .file(other))
        }
        Err(TryLockError::Error(e)) => Err(unwritable(e)),
    }
}

fn lock_file(places: &Places, device: DeviceChoice) -> PathBuf {
    let name = device.to_string().replace(':', "-");
    places.state.join("devices").join(format!("{name}.lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_has_one_run_and_is_free_after_it() -> std::io::Result<()> {
        let home = tempfile::tempdir()?;
        let at = |name: &str| home.path().join(name);
        let places = Places {
            config: at("config"),
            data: at("data"),
            cache: at("cache"),
            state: at("state"),
        };
        let take = |device, run: &str| hold_device(&places, device, Path::new(run));
        let held = take(DeviceChoice::Cpu, "first").map_err(std::io::Error::other)?;
        let refused = take(DeviceChoice::Cpu, "second").expect_err("it is taken");
        let text = refused.to_string();
        assert!(
            text.contains("another run") && text.contains("first"),
            "{text}"
        );
        // Another device is another lock.
        assert!(take(DeviceChoice::Cuda(0), "third").is_ok());
        drop(held);
        assert!(take(DeviceChoice::Cpu, "second").is_ok());
        Ok(())
    }
}
