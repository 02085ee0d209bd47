//! The smallest segment that explains the excess.
//!
//! Values and pairs of values are scanned by their Poisson likelihood ratio against expectation (Kulldorff 1997):
//! aggregated cells, because ticket cubes are sparse. A cell is the cause only if it explains most of the excess,
//! tickets outside it are as expected, and the mix inside it and outside it stays as usual; else the excess has no such border.

use crate::facts::{Facts, Value};
use crate::profile::tickets_of;
use crate::shifts::{MIN_EFFECT, mix_shift, outside_shift};
use crate::stats::{chi_squared_tail, g_test, likelihood_ratio, z_score};
use domain::segment::{Dimension, Segment};
use domain::ticket::Ticket;

/// Share of the excess that the cell must explain; below, too much of it lies elsewhere.
const EXPLAINS: f64 = 0.7;
/// Standard deviations by which the cell itself must leave its expectation.
const MIN_Z: f64 = 4.0;
/// Ratio of tickets to expectation outside the cell that still counts as usual: weekly levels drift by a quarter.
const OUTSIDE: std::ops::RangeInclusive<f64> = 0.75..=1.33;
/// Standard deviations below which the outside counts as usual whatever its ratio: few tickets.
const OUTSIDE_Z: f64 = 2.0;
/// A larger share of the stream is no border.
const MAX_SHARE: f64 = 0.7;
/// Share of the cell's tickets that may have moved to other values.
const MAX_INSIDE_SHIFT: f64 = 0.2;
/// p-value below which the excess is no longer proportional inside and outside.
const DISPROPORTION: f64 = 1e-3;
/// Values that are tried, and that are combined to pairs.
const TRIED: usize = 4;
const COMBINED: usize = 10;
/// A pair is the better answer when the value alone explains the excess much worse in likelihood.
const PAIR_GAIN: f64 = 1.2;

/// A segment with its figures.
#[derive(Clone)]
pub(crate) struct Cell {
    pub(crate) segment: Segment,
    pub(crate) actual: f64,
    pub(crate) expected: f64,
    /// Share of the incident's excess that lies in it.
    pub(crate) explains: f64,
    pub(crate) outside_actual: f64,
    pub(crate) outside_expected: f64,
    /// Share of its tickets that moved in the dimension that moved most.
    pub(crate) inside_shift: f64,
    score: f64,
}

/// The cell that explains the excess, if there is one.
pub(crate) fn best(facts: &Facts<'_>) -> Option<Cell> {
    let mut values: Vec<Cell> = Dimension::ALL
        .into_iter()
        .flat_map(|d| facts.counts(d, &facts.all).into_iter())
        .map(|(value, n)| {
            let expected = facts.expected_of(&value);
            cell(facts, Segment::value(value.0, value.1), n, expected)
        })
        .filter(|c| c.z() >= MIN_Z)
        .collect();
    values.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.segment.cmp(&b.segment)));
    let best = values.iter().filter(|c| c.is_border()).take(TRIED).find_map(|c| checked(facts, c));
    if best.is_some() {
        return best;
    }
    let pairs = pairs(facts, &values);
    pairs.iter().filter(|c| c.is_border()).take(TRIED).find_map(|c| checked_pair(facts, c))
}

impl Cell {
    fn z(&self) -> f64 {
        let z = z_score(self.actual, self.expected);
        if self.explains > 0.0 { z.abs() } else { 0.0 }
    }

    /// Whether the excess ends at the cell's border.
    fn is_border(&self) -> bool {
        let ratio = self.outside_actual / self.outside_expected.max(1e-9);
        let usual_outside =
            OUTSIDE.contains(&ratio) || z_score(self.outside_actual, self.outside_expected).abs() < OUTSIDE_Z;
        let share = self.expected / (self.expected + self.outside_expected).max(1e-9);
        let (g, freedom) =
            g_test(&[self.actual, self.outside_actual], &[1e3 * self.expected, 1e3 * self.outside_expected]);
        self.explains >= EXPLAINS
            && usual_outside
            && share <= MAX_SHARE
            && chi_squared_tail(g, freedom) < DISPROPORTION
    }
}

fn cell(facts: &Facts<'_>, segment: Segment, actual: f64, expected: f64) -> Cell {
    let excess = if facts.is_theme() { facts.total_actual - facts.total_expected } else { facts.excess() };
    let same_way = (actual > expected) == facts.is_up();
    Cell {
        actual,
        expected,
        explains: if same_way && excess.abs() > 1e-9 { (actual - expected) / excess } else { 0.0 },
        outside_actual: facts.total_actual - actual,
        outside_expected: (facts.total_expected - expected).max(0.0),
        inside_shift: 0.0,
        score: likelihood_ratio(actual, expected),
        segment,
    }
}

/// The cell, if the mix inside it and outside it is as usual.
fn checked(facts: &Facts<'_>, cell: &Cell) -> Option<Cell> {
    let value = cell.segment.cells().first()?;
    let (tickets, outside): (Vec<&Ticket>, Vec<&Ticket>) =
        facts.all.iter().copied().partition(|t| cell.segment.contains(t));
    let inside_shift = if facts.is_up() { mix_shift(facts, value, value, &tickets) } else { 0.0 };
    let outside_shift = if facts.is_up() { outside_shift(facts, value, &outside) } else { 0.0 };
    (inside_shift <= MAX_INSIDE_SHIFT && outside_shift < MIN_EFFECT)
        .then(|| Cell { inside_shift, ..cell.clone() })
}

/// The pair, if neither of its values grows without the other, and the mix inside it resembles one of theirs.
///
/// Rollups hold no triples, so the usual mix inside a pair is not known; that of its values bounds it.
fn checked_pair(facts: &Facts<'_>, pair: &Cell) -> Option<Cell> {
    let [a, b] = pair.segment.cells() else { return None };
    let alone = |value: &Value| {
        let own = Segment::value(value.0, value.1.clone());
        let actual = facts.all.iter().filter(|t| own.contains(t)).count() as f64 - pair.actual;
        let expected = (facts.expected_of(value) - pair.expected).max(0.0);
        OUTSIDE.contains(&(actual / expected.max(1e-9))) || z_score(actual, expected).abs() < OUTSIDE_Z
    };
    if !(alone(a) && alone(b)) {
        return None;
    }
    let tickets: Vec<&Ticket> = facts.all.iter().copied().filter(|t| pair.segment.contains(t)).collect();
    let inside_shift = if facts.is_up() { mix_shift(facts, a, b, &tickets) } else { 0.0 };
    (inside_shift <= MAX_INSIDE_SHIFT).then(|| Cell { inside_shift, ..pair.clone() })
}

/// Pairs of the strangest values, strangest first.
fn pairs(facts: &Facts<'_>, values: &[Cell]) -> Vec<Cell> {
    let top: Vec<&Value> = values.iter().take(COMBINED).filter_map(|c| c.segment.cells().first()).collect();
    let all: f64 = facts.case.background.iter().map(|r| f64::from(r.ticket_count())).sum();
    let mut found = Vec::new();
    for (i, a) in top.iter().enumerate() {
        for b in top.iter().skip(i + 1).filter(|b| b.0 != a.0) {
            let segment = Segment::pair((*a).clone(), (*b).clone());
            let actual = facts.all.iter().filter(|t| segment.contains(t)).count() as f64;
            if facts.is_up() && actual < EXPLAINS * facts.excess() {
                continue;
            }
            let before: f64 = facts.case.background.iter().map(|r| tickets_of(r, &segment)).sum();
            let pair = cell(facts, segment, actual, facts.total_expected * before / all.max(1.0));
            let parents =
                values.iter().filter(|c| c.segment.cells().first().is_some_and(|v| v == *a || v == *b));
            let best_parent = parents.map(|c| c.score).fold(0.0, f64::max);
            if pair.z() >= MIN_Z && pair.score * PAIR_GAIN >= best_parent {
                found.push(pair);
            }
        }
    }
    found.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.segment.cmp(&b.segment)));
    found
}
