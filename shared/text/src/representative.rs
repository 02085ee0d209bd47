//! Tickets that show what a window is about, different from each other.

use std::collections::{BTreeMap, HashMap};

/// Tickets that are compared; of more, every n-th is taken.
pub const MAX_COMPARED: usize = 400;
/// Weight of being central against being different from what is already chosen (Carbonell, Goldstein 1998, maximal
/// marginal relevance).
const CENTRALITY: f64 = 0.65;
/// Cosine from which a ticket only repeats a chosen one: it comes after everything else.
const REPEAT: f64 = 0.85;
/// How much a distinctive term counts more than another of the same rarity.
const DISTINCTIVE_BOOST: f64 = 3.0;

/// Indices of up to `k` tickets, best first.
///
/// `documents` are the terms of each ticket; `distinctive` the terms to prefer with their weights (above 0). With
/// such terms, tickets that have none of them are considered only when there are too few others. Cosine of TF-IDF
/// vectors (a term counts once in a ticket); at most [`MAX_COMPARED`] tickets are compared.
pub fn representatives<D: AsRef<[String]>>(
    documents: &[D],
    distinctive: &BTreeMap<String, f64>,
    k: usize,
) -> Vec<usize> {
    let all: Vec<usize> = (0..documents.len()).filter(|i| !terms(documents, *i).is_empty()).collect();
    let with: Vec<usize> = all
        .iter()
        .copied()
        .filter(|i| terms(documents, *i).iter().any(|t| distinctive.contains_key(t)))
        .collect();
    let pool = sampled(if with.len() >= k { with } else { all });
    let vectors = vectors(documents, &pool, distinctive);
    choose(&vectors, k).into_iter().filter_map(|i| pool.get(i).copied()).collect()
}

fn terms<D: AsRef<[String]>>(documents: &[D], index: usize) -> &[String] {
    documents.get(index).map_or(&[], AsRef::as_ref)
}

/// Every n-th, so that the whole window is represented.
fn sampled(pool: Vec<usize>) -> Vec<usize> {
    let step = pool.len().div_ceil(MAX_COMPARED).max(1);
    pool.into_iter().step_by(step).collect()
}

/// A unit vector: pairs of term and weight, terms ascending.
type Vector = Vec<(u32, f64)>;

fn vectors<D: AsRef<[String]>>(
    documents: &[D],
    pool: &[usize],
    distinctive: &BTreeMap<String, f64>,
) -> Vec<Vector> {
    let mut ids: HashMap<&str, u32> = HashMap::new();
    let mut frequency: Vec<f64> = Vec::new();
    for term in pool.iter().flat_map(|i| terms(documents, *i)) {
        let id = *ids.entry(term).or_insert_with(|| {
            frequency.push(0.0);
            frequency.len() as u32 - 1
        });
        if let Some(n) = frequency.get_mut(id as usize) {
            *n += 1.0;
        }
    }
    let strongest = distinctive.values().copied().fold(0.0, f64::max).max(1e-9);
    let vector = |index: &usize| {
        let weight = |term: &String| {
            let id = *ids.get(term.as_str())?;
            let rarity = ((pool.len() as f64 + 1.0) / frequency.get(id as usize)?).ln();
            let boost = distinctive.get(term).map_or(0.0, |w| DISTINCTIVE_BOOST * w / strongest);
            Some((id, rarity * (1.0 + boost)))
        };
        let mut vector: Vector = terms(documents, *index).iter().filter_map(weight).collect();
        vector.sort_unstable_by_key(|(id, _)| *id);
        let norm = vector.iter().map(|(_, w)| w * w).sum::<f64>().sqrt().max(1e-12);
        vector.iter_mut().for_each(|(_, w)| *w /= norm);
        vector
    };
    pool.iter().map(vector).collect()
}

fn choose(vectors: &[Vector], k: usize) -> Vec<usize> {
    let mut centroid: Vec<f64> = Vec::new();
    for (id, weight) in vectors.iter().flatten() {
        let id = *id as usize;
        if centroid.len() <= id {
            centroid.resize(id + 1, 0.0);
        }
        if let Some(sum) = centroid.get_mut(id) {
            *sum += weight;
        }
    }
    let central =
        |v: &Vector| v.iter().filter_map(|(id, w)| Some(w * centroid.get(*id as usize)?)).sum::<f64>();
    let centrality: Vec<f64> = vectors.iter().map(central).collect();
    let highest = centrality.iter().copied().fold(0.0, f64::max).max(1e-12);
    let mut closest = vec![0.0f64; vectors.len()];
    let mut chosen: Vec<usize> = Vec::new();
    while chosen.len() < k.min(vectors.len()) {
        let value = |i: usize| {
            let central = centrality.get(i).copied().unwrap_or(0.0) / highest;
            let near = closest.get(i).copied().unwrap_or(0.0);
            let repeat = if near >= REPEAT { 1.0 } else { 0.0 };
            CENTRALITY * central - (1.0 - CENTRALITY) * near - repeat
        };
        let free = (0..vectors.len()).filter(|i| !chosen.contains(i));
        let Some(best) = free.max_by(|a, b| value(*a).total_cmp(&value(*b)).then(b.cmp(a))) else { break };
        chosen.push(best);
        for (near, vector) in closest.iter_mut().zip(vectors) {
            *near = near.max(vectors.get(best).map_or(0.0, |b| cosine(vector, b)));
        }
    }
    chosen
}

fn cosine(a: &Vector, b: &Vector) -> f64 {
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while let (Some((x, v)), Some((y, w))) = (a.get(i), b.get(j)) {
        if x == y {
            sum += v * w;
        }
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Redacted, terms};

    fn documents(texts: &[&str]) -> Vec<Vec<String>> {
        texts.iter().map(|t| terms(&Redacted { subject: String::new(), body: (*t).into() })).collect()
    }

    #[test]
    fn the_theme_comes_first_and_repeats_do_not_fill_the_list() {
        let documents = documents(&[
            "invoice has a wrong address",
            "login page shows error 503 since noon",
            "login page shows error 503 since noon",
            "cannot log in, error 503 on the login page",
            "login broken for the whole office",
            "printer out of toner",
        ]);
        let distinctive = BTreeMap::from([("login".to_owned(), 5.0), ("error 503".to_owned(), 4.0)]);
        let chosen = representatives(&documents, &distinctive, 3);
        assert_eq!(chosen.len(), 3);
        assert!(!chosen.contains(&0) && !chosen.contains(&5), "{chosen:?}");
        assert!(!(chosen.contains(&1) && chosen.contains(&2)), "{chosen:?}");
    }

    #[test]
    fn many_tickets_are_sampled_and_few_are_all_used() {
        let texts: Vec<String> =
            (0..5_000).map(|i| format!("ticket about subject{} number{i}x", i % 9)).collect();
        let documents = documents(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let chosen = representatives(&documents, &BTreeMap::new(), 20);
        assert_eq!(chosen.len(), 20);
        assert!(representatives(&documents[..2], &BTreeMap::new(), 20).len() == 2);
        assert!(representatives::<Vec<String>>(&[], &BTreeMap::new(), 20).is_empty());
    }
}
