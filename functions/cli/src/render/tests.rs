use super::*;
use domain::incident::Status;
use domain::report::{Alternative, Evidence, ImpactMetrics, Nature, Quote, REPORT_VERSION, Verdict};
use domain::segment::Dimension;
use proptest::prelude::*;

fn claim(text: &str, evidence: &[&str]) -> Claim {
    Claim { text: text.into(), evidence: evidence.iter().map(|e| (*e).to_owned()).collect() }
}

fn item(id: &str, kind: &str, summary: &str, tickets: usize) -> Evidence {
    Evidence {
        id: id.into(),
        kind: kind.into(),
        summary: summary.into(),
        values: Default::default(),
        tickets: (1..=tickets).map(|i| format!("T-{i}")).collect(),
    }
}

fn report() -> Report {
    let cause = "Tickets with the phrase \"code expired\" make most of the excess.";
    Report {
        schema_version: REPORT_VERSION,
        stream: "default".into(),
        incident: "0123456789abcdef".into(),
        revision: 2,
        status: Status::Escalated,
        opened_at: "2031-05-06T12:15:00Z".parse().unwrap(),
        decided_at: "2031-05-06T14:30:00Z".parse().unwrap(),
        severity: Severity::Critical,
        kind: Kind::Volume,
        direction: Direction::Up,
        segment: Segment::value(Dimension::Queue, "Account Access"),
        window: Window::new("2031-05-06T12:00:00Z".parse().unwrap(), "2031-05-06T14:00:00Z".parse().unwrap()),
        onset: "2031-05-06T12:15:00Z".parse().unwrap(),
        tickets: 1296.0,
        expected: 12.44,
        score: 9.5,
        verdict: Verdict::Localized,
        nature: Nature::Product,
        confidence: 0.82,
        title: "Sign-in codes expire at once".into(),
        executive_summary:
            "Account Access received far more tickets than expected. Customers cannot sign in.".into(),
        root_cause: format!("{cause} Other topics are as frequent as usual."),
        impact_metrics: ImpactMetrics {
            volume_increase_pct: Some(10318.0),
            primary_priority: Some("high".into()),
            primary_queue: Some("Account Access".into()),
            primary_type: None,
        },
        affected_services: vec!["sign-in".into(), "mobile app".into()],
        customer_sentiment: "frustrated".into(),
        sample_complaints: vec![Quote {
            ticket: "T-7".into(),
            text: "My code is expired before I can type it".into(),
        }],
        recommendations: vec![claim("Check the clock of the service that issues codes.", &["E2"])],
        keywords: vec!["code expired".into(), "sign in".into()],
        sample_ticket_ids: vec!["T-7".into()],
        evidence: vec![
            item("E1", "volume", "1,296 tickets where 12.4 were expected.", 0),
            item("E2", "phrase", "\"code expired\" in 1,100 tickets of 1,080 reporters.", 7),
        ],
        claims: vec![claim(cause, &["E1", "E2"]), claim("No reporter stands out.", &["E1"])],
        alternatives: vec![Alternative {
            text: "A partner's mail arrives late.".into(),
            confirm_by: "compare send and arrival times.".into(),
            evidence: vec!["E2".into()],
        }],
        unverified: vec![],
        analyst: "statistical".into(),
    }
}

/// A report whose every text is `text`.
fn filled(text: &str) -> Report {
    let mut report = report();
    let all = || text.to_owned();
    report.title = all();
    report.stream = all();
    report.incident = all();
    report.segment = Segment::value(Dimension::Tag, text);
    report.executive_summary = all();
    report.root_cause = all();
    report.impact_metrics.primary_type = Some(all());
    report.affected_services = vec![all()];
    report.customer_sentiment = all();
    report.sample_complaints = vec![Quote { ticket: all(), text: all() }];
    report.recommendations = vec![claim(text, &[text])];
    report.keywords = vec![all()];
    report.evidence = vec![item(text, text, text, 1)];
    report.evidence[0].tickets = vec![all()];
    report.claims = vec![claim(text, &[text])];
    report.alternatives = vec![Alternative { text: all(), confirm_by: all(), evidence: vec![all()] }];
    report.unverified = vec![all()];
    report.analyst = all();
    report
}

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

/// Puts a space for what is inert: escaped characters and code spans. Panics on an unclosed code span.
pub(super) fn alive(markdown: &str) -> String {
    let mut out = String::new();
    let mut chars = markdown.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next().unwrap()),
            '`' => assert!(chars.by_ref().any(|c| c == '`'), "open code span"),
            c => {
                out.push(c);
                continue;
            }
        }
        out.push(' ');
    }
    out
}

#[test]
fn a_page_for_the_terminal() {
    insta::assert_snapshot!(terminal(&report(), &berlin(), Some("<chart>\n"), 80, false), @r#"
    CRITICAL  Sign-in codes expire at once
    escalated · incident 0123456789abcdef revision 2 · stream default · opened
    2031-05-06 14:15 · decided 2031-05-06 16:30 CEST

    Account Access received far more tickets than expected. Customers cannot sign
    in.

      What      more tickets than expected: queue Account Access
      Since     Tue 2031-05-06 14:15 CEST
      Window    2031-05-06 14:00 to 16:00 CEST (2 h)
      Tickets   1,296 against 12.4 expected (+1,284, +10,318 %)
      Cause     localized (product), confidence 82 %
      Mostly    priority high, queue Account Access
      Affected  sign-in, mobile app
      Mood      frustrated

    <chart>

    Root cause
    Tickets with the phrase "code expired" make most of the excess. [E1, E2] Other
    topics are as frequent as usual.
      • No reporter stands out. [E1]

    What customers write
      Keywords  code expired · sign in
      “My code is expired before I can type it”
        — ticket T-7

    What to do
      1. Check the clock of the service that issues codes. [E2]

    Other readings
      • A partner's mail arrives late. [E2]
        to confirm: compare send and arrival times.

    Evidence
      E1  volume  1,296 tickets where 12.4 were expected.
      E2  phrase  "code expired" in 1,100 tickets of 1,080 reporters. (tickets T-1,
                  T-2, T-3, T-4, T-5 and 2 more)

    Written by the statistical analyst.
    "#);
}

#[test]
fn a_page_of_markdown() {
    insta::assert_snapshot!(markdown(&report(), &berlin()), @r#"
    # Critical: Sign-in codes expire at once

    escalated · incident 0123456789abcdef revision 2 · stream default · opened 2031-05-06 14:15 · decided 2031-05-06 16:30 CEST

    Account Access received far more tickets than expected. Customers cannot sign in.

    | | |
    |---|---|
    | What | more tickets than expected: queue Account Access |
    | Since | Tue 2031-05-06 14:15 CEST |
    | Window | 2031-05-06 14:00 to 16:00 CEST (2 h) |
    | Tickets | 1,296 against 12.4 expected (+1,284, +10,318 %) |
    | Cause | localized (product), confidence 82 % |
    | Mostly | priority high, queue Account Access |
    | Affected | sign-in, mobile app |
    | Mood | frustrated |

    ## Root cause

    Tickets with the phrase "code expired" make most of the excess. \[E1, E2\] Other topics are as frequent as usual.

    - No reporter stands out. \[E1\]

    ## What customers write

    Keywords: code expired · sign in

    > “My code is expired before I can type it”
    >
    > — ticket T-7

    ## What to do

    - Check the clock of the service that issues codes. \[E2\]

    ## Other readings

    - A partner's mail arrives late. \[E2\] To confirm: compare send and arrival times.

    ## Evidence

    | | Kind | What it shows | Tickets |
    |---|---|---|---|
    | E1 | volume | 1,296 tickets where 12.4 were expected. |  |
    | E2 | phrase | "code expired" in 1,100 tickets of 1,080 reporters. | T-1, T-2, T-3, T-4, T-5 and 2 more |

    Written by the statistical analyst.
    "#);
}

#[test]
fn a_list() {
    let mut other = report();
    other.severity = Severity::Low;
    other.title = "A rather long title that a narrow terminal cannot hold as a whole".into();
    other.tickets = 3.0;
    insta::assert_snapshot!(list(&[report(), other], &berlin(), 120, false), @r#"
    opened            severity  cause                title                           tickets / expected  incident
    2031-05-06 14:15  critical  localized (product)  Sign-in codes expire at once          1,296 / 12.4  0123456789abcdef r2
    2031-05-06 14:15  low       localized (product)  A rather long title that a na…            3 / 12.4  0123456789abcdef r2
    "#);
    assert_eq!(list(&[], &berlin(), 80, true), "no reports\n");
}

#[test]
fn an_empty_report_is_still_a_page() {
    let mut report = filled("");
    for list in [&mut report.keywords, &mut report.unverified, &mut report.affected_services] {
        list.clear();
    }
    report.sample_complaints.clear();
    report.evidence.clear();
    (report.tickets, report.expected, report.confidence) = (0.0, f64::NAN, f64::NAN);
    report.impact_metrics.volume_increase_pct = None;
    assert!(terminal(&report, &TimeZone::UTC, None, 0, true).contains("0 against unknown expected"));
    assert!(markdown(&report, &TimeZone::UTC).starts_with("# Critical: \n"));
}

#[test]
fn colours_are_used_only_when_asked() {
    assert!(!terminal(&report(), &berlin(), None, 80, false).contains('\u{1b}'));
    assert!(terminal(&report(), &berlin(), None, 80, true).starts_with("\u{1b}[1;31mCRITICAL"));
    assert!(list(&[report()], &berlin(), 80, true).contains("\u{1b}[1;31mcritical"));
}

#[test]
fn windows_are_local_and_short() {
    let of = |start: &str, end: &str| {
        window(&Window::new(start.parse().unwrap(), end.parse().unwrap()), &berlin())
    };
    assert_eq!(of("2031-05-05T22:00:00Z", "2031-05-06T22:00:00Z"), "2031-05-06 (whole day)");
    assert_eq!(of("2031-05-05T22:00:00Z", "2031-05-08T22:00:00Z"), "2031-05-06 to 2031-05-08 (whole days)");
    assert_eq!(of("2031-05-06T12:00:00Z", "2031-05-06T13:30:00Z"), "2031-05-06 14:00 to 15:30 CEST (1.5 h)");
    assert_eq!(
        of("2031-03-29T23:30:00Z", "2031-03-30T02:30:00Z"),
        "2031-03-30 00:30 CET to 04:30 CEST (3 h)"
    );
}

#[test]
fn numbers_are_rounded_and_grouped() {
    let shown = [0.0, 0.04, 1.25, 19.96, 191.4, 12_345.0, -3.5, -0.01, 1e6].map(number);
    assert_eq!(shown, ["0", "0", "1.2", "20", "191", "12,345", "−3.5", "0", "1,000,000"]);
}

#[test]
fn references_follow_their_sentence() {
    let claims = [claim("B is so.", &["E2"]), claim("A is so.", &["E1", "E3"]), claim("", &["E9"])];
    assert_eq!(with_references("A is so. B is so.", &claims), "A is so. [E1, E3] B is so. [E2]");
    assert_eq!(with_references("", &claims), "");
}

#[test]
fn hostile_text_stays_text_in_markdown() {
    let hostile =
        "![x](https://evil.example/a.png) <img src=x> | @all\n# h `b` [l](javascript:alert(1)) \u{1b}[2J";
    let page = markdown(&filled(hostile), &berlin());
    let alive = alive(&page);
    for dead in ["[", "](", "<", "@all", "\n# h", "https:", "//", "evil", "javascript:", "\u{1b}"] {
        assert!(!alive.contains(dead), "{dead:?} in {page}");
    }
    let table: Vec<&str> = page.lines().filter(|l| l.starts_with("| ") && !l.starts_with("| | ")).collect();
    for row in table {
        let bars = row.replace("\\|", "").matches('|').count();
        assert!(bars == 3 || bars == 5, "{row}");
    }
}

proptest! {
    #[test]
    fn no_text_steers_a_terminal(text in any::<String>(), width in 0usize..200) {
        let report = filled(&text);
        let page = terminal(&report, &TimeZone::UTC, None, width, false);
        prop_assert!(!page.chars().any(|c| c.is_control() && c != '\n'));
        let table = list(&[report], &TimeZone::UTC, width, false);
        prop_assert_eq!(table.lines().count(), 2);
        prop_assert!(!table.chars().any(|c| c.is_control() && c != '\n'));
    }

    #[test]
    fn a_page_keeps_its_width(text in "(\\PC| ){0,120}", width in 40usize..120) {
        let page = terminal(&filled(&text), &TimeZone::UTC, None, width, false);
        let longest = page.lines().map(escape::width).max().unwrap_or(0);
        prop_assert!(longest <= width.max(50), "{longest} > {width}: {page}");
    }
}
