use super::*;
use proptest::prelude::*;

/// Two trees over two features: a numerical split with every missing type, and a categorical one.
const MODEL: &str = "tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=1
objective=poisson
feature_names=a b
feature_infos=[0:1] [0:1]
tree_sizes=100 100

Tree=0
num_leaves=3
num_cat=0
split_feature=0 1
split_gain=1 1
threshold=0.5 2.5
decision_type=10 4
left_child=1 -2
right_child=-1 -3
leaf_value=0.25 -0.5 1
is_linear=0
shrinkage=1


Tree=1
num_leaves=2
num_cat=1
split_feature=1
split_gain=1
threshold=0
decision_type=1
left_child=-1
right_child=-2
leaf_value=2 3
cat_boundaries=0 2
cat_threshold=2 1
is_linear=0
shrinkage=1


end of trees

feature_importances:
";

fn bad(from: &str, to: &str) -> String {
    let text = MODEL.replacen(from, to, 1);
    assert_ne!(text, MODEL, "{from:?} is not in the model");
    Booster::parse(text).expect_err(to).to_string()
}

#[test]
fn a_row_follows_the_splits() {
    let model = Booster::parse(MODEL).unwrap();
    assert_eq!((model.trees(), model.feature_names()), (2, &["a".to_owned(), "b".to_owned()][..]));
    // a ≤ 0.5, b ≤ 2.5 (leaf −0.5), b = 1 is in the set (leaf 2).
    assert_eq!(model.predict(&[0.1, 1.0]), 1.5f64.exp());
    // b = 32 is the first bit of the second word.
    assert_eq!(model.predict(&[0.1, 32.0]), 3f64.exp());
    // NaN in a goes its default way, left; zero in b is missing and goes right.
    assert_eq!(model.predict(&[f64::NAN, 0.0]), 4f64.exp());
    // a > 0.5; a category that is negative, missing or out of range goes right.
    for b in [-1.0, f64::NAN, 64.0, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
        assert_eq!(model.predict(&[0.9, b]), 3.25f64.exp(), "{b}");
    }
    assert_eq!(model.predict(&[]), model.predict(&[f64::NAN, f64::NAN]));
}

#[test]
fn links_follow_the_objective() {
    let sum = |objective: &str| {
        let text = MODEL.replace("objective=poisson", objective);
        Booster::parse(text).unwrap().predict(&[0.1, 1.0])
    };
    assert_eq!(sum("objective=regression"), 1.5);
    assert_eq!(sum("objective=regression sqrt"), 2.25);
    assert_eq!(sum("objective=quantile alpha:0.9"), 1.5);
    assert_eq!(sum("objective=tweedie tweedie_variance_power:1.5"), 1.5f64.exp());
    assert_eq!(sum("objective=binary sigmoid:1"), 1.0 / (1.0 + (-1.5f64).exp()));
    assert_eq!(sum("average_output\nobjective=regression"), 0.75);
}

#[test]
fn a_model_survives_json() {
    let model = Booster::parse(MODEL).unwrap();
    let json = serde_json::to_string(&model).unwrap();
    assert_eq!(serde_json::from_str::<Booster>(&json).unwrap(), model);
    assert!(serde_json::from_str::<Booster>("\"tree\"").is_err());
}

#[test]
fn malformed_trees_are_refused_with_the_place() {
    assert!(bad("left_child=1 -2", "left_child=0 -2").contains("tree 0 has a bad left_child"));
    assert!(bad("left_child=1 -2", "left_child=1 1").contains("breaks the tree"));
    assert!(bad("left_child=1 -2", "left_child=2 -2").contains("breaks the tree"));
    assert!(bad("right_child=-1 -3", "right_child=-1 -1").contains("bad right_child"));
    assert!(bad("right_child=-1 -3", "right_child=-1 -9").contains("bad right_child"));
    assert!(bad("right_child=-1 -3", "right_child=-1").contains("1 values instead of 2"));
    assert!(bad("left_child=1 -2\n", "").contains("lacks left_child"));
    assert!(bad("split_feature=0 1", "split_feature=0 2").contains("feature 2 of 2"));
    assert!(bad("leaf_value=0.25", "leaf_value=inf").contains("not finite"));
    assert!(bad("threshold=0.5", "threshold=NaN").contains("not a number"));
    assert!(bad("decision_type=10", "decision_type=12").contains("unknown bits"));
    assert!(bad("threshold=0\n", "threshold=1\n").contains("category set 1 of 1"));
    assert!(bad("cat_boundaries=0 2", "cat_boundaries=0 3").contains("do not span"));
    assert!(bad("num_cat=1", "num_cat=18446744073709551615").contains("cat_boundaries"));
    assert!(bad("num_leaves=3", "num_leaves=99999999999").contains("3 values instead of"));
    assert!(bad("Tree=1", "Tree=7").contains("not numbered"));
}

#[test]
fn foreign_models_are_refused() {
    assert!(bad("version=v4", "version=v3").contains("expected a text model with version=v4"));
    assert!(bad("tree\n", "bush\n").contains("first line"));
    assert!(bad("num_class=1", "num_class=3").contains("num_class other than 1 is not supported"));
    assert!(bad("is_linear=0", "is_linear=1").contains("linear leaves"));
    assert!(bad("poisson", "lambdarank").contains("objective"));
    assert!(bad("feature_names=a b", "feature_names=a").contains("1 names for 2 features"));
    assert!(bad("tree_sizes=100 100", "tree_sizes=100").contains("1 sizes for 2 trees"));
    for cut in (0..MODEL.find("end of trees").unwrap()).filter(|i| MODEL.is_char_boundary(*i)) {
        assert!(Booster::parse(&MODEL[..cut]).is_err(), "cut at {cut}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".*", a in any::<f64>(), b in any::<f64>()) {
        if let Ok(model) = Booster::parse(text) {
            model.predict(&[a, b]);
        }
    }

    #[test]
    fn no_mutation_makes_it_panic_or_loop(
        edits in prop::collection::vec((0..MODEL.len(), any::<u8>()), 1..6), a in any::<f64>(), b in any::<f64>(),
    ) {
        let mut bytes = MODEL.as_bytes().to_vec();
        for (at, byte) in edits {
            // Mostly digits and signs, so that many mutants still parse.
            bytes[at] = b"0123456789-. =\n"[usize::from(byte) % 15];
        }
        if let Ok(model) = Booster::parse(String::from_utf8_lossy(&bytes).into_owned()) {
            model.predict(&[a, b]);
        }
    }
}
