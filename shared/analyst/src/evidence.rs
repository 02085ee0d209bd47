//! Evidence with ids, in the order it is found.

use domain::report::Evidence;
use std::collections::BTreeMap;

/// Ticket ids kept with a piece of evidence.
const MAX_TICKETS: usize = 20;

/// Hands out ids `E1`, `E2`, …
#[derive(Debug, Default)]
pub(crate) struct Ledger(Vec<Evidence>);

impl Ledger {
    /// Adds a piece; values that are not finite are left out.
    pub(crate) fn add(
        &mut self,
        kind: &str,
        summary: String,
        values: &[(&str, f64)],
        tickets: Vec<String>,
    ) -> String {
        let id = format!("E{}", self.0.len() + 1);
        let rounded = |v: f64| (v * 1e6).round() / 1e6;
        let values: BTreeMap<String, f64> = values
            .iter()
            .filter(|(_, v)| v.is_finite())
            .map(|(k, v)| ((*k).to_owned(), rounded(*v)))
            .collect();
        let tickets = tickets.into_iter().take(MAX_TICKETS).collect();
        self.0.push(Evidence { id: id.clone(), kind: kind.to_owned(), summary, values, tickets });
        id
    }

    pub(crate) fn into_evidence(self) -> Vec<Evidence> {
        self.0
    }
}
