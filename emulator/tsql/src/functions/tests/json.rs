//! JSON functions as tables.

use super::*;
use crate::functions::json::parse_json;

#[test]
fn json_is_read_at_paths() {
    check(&[
        ("isjson('{\"a\":1}')", "int", "1"),
        ("isjson('[1, 2.5e3, true, null]')", "int", "1"),
        ("isjson('1')", "int", "0"),
        ("isjson('{a:1}')", "int", "0"),
        ("isjson(null)", "int", "NULL"),
        (
            "json_value('{\"a\":{\"b\":[1,\"x\"]}}'; '$.a.b[1]')",
            "nvarchar(4000)",
            "x",
        ),
        (
            "json_value('{\"a\":{\"b\":[1,\"x\"]}}'; '$.a.b[0]')",
            "nvarchar(4000)",
            "1",
        ),
        (
            "json_value('{\"a\":{\"b\":[1,\"x\"]}}'; '$.a.b')",
            "nvarchar(4000)",
            "NULL",
        ),
        ("json_value('{\"a\":1}'; '$.A')", "nvarchar(4000)", "NULL"),
        (
            "json_value('{\"a b\":true}'; '$.\"a b\"')",
            "nvarchar(4000)",
            "true",
        ),
        (
            "json_value('{\"a\":\"\\u00e9\\n\\ud83d\\ude00\"}'; '$.a')",
            "nvarchar(4000)",
            "é\n😀",
        ),
        (
            "json_value('{\"a\":1}'; 'strict $.b')",
            "",
            "13608 Property cannot be found on the specified JSON path.",
        ),
        (
            "json_value('{\"a\":{}}'; 'strict $.a')",
            "",
            "13623 Scalar value cannot be found in the specified JSON path.",
        ),
        (
            "json_value('{\"a\":1'; '$.a')",
            "",
            "13609 JSON text is not properly formatted. Unexpected character '.' is found at position 6.",
        ),
        (
            "json_value('{x}'; '$.a')",
            "",
            "13609 JSON text is not properly formatted. Unexpected character 'x' is found at position 1.",
        ),
        (
            "json_value('{}'; 'a')",
            "",
            "13607 JSON path is not properly formatted. Unexpected character 'a' is found at position 0.",
        ),
        (
            "json_query('{\"a\":{\"b\": [1, 2]}}'; '$.a')",
            "nvarchar(max)",
            "{\"b\": [1, 2]}",
        ),
        ("json_query('[1]')", "nvarchar(max)", "[1]"),
        ("json_query('{\"a\":1}'; '$.a')", "nvarchar(max)", "NULL"),
        (
            "json_query('{\"a\":1}'; 'strict $.a')",
            "",
            "13624 Object or array cannot be found in the specified JSON path.",
        ),
        ("json_path_exists('{\"a\":1}'; '$.a')", "int", "1"),
        ("json_path_exists('{\"a\":1}'; 'strict $.b')", "int", "0"),
    ]);
}

#[test]
fn malformed_json_is_refused_and_depth_is_bounded() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let malformed = [
        "",
        "{",
        "[1,]",
        "{\"a\"}",
        "{\"a\":}",
        "01",
        "1.",
        "-",
        "\"a",
        "\"\\x\"",
        "\"\\u12\"",
        "tru",
        "[1] 2",
        "\"\u{1}\"",
        "\"\\u12é\"",
        &deep,
    ];
    for text in malformed {
        assert_eq!(
            parse_json(text).map_err(|e| e.number),
            Err(13609),
            "{text:.20}"
        );
    }
}
