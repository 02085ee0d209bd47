use domain::anomaly::{Direction, Kind};
use domain::incident::*;
use domain::rollup::*;
use domain::segment::Segment;
use domain::ticket::Ticket;
use domain::time::*;
use jiff::{Timestamp, tz::TimeZone};
use std::collections::BTreeMap;
use training::generate::*;

pub fn rollups(tickets: &[Ticket]) -> Vec<HourRollup> {
    let mut by: BTreeMap<Hour, Vec<Ticket>> = BTreeMap::new();
    for t in tickets {
        by.entry(Hour::of(t.created_at)).or_default().push(t.clone());
    }
    by.into_iter().map(|(h, t)| HourRollup::build(h, &t, |t| text::terms(&text::redact_ticket(t)))).collect()
}
fn sum(r: &[HourRollup], s: &Segment) -> f64 {
    r.iter().flat_map(|r| r.segment(s)).map(|c| f64::from(c.tickets)).sum()
}
fn main() {
    let only = std::env::args().nth(1);
    let verbose = std::env::args().nth(2).is_some();
    let zone = TimeZone::UTC;
    for scenario in Scenario::ALL {
        if only.as_deref().is_some_and(|o| o != "all" && o != scenario.name()) {
            continue;
        }
        if scenario == Scenario::None {
            continue;
        }
        let mults: Vec<Option<f64>> = match scenario {
            Scenario::Composition => vec![Some(1.5), Some(2.0), Some(3.0)],
            Scenario::Uniform => vec![Some(1.5), None, Some(3.0)],
            Scenario::Outage => vec![Some(1.5), None, Some(3.0)],
            _ => vec![None],
        };
        for mult in mults {
            for seed in [42u64, 1, 2, 3] {
                for theme in if scenario == Scenario::Outage || scenario == Scenario::Theme {
                    vec![Some(Theme::ALL[seed as usize % 4])]
                } else {
                    vec![None]
                } {
                    let o = GenerateOptions {
                        scenario,
                        seed,
                        theme,
                        multiplier: mult,
                        from: "2023-08-25".parse().unwrap(),
                        to: "2023-10-15".parse().unwrap(),
                        ..GenerateOptions::default()
                    };
                    let d = generate(&o).unwrap();
                    let a = d.truth.anomaly.clone().unwrap();
                    let seg = a.segment.clone().unwrap_or(Segment::total());
                    for whole in [true, false] {
                        let (s, e) = if whole {
                            let s = a.date.to_zoned(zone.clone()).unwrap().timestamp();
                            (
                                s,
                                Timestamp::from_second(s.as_second() + 86400 * scenario.days().min(7))
                                    .unwrap(),
                            )
                        } else {
                            (a.onset, a.end)
                        };
                        if !whole && e.as_second() - s.as_second() > 86400 * 7 {
                            continue;
                        }
                        let window = Window::new(s, e);
                        let wt: Vec<Ticket> =
                            d.tickets.iter().filter(|t| window.contains(t.created_at)).cloned().collect();
                        let b0 =
                            Timestamp::from_second(Hour::of(s).start().as_second() - 28 * 86400).unwrap();
                        let bt: Vec<Ticket> = d
                            .tickets
                            .iter()
                            .filter(|t| t.created_at >= b0 && t.created_at < Hour::of(s).start())
                            .cloned()
                            .collect();
                        let (w, b) = (rollups(&wt), rollups(&bt));
                        // expectation: mean of same window shifted by 7..28 days
                        let mut exp = |sg: &Segment| -> f64 {
                            (1..=4)
                                .map(|k| {
                                    let sh = k * 7 * 86400;
                                    bt.iter()
                                        .filter(|t| {
                                            let x = Timestamp::from_second(t.created_at.as_second() + sh)
                                                .unwrap();
                                            window.contains(x) && sg.contains(t)
                                        })
                                        .count() as f64
                                })
                                .sum::<f64>()
                                / 4.0
                        };
                        let mut segs: Vec<Segment> = b
                            .iter()
                            .flat_map(|r| r.segments.keys().filter(|s| s.cells().len() < 2).cloned())
                            .collect();
                        segs.sort();
                        segs.dedup();
                        let counts: Vec<SegmentCount> = segs
                            .iter()
                            .filter(|s| s.is_total() || sum(&b, s) > 28.0 * 3.0)
                            .map(|sg| SegmentCount {
                                segment: sg.clone(),
                                actual: wt.iter().filter(|t| sg.contains(t)).count() as f64,
                                expected: exp(sg),
                            })
                            .collect();
                        let actual = wt.iter().filter(|t| seg.contains(t)).count() as f64;
                        let expected = exp(&seg);
                        let dir = if actual >= expected { Direction::Up } else { Direction::Down };
                        let kind = if a.kind == Kind::Theme { Kind::Theme } else { Kind::Volume };
                        let inc = Incident {
                            version: 1,
                            stream: "default".into(),
                            id: "i".into(),
                            revision: 1,
                            status: Status::Open,
                            opened_at: s,
                            decided_at: e,
                            kind,
                            direction: a.direction.unwrap_or(dir),
                            segment: seg.clone(),
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
                            background_days: 28.0,
                        };
                        let t = std::time::Instant::now();
                        let r = analyst::diagnose(&case);
                        let ms = t.elapsed().as_secs_f64() * 1e3;
                        let ok = r.verdict == a.verdict
                            && (r.nature == a.nature || a.nature == domain::report::Nature::Unknown);
                        println!(
                            "{} {} m={:?} seed={} whole={} {}/{:.0} -> {} {} conf {} onset {} (true {}) {:.0} ms truth {} {} | {} | {:?}",
                            if ok { "ok  " } else { "FAIL" },
                            scenario,
                            mult,
                            seed,
                            whole,
                            actual,
                            expected,
                            r.verdict.name(),
                            r.nature.name(),
                            r.confidence,
                            r.onset,
                            a.onset,
                            ms,
                            a.verdict.name(),
                            a.nature.name(),
                            r.title,
                            r.keywords
                        );
                        if true {
                            for e in &r.evidence {
                                if verbose
                                    || [
                                        "shift",
                                        "theme",
                                        "cell",
                                        "burst",
                                        "gap",
                                        "delay",
                                        "duplicates",
                                        "reporters",
                                    ]
                                    .contains(&e.kind.as_str())
                                {
                                    println!(
                                        "      {} {} {} {:?} {}",
                                        e.id,
                                        e.kind,
                                        e.summary,
                                        e.values,
                                        e.tickets.len()
                                    );
                                }
                            }
                        }
                        if verbose {
                            println!(
                                "{}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
                                r.executive_summary,
                                r.root_cause,
                                r.affected_services,
                                r.customer_sentiment,
                                r.sample_complaints,
                                r.recommendations,
                                r.alternatives
                            );
                            println!("{:?}", a.keywords);
                        }
                    }
                }
            }
        }
    }
}
