//! The questions asked of the last buckets of a panel, and their answers.

use super::PanelModel;
use crate::level_filter::Step;
use crate::shares::{ShareStep, upper_tail};
use crate::tail;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Standard deviations beyond which an earlier bucket of a window counts no further.
const CLIP: f64 = 3.0;
/// Standard deviations beyond which an earlier bucket of a window does not count: it was an alarm of its own.
const OUT: f64 = 4.0;
/// Tickets that such a bucket has to differ by.
const OUT_TICKETS: f64 = 3.0;

/// What was strange about a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The total, up or down.
    Volume,
    /// A value's share of the total, up.
    Share {
        /// Index of the dimension.
        dimension: usize,
        /// Index of the value whose share is the strangest.
        value: usize,
    },
    /// The total and a value's share, both up.
    VolumeAndShare {
        /// Index of the dimension.
        dimension: usize,
        /// Index of the value whose share is the strangest.
        value: usize,
    },
    /// The total and a share in each of two dimensions, all up.
    VolumeAndShares,
}

/// One bucket: what came, what was expected, and the deviation that later windows add up.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    count: f64,
    mean: f64,
    variance: f64,
    /// Variance of the logarithm of the mean that the buckets of a day have in common.
    unsure: f64,
    /// Clipped deviation from the mean; zero once settled.
    deviation: f64,
}

impl Bucket {
    fn new(count: f64, mean: f64, variance: f64, unsure: f64) -> Self {
        Self { count, mean, variance, unsure, deviation: clipped(count - mean, variance) }
    }
}

/// A deviation as later windows see it.
pub(crate) fn clipped(deviation: f64, variance: f64) -> f64 {
    let reach = variance.max(1e-18).sqrt();
    if deviation.abs() > OUT * reach && deviation.abs() > OUT_TICKETS {
        return 0.0;
    }
    deviation.clamp(-CLIP * reach, CLIP * reach)
}

/// The last buckets, newest last; missing ones are not kept in.
pub(super) struct Windows<'a> {
    model: &'a PanelModel,
    longest: usize,
    total: VecDeque<Option<Bucket>>,
    /// By dimension, then newest last, one row per bucket with a total.
    shares: Vec<VecDeque<Option<Vec<Bucket>>>>,
}

impl<'a> Windows<'a> {
    pub(super) fn new(model: &'a PanelModel, longest: usize) -> Self {
        let shares = model.dimensions.iter().map(|_| VecDeque::with_capacity(longest)).collect();
        Self { model, longest, total: VecDeque::with_capacity(longest), shares }
    }

    /// Adds a bucket's total; its shares follow.
    pub(super) fn push(&mut self, count: f64, step: Step, unsure: f64) {
        let bucket = count.is_finite().then(|| Bucket::new(count, step.mean, step.variance, unsure));
        push(&mut self.total, bucket, self.longest);
        for shares in &mut self.shares {
            push(shares, None, self.longest);
        }
    }

    /// Adds the shares of one dimension to the newest bucket.
    pub(super) fn push_shares(&mut self, dimension: usize, steps: &[ShareStep]) {
        let Some(newest) = self.shares.get_mut(dimension).and_then(VecDeque::back_mut) else { return };
        *newest = Some(steps.iter().map(|s| Bucket::new(s.count, s.mean, s.variance, s.unsure)).collect());
    }

    /// Takes the last `buckets` out of later windows.
    pub(super) fn settle(&mut self, buckets: usize) {
        for bucket in self.total.iter_mut().rev().take(buckets).flatten() {
            bucket.deviation = 0.0;
        }
        for shares in &mut self.shares {
            for bucket in shares.iter_mut().rev().take(buckets).flatten().flatten() {
                bucket.deviation = 0.0;
            }
        }
    }

    /// −log10 of the smallest probability over the last `span` buckets, and what it is about; `None` while there are
    /// too few of them.
    pub(super) fn strangest(&self, number: usize, span: usize) -> Option<(f64, Evidence)> {
        if self.total.len() < span {
            return None;
        }
        let (upper, lower) = self.volume(number, span)?;
        let mut best = (minus_log10(2.0 * upper.min(lower).min(0.5)), Evidence::Volume);
        let mut ask = |probability: f64, evidence: Evidence| {
            let score = minus_log10(probability);
            if score > best.0 {
                best = (score, evidence);
            }
        };
        let mut strange = [1.0; 2];
        for dimension in 0..self.shares.len() {
            let (share, value) = self.share(dimension, number, span);
            ask(share, Evidence::Share { dimension, value });
            ask(both(upper * share), Evidence::VolumeAndShare { dimension, value });
            if let Some(kept) = strange.get_mut(dimension) {
                *kept = share;
            }
        }
        if self.shares.len() >= 2 {
            ask(all_three(upper * strange[0] * strange[1]), Evidence::VolumeAndShares);
        }
        Some(best)
    }

    /// Upper and lower tail of the total over the last `span` buckets.
    fn volume(&self, number: usize, span: usize) -> Option<(f64, f64)> {
        let known: Vec<&Bucket> = self.total.iter().rev().take(span).flatten().collect();
        if 2 * known.len() < span {
            return None;
        }
        let (mut count, mut mean, mut variance, mut common) = (0.0, 0.0, 0.0, 0.0);
        for (age, bucket) in known.iter().enumerate() {
            count += if age == 0 { bucket.count } else { bucket.mean + bucket.deviation };
            mean += bucket.mean;
            variance += bucket.variance;
            common += bucket.unsure.sqrt() * bucket.mean;
        }
        let inflation = self.model.inflation.get(number).copied().unwrap_or(1.0);
        let variance = variance * inflation + common * common;
        let dispersion = ((variance - mean) / (mean * mean).max(1e-12)).max(0.0);
        Some(tails(count, mean, dispersion))
    }

    /// Probability that some value's share is as high by chance, and the value whose share is the strangest.
    fn share(&self, dimension: usize, number: usize, span: usize) -> (f64, usize) {
        let model = &self.model.dimensions[dimension];
        let watched = if model.ordered { 1 } else { model.shares.len() };
        let inflation = model.inflation.get(number).copied().unwrap_or(1.0);
        let mut best = (1.0f64, 0);
        for value in 0..watched {
            let (mut count, mut total, mut mean, mut variance, mut unsure) = (0.0, 0.0, 0.0, 0.0, 0.0);
            let rows = self.shares[dimension].iter().rev().zip(self.total.iter().rev()).take(span);
            for (age, (row, bucket)) in rows.enumerate() {
                let (Some(share), Some(bucket)) = (row.as_ref().and_then(|r| r.get(value)), bucket) else {
                    continue;
                };
                count += if age == 0 { share.count } else { share.mean + share.deviation };
                total += bucket.count * self.model.unit;
                mean += share.mean;
                variance += share.variance;
                unsure = share.unsure;
            }
            if total <= 0.0 {
                continue;
            }
            let rest = 1.0 - mean / total;
            let variance = variance * inflation + mean * mean * unsure * rest;
            let upper = upper_tail(count, total, mean, variance);
            if upper < best.0 {
                best = (upper, value);
            }
        }
        // Šidák: the smallest of `watched` probabilities.
        let any = -((-best.0.min(1.0 - 1e-9)).ln_1p() * watched as f64).exp_m1();
        (any, best.1)
    }
}

fn push<T>(buckets: &mut VecDeque<T>, bucket: T, longest: usize) {
    if buckets.len() == longest {
        buckets.pop_front();
    }
    buckets.push_back(bucket);
}

/// Upper and lower mid-p tail; the smaller is computed, the other is the rest.
fn tails(count: f64, mean: f64, dispersion: f64) -> (f64, f64) {
    let probability = |log: f64| 10f64.powf(-log).max(f64::MIN_POSITIVE);
    if count >= mean {
        let upper = probability(tail::upper_log10(count, mean, dispersion));
        (upper, 1.0 - upper)
    } else {
        let lower = probability(tail::lower_log10(count, mean, dispersion));
        (1.0 - lower, lower)
    }
}

fn minus_log10(probability: f64) -> f64 {
    -probability.clamp(f64::MIN_POSITIVE, 1.0).log10()
}

/// Fisher's combination of two independent probabilities, given their product.
fn both(product: f64) -> f64 {
    let product = product.clamp(f64::MIN_POSITIVE, 1.0);
    product * (1.0 - product.ln())
}

/// Fisher's combination of three independent probabilities, given their product.
fn all_three(product: f64) -> f64 {
    let product = product.clamp(f64::MIN_POSITIVE, 1.0);
    let log = -product.ln();
    product * (1.0 + log + 0.5 * log * log)
}
