//! What the benchmarks share: the clock, the memory meter and the table.
#![allow(
    dead_code,
    clippy::print_stdout,
    reason = "every benchmark uses a part, and prints its result"
)]

use candle_core::{Result, Tensor};
use std::time::Instant;

/// As in the program itself; stock candle profits as well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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

/// Prints one line: what, the floating point operations in it, ours and stock candle's time.
pub fn line(name: &str, operations: f64, ours: Time, stock: Time) {
    println!(
        "{name:<40} {:>8.2} ms ({:>8.2} cpu) {:>5.0} GFLOP/s  stock {:>8.2} ({:>8.2})  ratio {:.3} ({:.3})",
        ours.wall,
        ours.cpu,
        operations / ours.wall / 1e6,
        stock.wall,
        stock.cpu,
        ours.wall / stock.wall,
        ours.cpu / stock.cpu,
    );
}

/// The largest difference, relative to the largest of `expected`.
pub fn difference(actual: &Tensor, expected: &Tensor) -> Result<f32> {
    let error = (actual - expected)?.abs()?.flatten_all()?.max(0)?;
    let size = expected.abs()?.flatten_all()?.max(0)?;
    Ok(error.to_scalar::<f32>()? / size.to_scalar::<f32>()?)
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

/// Whether the command line names this part; without names all run.
pub fn selected(part: &str) -> bool {
    let names: Vec<String> = std::env::args()
        .skip(1)
        .filter(|name| !name.starts_with('-'))
        .collect();
    names.is_empty() || names.iter().any(|name| part.contains(name.as_str()))
}
