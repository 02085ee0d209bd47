//! The largest coherent set of distinctive terms.
//!
//! Customers tell one failure in their own words, so no single phrase explains it; but their words meet in the same
//! tickets. A surge drawn from many subjects raises many words too, which do not meet. The theme is grown from the
//! term with the largest excess by terms that mostly occur together with it, and is credited only with the excess
//! that the background cannot explain even if no two of its terms ever met there.

use crate::facts::{Document, Facts, Value};
use crate::lexicon::is_release;
use crate::phrases::{MIN_REPORTERS, Phrases, phrases};
use domain::distinct::ReporterId;
use domain::segment::{Dimension, Segment};
use std::collections::{BTreeMap, BTreeSet};
use text::log_odds::Distinctive;

/// Distinctive terms that may belong to a theme.
const MAX_TERMS: usize = 80;
/// Share of a term's reporters who must also use the theme's words already found.
pub(crate) const COHERENT: f64 = 0.6;
/// No demand of that kind: whatever rose, as far as words tell.
pub(crate) const ANYTHING: f64 = 0.0;
/// Terms of one theme.
const MAX_THEME_TERMS: usize = 24;
/// A language is looked at by itself when it has this share of the tickets, and so many.
const LANGUAGE_SHARE: f64 = 0.1;
const LANGUAGE_TICKETS: usize = 8;

/// A coherent set of terms and the tickets that have them.
#[derive(Clone, Default)]
pub(crate) struct Theme {
    /// Strongest first.
    pub(crate) terms: Vec<Distinctive>,
    /// Positions of its documents in [`Facts::documents`], ascending.
    pub(crate) documents: Vec<usize>,
    /// Distinct reporters among them.
    pub(crate) reporters: f64,
    /// Reporters that would have used one of its terms anyway, at most.
    pub(crate) usual: f64,
}

impl Theme {
    /// Reporters beyond the usual, at least.
    pub(crate) fn excess(&self) -> f64 {
        (self.reporters - self.usual).max(0.0)
    }
}

/// The themes of the documents, one for each larger language, merged; and the terms they were chosen from.
///
/// Languages are separate because translations of a theme share no words.
pub(crate) fn find(
    facts: &Facts<'_>,
    positions: &[usize],
    segment: &Segment,
    coherence: f64,
) -> (Theme, Vec<Phrases>) {
    let mut theme = Theme::default();
    let mut tested = Vec::new();
    for (language, positions) in by_language(facts, positions) {
        let documents: Vec<&Document<'_>> =
            positions.iter().filter_map(|i| facts.documents.get(*i)).collect();
        let within = match (&language, segment.is_total()) {
            (Some(value), true) => Segment::value(value.0, value.1.clone()),
            _ => segment.clone(),
        };
        let phrases = phrases(facts, &positions, &within);
        // A theme needs the rate of its words in usual traffic; scaled from the background to what was due here.
        let due = due(facts, language.as_ref(), segment, positions.len());
        let part =
            grow(&documents, &positions, &phrases, Growth { due, coherence, by_strength: facts.is_theme() });
        theme.reporters += part.reporters;
        theme.usual += part.usual;
        theme.documents.extend(part.documents);
        theme.terms.extend(part.terms);
        tested.push(phrases);
    }
    theme.documents.sort_unstable();
    theme.terms.sort_by(|a, b| b.z.total_cmp(&a.z).then_with(|| a.term.cmp(&b.term)));
    (theme, tested)
}

/// Documents by language, as far as languages are told and large enough; the rest together, under no name.
fn by_language(facts: &Facts<'_>, positions: &[usize]) -> Vec<(Option<Value>, Vec<usize>)> {
    let mut groups: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
    for position in positions {
        let language = facts.documents.get(*position).and_then(|d| d.ticket.language.clone());
        groups.entry(language).or_default().push(*position);
    }
    let least = LANGUAGE_TICKETS.max((LANGUAGE_SHARE * positions.len() as f64) as usize);
    let large = groups.iter().filter(|(language, list)| language.is_some() && list.len() >= least).count();
    if large < 2 {
        return vec![(None, positions.to_vec())];
    }
    let mut rest = Vec::new();
    let mut found = Vec::new();
    for (language, list) in groups {
        match language.filter(|_| list.len() >= least) {
            Some(language) => found.push((Some((Dimension::Language, language)), list)),
            None => rest.extend(list),
        }
    }
    if rest.len() >= MIN_REPORTERS {
        rest.sort_unstable();
        found.push((None, rest));
    }
    found
}

/// Tickets that were due of the documents looked at.
fn due(facts: &Facts<'_>, language: Option<&Value>, segment: &Segment, documents: usize) -> f64 {
    let all = if segment == &facts.case.incident.segment {
        facts.expected
    } else {
        segment.cells().first().map_or(facts.total_expected, |v| facts.expected_of(v))
    };
    let share = match language {
        Some(value) if segment.is_total() => facts.expected_of(value) / facts.total_expected.max(1e-9),
        Some(value) => facts.share_of(value),
        None if facts.documents.is_empty() => 1.0,
        None => documents as f64 / facts.documents.len() as f64,
    };
    all * share.min(1.0) / facts.scale
}

struct Candidate {
    term: Distinctive,
    reporters: BTreeSet<ReporterId>,
    usual: f64,
}

/// How a theme is grown.
#[derive(Clone, Copy)]
struct Growth {
    /// Tickets that were due of the documents.
    due: f64,
    /// Share of a term's reporters who must use the theme's words already found.
    coherence: f64,
    /// Begin with the strongest term instead of the one with the largest excess: where the volume is as usual,
    /// large terms are mostly the drift of usual subjects.
    by_strength: bool,
}

impl Candidate {
    /// Reporters beyond the usual.
    fn excess(&self) -> f64 {
        self.reporters.len() as f64 - self.usual
    }
}

fn grow(documents: &[&Document<'_>], positions: &[usize], phrases: &Phrases, growth: Growth) -> Theme {
    let candidates = candidates(documents, phrases, growth.due);
    let worth = |c: &Candidate| if growth.by_strength { c.term.z } else { c.excess() };
    let strongest = |a: &&Candidate, b: &&Candidate| {
        worth(a).total_cmp(&worth(b)).then_with(|| b.term.term.cmp(&a.term.term))
    };
    // Words of a new version rise after every release, whatever customers then write about.
    let subjects =
        candidates.iter().filter(|c| !is_release(&c.term.term) && c.excess() >= MIN_REPORTERS as f64);
    let Some(seed) = subjects.max_by(strongest).or_else(|| candidates.iter().max_by(strongest)) else {
        return Theme::default();
    };
    let mut covered = seed.reporters.clone();
    let mut usual = seed.usual;
    let mut chosen = vec![&seed.term];
    while chosen.len() < MAX_THEME_TERMS {
        let gain = |c: &Candidate| {
            let shared = c.reporters.intersection(&covered).count() as f64;
            let coherent =
                shared >= growth.coherence * c.reporters.len() as f64 && !chosen.contains(&&c.term);
            (coherent, c.reporters.len() as f64 - shared - c.usual)
        };
        let best = candidates
            .iter()
            .map(|c| (c, gain(c)))
            .filter(|(_, (coherent, gain))| *coherent && *gain > 0.0)
            .max_by(|a, b| a.1.1.total_cmp(&b.1.1).then_with(|| b.0.term.term.cmp(&a.0.term.term)));
        let Some((best, _)) = best else { break };
        covered.extend(best.reporters.iter().copied());
        usual += best.usual;
        chosen.push(&best.term);
    }
    // Terms that add no reporters still name the theme.
    let names = candidates.iter().filter(|c| {
        let shared = c.reporters.intersection(&covered).count() as f64;
        shared >= 0.9 * c.reporters.len() as f64 && !chosen.contains(&&c.term)
    });
    let mut terms: Vec<Distinctive> = names.map(|c| c.term.clone()).collect();
    terms.extend(chosen.into_iter().cloned());
    let inside = documents
        .iter()
        .zip(positions)
        .filter(|(d, _)| covered.contains(&d.reporter))
        .map(|(_, i)| *i)
        .collect();
    Theme { terms, documents: inside, reporters: covered.len() as f64, usual }
}

fn candidates(documents: &[&Document<'_>], phrases: &Phrases, due: f64) -> Vec<Candidate> {
    let rate = |d: &Distinctive| d.background / phrases.totals.background.max(1.0);
    let reporters = |key: &u32| -> BTreeSet<ReporterId> {
        documents.iter().filter(|d| d.keys.binary_search(key).is_ok()).map(|d| d.reporter).collect()
    };
    let pairs = phrases.significant.iter().zip(&phrases.keys).take(MAX_TERMS);
    pairs
        .map(|(d, key)| Candidate { term: d.clone(), reporters: reporters(key), usual: due * rate(d) })
        .collect()
}
