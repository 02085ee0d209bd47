//! The terms of an incident's tickets as numbers, and how often the background has them.

use domain::rollup::{Count, HourRollup};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// Tickets below which a term is not looked up in the background: it cannot become distinctive.
const MIN_TICKETS: u32 = 3;

/// Terms and the keys that variants of a term share.
#[derive(Default)]
pub(crate) struct Vocabulary {
    terms: Vec<Term>,
    /// Key names by key.
    names: Vec<String>,
    /// Reporters by key in the background: distinct within an hour, summed over hours.
    background: Vec<f64>,
}

struct Term {
    text: String,
    key: u32,
    tickets: u32,
}

impl Vocabulary {
    /// Numbers the terms of every document; gives the distinct keys of each, ascending.
    pub(crate) fn number(documents: &[Vec<String>]) -> (Self, Vec<Vec<u32>>) {
        let mut vocabulary = Self::default();
        let mut ids: HashMap<&str, usize, Fast> = HashMap::default();
        let mut keys: HashMap<String, u32, Fast> = HashMap::default();
        let mut of_documents = Vec::with_capacity(documents.len());
        for terms in documents {
            let mut own: Vec<u32> = Vec::with_capacity(terms.len());
            for text in terms {
                let id = *ids.entry(text).or_insert_with(|| vocabulary.add(text, &mut keys));
                if let Some(term) = vocabulary.terms.get_mut(id) {
                    term.tickets += 1;
                    own.push(term.key);
                }
            }
            own.sort_unstable();
            own.dedup();
            of_documents.push(own);
        }
        (vocabulary, of_documents)
    }

    fn add(&mut self, text: &str, keys: &mut HashMap<String, u32, Fast>) -> usize {
        let names = &mut self.names;
        let key = *keys.entry(text::group_key(text)).or_insert_with_key(|name| {
            names.push(name.clone());
            names.len() as u32 - 1
        });
        self.terms.push(Term { text: text.to_owned(), key, tickets: 0 });
        self.terms.len() - 1
    }

    /// Looks up every term that enough tickets have.
    pub(crate) fn count_background(&mut self, background: &[Arc<HourRollup>]) {
        let mut tickets = vec![0; self.names.len()];
        for term in &self.terms {
            if let Some(n) = tickets.get_mut(term.key as usize) {
                *n += term.tickets;
            }
        }
        let frequent = |t: &&Term| tickets.get(t.key as usize).is_some_and(|n| *n >= MIN_TICKETS);
        let index: HashMap<&str, u32, Fast> =
            self.terms.iter().filter(frequent).map(|t| (t.text.as_str(), t.key)).collect();
        let mut counts = vec![0.0; self.names.len()];
        for rollup in background {
            for (term, cells) in &rollup.terms {
                let key = index.get(term.as_str());
                if let Some(sum) = key.and_then(|key| counts.get_mut(*key as usize)) {
                    *sum += distinct_in(rollup, cells);
                }
            }
        }
        self.background = counts;
    }

    /// Reporters of a key in the background.
    pub(crate) fn background(&self, key: u32) -> f64 {
        self.background.get(key as usize).copied().unwrap_or(0.0)
    }

    /// The variant that most tickets use, for every key.
    pub(crate) fn labels(&self) -> Vec<&str> {
        let mut best: Vec<Option<&Term>> = vec![None; self.names.len()];
        for term in &self.terms {
            if let Some(slot) = best.get_mut(term.key as usize) {
                let better = slot.is_none_or(|b| (term.tickets, &b.text) > (b.tickets, &term.text));
                *slot = if better { Some(term) } else { *slot };
            }
        }
        best.into_iter().map(|t| t.map_or("", |t| t.text.as_str())).collect()
    }

    /// Number of keys.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}

/// Distinct reporters behind the cells of one hour.
pub(crate) fn distinct_in(rollup: &HourRollup, counts: &[Count]) -> f64 {
    match counts {
        [] => 0.0,
        [one] if one.sketch.is_empty() => one.reporters.len() as f64,
        many if many.iter().all(|c| c.sketch.is_empty()) => {
            let mut all: Vec<u32> = many.iter().flat_map(|c| c.reporters.iter().copied()).collect();
            all.sort_unstable();
            all.dedup();
            all.len() as f64
        }
        many => {
            let mut set = domain::distinct::Distinct::default();
            many.iter().for_each(|c| set.merge(&rollup.distinct(c)));
            set.count() as f64
        }
    }
}

/// A hash for short strings, eight bytes a step: half a million terms are looked up for one report. Tickets cannot
/// exhaust it, because only an incident's own terms are kept, and lookups do not insert.
#[derive(Default)]
struct WordHasher(u64);

type Fast = BuildHasherDefault<WordHasher>;

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word.iter_mut().zip(chunk).for_each(|(w, c)| *w = *c);
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_share_a_key_and_the_usual_one_names_it() {
        let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let documents = [words(&["add-ons", "printer"]), words(&["addons"]), words(&["addon", "addons"])];
        let (vocabulary, keys) = Vocabulary::number(&documents);
        assert_eq!(vocabulary.len(), 2);
        assert_eq!(keys[1], keys[2]);
        assert_eq!(vocabulary.labels(), ["addons", "printer"]);
    }
}
