//! One text or one sender again and again.

use crate::facts::{Document, Facts};
use crate::lexicon::{has_contact, promotions, steers};
use domain::distinct::ReporterId;
use domain::ticket::Ticket;
use std::collections::BTreeMap;
use text::similar::{NEAR_DUPLICATE, near_duplicates};

/// Tickets from which copies are a cluster and not two customers' luck.
const MIN_CLUSTER: usize = 3;
/// Words of a body from which an equal one is a copy.
const MIN_WORDS: usize = 5;
/// Promotional words that mark an advert together with a link or a number to call.
const PROMOTIONS: usize = 2;

/// Copies, senders and adverts among the documents.
pub(crate) struct Repeats {
    /// Near-duplicates, positions of documents, largest first.
    pub(crate) clusters: Vec<Vec<usize>>,
    /// Positions of the documents of the reporter with most of them.
    pub(crate) top_reporter: Vec<usize>,
    /// Whether reporters are known by more than their texts.
    pub(crate) senders_known: bool,
    /// Positions of documents that advertise.
    pub(crate) promotions: Vec<usize>,
    /// Positions of documents that try to steer.
    pub(crate) steering: Vec<usize>,
}

impl Repeats {
    pub(crate) fn of(facts: &Facts<'_>) -> Self {
        let documents = &facts.documents;
        // A bare subject or a word or two is a category, not a text that somebody copied.
        let told: Vec<usize> = documents
            .iter()
            .enumerate()
            .filter(|(_, d)| words(&d.text.body) >= MIN_WORDS)
            .map(|(i, _)| i)
            .collect();
        let texts: Vec<String> =
            told.iter().filter_map(|i| documents.get(*i)).map(|d| d.text.joined()).collect();
        let positions =
            |c: Vec<usize>| c.into_iter().filter_map(|i| told.get(i).copied()).collect::<Vec<_>>();
        let mut clusters: Vec<Vec<usize>> =
            near_duplicates(&texts, NEAR_DUPLICATE).into_iter().map(positions).collect();
        clusters.retain(|c| c.len() >= MIN_CLUSTER);
        let all = |test: &dyn Fn(&Document<'_>) -> bool| {
            documents.iter().enumerate().filter(|(_, d)| test(d)).map(|(i, _)| i).collect::<Vec<_>>()
        };
        let advert = |d: &Document<'_>| {
            promotions(&d.terms) >= PROMOTIONS && (has_contact(&d.text.subject) || has_contact(&d.text.body))
        };
        let steering = |d: &Document<'_>| steers(&d.text.subject) || steers(&d.text.body);
        let requesters = documents.iter().filter(|d| d.ticket.requester.is_some()).count();
        Self {
            clusters,
            top_reporter: top_reporter(documents),
            senders_known: 2 * requesters >= documents.len() && requesters > 0,
            promotions: all(&advert),
            steering: all(&steering),
        }
    }

    /// Documents in any cluster.
    pub(crate) fn copies(&self) -> usize {
        self.clusters.iter().map(Vec::len).sum()
    }
}

fn words(body: &str) -> usize {
    body.split_whitespace().take(MIN_WORDS).count()
}

fn top_reporter(documents: &[Document<'_>]) -> Vec<usize> {
    let mut by_reporter: BTreeMap<ReporterId, Vec<usize>> = BTreeMap::new();
    for (i, document) in documents.iter().enumerate() {
        by_reporter.entry(document.reporter).or_default().push(i);
    }
    by_reporter
        .into_values()
        .max_by_key(|list| (list.len(), std::cmp::Reverse(list.first().copied())))
        .unwrap_or_default()
}

/// The shortest stretch that holds most tickets: positions in `tickets` (by time) of the fullest span of `minutes`.
pub(crate) fn tightest(tickets: &[&Ticket], minutes: i64) -> std::ops::Range<usize> {
    let mut best = 0..0;
    let mut start = 0;
    for (end, ticket) in tickets.iter().enumerate() {
        while tickets
            .get(start)
            .is_some_and(|t| ticket.created_at.as_second() - t.created_at.as_second() >= minutes * 60)
        {
            start += 1;
        }
        if end + 1 - start > best.len() {
            best = start..end + 1;
        }
    }
    best
}
