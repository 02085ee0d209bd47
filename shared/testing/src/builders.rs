//! Values to start from: change the fields that the test is about.

use domain::anomaly::{Anomaly, Direction, Granularity, Kind};
use domain::incident::{INCIDENT_VERSION, Incident, IncidentMessage, SegmentCount, Severity, Status};
use domain::report::{Claim, Evidence, ImpactMetrics, Nature, REPORT_VERSION, Report, Run, Verdict};
use domain::segment::Segment;
use domain::ticket::Ticket;
use domain::time::Window;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// A ticket of stream `default` and source `test` with a short body of its own, which landed when it was written.
pub fn ticket(id: &str, created_at: Timestamp) -> Ticket {
    Ticket {
        stream: "default".to_owned(),
        source: "test".to_owned(),
        id: id.to_owned(),
        created_at,
        updated_at: None,
        landed_at: created_at,
        subject: Some(format!("Subject {id}")),
        body: format!("Something about {id}."),
        priority: None,
        kind: None,
        queue: None,
        tags: Vec::new(),
        language: None,
        channel: None,
        product: None,
        requester: None,
    }
}

/// Revision 1 of an open incident of `stream`: 75 tickets in the hour before `opened_at` where 25 were expected. Its
/// id follows from stream and time.
pub fn incident(stream: &str, opened_at: Timestamp) -> Incident {
    let window =
        Window::new(opened_at.saturating_sub(SignedDuration::from_hours(1)).unwrap_or(opened_at), opened_at);
    let segment = Segment::total();
    let anomaly = Anomaly {
        id: Anomaly::id_of(stream, Kind::Volume, &segment, Granularity::Hour, window),
        kind: Kind::Volume,
        direction: Direction::Up,
        segment: segment.clone(),
        granularity: Granularity::Hour,
        window,
        actual: 75.0,
        expected: 25.0,
        score: 9.5,
    };
    Incident {
        version: INCIDENT_VERSION,
        stream: stream.to_owned(),
        id: Incident::id_of(stream, &anomaly.id),
        revision: 1,
        status: Status::Open,
        opened_at,
        decided_at: opened_at,
        kind: anomaly.kind,
        direction: anomaly.direction,
        segment: segment.clone(),
        window,
        tickets: anomaly.actual,
        expected: anomaly.expected,
        score: anomaly.score,
        severity: Severity::of(anomaly.actual, anomaly.expected),
        counts: vec![SegmentCount { segment, actual: anomaly.actual, expected: anomaly.expected }],
        anomalies: vec![anomaly],
    }
}

/// The revision after `incident`, decided at `decided_at`.
pub fn next_revision(incident: &Incident, status: Status, decided_at: Timestamp) -> Incident {
    Incident { revision: incident.revision + 1, status, decided_at, ..incident.clone() }
}

/// The message that announces `incident`.
pub fn message(incident: &Incident) -> IncidentMessage {
    IncidentMessage {
        stream: incident.stream.clone(),
        incident: incident.id.clone(),
        revision: incident.revision,
        traceparent: None,
    }
}

/// A report of `incident` with one piece of evidence and one claim.
pub fn report(incident: &Incident) -> Report {
    let values = BTreeMap::from([
        ("actual".to_owned(), incident.tickets),
        ("expected".to_owned(), incident.expected),
        ("excess_pct".to_owned(), 100.0 * (incident.tickets - incident.expected) / incident.expected),
    ]);
    let evidence = Evidence {
        id: "E1".to_owned(),
        kind: "volume".to_owned(),
        summary: "More tickets than expected.".to_owned(),
        values,
        tickets: vec!["1".to_owned()],
    };
    Report {
        schema_version: REPORT_VERSION,
        stream: incident.stream.clone(),
        incident: incident.id.clone(),
        revision: incident.revision,
        status: incident.status,
        opened_at: incident.opened_at,
        decided_at: incident.decided_at,
        severity: incident.severity,
        kind: incident.kind,
        direction: incident.direction,
        segment: incident.segment.clone(),
        window: incident.window,
        onset: incident.window.start,
        tickets: incident.tickets,
        expected: incident.expected,
        score: incident.score,
        verdict: Verdict::VolumeOnly,
        nature: Nature::Unknown,
        confidence: 0.5,
        title: "More tickets than expected".to_owned(),
        executive_summary: "There were more tickets than expected.".to_owned(),
        root_cause: "The tickets share no cause.".to_owned(),
        impact_metrics: ImpactMetrics {
            volume_increase_pct: Some(200.0),
            primary_priority: None,
            primary_queue: None,
            primary_type: None,
        },
        affected_services: Vec::new(),
        customer_sentiment: "neutral".to_owned(),
        sample_complaints: Vec::new(),
        recommendations: Vec::new(),
        keywords: Vec::new(),
        sample_ticket_ids: vec!["1".to_owned()],
        claims: vec![Claim { text: evidence.summary.clone(), evidence: vec![evidence.id.clone()] }],
        evidence: vec![evidence],
        alternatives: Vec::new(),
        unverified: Vec::new(),
        analyst: "statistical".to_owned(),
    }
}

/// The run that wrote `report`, begun when its revision was decided.
pub fn run(report: &Report) -> Run {
    Run {
        incident: report.incident.clone(),
        revision: report.revision,
        started_at: report.decided_at,
        timings_ms: BTreeMap::from([("total".to_owned(), 12.5)]),
    }
}
