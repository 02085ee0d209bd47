//! Evaluates LightGBM text models (`version=v4`) in plain Rust, bit-equal to LightGBM 4.7.
//!
//! One output only. Every index is checked when the text is read, so that predicting cannot fail; what LightGBM
//! would read but this evaluator cannot reproduce (several classes, linear trees) is refused.

mod text;

use serde::{Deserialize, Serialize};
use std::fmt;

pub use text::BoosterError;

/// LightGBM's `kZeroThreshold`: what counts as zero when zero means missing.
const ZERO: f64 = 1e-35;

/// A loaded model: trees and the link that turns their sum into a prediction.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Booster {
    text: String,
    feature_names: Vec<String>,
    trees: Vec<Tree>,
    average: bool,
    link: Link,
}

/// How the sum over the trees becomes a prediction.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Link {
    /// regression, L1, Huber, Fair, quantile, MAPE, or no objective.
    Identity,
    /// `regression` with `reg_sqrt`.
    SignedSquare,
    /// poisson, gamma, tweedie.
    Exp,
    /// binary with its `sigmoid` parameter, cross-entropy with 1.
    Logistic(f64),
    /// `cross_entropy_lambda`.
    LogOnePlusExp,
}

#[derive(Clone, Debug)]
struct Tree {
    nodes: Vec<Node>,
    leaves: Vec<f64>,
    categories: Vec<Vec<u32>>,
}

/// A split. A child ≥ 0 is a node with a larger index than its parent, else the leaf `!child`.
#[derive(Clone, Copy, Debug)]
struct Node {
    feature: usize,
    test: Test,
    left: i32,
    right: i32,
}

#[derive(Clone, Copy, Debug)]
enum Test {
    AtMost {
        threshold: f64,
        missing: Missing,
        default_left: bool,
    },
    /// Index into [`Tree::categories`].
    OneOf(usize),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Missing {
    /// NaN is read as zero.
    None,
    /// Zero (and NaN) goes the default way.
    Zero,
    /// NaN goes the default way.
    Nan,
}

impl Booster {
    /// Reads a text model. Fails on anything that is not a complete, well-formed `version=v4` model.
    pub fn parse(text: impl Into<String>) -> Result<Self, BoosterError> {
        text::parse(text.into())
    }

    /// The text the model was read from, unchanged.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Names of the features, in the order [`Booster::predict`] takes them.
    pub fn feature_names(&self) -> &[String] {
        &self.feature_names
    }

    /// Number of trees.
    pub fn trees(&self) -> usize {
        self.trees.len()
    }

    /// Predicts one row; features beyond the end of `row` are missing (NaN).
    pub fn predict(&self, row: &[f64]) -> f64 {
        let mut sum = 0.0;
        for tree in &self.trees {
            sum += tree.value(row);
        }
        if self.average && !self.trees.is_empty() {
            sum /= self.trees.len() as f64;
        }
        self.link.apply(sum)
    }
}

impl fmt::Debug for Booster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (trees, bytes) = (self.trees.len(), self.text.len());
        f.debug_struct("Booster")
            .field("trees", &trees)
            .field("link", &self.link)
            .field("bytes", &bytes)
            .finish()
    }
}

impl PartialEq for Booster {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl TryFrom<String> for Booster {
    type Error = BoosterError;

    fn try_from(text: String) -> Result<Self, BoosterError> {
        Self::parse(text)
    }
}

impl From<Booster> for String {
    fn from(booster: Booster) -> Self {
        booster.text
    }
}

impl Link {
    fn apply(self, sum: f64) -> f64 {
        match self {
            Self::Identity => sum,
            Self::SignedSquare if sum > 0.0 => sum * sum,
            Self::SignedSquare if sum < 0.0 => -sum * sum,
            Self::SignedSquare => 0.0,
            Self::Exp => sum.exp(),
            Self::Logistic(sigmoid) => 1.0 / (1.0 + (-sigmoid * sum).exp()),
            Self::LogOnePlusExp => sum.exp().ln_1p(),
        }
    }
}

impl Tree {
    fn value(&self, row: &[f64]) -> f64 {
        let mut at = if self.nodes.is_empty() { !0 } else { 0 };
        // Children have larger indices than parents, so this ends; `get` keeps it free of panics.
        while let Some(node) = usize::try_from(at).ok().and_then(|i| self.nodes.get(i)) {
            let value = row.get(node.feature).copied().unwrap_or(f64::NAN);
            at = if self.goes_left(node.test, value) { node.left } else { node.right };
        }
        usize::try_from(!at).ok().and_then(|leaf| self.leaves.get(leaf)).copied().unwrap_or(0.0)
    }

    fn goes_left(&self, test: Test, value: f64) -> bool {
        match test {
            Test::AtMost { threshold, missing, default_left } => {
                let value = if value.is_nan() && missing != Missing::Nan { 0.0 } else { value };
                let absent = match missing {
                    Missing::None => false,
                    Missing::Zero => value.abs() <= ZERO,
                    Missing::Nan => value.is_nan(),
                };
                if absent { default_left } else { value <= threshold }
            }
            Test::OneOf(index) => {
                // Truncation towards zero, as C++ does: −0.5 is category 0.
                let category = value as i32;
                let (Ok(category), false) = (usize::try_from(category), value.is_nan()) else { return false };
                let bits = self.categories.get(index).and_then(|set| set.get(category / 32));
                bits.is_some_and(|bits| bits >> (category % 32) & 1 == 1)
            }
        }
    }
}

#[cfg(test)]
mod tests;
