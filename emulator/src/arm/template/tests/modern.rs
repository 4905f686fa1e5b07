//! What the language has got since: symbolic names, functions and types of the template's own, lambdas, moments, ranges.

use std::fmt::Write as _;

use expect_test::expect;
use serde_json::{Value, json};

use super::{Everything, evaluated, plan, shown, template};

#[test]
fn lambdas_moments_and_ranges() {
    let cases = [
        "[filter(variables('list'), lambda('n', greater(lambdaVariables('n'), 1)))]",
        "[filter(createArray('a', 'b'), lambda('x', 'i', equals(lambdaVariables('i'), 1)))]",
        "[map(variables('list'), lambda('n', mul(lambdaVariables('n'), 2)))]",
        "[map(createArray('a', 'b'), lambda('x', 'i', format('{0}{1}', lambdaVariables('x'), lambdaVariables('i'))))]",
        "[map(variables('list'), lambda('n', map(variables('list'), lambda('m', add(lambdaVariables('n'), lambdaVariables('m'))))))]",
        "[reduce(variables('list'), 10, lambda('sum', 'n', add(lambdaVariables('sum'), lambdaVariables('n'))))]",
        "[sort(createArray(3, 1, 2), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))]",
        "[sort(createArray(3, 1, 2), lambda('a', 'b', true()))]",
        "[toObject(createArray('a', 'b'), lambda('x', lambdaVariables('x')), lambda('x', toUpper(lambdaVariables('x'))))]",
        "[groupBy(createArray('ab', 'ac', 'b'), lambda('x', first(lambdaVariables('x'))))]",
        "[mapValues(variables('object'), lambda('v', string(lambdaVariables('v'))))]",
        "[map(variables('list'), 'no lambda')]",
        "[map('no list', lambda('n', 1))]",
        "[map(variables('list'))]",
        "[filter(variables('list'), lambda('n', lambdaVariables('n')))]",
        "[map(variables('list'), lambda('n', lambdaVariables('m')))]",
        "[lambda('n', 1)]",
        "[tryGet(variables('object'), 'b', 'c')]",
        "[tryGet(variables('object'), 'b', 'd', 0)]",
        "[tryGet(variables('list'), 1)]",
        "[tryGet(variables('list'), 9)]",
        "[shallowMerge(createArray(createObject('a', 1), createObject('a', 2, 'b', 3)))]",
        "[fail('so it is')]",
        "[float('1.5')]",
        "[base64ToJson(base64('{\"a\": 1}')).a]",
        "[dataUriToString(dataUri('one two'))]",
        "[dateTimeAdd('2026-01-31T10:00:00Z', 'P1M')]",
        "[dateTimeAdd('2026-01-31T10:00:00Z', '-PT1H', 'yyyy-MM-dd HH:mm')]",
        "[dateTimeToEpoch('2026-01-01T00:00:00Z')]",
        "[dateTimeFromEpoch(1767225600)]",
        "[dateTimeAdd('yesterday', 'P1M')]",
        "[dateTimeAdd('2026-01-31T10:00:00Z', 'a month')]",
        "[dateTimeAdd('2026-01-31T10:00:00Z', 'P1D', 'qq')]",
        "[parseCidr('10.1.2.3/20')]",
        "[cidrSubnet('10.0.0.0/16', 24, 3)]",
        "[cidrSubnet('10.0.0.0/16', 24, 256)]",
        "[cidrSubnet('0.0.0.0/0', 32, 1)]",
        "[cidrHost('10.1.3.0/24', 3)]",
        "[cidrHost('10.1.3.0/24', 254)]",
        "[parseCidr('10.0.0/8')]",
        "[parseCidr('fdad::/32')]",
        "[listKeys(resourceId('a.b/c', 'x'), '2020-01-01').key]",
        "[listThings('nowhere', '2020-01-01')]",
        "[providers('a.b')]",
        "[pickZones('a.b', 'c', 'westeurope')]",
    ];
    let mut said = String::new();
    for case in cases {
        let _ = writeln!(said, "{case} = {}", evaluated(case));
    }
    expect![[r#"
        [filter(variables('list'), lambda('n', greater(lambdaVariables('n'), 1)))] = [2,3]
        [filter(createArray('a', 'b'), lambda('x', 'i', equals(lambdaVariables('i'), 1)))] = ["b"]
        [map(variables('list'), lambda('n', mul(lambdaVariables('n'), 2)))] = [2,4,6]
        [map(createArray('a', 'b'), lambda('x', 'i', format('{0}{1}', lambdaVariables('x'), lambdaVariables('i'))))] = ["a0","b1"]
        [map(variables('list'), lambda('n', map(variables('list'), lambda('m', add(lambdaVariables('n'), lambdaVariables('m'))))))] = [[2,3,4],[3,4,5],[4,5,6]]
        [reduce(variables('list'), 10, lambda('sum', 'n', add(lambdaVariables('sum'), lambdaVariables('n'))))] = 16
        [sort(createArray(3, 1, 2), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))] = [1,2,3]
        [sort(createArray(3, 1, 2), lambda('a', 'b', true()))] = [2,1,3]
        [toObject(createArray('a', 'b'), lambda('x', lambdaVariables('x')), lambda('x', toUpper(lambdaVariables('x'))))] = {"a":"A","b":"B"}
        [groupBy(createArray('ab', 'ac', 'b'), lambda('x', first(lambdaVariables('x'))))] = {"a":["ab","ac"],"b":["b"]}
        [mapValues(variables('object'), lambda('v', string(lambdaVariables('v'))))] = {"a":"1","b":"{\"c\":\"deep\"}"}
        [map(variables('list'), 'no lambda')] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The template language function 'map' expects a lambda with 1 to 2 variable(s). Please see https://aka.ms/arm-functions for usage details.'
        [map('no list', lambda('n', 1))] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The template language function 'map' expects its parameter '1' to be an array, and it is a string. Please see https://aka.ms/arm-functions for usage details.'
        [map(variables('list'))] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'Unable to evaluate template language function 'map': the count of its arguments is not right: 1 were provided. Please see https://aka.ms/arm-functions for usage details.'
        [filter(variables('list'), lambda('n', lambdaVariables('n')))] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The lambda of the template language function 'filter' must say a boolean, and says an integer.'
        [map(variables('list'), lambda('n', lambdaVariables('m')))] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The lambda variable 'm' is not found. Please see https://aka.ms/arm-functions for usage details.'
        [lambda('n', 1)] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The template function 'lambda' is not expected at this location: only functions such as 'map' take it. Please see https://aka.ms/arm-functions for usage details.'
        [tryGet(variables('object'), 'b', 'c')] = "deep"
        [tryGet(variables('object'), 'b', 'd', 0)] = null
        [tryGet(variables('list'), 1)] = 2
        [tryGet(variables('list'), 9)] = null
        [shallowMerge(createArray(createObject('a', 1), createObject('a', 2, 'b', 3)))] = {"a":2,"b":3}
        [fail('so it is')] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'so it is'
        [float('1.5')] = 1.5
        [base64ToJson(base64('{"a": 1}')).a] = 1
        [dataUriToString(dataUri('one two'))] = "one two"
        [dateTimeAdd('2026-01-31T10:00:00Z', 'P1M')] = "20260228T100000Z"
        [dateTimeAdd('2026-01-31T10:00:00Z', '-PT1H', 'yyyy-MM-dd HH:mm')] = "2026-01-31 09:00"
        [dateTimeToEpoch('2026-01-01T00:00:00Z')] = 1767225600
        [dateTimeFromEpoch(1767225600)] = "2026-01-01T00:00:00Z"
        [dateTimeAdd('yesterday', 'P1M')] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The template language function 'dateTimeAdd' expects a moment of ISO 8601, and not 'yesterday'. Please see https://aka.ms/arm-functions for usage details.'
        [dateTimeAdd('2026-01-31T10:00:00Z', 'a month')] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The template language function 'dateTimeAdd' expects a duration of ISO 8601 that leads to a moment, and not 'a month'. Please see https://aka.ms/arm-functions for usage details.'
        [dateTimeAdd('2026-01-31T10:00:00Z', 'P1D', 'qq')] = OperationNotSupportedByMilink: The format 'qq' of a moment in a template is not supported by milink. See COMPAT.md for what is.
        [parseCidr('10.1.2.3/20')] = {"broadcast":"10.1.15.255","cidr":20,"firstUsable":"10.1.0.1","lastUsable":"10.1.15.254","netmask":"255.255.240.0","network":"10.1.0.0"}
        [cidrSubnet('10.0.0.0/16', 24, 3)] = "10.0.3.0/24"
        [cidrSubnet('10.0.0.0/16', 24, 256)] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The template language function 'cidrSubnet' has no range of length '24' and number '256' in '10.0.0.0/16'. Please see https://aka.ms/arm-functions for usage details.'
        [cidrSubnet('0.0.0.0/0', 32, 1)] = "0.0.0.1/32"
        [cidrHost('10.1.3.0/24', 3)] = "10.1.3.4"
        [cidrHost('10.1.3.0/24', 254)] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The template language function 'cidrHost' has no address of number '254' in '10.1.3.0/24'. Please see https://aka.ms/arm-functions for usage details.'
        [parseCidr('10.0.0/8')] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The template language function 'parseCidr' expects a range of addresses, and not '10.0.0/8'. Please see https://aka.ms/arm-functions for usage details.'
        [parseCidr('fdad::/32')] = OperationNotSupportedByMilink: A range of IPv6 in the template function 'parseCidr' is not supported by milink. See COMPAT.md for what is.
        [listKeys(resourceId('a.b/c', 'x'), '2020-01-01').key] = "listKeys of /subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/a.b/c/x"
        [listThings('nowhere', '2020-01-01')] = InvalidTemplate: Unable to process template language expressions for output 'x' at line '1' and column '1'. 'The template function 'listThings' is not valid: the resource 'nowhere' is not defined in the template. Please see https://aka.ms/arm-functions for usage details.'
        [providers('a.b')] = OperationNotSupportedByMilink: The template function 'providers' is not supported by milink. See COMPAT.md for what is.
        [pickZones('a.b', 'c', 'westeurope')] = OperationNotSupportedByMilink: The template function 'pickZones' is not supported by milink. See COMPAT.md for what is.
    "#]].assert_eq(&said);
}

/// What a plan makes, with its bodies and outputs.
fn made(template: &Value, given: &Value) -> String {
    let plan = match plan(template, given) {
        Ok(plan) => plan,
        Err(error) => return format!("{}: {}", error.code, error.message),
    };
    let mut said = String::new();
    for (at, planned) in plan.resources.iter().enumerate() {
        let body = match planned.enabled {
            true => plan.body(at, &Everything).map(|body| body.to_string()),
            false => Ok("not written".to_owned()),
        };
        let body = body.unwrap_or_else(|error| error.message);
        let _ = write!(said, "\n{} after {:?}: {body}", planned.name, planned.after);
    }
    let outputs = plan.outputs(&Everything);
    let outputs = outputs.map_or_else(|error| error.message, |all| Value::Object(all).to_string());
    format!("{said}\n{outputs}")
}

/// A template as Bicep writes it.
fn symbolic(resources: Value, more: Value) -> Value {
    let mut template = template(json!({"languageVersion": "2.0", "resources": resources}));
    for (key, value) in more.as_object().into_iter().flatten() {
        template[key] = value.clone();
    }
    template
}

#[test]
fn symbolic_names_are_followed() {
    let resource = |more: Value| {
        let mut resource = json!({"type": "a.b/c", "apiVersion": "2020-01-01", "name": "x"});
        for (key, value) in more.as_object().into_iter().flatten() {
            resource[key] = value.clone();
        }
        resource
    };
    let cases = [
        (
            "in order",
            symbolic(
                json!({
                    "late": resource(json!({"name": "late", "dependsOn": ["early"], "properties": {"is": "[resourceInfo('early').id]"}})),
                    "early": resource(json!({"name": "early"})),
                    "quiet": resource(json!({"name": "quiet", "properties": {"of": "[reference('early').of]"}})),
                }),
                json!({"outputs": {"o": {"type": "string", "value": "[reference('late', '2021-01-01', 'full').id]"}}}),
            ),
        ),
        (
            "existing",
            symbolic(
                json!({
                    "there": resource(json!({"name": "there", "existing": true})),
                    "new": resource(json!({"name": "new", "dependsOn": ["there"], "properties": {"of": "[reference('there').of]"}})),
                }),
                json!({}),
            ),
        ),
        (
            "loop",
            symbolic(
                json!({
                    "many": resource(json!({"name": "[format('m{0}', copyIndex())]", "copy": {"name": "many", "count": 2}})),
                    "one": resource(json!({"name": "one", "dependsOn": ["many"], "properties": {"first": "[reference('many[0]').of]"}})),
                }),
                json!({"outputs": {
                    "all": {"type": "array", "value": "[map(references('many'), lambda('r', lambdaVariables('r').version))]"},
                    "none": {"type": "string", "nullable": true, "value": null},
                }}),
            ),
        ),
        (
            "no such symbol",
            symbolic(
                json!({"one": resource(json!({"dependsOn": ["two"]}))}),
                json!({}),
            ),
        ),
        (
            "existing is no word",
            symbolic(
                json!({"one": resource(json!({"existing": "yes"}))}),
                json!({}),
            ),
        ),
        (
            "an array",
            symbolic(json!([resource(json!({}))]), json!({})),
        ),
        (
            "without its version",
            template(json!({"resources": {"one": resource(json!({}))}})),
        ),
        (
            "odd version",
            symbolic(json!({}), json!({"languageVersion": "3.0"})),
        ),
        (
            "circle",
            symbolic(
                json!({
                    "a": resource(json!({"name": "a", "dependsOn": ["b"]})),
                    "b": resource(json!({"name": "b", "properties": {"x": "[reference('a').of]"}})),
                }),
                json!({}),
            ),
        ),
    ];
    let mut said = String::new();
    for (what, template) in &cases {
        let _ = writeln!(said, "{what}: {}", made(template, &json!({})));
    }
    expect![[r#"
        in order: 
        early after []: {}
        late after [0]: {"properties":{"is":"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/a.b/c/early"}}
        quiet after [0]: {"properties":{"of":"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/a.b/c/early"}}
        {"o":{"type":"String","value":"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/a.b/c/late"}}
        existing: 
        new after [1]: {"properties":{"of":"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/a.b/c/there"}}
        there after []: not written
        {}
        loop: 
        m0 after []: {}
        m1 after []: {}
        one after [0, 1]: {"properties":{"first":"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/a.b/c/m0"}}
        {"all":{"type":"Array","value":["2020-01-01","2020-01-01"]}}
        no such symbol: InvalidTemplate: Deployment template validation failed: 'The resource 'two' is not defined in the template. Please see https://aka.ms/arm-syntax for usage details.'.
        existing is no word: InvalidTemplate: Deployment template validation failed: ''existing' of the resource 'x' must be true or false, and is only where resources have symbolic names (languageVersion 2.0).'.
        an array: InvalidTemplate: Deployment template parse failed: 'The 'resources' are neither an array nor, with languageVersion 2.0, an object. Path 'resources'.'.
        without its version: InvalidTemplate: Deployment template parse failed: 'The resources have symbolic names, and 'languageVersion' is not '2.0'. Path 'resources'.'.
        odd version: InvalidTemplate: Deployment template parse failed: 'The language version '3.0' is not valid. The supported versions are '1.0, 2.0'.'.
        circle: InvalidTemplate: Deployment template validation failed: 'Circular dependency detected on resource: '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/a.b/c/a'. Please see https://aka.ms/arm-syntax-resources for usage details.'.
    "#]].assert_eq(&said);
}

#[test]
fn functions_of_the_templates_own() {
    let functions = json!([{"namespace": "my", "members": {
        "twice": {
            "parameters": [{"name": "text", "type": "string"}],
            "output": {"type": "string", "value": "[concat(parameters('text'), parameters('text'))]"},
        },
        "four": {
            "parameters": [{"name": "text", "type": "string"}],
            "output": {"type": "string", "value": "[my.twice(my.twice(parameters('text')))]"},
        },
        "sees": {"parameters": [], "output": {"type": "string", "value": "[variables('v')]"}},
        "refers": {"parameters": [], "output": {"type": "object", "value": "[reference('x')]"}},
        "lies": {"parameters": [], "output": {"type": "int", "value": "text"}},
        "forever": {"parameters": [], "output": {"type": "string", "value": "[my.forever()]"}},
    }}]);
    let mut said = String::new();
    for expression in [
        "[my.twice('ab')]",
        "[MY.Four('a')]",
        "[my.twice(1)]",
        "[my.twice()]",
        "[my.sees()]",
        "[my.refers()]",
        "[my.lies()]",
        "[my.forever()]",
        "[my.nothing()]",
    ] {
        let template = template(json!({
            "functions": functions,
            "variables": {"v": "hidden"},
            "outputs": {"o": {"type": "string", "value": expression}},
        }));
        let _ = writeln!(said, "{expression} = {}", made(&template, &json!({})));
    }
    for functions in [
        json!({}),
        json!([{"members": {}}]),
        json!([{"namespace": "my"}]),
        json!([{"namespace": "my", "members": {"f": {"parameters": {}}}}]),
        json!([{"namespace": "my", "members": {"f": {"output": {"type": "string"}}}}]),
    ] {
        let template = template(json!({"functions": functions}));
        let _ = writeln!(said, "{functions} = {}", shown(&template, &json!({})));
    }
    expect![[r#"
        [my.twice('ab')] = 
        {"o":{"type":"String","value":"abab"}}
        [MY.Four('a')] = 
        {"o":{"type":"String","value":"aaaa"}}
        [my.twice(1)] = InvalidTemplate: Unable to process template language expressions for output 'o' at line '1' and column '1'. 'Unable to evaluate template language function 'my.twice': Deployment template validation failed: 'Template parameter JToken type is not valid. Expected 'String, Uri'. Actual 'Integer'. The template parameter is 'text'. Please see https://aka.ms/arm-create-parameter-file for usage details.'.'
        [my.twice()] = InvalidTemplate: Unable to process template language expressions for output 'o' at line '1' and column '1'. 'Unable to evaluate template language function 'my.twice': function requires 1 argument(s) while 0 were provided. Please see https://aka.ms/arm-functions for usage details.'
        [my.sees()] = InvalidTemplate: Unable to process template language expressions for output 'o' at line '1' and column '1'. 'The template function 'variables' is not expected at this location: a function of the template's own sees nothing but its parameters. Please see https://aka.ms/arm-functions for usage details.'
        [my.refers()] = InvalidTemplate: Unable to process template language expressions for output 'o' at line '1' and column '1'. 'The template function 'reference' is not expected at this location: a function of the template's own sees nothing but its parameters. Please see https://aka.ms/arm-functions for usage details.'
        [my.lies()] = InvalidTemplate: Unable to process template language expressions for output 'o' at line '1' and column '1'. 'Deployment template validation failed: 'Template parameter JToken type is not valid. Expected 'Integer'. Actual 'String'. The template parameter is 'my.lies'. Please see https://aka.ms/arm-create-parameter-file for usage details.'.'
        [my.forever()] = InvalidTemplate: Unable to process template language expressions for output 'o' at line '1' and column '1'. 'The template is nested too deeply.'
        [my.nothing()] = InvalidTemplate: Unable to process template language expressions for output 'o' at line '1' and column '1'. 'The template function 'my.nothing' is not valid. Please see https://aka.ms/arm-functions for usage details.'
        {} = InvalidTemplate: Deployment template parse failed: ''functions' is not an array'.
        [{"members":{}}] = InvalidTemplate: Deployment template parse failed: 'a namespace of functions has no name'.
        [{"namespace":"my"}] = InvalidTemplate: Deployment template parse failed: 'the namespace 'my' has no members'.
        [{"members":{"f":{"parameters":{}}},"namespace":"my"}] = InvalidTemplate: Deployment template parse failed: 'the parameters of 'f' are no array'.
        [{"members":{"f":{"output":{"type":"string"}}},"namespace":"my"}] = InvalidTemplate: Deployment template parse failed: 'the function 'f' has no output'.
    "#]].assert_eq(&said);
}

#[test]
fn types_of_the_templates_own() {
    let definitions = json!({
        "port": {"type": "int", "minValue": 1, "maxValue": 65535},
        "rule": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "port": {"$ref": "#/definitions/port"}, "remark": {"type": "string", "nullable": true}},
            "additionalProperties": false,
        },
        "kind": {"type": "object", "discriminator": {"propertyName": "kind", "mapping": {
            "a": {"type": "object", "properties": {"kind": {"type": "string"}, "size": {"type": "int"}}},
        }}},
        "hush": {"type": "securestring", "minLength": 3},
        "circle": {"$ref": "#/definitions/circle"},
        "tree": {"type": "array", "items": {"$ref": "#/definitions/tree"}},
    });
    let declared = |reference: &str| {
        template(json!({
            "definitions": definitions,
            "parameters": {"p": {"$ref": format!("#/definitions/{reference}")}},
            "outputs": {"o": {"type": "array", "value": "[createArray(parameters('p'))]"}},
        }))
    };
    let mut deep = json!([]);
    for _ in 0..60 {
        deep = json!([deep]);
    }
    let mut said = String::new();
    for (reference, value) in [
        ("port", json!(1433)),
        ("port", json!(0)),
        ("rule", json!({"name": "a", "port": 22})),
        ("rule", json!({"name": "a", "port": 70000})),
        ("rule", json!({"port": 22})),
        ("rule", json!({"name": "a", "port": 22, "odd": 1})),
        ("kind", json!({"kind": "a", "size": 3})),
        ("kind", json!({"kind": "a", "size": "3"})),
        ("kind", json!({"kind": "b"})),
        ("hush", json!("hi")),
        ("circle", json!(1)),
        ("nothing", json!(1)),
        ("tree", json!([[], [[]]])),
        ("tree", deep),
    ] {
        let given = json!({"p": {"value": value}});
        let mut line = made(&declared(reference), &given);
        line.truncate(300);
        let _ = writeln!(said, "{reference}: {line}");
    }
    let optional = template(json!({
        "parameters": {"p": {"type": "string", "nullable": true}},
        "outputs": {"o": {"type": "string", "value": "[coalesce(parameters('p'), 'none')]"}},
    }));
    let _ = writeln!(said, "optional: {}", made(&optional, &json!({})));
    expect![[r#"
        port: 
        {"o":{"type":"Array","value":[1433]}}
        port: InvalidTemplate: Deployment template validation failed: 'The provided value for the template parameter 'p' is not valid. The value should be greater than or equal to '1'. Please see https://aka.ms/arm-create-parameter-file for usage details.'.
        rule: 
        {"o":{"type":"Array","value":[{"name":"a","port":22}]}}
        rule: InvalidTemplate: Deployment template validation failed: 'The provided value for the template parameter 'p' is not valid. The value should be less than or equal to '65535'. Please see https://aka.ms/arm-create-parameter-file for usage details.'.
        rule: InvalidTemplate: Deployment template validation failed: 'The provided value for the template parameter 'p' is not valid: the required property 'name' is missing. Please see https://aka.ms/arm-create-parameter-file for usage details.'.
        rule: InvalidTemplate: Deployment template validation failed: 'The provided value for the template parameter 'p' is not valid: the property 'odd' is not allowed. Please see https://aka.ms/arm-create-parameter-file for usage details.'.
        kind: 
        {"o":{"type":"Array","value":[{"kind":"a","size":3}]}}
        kind: InvalidTemplate: Deployment template validation failed: 'Template parameter JToken type is not valid. Expected 'Integer'. Actual 'String'. The template parameter is 'p'. Please see https://aka.ms/arm-create-parameter-file for usage details.'.
        kind: InvalidTemplate: Deployment template validation failed: 'The provided value for the template parameter 'p' is not valid: its property 'kind' says none of the kinds that there are. Please see https://aka.ms/arm-create-parameter-file for usage details.'.
        hush: InvalidTemplate: Deployment template validation failed: 'The provided value for the template parameter 'p' is not valid. Length of the value should be greater than or equal to '3'. Please see https://aka.ms/arm-create-parameter-file for usage details.'.
        circle: InvalidTemplate: Deployment template validation failed: 'The type definitions of the template refer to each other in a circle.'.
        nothing: InvalidTemplate: Deployment template validation failed: 'The type definition '#/definitions/nothing' is not found. Please see https://aka.ms/arm-type-definitions for usage details.'.
        tree: 
        {"o":{"type":"Array","value":[[[],[[]]]]}}
        tree: InvalidTemplate: Deployment template validation failed: 'The type of the template parameter 'p' is nested too deeply.'.
        optional: 
        {"o":{"type":"String","value":"none"}}
    "#]].assert_eq(&said);
}
