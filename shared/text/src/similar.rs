//! Clusters of near-duplicates.
//!
//! Texts become sets of word pairs (digits all alike, so that a template with other order numbers stays a
//! duplicate). MinHash with banding (Broder 1997; Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", section
//! 3.4) proposes pairs, the exact Jaccard similarity decides: nothing is joined by the sketch alone.

use std::collections::HashMap;

/// Jaccard similarity from which two texts are the same with small changes; independent tickets about one subject
/// stay far below (0.1 at most on real help desks), filled-in templates above.
pub const NEAR_DUPLICATE: f64 = 0.6;
/// Bands × rows of the signature: a pair at 0.6 is proposed with probability 1 − (1 − 0.6³)²⁴ = 0.997.
const BANDS: usize = 24;
const ROWS: usize = 3;
/// Earlier members of a bucket that a text is compared with: keeps thousands of equal texts linear.
const COMPARED: usize = 4;
/// Words that are read.
const MAX_WORDS: usize = 200;
/// Texts with fewer words ("it does not work") are duplicates only when they are equal.
const MIN_WORDS: usize = 5;

/// Groups of two or more near-duplicates as ascending indices into `texts`, largest first (ties by first index).
///
/// Linear in the number of texts but for exact comparisons inside buckets, at most 24 × 4 for each text.
pub fn near_duplicates<T: AsRef<str>>(texts: &[T], threshold: f64) -> Vec<Vec<usize>> {
    let sets: Vec<Vec<u64>> = texts.iter().map(|text| shingles(text.as_ref())).collect();
    let mut groups = Groups::new(texts.len());
    let mut buckets: HashMap<(usize, u64), Vec<usize>> = HashMap::new();
    for (i, set) in sets.iter().enumerate().filter(|(_, set)| !set.is_empty()) {
        for (band, hash) in bands(set).into_iter().enumerate() {
            let bucket = buckets.entry((band, hash)).or_default();
            for other in bucket.iter() {
                if groups.root(*other) != groups.root(i)
                    && sets.get(*other).is_some_and(|o| jaccard(set, o) >= threshold)
                {
                    groups.join(*other, i);
                }
            }
            if bucket.len() < COMPARED {
                bucket.push(i);
            }
        }
    }
    groups.into_clusters()
}

/// Sorted hashes of the word pairs of a text; one hash of everything when it is short.
fn shingles(text: &str) -> Vec<u64> {
    let words: Vec<u64> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .take(MAX_WORDS)
        .map(word_hash)
        .collect();
    if words.is_empty() {
        return Vec::new();
    }
    if words.len() < MIN_WORDS {
        return vec![words.iter().fold(words.len() as u64, |h, w| mix(h ^ w))];
    }
    let mut set: Vec<u64> = words.windows(2).map(|pair| pair.iter().fold(0, |h, w| mix(h ^ *w))).collect();
    set.sort_unstable();
    set.dedup();
    set
}

/// FNV-1a over the lower-case word; every word with a digit is the same.
fn word_hash(word: &str) -> u64 {
    if word.bytes().any(|b| b.is_ascii_digit()) {
        return 1;
    }
    let step = |h: u64, c: char| (h ^ u64::from(u32::from(c))).wrapping_mul(0x0100_0000_01b3);
    word.chars().flat_map(char::to_lowercase).fold(0xcbf2_9ce4_8422_2325, step)
}

/// Finaliser of SplitMix64 (Steele, Lea, Flood 2014).
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn bands(set: &[u64]) -> Vec<u64> {
    let mut signature = [u64::MAX; BANDS * ROWS];
    for shingle in set {
        for (i, slot) in signature.iter_mut().enumerate() {
            let salt = (i as u64).wrapping_mul(0xd6e8_feb8_6659_fd93) | 1;
            // One multiplication and a shift per permutation; the shingles are mixed already.
            let hash = shingle.wrapping_mul(salt);
            *slot = (*slot).min(hash ^ (hash >> 29));
        }
    }
    signature.chunks(ROWS).map(|rows| rows.iter().fold(0, |h, r| mix(h ^ *r))).collect()
}

/// Shared over all members of two sorted sets.
fn jaccard(a: &[u64], b: &[u64]) -> f64 {
    let (mut i, mut j, mut shared) = (0, 0, 0usize);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        shared += usize::from(x == y);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    shared as f64 / (a.len() + b.len() - shared).max(1) as f64
}

/// Union-find whose roots are the smallest members.
struct Groups(Vec<usize>);

impl Groups {
    fn new(n: usize) -> Self {
        Self((0..n).collect())
    }

    fn root(&mut self, mut i: usize) -> usize {
        while let Some(parent) = self.0.get(i).copied().filter(|p| *p != i) {
            let grand = self.0.get(parent).copied().unwrap_or(parent);
            if let Some(slot) = self.0.get_mut(i) {
                *slot = grand;
            }
            i = grand;
        }
        i
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if let Some(slot) = self.0.get_mut(a.max(b)) {
            *slot = a.min(b);
        }
    }

    fn into_clusters(mut self) -> Vec<Vec<usize>> {
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); self.0.len()];
        for i in 0..self.0.len() {
            let root = self.root(i);
            if let Some(list) = members.get_mut(root) {
                list.push(i);
            }
        }
        members.retain(|list| list.len() > 1);
        members.sort_by_key(|list| (std::cmp::Reverse(list.len()), list.first().copied()));
        members
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn templates_with_other_numbers_are_near_duplicates_and_other_tickets_are_not() {
        let mut texts: Vec<String> = (0..30)
            .map(|i| format!("Dear team, please create the account for employee {i} in branch {} before Monday morning", i % 7))
            .collect();
        texts.push("The printer on the second floor jams whenever I print more than ten pages".into());
        texts.push("Please refund my order, the parcel arrived broken and I sent it back last week".into());
        let clusters = near_duplicates(&texts, NEAR_DUPLICATE);
        assert_eq!(clusters, [(0..30).collect::<Vec<_>>()]);
    }

    #[test]
    fn short_texts_must_be_equal() {
        let clusters =
            near_duplicates(&["not working", "Not working!", "not working now", ""], NEAR_DUPLICATE);
        assert_eq!(clusters, [[0, 1]]);
    }

    #[test]
    fn ten_thousand_equal_and_ten_thousand_different_texts_are_bounded() {
        let mut texts = vec!["the same long text that someone sends over and over again".to_owned(); 10_000];
        texts.extend((0..10_000u64).map(|i| {
            (0..12)
                .map(|j| format!("{:x} ", mix(i * 100 + j)).replace(|c: char| c.is_ascii_digit(), "q"))
                .collect()
        }));
        let clusters = near_duplicates(&texts, NEAR_DUPLICATE);
        assert_eq!(clusters.first().map(Vec::len), Some(10_000));
        assert_eq!(clusters.len(), 1);
    }

    proptest! {
        #[test]
        fn only_what_is_similar_is_joined_and_what_is_equal_always(words in prop::collection::vec("[a-z]{3,6}", 20..60), changed in 0usize..20) {
            let mut other = words.clone();
            other.iter_mut().take(changed).for_each(|w| *w = "zzzzzzz".into());
            let (a, b) = (words.join(" "), other.join(" "));
            let similarity = jaccard(&shingles(&a), &shingles(&b));
            let joined = !near_duplicates(&[a, b], NEAR_DUPLICATE).is_empty();
            if joined { prop_assert!(similarity >= NEAR_DUPLICATE); }
            // The estimate may miss a pair that is merely similar, never an equal one.
            if similarity == 1.0 { prop_assert!(joined); }
        }
    }
}
