//! The checks of a data set.

use super::pictures::{Picture, look_the_same, read_all};
use super::similar::{alike, distance};
use super::texts::gives_away;
use crate::dataset::editing::{CATEGORIES, Change, Field, Folder, Pair, Place};
use crate::dataset::proposal::{PictureChange, SURE, propose};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

/// Bits of 256 in which two pictures of one scene may differ.
const ALIKE: u32 = 8;
/// A category with less than this share of the fair one is rare.
const RARE: f64 = 0.4;

/// Of a picture that hundreds of pairs share, only so many of them are compared with a pair.
const MOST_LOOKS: usize = 200;

/// What may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// A picture is not there.
    Missing,
    /// A picture cannot be decoded.
    Broken,
    /// The two pictures of a pair have different shapes.
    OddSize,
    /// The two pictures look the same: nothing happens.
    NothingHappens,
    /// Before and after are the other way round.
    Swapped,
    /// The same pair with the same question again.
    Duplicate,
    /// The same scene in two splits.
    Leak,
    /// The question says what the answer says.
    GivesAway,
    /// The model does not read all of the question.
    TooLong,
    /// There is no question.
    NoQuestion,
    /// The words and the pictures speak for another category.
    CategoryDoubt,
    /// A category has very few pairs.
    RareCategory,
}

impl FindingKind {
    /// All kinds, the gravest first.
    pub const ALL: [Self; 12] = [
        Self::Missing,
        Self::Broken,
        Self::Leak,
        Self::Swapped,
        Self::Duplicate,
        Self::NothingHappens,
        Self::OddSize,
        Self::NoQuestion,
        Self::TooLong,
        Self::GivesAway,
        Self::CategoryDoubt,
        Self::RareCategory,
    ];
}

/// Something that may be wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// The pairs it is about, the one to change first.
    pub places: Vec<Place>,
    /// The values: file names, sizes, counts.
    pub detail: String,
    /// What could be done; empty where a person has to think.
    pub fix: Vec<Change>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HealthReport {
    /// Everything that may be wrong, the gravest first.
    pub findings: Vec<Finding>,
    /// Pairs per category, the five first; without a name those that have none.
    pub categories: Vec<(Option<String>, usize)>,
    /// Pairs that were looked at.
    pub pairs: usize,
    /// Whether the length of questions was checked.
    pub counted_tokens: bool,
}

/// How long a question may be.
#[derive(Clone, Copy)]
pub struct TokenRule<'a> {
    /// Counts the tokens of a question as the model does.
    pub count: &'a dyn Fn(&str) -> usize,
    /// How many the model reads.
    pub limit: usize,
}

/// How a data set is looked at.
pub struct Examination<'a> {
    /// How long a question may be, when a model can tell.
    pub tokens: Option<TokenRule<'a>>,
    /// Told after every picture, from any thread: pictures done and in all. When it says no, the
    /// examination ends.
    pub on_progress: &'a (dyn Fn(usize, usize) -> bool + Sync),
}

/// Looks at every picture and every word of a folder, and changes nothing. None when it was stopped.
pub fn examine(folder: &Folder, how: &Examination<'_>) -> Option<HealthReport> {
    let usable: Vec<&Pair> = folder
        .pairs
        .iter()
        .filter(|pair| pair.excluded().is_none())
        .collect();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut names = Vec::new();
    for pair in &usable {
        for name in [pair.before.as_str(), pair.after.as_str()] {
            places.entry(name).or_insert_with(|| {
                names.push(name);
                names.len() - 1
            });
        }
    }
    let done = std::sync::atomic::AtomicUsize::new(0);
    let pictures = read_all(&folder.images(), &names, &|| {
        let done = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        (how.on_progress)(done, names.len())
    })?;
    let at = |name: &str| places.get(name).copied().unwrap_or_default();
    let shown: Vec<Shown<'_>> = usable
        .iter()
        .map(|pair| Shown {
            pair,
            before: at(&pair.before),
            after: at(&pair.after),
        })
        .collect();
    let mut findings = Vec::new();
    let images = folder.images();
    for shown in &shown {
        findings.extend(of_files(shown, &pictures, &images));
        findings.extend(of_words(shown.pair, how));
        findings.extend(of_category(shown, &pictures));
    }
    let count = names.len();
    // Pictures with one hash are one picture from here on.
    let mut bits: Vec<_> = pictures.iter().map(Picture::bits).collect();
    let mut first: HashMap<[u64; 4], usize> = HashMap::new();
    let mut same_as: Vec<usize> = (0..count).collect();
    for (place, hash) in bits.iter_mut().enumerate() {
        if let Some(known) = hash.map(|hash| *first.entry(hash).or_insert(place))
            && known != place
        {
            same_as[place] = known;
            *hash = None;
        }
    }
    let shown: Vec<Shown<'_>> = shown
        .into_iter()
        .map(|pair| Shown {
            before: same_as[pair.before],
            after: same_as[pair.after],
            ..pair
        })
        .collect();
    let links = alike(&bits, ALIKE, || (how.on_progress)(count, count));
    if !(how.on_progress)(count, count) {
        return None;
    }
    findings.extend(of_scenes(&shown, &links));
    let categories = count_categories(&usable);
    findings.extend(of_balance(&categories, usable.len()));
    let rank = |kind| FindingKind::ALL.iter().position(|known| *known == kind);
    findings.sort_by_key(|finding| rank(finding.kind));
    Some(HealthReport {
        findings,
        categories,
        pairs: usable.len(),
        counted_tokens: how.tokens.is_some(),
    })
}

/// A pair with the places of its pictures.
struct Shown<'a> {
    pair: &'a Pair,
    before: usize,
    after: usize,
}

fn exclude(pair: &Pair, reason: &str) -> Vec<Change> {
    vec![pair.change(Field::Excluded, Some(json!(reason)))]
}

fn of_files(shown: &Shown<'_>, pictures: &[Picture], images: &Path) -> Option<Finding> {
    let pair = shown.pair;
    let finding = |kind, detail: String, fix| {
        Some(Finding {
            kind,
            places: vec![pair.place.clone()],
            detail,
            fix,
        })
    };
    let sides = [(&pair.before, shown.before), (&pair.after, shown.after)];
    for (name, place) in sides {
        match pictures.get(place) {
            Some(Picture::Missing) => {
                return finding(
                    FindingKind::Missing,
                    name.clone(),
                    exclude(pair, "a picture is missing"),
                );
            }
            Some(Picture::Broken(why)) => {
                let detail = format!("{name}: {why}");
                return finding(
                    FindingKind::Broken,
                    detail,
                    exclude(pair, "a picture is broken"),
                );
            }
            _ => {}
        }
    }
    let (
        Some(Picture::Read {
            size: a, bits: x, ..
        }),
        Some(Picture::Read {
            size: b, bits: y, ..
        }),
    ) = (pictures.get(shown.before), pictures.get(shown.after))
    else {
        return None;
    };
    let shape = |(width, height): (u32, u32)| f64::from(width) / f64::from(height.max(1));
    let same_file = shown.before == shown.after;
    if same_file
        || a == b
            && distance(x, y) <= ALIKE
            && look_the_same(&images.join(&pair.before), &images.join(&pair.after))
    {
        let detail = format!("{}, {}", pair.before, pair.after);
        return finding(FindingKind::NothingHappens, detail, Vec::new());
    }
    // Half a percent is the rounding of a resize.
    if (shape(*a) / shape(*b) - 1.0).abs() > 0.005 {
        let detail = format!("{} × {}, {} × {}", a.0, a.1, b.0, b.1);
        return finding(FindingKind::OddSize, detail, Vec::new());
    }
    None
}

fn of_words(pair: &Pair, how: &Examination<'_>) -> Vec<Finding> {
    let finding = |kind, detail| Finding {
        kind,
        places: vec![pair.place.clone()],
        detail,
        fix: Vec::new(),
    };
    let question = pair.question.trim();
    if question.is_empty() {
        return vec![finding(FindingKind::NoQuestion, String::new())];
    }
    let mut findings = Vec::new();
    if let Some(TokenRule { count, limit }) = how.tokens
        && count(question) > limit
    {
        let detail = format!("{} / {limit}", count(question));
        findings.push(finding(FindingKind::TooLong, detail));
    }
    if gives_away(question, &pair.answer).is_some() {
        findings.push(finding(FindingKind::GivesAway, question.to_owned()));
    }
    findings
}

/// Pairs of which the assistant is sure that they belong somewhere else, or that have no category.
fn of_category(shown: &Shown<'_>, pictures: &[Picture]) -> Option<Finding> {
    let (Some(Picture::Read { small: a, .. }), Some(Picture::Read { small: b, .. })) =
        (pictures.get(shown.before), pictures.get(shown.after))
    else {
        return None;
    };
    let pair = shown.pair;
    let change = PictureChange::between(a, b);
    let proposal = propose(&pair.question, &pair.answer, Some(change));
    let category = pair.category.as_deref();
    if category == Some(proposal.category) || proposal.confidence < SURE {
        return None;
    }
    let percent = (100.0 * proposal.confidence).round();
    Some(Finding {
        kind: FindingKind::CategoryDoubt,
        places: vec![pair.place.clone()],
        detail: match category {
            Some(category) => format!("{category}, rather {} ({percent} %)", proposal.category),
            None => format!("{} ({percent} %)", proposal.category),
        },
        fix: vec![pair.change(Field::Category, Some(json!(proposal.category)))],
    })
}

/// What only shows when pairs are compared with each other.
fn of_scenes(shown: &[Shown<'_>], links: &[(usize, usize)]) -> Vec<Finding> {
    let linked: BTreeSet<(usize, usize)> = links.iter().copied().collect();
    let same = |a: usize, b: usize| a == b || linked.contains(&(a.min(b), a.max(b)));
    let mut neighbours: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (a, b) in links {
        neighbours.entry(*a).or_default().push(*b);
        neighbours.entry(*b).or_default().push(*a);
    }
    let mut by_picture: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (number, pair) in shown.iter().enumerate() {
        by_picture.entry(pair.before).or_default().push(number);
        if pair.after != pair.before {
            by_picture.entry(pair.after).or_default().push(number);
        }
    }
    let mut findings = Vec::new();
    for (number, pair) in shown.iter().enumerate() {
        let pictures = neighbours.get(&pair.before).into_iter().flatten();
        let alike = std::iter::once(&pair.before).chain(pictures);
        let others: BTreeSet<usize> = alike
            .filter_map(|picture| by_picture.get(picture))
            .flatten()
            .copied()
            .filter(|other| *other < number)
            .take(MOST_LOOKS)
            .collect();
        let others = others.into_iter().filter_map(|other| shown.get(other));
        let mut found: Vec<Finding> = others
            .filter_map(|other| between(pair, other, &same))
            .collect();
        // One word about a pair is enough: the gravest.
        found.sort_by_key(|finding| {
            FindingKind::ALL
                .iter()
                .position(|kind| *kind == finding.kind)
        });
        findings.extend(found.into_iter().next());
    }
    findings
}

/// What a pair and an earlier one have in common that they should not.
fn between(
    pair: &Shown<'_>,
    other: &Shown<'_>,
    same: &impl Fn(usize, usize) -> bool,
) -> Option<Finding> {
    let (one, two) = (pair.pair, other.pair);
    let finding = |kind, fix| {
        Some(Finding {
            kind,
            places: vec![one.place.clone(), two.place.clone()],
            detail: format!("{}, {}", one.before, two.before),
            fix,
        })
    };
    if same(pair.before, other.after)
        && same(pair.after, other.before)
        && !same(pair.before, pair.after)
    {
        // Whose names stand the other way round is the one to turn.
        let turned = [one, two].into_iter().find(|pair| pair.before > pair.after);
        let fix = turned.map_or_else(Vec::new, |pair| {
            vec![
                pair.change(Field::Before, Some(json!(pair.after))),
                pair.change(Field::After, Some(json!(pair.before))),
            ]
        });
        return finding(FindingKind::Swapped, fix);
    }
    if !same(pair.before, other.before) {
        return None;
    }
    if one.place.split != two.place.split {
        // Training goes without it: an evaluation has to stay what it was.
        let train = [one, two]
            .into_iter()
            .find(|pair| pair.place.split == "train");
        let fix = train.map_or_else(Vec::new, |pair| {
            exclude(pair, "its scene is in another split")
        });
        return finding(FindingKind::Leak, fix);
    }
    let asked = |pair: &Pair| pair.question.trim().to_lowercase();
    if same(pair.after, other.after) && asked(one) == asked(two) {
        return finding(FindingKind::Duplicate, exclude(one, "it is there twice"));
    }
    None
}

fn count_categories(pairs: &[&Pair]) -> Vec<(Option<String>, usize)> {
    let mut counts: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for pair in pairs {
        *counts.entry(pair.category.as_deref()).or_default() += 1;
    }
    let five = CATEGORIES
        .iter()
        .map(|name| (Some(*name), counts.remove(&Some(*name)).unwrap_or(0)));
    let five: Vec<_> = five.collect();
    let all = five.into_iter().chain(counts);
    all.map(|(name, count)| (name.map(str::to_owned), count))
        .collect()
}

fn of_balance(categories: &[(Option<String>, usize)], pairs: usize) -> Vec<Finding> {
    let named: usize = categories
        .iter()
        .filter(|(name, _)| name.is_some())
        .map(|(_, n)| n)
        .sum();
    let fair = named as f64 / CATEGORIES.len() as f64;
    // Of a handful nothing can be said.
    if pairs < 50 || named < pairs / 2 {
        return Vec::new();
    }
    let five = categories.iter().filter(|(name, _)| {
        name.as_deref()
            .is_some_and(|name| CATEGORIES.contains(&name))
    });
    five.filter(|(_, count)| (*count as f64) < RARE * fair)
        .map(|(name, count)| Finding {
            kind: FindingKind::RareCategory,
            places: Vec::new(),
            detail: format!("{}: {count} / {named}", name.as_deref().unwrap_or_default()),
            fix: Vec::new(),
        })
        .collect()
}
