//! How the mix of each dimension moved.

use crate::facts::{Facts, Value};
use crate::stats::{chi_squared_tail, g_test, variation};
use domain::segment::Dimension;
use domain::ticket::Ticket;
use std::collections::BTreeMap;
use text::log_odds::benjamini_hochberg;

/// False discovery rate over the dimensions.
const SHIFT_FDR: f64 = 0.01;
/// Share of tickets that must have moved for a shift to matter: an eighth; smaller ones happen between usual days.
pub(crate) const MIN_EFFECT: f64 = 0.125;
/// Values with a smaller expectation are counted together (Cochran's rule allows a few cells below 5).
const MIN_EXPECTED: f64 = 2.0;
/// Days with fewer tickets say nothing about how much the mix varies from day to day.
const MIN_DAY: f64 = 20.0;

/// The mix of one dimension in the window, against the background.
#[derive(Clone)]
pub(crate) struct Shift {
    pub(crate) dimension: Dimension,
    /// Share of tickets that moved (total variation distance, 0–1), less what chance alone moves.
    pub(crate) effect: f64,
    /// Adjusted p-value of the G-test, its statistic divided by the mix's usual variation from day to day.
    pub(crate) q: f64,
    /// Values by gain of share, largest first: value, share in the window, share before.
    pub(crate) gains: Vec<(Value, f64, f64)>,
}

impl Shift {
    /// Whether it is both certain and large.
    pub(crate) fn matters(&self) -> bool {
        self.q < SHIFT_FDR && self.effect >= MIN_EFFECT
    }
}

/// The shift of every dimension that the tickets have.
pub(crate) fn shifts(facts: &Facts<'_>, tickets: &[&Ticket]) -> Vec<Shift> {
    let mut found: Vec<(Shift, f64)> =
        Dimension::ALL.into_iter().filter_map(|d| shift(facts, d, tickets)).collect();
    let q = benjamini_hochberg(&found.iter().map(|(_, p)| *p).collect::<Vec<_>>());
    found.iter_mut().zip(q).for_each(|((shift, _), q)| shift.q = q);
    found.into_iter().map(|(shift, _)| shift).collect()
}

fn shift(facts: &Facts<'_>, dimension: Dimension, tickets: &[&Ticket]) -> Option<(Shift, f64)> {
    let counts = facts.counts(dimension, tickets);
    let before: Vec<f64> =
        counts.keys().map(|v| facts.background.get(v).map_or(0.0, |days| days.iter().sum())).collect();
    let now: Vec<f64> = counts.values().copied().collect();
    let (n1, n2): (f64, f64) = (now.iter().sum(), before.iter().sum());
    if counts.len() < 2 || n1 < 1.0 || n2 < 1.0 {
        return None;
    }
    let (now_pooled, before_pooled) = pooled(&now, &before);
    let (g, freedom) = g_test(&now_pooled, &before_pooled);
    let p = chi_squared_tail(g / dispersion(facts, &counts), freedom);
    let mut gains: Vec<(Value, f64, f64)> = counts
        .into_keys()
        .zip(now.iter().zip(&before))
        .map(|(value, (w, b))| (value, w / n1, b / n2))
        .collect();
    gains.sort_by(|a, b| (b.1 - b.2).total_cmp(&(a.1 - a.2)).then_with(|| a.0.cmp(&b.0)));
    let effect = (variation(&now_pooled, &before_pooled) - chance_variation(&before_pooled, n1)).max(0.0);
    Some((Shift { dimension, effect, q: p, gains }, p))
}

/// Sums up values whose expectation is too small for the test.
fn pooled(now: &[f64], before: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (n1, n2): (f64, f64) = (now.iter().sum(), before.iter().sum());
    let (mut a, mut b, mut rest) = (Vec::new(), Vec::new(), (0.0, 0.0));
    for (w, n) in now.iter().zip(before) {
        if n1 * (w + n) / (n1 + n2) < MIN_EXPECTED {
            rest = (rest.0 + w, rest.1 + n);
        } else {
            a.push(*w);
            b.push(*n);
        }
    }
    a.push(rest.0);
    b.push(rest.1);
    (a, b)
}

/// Mean total variation distance of `n` tickets drawn from the usual mix: ½ Σ √(2 p (1 − p) / π n), the mean
/// absolute deviation of a binomial share.
pub(crate) fn chance_variation(before: &[f64], n: f64) -> f64 {
    let all = before.iter().sum::<f64>().max(1.0);
    let deviation =
        |b: &f64| (2.0 * (b / all) * (1.0 - b / all) / (std::f64::consts::PI * n.max(1.0))).sqrt();
    0.5 * before.iter().map(deviation).sum::<f64>()
}

/// How much more the mix of usual days varies than chance: mean of Pearson's χ² over its degrees of freedom, at
/// least 1 (quasi-likelihood; McCullagh, Nelder 1989, section 4.5).
fn dispersion(facts: &Facts<'_>, counts: &BTreeMap<Value, f64>) -> f64 {
    let series: Vec<&Vec<f64>> = counts.keys().filter_map(|v| facts.background.get(v)).collect();
    let sums: Vec<f64> = series.iter().map(|days| days.iter().sum()).collect();
    let all = sums.iter().sum::<f64>().max(1.0);
    let (mut total, mut days) = (0.0, 0.0);
    for day in 0..facts.background_total.len() {
        let n: f64 = series.iter().filter_map(|s| s.get(day)).sum();
        if n < MIN_DAY {
            continue;
        }
        let (mut chi, mut freedom) = (0.0, -1.0);
        for (s, sum) in series.iter().zip(&sums) {
            let due = n * sum / all;
            if due >= 1.0 {
                chi += (s.get(day).copied().unwrap_or(0.0) - due).powi(2) / due;
                freedom += 1.0;
            }
        }
        if freedom >= 1.0 {
            total += chi / freedom;
            days += 1.0;
        }
    }
    if days < 5.0 { 1.5 } else { (total / days).max(1.0) }
}

/// The strongest shift of some tickets against the mix that the tickets of a value, or of another, had before; the
/// nearer of both counts in each dimension.
///
/// Gives the largest effect among dimensions that changed with certainty; 0 when none did.
pub(crate) fn mix_shift(facts: &Facts<'_>, a: &Value, b: &Value, tickets: &[&Ticket]) -> f64 {
    let usual: Vec<BTreeMap<Value, f64>> =
        if a == b { vec![pair_counts(facts, a)] } else { vec![pair_counts(facts, a), pair_counts(facts, b)] };
    let others = Dimension::ALL.into_iter().filter(|d| *d != a.0 && *d != b.0);
    let effect =
        |d: Dimension| usual.iter().map(|u| certain_effect(facts, d, tickets, u)).fold(1.0, f64::min);
    others.map(effect).fold(0.0, f64::max)
}

/// The strongest shift of tickets outside a value against the mix that the stream had outside it before; 0 when no
/// dimension changed with certainty.
pub(crate) fn outside_shift(facts: &Facts<'_>, value: &Value, tickets: &[&Ticket]) -> f64 {
    let inside = pair_counts(facts, value);
    let usual: BTreeMap<Value, f64> = facts
        .background
        .iter()
        .map(|(v, days)| (v.clone(), days.iter().sum::<f64>() - inside.get(v).copied().unwrap_or(0.0)))
        .collect();
    let others = Dimension::ALL.into_iter().filter(|d| *d != value.0);
    others.map(|d| certain_effect(facts, d, tickets, &usual)).fold(0.0, f64::max)
}

/// How far the mix of one dimension moved; 0 when that is not certain.
fn certain_effect(
    facts: &Facts<'_>,
    dimension: Dimension,
    tickets: &[&Ticket],
    before: &BTreeMap<Value, f64>,
) -> f64 {
    let counts = facts.counts(dimension, tickets);
    let now: Vec<f64> = counts.values().copied().collect();
    let usual: Vec<f64> = counts.keys().map(|v| before.get(v).copied().unwrap_or(0.0)).collect();
    let n: f64 = now.iter().sum();
    if n < 1.0 || usual.iter().sum::<f64>() < 1.0 {
        return 0.0;
    }
    let (now, usual) = pooled(&now, &usual);
    let (g, freedom) = g_test(&now, &usual);
    if chi_squared_tail(g / dispersion(facts, &counts), freedom) >= SHIFT_FDR {
        return 0.0;
    }
    (variation(&now, &usual) - chance_variation(&usual, n)).max(0.0)
}

/// Tickets of each other value together with `value` in the background.
fn pair_counts(facts: &Facts<'_>, value: &Value) -> BTreeMap<Value, f64> {
    let mut counts = BTreeMap::new();
    for rollup in facts.case.background {
        for (segment, cells) in &rollup.segments {
            let other = match segment.cells() {
                [a, b] if a == value => b,
                [a, b] if b == value => a,
                _ => continue,
            };
            let tickets: f64 = cells.iter().map(|c| f64::from(c.tickets)).sum();
            match counts.get_mut(other) {
                Some(sum) => *sum += tickets,
                None => {
                    counts.insert(other.clone(), tickets);
                }
            }
        }
    }
    counts
}
