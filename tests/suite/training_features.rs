//! Features of frozen networks, and reading ahead.

use crate::golden::TestResult;
use crate::training_runs::{last_checkpoint, losses, short, train};
use lgd_studio::train::{Ended, Preset, TrainConfig};
use std::path::PathBuf;

/// Reading ahead and keeping features change nothing: the same losses and the same checkpoint, bit for
/// bit, without both, with a new cache, with a full one, and after a stop.
#[test]
fn kept_features_and_reading_ahead_change_no_number() -> TestResult {
    let place = tempfile::tempdir()?;
    let mut config = short(place.path(), 5)?;
    config.data.flip_prob = 0.5;
    (config.optim.batch, config.optim.accumulation) = (2, 2);
    let cache = place.path().join("features");
    let run = |preset: Preset, name: &str, ahead: usize, kept: bool| -> TestResult<PathBuf> {
        let mut config = config.clone();
        config.model.train = TrainConfig::of_preset(preset).model.train;
        config.data.prefetch = ahead;
        config.data.cache = match kept {
            true => cache.display().to_string(),
            false => String::new(),
        };
        let folder = place.path().join(format!("{preset:?}-{name}"));
        assert_eq!(train(&config, &folder, || None, |_| {})?, Ended::Finished);
        Ok(folder)
    };
    let count = || -> usize {
        let shelves = std::fs::read_dir(&cache).into_iter().flatten().flatten();
        let files = shelves.map(|shelf| std::fs::read_dir(shelf.path()).map_or(0, Iterator::count));
        files.sum()
    };
    // The adapter alone leaves all of BLIP-2 frozen; the full preset only its image encoder.
    for preset in [Preset::Adapter, Preset::Full] {
        let before = count();
        let plain = run(preset, "plain", 0, false)?;
        assert_eq!(count(), before);
        let expected = (losses(&plain)?, last_checkpoint(&plain, 5)?);
        let ahead = run(preset, "ahead", 3, false)?;
        assert_eq!((losses(&ahead)?, last_checkpoint(&ahead, 5)?), expected);
        let fresh = run(preset, "fresh", 3, true)?;
        assert_eq!((losses(&fresh)?, last_checkpoint(&fresh, 5)?), expected);
        let made = count();
        assert!(made > before, "features were kept");
        let known = run(preset, "known", 0, true)?;
        assert_eq!((losses(&known)?, last_checkpoint(&known, 5)?), expected);
        assert_eq!(count(), made, "nothing was computed twice");
    }
    // A changed picture is another picture, under the same name.
    let made = count();
    let picture = place.path().join("data/images/train_000001a.png");
    image::open(&picture)?.into_rgb8().save(&picture)?;
    let mut changed = image::open(&picture)?.into_rgb8();
    changed.put_pixel(0, 0, image::Rgb([1, 2, 3]));
    changed.save(&picture)?;
    run(Preset::Adapter, "changed", 2, true)?;
    assert!(count() > made);
    Ok(())
}
