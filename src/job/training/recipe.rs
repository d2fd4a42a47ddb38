//! A bundle from nothing: data that is drawn, weights that know nothing, and stages that train one part
//! after the other, each on the bundle the stage before it left.
//!
//! Everything lies in one folder: `data/`, `runs/1-NAME/`, `bundles/1-NAME/`. What is there is not made
//! again, so a recipe that was stopped or killed goes on when the same command is given again.

use super::{Company, Ended, Event, RunRequest, Steering, TrainConfig, promote, train};
use crate::job::toon::{self, Split, ToonDataset};
use crate::job::{CancelToken, Places, Problem};
use crate::pipeline::whole_file::write_whole;
use crate::pipeline::{Bundle, BundleSource};
use crate::train::{CONFIG, write_fresh};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The recipe as the folder keeps it.
const KEPT: &str = "recipe.toml";

/// What is made of nothing, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Seed of the first weights.
    pub seed: u64,
    /// The data of the drawn world.
    pub data: RecipeData,
    /// One after the other.
    #[serde(rename = "stage")]
    pub stages: Vec<Stage>,
}

/// `[data]` of a recipe: samples of the drawn world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipeData {
    /// Samples to train on.
    pub count: usize,
    /// Samples of the other splits, each.
    pub others: usize,
    /// Their seed.
    pub seed: u64,
    /// Side of the pictures, in pixels.
    pub size: u32,
}

/// One training of a recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// What its folders are called.
    pub name: String,
    /// A configuration without data and bundle.
    pub config: Table,
}

/// What happens while a recipe is followed.
#[derive(Clone, Debug)]
pub enum RecipeNews<'a> {
    /// So many of so many samples are drawn.
    Drawing(usize, usize),
    /// A stage begins or goes on: its number from 1, their count, its name.
    Stage(usize, usize, &'a str),
    /// Its run says something.
    Run(&'a Event),
    /// A stage left a bundle.
    Made(&'a Path),
}

impl Recipe {
    /// Reads a recipe.
    ///
    /// # Errors
    /// When the file cannot be read or is no recipe.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let wrong = |what: String| {
            Problem::new(format!("The recipe cannot be used: {}", what.trim_end()))
                .hint("Correct it; assets/recipes/toon-tiny.toml is one to start from.")
                .file(path)
        };
        let text = std::fs::read_to_string(path).map_err(|e| wrong(format!("{e}.")))?;
        let recipe: Self = toml::from_str(&text).map_err(|e| wrong(e.to_string()))?;
        let plain = |name: &str| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        if recipe.stages.is_empty() || !recipe.stages.iter().all(|stage| plain(&stage.name)) {
            let text = "it needs stages, with names of letters, digits and dashes.";
            return Err(wrong(text.to_owned()));
        }
        Ok(recipe)
    }

    /// The configuration of a stage; `settings` go over it.
    fn config(
        &self,
        stage: &Stage,
        folder: &Path,
        bundle: &Path,
        settings: &[String],
    ) -> Result<TrainConfig, Problem> {
        let mut table = stage.config.clone();
        let mut put = |section: &str, key: &str, value: &Path| {
            let section = table
                .entry(section)
                .or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(section) = section {
                section.insert(key.to_owned(), Value::String(value.display().to_string()));
            }
        };
        put("data", "image_dir", &folder.join("data/images"));
        put(
            "data",
            "sample_file",
            &folder.join("data/labels_cot_train.json"),
        );
        put("model", "bundle", bundle);
        let of_stage = |problem: Problem| {
            let message = format!("Stage {}: {}", stage.name, problem.message);
            Problem { message, ..problem }
        };
        TrainConfig::parse(&table.to_string(), settings).map_err(of_stage)
    }
}

/// Follows a recipe in `folder`, or goes on with it. Returns the last bundle, or none when it was
/// cancelled. `settings` go over the configurations of all stages.
///
/// # Errors
/// What ended it; it can go on from there.
pub fn follow_recipe(
    recipe: &Recipe,
    folder: &Path,
    settings: &[String],
    company: &Company,
    places: Option<&Places>,
    cancel: &CancelToken,
    mut on_news: impl FnMut(RecipeNews<'_>) + Send,
) -> Result<Option<PathBuf>, Problem> {
    let unwritable = |e: std::io::Error| {
        Problem::new(format!("The folder of the recipe cannot be used: {e}."))
            .hint("Choose a folder that you may write to.")
            .file(folder)
    };
    let folder = std::path::absolute(folder).map_err(unwritable)?;
    std::fs::create_dir_all(folder.join("bundles")).map_err(unwritable)?;
    claim(recipe, &folder)?;

    // Nothing may be wrong in the last stage that is found out after hours.
    for stage in &recipe.stages {
        recipe.config(stage, &folder, &folder, settings)?;
    }
    let data = &recipe.data;
    let mut samples = ToonDataset::new(data.count, data.seed);
    samples.size = data.size;
    for (split, count) in &mut samples.counts {
        if *split != Split::Train {
            *count = data.others;
        }
    }
    let drawn = toon::write(&samples, &folder.join("data"), cancel, |done, all| {
        on_news(RecipeNews::Drawing(done, all));
    })?;
    if !drawn.complete {
        return Ok(None);
    }
    let mut bundle = folder.join("bundles/0-fresh");
    if !bundle.is_dir() {
        let base = Bundle::open(&BundleSource::Embedded)?;
        write_fresh(&base, recipe.seed, &bundle)?;
    }
    let count = recipe.stages.len();
    for (number, stage) in (1..).zip(&recipe.stages) {
        let name = format!("{number}-{}", stage.name);
        let made = folder.join("bundles").join(&name);
        if !made.is_dir() {
            on_news(RecipeNews::Stage(number, count, &stage.name));
            let run = folder.join("runs").join(&name);
            let request = match run.join(CONFIG).is_file() {
                true => RunRequest::Resume(run.clone(), settings.to_vec()),
                false => {
                    let config = recipe.config(stage, &folder, &bundle, settings)?;
                    RunRequest::New(Box::new(config), run.clone())
                }
            };
            let heard = |event: &Event| on_news(RecipeNews::Run(event));
            let company = company.clone();
            let ended = train(request, company, Steering::Nobody, places, cancel, heard)?;
            if ended != Ended::Finished {
                return Ok(None);
            }
            promote(&run, &made)?;
            on_news(RecipeNews::Made(&made));
        }
        bundle = made;
    }
    Ok(Some(bundle))
}

/// Notes what the folder is for; refuses one that is for something else.
fn claim(recipe: &Recipe, folder: &Path) -> Result<(), Problem> {
    let path = folder.join(KEPT);
    if path.is_file() {
        if Recipe::read(&path)? == *recipe {
            return Ok(());
        }
        return Err(Problem::new("Another recipe was followed in this folder.")
            .hint("Choose another folder, or go on with the recipe that lies in it.")
            .file(path));
    }
    let text = toml::to_string_pretty(recipe)
        .map_err(|e| Problem::new(format!("The recipe cannot be kept: {e}.")))?;
    write_whole(&path, text.as_bytes())?;
    Ok(())
}
