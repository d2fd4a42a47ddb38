//! PyTorch checkpoints read as data: good ones to the last bit, hostile ones without harm.

use crate::golden::{TestResult, root};
use lgd_studio::nn::{LoadError, StoredDtype, WeightFile, WeightFormat};
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest time any of the bad files may take; reading one takes microseconds.
const LONGEST: Duration = Duration::from_secs(10);
/// Most memory the whole collection may take.
const MOST_MEMORY_KIB: u64 = 512 << 10;
/// Says to this test that it is the child whose memory is measured.
const CHILD: &str = "LGD_BAD_FILES_CHILD";

/// Reads every tensor; the names of those that are not finite.
fn read_all(path: &Path) -> Result<Vec<String>, LoadError> {
    let file = WeightFile::open(path)?;
    let mut not_finite = Vec::new();
    for (name, tensor) in file.tensors() {
        let bytes = file.bytes(name)?;
        assert_eq!(
            bytes.len(),
            tensor.parameters() * tensor.dtype().bitsize() / 8,
            "{name}"
        );
        let finite = tensor.dtype() != StoredDtype::F32
            || bytes
                .as_chunks()
                .0
                .iter()
                .all(|b| f32::from_le_bytes(*b).is_finite());
        if !finite {
            not_finite.push(name.clone());
        }
    }
    Ok(not_finite)
}

/// What a message about a file must have: the reason, what to do, and the file last.
fn assert_clear(error: &LoadError, file: &str) {
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() >= 3 && error.hint().is_some(), "{text}");
    let last = lines.last().copied().unwrap_or_default();
    assert!(last.starts_with("File: ") && last.ends_with(file), "{text}");
    assert!(!text.contains("Error") && !text.contains("::"), "{text}");
}

/// Every file of the collection of bad ones does what its case says.
#[test]
fn bad_files_give_clear_errors_and_do_nothing() -> TestResult {
    if std::env::var_os(CHILD).is_some() {
        return all_bad_files();
    }
    // In a process and a folder of its own, so that its memory and what it leaves can be seen.
    let folder = tempfile::tempdir()?;
    let run = std::process::Command::new(std::env::current_exe()?)
        .args(["--exact", "--nocapture"])
        .arg("checkpoints::bad_files_give_clear_errors_and_do_nothing")
        .env(CHILD, "1")
        .env("LGD_GOLDEN_DIR", root()?)
        .current_dir(folder.path())
        .output()?;
    let output = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success(),
        "{output}\n{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let left: Vec<_> = std::fs::read_dir(folder.path())?.flatten().collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    for line in output
        .lines()
        .filter(|line| line.starts_with("peak memory"))
    {
        println!("{line}");
    }
    Ok(())
}

fn all_bad_files() -> TestResult {
    let folder = root()?.join("ckpt/bad");
    let about: Value = serde_json::from_slice(&std::fs::read(folder.join("cases.json"))?)?;
    let marker = about["marker_file"].as_str().ok_or("no marker")?;
    let cases = about["cases"].as_array().ok_or("no cases")?;
    assert!(cases.len() > 35);
    for case in cases {
        let file = case["file"].as_str().ok_or("a case has no file")?;
        let expected = case["expect"].as_str().ok_or("a case expects nothing")?;
        let started = Instant::now();
        let result = read_all(&folder.join(file));
        assert!(started.elapsed() < LONGEST, "{file} took too long");
        assert!(!Path::new(marker).exists(), "{file} ran its command");
        if let Err(error) = &result {
            println!("{error}\n");
            assert_clear(error, file);
        }
        match (expected, &result) {
            ("ok" | "error_or_ok_nothing_written" | "error_or_ok", Ok(bad)) => {
                assert!(bad.is_empty(), "{file}: {bad:?}");
            }
            ("non_finite", Ok(bad)) => {
                assert_eq!(
                    *bad,
                    ["model.layer1.weight", "model.layer2.weight"],
                    "{file}"
                );
            }
            ("no_execution" | "error_no_execution", Err(LoadError::Refused { reason, .. })) => {
                assert!(
                    reason.contains("tries to run a command"),
                    "{file}: {reason}"
                );
            }
            ("error" | "error_bounded", Err(_)) => {}
            ("error_or_swapped", Err(error)) => {
                assert!(error.to_string().contains("big-endian"), "{error}");
            }
            _ => return Err(format!("{file}: expected {expected}, got {result:?}").into()),
        }
    }
    check_peak_memory()
}

/// Linux tells how much memory this process has had at most.
fn check_peak_memory() -> TestResult {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return Ok(());
    };
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let line = line.ok_or("no peak memory")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    println!("peak memory with all bad files: {} MiB", kib >> 10);
    assert!(kib < MOST_MEMORY_KIB, "{kib} KiB");
    Ok(())
}

/// Both files hold the same tensors, to the last bit.
fn assert_same(one: &Path, other: &Path) -> TestResult {
    let (one, other) = (WeightFile::open(one)?, WeightFile::open(other)?);
    let names: Vec<&String> = one.tensors().keys().collect();
    assert_eq!(names, other.tensors().keys().collect::<Vec<_>>());
    for (name, tensor) in one.tensors() {
        let same = &other.tensors()[name];
        assert_eq!(tensor.dims(), same.dims(), "{name}");
        assert_eq!(tensor.dtype(), same.dtype(), "{name}");
        assert_eq!(one.bytes(name)?, other.bytes(name)?, "{name}");
    }
    Ok(())
}

#[test]
fn views_strides_and_all_dtypes_have_the_values_torch_sees() -> TestResult {
    let bad = root()?.join("ckpt/bad");
    assert_same(
        &bad.join("odd_tensors.ckpt"),
        &bad.join("odd_tensors.safetensors"),
    )
}

#[test]
fn both_checkpoint_formats_hold_what_the_safetensors_file_holds() -> TestResult {
    let bad = root()?.join("ckpt/bad");
    let good = bad.join("good_small.safetensors");
    for (file, format) in [
        ("good_small.ckpt", WeightFormat::PytorchZip),
        ("legacy_not_zip.ckpt", WeightFormat::PytorchLegacy),
    ] {
        assert_eq!(WeightFile::open(&bad.join(file))?.format(), format);
        assert_same(&bad.join(file), &good)?;
    }
    Ok(())
}

/// The sums that torch computed over every tensor of a Lightning checkpoint.
#[test]
fn every_tensor_of_the_original_checkpoint_has_its_sum() -> TestResult {
    let folder = root()?.join("ckpt");
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(folder.join("state_dict_manifest.json"))?)?;
    let manifest = manifest.as_object().ok_or("no manifest")?;
    let file = WeightFile::open(&folder.join("lgd_tiny.ckpt"))?;
    assert_eq!(file.tensors().len(), manifest.len());
    assert_eq!(file.extras()["epoch"], "49");
    for (name, about) in manifest {
        let tensor = file
            .tensors()
            .get(name)
            .ok_or_else(|| format!("no {name}"))?;
        let dims: Vec<usize> = serde_json::from_value(about["shape"].clone())?;
        assert_eq!(tensor.dims(), dims, "{name}");
        let values = values(&file.bytes(name)?, tensor.dtype());
        let (sum, abs_sum) = (
            values.iter().sum::<f64>(),
            values.iter().map(|v| v.abs()).sum::<f64>(),
        );
        let expected = |key: &str| about[key].as_f64().unwrap_or(f64::NAN);
        for (got, expected) in [(sum, expected("sum")), (abs_sum, expected("abs_sum"))] {
            assert!(
                (got - expected).abs() <= 1e-9 * expected.abs() + 1e-9,
                "{name}: {got} {expected}"
            );
        }
    }
    Ok(())
}

fn values(bytes: &[u8], dtype: StoredDtype) -> Vec<f64> {
    fn each<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f64) -> Vec<f64> {
        bytes
            .as_chunks()
            .0
            .iter()
            .map(|chunk| read(*chunk))
            .collect()
    }
    match dtype {
        StoredDtype::F32 => each(bytes, |b| f32::from_le_bytes(b).into()),
        StoredDtype::F16 => each(bytes, |b| half::f16::from_le_bytes(b).into()),
        StoredDtype::BF16 => each(bytes, |b| half::bf16::from_le_bytes(b).into()),
        StoredDtype::I32 => each(bytes, |b| i32::from_le_bytes(b).into()),
        StoredDtype::I64 => each(bytes, |b| i64::from_le_bytes(b) as f64),
        other => panic!("{other:?}"),
    }
}
