//! Reports as Markdown (CommonMark with GitHub's tables).

use super::escape::markdown as safe;
use super::{facts, further_claims, references, severity, state, ticket_ids, with_references};
use domain::report::Report;
use jiff::tz::TimeZone;

/// The report as a Markdown page, times local to `zone`.
///
/// Nothing the report says becomes a link, a mention, a picture, HTML or other markup, whichever renderer shows it.
pub fn markdown(report: &Report, zone: &TimeZone) -> String {
    let mut out = format!("# {}: {}\n\n", severity(report.severity), safe(&report.title));
    paragraph(&mut out, &safe(&state(report, zone)));
    paragraph(&mut out, &safe(&with_references(&report.executive_summary, &report.claims)));
    out.push_str("| | |\n|---|---|\n");
    for (name, value) in facts(report, zone) {
        out.push_str(&format!("| {name} | {} |\n", safe(&value)));
    }
    out.push_str("\n## Root cause\n\n");
    paragraph(&mut out, &safe(&with_references(&report.root_cause, &report.claims)));
    let claims = further_claims(report).into_iter().map(|c| format!("{}{}", c.text, references(&c.evidence)));
    items(&mut out, "", claims.collect());
    voices(&mut out, report);
    let actions = report.recommendations.iter().map(|c| format!("{}{}", c.text, references(&c.evidence)));
    items(&mut out, "What to do", actions.collect());
    let others = report.alternatives.iter().map(|a| {
        let confirm =
            if a.confirm_by.is_empty() { String::new() } else { format!(" To confirm: {}", a.confirm_by) };
        format!("{}{}{confirm}", a.text, references(&a.evidence))
    });
    items(&mut out, "Other readings", others.collect());
    items(&mut out, "Not proven", report.unverified.clone());
    evidence(&mut out, report);
    out
}

fn paragraph(out: &mut String, text: &str) {
    if !text.is_empty() {
        out.push_str(text);
        out.push_str("\n\n");
    }
}

/// A list under a heading; nothing when there are no items.
fn items(out: &mut String, heading: &str, items: Vec<String>) {
    if items.is_empty() {
        return;
    }
    if !heading.is_empty() {
        out.push_str(&format!("## {heading}\n\n"));
    }
    for item in items {
        out.push_str(&format!("- {}\n", safe(&item)));
    }
    out.push('\n');
}

fn voices(out: &mut String, report: &Report) {
    if report.keywords.is_empty() && report.sample_complaints.is_empty() {
        return;
    }
    out.push_str("## What customers write\n\n");
    let keywords: Vec<String> = report.keywords.iter().map(|k| safe(k)).collect();
    if !keywords.is_empty() {
        out.push_str(&format!("Keywords: {}\n\n", keywords.join(" · ")));
    }
    for quote in &report.sample_complaints {
        out.push_str(&format!("> “{}”\n>\n> — ticket {}\n\n", safe(&quote.text), safe(&quote.ticket)));
    }
}

fn evidence(out: &mut String, report: &Report) {
    if !report.evidence.is_empty() {
        out.push_str("## Evidence\n\n| | Kind | What it shows | Tickets |\n|---|---|---|---|\n");
        for item in &report.evidence {
            let cells = [&item.id, &item.kind, &item.summary, &ticket_ids(&item.tickets)].map(|c| safe(c));
            out.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        out.push('\n');
    }
    out.push_str(&format!("Written by the {} analyst.\n", safe(&report.analyst)));
}
