//! How much memory there is, and how much this process holds.

use candle_core::{Device, Result};

/// Memory of a device, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// What could be taken now.
    pub free: u64,
    /// All there is.
    pub total: u64,
}

/// The memory of an open device; nothing where the system does not say.
///
/// # Errors
/// When the device is asked and does not answer.
pub fn room(device: &Device) -> Result<Option<Room>> {
    Ok(match device {
        Device::Cpu => main_memory(),
        #[cfg(feature = "cuda")]
        Device::Cuda(cuda) => {
            use candle_core::cuda_backend::WrapErr as _;
            let (free, total) = cuda.cuda_stream().context().mem_get_info().w()?;
            Some(Room {
                free: free as u64,
                total: total as u64,
            })
        }
        #[cfg(not(feature = "cuda"))]
        Device::Cuda(_) => None,
        // The GPU of a Mac works in main memory.
        Device::Metal(_) => main_memory(),
    })
}

/// What the system, or the control group this process is in, still gives.
fn main_memory() -> Option<Room> {
    let mut system = sysinfo::System::new().ok()?;
    system.refresh_memory();
    let whole = Room {
        free: system.available_memory(),
        total: system.total_memory(),
    };
    let limits = system.cgroup_limits();
    Some(limits.map_or(whole, |limits| {
        Room {
            // What the group keeps of files it can be made to give back, so only the rest counts.
            free: limits
                .total_memory
                .saturating_sub(limits.rss)
                .min(whole.free),
            total: limits.total_memory.min(whole.total),
        }
    }))
}

/// Bytes of main memory that this process holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Now.
    pub now: u64,
    /// At most, since [`forget_peak`] or the start.
    pub peak: u64,
}

/// What this process holds; nothing on systems that do not tell it in `/proc`.
pub fn held() -> Option<Held> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let field = |name: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kib << 10)
    };
    Some(Held {
        now: field("VmRSS:")?,
        peak: field("VmHWM:")?,
    })
}

/// Lets the peak start again at what is held now. False where the system has no such thing.
pub fn forget_peak() -> bool {
    std::fs::write("/proc/self/clear_refs", "5").is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn main_memory_has_room_within_its_size() -> Result<()> {
        let room = room(&Device::Cpu)?.expect("this system says how much memory it has");
        assert!(room.free > 0 && room.free <= room.total, "{room:?}");
        Ok(())
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_large_allocation_shows_in_what_is_held() {
        // Other tests come and go in the same process, so nothing is compared with an earlier moment.
        const BYTES: usize = 256 << 20;
        let memory = vec![1u8; BYTES];
        let with = held().expect("Linux says it in /proc");
        let total = main_memory().map_or(u64::MAX, |room| room.total);
        assert!((BYTES as u64..total).contains(&with.now), "{with:?}");
        assert!(with.peak >= with.now);
        assert_eq!(memory.iter().map(|x| usize::from(*x)).sum::<usize>(), BYTES);
    }
}
