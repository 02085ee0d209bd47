//! The contract of `IncidentStore`.

use super::{RACERS, assert_fails, minute, race};
use crate::builders::{incident, next_revision};
use domain::ErrorKind;
use domain::incident::{Incident, Status};
use domain::ports::IncidentStore;
use std::sync::Arc;

/// Checks an empty store against every sentence of [`IncidentStore`].
pub async fn incident_store_contract(store: Arc<dyn IncidentStore>) {
    revisions_form_a_chain(&*store).await;
    latest_are_listed(&*store).await;
    unannounced_are_listed(&*store).await;
    leases(&*store).await;
    revisions_race(&store).await;
    leases_race(&store).await;
}

async fn revisions_form_a_chain(store: &dyn IncidentStore) {
    let first = incident("chain", minute(0));
    let second = next_revision(&first, Status::Escalated, minute(15));
    let third = next_revision(&second, Status::Resolved, minute(30));
    let (stream, id) = (first.stream.as_str(), first.id.as_str());
    assert_fails(store.get(stream, id, 1).await, ErrorKind::NotFound, "an incident that was never put");
    assert_fails(store.latest(stream, id).await, ErrorKind::NotFound, "an incident that was never put");
    assert_fails(
        store.put_revision(&second).await,
        ErrorKind::Precondition,
        "revision 2 where there is none",
    );
    let zero = Incident { revision: 0, ..first.clone() };
    assert_fails(store.put_revision(&zero).await, ErrorKind::Precondition, "revision 0");

    store.put_revision(&first).await.expect("put revision 1");
    assert_fails(store.put_revision(&first).await, ErrorKind::Precondition, "revision 1 twice");
    assert_fails(store.put_revision(&third).await, ErrorKind::Precondition, "revision 3 after 1");
    store.put_revision(&second).await.expect("put revision 2");
    assert_fails(store.put_revision(&first).await, ErrorKind::Precondition, "revision 1 after 2");
    store.put_revision(&third).await.expect("put revision 3");

    for stored in [&first, &second, &third] {
        let found = store.get(stream, id, stored.revision).await.expect("get a revision");
        assert_eq!(found, *stored, "a revision is kept as it was put");
    }
    assert_eq!(store.latest(stream, id).await.expect("get the latest"), third, "the latest revision");
    assert_fails(store.get(stream, id, 4).await, ErrorKind::NotFound, "a revision that was never put");
    assert_fails(store.get("chain-2", id, 1).await, ErrorKind::NotFound, "another stream's incident");
    assert_fails(store.latest("chain-2", id).await, ErrorKind::NotFound, "another stream's incident");
    let elsewhere = Incident { stream: "chain-2".to_owned(), ..first.clone() };
    store.put_revision(&elsewhere).await.expect("put the same id into another stream");
    assert_eq!(store.latest(stream, id).await.expect("get the latest").revision, 3, "streams are separate");
}

async fn latest_are_listed(store: &dyn IncidentStore) {
    assert_eq!(store.list("list", None).await.expect("list nothing"), []);
    let old = incident("list", minute(0));
    let middle = incident("list", minute(60));
    let young = incident("list", minute(120));
    for put in [&middle, &young, &old, &incident("list-2", minute(60))] {
        store.put_revision(put).await.expect("put");
    }
    assert_eq!(
        store.list("list", None).await.expect("list"),
        [young.clone(), middle.clone(), old.clone()],
        "newest first"
    );
    let middle = next_revision(&middle, Status::Escalated, minute(130));
    let old_2 = next_revision(&old, Status::Escalated, minute(135));
    let old = next_revision(&old_2, Status::Resolved, minute(140));
    for put in [&middle, &old_2, &old] {
        store.put_revision(put).await.expect("put");
    }
    let expected = [young.clone(), middle.clone(), old.clone()];
    assert_eq!(store.list("list", None).await.expect("list"), expected, "the latest revision of each");
    for (status, expected) in [(Status::Open, young), (Status::Escalated, middle), (Status::Resolved, old)] {
        let listed = store.list("list", Some(status)).await.expect("list");
        assert_eq!(listed, [expected], "those whose latest revision is {}", status.name());
    }
}

async fn unannounced_are_listed(store: &dyn IncidentStore) {
    assert_eq!(store.unannounced("announce").await.expect("list nothing"), []);
    let first = incident("announce", minute(0));
    let other = incident("announce", minute(5));
    let second = next_revision(&first, Status::Escalated, minute(10));
    for put in [&other, &first, &second, &incident("announce-2", minute(0))] {
        store.put_revision(put).await.expect("put");
    }
    let unannounced = store.unannounced("announce").await.expect("list");
    assert_eq!(
        unannounced,
        [first.clone(), other.clone(), second.clone()],
        "every revision, oldest decision first"
    );
    store.mark_announced("announce", &other.id, 1).await.expect("mark");
    store.mark_announced("announce", &other.id, 1).await.expect("mark again");
    store.mark_announced("announce", &second.id, 2).await.expect("mark");
    let unannounced = store.unannounced("announce").await.expect("list");
    assert_eq!(
        unannounced,
        std::slice::from_ref(&first),
        "an older revision stays, though a newer one is announced"
    );
    assert_eq!(
        store.get("announce", &second.id, 2).await.expect("get"),
        second,
        "marking changes no revision"
    );
    assert_eq!(store.unannounced("announce-2").await.expect("list").len(), 1, "streams are separate");
    let never = store.mark_announced("announce", &first.id, 3).await;
    assert_fails(never, ErrorKind::NotFound, "marking a revision that was never put");
}

async fn leases(store: &dyn IncidentStore) {
    let take = |revision, holder, now, until| store.acquire_lease("lease", "i", revision, holder, now, until);
    assert!(take(1, "a", minute(0), minute(10)).await.expect("lease"), "a lease nobody holds");
    assert!(!take(1, "b", minute(0), minute(20)).await.expect("lease"), "a lease another holds");
    assert!(!take(1, "b", minute(9), minute(20)).await.expect("lease"), "a lease another holds until later");
    assert!(take(2, "b", minute(0), minute(20)).await.expect("lease"), "another revision's lease");
    let elsewhere = store.acquire_lease("lease-2", "i", 1, "b", minute(0), minute(20)).await;
    assert!(elsewhere.expect("lease"), "another stream's lease");
    let other = store.acquire_lease("lease", "j", 1, "b", minute(0), minute(20)).await;
    assert!(other.expect("lease"), "another incident's lease");

    assert!(take(1, "a", minute(5), minute(15)).await.expect("lease"), "the holder may extend");
    assert!(!take(1, "b", minute(10), minute(20)).await.expect("lease"), "which others must respect");
    assert!(take(1, "b", minute(15), minute(30)).await.expect("lease"), "a lease that has run out");
    assert!(!take(1, "a", minute(16), minute(30)).await.expect("lease"), "is another's now");

    store.release_lease("lease", "i", 1, "a").await.expect("release what another holds");
    assert!(!take(1, "a", minute(17), minute(30)).await.expect("lease"), "only the holder can give it back");
    store.release_lease("lease", "i", 1, "b").await.expect("release");
    store.release_lease("lease", "i", 1, "b").await.expect("release again");
    store.release_lease("lease", "none", 1, "b").await.expect("release what was never taken");
    assert!(take(1, "a", minute(17), minute(30)).await.expect("lease"), "a lease that was given back");
    assert!(!take(2, "a", minute(17), minute(30)).await.expect("lease"), "the other revision's lease stays");
}

async fn revisions_race(store: &Arc<dyn IncidentStore>) {
    let mut current = incident("race", minute(0));
    store.put_revision(&current).await.expect("put");
    for round in 1..=10 {
        let next = next_revision(&current, Status::Escalated, minute(round));
        let put = |racer: u8| {
            let (store, mut next) = (store.clone(), next.clone());
            next.score = racer.into();
            async move { store.put_revision(&next).await }
        };
        let results = race((0..RACERS).map(put)).await;
        let winners: Vec<u8> = (0..RACERS).filter(|racer| results[usize::from(*racer)].is_ok()).collect();
        assert_eq!(winners.len(), 1, "exactly one put of a revision wins");
        for result in results.into_iter().filter(Result::is_err) {
            assert_fails(result, ErrorKind::Precondition, "a put of a revision that lost");
        }
        current = store.latest("race", &current.id).await.expect("get the latest");
        assert_eq!(
            (current.revision, current.score),
            (next.revision, winners[0].into()),
            "the winner's is stored"
        );
    }
}

async fn leases_race(store: &Arc<dyn IncidentStore>) {
    for revision in 1..=10 {
        let take = |racer: u8| {
            let store = store.clone();
            async move {
                let holder = racer.to_string();
                store
                    .acquire_lease("race", "i", revision, &holder, minute(0), minute(10))
                    .await
                    .expect("lease")
            }
        };
        let winners = race((0..RACERS).map(take)).await.into_iter().filter(|taken| *taken).count();
        assert_eq!(winners, 1, "exactly one takes a lease");
    }
}
