//! Questions that take more than one rule: causes in a chain, negation, counting.
//!
//! The samples come in pairs: the same question about two frames, with two answers, so that neither the
//! question alone nor one rule is enough.
//!
//! - chained causes: one thing happens and then another, and without the first the second would end
//!   differently;
//! - negation: a cause that acts unless somebody or something is there, or on everybody but one;
//! - counting: a cause that acts only with so many animals.
//!
//! Rules and scenes are those of training, but for held-out pairs, which are left to the compositional
//! split; what is new is how they are put together.

use super::draw::Draw;
use super::rules::{Rule, rules};
use super::sample::{Sample, scene};
use super::scene::Scene;
use super::world::{Kind, World};

/// How a wording begins that can be put into a longer question.
const IF: &str = "What happens if ";
/// Scenes that are looked at for one frame of a pair.
const SCENES: usize = 400;
/// Pairs that are tried for one that is there.
const TRIES: usize = 4000;
/// What is said where a cause does nothing.
const NOTHING: &str = "Nothing happens.";
/// Rules that only reach who hears them.
const HEARD: [&str; 3] = ["lullaby", "ghost_story", "joke"];
/// The numbers in words.
const NUMBERS: [&str; 4] = ["no", "one", "two", "three"];

/// How a question goes beyond one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Chained,
    Negation,
    Counting,
}

impl Way {
    const ALL: [Self; 3] = [Self::Chained, Self::Negation, Self::Counting];

    /// What stands in the place of a category.
    fn name(self) -> &'static str {
        match self {
            Self::Chained => "chained causes",
            Self::Negation => "negation",
            Self::Counting => "counting",
        }
    }
}

/// Pairs of samples without end, the ways by turns.
pub(super) fn samples(seed: u64) -> impl Iterator<Item = Sample> {
    let mut draw = Draw::new(seed);
    let mut ways = Way::ALL.into_iter().cycle();
    let pairs = std::iter::from_fn(move || {
        let way = ways.next()?;
        // Before it is looked for: the two forms are not found equally often.
        let exception = draw.below(3) == 0;
        (0..TRIES).find_map(|_| match way {
            Way::Chained => chained_pair(&mut draw),
            Way::Negation if exception => exception_pair(&mut draw),
            Way::Negation => unless_pair(&mut draw),
            Way::Counting => counting_pair(&mut draw),
        })
    });
    pairs.flatten()
}

/// The first of some scenes about which `tell` says something.
fn find<T>(draw: &mut Draw, tell: impl Fn(Scene) -> Option<T>) -> Option<T> {
    (0..SCENES).find_map(|_| tell(scene(draw)))
}

fn any_rule(draw: &mut Draw) -> Option<&'static Rule> {
    rules().get(draw.below(rules().len()))
}

/// The causes of a rule in words, such as "somebody tells a joke"; the first is the plainest.
fn clauses(rule: &Rule) -> Vec<&str> {
    let questions = rule.questions.iter();
    let clauses = questions.filter_map(|question| question.strip_prefix(IF)?.strip_suffix('?'));
    clauses.collect()
}

/// One of them.
fn clause<'a>(draw: &mut Draw, rule: &'a Rule) -> Option<&'a str> {
    let known = clauses(rule);
    known.get(draw.below(known.len())).copied()
}

/// What a rule does where training could have shown it: the case, its answer and chain, and the scene
/// after it.
struct Effect {
    case: usize,
    answer: String,
    chain: Vec<String>,
    after: Scene,
}

fn effect(rule: &Rule, scene: &Scene) -> Option<Effect> {
    if rule.is_held_out(scene) {
        return None;
    }
    let outcome = rule.outcome(scene)?;
    Some(Effect {
        case: outcome.index,
        answer: outcome.case.answer.clone(),
        chain: outcome.case.chain.clone(),
        after: outcome.after,
    })
}

/// A sample about `before`; `why` stands before the effect's own chain.
fn sample(way: Way, rule: &str, question: &str, before: Scene, effect: Effect) -> Sample {
    Sample {
        rule: rule.to_owned(),
        case: effect.case,
        category: way.name().to_owned(),
        question: question.to_owned(),
        answer: effect.answer,
        chain: effect.chain,
        before,
        after: effect.after,
    }
}

/// The effect with its reason, or that there is none.
fn if_so(acts: bool, reason: String, effect: Effect, before: &Scene) -> Effect {
    let chain = [reason];
    if acts {
        let chain = chain.into_iter().chain(effect.chain).collect();
        return Effect { chain, ..effect };
    }
    Effect {
        chain: chain.into_iter().chain([NOTHING.to_owned()]).collect(),
        answer: NOTHING.to_owned(),
        after: before.clone(),
        ..effect
    }
}

/// First one rule, then another; the second is none where it does not apply any more.
fn story(first: &Rule, second: &Rule, before: &Scene) -> Option<(Effect, Option<Effect>)> {
    let one = effect(first, before)?;
    if second.is_held_out(&one.after) {
        return None;
    }
    let two = effect(second, &one.after);
    Some((one, two))
}

fn told(one: Effect, two: Option<Effect>) -> Effect {
    match two {
        Some(two) => Effect {
            case: two.case,
            answer: format!("{} {}", one.answer, two.answer),
            chain: one.chain.into_iter().chain(two.chain).collect(),
            after: two.after,
        },
        None => Effect {
            answer: format!("{} Then nothing more happens.", one.answer),
            ..one
        },
    }
}

fn chained_pair(draw: &mut Draw) -> Option<[Sample; 2]> {
    let (first, second) = (any_rule(draw)?, any_rule(draw)?);
    if first.id == second.id {
        return None;
    }
    // Other wordings are states rather than events, which do not follow each other.
    let (clause, then) = (clauses(first), clauses(second));
    let (one, two) = (clause.first()?, then.first()?);
    let question = format!("{IF}{one} and then {two}?");
    let rule = format!("{}+{}", first.id, second.id);
    let tell = |before: Scene, needs_first: bool| {
        let (one, two) = story(first, second, &before)?;
        let alone = second.outcome(&before);
        let depends = two.as_ref().is_some_and(|two| {
            alone.is_none_or(|alone| alone.index != two.case && alone.after != two.after)
        });
        let effect = told(one, two);
        // What ends as it began shows nothing.
        ((depends || !needs_first) && effect.after != before)
            .then(|| sample(Way::Chained, &rule, &question, before, effect))
    };
    let here = find(draw, |scene| tell(scene, true))?;
    let there = find(draw, |scene| {
        tell(scene, false).filter(|there| there.answer != here.answer)
    })?;
    Some([here, there])
}

/// What a thing is called in a question.
fn called(entity: &str) -> &str {
    match entity {
        "gift" => "box",
        "icecream" => "ice cream",
        other => other,
    }
}

fn unless_pair(draw: &mut Draw) -> Option<[Sample; 2]> {
    let rule = any_rule(draw)?;
    let entities = &World::get().entities;
    let (thing, _) = entities.get(draw.below(entities.len()))?;
    // Who is part of the cause cannot be its exception.
    if rule.when.has.contains_key(thing) || rule.when.lacks.contains(thing) {
        return None;
    }
    let name = called(thing);
    let question = format!("{IF}{}, unless the {name} is there?", clause(draw, rule)?);
    let tell = |before: Scene, there: bool| {
        let found = effect(rule, &before)?;
        if before.state_of(thing).is_some() != there {
            return None;
        }
        let reason = match there {
            true => format!("The {name} is there."),
            false => format!("The {name} is not there."),
        };
        let effect = if_so(!there, reason, found, &before);
        Some(sample(Way::Negation, &rule.id, &question, before, effect))
    };
    let without = find(draw, |scene| tell(scene, false))?;
    let with = find(draw, |scene| tell(scene, true))?;
    Some([without, with])
}

fn exception_pair(draw: &mut Draw) -> Option<[Sample; 2]> {
    let id = *HEARD.get(draw.below(HEARD.len()))?;
    let rule = rules().iter().find(|rule| rule.id == id)?;
    let everybody: Vec<&String> = World::get()
        .of_kind(Kind::Character)
        .map(|(name, _)| name)
        .collect();
    let who = *everybody.get(draw.below(everybody.len()))?;
    let clause = *clauses(rule).first()?;
    let question = format!("{IF}{clause}, but the {who} does not hear it?");
    let tell = |before: Scene, there: bool| {
        let mut found = effect(rule, &before)?;
        let old = before.state_of(who).map(str::to_owned);
        if old.is_some() != there {
            return None;
        }
        if let Some(old) = old {
            {
                let mut actors = found.after.slots.iter_mut().flatten();
                let spared = actors.find(|actor| actor.entity == *who)?;
                if spared.state == old {
                    return None; // it would not have changed anyway
                }
                spared.state = old;
            }
            found.answer = match found.after == before {
                true => NOTHING.to_owned(),
                false => format!("{} But not the {who}.", found.answer),
            };
            found.chain.push(format!("The {who} hears nothing."));
        }
        Some(sample(Way::Negation, &rule.id, &question, before, found))
    };
    let without = find(draw, |scene| tell(scene, false))?;
    let with = find(draw, |scene| tell(scene, true))?;
    Some([without, with])
}

fn counting_pair(draw: &mut Draw) -> Option<[Sample; 2]> {
    let rule = any_rule(draw)?;
    let exactly = draw.below(2) == 0;
    let number = 1 + draw.below(if exactly { 3 } else { 2 });
    let word = NUMBERS.get(number)?;
    let animals = if number == 1 { "animal" } else { "animals" };
    let how = if exactly { "exactly" } else { "more than" };
    let question = format!(
        "{IF}{}, but only with {how} {word} {animals}?",
        clause(draw, rule)?
    );
    let tell = |before: Scene, fits: bool| {
        let found = effect(rule, &before)?;
        let count = animals_in(&before);
        let is_so = if exactly {
            count == number
        } else {
            count > number
        };
        if is_so != fits {
            return None;
        }
        let reason = match count {
            1 => "There is one animal.".to_owned(),
            count => format!("There are {} animals.", NUMBERS.get(count)?),
        };
        let effect = if_so(fits, reason, found, &before);
        Some(sample(Way::Counting, &rule.id, &question, before, effect))
    };
    let fitting = find(draw, |scene| tell(scene, true))?;
    let other = find(draw, |scene| tell(scene, false))?;
    Some([fitting, other])
}

/// Characters of a scene.
fn animals_in(scene: &Scene) -> usize {
    let world = World::get();
    let cast = scene.cast();
    cast.filter(|actor| world.is_character(&actor.entity))
        .count()
}
