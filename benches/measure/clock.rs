//! The clock and the memory meter, of our benchmarks and of the program they are compared with.

use candle_core::Result;
use std::time::Instant;

/// Milliseconds of one run.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    /// On the clock.
    pub wall: f64,
    /// Of all threads together; on a busy machine the steadier number. Linux only.
    pub cpu: f64,
}

/// The shortest of `repeats` runs after one that warms up.
pub fn best<T>(repeats: usize, mut work: impl FnMut() -> Result<T>) -> Result<Time> {
    work()?;
    let mut best = Time {
        wall: f64::INFINITY,
        cpu: f64::INFINITY,
    };
    for _ in 0..repeats {
        let (cpu, start) = (cpu_millis(), Instant::now());
        let result = work()?;
        best.wall = best.wall.min(start.elapsed().as_secs_f64() * 1e3);
        best.cpu = best.cpu.min(cpu_millis() - cpu);
        drop(result);
    }
    Ok(best)
}

/// Milliseconds all threads of this process have run so far.
fn cpu_millis() -> f64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        return 0.0;
    };
    let nanos = |task: std::io::Result<std::fs::DirEntry>| -> Option<f64> {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse().ok()
    };
    tasks.filter_map(nanos).sum::<f64>() / 1e6
}

/// Starts the meter of [`peak_mib`] anew. Linux only; elsewhere the meter reads 0.
pub fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The most memory held since [`reset_peak`].
pub fn peak_mib() -> f64 {
    status("VmHWM:")
}

/// The memory held now.
pub fn held_mib() -> f64 {
    status("VmRSS:")
}

fn status(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .and_then(|rest| {
            rest.trim()
                .trim_end_matches(" kB")
                .trim()
                .parse::<f64>()
                .ok()
        });
    kib.unwrap_or(0.0) / 1024.0
}
