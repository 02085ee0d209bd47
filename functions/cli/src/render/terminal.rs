//! Reports for the terminal.

use super::escape::{cut, plain, width as columns, wrap};
use super::style::{Paint, Tint};
use super::{
    cause, facts, further_claims, local, number, references, severity, state, ticket_ids, with_references,
};
use domain::report::Report;
use jiff::tz::TimeZone;

/// Widest text; longer lines are hard to read.
const WIDEST: usize = 110;
/// Narrowest text; below, tables fall apart.
const NARROWEST: usize = 40;

/// Text that grows line by line.
struct Page {
    out: String,
    width: usize,
    paint: Paint,
}

impl Page {
    fn new(width: usize, color: bool) -> Self {
        Self { out: String::new(), width, paint: Paint::new(color) }
    }

    fn heading(&mut self, text: &str) {
        self.out.push_str(&format!("\n{}\n", self.paint.tint(Tint::Bold, text)));
    }

    /// `text` wrapped behind `lead`, the following lines indented as far.
    fn entry(&mut self, lead: &str, tint: Tint, text: &str) {
        let indent = columns(lead);
        let mut lead = self.paint.tint(tint, lead);
        let lines = wrap(&plain(text), self.width.saturating_sub(indent).max(10));
        if lines.is_empty() {
            self.out.push_str(lead.trim_end());
            self.out.push('\n');
        }
        for line in lines {
            self.out.push_str(&format!("{lead}{line}\n"));
            lead = " ".repeat(indent);
        }
    }

    fn text(&mut self, text: &str) {
        self.entry("", Tint::Dim, text);
    }
}

/// The report as a page of `width` columns (40 to 110), with `chart` as it is behind the facts.
///
/// Times are local to `zone`. Nothing the report says can steer the terminal.
pub fn terminal(report: &Report, zone: &TimeZone, chart: Option<&str>, width: usize, color: bool) -> String {
    let mut page = Page::new(width.clamp(NARROWEST, WIDEST), color);
    let name = severity(report.severity).to_uppercase();
    page.entry(&format!("{name}  "), Tint::of(report.severity), &report.title);
    for line in wrap(&plain(&state(report, zone)), page.width) {
        page.out.push_str(&page.paint.tint(Tint::Dim, &line));
        page.out.push('\n');
    }
    page.out.push('\n');
    page.text(&with_references(&report.executive_summary, &report.claims));
    page.out.push('\n');
    for (name, value) in facts(report, zone) {
        page.entry(&format!("  {name:<9} "), Tint::Dim, &value);
    }
    if let Some(chart) = chart.filter(|c| !c.is_empty()) {
        page.out.push('\n');
        page.out.push_str(chart.trim_end_matches('\n'));
        page.out.push('\n');
    }
    page.heading("Root cause");
    page.text(&with_references(&report.root_cause, &report.claims));
    for claim in further_claims(report) {
        page.entry("  • ", Tint::Dim, &format!("{}{}", claim.text, references(&claim.evidence)));
    }
    voices(&mut page, report);
    actions(&mut page, report);
    evidence(&mut page, report);
    page.out
}

fn voices(page: &mut Page, report: &Report) {
    if report.keywords.is_empty() && report.sample_complaints.is_empty() {
        return;
    }
    page.heading("What customers write");
    if !report.keywords.is_empty() {
        page.entry("  Keywords  ", Tint::Dim, &report.keywords.join(" · "));
    }
    for quote in &report.sample_complaints {
        page.entry("  ", Tint::Dim, &format!("“{}”", plain(&quote.text)));
        page.entry("    — ", Tint::Dim, &format!("ticket {}", quote.ticket));
    }
}

fn actions(page: &mut Page, report: &Report) {
    if !report.recommendations.is_empty() {
        page.heading("What to do");
    }
    for (i, action) in report.recommendations.iter().enumerate() {
        let text = format!("{}{}", action.text, references(&action.evidence));
        page.entry(&format!("  {}. ", i + 1), Tint::Dim, &text);
    }
    if !report.alternatives.is_empty() {
        page.heading("Other readings");
    }
    for other in &report.alternatives {
        page.entry("  • ", Tint::Dim, &format!("{}{}", other.text, references(&other.evidence)));
        if !other.confirm_by.is_empty() {
            page.entry("    to confirm: ", Tint::Dim, &other.confirm_by);
        }
    }
    if !report.unverified.is_empty() {
        page.heading("Not proven");
    }
    for text in &report.unverified {
        page.entry("  • ", Tint::Dim, text);
    }
}

fn evidence(page: &mut Page, report: &Report) {
    if report.evidence.is_empty() {
        return;
    }
    page.heading("Evidence");
    let cell = |text: &str| cut(&plain(text), 14);
    let longest = |f: fn(&domain::report::Evidence) -> &str| {
        report.evidence.iter().map(|e| columns(&cell(f(e)))).max().unwrap_or(0)
    };
    let (ids, kinds) = (longest(|e| &e.id), longest(|e| &e.kind));
    for item in &report.evidence {
        let lead = format!("  {}  {}  ", pad(&cell(&item.id), ids), pad(&cell(&item.kind), kinds));
        let tickets = ticket_ids(&item.tickets);
        let tickets = if tickets.is_empty() { tickets } else { format!(" (tickets {tickets})") };
        page.entry(&lead, Tint::Dim, &format!("{}{tickets}", item.summary));
    }
    page.text("");
    page.text(&format!("Written by the {} analyst.", report.analyst));
}

/// `text` followed by spaces up to `room` columns.
fn pad(text: &str, room: usize) -> String {
    format!("{text}{}", " ".repeat(room.saturating_sub(columns(text))))
}

/// Reports as a table, one line each, in the given order: when opened (local to `zone`), severity, cause, title,
/// tickets against expected, incident and revision.
///
/// Titles are cut to what is left of `width`, at least 12 columns of them are shown.
pub fn list(reports: &[Report], zone: &TimeZone, width: usize, color: bool) -> String {
    let paint = Paint::new(color);
    if reports.is_empty() {
        return "no reports\n".to_owned();
    }
    let names = ["opened", "severity", "cause", "title", "tickets / expected", "incident"].map(str::to_owned);
    let rows: Vec<[String; 6]> = reports.iter().map(|r| row(r, zone)).collect();
    let mut widths = [0; 6];
    for row in rows.iter().chain([&names]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(columns(cell));
        }
    }
    let others: usize = widths.iter().sum::<usize>() - widths[TITLE] + 2 * (widths.len() - 1);
    widths[TITLE] = widths[TITLE].min(width.saturating_sub(others).max(12));
    let mut out = format!("{}\n", paint.tint(Tint::Dim, &line(&names, &widths, |_, cell| cell)));
    for (cells, report) in rows.iter().zip(reports) {
        let tint =
            |i: usize, cell: String| if i == 1 { paint.tint(Tint::of(report.severity), &cell) } else { cell };
        out.push_str(&line(cells, &widths, tint));
        out.push('\n');
    }
    out
}

/// Column of the title, which gives way when the terminal is narrow.
const TITLE: usize = 3;
/// Column of the counts, set to the right.
const COUNTS: usize = 4;

fn row(report: &Report, zone: &TimeZone) -> [String; 6] {
    [
        local(report.opened_at, zone, "%Y-%m-%d %H:%M"),
        report.severity.name().to_owned(),
        cause(report),
        plain(&report.title),
        format!("{} / {}", number(report.tickets), number(report.expected)),
        plain(&format!("{} r{}", report.incident, report.revision)),
    ]
}

fn line(cells: &[String; 6], widths: &[usize; 6], tint: impl Fn(usize, String) -> String) -> String {
    let padded = cells.iter().zip(widths).enumerate().map(|(i, (cell, room))| {
        let cell = cut(cell, *room);
        let space = " ".repeat(room.saturating_sub(columns(&cell)));
        tint(i, if i == COUNTS { format!("{space}{cell}") } else { format!("{cell}{space}") })
    });
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}
