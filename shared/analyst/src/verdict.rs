//! The rules that choose among the readings, in this order: attempts to steer, data quality, too little, theme,
//! cell, composition, volume.

use crate::cells::{self, Cell};
use crate::facts::{Document, Facts};
use crate::lexicon::{is_release, is_version, is_world};
use crate::phrases::Phrases;
use crate::quality::Quality;
use crate::shifts::{Shift, shifts};
use crate::stats::z_score;
use crate::theme::{self, Theme};
use domain::report::{Nature, Verdict};
use domain::segment::{Dimension, Segment};
use domain::ticket::Ticket;
use std::collections::BTreeMap;
use text::log_odds::{Distinctive, without_parts};

/// Share of the excess that a theme must explain to be its cause: half, since a theme told in many words is
/// credited with a lower bound.
const THEME_EXPLAINS: f64 = 0.5;
/// Share from which a theme stands by itself; below, the tickets without it must have their usual mix, else it is
/// only the largest of several movements.
const THEME_SUFFICES: f64 = 0.75;
/// Distinct reporters beyond the usual that make a theme: four customers writing the same words is rare by chance.
const THEME_REPORTERS: f64 = 4.0;
/// The same for an incident that was opened for its words: that they rose is settled.
const TOLD_REPORTERS: f64 = 3.0;
/// Standard deviations of the volume under which there is nothing to explain.
const MIN_Z: f64 = 2.0;
/// Fewest tickets of an incident that can be explained.
const MIN_TICKETS: f64 = 5.0;
/// Share of the excess that version words must explain to call it the wave after a release.
const RELEASE_SHARE: f64 = 0.25;
/// Share of the background below which a version is new.
const NEW_SHARE: f64 = 0.05;
/// Share of a theme's words that must be about the world outside.
const WORLD_SHARE: f64 = 0.3;
/// Share of the reference that steering tickets must make.
const STEERING_SHARE: f64 = 0.5;
/// Reporters at which support counts half; a dozen make it nearly certain.
const HALF_SUPPORT: f64 = 4.0;
/// Nothing statistical proves a cause.
const MAX_CONFIDENCE: f64 = 0.95;

/// What the evidence shows, before any rule.
pub(crate) struct Findings {
    pub(crate) quality: Quality,
    pub(crate) shifts: Vec<Shift>,
    pub(crate) cell: Option<Cell>,
    pub(crate) theme: Theme,
    /// Significant terms, strongest first, without repeats.
    pub(crate) terms: Vec<Distinctive>,
    /// Share of the excess that the theme explains.
    pub(crate) theme_share: f64,
    /// Significant terms that come with new versions.
    release_words: Vec<Distinctive>,
    /// Whether the tickets without the theme have their usual mix.
    rest_as_usual: bool,
    /// Whether the theme goes beyond the usual words of the cell.
    pub(crate) theme_beyond_cell: bool,
}

impl Findings {
    pub(crate) fn gather(facts: &Facts<'_>) -> Self {
        let segment = &facts.case.incident.segment;
        let everything: Vec<usize> = (0..facts.documents.len()).collect();
        let (theme, tested) = theme::find(facts, &everything, segment, theme::COHERENT);
        let (theme, broad) = with_world(facts, &everything, segment, theme);
        let quality = Quality::of(facts, theme.excess() * facts.scale);
        let cell = cells::best(facts);
        let theme_share = explained(facts, &theme);
        let theme_beyond_cell = match &cell {
            Some(cell) if !facts.is_theme() => beyond(facts, &cell.segment),
            _ => true,
        };
        Self {
            terms: merged(&tested),
            shifts: shifts(facts, &facts.all),
            release_words: tested
                .iter()
                .flat_map(|p| &p.significant)
                .filter(|d| is_release(&d.term))
                .cloned()
                .collect(),
            rest_as_usual: broad || !shifts(facts, &without(facts, &theme)).iter().any(Shift::matters),
            quality,
            cell,
            theme,
            theme_share,
            theme_beyond_cell,
        }
    }

    /// Shifts that are certain and large.
    pub(crate) fn moved(&self) -> Vec<&Shift> {
        self.shifts.iter().filter(|s| s.matters()).collect()
    }

    fn has_theme(&self, facts: &Facts<'_>) -> bool {
        facts.is_up()
            && self.theme.excess() >= if facts.is_theme() { TOLD_REPORTERS } else { THEME_REPORTERS }
            && (facts.is_theme() || self.theme_share >= THEME_EXPLAINS && self.theme_beyond_cell)
            && (facts.is_theme() || self.theme_share >= THEME_SUFFICES || self.rest_as_usual)
    }

    /// Share of the excess whose tickets have words of a new version, at most.
    fn release_share(&self, facts: &Facts<'_>) -> f64 {
        let fresh = new_version(facts);
        let named = self.release_words.iter().any(|d| is_version(&d.term)) || fresh >= NEW_SHARE;
        let updates = self.release_words.iter().any(|d| !is_version(&d.term));
        let most = self.release_words.iter().map(|d| d.window).fold(0.0, f64::max) * facts.scale;
        if named && (updates || fresh >= RELEASE_SHARE) {
            (most / self.quality.reference).max(fresh)
        } else {
            0.0
        }
    }
}

/// Share of the window's tickets with a version that the background hardly had.
fn new_version(facts: &Facts<'_>) -> f64 {
    let counts = [Dimension::Tag, Dimension::Product].into_iter().flat_map(|d| facts.counts(d, &facts.all));
    let fresh = counts.filter(|(value, _)| names_version(&value.1) && facts.share_of(value) < NEW_SHARE);
    fresh.map(|(_, n)| n / facts.total_actual.max(1.0)).fold(0.0, f64::max)
}

/// Whether a value is a name with a number at its end, as versions are.
fn names_version(value: &str) -> bool {
    value.chars().any(char::is_alphabetic) && value.ends_with(|c: char| c.is_ascii_digit())
}

/// The theme; or, when it explains too little and weather or public events are what rose, all that rose: a storm has
/// many effects and one cause.
fn with_world(facts: &Facts<'_>, positions: &[usize], segment: &Segment, theme: Theme) -> (Theme, bool) {
    if facts.is_theme() || explained(facts, &theme) >= THEME_EXPLAINS {
        return (theme, false);
    }
    let all = theme::find(facts, positions, segment, theme::ANYTHING).0;
    let outside = explained(facts, &all) >= THEME_EXPLAINS && theme_nature(&all) == Nature::External;
    if outside { (all, true) } else { (theme, false) }
}

/// Share of the excess that a theme explains, 0–1.
fn explained(facts: &Facts<'_>, theme: &Theme) -> f64 {
    let excess = theme.excess() * facts.scale;
    let of = if facts.is_theme() { excess.max(facts.excess()) } else { facts.excess() };
    if of > 0.0 { (excess / of).min(1.0) } else { 0.0 }
}

/// Tickets whose text was read and that lack the theme.
fn without<'a>(facts: &Facts<'a>, theme: &Theme) -> Vec<&'a Ticket> {
    let documents = facts.documents.iter().enumerate();
    documents.filter(|(i, _)| theme.documents.binary_search(i).is_err()).map(|(_, d)| d.ticket).collect()
}

/// Whether the tickets of a cell share a theme that its own usual words cannot explain.
fn beyond(facts: &Facts<'_>, cell: &Segment) -> bool {
    let of = |d: &Document<'_>| cell.contains(d.ticket);
    let positions: Vec<usize> =
        facts.documents.iter().enumerate().filter(|(_, d)| of(d)).map(|(i, _)| i).collect();
    explained(facts, &theme::find(facts, &positions, cell, theme::COHERENT).0) >= THEME_EXPLAINS
}

/// Significant terms of all languages, strongest first, each subject once.
fn merged(tested: &[Phrases]) -> Vec<Distinctive> {
    let mut by_term: BTreeMap<String, Distinctive> = BTreeMap::new();
    for term in tested.iter().flat_map(|p| &p.significant) {
        let known = by_term.get(&term.term).is_some_and(|k| k.z >= term.z);
        if !known {
            by_term.insert(term.term.clone(), term.clone());
        }
    }
    let mut terms: Vec<Distinctive> = by_term.into_values().collect();
    terms.sort_by(|a, b| b.z.total_cmp(&a.z).then_with(|| a.term.cmp(&b.term)));
    without_parts(terms)
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reading {
    Steering,
    Quality,
    TooLittle,
    Theme,
    Cell,
    Composition,
    Volume,
}

pub(crate) struct Decision {
    pub(crate) reading: Reading,
    pub(crate) verdict: Verdict,
    pub(crate) nature: Nature,
    pub(crate) confidence: f64,
}

/// Chooses the reading.
///
/// Confidence = support × contrast, at most 0.95. Support = n / (n + 4), n the reporters (or, without texts, extra
/// tickets) the reading stands on. Contrast = the share of the excess it explains; for a composition shift the
/// share of tickets that moved, doubled; for plain volume how far all shifts stay under the mark.
pub(crate) fn decide(facts: &Facts<'_>, findings: &Findings) -> Decision {
    let (reading, nature, support, contrast) = read(facts, findings);
    let verdict = match reading {
        Reading::Steering => Verdict::SuspectedManipulation,
        Reading::Quality => Verdict::DataQuality,
        Reading::TooLittle => Verdict::Inconclusive,
        Reading::Theme | Reading::Cell => Verdict::Localized,
        Reading::Composition => Verdict::CompositionShift,
        Reading::Volume => Verdict::VolumeOnly,
    };
    let confidence = support / (support + HALF_SUPPORT) * contrast.clamp(0.0, 1.0);
    let confidence = (confidence.clamp(0.0, MAX_CONFIDENCE) * 100.0).round() / 100.0;
    Decision { reading, verdict, nature, confidence }
}

fn read(facts: &Facts<'_>, findings: &Findings) -> (Reading, Nature, f64, f64) {
    let extra = facts.excess().abs();
    let quality = &findings.quality;
    let steering = quality.repeats.steering.len() as f64 * facts.scale;
    if facts.is_up() && steering >= THEME_REPORTERS && steering >= STEERING_SHARE * quality.reference {
        return (Reading::Steering, Nature::Unknown, steering, steering / quality.reference);
    }
    if let Some(nature) = quality.nature(facts) {
        return (Reading::Quality, nature, quality.reference.max(extra), 1.0);
    }
    let strange = z_score(facts.actual, facts.expected).abs() >= MIN_Z;
    let few = facts.is_up() && facts.inside.len() < MIN_TICKETS as usize;
    if few || !facts.is_theme() && !strange {
        return (Reading::TooLittle, Nature::Unknown, extra, 0.5);
    }
    if findings.has_theme(facts) {
        let nature = theme_nature(&findings.theme);
        return (Reading::Theme, nature, findings.theme.reporters, findings.theme_share);
    }
    let release = findings.release_share(facts);
    let otherwise = if release >= RELEASE_SHARE { Nature::ReleaseWave } else { Nature::Unknown };
    if let Some(cell) = findings.cell.as_ref().filter(|_| !facts.is_theme()) {
        let nature = if otherwise == Nature::Unknown && facts.is_up() { Nature::Product } else { otherwise };
        let contrast = cell.explains.min(1.0) * (1.0 - cell.inside_shift);
        return (Reading::Cell, nature, (cell.actual - cell.expected).abs(), contrast);
    }
    let moved = findings.moved();
    let effect = moved.iter().map(|s| s.effect).fold(0.0, f64::max);
    if !moved.is_empty() && !facts.is_theme() {
        return (Reading::Composition, otherwise, extra, 2.0 * effect);
    }
    if facts.is_theme() {
        return (Reading::TooLittle, otherwise, findings.theme.reporters, 0.5);
    }
    let largest = findings.shifts.iter().filter(|s| s.q < 0.01).map(|s| s.effect).fold(0.0, f64::max);
    (Reading::Volume, otherwise, extra, 1.0 - 2.0 * largest)
}

/// What sort of thing a theme's words name.
fn theme_nature(theme: &Theme) -> Nature {
    let shown = without_parts(theme.terms.clone());
    let top: Vec<&str> = shown.iter().take(8).map(|d| d.term.as_str()).collect();
    let share = |test: &dyn Fn(&str) -> bool| {
        top.iter().filter(|t| test(t) || t.split(' ').any(test)).count() as f64 / top.len().max(1) as f64
    };
    if share(&is_world) >= WORLD_SHARE {
        Nature::External
    } else if top.first().is_some_and(|t| is_release(t)) || share(&is_release) >= 0.5 {
        Nature::ReleaseWave
    } else {
        Nature::Product
    }
}
