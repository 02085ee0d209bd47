use domain::anomaly::{Direction, Kind};
use domain::incident::*;
use domain::rollup::*;
use domain::segment::Segment;
use domain::ticket::Ticket;
use domain::time::*;
use jiff::{Timestamp, tz::TimeZone};
use std::collections::BTreeMap;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let tickets: Vec<Ticket> =
        std::fs::read_to_string(&a[1]).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let zone = TimeZone::get(&a[2]).unwrap();
    let mut by: BTreeMap<Hour, Vec<Ticket>> = BTreeMap::new();
    for t in &tickets {
        by.entry(Hour::of(t.created_at)).or_default().push(t.clone());
    }
    let roll: BTreeMap<Hour, HourRollup> = by
        .iter()
        .map(|(h, t)| (*h, HourRollup::build(*h, t, |t| text::terms(&text::redact_ticket(t)))))
        .collect();
    let first = *roll.keys().next().unwrap();
    for line in std::fs::read_to_string(&a[3]).unwrap().lines() {
        let f: Vec<&str> = line.split('\t').collect(); // id start end kind dir
        let s: Timestamp = f[1].parse().unwrap();
        let e: Timestamp = f[2].parse().unwrap();
        let window = Window::new(s, e);
        let bs = Hour::of(s).plus(-28 * 24).max(first);
        let days = (Hour::of(s).0 - bs.0) as f64 / 24.0;
        let b: Vec<HourRollup> = roll.range(bs..Hour::of(s)).map(|r| r.1.clone()).collect();
        let w: Vec<HourRollup> =
            roll.range(Hour::of(s)..).take_while(|r| r.0.start() < e).map(|r| r.1.clone()).collect();
        let wt: Vec<Ticket> = tickets.iter().filter(|t| window.contains(t.created_at)).cloned().collect();
        let weeks = (days / 7.0).floor().max(1.0) as i64;
        let bt: Vec<&Ticket> =
            tickets.iter().filter(|t| t.created_at >= bs.start() && t.created_at < s).collect();
        let exp = |sg: &Segment| {
            (1..=weeks)
                .map(|k| {
                    bt.iter()
                        .filter(|t| {
                            let x = Timestamp::from_second(t.created_at.as_second() + k * 7 * 86400).unwrap();
                            window.contains(x) && sg.contains(t)
                        })
                        .count() as f64
                })
                .sum::<f64>()
                / weeks as f64
        };
        let mut segs: Vec<Segment> =
            b.iter().flat_map(|r| r.segments.keys().filter(|s| s.cells().len() < 2).cloned()).collect();
        segs.sort();
        segs.dedup();
        let n = |sg: &Segment| b.iter().flat_map(|r| r.segment(sg)).map(|c| c.tickets).sum::<u32>();
        let counts: Vec<SegmentCount> = segs
            .iter()
            .filter(|s| n(s) > 56)
            .map(|sg| SegmentCount {
                segment: sg.clone(),
                actual: wt.iter().filter(|t| sg.contains(t)).count() as f64,
                expected: exp(sg),
            })
            .collect();
        let seg: Segment = f[5].parse().unwrap();
        let (actual, expected) = (wt.iter().filter(|t| seg.contains(t)).count() as f64, exp(&seg));
        let kind = if f[3] == "theme" { Kind::Theme } else { Kind::Volume };
        let direction =
            if kind == Kind::Theme || actual >= expected { Direction::Up } else { Direction::Down };
        let inc = Incident {
            version: 1,
            stream: "default".into(),
            id: f[0].into(),
            revision: 1,
            status: Status::Open,
            opened_at: s,
            decided_at: e,
            kind,
            direction,
            segment: seg,
            window,
            tickets: actual,
            expected,
            score: 8.0,
            severity: Severity::of(actual, expected),
            anomalies: vec![],
            counts,
        };
        let case = analyst::Case {
            incident: &inc,
            zone: &zone,
            tickets: &wt,
            window: &w,
            background: &b,
            background_days: days,
        };
        let t = std::time::Instant::now();
        let r = analyst::diagnose(&case);
        eprintln!("{} {:.1} ms {} tickets", f[0], t.elapsed().as_secs_f64() * 1e3, wt.len());
        println!("{}", serde_json::to_string(&r).unwrap());
    }
}
