//! Training that replaces the artifact in use only by one that is not worse.
//!
//! The candidate is trained on what lies before the hold-out, the last [`HOLDOUT_DAYS`] days; both forecast the
//! hold-out one step ahead, hours and days, on the series that both know. Neither may have seen what it is judged on:
//! if the artifact in use was trained into the hold-out, the hold-out (and so the candidate's missing history) begins
//! where its training ended, and with fewer than [`MIN_DAYS`] whole days left it stays in use until there are more.
//! The same training again therefore changes nothing.
//!
//! What was judged is what is put to use: the candidate is not fitted again with the hold-out, which nobody would have
//! checked. It costs two weeks of history, of which levels, read from recent counts by every run, lose nothing. Only
//! where there is nothing to compare with (the first training, an unreadable artifact, another time zone) is the
//! candidate trained on everything.
//!
//! The candidate is worse where its mean Poisson deviance is higher than the other's by more than chance (one-sided
//! 95 % bound of the day-by-day differences, Student's t: hours of one day are not independent), or where it raises
//! far more alarm episodes than the other and the budget.

mod judge;

pub use judge::{Comparison, Figures};

use crate::artifact::{self, Artifact};
use crate::history::{HourlyHistory, first_hour};
use crate::state::KEPT_DAYS;
use crate::train::train;
use crate::{PipelineError, Result};
use domain::names;
use domain::ports::{BlobStore, PutIf};
use domain::stream::StreamConfig;
use domain::time::Hour;
use jiff::Timestamp;
use models::Fitter;
use serde::{Deserialize, Serialize};

/// Format version of [`Promotion`].
pub const PROMOTION_VERSION: u32 = 1;
/// Days that a candidate is judged on: two of every day of the week.
pub const HOLDOUT_DAYS: i64 = 14;
/// Fewest whole days to judge on.
pub const MIN_DAYS: i64 = 3;

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It is in use.
    Promoted,
    /// The artifact that was in use still is.
    Kept,
    /// There is too little history to train.
    NotTrained,
}

/// A decision and what it rests on; stored beside the candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Promotion {
    /// [`PROMOTION_VERSION`].
    pub version: u32,
    /// The stream.
    pub stream: String,
    /// When it was decided (UTC).
    pub decided_at: Timestamp,
    /// What became of the candidate.
    pub decision: Decision,
    /// Why, in one sentence.
    pub reason: String,
    /// Id of the candidate, if one was trained.
    pub candidate: Option<String>,
    /// Id of the artifact that was in use, if it could be read.
    pub current: Option<String>,
    /// First instant that they were judged on (UTC).
    pub judged_from: Option<Timestamp>,
    /// Hourly forecasts, where both were judged.
    pub hour: Option<Comparison>,
    /// Daily forecasts, where both were judged.
    pub day: Option<Comparison>,
}

/// Trains on the stream's history before `until`, and puts the artifact to use unless it is worse than the one in use.
///
/// Too little history is a decision, not an error.
pub async fn train_if_not_worse(
    blobs: &dyn BlobStore,
    config: &StreamConfig,
    until: Timestamp,
    now: Timestamp,
    fitters: &[&dyn Fitter],
) -> Result<Promotion> {
    let task = Task { blobs, config, until: Hour::of(until), now, fitters };
    match task.run().await {
        Err(PipelineError::Train { reason, .. }) => Ok(task.decide(Decision::NotTrained, reason)),
        other => other,
    }
}

struct Task<'a> {
    blobs: &'a dyn BlobStore,
    config: &'a StreamConfig,
    until: Hour,
    now: Timestamp,
    fitters: &'a [&'a dyn Fitter],
}

impl Task<'_> {
    async fn run(&self) -> Result<Promotion> {
        let stream = &self.config.stream;
        let current = match artifact::load(self.blobs, stream, None).await {
            Err(PipelineError::Corrupt { reason, .. }) => {
                return self.publish(format!("the artifact in use cannot be read: {reason}")).await;
            }
            Err(PipelineError::NoModel { .. }) => {
                return self.publish("there is no artifact in use".to_owned()).await;
            }
            Ok(loaded) => loaded,
            Err(error) => return Err(error),
        };
        if current.artifact.time_zone != self.config.time_zone {
            let zones = (&current.artifact.time_zone, &self.config.time_zone);
            return self.publish(format!("the zone has changed from {} to {}", zones.0, zones.1)).await;
        }
        let from = Hour::of(current.artifact.trained_until).max(self.until.plus(-24 * HOLDOUT_DAYS));
        let days = (self.until.0 - from.0).div_euclid(24);
        if days < MIN_DAYS {
            let reason = format!(
                "the artifact in use has seen all but {} of the last {HOLDOUT_DAYS} days, at least {MIN_DAYS} are \
                 needed to judge",
                days.max(0)
            );
            return Ok(Promotion { current: Some(current.id), ..self.decide(Decision::Kept, reason) });
        }
        let candidate = self.train(from).await?;
        let entry = artifact::store(self.blobs, &candidate).await?;
        if entry.id == current.id {
            let reason = "the same history gives the artifact in use".to_owned();
            return Ok(Promotion { current: Some(current.id), ..self.decide(Decision::Kept, reason) });
        }
        let (hour, day) = self.judge(&candidate, &current.artifact, from).await?;
        let worse = hour.worse("hours").or_else(|| day.worse("days"));
        let decision = if worse.is_some() { Decision::Kept } else { Decision::Promoted };
        let reason = worse.unwrap_or_else(|| {
            format!(
                "not worse on {days} days: deviance per hour {:.4} against {:.4}, per day {:.4} against {:.4}, \
                 {} alarm episodes against {}",
                hour.candidate.deviance,
                hour.current.deviance,
                day.candidate.deviance,
                day.current.deviance,
                hour.candidate.episodes + day.candidate.episodes,
                hour.current.episodes + day.current.episodes,
            )
        });
        let promotion = Promotion {
            candidate: Some(entry.id.clone()),
            current: Some(current.id),
            judged_from: Some(from.start()),
            hour: Some(hour),
            day: Some(day),
            ..self.decide(decision, reason)
        };
        self.note(&entry.id, &promotion).await?;
        if decision == Decision::Promoted {
            artifact::point(self.blobs, stream, &entry).await?;
        }
        Ok(promotion)
    }

    async fn train(&self, until: Hour) -> Result<Artifact> {
        train(self.blobs, self.config, until.start(), self.now, self.fitters).await
    }

    /// Trains on everything and puts it to use without a comparison.
    async fn publish(&self, reason: String) -> Result<Promotion> {
        let candidate = self.train(self.until).await?;
        let entry = artifact::store(self.blobs, &candidate).await?;
        let promotion =
            Promotion { candidate: Some(entry.id.clone()), ..self.decide(Decision::Promoted, reason) };
        self.note(&entry.id, &promotion).await?;
        artifact::point(self.blobs, &self.config.stream, &entry).await?;
        Ok(promotion)
    }

    async fn judge(
        &self,
        candidate: &Artifact,
        current: &Artifact,
        from: Hour,
    ) -> Result<(Comparison, Comparison)> {
        let zone = self.config.zone().map_err(PipelineError::Invalid)?;
        let stream = &self.config.stream;
        let first = first_hour(self.blobs, stream).await?.unwrap_or(from);
        let first = first.max(from.plus(-24 * KEPT_DAYS as i64));
        let history = HourlyHistory::read(self.blobs, stream, &zone, first, self.until).await?;
        let daily = history.daily(&zone);
        let start = usize::try_from(from.0 - first.0).unwrap_or(0);
        let date = from.start().to_zoned(zone).date();
        // The day in which the hold-out begins has been seen in part.
        let seen =
            crate::history::dates(daily.first, daily.calendar.len()).take_while(|d| *d <= date).count();
        let hour = judge::compare(&candidate.hour, &current.hour, &history.calendar, &history.series, start);
        let day = judge::compare(&candidate.day, &current.day, &daily.calendar, &daily.series, seen);
        Ok((hour, day))
    }

    fn decide(&self, decision: Decision, reason: String) -> Promotion {
        Promotion {
            version: PROMOTION_VERSION,
            stream: self.config.stream.clone(),
            decided_at: self.now,
            decision,
            reason,
            candidate: None,
            current: None,
            judged_from: None,
            hour: None,
            day: None,
        }
    }

    async fn note(&self, id: &str, promotion: &Promotion) -> Result<()> {
        let json = serde_json::to_vec_pretty(promotion)
            .map_err(|e| PipelineError::Invalid(format!("encode back-test: {e}")))?;
        self.blobs.put(&names::backtest(&self.config.stream, id), json, PutIf::Always).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
