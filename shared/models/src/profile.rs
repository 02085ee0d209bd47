//! The weekly shape of a series: which share of a usual week falls into each hour (or day).
//!
//! Counts are pooled towards what is known better, as a gamma prior does for Poisson counts: a phase's factor is
//! (count + strength · prior) / (exposure + strength), where exposure is the count of a flat series of the same
//! level, so a strength is a number of tickets. Factors average 1. Past incidents are clipped.

use crate::calendar::{phases, points_per_day};
use crate::detector::SeriesView;
use domain::anomaly::Granularity;
use serde::{Deserialize, Serialize};

/// Counts that the separable shape (hour of day × day of week) is worth against a phase's own.
const SEPARABLE_STRENGTH: f64 = 30.0;
/// Counts that a flat shape is worth against the separable one.
const FLAT_STRENGTH: f64 = 10.0;
/// Smallest and largest factor: a phase is never impossible.
const FACTOR_RANGE: (f64, f64) = (1e-3, 1e3);
/// Standard deviations beyond which a count in the past is taken for an incident and clipped.
const CLIP: f64 = 3.0;
/// Overdispersion assumed when clipping: 0.05 is a standard deviation of 22 % of the mean.
const CLIP_DISPERSION: f64 = 0.05;

/// Weekly shape: one factor per phase, 168 hours or 7 days from Monday, averaging 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredProfile", into = "StoredProfile")]
pub struct Profile {
    granularity: Granularity,
    factors: Vec<f64>,
}

#[derive(Serialize, Deserialize)]
struct StoredProfile {
    granularity: Granularity,
    factors: Vec<f64>,
}

impl Profile {
    /// No shape: every phase is alike.
    pub fn flat(granularity: Granularity) -> Self {
        Self { granularity, factors: vec![1.0; phases(granularity)] }
    }

    /// A shape from factors by phase, scaled to average 1; phases without one are alike.
    pub fn from_factors(granularity: Granularity, mut factors: Vec<f64>) -> Self {
        factors.resize(phases(granularity), 1.0);
        Self { granularity, factors }.normalised()
    }

    /// Hours or days.
    pub fn granularity(&self) -> Granularity {
        self.granularity
    }

    /// Factors by phase, averaging 1.
    pub fn factors(&self) -> &[f64] {
        &self.factors
    }

    /// Factor of one phase; 1 for a phase that does not exist.
    pub fn factor(&self, phase: usize) -> f64 {
        self.factors.get(phase).copied().unwrap_or(1.0)
    }

    /// The common shape of several series; busy ones weigh more. Past incidents are clipped.
    pub fn pooled(granularity: Granularity, series: &[SeriesView<'_>]) -> Self {
        let mut profile = Self::flat(granularity);
        // The first round clips at a quantile, each later one at what the round before expected.
        for round in 0..3 {
            let mut sums = Sums::new(granularity);
            for view in series.iter().filter(|v| v.granularity == granularity) {
                sums.add(*view, 0..view.len(), (round > 0).then_some(&profile));
            }
            profile = Self::separable(&sums).shrink(&sums, SEPARABLE_STRENGTH);
        }
        profile
    }

    /// The shape of one series over `range`, shrunk towards `self`, which counts as `strength` tickets per phase.
    pub fn of_series(&self, series: SeriesView<'_>, range: std::ops::Range<usize>, strength: f64) -> Self {
        let mut own = self.clone();
        for round in 0..2 {
            let mut sums = Sums::new(self.granularity);
            sums.add(series, range.clone(), (round > 0).then_some(&own));
            own = self.shrink(&sums, strength);
        }
        own
    }

    /// Hour of day × day of week, each shrunk towards flat.
    fn separable(sums: &Sums) -> Self {
        let per_day = points_per_day(sums.granularity);
        let flat = Self::flat(sums.granularity);
        let by = |group: &dyn Fn(usize) -> usize, groups: usize| {
            let (mut count, mut expected) = (vec![0.0; groups], vec![0.0; groups]);
            for phase in 0..flat.factors.len() {
                count[group(phase)] += sums.count[phase];
                expected[group(phase)] += sums.exposure[phase];
            }
            let factor = |(c, e): (&f64, &f64)| (c + FLAT_STRENGTH) / (e + FLAT_STRENGTH);
            count.iter().zip(&expected).map(factor).collect::<Vec<f64>>()
        };
        let hours = by(&|phase| phase % per_day, per_day);
        let days = by(&|phase| phase / per_day, 7);
        let factors = (0..flat.factors.len()).map(|p| hours[p % per_day] * days[p / per_day]).collect();
        Self { granularity: sums.granularity, factors }.normalised()
    }

    fn shrink(&self, sums: &Sums, strength: f64) -> Self {
        let phase =
            |(p, prior): (usize, &f64)| (sums.count[p] + strength * prior) / (sums.exposure[p] + strength);
        let factors = self.factors.iter().enumerate().map(phase).collect();
        Self { granularity: self.granularity, factors }.normalised()
    }

    fn normalised(mut self) -> Self {
        let mean = self.factors.iter().sum::<f64>() / self.factors.len() as f64;
        for factor in &mut self.factors {
            *factor = (*factor / mean.max(f64::MIN_POSITIVE)).clamp(FACTOR_RANGE.0, FACTOR_RANGE.1);
        }
        self
    }
}

/// Counts per phase, and what a flat series of the same level would have had there.
struct Sums {
    granularity: Granularity,
    count: Vec<f64>,
    exposure: Vec<f64>,
}

impl Sums {
    fn new(granularity: Granularity) -> Self {
        let zeros = vec![0.0; phases(granularity)];
        Self { granularity, count: zeros.clone(), exposure: zeros }
    }

    /// Adds a series, clipped at what `shape` expects; without a shape, at the series' own quantile.
    fn add(&mut self, view: SeriesView<'_>, range: std::ops::Range<usize>, shape: Option<&Profile>) {
        let end = range.end.min(view.len());
        let points: Vec<(usize, f64)> = (range.start.min(end)..end)
            .filter(|i| view.values[*i].is_finite())
            .map(|i| (view.calendar[i].phase(self.granularity), view.values[i].max(0.0)))
            .collect();
        let factor = |phase: usize| shape.map_or(1.0, |s| s.factor(phase));
        let expected: f64 = points.iter().map(|(phase, _)| factor(*phase)).sum();
        if expected <= 0.0 {
            return;
        }
        let ceiling = if shape.is_none() { ceiling(&points) } else { f64::INFINITY };
        let level = points.iter().map(|(_, value)| value.min(ceiling)).sum::<f64>() / expected;
        for (phase, value) in points {
            let cap = match shape {
                Some(_) => clip_bound(level * factor(phase), CLIP_DISPERSION, CLIP),
                None => ceiling,
            };
            self.count[phase] += value.min(cap);
            self.exposure[phase] += level;
        }
    }
}

/// The 99 % quantile of the values, plus 1: no single wild bucket gets past it.
fn ceiling(points: &[(usize, f64)]) -> f64 {
    let mut values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
    let rank = values.len() - 1 - values.len() / 100;
    let (_, value, _) = values.select_nth_unstable_by(rank, f64::total_cmp);
    *value + 1.0
}

/// Robust upper bound of a count: mean + `deviations` standard deviations + 1, rounded up.
///
/// The extra 1 keeps single tickets of a sparse series; whole bounds keep sums of counts exact.
pub fn clip_bound(mean: f64, dispersion: f64, deviations: f64) -> f64 {
    (mean + deviations * (mean + dispersion * mean * mean).sqrt() + 1.0).ceil()
}

impl From<Profile> for StoredProfile {
    fn from(profile: Profile) -> Self {
        Self { granularity: profile.granularity, factors: profile.factors }
    }
}

impl TryFrom<StoredProfile> for Profile {
    type Error = String;

    fn try_from(stored: StoredProfile) -> Result<Self, String> {
        let expected = phases(stored.granularity);
        if stored.factors.len() != expected {
            return Err(format!("profile has {} factors instead of {expected}", stored.factors.len()));
        }
        if stored.factors.iter().any(|f| !(FACTOR_RANGE.0..=FACTOR_RANGE.1).contains(f)) {
            return Err("profile has a factor outside 0.001 … 1000".to_owned());
        }
        Ok(Self { granularity: stored.granularity, factors: stored.factors })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{days, hours};

    #[test]
    fn a_clear_shape_is_recovered() {
        let weekly: [f64; 7] = [1.15, 1.05, 1.0, 1.0, 0.95, 0.45, 0.4];
        let series = days(140, |c| (200.0 * weekly[usize::from(c.day_of_week)]).round());
        let profile = Profile::pooled(Granularity::Day, &[series.view()]);
        let mean = weekly.iter().sum::<f64>() / 7.0;
        for (factor, truth) in profile.factors().iter().zip(weekly) {
            assert!((factor - truth / mean).abs() < 0.02, "{factor} {truth}");
        }
    }

    #[test]
    fn an_incident_hardly_moves_the_shape() {
        let calm = hours(56, |c| if (8..18).contains(&c.hour) { 12.0 } else { 2.0 });
        let mut wild = calm.clone();
        wild.values[24 * 30 + 10] = 4000.0;
        let clean = Profile::pooled(Granularity::Hour, &[calm.view()]);
        let dirty = Profile::pooled(Granularity::Hour, &[wild.view()]);
        for (a, b) in clean.factors().iter().zip(dirty.factors()) {
            assert!((a / b - 1.0).abs() < 0.35, "{a} {b}");
        }
    }

    #[test]
    fn a_sparse_series_keeps_the_pooled_shape_and_a_busy_one_its_own() {
        let night = |c: &crate::calendar::Calendar| if c.hour < 6 { 40.0 } else { 1.0 };
        let pooled =
            Profile::pooled(Granularity::Hour, &[hours(56, |c| if c.hour >= 6 { 40.0 } else { 1.0 }).view()]);
        let busy = hours(56, night);
        let own = pooled.of_series(busy.view(), 0..busy.values.len(), 20.0);
        assert!(own.factor(2) > 2.5 && own.factor(12) < 0.4, "{} {}", own.factor(2), own.factor(12));
        let mut sparse = hours(56, |_| 0.0);
        sparse.values[2] = 1.0;
        let kept = pooled.of_series(sparse.view(), 0..sparse.values.len(), 20.0);
        assert!(kept.factor(2) < 0.2 && kept.factor(12) > 1.1);
    }

    #[test]
    fn a_damaged_profile_is_refused() {
        let json = serde_json::to_string(&Profile::flat(Granularity::Day)).unwrap();
        assert_eq!(serde_json::from_str::<Profile>(&json).unwrap(), Profile::flat(Granularity::Day));
        let error = serde_json::from_str::<Profile>(&json.replacen("1.0,", "", 1)).unwrap_err().to_string();
        assert!(error.contains("6 factors instead of 7"), "{error}");
        assert!(serde_json::from_str::<Profile>(&json.replacen("1.0", "-1.0", 1)).is_err());
    }
}
