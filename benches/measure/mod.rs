//! What the benchmarks share: the clock, the memory meter, the comparison and the table.
#![allow(
    dead_code,
    unused_imports,
    clippy::print_stdout,
    reason = "every benchmark uses a part, and prints its result"
)]

mod clock;

use candle_core::{Error, Result, Tensor};
pub use clock::{Time, best, held_mib, peak_mib, reset_peak};
use std::process::{Command, Stdio};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// One run of stock candle-transformers: `benches/stock`, a program of its own, because Cargo would
/// give our features and our allocator to a dependency of ours.
pub fn stock(part: &str) -> Result<Time> {
    let root = env!("CARGO_MANIFEST_DIR");
    let output = Command::new(env!("CARGO"))
        .args(["run", "--release", "--quiet", "--locked", "--manifest-path"])
        .arg(format!("{root}/benches/stock/Cargo.toml"))
        .arg("--target-dir")
        .arg(format!("{root}/target/stock"))
        .args(["--", part])
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text.split_whitespace().flat_map(str::parse).collect();
    let [wall, cpu, mib] = numbers[..] else {
        return Err(Error::msg(format!("stock candle said {text:?} to {part}")));
    };
    println!("stock {part}: {wall:.0} ms, peak {mib:.0} MiB above the weights");
    Ok(Time { wall, cpu })
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

/// Whether the command line names this part; without names all run.
pub fn selected(part: &str) -> bool {
    let names: Vec<String> = std::env::args()
        .skip(1)
        .filter(|name| !name.starts_with('-'))
        .collect();
    names.is_empty() || names.iter().any(|name| part.contains(name.as_str()))
}
