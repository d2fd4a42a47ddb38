//! How good the proposed categories are, on pairs whose category is known.

use crate::golden::TestResult;
use lgd_studio::dataset::editing::{CATEGORIES, read_folder};
use lgd_studio::dataset::proposal::{PictureChange, SURE, Small, propose};
use lgd_studio::dataset::toon::{Renderer, Split, samples};
use std::collections::BTreeMap;
use std::path::Path;

/// Right ones and all, by category.
type Tally = BTreeMap<String, (usize, usize)>;

fn share(tally: &Tally) -> f64 {
    let (right, all) = tally.values().fold((0, 0), |(r, n), (a, b)| (r + a, n + b));
    right as f64 / all.max(1) as f64
}

fn count(tally: &mut Tally, category: &str, right: bool) {
    let (good, all) = tally.entry(category.to_owned()).or_default();
    *good += usize::from(right);
    *all += 1;
}

/// Combinations of scene and question that nobody looked at when the weights were written.
#[test]
fn proposals_are_mostly_right_and_more_so_where_they_are_sure() {
    let renderer = Renderer::new();
    let (mut seen, mut read, mut sure) = (Tally::new(), Tally::new(), Tally::new());
    for sample in samples(Split::Compositional, 21).take(100) {
        let small = |scene| Small::of(&renderer.render(scene, 64));
        let change = PictureChange::between(&small(&sample.before), &small(&sample.after));
        let (question, answer) = (&sample.question, &sample.answer);
        let proposal = propose(question, answer, Some(change));
        let right = proposal.category == sample.category;
        count(&mut seen, &sample.category, right);
        if proposal.confidence >= SURE {
            count(&mut sure, &sample.category, right);
        }
        let words = propose(question, answer, None);
        count(
            &mut read,
            &sample.category,
            words.category == sample.category,
        );
        if !right {
            println!(
                "{} for {}: {question} / {answer} ({change:?})",
                proposal.category, sample.category
            );
        }
    }
    println!("with pictures {:.3} {seen:?}", share(&seen));
    println!("words alone {:.3} {read:?}", share(&read));
    println!("where sure {:.3} {sure:?}", share(&sure));
    assert!(share(&seen) >= 0.85, "{seen:?}");
    assert!(
        share(&seen) >= share(&read),
        "the pictures mislead: {seen:?} {read:?}"
    );
    assert!(share(&sure) >= share(&seen), "{sure:?}");
}

/// The six real pairs, where they are.
#[test]
fn proposals_for_the_real_pairs() -> TestResult {
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vqai-mini");
    if !real.is_dir() {
        println!("there are no real pairs here");
        return Ok(());
    }
    let folder = read_folder(&real)?;
    let (mut tally, mut read) = (Tally::new(), Tally::new());
    for pair in folder.pairs.iter().filter(|pair| pair.place.split == "val") {
        let open = |name: &str| -> TestResult<Small> {
            Ok(Small::of(
                &image::open(folder.images().join(name))?.into_rgb8(),
            ))
        };
        let change = PictureChange::between(&open(&pair.before)?, &open(&pair.after)?);
        let proposal = propose(&pair.question, &pair.answer, Some(change));
        let category = pair.category.clone().unwrap_or_default();
        println!("{category}: {proposal:?} {change:?}");
        count(&mut tally, &category, proposal.category == category);
        let words = propose(&pair.question, &pair.answer, None);
        count(&mut read, &category, words.category == category);
        assert!(CATEGORIES.contains(&proposal.category));
    }
    let (seen, words) = (share(&tally), share(&read));
    println!("real pairs {seen:.3}, by words alone {words:.3}");
    assert!(seen >= words, "{tally:?} {read:?}");
    assert!(share(&tally) >= 0.5, "{tally:?}");
    Ok(())
}
