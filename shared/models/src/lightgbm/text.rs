//! Reads LightGBM's text format and refuses whatever would make an evaluation ambiguous or endless.

use super::{Booster, Link, Missing, Node, Test, Tree};
use std::collections::BTreeMap;
use std::str::FromStr;

/// Bounds that no model of ours comes near; they keep a hostile text from taking the memory.
const MAX_BYTES: usize = 64 << 20;
const MAX_FEATURES: usize = 100_000;

/// Why a text is not a model that can be evaluated.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BoosterError {
    /// The text is larger than 64 MiB.
    #[error("read LightGBM model: text of {0} bytes is over the limit of 64 MiB")]
    TooLarge(usize),
    /// The text is not a `version=v4` model.
    #[error(
        "read LightGBM model: expected a text model with version=v4, found {0}; save the model with LightGBM 4"
    )]
    NotV4(String),
    /// The model needs what this evaluator does not do.
    #[error("read LightGBM model: {0} is not supported; train a model with one output and constant leaves")]
    Unsupported(String),
    /// A field is absent.
    #[error("read LightGBM model: {place} lacks {field}; the text is cut or edited")]
    Missing {
        /// `header` or the tree's number.
        place: String,
        /// Name of the field.
        field: &'static str,
    },
    /// A field does not hold what it must.
    #[error("read LightGBM model: {place} has a bad {field}: {reason}")]
    Bad {
        /// `header` or the tree's number.
        place: String,
        /// Name of the field.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// The `key=value` lines of the header or of one tree.
struct Fields<'a> {
    place: String,
    values: BTreeMap<&'a str, &'a str>,
}

pub(super) fn parse(text: String) -> Result<Booster, BoosterError> {
    if text.len() > MAX_BYTES {
        return Err(BoosterError::TooLarge(text.len()));
    }
    let mut lines = text.lines();
    if lines.next() != Some("tree") {
        return Err(BoosterError::NotV4("another first line than \"tree\"".to_owned()));
    }
    let (header, mut next) = fields(&mut lines, "header".to_owned());
    let (feature_names, link, average, count) = read_header(&header)?;
    let mut trees = Vec::new();
    while let Some(number) = next.and_then(|line| line.strip_prefix("Tree=")) {
        let place = format!("tree {}", trees.len());
        if number.trim() != trees.len().to_string() {
            let reason = "trees are not numbered 0, 1, 2, …".to_owned();
            return Err(BoosterError::Bad { place, field: "Tree", reason });
        }
        let (tree, line) = fields(&mut lines, place);
        trees.push(read_tree(&tree, feature_names.len())?);
        next = line;
    }
    if next != Some("end of trees") {
        return Err(header.missing("\"end of trees\""));
    }
    if trees.len() != count {
        return Err(header.bad("tree_sizes", format!("{count} sizes for {} trees", trees.len())));
    }
    Ok(Booster { feature_names, trees, average, link, text })
}

/// Collects lines up to the next `Tree=…` or `end of trees`, and returns that line too.
fn fields<'a>(lines: &mut std::str::Lines<'a>, place: String) -> (Fields<'a>, Option<&'a str>) {
    let mut values = BTreeMap::new();
    for line in lines {
        if line.starts_with("Tree=") || line == "end of trees" {
            return (Fields { place, values }, Some(line));
        }
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        if !key.is_empty() {
            values.insert(key, value);
        }
    }
    (Fields { place, values }, None)
}

fn read_header(header: &Fields<'_>) -> Result<(Vec<String>, Link, bool, usize), BoosterError> {
    match header.values.get("version") {
        Some(&"v4") => {}
        Some(other) => return Err(BoosterError::NotV4(format!("version={}", shorten(other)))),
        None => return Err(BoosterError::NotV4("no version".to_owned())),
    }
    for field in ["num_class", "num_tree_per_iteration"] {
        if header.one::<usize>(field)? != 1 {
            return Err(BoosterError::Unsupported(format!("{field} other than 1")));
        }
    }
    let features = header.one::<usize>("max_feature_idx")?.saturating_add(1);
    if features > MAX_FEATURES {
        return Err(header.bad("max_feature_idx", format!("over {MAX_FEATURES} features")));
    }
    let names: Vec<String> = header.get("feature_names")?.split(' ').map(str::to_owned).collect();
    if names.len() != features {
        return Err(header.bad("feature_names", format!("{} names for {features} features", names.len())));
    }
    let sizes = header.get("tree_sizes")?.split_ascii_whitespace().count();
    let average = header.values.contains_key("average_output");
    Ok((names, read_link(header)?, average, sizes))
}

fn read_link(header: &Fields<'_>) -> Result<Link, BoosterError> {
    let Some(objective) = header.values.get("objective") else { return Ok(Link::Identity) };
    let mut words = objective.split_ascii_whitespace();
    let name = words.next().unwrap_or("");
    match name {
        "regression" if words.any(|w| w == "sqrt") => Ok(Link::SignedSquare),
        "regression" | "regression_l1" | "huber" | "fair" | "quantile" | "mape" | "custom" => {
            Ok(Link::Identity)
        }
        "poisson" | "gamma" | "tweedie" => Ok(Link::Exp),
        "binary" => {
            let sigmoid = words.find_map(|w| w.strip_prefix("sigmoid:")).and_then(|w| w.parse::<f64>().ok());
            match sigmoid.filter(|s| s.is_finite() && *s > 0.0) {
                Some(sigmoid) => Ok(Link::Logistic(sigmoid)),
                None => Err(header.bad("objective", "binary without a positive sigmoid".to_owned())),
            }
        }
        "cross_entropy" => Ok(Link::Logistic(1.0)),
        "cross_entropy_lambda" => Ok(Link::LogOnePlusExp),
        other => Err(BoosterError::Unsupported(format!("objective {:?}", shorten(other)))),
    }
}

fn read_tree(tree: &Fields<'_>, features: usize) -> Result<Tree, BoosterError> {
    if tree.values.get("is_linear").is_some_and(|v| v.trim() != "0") {
        return Err(BoosterError::Unsupported(format!("{} with linear leaves", tree.place)));
    }
    let count = tree.one::<usize>("num_leaves")?;
    let leaves = tree.list::<f64>("leaf_value", count)?;
    if count == 0 {
        return Err(tree.bad("num_leaves", "a tree needs a leaf".to_owned()));
    }
    if let Some(value) = leaves.iter().find(|v| !v.is_finite()) {
        return Err(tree.bad("leaf_value", format!("{value} is not finite")));
    }
    if count == 1 {
        return Ok(Tree { nodes: Vec::new(), leaves, categories: Vec::new() });
    }
    let categories = read_categories(tree)?;
    let split = tree.list::<usize>("split_feature", count - 1)?;
    let thresholds = tree.list::<f64>("threshold", count - 1)?;
    let left = tree.list::<i32>("left_child", count - 1)?;
    let right = tree.list::<i32>("right_child", count - 1)?;
    let decisions = match tree.values.contains_key("decision_type") {
        true => tree.list::<u8>("decision_type", count - 1)?,
        false => vec![0; count - 1],
    };
    check_shape(tree, &left, &right, count)?;
    let mut nodes = Vec::with_capacity(count - 1);
    let rows = split.into_iter().zip(thresholds).zip(decisions).zip(left.into_iter().zip(right));
    for (((feature, threshold), decision), (left, right)) in rows {
        if feature >= features {
            return Err(tree.bad("split_feature", format!("feature {feature} of {features}")));
        }
        nodes.push(Node {
            feature,
            test: read_test(tree, threshold, decision, categories.len())?,
            left,
            right,
        });
    }
    Ok(Tree { nodes, leaves, categories })
}

/// Bits of `decision_type`: 1 categorical, 2 default left, 4 and 8 the missing type.
fn read_test(tree: &Fields<'_>, threshold: f64, decision: u8, sets: usize) -> Result<Test, BoosterError> {
    if threshold.is_nan() {
        return Err(tree.bad("threshold", "it is not a number".to_owned()));
    }
    if decision & 1 == 1 {
        let known = threshold >= 0.0 && threshold < sets as f64;
        return match known {
            true => Ok(Test::OneOf(threshold as usize)),
            false => Err(tree.bad("threshold", format!("category set {threshold} of {sets}"))),
        };
    }
    let missing = match decision >> 2 {
        0 => Missing::None,
        1 => Missing::Zero,
        2 => Missing::Nan,
        _ => return Err(tree.bad("decision_type", format!("unknown bits in {decision}"))),
    };
    Ok(Test::AtMost { threshold, missing, default_left: decision & 2 != 0 })
}

/// Every node but the root and every leaf has exactly one parent, and a node comes after its parent: a tree.
fn check_shape(tree: &Fields<'_>, left: &[i32], right: &[i32], leaves: usize) -> Result<(), BoosterError> {
    let mut node_seen = vec![false; left.len()];
    let mut leaf_seen = vec![false; leaves];
    for (field, children) in [("left_child", left), ("right_child", right)] {
        for (parent, child) in children.iter().enumerate() {
            let (seen, index) = match usize::try_from(*child) {
                Ok(index) => (&mut node_seen, index),
                Err(_) => (&mut leaf_seen, usize::try_from(!*child).unwrap_or(usize::MAX)),
            };
            let backwards = *child >= 0 && index <= parent;
            match seen.get_mut(index) {
                Some(taken) if !*taken && !backwards => *taken = true,
                _ => return Err(tree.bad(field, format!("child {child} of node {parent} breaks the tree"))),
            }
        }
    }
    Ok(())
}

/// The category sets: `cat_boundaries` cuts the words of `cat_threshold` into `num_cat` bit sets.
fn read_categories(tree: &Fields<'_>) -> Result<Vec<Vec<u32>>, BoosterError> {
    let sets = tree.one::<usize>("num_cat")?;
    if sets == 0 {
        return Ok(Vec::new());
    }
    let boundaries = tree.list::<usize>("cat_boundaries", sets.saturating_add(1))?;
    let words = tree.get("cat_threshold")?.split_ascii_whitespace().count();
    let bits = tree.list::<u32>("cat_threshold", words)?;
    let mut categories = Vec::with_capacity(boundaries.len());
    if boundaries.first() != Some(&0) || boundaries.last() != Some(&words) {
        return Err(tree.bad("cat_boundaries", format!("they do not span the {words} words")));
    }
    for pair in boundaries.windows(2) {
        match bits.get(pair[0]..pair[1]) {
            Some(set) => categories.push(set.to_vec()),
            None => return Err(tree.bad("cat_boundaries", "they do not ascend".to_owned())),
        }
    }
    Ok(categories)
}

impl<'a> Fields<'a> {
    fn get(&self, field: &'static str) -> Result<&'a str, BoosterError> {
        self.values.get(field).copied().ok_or_else(|| self.missing(field))
    }

    fn one<T: FromStr>(&self, field: &'static str) -> Result<T, BoosterError> {
        let text = self.get(field)?;
        text.trim()
            .parse()
            .map_err(|_| self.bad(field, format!("{:?} is not a number in range", shorten(text))))
    }

    fn list<T: FromStr>(&self, field: &'static str, length: usize) -> Result<Vec<T>, BoosterError> {
        let text = self.get(field)?;
        let mut values = Vec::new();
        for word in text.split_ascii_whitespace() {
            match word.parse() {
                Ok(value) => values.push(value),
                Err(_) => {
                    return Err(self.bad(field, format!("{:?} is not a number in range", shorten(word))));
                }
            }
        }
        if values.len() != length {
            return Err(self.bad(field, format!("{} values instead of {length}", values.len())));
        }
        Ok(values)
    }

    fn missing(&self, field: &'static str) -> BoosterError {
        BoosterError::Missing { place: self.place.clone(), field }
    }

    fn bad(&self, field: &'static str, reason: String) -> BoosterError {
        BoosterError::Bad { place: self.place.clone(), field, reason }
    }
}

/// The first characters of a value that may be anything.
fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}
