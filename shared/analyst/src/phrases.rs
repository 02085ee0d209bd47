//! Distinctive terms of a set of tickets, over distinct reporters.

use crate::facts::Facts;
use crate::vocabulary::distinct_in;
use domain::distinct::ReporterId;
use domain::segment::Segment;
use std::collections::{BTreeSet, HashMap};
use text::log_odds::{Distinctive, TermCount, Totals, distinctive};

/// Reporters below which a term is one customer's way of writing.
pub(crate) const MIN_REPORTERS: usize = 3;
/// False discovery rate of distinctive terms.
const TERM_FDR: f64 = 0.01;
/// The same for an incident that was opened for its words: that some rose is settled, only which is asked.
const TOLD_FDR: f64 = 0.05;
/// Terms of a window that are tested, most frequent first: a theme has frequent ones.
const MAX_TESTED: usize = 1_500;

/// The terms of some documents, tested against the background.
pub(crate) struct Phrases {
    /// Terms below the false discovery rate, strongest first, with `window` and `background` in reporters.
    pub(crate) significant: Vec<Distinctive>,
    /// Key of each significant term in the vocabulary, in the same order.
    pub(crate) keys: Vec<u32>,
    /// Distinct reporters.
    pub(crate) totals: Totals,
}

/// Tests the terms of the documents at `positions` against the background's rollups.
///
/// Rollups do not split terms by segment. Within a segment, every use of a term in the background is therefore taken
/// to lie inside it: the strictest reading, under which a segment's own usual words are no news.
pub(crate) fn phrases(facts: &Facts<'_>, positions: &[usize], segment: &Segment) -> Phrases {
    let reporter = |i: &usize| facts.documents.get(*i).map_or(ReporterId(0), |d| d.reporter);
    tested(facts, positions, &positions.iter().map(reporter).collect::<Vec<_>>(), segment)
}

/// The same, with every ticket counted as a reporter of its own: names what one sender repeats.
pub(crate) fn repeated_phrases(facts: &Facts<'_>, positions: &[usize]) -> Phrases {
    let reporters: Vec<ReporterId> = (0..positions.len() as u64).map(ReporterId).collect();
    tested(facts, positions, &reporters, &Segment::total())
}

fn tested(facts: &Facts<'_>, positions: &[usize], reporters: &[ReporterId], segment: &Segment) -> Phrases {
    let mut by_key: Vec<Vec<ReporterId>> = vec![Vec::new(); facts.vocabulary.len()];
    for (position, reporter) in positions.iter().zip(reporters) {
        for key in facts.documents.get(*position).map_or(&[][..], |d| &d.keys) {
            if let Some(list) = by_key.get_mut(*key as usize) {
                list.push(*reporter);
            }
        }
    }
    let labels = facts.vocabulary.labels();
    let mut candidates: Vec<(usize, u32, &str)> = Vec::new();
    for (key, (list, label)) in by_key.iter_mut().zip(labels).enumerate() {
        if list.len() < MIN_REPORTERS {
            continue;
        }
        list.sort_unstable();
        list.dedup();
        if list.len() >= MIN_REPORTERS {
            candidates.push((list.len(), key as u32, label));
        }
    }
    candidates.sort_by(|a, b| b.0.cmp(&a.0).then(a.2.cmp(b.2)));
    candidates.truncate(MAX_TESTED);
    let background = facts.case.background.iter().map(|r| distinct_in(r, r.segment(segment))).sum();
    let totals = Totals { window: reporters.iter().collect::<BTreeSet<_>>().len() as f64, background };
    let count = |(n, key, label): &(usize, u32, &str)| TermCount {
        term: (*label).to_owned(),
        window: *n as f64,
        background: facts.vocabulary.background(*key).min(background),
    };
    let mut significant = distinctive(&candidates.iter().map(count).collect::<Vec<_>>(), totals);
    let rate = if facts.is_theme() { TOLD_FDR } else { TERM_FDR };
    significant.retain(|d| d.z > 0.0 && d.q < rate);
    let keys: HashMap<&str, u32> = candidates.iter().map(|(_, key, label)| (*label, *key)).collect();
    let keys = significant.iter().filter_map(|d| keys.get(d.term.as_str()).copied()).collect();
    Phrases { significant, keys, totals }
}
