//! What to do: a table keyed on the reading and its evidence.

use crate::exhibits::Ids;
use crate::facts::Facts;
use crate::report::Material;
use crate::verdict::{Decision, Findings, Reading};
use crate::wording::{moment, number, segment_name};
use domain::incident::Severity;
use domain::report::{Claim, Nature};

/// Recommendations, most urgent first, each with the evidence it follows from.
pub(crate) fn recommendations(
    facts: &Facts<'_>,
    findings: &Findings,
    decision: &Decision,
    material: &Material,
    ids: &Ids,
) -> Vec<Claim> {
    let claim = |text: String, evidence: Vec<String>| Claim {
        text,
        evidence: if evidence.is_empty() { vec![ids.volume.clone()] } else { evidence },
    };
    let onset = moment(material.onset, facts.case.zone);
    let since = |what: &str| {
        claim(format!("Review {what} shortly before {onset}."), ids.onset.iter().cloned().collect())
    };
    let mut out = match decision.reading {
        Reading::Theme => vec![
            claim(
                format!("Reproduce the failure from the sample tickets and give it to the team that owns {}.", owner(material)),
                ids.theme.iter().cloned().collect(),
            ),
            since(if decision.nature == Nature::External { "outside events" } else { "releases, certificates, configuration and dependencies that changed" }),
            claim(
                format!("Prepare one answer and link new tickets that mention \"{}\" to this incident.", material.keywords.first().map_or("it", String::as_str)),
                ids.phrases.clone(),
            ),
        ],
        Reading::Cell => vec![
            claim(
                format!(
                    "Ask the team behind {} what changed for its customers.",
                    findings.cell.as_ref().map_or(String::new(), |c| segment_name(&c.segment))
                ),
                ids.cell.iter().cloned().collect(),
            ),
            since("changes and routing rules"),
        ],
        Reading::Composition => vec![
            claim("Triage by priority: more of the tickets are urgent than usual; read a sample of each type before naming a cause.".to_owned(), ids.moved.clone()),
            claim("Check several systems, not one: do not announce a single root cause on this evidence.".to_owned(), ids.moved.clone()),
            since("releases and incidents of all services"),
        ],
        Reading::Volume => vec![
            claim(
                if facts.is_up() {
                    format!("Staff for about {} tickets beyond the expected while it lasts.", number(facts.excess()))
                } else {
                    "Check that every channel still accepts tickets: less of everything can be a broken intake.".to_owned()
                },
                vec![ids.volume.clone()],
            ),
            since("campaigns, announcements and intake changes"),
        ],
        Reading::TooLittle => vec![claim("Watch the next hours; act only if the excess grows.".to_owned(), vec![ids.volume.clone()])],
        Reading::Steering => vec![
            claim("Have a person read the tickets named before anything is done about them.".to_owned(), ids.steering.iter().cloned().collect()),
            claim("Restrict or verify the senders if they continue.".to_owned(), ids.reporters.iter().cloned().collect()),
        ],
        Reading::Quality => vec![claim(quality(decision.nature).to_owned(), ids.quality(decision.nature))],
    };
    let severe = facts.case.incident.severity >= Severity::High && facts.is_up();
    if severe && matches!(decision.reading, Reading::Theme | Reading::Cell) {
        out.push(claim(
            "Publish a status notice, so that customers need not write.".to_owned(),
            vec![ids.volume.clone()],
        ));
    }
    out
}

fn owner(material: &Material) -> String {
    material.services.first().cloned().unwrap_or_else(|| "the feature they name".to_owned())
}

fn quality(nature: Nature) -> &'static str {
    match nature {
        Nature::Gap => {
            "Check the help desk's export and the connection for the hours of the gap, and load what is missing."
        }
        Nature::Backlog => {
            "Check why tickets were held back; judge the hours they were written in, not those they landed in."
        }
        Nature::SingleSource => {
            "Contact the sender and merge the tickets; do not treat them as separate customers."
        }
        Nature::BulkEntry => {
            "Confirm with whoever entered or imported the batch, and leave it out of the volume."
        }
        Nature::Spam => "Block the senders or links at intake and delete the tickets as spam.",
        _ => "Merge the copies and check the form or connection that repeats them.",
    }
}
