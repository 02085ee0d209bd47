//! What a stored model is: an enum over every kind, each with its own format version, and checksums.

use crate::baseline::Baseline;
use crate::detector::Detector;
use crate::panel::PanelModel;
use crate::pooled::PooledLightGbm;
use crate::prophet::ProphetModel;
use crate::sarima::Sarima;
use crate::single::SingleLightGbm;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Why a stored model is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// Written by another release.
    #[error("load {model} of format version {found}; this release reads version {expected}: train again")]
    Version {
        /// Kind of model.
        model: &'static str,
        /// Version found.
        found: u32,
        /// Version this release reads.
        expected: u32,
    },
    /// A figure is out of its range.
    #[error("load {model}: {field} of {value} is out of range; the artifact is damaged: train again")]
    Range {
        /// Kind of model.
        model: &'static str,
        /// Name of the figure.
        field: &'static str,
        /// What was found.
        value: String,
    },
    /// The trees take other features than this release computes.
    #[error("load {model}: its features differ from those this release computes; train again")]
    Features {
        /// Kind of model.
        model: &'static str,
    },
}

impl ModelError {
    pub(crate) fn check_positive(model: &'static str, field: &'static str, value: f64) -> Result<(), Self> {
        let ok = value.is_finite() && value > 0.0;
        if ok { Ok(()) } else { Err(Self::Range { model, field, value: value.to_string() }) }
    }

    pub(crate) fn check_dispersion(model: &'static str, value: f64) -> Result<(), Self> {
        let ok = value.is_finite() && value >= 0.0;
        if ok { Ok(()) } else { Err(Self::Range { model, field: "dispersion", value: value.to_string() }) }
    }
}

pub(crate) fn check_version(model: &'static str, found: u32, expected: u32) -> Result<(), ModelError> {
    if found == expected { Ok(()) } else { Err(ModelError::Version { model, found, expected }) }
}

/// Any model, as an artifact stores it. JSON written by this type reloads bit-equal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Model {
    /// Level × weekly shape.
    Baseline(Baseline),
    /// LightGBM over the series of a stream.
    LightGbm(PooledLightGbm),
    /// LightGBM of one series.
    SingleLightGbm(SingleLightGbm),
    /// Trend, week and holidays of one series.
    Prophet(ProphetModel),
    /// Seasonal ARIMA of one series.
    Sarima(Sarima),
    /// A total with the shares of its segments.
    Panel(PanelModel),
}

impl Model {
    /// The model behind the common interface.
    pub fn detector(&self) -> &dyn Detector {
        match self {
            Self::Baseline(model) => model,
            Self::LightGbm(model) => model,
            Self::SingleLightGbm(model) => model,
            Self::Prophet(model) => model,
            Self::Sarima(model) => model,
            Self::Panel(model) => model,
        }
    }

    /// The model behind the common interface, owned.
    pub fn into_detector(self) -> Box<dyn Detector> {
        match self {
            Self::Baseline(model) => Box::new(model),
            Self::LightGbm(model) => Box::new(model),
            Self::SingleLightGbm(model) => Box::new(model),
            Self::Prophet(model) => Box::new(model),
            Self::Sarima(model) => Box::new(model),
            Self::Panel(model) => Box::new(model),
        }
    }
}

/// SHA-256 in lower-case hex, 64 digits.
pub fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::anomaly::Granularity;

    #[test]
    fn a_checksum_is_sha_256_in_hex() {
        assert_eq!(checksum(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn a_model_names_its_kind() {
        let model = Model::Baseline(Baseline::unfitted(Granularity::Day));
        let json = serde_json::to_string(&model).unwrap();
        assert!(json.starts_with(r#"{"kind":"baseline","version":1"#), "{json}");
        assert_eq!(serde_json::from_str::<Model>(&json).unwrap(), model);
        assert_eq!(model.detector().name(), "baseline");
    }
}
