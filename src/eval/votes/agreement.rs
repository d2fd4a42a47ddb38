//! How far raters agree beyond chance, on choices without an order.

use std::collections::BTreeMap;

/// Fleiss' kappa: 1 is perfect agreement, 0 what chance gives. Every item needs as many ratings as
/// the others, at least two; none without items, or when everybody always says the same.
///
/// With n_ij the ratings of item i in category j, n per item: P_i = (Σ n_ij² - n) / (n (n - 1)), Pe =
/// Σ p_j², kappa = (mean P_i - Pe) / (1 - Pe). Source: Fleiss, *Measuring Nominal Scale Agreement Among
/// Many Raters*, 1971.
pub fn fleiss_kappa<T: Ord>(items: &[Vec<T>]) -> Option<f64> {
    let n = items.first()?.len();
    if n < 2 || items.iter().any(|item| item.len() != n) {
        return None;
    }
    let mut totals: BTreeMap<&T, usize> = BTreeMap::new();
    let mut agreement = 0.0;
    for item in items {
        let counts = counts(item);
        let squares: usize = counts.values().map(|count| count * count).sum();
        agreement += (squares - n) as f64 / (n * (n - 1)) as f64;
        for (value, count) in counts {
            *totals.entry(value).or_default() += count;
        }
    }
    let observed = agreement / items.len() as f64;
    let all = (items.len() * n) as f64;
    let chance: f64 = totals
        .values()
        .map(|total| (*total as f64 / all).powi(2))
        .sum();
    (chance < 1.0).then(|| (observed - chance) / (1.0 - chance))
}

/// Krippendorff's alpha for nominal data; units may have any number of ratings, and those with fewer
/// than two say nothing. None without a pair of ratings, or when everybody always says the same.
///
/// alpha = 1 - (n - 1) Σ_{c≠k} o_ck / Σ_{c≠k} n_c n_k, with the coincidences o_ck of a unit's pairs
/// over its ratings minus one. Source: Krippendorff, *Computing Krippendorff's Alpha-Reliability*, 2011.
pub fn krippendorff_alpha<T: Ord>(units: &[Vec<T>]) -> Option<f64> {
    let mut totals: BTreeMap<&T, usize> = BTreeMap::new();
    let mut disagreement = 0.0;
    for unit in units.iter().filter(|unit| unit.len() > 1) {
        let counts = counts(unit);
        let m = unit.len();
        let same: usize = counts.values().map(|count| count * count).sum();
        disagreement += (m * m - same) as f64 / (m - 1) as f64;
        for (value, count) in counts {
            *totals.entry(value).or_default() += count;
        }
    }
    let n: usize = totals.values().sum();
    let same: usize = totals.values().map(|total| total * total).sum();
    let expected = (n * n).checked_sub(same).filter(|pairs| *pairs > 0)?;
    Some(1.0 - (n - 1) as f64 * disagreement / expected as f64)
}

fn counts<T: Ord>(values: &[T]) -> BTreeMap<&T, usize> {
    let mut counts = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kappa_is_that_of_the_worked_example() {
        // Ten items, fourteen raters, five categories; kappa 0.210 in the usual textbook table.
        let table: [[usize; 5]; 10] = [
            [0, 0, 0, 0, 14],
            [0, 2, 6, 4, 2],
            [0, 0, 3, 5, 6],
            [0, 3, 9, 2, 0],
            [2, 2, 8, 1, 1],
            [7, 7, 0, 0, 0],
            [3, 2, 6, 3, 0],
            [2, 5, 3, 2, 2],
            [6, 5, 2, 1, 0],
            [0, 2, 2, 3, 7],
        ];
        let item = |row: &[usize; 5]| -> Vec<usize> {
            let ratings = row.iter().enumerate();
            ratings.flat_map(|(j, n)| vec![j; *n]).collect()
        };
        let items: Vec<Vec<usize>> = table.iter().map(item).collect();
        let kappa = fleiss_kappa(&items).expect("complete");
        assert!((kappa - 0.2099).abs() < 5e-4, "{kappa}");
        assert_eq!(
            fleiss_kappa(&[vec![1, 1], vec![1, 1]]),
            None,
            "no variation"
        );
        assert_eq!(fleiss_kappa(&[vec![1, 2], vec![1]]), None, "not complete");
        assert_eq!(fleiss_kappa::<u8>(&[]), None);
        assert_eq!(fleiss_kappa(&[vec![1, 1], vec![2, 2]]), Some(1.0));
    }

    #[test]
    fn alpha_is_that_of_the_worked_example() {
        // Three raters, fifteen units, many missing; nominal alpha 0.691.
        let raters = [
            "*****34121133*3".to_owned(),
            "1*213343*******".to_owned(),
            "**21344*21133*4".to_owned(),
        ];
        let units: Vec<Vec<char>> = (0..15)
            .map(|unit| {
                let of = |rater: &String| rater.chars().nth(unit).filter(|c| *c != '*');
                raters.iter().filter_map(of).collect()
            })
            .collect();
        let alpha = krippendorff_alpha(&units).expect("pairs");
        assert!((alpha - 0.691).abs() < 5e-4, "{alpha}");
        assert_eq!(krippendorff_alpha(&[vec![1], vec![2]]), None);
        assert_eq!(krippendorff_alpha(&[vec![1, 1], vec![2, 2]]), Some(1.0));
        // Two raters who always differ are worse than chance.
        let alpha = krippendorff_alpha(&[vec![1, 2], vec![2, 1]]).expect("pairs");
        assert!(alpha < 0.0, "{alpha}");
    }
}
