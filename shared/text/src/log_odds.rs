//! Terms that a window has more often than its background.
//!
//! Monroe, Colaresi, Quinn 2008, "Fightin' Words", Political Analysis 16(4), section 3.3.1: the log-odds ratio with
//! an informative Dirichlet prior, over documents (distinct reporters) that have the term instead of over tokens, so
//! that one long ticket counts once.

use crate::terms::group_key;
use std::collections::BTreeSet;

/// Prior documents for each real one: the prior speaks with a tenth of the data's voice.
const PRIOR_SHARE: f64 = 0.1;
/// Least prior count of a term (Jeffreys' ½), which keeps the variance of unseen terms finite.
const PRIOR_FLOOR: f64 = 0.5;
/// A phrase stands for its part when it holds this share of the part's documents.
const COVERS: f64 = 0.7;

/// Distinct reporters that use a term.
#[derive(Clone, Debug, PartialEq)]
pub struct TermCount {
    /// The term.
    pub term: String,
    /// Reporters in the window.
    pub window: f64,
    /// Reporters in the background.
    pub background: f64,
}

/// Distinct reporters in all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Totals {
    /// In the window.
    pub window: f64,
    /// In the background.
    pub background: f64,
}

/// A term with its figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Distinctive {
    /// The term.
    pub term: String,
    /// Reporters in the window.
    pub window: f64,
    /// Reporters in the background.
    pub background: f64,
    /// Log-odds ratio over its standard deviation; above 0 when the window has the term more often.
    pub z: f64,
    /// One-sided p-value of the likelihood-ratio test (G²) that both shares are equal.
    pub p: f64,
    /// Benjamini–Hochberg adjusted p-value over all terms given.
    pub q: f64,
}

/// Figures for every term, highest z first (ties by term).
pub fn distinctive(counts: &[TermCount], totals: Totals) -> Vec<Distinctive> {
    let mut found: Vec<Distinctive> = counts.iter().map(|count| figures(count, totals)).collect();
    let q = benjamini_hochberg(&found.iter().map(|d| d.p).collect::<Vec<_>>());
    found.iter_mut().zip(q).for_each(|(d, q)| d.q = q);
    found.sort_by(|a, b| b.z.total_cmp(&a.z).then_with(|| a.term.cmp(&b.term)));
    found
}

fn figures(count: &TermCount, totals: Totals) -> Distinctive {
    let (n1, n2) = (totals.window.max(count.window), totals.background.max(count.background));
    let (y1, y2) = (count.window, count.background);
    let prior = PRIOR_SHARE * (n1 + n2) + 2.0 * PRIOR_FLOOR;
    let alpha = (prior * (y1 + y2) / (n1 + n2).max(1.0)).clamp(PRIOR_FLOOR, prior - PRIOR_FLOOR);
    let odds = |y: f64, n: f64| ((y + alpha) / (n + prior - y - alpha)).ln();
    let z = (odds(y1, n1) - odds(y2, n2)) / (1.0 / (y1 + alpha) + 1.0 / (y2 + alpha)).sqrt();
    let p = upper_tail(signed_root_g(y1, n1, y2, n2));
    Distinctive { term: count.term.clone(), window: y1, background: y2, z, p, q: p }
}

/// Square root of G² for a 2 × 2 table, with the sign of the difference.
fn signed_root_g(y1: f64, n1: f64, y2: f64, n2: f64) -> f64 {
    let n = n1 + n2;
    if n1 <= 0.0 || n2 <= 0.0 {
        return 0.0;
    }
    let share = (y1 + y2) / n;
    let part = |observed: f64, expected: f64| {
        if observed > 0.0 && expected > 0.0 { observed * (observed / expected).ln() } else { 0.0 }
    };
    let g = part(y1, n1 * share)
        + part(n1 - y1, n1 * (1.0 - share))
        + part(y2, n2 * share)
        + part(n2 - y2, n2 * (1.0 - share));
    let root = (2.0 * g.max(0.0)).sqrt();
    if y1 * n2 >= y2 * n1 { root } else { -root }
}

/// P(Z > z) of the standard normal distribution, relative error below 1.2e-7 (Press et al., Numerical Recipes,
/// 2nd ed., section 6.2, `erfcc`).
pub fn upper_tail(z: f64) -> f64 {
    let x = z / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.5 * x.abs());
    let coefficients = [
        -1.26551223,
        1.00002368,
        0.37409196,
        0.09678418,
        -0.18628806,
        0.27886807,
        -1.13520398,
        1.48851587,
        -0.82215223,
        0.17087277,
    ];
    let polynomial = coefficients.iter().rev().fold(0.0, |sum, c| sum * t + c);
    let erfc = t * (-x * x + polynomial).exp();
    if x >= 0.0 { 0.5 * erfc } else { 1.0 - 0.5 * erfc }
}

/// Adjusted p-values that control the false discovery rate (Benjamini, Hochberg 1995), in the order given.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    let at = |i: usize| p.get(i).copied().unwrap_or(1.0);
    order.sort_by(|a, b| at(*b).total_cmp(&at(*a)).then(a.cmp(b)));
    let mut q = vec![1.0; p.len()];
    let mut least = 1.0f64;
    for (i, index) in order.iter().enumerate() {
        least = least.min(at(*index) * p.len() as f64 / (p.len() - i) as f64);
        if let Some(slot) = q.get_mut(*index) {
            *slot = least;
        }
    }
    q
}

/// Leaves out terms that repeat another one: variants of a stronger term, words that a phrase covers, phrases that
/// are only a small part of a stronger word, and phrases that overlap a stronger phrase.
///
/// `terms` come strongest first; a phrase takes the place of the strongest word it covers.
pub fn without_parts(terms: Vec<Distinctive>) -> Vec<Distinctive> {
    let mut seen = BTreeSet::new();
    let mut items: Vec<Item> = Vec::new();
    for term in terms {
        if seen.insert(group_key(&term.term)) {
            let words = term.term.split(' ').map(group_key).collect();
            items.push(Item { rank: items.len(), words, term, covered: false });
        }
    }
    for i in 0..items.len() {
        cover(&mut items, i);
    }
    items.retain(|item| !item.covered);
    items.sort_by_key(|item| item.rank);
    let mut kept: Vec<Item> = Vec::new();
    for item in items {
        let repeats = |known: &Item| {
            let shared = !known.words.is_disjoint(&item.words);
            shared && (item.words.len() > 1 || known.term.window >= COVERS * item.term.window)
        };
        if !kept.iter().any(repeats) {
            kept.push(item);
        }
    }
    kept.into_iter().map(|item| item.term).collect()
}

struct Item {
    rank: usize,
    words: BTreeSet<String>,
    term: Distinctive,
    covered: bool,
}

/// Marks the words that the phrase at `index` covers, and moves the phrase to the place of the strongest.
fn cover(items: &mut [Item], index: usize) {
    let Some(phrase) = items.get(index).filter(|item| item.words.len() > 1) else { return };
    let (words, window) = (phrase.words.clone(), phrase.term.window);
    let mut rank = phrase.rank;
    for part in items.iter_mut() {
        if part.words.len() == 1 && part.words.is_subset(&words) && window >= COVERS * part.term.window {
            part.covered = true;
            rank = rank.min(part.rank);
        }
    }
    if let Some(phrase) = items.get_mut(index) {
        phrase.rank = rank;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn count(term: &str, window: f64, background: f64) -> TermCount {
        TermCount { term: term.into(), window, background }
    }

    const TOTALS: Totals = Totals { window: 40.0, background: 1400.0 };

    #[test]
    fn a_term_of_the_window_stands_out_and_a_usual_one_does_not() {
        let found = distinctive(
            &[count("usual", 12.0, 420.0), count("new", 12.0, 0.0), count("risen", 10.0, 20.0)],
            TOTALS,
        );
        let by = |term: &str| found.iter().find(|d| d.term == term).unwrap();
        assert!(by("new").q < 1e-6 && by("risen").q < 1e-6, "{found:?}");
        assert!(by("usual").z.abs() < 0.1 && by("usual").q > 0.3);
        assert_eq!(found.last().unwrap().term, "usual");
    }

    #[test]
    fn the_z_value_equals_the_formula() {
        // prior 145, alpha = 145·30/1440 = 3.0208
        let d = &distinctive(&[count("risen", 10.0, 20.0)], TOTALS)[0];
        let delta =
            (13.020_833f64 / (185.0 - 13.020_833)).ln() - (23.020_833f64 / (1545.0 - 23.020_833)).ln();
        let deviation = (1.0f64 / 13.020_833 + 1.0 / 23.020_833).sqrt();
        assert!((d.z - delta / deviation).abs() < 1e-6);
    }

    #[test]
    fn normal_tails_are_those_of_the_tables() {
        for (z, p) in [(0.0, 0.5), (1.959_963_985, 0.025), (5.0, 2.866_515_7e-7), (-3.0, 0.998_650_1)] {
            assert!((upper_tail(z) / p - 1.0f64).abs() < 1e-6, "{z}");
        }
    }

    #[test]
    fn adjusted_values_are_those_of_the_paper() {
        let q = benjamini_hochberg(&[0.01, 0.04, 0.03, 0.005]);
        let expected = [0.02, 0.04, 0.04, 0.02];
        assert!(q.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{q:?}");
    }

    fn names(terms: &[(&str, f64)]) -> Vec<String> {
        let terms = terms.iter().map(|(t, n)| Distinctive {
            term: (*t).into(),
            window: *n,
            background: 0.0,
            z: 1.0,
            p: 0.0,
            q: 0.0,
        });
        without_parts(terms.collect()).into_iter().map(|d| d.term).collect()
    }

    #[test]
    fn a_phrase_stands_for_its_parts_only_when_it_covers_them() {
        assert_eq!(
            names(&[("download", 10.0), ("failed", 10.0), ("download failed", 9.0)]),
            ["download failed"]
        );
        assert_eq!(
            names(&[("download failed", 9.0), ("download", 10.0), ("failed", 10.0)]),
            ["download failed"]
        );
        assert_eq!(names(&[("login", 40.0), ("login page", 8.0)]), ["login"]);
        assert_eq!(names(&[("login page", 8.0), ("login", 40.0)]), ["login page", "login"]);
        assert_eq!(names(&[("addons", 8.0), ("add-ons", 4.0), ("add ons", 4.0)]), ["addons"]);
    }

    proptest! {
        #[test]
        fn figures_are_finite(w in 0u32..500, b in 0u32..5000, n1 in 0u32..500, n2 in 0u32..5000) {
            let totals = Totals { window: n1.into(), background: n2.into() };
            let d = &distinctive(&[count("x", w.into(), b.into())], totals)[0];
            prop_assert!(d.z.is_finite() && (0.0..=1.0).contains(&d.p) && (0.0..=1.0).contains(&d.q));
        }
    }
}
