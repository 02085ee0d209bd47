//! Reports and runs in a map.

use super::{error, lock};
use async_trait::async_trait;
use domain::ports::ReportStore;
use domain::report::{REPORT_VERSION, Report, Run};
use domain::time::Window;
use domain::{ErrorKind, StoreResult};
use jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Stream, incident, revision.
type Name = (String, String, u32);

/// A [`ReportStore`] in memory.
#[derive(Default)]
pub struct MemoryReportStore {
    reports: Mutex<BTreeMap<Name, (Report, Run)>>,
}

impl MemoryReportStore {
    /// The run that was stored with a report.
    pub fn run(&self, stream: &str, incident: &str, revision: u32) -> Option<Run> {
        let name = (stream.to_owned(), incident.to_owned(), revision);
        lock(&self.reports).get(&name).map(|(_, run)| run.clone())
    }
}

#[async_trait]
impl ReportStore for MemoryReportStore {
    async fn put(&self, report: &Report, run: &Run) -> StoreResult<()> {
        let Report { stream, incident, revision, .. } = report;
        let action = format!("put the report of revision {revision} of incident {incident:?}");
        if report.schema_version != REPORT_VERSION {
            return Err(error(
                ErrorKind::Invalid,
                format!("{action}: it says format {}", report.schema_version),
            ));
        }
        if (&run.incident, run.revision) != (incident, *revision) {
            return Err(error(ErrorKind::Invalid, format!("{action}: its run is another revision's")));
        }
        let mut reports = lock(&self.reports);
        let name = (stream.clone(), incident.clone(), *revision);
        if reports.contains_key(&name) {
            return Err(error(ErrorKind::AlreadyExists, format!("{action}: it exists already")));
        }
        reports.insert(name, (report.clone(), run.clone()));
        Ok(())
    }

    async fn get(&self, stream: &str, incident: &str, revision: u32) -> StoreResult<Report> {
        let name = (stream.to_owned(), incident.to_owned(), revision);
        let report = lock(&self.reports).get(&name).map(|(report, _)| report.clone());
        report.ok_or_else(|| {
            let message =
                format!("get the report of revision {revision} of incident {incident:?}: it is not stored");
            error(ErrorKind::NotFound, message)
        })
    }

    async fn latest(&self, stream: &str, incident: &str) -> StoreResult<Report> {
        let from = (stream.to_owned(), incident.to_owned(), 0);
        let to = (stream.to_owned(), incident.to_owned(), u32::MAX);
        let latest = lock(&self.reports).range(from..=to).next_back().map(|(_, (report, _))| report.clone());
        latest.ok_or_else(|| {
            error(ErrorKind::NotFound, format!("get the report of incident {incident:?}: it is not stored"))
        })
    }

    async fn list(&self, stream: &str, from: Timestamp, to: Timestamp) -> StoreResult<Vec<Report>> {
        if from >= to {
            return Ok(Vec::new());
        }
        let reports = lock(&self.reports);
        let of_stream = reports.values().map(|(report, _)| report).filter(|report| report.stream == stream);
        let latest: BTreeMap<&str, &Report> =
            of_stream.map(|report| (report.incident.as_str(), report)).collect();
        let window = Window::new(from, to);
        let mut listed: Vec<Report> =
            latest.into_values().filter(|r| r.window.overlaps(&window)).cloned().collect();
        listed.sort_by_key(|report| Reverse((report.window.start, report.window.end)));
        Ok(listed)
    }
}
