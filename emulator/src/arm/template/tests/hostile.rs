//! Templates that nobody would write: whatever they are, the answer is a plan or an error, and comes soon.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::super::expression;
use super::{Everything, plan, template};

const PIECES: [&str; 36] = [
    "[",
    "]",
    "(",
    ")",
    "'",
    "''",
    ",",
    ".",
    " ",
    "1",
    "-",
    "99999999999999999999",
    "concat",
    "parameters",
    "variables",
    "'p'",
    "'v'",
    "copyIndex",
    "reference",
    "lambda",
    "map",
    "reduce",
    "sort",
    "lambdaVariables",
    "if",
    "range",
    "createArray",
    "format",
    "'{0}'",
    "resourceId",
    "json",
    "dateTimeAdd",
    "cidrSubnet",
    "listKeys",
    "my.f",
    "\u{1F980}",
];

/// Text out of pieces of the language, or out of anything.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        vec(select(&PIECES[..]), 0..40).prop_map(|pieces| format!("[{}]", pieces.concat())),
        ".{0,60}",
    ]
}

/// An expression that can be read.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("1".to_owned()),
        Just("'a'".to_owned()),
        Just("true()".to_owned()),
        Just("null()".to_owned()),
        Just("parameters('p')".to_owned()),
        Just("variables('v')".to_owned()),
        Just("lambdaVariables('x')".to_owned()),
        Just("lambda('x', lambdaVariables('x'))".to_owned()),
        Just("reference('r')".to_owned()),
    ];
    let names = [
        "concat",
        "format",
        "if",
        "equals",
        "and",
        "not",
        "add",
        "div",
        "mod",
        "createArray",
        "createObject",
        "union",
        "intersection",
        "range",
        "length",
        "first",
        "last",
        "skip",
        "take",
        "contains",
        "indexOf",
        "substring",
        "replace",
        "split",
        "join",
        "padLeft",
        "json",
        "string",
        "int",
        "map",
        "filter",
        "reduce",
        "sort",
        "groupBy",
        "toObject",
        "mapValues",
        "tryGet",
        "items",
        "base64",
        "base64ToString",
        "uri",
        "dateTimeAdd",
        "dateTimeFromEpoch",
        "parseCidr",
        "cidrSubnet",
        "cidrHost",
        "resourceId",
        "subscriptionResourceId",
        "reference",
        "listKeys",
        "uniqueString",
        "guid",
        "coalesce",
        "my.f",
        "min",
        "max",
        "less",
        "shallowMerge",
        "dataUriToString",
        "flatten",
    ];
    leaf.prop_recursive(6, 40, 4, move |inner| {
        (
            select(names.to_vec()),
            vec(inner, 0..4),
            select(vec!["", ".a", "[0]", "['b']"]),
        )
            .prop_map(|(name, arguments, tail)| format!("{name}({}){tail}", arguments.join(", ")))
    })
}

fn holding(written: &str) -> Value {
    template(json!({
        "functions": [{"namespace": "my", "members": {
            "f": {"parameters": [{"name": "p", "type": "int"}], "output": {"type": "array", "value": "[range(0, parameters('p'))]"}},
        }}],
        "parameters": {"p": {"type": "int", "defaultValue": 9999}},
        "variables": {"v": {"a": written, "copy": [{"name": "l", "count": 3, "input": written}]}},
        "resources": [{
            "type": "a.b/c", "apiVersion": "2020-01-01", "name": "r", "condition": written,
            "dependsOn": written, "properties": {"p": written, "q": "[variables('v')]"},
        }],
        "outputs": {"o": {"type": "object", "value": {"x": written}}},
    }))
}

#[test]
fn any_text_is_read_or_refused() {
    let words: Vec<&str> = PIECES.to_vec();
    milink_hostile::text("arm-expression", 250, text(), &words, |text| {
        let _ = expression::read(text);
        let _ = plan(&holding(text), &Value::Null);
    });
}

#[test]
fn any_expression_is_worked_out_or_refused() {
    let expressions = expression().prop_map(|expression| format!("[{expression}]"));
    let words: Vec<&str> = PIECES.to_vec();
    milink_hostile::text("arm-template", 250, expressions, &words, |written| {
        let one = template(json!({"outputs": {"o": {"type": "object", "value": {"x": written}}}}));
        if let Ok(plan) = plan(&one, &Value::Null) {
            let _ = plan.outputs(&Everything);
        }
        let _ = plan(&holding(written), &Value::Null);
    });
}

/// What the mutants come from is read, each of it: nothing would be worked out otherwise.
#[test]
fn what_is_generated_is_read() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..200 {
        let tree = expression().new_tree(&mut runner).expect("there is one");
        let written = format!("[{}]", proptest::strategy::ValueTree::current(&tree));
        assert!(expression::read(&written).is_ok(), "{written}");
    }
}

/// What is nested deeper than it may be is refused, and nothing overflows on the way.
#[test]
fn depth_is_bounded() {
    let call = |depth: usize| format!("[{}1{}]", "createArray(".repeat(depth), ")".repeat(depth));
    let variables = |count: usize| {
        let mut variables = json!({"v0": "[createArray(1)]"});
        for at in 1..count {
            let before = format!("variables('v{}')", at - 1);
            let nested = format!("[{}{before}{}]", "createArray(".repeat(40), ")".repeat(40));
            variables[format!("v{at}")] = json!(nested);
        }
        // Each is known before the next one asks for it.
        let all: Vec<String> = (0..count)
            .map(|at| format!("[variables('v{at}')]"))
            .collect();
        template(json!({
            "variables": variables,
            "outputs": {"o": {"type": "array", "value": all}},
        }))
    };
    let output =
        |value: String| template(json!({"outputs": {"o": {"type": "array", "value": value}}}));
    assert!(plan(&output(call(30)), &Value::Null).is_ok());
    for (what, template) in [
        ("calls", output(call(1_500))),
        (
            "members",
            output(format!("[createArray(1){}]", "[0]".repeat(7_000))),
        ),
        ("values", variables(250)),
    ] {
        let error = plan(&template, &Value::Null).map(|_| ()).expect_err(what);
        assert!(
            error.message.contains("nested"),
            "{what}: {}",
            error.message
        );
    }
}

/// Little is written, and much would come of it.
#[test]
fn work_is_bounded() {
    let copies = |value: &str| {
        template(json!({
            "parameters": {"p": {"type": "array", "defaultValue": "[range(0, 9000)]"}},
            "variables": {"copy": [{"name": "v", "count": 800, "input": value}]},
            "outputs": {"o": {"type": "array", "value": "[variables('v')]"}},
        }))
    };
    let written = format!("[length('{}')]", "x".repeat(20_000));
    let mut read = copies(&written);
    read["outputs"]["again"] = json!({"type": "array", "copy": {"count": 800, "input": written}});
    read["outputs"]["more"] = read["outputs"]["again"].clone();
    let formats = format!("[format('{}', variables('w'))]", "{0}".repeat(8_000));
    let mut doubled = copies(&formats);
    doubled["variables"]["w"] = json!("y".repeat(100_000));
    for (what, template) in [
        (
            "unions",
            copies("[length(union(parameters('p'), range(9000, 900)))]"),
        ),
        (
            "intersections",
            copies("[length(intersection(parameters('p'), range(9000, 9000)))]"),
        ),
        (
            "maps",
            copies(
                "[length(map(parameters('p'), lambda('x', map(parameters('p'), lambda('y', 1)))))]",
            ),
        ),
        (
            "sorts",
            copies("[length(sort(parameters('p'), lambda('x', 'y', false())))]"),
        ),
        ("reading", read),
        ("formats", doubled),
    ] {
        let error = plan(&template, &Value::Null).map(|_| ()).expect_err(what);
        assert!(
            error.message.contains("works out more than") || error.message.contains("too long"),
            "{what}: {}",
            error.message
        );
    }
}
