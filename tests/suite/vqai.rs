//! Reading VQAI data sets: records, what is broken about them, categories, causal features.

use crate::golden::TestResult;
use candle_core::{Device, Tensor};
use lgd_studio::dataset::toon::{Split, ToonDataset, write_dataset};
use lgd_studio::dataset::{Categories, CausalFeatures, Records};
use lgd_studio::nn::noise::Stream;
use serde_json::json;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;

/// A toon data set with `train` samples for training and one for everything else.
pub fn toon(folder: &Path, train: usize, size: u32) -> TestResult {
    let mut dataset = ToonDataset::new(train, 1);
    dataset.size = size;
    for (split, count) in &mut dataset.counts {
        if *split != Split::Train {
            *count = 1;
        }
    }
    write_dataset(&dataset, folder, |_, _| ControlFlow::Continue(()))?;
    Ok(())
}

#[test]
fn records_keep_what_they_do_not_know_and_broken_ones_are_listed() -> TestResult {
    let place = tempfile::tempdir()?;
    let images = place.path().join("images");
    std::fs::create_dir_all(images.join("deeper"))?;
    for name in ["a.jpg", "b.jpg", "deeper/c.jpg"] {
        std::fs::write(images.join(name), b"a picture")?;
    }
    let record = |name: &str, first: &str, second: &str, question: &str| {
        json!({"sample_name": name, "image1_name": first, "image2_name": second,
            "question": question, "sent": "It rains.", "review": {"state": "good"}})
    };
    let list = place.path().join("labels_cot_train.json");
    let records = json!([
        record("SV_1", "a.jpg", "b.jpg", "What if it rains?"),
        record("SV_2", "a.jpg", "moon.jpg", "What if it rains?"),
        record("SV_3", "a.jpg", "b.jpg", "  "),
        {"sample_name": "SV_4", "image1_name": "a.jpg"},
        record("SV_1", "b.jpg", "a.jpg", "What if it rains?"),
        7,
        record("SV_5", "deeper/c.jpg", "b.jpg", "What if the sun shines?"),
    ]);
    std::fs::write(&list, records.to_string())?;
    let read = Records::of_split(place.path(), "train")?;
    let names: Vec<&str> = read.usable.iter().map(|r| r.sample_name.as_str()).collect();
    assert_eq!(names, ["SV_1", "SV_5"]);
    assert_eq!(read.usable[0].other["review"], json!({"state": "good"}));
    let broken: Vec<(&str, &str)> = read
        .broken
        .iter()
        .map(|broken| (broken.record.as_str(), broken.reason.as_str()))
        .collect();
    assert_eq!(broken.len(), 5);
    for ((record, reason), (expected, words)) in broken.into_iter().zip([
        ("SV_2", "moon.jpg is missing"),
        ("SV_3", "no question"),
        ("SV_4", "missing field"),
        ("SV_1", "another record of that name"),
        ("number 6", "invalid type"),
    ]) {
        assert_eq!(record, expected);
        assert!(reason.contains(words), "{record}: {reason}");
    }
    // Nothing usable, no list, no folder: said with the file.
    std::fs::write(&list, json!([7]).to_string())?;
    let problem = Records::open(&list, &images)
        .expect_err("nothing usable")
        .to_string();
    assert!(problem.contains("none of the 1 records") && problem.contains("labels_cot_train"));
    let problem = Records::of_split(place.path(), "moon")
        .expect_err("no list")
        .to_string();
    assert!(problem.contains("Cannot read the data set") && problem.contains("moon"));
    std::fs::write(&list, "[]")?;
    assert!(Records::open(&list, &place.path().join("nowhere")).is_err());
    Ok(())
}

#[test]
fn toon_data_sets_are_vqai_data_sets() -> TestResult {
    let place = tempfile::tempdir()?;
    toon(place.path(), 6, 16)?;
    let records = Records::of_split(place.path(), "train")?;
    assert_eq!((records.usable.len(), records.broken.len()), (6, 0));
    assert!(records.usable.iter().all(|r| r.other.contains_key("chain")));
    let found = Categories::open(&place.path().join(Categories::file_name("val")))?;
    let others: Vec<_> = found.others().map(|(_, names)| names).collect();
    assert_eq!(others, [["val_000001"]]);
    assert_eq!(found.total(), Some(["val_000001".to_owned()].as_slice()));
    Ok(())
}

#[test]
fn causal_features_are_own_and_foreign() -> TestResult {
    let place = tempfile::tempdir()?;
    let path = place.path().join("features.safetensors");
    let row = |value: f32, rows: usize| Tensor::full(value, (rows, 3), &Device::Cpu);
    let tensors = HashMap::from([
        ("a".to_owned(), row(1.0, 2)?),
        ("b.jpg".to_owned(), row(2.0, 9)?),
        ("c".to_owned(), row(3.0, 1)?),
    ]);
    candle_core::safetensors::save(&tensors, &path)?;
    let features = CausalFeatures::open(&path, 3)?;
    for (name, value, expected) in [("a", 1.0, 2), ("b.jpg", 2.0, 4), ("c", 3.0, 1)] {
        let (rows, near) = features.draw(name, &mut Stream::new(1, "causal", 0, 0))?;
        let rows: Vec<f32> = rows.get_on_dim(1, 0)?.to_vec1()?;
        assert_eq!((near, rows.len()), (expected, 8));
        assert!(rows[..near].iter().all(|v| *v == value), "{name}: {rows:?}");
        assert!(rows[near..].iter().all(|v| *v != value), "{name}: {rows:?}");
    }
    let (_, near) = features.draw("moon", &mut Stream::new(1, "causal", 0, 0))?;
    assert_eq!(near, 0);
    let problem = CausalFeatures::open(&path, 4)
        .err()
        .ok_or("another width")?;
    assert!(problem.to_string().contains("expected (n, 4)"));
    Ok(())
}
