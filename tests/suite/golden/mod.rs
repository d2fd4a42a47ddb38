//! Golden numbers: every case of `tests/fixtures` (or of the folder in `LGD_GOLDEN_DIR`) against
//! what the original implementations computed. See `tests/fixtures/README.md` for the format.
//!
//! Each area has one test that walks the cases of its folder: an unknown case name fails, and so
//! does an expected tensor that nothing compared. Every case prints its largest error.

/// Prints a line that shows up without `--nocapture` too.
macro_rules! report {
    ($($text:tt)*) => {
        $crate::golden::report_line(format_args!($($text)*))
    };
}

mod blip2;
mod ckpt;
mod ckpt_import;
mod ckpt_language;
mod clip_tokens;
mod ip2p;
mod lgd;
mod lgd_text;
mod lgd_training;
mod metrics;
mod preprocess;
mod rng;

use candle_core::{DType, Device, Tensor};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Writes past the test harness, which would swallow the output of a test that passes.
fn report_line(text: std::fmt::Arguments<'_>) {
    use std::io::Write as _;
    // A closed pipe is no reason to fail a comparison.
    drop(writeln!(std::io::stdout(), "{text}"));
}

pub type TestResult<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The fixtures: `LGD_GOLDEN_DIR`, or `tests/fixtures`.
pub fn root() -> TestResult<PathBuf> {
    let root = std::env::var_os("LGD_GOLDEN_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"),
        PathBuf::from,
    );
    if !root.is_dir() {
        return Err(format!("golden folder {} does not exist", root.display()).into());
    }
    Ok(root)
}

/// One folder of cases with its `cases.json`.
pub struct Folder {
    pub path: PathBuf,
    pub cases: Vec<Case>,
}

/// One case: inputs, parameters and expected tensors with their tolerances.
pub struct Case {
    pub name: String,
    pub params: Value,
    pub folder: PathBuf,
    tensors: BTreeMap<String, Tensor>,
    specs: BTreeMap<String, Value>,
    checked: RefCell<BTreeSet<String>>,
    worst: RefCell<(f64, String)>,
    failures: RefCell<Vec<String>>,
}

impl Folder {
    /// Reads `NAME/cases.json` and every case's tensors.
    pub fn open(name: &str) -> TestResult<Self> {
        let path = root()?.join(name);
        let text = std::fs::read_to_string(path.join("cases.json"))
            .map_err(|e| format!("{}: {e}", path.join("cases.json").display()))?;
        let about: Value = serde_json::from_str(&text)?;
        let mut cases = Vec::new();
        for about in about["cases"].as_array().ok_or("no cases")? {
            let name = about["name"]
                .as_str()
                .ok_or("a case has no name")?
                .to_owned();
            let tensors = match about["file"].as_str() {
                Some(file) => candle_core::safetensors::load(path.join(file), &Device::Cpu)?
                    .into_iter()
                    .collect(),
                None => BTreeMap::new(),
            };
            let specs = about["tensors"]
                .as_array()
                .map(|list| {
                    list.iter()
                        .filter_map(|s| Some((s["tensor"].as_str()?.to_owned(), s.clone())))
                        .collect()
                })
                .unwrap_or_default();
            cases.push(Case {
                name,
                params: about["params"].clone(),
                folder: path.clone(),
                tensors,
                specs,
                checked: RefCell::default(),
                worst: RefCell::default(),
                failures: RefCell::default(),
            });
        }
        Ok(Self { path, cases })
    }

    /// Runs `run` on every case and fails with all failures together.
    pub fn run_all(&self, mut run: impl FnMut(&Case) -> TestResult) -> TestResult {
        let mut failures = Vec::new();
        for case in &self.cases {
            match run(case).and_then(|()| case.finish()) {
                Ok(()) => {}
                Err(e) => failures.push(format!("{}: {e}", case.name)),
            }
        }
        if failures.is_empty() {
            Ok(())
        } else {
            Err(failures.join("\n").into())
        }
    }

    /// The case of that name, for inputs that one case borrows from another.
    pub fn case(&self, name: &str) -> TestResult<&Case> {
        self.cases
            .iter()
            .find(|c| c.name == name)
            .ok_or_else(|| format!("no case {name}").into())
    }
}

impl Case {
    /// An input tensor (`in.` is prepended), floats as f32.
    pub fn input(&self, name: &str) -> TestResult<Tensor> {
        self.tensor(&format!("in.{name}"))
    }

    /// An expected tensor (`out.` is prepended), for cases that need it as an input of a later stage.
    pub fn expected(&self, name: &str) -> TestResult<Tensor> {
        self.tensor(&format!("out.{name}"))
    }

    /// Names of the expected tensors, without `out.`.
    pub fn expected_names(&self) -> Vec<String> {
        self.specs
            .keys()
            .filter_map(|name| name.strip_prefix("out.").map(str::to_owned))
            .collect()
    }

    fn tensor(&self, name: &str) -> TestResult<Tensor> {
        Ok(self
            .tensors
            .get(name)
            .ok_or_else(|| format!("no tensor {name}"))?
            .clone())
    }

    /// Compares `actual` with `out.NAME` within that tensor's own tolerance.
    pub fn check(&self, name: &str, actual: &Tensor) -> TestResult {
        let full = format!("out.{name}");
        let expected = self.tensor(&full)?;
        let spec = self.specs.get(&full).cloned().unwrap_or(Value::Null);
        self.checked.borrow_mut().insert(full);
        if actual.dims() != expected.dims() {
            self.failures.borrow_mut().push(format!(
                "{name} is {:?}, expected {:?}",
                actual.dims(),
                expected.dims()
            ));
            return Ok(());
        }
        let flat = |t: &Tensor| -> TestResult<Vec<f64>> {
            Ok(t.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?)
        };
        let (actual, expected) = (flat(actual)?, flat(&expected)?);
        let exact = spec["exact"].as_bool().unwrap_or(false);
        let (atol, rtol) = (spec["atol"].as_f64(), spec["rtol"].as_f64().unwrap_or(0.0));
        let atol = if exact { 0.0 } else { atol.unwrap_or(0.0) };
        let rtol = if exact { 0.0 } else { rtol };
        let mut over: Option<(f64, usize)> = None;
        for (i, (a, e)) in actual.iter().zip(&expected).enumerate() {
            // A NaN is the largest error there is.
            let error = Some((a - e).abs())
                .filter(|error| !error.is_nan())
                .unwrap_or(f64::INFINITY);
            if error > self.worst.borrow().0 {
                *self.worst.borrow_mut() = (error, name.to_owned());
            }
            let allowed = atol + rtol * e.abs();
            if error > allowed && over.is_none_or(|(worst, _)| error > worst) {
                over = Some((error, i));
            }
        }
        if let Some((error, i)) = over {
            self.failures.borrow_mut().push(format!(
                "{name}[{i}] is {}, expected {} (error {error:.3e}, allowed {atol:.1e} + {rtol:.1e} * |expected|)",
                actual[i], expected[i]
            ));
        }
        Ok(())
    }

    /// [`Case::check`] where the case has such an expectation.
    pub fn check_if_expected(&self, name: &str, actual: &Tensor) -> TestResult {
        if self.specs.contains_key(&format!("out.{name}")) {
            self.check(name, actual)
        } else {
            Ok(())
        }
    }

    /// Notes a comparison made by other means (exact texts, token ids of ragged length).
    pub fn check_eq<T: PartialEq + std::fmt::Debug>(&self, name: &str, actual: &T, expected: &T) {
        self.checked.borrow_mut().insert(format!("out.{name}"));
        if actual != expected {
            self.failures
                .borrow_mut()
                .push(format!("{name} is {actual:?}, expected {expected:?}"));
        }
    }

    /// Fails on a failed comparison; for tests of a part of a case.
    pub fn none_failed(&self) -> TestResult {
        match self.failures.borrow().as_slice() {
            [] => Ok(()),
            failures => Err(failures.join("; ").into()),
        }
    }

    /// Prints the largest error; fails on a failed or forgotten comparison.
    pub fn finish(&self) -> TestResult {
        let (worst, name) = &*self.worst.borrow();
        report!(
            "golden {} {}: largest error {worst:.2e} {name}",
            self.folder.file_name().unwrap_or_default().display(),
            self.name
        );
        let mut failures = self.failures.borrow().clone();
        for name in self.specs.keys().filter(|name| name.starts_with("out.")) {
            if !self.checked.borrow().contains(name) {
                failures.push(format!("{name} was not compared"));
            }
        }
        if failures.is_empty() {
            Ok(())
        } else {
            Err(failures.join("; ").into())
        }
    }
}
