//! The level of a series as a few weighted hypotheses: usual, in an incident, lastingly shifted.
//!
//! A multi-process dynamic model (Harrison and Stevens 1976) of counts (West, Harrison and Migon 1985): the logarithm
//! of the level is normal under each hypothesis and drifts a little from bucket to bucket; a count is negative binomial
//! around level × shape. With every bucket each hypothesis splits in three: the level goes on as it is, the count
//! belongs to an incident and says nothing of the level, or the level has moved for good. Their weights follow from how
//! well they explain the counts, so a lasting shift is accepted after a few buckets and an incident is forgotten when it
//! is over. A count is strange only where every hypothesis of some weight finds it strange.

use crate::tail;

/// Chance per day that the level moves for good.
const SHIFT_PER_DAY: f64 = 0.005;
/// Variance of such a move, of the logarithm: a standard deviation of 22 %.
const SHIFT_VARIANCE: f64 = 0.05;
/// Chance per day that an incident begins; per bucket it falls with the square root of the buckets in a day.
const INCIDENT_PER_DAY: f64 = 0.015;
/// Chance that an incident goes on for another day, or for another hour.
const INCIDENT_GOES_ON: (f64, f64) = (0.5, 0.85);
/// Overdispersion that an incident adds to a count: a standard deviation of 63 %.
const INCIDENT_DISPERSION: f64 = 0.4;
/// Chance that the level is what it was in the past weeks: what has crept up over days may end from one day to the next.
const RETURNS: f64 = 0.1;
/// Days after which a past level counts for half in that.
const PAST_HALF_LIFE_DAYS: f64 = 14.0;
/// Most hypotheses kept; most hold one or two.
const HYPOTHESES: usize = 6;
/// Least weight of a hypothesis that is kept.
const LEAST_WEIGHT: f64 = 1e-4;
/// Two hypotheses are one when their levels differ by less than this many of their own standard deviations.
const ALIKE: f64 = 0.7;
/// Variance of the logarithm of the level before the first count.
const START_VARIANCE: f64 = 0.09;
const NEWTON_STEPS: usize = 6;
const LEAST_MEAN: f64 = 1e-9;

/// How a level moves, and how counts scatter around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dynamics {
    /// Variance that the logarithm of the level gains per bucket.
    pub drift: f64,
    /// Overdispersion of a count around its mean.
    pub dispersion: f64,
    /// Buckets in a day: 24 or 1.
    pub per_day: f64,
}

/// What a bucket was expected to hold, and how its count compares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Mean over the hypotheses.
    pub mean: f64,
    /// Variance of a count around it, the level's own uncertainty included.
    pub variance: f64,
    /// Probability of a count as high (mid-p); 1 when missing.
    pub upper: f64,
    /// Probability of a count as low (mid-p); 1 when missing.
    pub lower: f64,
}

/// One hypothesis: the logarithm of the level is normal, and an incident is on or not.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Hypothesis {
    weight: f64,
    mean: f64,
    variance: f64,
    incident: bool,
}

/// The hypotheses about a level after the counts so far.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelFilter {
    dynamics: Dynamics,
    hypotheses: Vec<Hypothesis>,
    /// Logarithm of the level over the past weeks.
    past: f64,
}

impl LevelFilter {
    /// Starts near `level`, in tickets per average bucket, above zero.
    pub fn new(dynamics: Dynamics, level: f64) -> Self {
        let start = Hypothesis {
            weight: 1.0,
            mean: level.max(LEAST_MEAN).ln(),
            variance: START_VARIANCE,
            incident: false,
        };
        Self { dynamics, hypotheses: vec![start], past: start.mean }
    }

    /// Compares `count` (NaN is missing) with what was expected, then learns from it.
    ///
    /// `factor` is the bucket's shape, above zero; `unsure` is the variance of its logarithm, zero but for holidays.
    pub fn step(&mut self, count: f64, factor: f64, unsure: f64) -> Step {
        for hypothesis in &mut self.hypotheses {
            hypothesis.variance += self.dynamics.drift;
        }
        self.expect_return();
        let step = self.compare(count, factor, unsure);
        if count.is_finite() {
            self.learn(count, factor, unsure);
            let keep = 0.5f64.powf(1.0 / (PAST_HALF_LIFE_DAYS * self.dynamics.per_day));
            let now: f64 = self.hypotheses.iter().map(|h| h.weight * h.mean).sum();
            self.past = keep * self.past + (1.0 - keep) * now;
        }
        step
    }

    /// Goes back to what was known `buckets` ago, for these buckets belong to an incident, but keeps a little of what
    /// they said: it may have been a lasting shift.
    pub fn rewind(&mut self, earlier: &Self, buckets: usize, weight: f64) {
        let drift = self.dynamics.drift * buckets as f64;
        let mut all = self.hypotheses.clone();
        for hypothesis in &mut all {
            hypothesis.weight *= 1.0 - weight;
        }
        all.extend(earlier.hypotheses.iter().map(|h| Hypothesis {
            weight: h.weight * weight,
            variance: h.variance + drift,
            incident: true,
            ..*h
        }));
        self.hypotheses = merge(all);
    }

    /// Adds the level of the past weeks to what may be.
    fn expect_return(&mut self) {
        let variance = self.hypotheses.iter().map(|h| h.variance).fold(f64::INFINITY, f64::min);
        for h in &mut self.hypotheses {
            h.weight *= 1.0 - RETURNS;
        }
        let returned = Hypothesis { weight: RETURNS, mean: self.past, variance, incident: false };
        let mut all = std::mem::take(&mut self.hypotheses);
        all.push(returned);
        self.hypotheses = merge(all);
    }

    fn goes_on(&self) -> f64 {
        if self.dynamics.per_day > 1.0 { INCIDENT_GOES_ON.1 } else { INCIDENT_GOES_ON.0 }
    }

    fn compare(&self, count: f64, factor: f64, unsure: f64) -> Step {
        let usual = |h: &Hypothesis| h.weight * if h.incident { 1.0 - self.goes_on() } else { 1.0 };
        let total: f64 = self.hypotheses.iter().map(usual).sum();
        let (mut mean, mut square) = (0.0, 0.0);
        for h in &self.hypotheses {
            let (weight, m) = (usual(h) / total, h.expected(factor));
            mean += weight * m;
            square += weight * (m + m * m * (1.0 + self.dynamics.dispersion + h.variance));
        }
        let variance = (square - mean * mean).max(LEAST_MEAN);
        if !count.is_finite() {
            return Step { mean, variance, upper: 1.0, lower: 1.0 };
        }
        let high = count >= mean;
        let mut strange = 0.0;
        for h in &self.hypotheses {
            let (m, dispersion) = (h.expected(factor), self.dynamics.dispersion + unsure + h.variance);
            let tail = if high {
                tail::upper_log10(count, m, dispersion)
            } else {
                tail::lower_log10(count, m, dispersion)
            };
            strange += usual(h) / total * 10f64.powf(-tail);
        }
        // The two mid-p tails sum to one.
        let (near, far) = (strange.max(f64::MIN_POSITIVE), (1.0 - strange).max(f64::MIN_POSITIVE));
        let (upper, lower) = if high { (near, far) } else { (far, near) };
        Step { mean, variance, upper, lower }
    }

    fn learn(&mut self, count: f64, factor: f64, unsure: f64) {
        let Dynamics { dispersion, per_day, .. } = self.dynamics;
        let scatter = dispersion + unsure;
        let (begins, shifts) = (INCIDENT_PER_DAY / per_day.sqrt(), SHIFT_PER_DAY / per_day);
        let goes_on = self.goes_on();
        let mut split = Vec::with_capacity(3 * self.hypotheses.len());
        for h in &self.hypotheses {
            let expected = h.expected(factor);
            let (usual, incident) =
                if h.incident { (1.0 - goes_on, goes_on) } else { (1.0 - begins - shifts, begins) };
            let explained = |chance: f64, more: f64| {
                (h.weight * chance).ln() + tail::ln_mass(count, expected, scatter + h.variance + more)
            };
            let (mean, variance) = learned(*h, h.variance, count, factor, scatter);
            split.push(Hypothesis { weight: explained(usual, 0.0), mean, variance, incident: false });
            split.push(Hypothesis { weight: explained(incident, INCIDENT_DISPERSION), incident: true, ..*h });
            // Nobody can tell a shift from a holiday.
            if !h.incident && unsure <= 0.0 {
                let (mean, variance) = learned(*h, h.variance + SHIFT_VARIANCE, count, factor, scatter);
                let weight = explained(shifts, SHIFT_VARIANCE);
                split.push(Hypothesis { weight, mean, variance, incident: false });
            }
        }
        let best = split.iter().map(|h| h.weight).fold(f64::NEG_INFINITY, f64::max);
        for h in &mut split {
            h.weight = (h.weight - best).exp();
        }
        self.hypotheses = merge(split);
    }
}

impl Hypothesis {
    fn expected(&self, factor: f64) -> f64 {
        ((self.mean + 0.5 * self.variance).exp() * factor).max(LEAST_MEAN)
    }
}

/// Mean and variance of the logarithm of the level after a count: Newton's steps with the expected information.
fn learned(h: Hypothesis, variance: f64, count: f64, factor: f64, dispersion: f64) -> (f64, f64) {
    let (mut at, mut information) = (h.mean, 1.0 / variance);
    for _ in 0..NEWTON_STEPS {
        let mean = (at.exp() * factor).max(LEAST_MEAN);
        let slope = (count - mean) / (1.0 + dispersion * mean) - (at - h.mean) / variance;
        information = mean / (1.0 + dispersion * mean) + 1.0 / variance;
        let step = (slope / information).clamp(-1.0, 1.0);
        at += step;
        if step.abs() < 1e-4 {
            break;
        }
    }
    (at, 1.0 / information)
}

/// Scales the weights to one, drops what has none, and joins what is alike, keeping mean and variance.
fn merge(mut all: Vec<Hypothesis>) -> Vec<Hypothesis> {
    let total: f64 = all.iter().map(|h| h.weight).sum();
    for h in &mut all {
        h.weight /= total;
    }
    all.retain(|h| h.weight > LEAST_WEIGHT);
    all.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let mut kept: Vec<Hypothesis> = Vec::with_capacity(HYPOTHESES);
    for h in all {
        let reach = |k: &Hypothesis| ALIKE * k.variance.min(h.variance).sqrt().max(0.01);
        match kept.iter_mut().find(|k| k.incident == h.incident && (k.mean - h.mean).abs() < reach(k)) {
            Some(k) => {
                let weight = k.weight + h.weight;
                let mean = (k.weight * k.mean + h.weight * h.mean) / weight;
                let spread = |x: &Hypothesis| x.weight * (x.variance + (x.mean - mean) * (x.mean - mean));
                let variance = (spread(k) + spread(&h)) / weight;
                *k = Hypothesis { weight, mean, variance, incident: h.incident };
            }
            None => kept.push(h),
        }
    }
    kept.truncate(HYPOTHESES);
    let total: f64 = kept.iter().map(|h| h.weight).sum();
    for h in &mut kept {
        h.weight /= total;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::noise;

    const DAILY: Dynamics = Dynamics { drift: 1e-4, dispersion: 0.004, per_day: 1.0 };

    fn run(filter: &mut LevelFilter, counts: impl IntoIterator<Item = f64>) -> Vec<Step> {
        counts.into_iter().map(|count| filter.step(count, 1.0, 0.0)).collect()
    }

    fn quiet(n: u64, mean: f64) -> impl Iterator<Item = f64> {
        (0..n).map(move |i| noise(i + 1, mean))
    }

    #[test]
    fn it_finds_the_level_and_its_tails_are_probabilities() {
        let mut filter = LevelFilter::new(DAILY, 100.0);
        let steps = run(&mut filter, quiet(400, 150.0));
        let mean = steps[300..].iter().map(|s| s.mean).sum::<f64>() / 100.0;
        assert!((mean - 150.0).abs() < 4.0, "{mean}");
        let low = steps[50..].iter().filter(|s| s.upper < 0.1).count() as f64 / 350.0;
        assert!((0.03..0.14).contains(&low), "{low}");
        assert!(steps.iter().all(|s| (s.upper + s.lower - 1.0).abs() < 1e-9));
    }

    #[test]
    fn a_spike_leaves_the_level_and_a_shift_moves_it() {
        let mut filter = LevelFilter::new(DAILY, 150.0);
        run(&mut filter, quiet(100, 150.0));
        let spike = run(&mut filter, [300.0, 150.0]);
        assert!(spike[0].upper < 1e-6, "{spike:?}");
        assert!((spike[1].mean / 150.0 - 1.0).abs() < 0.1 && spike[1].lower > 0.05, "{spike:?}");
        let shifted = run(&mut filter, quiet(6, 205.0));
        assert!(shifted[0].upper < 0.01 && shifted[4].upper > 0.01, "{shifted:?}");
    }

    #[test]
    fn after_an_incident_both_the_old_and_the_new_level_are_usual() {
        let mut filter = LevelFilter::new(DAILY, 150.0);
        run(&mut filter, quiet(100, 150.0));
        let before = filter.clone();
        run(&mut filter, [230.0, 235.0, 228.0, 231.0]);
        filter.rewind(&before, 4, 0.9);
        for count in [150.0, 230.0] {
            let step = filter.clone().step(count, 1.0, 0.0);
            assert!(step.upper > 0.005 && step.lower > 0.005, "{count} {step:?}");
        }
    }

    #[test]
    fn missing_buckets_only_add_doubt() {
        let mut filter = LevelFilter::new(DAILY, 150.0);
        run(&mut filter, quiet(100, 150.0));
        let before = filter.step(f64::NAN, 1.0, 0.0);
        let after = run(&mut filter, [f64::NAN; 50]).pop().unwrap();
        assert!((after.mean / before.mean - 1.0).abs() < 0.05 && after.variance > before.variance);
        assert_eq!((after.upper, after.lower), (1.0, 1.0));
    }

    #[test]
    fn silence_and_floods_stay_finite() {
        let mut filter = LevelFilter::new(DAILY, 0.0);
        for step in run(&mut filter, [0.0, 0.0, 1e9, 0.0, 1e9, 1e9, 0.0]) {
            assert!(step.mean.is_finite() && step.upper > 0.0 && step.lower > 0.0, "{step:?}");
        }
    }
}
