//! The contract of `TicketIndex`.

use super::{RACERS, assert_fails, minute, race};
use domain::ErrorKind;
use domain::ports::{Claim, ClaimRequest, TicketIndex};
use domain::ticket::TicketKey;
use jiff::Timestamp;
use std::sync::Arc;

/// Checks an empty index against every sentence of [`TicketIndex`].
pub async fn ticket_index_contract(index: Arc<dyn TicketIndex>) {
    the_first_claim_fixes_the_time(&*index).await;
    identities_are_separate(&*index).await;
    confirmed_content_is_known(&*index).await;
    a_batch_keeps_its_order(&*index).await;
    claims_race(&index).await;
}

fn key(source: &str, id: &str) -> TicketKey {
    TicketKey { source: source.to_owned(), id: id.to_owned() }
}

fn request(id: &str, created_at: Timestamp) -> ClaimRequest {
    ClaimRequest { key: key("desk", id), created_at }
}

fn unlanded(created_at: Timestamp) -> Claim {
    Claim { created_at, landed: None }
}

async fn the_first_claim_fixes_the_time(index: &dyn TicketIndex) {
    assert_eq!(index.claim("first", &[]).await.expect("claim nothing"), []);
    let first = index.claim("first", &[request("1", minute(0))]).await.expect("claim");
    assert_eq!(first, [unlanded(minute(0))], "the first claim states the time");
    let again = index.claim("first", &[request("1", minute(9))]).await.expect("claim again");
    assert_eq!(again, [unlanded(minute(0))], "a later claim learns the time that was fixed");

    let twice = [request("2", minute(2)), request("1", minute(7)), request("2", minute(1))];
    let claims = index.claim("first", &twice).await.expect("claim a key twice in one call");
    assert_eq!(
        claims,
        [minute(2), minute(0), minute(2)].map(unlanded),
        "a key twice in one call is fixed by its first"
    );

    for (id, at) in [("exact", "2024-02-29T23:59:59.123456789Z"), ("early", "1931-05-06T07:08:09.000000001Z")]
    {
        let at: Timestamp = at.parse().expect("a time");
        index.claim("first", &[request(id, at)]).await.expect("claim");
        let again = index.claim("first", &[request(id, minute(0))]).await.expect("claim again");
        assert_eq!(again, [unlanded(at)], "the time is kept exactly");
    }
}

async fn identities_are_separate(index: &dyn TicketIndex) {
    let keys = [
        key("a", "bc"),
        key("ab", "c"),
        key("a", "BC"),
        key("", "abc"),
        key("abc", ""),
        key("a", "b'\"\0ü c"),
    ];
    for (i, stream) in (0..).zip(["separate", "separate-2"]) {
        for (j, key) in (0..).zip(&keys) {
            let created_at = minute(100 * i + j);
            let request = ClaimRequest { key: key.clone(), created_at };
            let claims = index.claim(stream, &[request]).await.expect("claim");
            assert_eq!(claims, [unlanded(created_at)], "{key:?} of {stream} is another identity");
        }
    }
}

async fn confirmed_content_is_known(index: &dyn TicketIndex) {
    index.confirm("confirm", &[]).await.expect("confirm nothing");
    let unclaimed = index.confirm("confirm", &[(key("desk", "1"), [1; 16])]).await;
    assert_fails(unclaimed, ErrorKind::NotFound, "an identity without a claim");

    index.claim("confirm", &[request("1", minute(0)), request("2", minute(1))]).await.expect("claim");
    let elsewhere = index.confirm("confirm-2", &[(key("desk", "1"), [1; 16])]).await;
    assert_fails(elsewhere, ErrorKind::NotFound, "an identity that another stream claimed");

    index.confirm("confirm", &[(key("desk", "1"), [1; 16])]).await.expect("confirm");
    let again = [request("1", minute(5)), request("2", minute(5))];
    let claims = index.claim("confirm", &again).await.expect("claim again");
    let landed = Claim { created_at: minute(0), landed: Some([1; 16]) };
    assert_eq!(claims, [landed, unlanded(minute(1))], "a claim tells the content that landed, per identity");

    let both = [(key("desk", "1"), [3; 16]), (key("desk", "2"), [2; 16])];
    index.confirm("confirm", &both).await.expect("confirm a changed version");
    let claims = index.claim("confirm", &again).await.expect("claim again");
    assert_eq!(
        claims.iter().map(|c| c.landed).collect::<Vec<_>>(),
        [Some([3; 16]), Some([2; 16])],
        "the last landing counts"
    );
    assert_eq!(
        claims.iter().map(|c| c.created_at).collect::<Vec<_>>(),
        [minute(0), minute(1)],
        "the time stays"
    );

    let partly = [(key("desk", "1"), [4; 16]), (key("desk", "none"), [4; 16])];
    assert_fails(
        index.confirm("confirm", &partly).await,
        ErrorKind::NotFound,
        "one unclaimed identity among others",
    );
}

async fn a_batch_keeps_its_order(index: &dyn TicketIndex) {
    let requests: Vec<_> = (0..1000).map(|i| request(&format!("{}", (i * 7919) % 1000), minute(i))).collect();
    let claims = index.claim("batch", &requests).await.expect("claim a batch");
    let expected: Vec<_> = requests.iter().map(|request| unlanded(request.created_at)).collect();
    assert_eq!(claims, expected, "claims stand in the order of the requests");
    let backwards: Vec<_> = requests.iter().rev().cloned().collect();
    let claims = index.claim("batch", &backwards).await.expect("claim a batch again");
    assert_eq!(claims, expected.into_iter().rev().collect::<Vec<_>>(), "in their order, whatever it was");
}

async fn claims_race(index: &Arc<dyn TicketIndex>) {
    let claim = |racer: u8| {
        let index = index.clone();
        async move {
            let requests: Vec<_> = (0..50).map(|i| request(&i.to_string(), minute(racer.into()))).collect();
            index.claim("race", &requests).await.expect("claim")
        }
    };
    let results = race((0..RACERS).map(claim)).await;
    for claims in &results {
        assert_eq!(*claims, results[0], "all who race for an identity learn the same time");
    }
    let stated: Vec<_> = (0..i64::from(RACERS)).map(minute).collect();
    assert!(results[0].iter().all(|claim| stated.contains(&claim.created_at)), "which one of them stated");
}
