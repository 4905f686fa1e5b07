//! The language by table: expressions, templates that are planned, and templates that are refused.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use expect_test::expect;
use serde_json::{Value, json};

use super::{Facts, Plan, Runtime, TemplateError, parameters};

mod hostile;
mod modern;

fn facts() -> Facts {
    Facts {
        tenant: "99999999-8888-7777-6666-555555555555".to_owned(),
        subscription: "11111111-2222-3333-4444-555555555555".to_owned(),
        subscription_name: "milink".to_owned(),
        group: Some(("rg".to_owned(), "westeurope".to_owned(), json!({}))),
        deployment: "d".to_owned(),
        now: "20260101T000000Z".to_owned(),
        seed: "seed".to_owned(),
        ..Facts::default()
    }
}

fn template(more: Value) -> Value {
    let mut template = json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [],
    });
    for (key, value) in more.as_object().expect("an object") {
        template[key] = value.clone();
    }
    template
}

/// Everything that is asked for is there, and has its id among its properties.
struct Everything;

impl Runtime for Everything {
    fn resource(&self, id: &str, api_version: &str) -> Result<Value, String> {
        Ok(json!({"id": id, "properties": {"of": id, "version": api_version}}))
    }

    fn list(&self, id: &str, action: &str, _: &str, _: Option<&Value>) -> Result<Value, String> {
        Ok(json!({"key": format!("{action} of {id}")}))
    }
}

fn plan(template: &Value, given: &Value) -> Result<Plan, TemplateError> {
    let given = given.as_object().cloned().unwrap_or_default();
    let values = parameters(template, &given, &facts())?.values;
    Plan::of(template, values, facts(), true)
}

fn evaluated(expression: &str) -> String {
    let template = template(json!({
        "variables": {
            "list": [1, 2, 3],
            "object": {"a": 1, "b": {"c": "deep"}},
            "loop": {"copy": [{"name": "items", "count": 2, "input": "[concat('i', copyIndex('items', 1))]"}]},
            "copy": [{"name": "made", "count": 3, "input": "[mul(copyIndex('made'), 10)]"}],
        },
        "outputs": {"x": {"type": "Object", "value": {"v": expression}}},
    }));
    let plan = plan(&template, &json!({}));
    let made = plan.and_then(|plan| plan.outputs(&Everything));
    match made {
        Ok(outputs) => outputs["x"]["value"]["v"].to_string(),
        Err(error) => format!("{}: {}", error.code, error.message),
    }
}

#[test]
fn expressions_are_worked_out() {
    let cases = [
        "plain",
        "[[not an expression]",
        "[concat('a', 1, true())]",
        "[concat(variables('list'), createArray(4))]",
        "[variables('object').b['c']]",
        "[variables('loop').items[1]]",
        "[variables('made')]",
        "[format('{0}-{1:00}', 'x', 7)]",
        "[toUpper(toLower('Ab'))]",
        "[replace('it''s', '''', '')]",
        "[split('a,b;c', createArray(',', ';'))]",
        "[join(createArray('a', 'b'), '-')]",
        "[substring('abcdef', 2, 3)]",
        "[startsWith('Abc', 'aB')]",
        "[endsWith('abc', 'x')]",
        "[padLeft(7, 3, '0')]",
        "[length('abc')]",
        "[first('abc')]",
        "[last(variables('list'))]",
        "[skip(variables('list'), 1)]",
        "[take('abc', 2)]",
        "[union(createObject('a', 1), createObject('b', 2))]",
        "[intersection(variables('list'), createArray(3, 2, 9))]",
        "[range(3, 3)]",
        "[contains(variables('object'), 'A')]",
        "[indexOf('abcB', 'b')]",
        "[coalesce(null(), 'x')]",
        "[empty('')]",
        "[if(equals(1, 1), 'yes', div(1, 0))]",
        "[and(true(), not(false()), or(false(), true()))]",
        "[less('a', 'b')]",
        "[add(mul(2, 3), sub(mod(7, 4), div(9, 2)))]",
        "[min(variables('list'))]",
        "[max(3, 9, 4)]",
        "[int('42')]",
        "[string(variables('object'))]",
        "[json('{\"a\":[1]}').a[0]]",
        "[trim('  a ')]",
        "[base64('one two')]",
        "[base64ToString(base64('one two'))]",
        "[length(uniqueString('a', 'b'))]",
        "[guid('a')]",
        "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')]",
        "[resourceId('other', 'Microsoft.Sql/managedInstances', 'mi')]",
        "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'x')]",
        "[subscription().subscriptionId]",
        "[resourceGroup().location]",
        "[deployment().name]",
        "[reference(resourceId('Microsoft.Sql/managedInstances', 'mi'), '2021-11-01').version]",
        "[reference(resourceId('Microsoft.Sql/managedInstances', 'mi'), '2021-11-01', 'Full').id]",
    ];
    let mut shown = String::new();
    for case in cases {
        let _ = writeln!(shown, "{case} = {}", evaluated(case));
    }
    expect![[r#"
        plain = "plain"
        [[not an expression] = "[not an expression]"
        [concat('a', 1, true())] = "a1True"
        [concat(variables('list'), createArray(4))] = [1,2,3,4]
        [variables('object').b['c']] = "deep"
        [variables('loop').items[1]] = "i2"
        [variables('made')] = [0,10,20]
        [format('{0}-{1:00}', 'x', 7)] = "x-07"
        [toUpper(toLower('Ab'))] = "AB"
        [replace('it''s', '''', '')] = "its"
        [split('a,b;c', createArray(',', ';'))] = ["a","b","c"]
        [join(createArray('a', 'b'), '-')] = "a-b"
        [substring('abcdef', 2, 3)] = "cde"
        [startsWith('Abc', 'aB')] = true
        [endsWith('abc', 'x')] = false
        [padLeft(7, 3, '0')] = "007"
        [length('abc')] = 3
        [first('abc')] = "a"
        [last(variables('list'))] = 3
        [skip(variables('list'), 1)] = [2,3]
        [take('abc', 2)] = "ab"
        [union(createObject('a', 1), createObject('b', 2))] = {"a":1,"b":2}
        [intersection(variables('list'), createArray(3, 2, 9))] = [2,3]
        [range(3, 3)] = [3,4,5]
        [contains(variables('object'), 'A')] = true
        [indexOf('abcB', 'b')] = 1
        [coalesce(null(), 'x')] = "x"
        [empty('')] = true
        [if(equals(1, 1), 'yes', div(1, 0))] = "yes"
        [and(true(), not(false()), or(false(), true()))] = true
        [less('a', 'b')] = true
        [add(mul(2, 3), sub(mod(7, 4), div(9, 2)))] = 5
        [min(variables('list'))] = 1
        [max(3, 9, 4)] = 9
        [int('42')] = 42
        [string(variables('object'))] = "{\"a\":1,\"b\":{\"c\":\"deep\"}}"
        [json('{"a":[1]}').a[0]] = 1
        [trim('  a ')] = "a"
        [base64('one two')] = "b25lIHR3bw=="
        [base64ToString(base64('one two'))] = "one two"
        [length(uniqueString('a', 'b'))] = 13
        [guid('a')] = "3703365d-5a9f-59b4-bca7-b9681389e4c1"
        [resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')] = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
        [resourceId('other', 'Microsoft.Sql/managedInstances', 'mi')] = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/other/providers/Microsoft.Sql/managedInstances/mi"
        [subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'x')] = "/subscriptions/11111111-2222-3333-4444-555555555555/providers/Microsoft.Authorization/roleDefinitions/x"
        [subscription().subscriptionId] = "11111111-2222-3333-4444-555555555555"
        [resourceGroup().location] = "westeurope"
        [deployment().name] = "d"
        [reference(resourceId('Microsoft.Sql/managedInstances', 'mi'), '2021-11-01').version] = "2021-11-01"
        [reference(resourceId('Microsoft.Sql/managedInstances', 'mi'), '2021-11-01', 'Full').id] = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/mi"
    "#]]
    .assert_eq(&shown);
}

#[test]
fn expressions_that_are_wrong_are_refused_by_name() {
    let long = format!("[concat('{}')]", "x".repeat(30_000));
    let deep = format!("[{}1{}]", "string(".repeat(100), ")".repeat(100));
    let cases = [
        "[nothing('a')]",
        "[listKeys('a', 'b')]",
        "[map(variables('list'), 'x')]",
        "[concat('a']",
        "[concat('a]",
        "[concat('a' 'b')]",
        "[concat('a'))]",
        "[variables('none')]",
        "[parameters('none')]",
        "[variables('object').none]",
        "[variables('list')[9]]",
        "[div(1, 0)]",
        "[substring('a', 2, 1)]",
        "[copyIndex()]",
        "[utcNow()]",
        "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v')]",
        "[range(1, 99999)]",
        "[reference('nobody')]",
        "[int('x')]",
        long.as_str(),
        deep.as_str(),
    ];
    let mut shown = String::new();
    for case in cases {
        let said = evaluated(case);
        assert!(said.contains(": "), "{case} = {said}");
        let _ = writeln!(shown, "{case:.40} = {}", said.replace(case, "…"));
    }
    expect![[r#"
        [nothing('a')] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The template function 'nothing' is not valid. Please see https://aka.ms/arm-functions for usage details.'
        [listKeys('a', 'b')] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The template function 'listKeys' is not valid: the resource 'a' is not defined in the template. Please see https://aka.ms/arm-functions for usage details.'
        [map(variables('list'), 'x')] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The template language function 'map' expects a lambda with 1 to 2 variable(s). Please see https://aka.ms/arm-functions for usage details.'
        [concat('a'] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The language expression '…' is not valid: it ends too early.'
        [concat('a] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The language expression '…' is not valid: the string that begins at position '7' does not end.'
        [concat('a' 'b')] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The language expression '…' is not valid: 'b' is not expected there.'
        [concat('a'))] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The language expression '…' is not valid: ) is not expected there.'
        [variables('none')] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The template variable 'none' is not found. Please see https://aka.ms/arm-syntax-variables for usage details.'
        [parameters('none')] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The template parameter 'none' is not found. Please see https://aka.ms/arm-syntax-parameters for usage details.'
        [variables('object').none] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The language expression property 'none' doesn't exist, available properties are 'a, b'.'
        [variables('list')[9]] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The language expression property array index '9' is out of bounds.'
        [div(1, 0)] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The template language function 'div' has no result for these parameters: a division by zero, or a number that is too large. Please see https://aka.ms/arm-functions for usage details.'
        [substring('a', 2, 1)] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The template language function 'substring' parameters are not valid: index and length must refer to a location within the string. Please see https://aka.ms/arm-functions for usage details.'
        [copyIndex()] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The template function 'copyIndex' is not expected at this location. The function can only be used in a resource with copy specified. Please see https://aka.ms/arm-copy for usage details.'
        [utcNow()] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The template function 'utcNow' is not expected at this location. It can only be used in the default value of a parameter. Please see https://aka.ms/arm-functions for usage details.'
        [resourceId('Microsoft.Network/virtualNe = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'Unable to evaluate template language function 'resourceId': the type 'Microsoft.Network/virtualNetworks/subnets, v' requires as many resource names as it has segments after its namespace. Please see https://aka.ms/arm-functions for usage details.'
        [range(1, 99999)] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The template function 'range' parameters are not valid: the count is from 0 to 10000, and the sum at most 2147483647. Please see https://aka.ms/arm-functions for usage details.'
        [reference('nobody')] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The template function 'reference' is not valid: the resource 'nobody' is not defined in the template. Please see https://aka.ms/arm-functions for usage details.'
        [int('x')] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The template language function 'int' is unable to convert provided value 'x' to integer. Please see https://aka.ms/arm-functions for usage details.'
        [concat('xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The language expression length limit exceeded. Limit: '24576' and actual: '30012'.'
        [string(string(string(string(string(stri = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The language expression is nested deeper than '48'.'
    "#]]
    .assert_eq(&shown);
}

fn shown(template: &Value, given: &Value) -> String {
    let plan = match plan(template, given) {
        Ok(plan) => plan,
        Err(error) => return format!("{}: {}", error.code, error.message),
    };
    let mut shown = String::new();
    for (at, one) in plan.resources.iter().enumerate() {
        let id = one.id.rsplit_once("/providers/").map_or("", |(_, id)| id);
        let body = match one.enabled {
            true => plan.body(at, &Everything).map_or_else(
                |error| format!("{}: {}", error.code, error.message),
                |body| body.to_string(),
            ),
            false => "not".to_owned(),
        };
        let _ = writeln!(shown, "{at} {id} after {:?}: {body}", one.after);
    }
    shown
}

#[test]
fn resources_wait_for_what_they_need() {
    let network = |name: &str| json!({"type": "Microsoft.Network/virtualNetworks", "apiVersion": "2024-05-01", "name": name});
    let mut looped = network("[format('v{0}', copyIndex())]");
    looped["copy"] =
        json!({"name": "all", "count": "[parameters('count')]", "mode": "serial", "batchSize": 2});
    looped["properties"] = json!({"copy": [{"name": "subnets", "count": 2, "input": {"name": "[concat(copyIndex(), '-', copyIndex('subnets'))]"}}]});
    let mut parent = network("p");
    parent["dependsOn"] = json!(["all"]);
    parent["resources"] = json!([{
        "type": "subnets", "apiVersion": "2024-05-01", "name": "s",
        "dependsOn": ["[resourceId('Microsoft.Network/virtualNetworks', 'p')]"],
        "properties": {"[concat('key')]": "[reference('v0').version]"},
    }]);
    let mut off = network("off");
    off["condition"] = json!("[greater(parameters('count'), 100)]");
    let made = template(json!({
        "parameters": {"count": {"type": "int", "defaultValue": 3}},
        "resources": [looped, parent, off],
    }));
    expect![[r#"
        0 Microsoft.Network/virtualNetworks/v0 after []: {"properties":{"subnets":[{"name":"0-0"},{"name":"1-1"}]}}
        1 Microsoft.Network/virtualNetworks/v1 after []: {"properties":{"subnets":[{"name":"0-0"},{"name":"1-1"}]}}
        2 Microsoft.Network/virtualNetworks/v2 after [0, 1]: {"properties":{"subnets":[{"name":"0-0"},{"name":"1-1"}]}}
        3 Microsoft.Network/virtualNetworks/p after [0, 1, 2]: {}
        4 Microsoft.Network/virtualNetworks/p/subnets/s after [0, 3]: {"properties":{"key":"2024-05-01"}}
        5 Microsoft.Network/virtualNetworks/off after []: not
    "#]]
    .assert_eq(&shown(&made, &json!({})));
}

#[test]
fn templates_that_are_wrong_are_refused() {
    let one = |more: Value| {
        let mut one = json!({"type": "a.b/c", "apiVersion": "2020-01-01", "name": "x"});
        for (key, value) in more.as_object().expect("an object") {
            one[key] = value.clone();
        }
        one
    };
    let declared = json!({"p": {"type": "string", "allowedValues": ["a", "b"]}, "n": {"type": "int", "defaultValue": 1, "maxValue": 5}});
    let with = |more: Value| template(json!({"resources": [one(more)]}));
    let cases: Vec<(&str, Value, Value)> = vec![
        ("no schema", json!({"contentVersion": "1"}), json!({})),
        ("odd section", template(json!({"odd": 1})), json!({})),
        (
            "symbolic",
            template(json!({"resources": {"a": one(json!({}))}})),
            json!({}),
        ),
        (
            "own functions",
            template(json!({"functions": [{"namespace": "x"}]})),
            json!({}),
        ),
        (
            "missing",
            template(json!({"parameters": declared})),
            json!({}),
        ),
        (
            "unknown",
            template(json!({"parameters": declared})),
            json!({"p": {"value": "a"}, "q": {"value": 1}}),
        ),
        (
            "not allowed",
            template(json!({"parameters": declared})),
            json!({"p": {"value": "c"}}),
        ),
        (
            "wrong type",
            template(json!({"parameters": declared})),
            json!({"p": {"value": 3}}),
        ),
        (
            "too large",
            template(json!({"parameters": declared})),
            json!({"p": {"value": "a"}, "n": {"value": 6}}),
        ),
        (
            "key vault",
            template(json!({"parameters": declared})),
            json!({"p": {"reference": {}}}),
        ),
        ("segments", with(json!({"name": "x/y"})), json!({})),
        (
            "no version",
            template(json!({"resources": [{"type": "a.b/c", "name": "x"}]})),
            json!({}),
        ),
        ("self", with(json!({"dependsOn": ["x"]})), json!({})),
        ("nowhere", with(json!({"dependsOn": ["y"]})), json!({})),
        (
            "twice",
            template(json!({"resources": [one(json!({})), one(json!({}))]})),
            json!({}),
        ),
        (
            "circle",
            template(json!({"resources": [
                one(json!({"dependsOn": ["y"]})),
                one(json!({"name": "y", "properties": {"a": "[reference('x').b]"}})),
            ]})),
            json!({}),
        ),
        (
            "too many",
            with(
                json!({"name": "[concat('x', copyIndex())]", "copy": {"name": "c", "count": 801}}),
            ),
            json!({}),
        ),
        (
            "circular variable",
            template(
                json!({"variables": {"a": "[variables('b')]", "b": "[variables('a')]"}, "outputs": {"o": {"type": "string", "value": "[variables('a')]"}}}),
            ),
            json!({}),
        ),
        (
            "output's type",
            template(json!({"outputs": {"o": {"type": "int", "value": "x"}}})),
            json!({}),
        ),
        (
            "function in a body",
            with(json!({"properties": {"a": "[nothing()]"}})),
            json!({}),
        ),
    ];
    let mut said = String::new();
    for (what, template, given) in &cases {
        let _ = writeln!(said, "{what}: {}", shown(template, given));
    }
    expect![[r#"
        no schema: InvalidTemplate: Deployment template parse failed: 'Required property '$schema' not found in JSON. Path ''.'.
        odd section: InvalidTemplate: Deployment template parse failed: 'Could not find member 'odd' on object of type 'Template'. Path 'odd'.'.
        symbolic: InvalidTemplate: Deployment template parse failed: 'The resources have symbolic names, and 'languageVersion' is not '2.0'. Path 'resources'.'.
        own functions: InvalidTemplate: Deployment template parse failed: 'the namespace 'x' has no members'.
        missing: InvalidTemplate: Deployment template validation failed: 'The value for the template parameter 'p' at line '1' and column '1' is not provided. Please see https://aka.ms/arm-create-parameter-file for usage details.'.
        unknown: InvalidTemplate: Deployment template validation failed: 'The template parameters 'q' in the parameters file are not valid; they are not present in the original template and can therefore not be provided at deployment time. The only supported parameters for this template are 'n, p'. Please see https://aka.ms/arm-pass-parameter-values for usage details.'.
        not allowed: InvalidTemplate: Deployment template validation failed: 'The provided value 'c' for the template parameter 'p' is not valid. The value 'c' is not part of the allowed value(s): 'a,b'.'.
        wrong type: InvalidTemplate: Deployment template validation failed: 'Template parameter JToken type is not valid. Expected 'String, Uri'. Actual 'Integer'. The template parameter is 'p'. Please see https://aka.ms/arm-create-parameter-file for usage details.'.
        too large: InvalidTemplate: Deployment template validation failed: 'The provided value for the template parameter 'n' is not valid. The value should be less than or equal to '5'. Please see https://aka.ms/arm-create-parameter-file for usage details.'.
        key vault: OperationNotSupportedByMilink: A parameter from a key vault ('p') is not supported by milink. See COMPAT.md for what is.
        segments: InvalidTemplate: Deployment template validation failed: 'The template resource 'x/y' for type 'a.b/c' at line '1' and column '1' has incorrect segment lengths. A nested resource type must have identical number of segments as its resource name. A root resource type must have segment length one greater than its resource name. Please see https://aka.ms/arm-syntax-resources for usage details.'.
        no version: InvalidTemplate: Deployment template parse failed: 'Required property 'apiVersion' not found in JSON. Path 'resources', resource 'x'.'.
        self: InvalidTemplate: Deployment template validation failed: 'Circular dependency detected on resource: '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/a.b/c/x'. Please see https://aka.ms/arm-syntax-resources for usage details.'.
        nowhere: InvalidTemplate: Deployment template validation failed: 'The resource 'y' is not defined in the template. Please see https://aka.ms/arm-syntax for usage details.'.
        twice: InvalidTemplate: Deployment template validation failed: 'The resource '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/a.b/c/x' at line '1' and column '1' is defined multiple times in a template. Please see https://aka.ms/arm-syntax-resources for usage details.'.
        circle: InvalidTemplate: Deployment template validation failed: 'Circular dependency detected on resource: '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/a.b/c/x'. Please see https://aka.ms/arm-syntax-resources for usage details.'.
        too many: InvalidTemplate: Unable to process template language expressions for resource '[concat('x', copyIndex())]' at line '1' and column '1'. 'The copy count '801' is not valid. The maximum allowed count is '800'. Please see https://aka.ms/arm-resource-loops for usage details.'
        circular variable: InvalidTemplate: Unable to process template language expressions for output 'o' at line '1' and column '1'. 'The template variable 'a' is circular: it is needed to work itself out.'
        output's type: InvalidTemplate: Unable to process template language expressions for output 'o' at line '1' and column '1'. 'The template output 'o' is not valid: Template output JToken type is not valid. Expected 'Int'. Actual 'String'. Please see https://aka.ms/arm-syntax-outputs for usage details.'
        function in a body: InvalidTemplate: Unable to process template language expressions for resource '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/a.b/c/x' at line '1' and column '1'. 'The template function 'nothing' is not valid. Please see https://aka.ms/arm-functions for usage details.'
    "#]]
    .assert_eq(&said);
}

/// Each of 800 resources could have all that a template may work out. What is known ahead is refused ahead.
#[test]
fn what_a_resource_is_once_it_is_worked_out_is_bounded() {
    let of = |length: usize| {
        template(json!({
            "resources": [{
                "type": "Microsoft.Network/virtualNetworks", "apiVersion": "2024-05-01", "name": "n", "location": "l",
                "tags": {"long": "x".repeat(length)},
            }],
        }))
    };
    for (length, taken) in [(1_000_000, true), ((1 << 20) + 1, false)] {
        let plan = plan(&of(length), &Value::Null);
        let error = plan.and_then(|plan| plan.body(0, &Everything)).err();
        assert_eq!(error.is_none(), taken, "{length}");
        if let Some(error) = error {
            assert!(
                error.message.contains("is larger than '1048576' bytes"),
                "{}",
                error.message
            );
        }
    }
}

/// Variables that double each other, and loops in loops: no template eats the machine.
#[test]
fn what_a_template_may_make_is_bounded() {
    let mut variables = json!({"v0": "0123456789"});
    for at in 1..30 {
        let before = at - 1;
        variables[format!("v{at}")] = json!(format!(
            "[concat(variables('v{before}'), variables('v{before}'))]"
        ));
    }
    let doubled = template(json!({
        "variables": variables,
        "outputs": {"o": {"type": "string", "value": "[variables('v29')]"}},
    }));
    let looped =
        |input: Value, name: &str| json!({"copy": [{"name": name, "count": 800, "input": input}]});
    let inner = looped(json!("[reference('x').y]"), "a");
    let loops = template(json!({
        "outputs": {"o": {"type": "object", "value": looped(looped(looped(inner, "b"), "c"), "d")}},
    }));
    for template in [doubled, loops] {
        let error = plan(&template, &Value::Null)
            .map(|_| ())
            .expect_err("too much");
        assert!(
            error.message.contains("works out more than"),
            "{}",
            error.message
        );
    }
}

#[test]
fn defaults_may_ask_for_each_other() {
    let template = template(json!({"parameters": {
        "a": {"type": "string", "defaultValue": "[concat(parameters('b'), '!')]"},
        "b": {"type": "string", "defaultValue": "[resourceGroup().name]"},
        "secret": {"type": "securestring"},
        "when": {"type": "string", "defaultValue": "[utcNow()]"},
    }}));
    let given = json!({"secret": {"value": "hidden"}});
    let read = parameters(&template, given.as_object().expect("an object"), &facts());
    let read = read.expect("they fit");
    let values = BTreeMap::from([
        ("a".to_owned(), json!("rg!")),
        ("b".to_owned(), json!("rg")),
        ("secret".to_owned(), json!("hidden")),
        ("when".to_owned(), json!("20260101T000000Z")),
    ]);
    assert_eq!(read.values, values);
    assert!(!read.shown.to_string().contains("hidden"), "{}", read.shown);
}
