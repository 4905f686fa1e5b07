//! The trees themselves: how operators bind, what spans cover, what names and literals hold.

use crate::ast::*;
use crate::parser::{
    ParseOptions, parse_batch, parse_condition, parse_expression, parse_parameters,
};

fn expression(text: &str) -> Expr {
    parse_expression(text, ParseOptions::default()).expect(text)
}

fn statements(text: &str) -> Vec<Statement> {
    parse_batch(text, ParseOptions::default())
        .expect(text)
        .statements
}

/// The tree with every operation in parentheses.
fn grouped(expr: &Expr) -> String {
    let of = |e: &Expr| grouped(e);
    match &expr.kind {
        ExprKind::Literal(
            Literal::Integer(text) | Literal::Decimal(text) | Literal::Float(text),
        ) => text.clone(),
        ExprKind::Literal(Literal::String { value, .. }) => format!("'{value}'"),
        ExprKind::Literal(other) => format!("{other:?}"),
        ExprKind::Column(column) => match &column.table {
            Some(table) => format!("{table}.{}", column.name),
            None => column.name.value.clone(),
        },
        ExprKind::Variable(name) => name.value.clone(),
        ExprKind::Unary { op, operand } => {
            let sign = match op {
                UnaryOp::Plus => '+',
                UnaryOp::Minus => '-',
                UnaryOp::BitNot => '~',
            };
            format!("({sign}{})", of(operand))
        }
        ExprKind::Binary { op, left, right } => {
            let sign = match op {
                BinaryOp::Add => '+',
                BinaryOp::Subtract => '-',
                BinaryOp::Multiply => '*',
                BinaryOp::Divide => '/',
                BinaryOp::Modulo => '%',
                BinaryOp::BitAnd => '&',
                BinaryOp::BitOr => '|',
                BinaryOp::BitXor => '^',
            };
            format!("({} {sign} {})", of(left), of(right))
        }
        ExprKind::Compare { op, left, right } => {
            let sign = match op {
                CompareOp::Equal => "=",
                CompareOp::NotEqual => "<>",
                CompareOp::Less => "<",
                CompareOp::LessOrEqual => "<=",
                CompareOp::Greater => ">",
                CompareOp::GreaterOrEqual => ">=",
            };
            format!("({} {sign} {})", of(left), of(right))
        }
        ExprKind::And(left, right) => format!("({} AND {})", of(left), of(right)),
        ExprKind::Or(left, right) => format!("({} OR {})", of(left), of(right)),
        ExprKind::Not(operand) => format!("(NOT {})", of(operand)),
        ExprKind::IsNull { operand, negated } => {
            format!(
                "({} IS {}NULL)",
                of(operand),
                if *negated { "NOT " } else { "" }
            )
        }
        ExprKind::Between {
            operand, low, high, ..
        } => {
            format!("({} BETWEEN {} AND {})", of(operand), of(low), of(high))
        }
        ExprKind::Collate { operand, collation } => {
            format!("({} COLLATE {collation})", of(operand))
        }
        ExprKind::Function(call) => match &call.args {
            FunctionArgs::Star => format!("{}(*)", call.name),
            FunctionArgs::List(args) => {
                let args: Vec<_> = args.iter().map(grouped).collect();
                format!("{}({})", call.name, args.join(", "))
            }
        },
        other => panic!("not used in these cases: {other:?}"),
    }
}

#[test]
fn operators_bind_as_documented() {
    let values = [
        ("1 + 2 * 3", "(1 + (2 * 3))"),
        ("1 * 2 + 3", "((1 * 2) + 3)"),
        ("1 - 2 - 3", "((1 - 2) - 3)"),
        ("1 & 2 + 3", "((1 & 2) + 3)"),
        ("1 | 2 ^ 3 & 4", "(((1 | 2) ^ 3) & 4)"),
        ("8 / 4 % 3 * 2", "(((8 / 4) % 3) * 2)"),
        ("~1 * 2", "((~1) * 2)"),
        ("-a * b", "(-(a * b))"),
        ("1.0 / -2.0 * 5", "(1.0 / (-(2.0 * 5)))"),
        ("- -1", "(-(-1))"),
        ("(1 + 2) * 3", "((1 + 2) * 3)"),
        ("a + b COLLATE c", "(a + (b COLLATE c))"),
        ("'a' + 'b' + 'c'", "(('a' + 'b') + 'c')"),
        ("f(1, g(*)) + t.a.b", "(f(1, g(*)) + t.a.b)"),
        ("db..t.c", "db..t.c"),
    ];
    for (text, expected) in values {
        assert_eq!(grouped(&expression(text)), expected, "{text}");
    }
    let conditions = [
        (
            "a = 1 OR b = 2 AND c = 3",
            "((a = 1) OR ((b = 2) AND (c = 3)))",
        ),
        ("NOT a = 1 AND b = 2", "((NOT (a = 1)) AND (b = 2))"),
        ("NOT (a = 1 OR b = 2)", "(NOT ((a = 1) OR (b = 2)))"),
        (
            "a BETWEEN 1 AND 2 AND b = 3",
            "((a BETWEEN 1 AND 2) AND (b = 3))",
        ),
        ("a + 1 = b * 2", "((a + 1) = (b * 2))"),
        ("((a)) = ((1)) + 2", "(a = (1 + 2))"),
        ("((a = 1))", "(a = 1)"),
        (
            "a IS NOT NULL OR b IS NULL",
            "((a IS NOT NULL) OR (b IS NULL))",
        ),
        ("a !< 1 AND b !> 2", "((a >= 1) AND (b <= 2))"),
        ("a > = 1 AND b < > 2", "((a >= 1) AND (b <> 2))"),
        ("a=1 AND b=2 AND c=3", "(((a = 1) AND (b = 2)) AND (c = 3))"),
        (
            "a=1 OR b=2 OR c=3 OR d=4",
            "(((a = 1) OR (b = 2)) OR ((c = 3) OR (d = 4)))",
        ),
    ];
    for (text, expected) in conditions {
        let condition = parse_condition(text, ParseOptions::default()).expect(text);
        assert_eq!(grouped(&condition), expected, "{text}");
    }
}

#[test]
fn literals_keep_their_text() {
    let cases = [
        ("5", Literal::Integer("5".into())),
        ("0012", Literal::Integer("0012".into())),
        ("2.50", Literal::Decimal("2.50".into())),
        (".5", Literal::Decimal(".5".into())),
        ("1e", Literal::Float("1e".into())),
        ("$1.50", Literal::Money("1.50".into())),
        ("£-2", Literal::Money("-2".into())),
        ("0xAb", Literal::Binary("Ab".into())),
        ("0x", Literal::Binary(String::new())),
        ("NULL", Literal::Null),
        (
            "N'it''s'",
            Literal::String {
                value: "it's".into(),
                national: true,
            },
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(expression(text).kind, ExprKind::Literal(expected), "{text}");
    }
}

#[test]
fn spans_reach_the_source() {
    let text = "DECLARE @a int;\n\n  SELECT a + 1 AS b\nFROM t ;\nIF 1 = 1\n  PRINT 'x'";
    let found: Vec<_> = statements(text)
        .iter()
        .map(|statement| (statement.span.line, statement.span.text(text).to_owned()))
        .collect();
    assert_eq!(
        found,
        [
            (1, "DECLARE @a int".to_owned()),
            (3, "SELECT a + 1 AS b\nFROM t".to_owned()),
            (5, "IF 1 = 1\n  PRINT 'x'".to_owned()),
        ]
    );
}

/// The stored text of defaults and checks is cut out by span and parsed again later.
#[test]
fn the_text_of_an_expression_parses_to_the_same_tree() {
    let options = ParseOptions::default();
    for text in [
        "(a + b) * c",
        "((1))",
        "f((a), (b + 1))",
        "-(a)",
        "(SELECT 1) + 2",
        "(a) COLLATE x",
    ] {
        let source = format!("SELECT {text} AS x");
        let StatementKind::Select(select) = only(&source) else {
            panic!("a SELECT")
        };
        let QueryBody::Select(spec) = select.query.body else {
            panic!("one SELECT")
        };
        let [SelectItem::Expr { expr, .. }] = spec.items.as_slice() else {
            panic!("one item")
        };
        assert_eq!(expr.span.text(&source), text);
        assert!(parse_expression(text, options).is_ok());
    }
    for text in [
        "(a) = 1",
        "(a = 1) AND ((b) = 2 OR c = 3)",
        "NOT (a = 1)",
        "(a) IN (1)",
        "((a) IS NULL)",
    ] {
        let condition = parse_condition(text, options).expect(text);
        assert_eq!(condition.span.text(text), text);
    }
}

fn only(text: &str) -> StatementKind {
    let mut statements = statements(text);
    assert_eq!(statements.len(), 1, "{text}");
    statements.remove(0).kind
}

#[test]
fn names_have_their_parts() {
    let StatementKind::Select(select) = only("SELECT * FROM [s].db..[a]]b] AS x WITH (NOLOCK)")
    else {
        panic!("a SELECT")
    };
    let QueryBody::Select(spec) = select.query.body else {
        panic!("one SELECT")
    };
    let [TableSource::Table(table)] = spec.from.as_slice() else {
        panic!("one table")
    };
    let parts = table
        .name
        .parts()
        .map(|part| part.map(|ident| ident.value.clone()));
    assert_eq!(
        parts,
        [
            Some("s".to_owned()),
            Some("db".to_owned()),
            None,
            Some("a]b".to_owned())
        ]
    );
    assert_eq!(
        table.alias.as_ref().map(|alias| alias.name.value.as_str()),
        Some("x")
    );
    assert_eq!(table.hints[0].name, "NOLOCK");
}

#[test]
fn execute_arguments_are_told_apart() {
    let StatementKind::Execute(execute) =
        only("EXEC @rc = dbo.p @a = 1, @b = @x OUTPUT, word, DEFAULT, -5")
    else {
        panic!("an EXECUTE")
    };
    assert_eq!(
        execute.return_variable.map(|name| name.value),
        Some("@rc".to_owned())
    );
    let ExecuteTarget::Procedure { args, .. } = execute.target else {
        panic!("a procedure")
    };
    let shown: Vec<_> = args
        .iter()
        .map(|arg| {
            let name = arg.name.as_ref().map_or("", |name| name.value.as_str());
            let value = match &arg.value.kind {
                ExprKind::Default => "DEFAULT".to_owned(),
                _ => grouped(&arg.value),
            };
            format!("{name}|{value}|{}", arg.output)
        })
        .collect();
    assert_eq!(
        shown,
        [
            "@a|1|false",
            "@b|@x|true",
            "|'word'|false",
            "|DEFAULT|false",
            "|(-5)|false"
        ]
    );
}

#[test]
fn the_groups_of_a_link_are_read_whole() {
    let text = "CREATE AVAILABILITY GROUP [Link01] WITH (DISTRIBUTED) AVAILABILITY GROUP ON \
                N'ag1' WITH (LISTENER_URL = 'TCP://10.0.0.4:5022', AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, \
                FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC, SESSION_TIMEOUT = 20), \
                'ag2' WITH (LISTENER_URL = 'tcp://mi:5022;Server=[mi]')";
    let StatementKind::CreateAvailabilityGroup(group) = only(text) else {
        panic!("a group")
    };
    assert!(group.options.distributed);
    let AvailabilityGroupKind::Distributed { members } = group.kind else {
        panic!("a distributed group")
    };
    assert_eq!(members[0].group.value, "ag1");
    assert_eq!(members[0].session_timeout, Some(20));
    assert_eq!(
        members[0].availability_mode,
        Some(AvailabilityMode::AsynchronousCommit)
    );
    assert_eq!(members[0].failover_mode, Some(FailoverMode::Manual));
    assert_eq!(members[0].seeding_mode, Some(SeedingMode::Automatic));
    assert_eq!(
        members[1]
            .listener_url
            .as_ref()
            .map(|url| url.value.as_str()),
        Some("tcp://mi:5022;Server=[mi]")
    );
    assert_eq!(members[1].seeding_mode, None);
}

#[test]
fn endpoints_are_read_whole() {
    let text = "CREATE ENDPOINT e STATE = STARTED AS TCP (LISTENER_PORT = 5022, LISTENER_IP = (10.0.0.4)) \
                FOR DATA_MIRRORING (ROLE = PARTNER, AUTHENTICATION = WINDOWS CERTIFICATE [c d], \
                ENCRYPTION = SUPPORTED ALGORITHM RC4 AES)";
    let StatementKind::Endpoint(endpoint) = only(text) else {
        panic!("an endpoint")
    };
    let tcp = endpoint.tcp.expect("AS TCP was said");
    assert_eq!(
        (tcp.port, tcp.ip),
        (Some(5022), Some(ListenerIp::Address("10.0.0.4".to_owned())))
    );
    let Some(EndpointPayload::DatabaseMirroring(options)) = endpoint.payload else {
        panic!("a mirroring endpoint")
    };
    let methods = options.authentication.expect("AUTHENTICATION was said");
    assert_eq!(methods[0], EndpointAuthentication::WindowsNegotiate);
    assert!(
        matches!(&methods[1], EndpointAuthentication::Certificate(name) if name.value == "c d")
    );
    let encryption = options.encryption.expect("ENCRYPTION was said");
    assert_eq!(encryption.level, EndpointEncryptionLevel::Supported);
    assert_eq!(
        encryption.algorithms,
        [EndpointAlgorithm::Rc4, EndpointAlgorithm::Aes]
    );
}

#[test]
fn option_values_keep_their_form() {
    let StatementKind::Backup(backup) = only(
        "BACKUP DATABASE @d TO DISK = 'NUL' WITH COPY_ONLY, STATS = 10, NAME = N'n', DESCRIPTION = @x",
    ) else {
        panic!("a BACKUP")
    };
    let shown: Vec<_> = backup
        .options
        .iter()
        .map(|entry| format!("{} {:?} {:?}", entry.name, entry.number(), entry.text()))
        .collect();
    assert_eq!(
        shown,
        [
            "COPY_ONLY None None",
            "STATS Some(10) None",
            "NAME None Some(\"n\")",
            "DESCRIPTION None None"
        ]
    );
    assert!(matches!(backup.options[3].value, OptionValue::Variable(_)));
    let StatementKind::AlterDatabase(alter) =
        only("ALTER DATABASE d SET TARGET_RECOVERY_TIME = 60 SECONDS")
    else {
        panic!("an ALTER DATABASE")
    };
    let AlterDatabaseAction::Set { options, .. } = alter.action else {
        panic!("a SET")
    };
    let [DatabaseOption::Other(entry)] = options.as_slice() else {
        panic!("one option")
    };
    assert_eq!(entry.value, OptionValue::Number("60 SECONDS".to_owned()));
}

#[test]
fn labels_are_not_aliases() {
    let names: Vec<_> = statements("GOTO done SELECT 1 done: SELECT a FROM t again: BREAK")
        .into_iter()
        .map(|statement| match statement.kind {
            StatementKind::Label(name) => name.value,
            _ => String::new(),
        })
        .collect();
    assert_eq!(names, ["", "", "done", "", "again", ""]);
}

#[test]
fn parameter_lists_are_read_as_text() {
    let list = |text| parse_parameters(text, ParseOptions::default());
    let parameters =
        list("@a int, @b AS nvarchar(max) = N'x' OUTPUT, @t dbo.tt READONLY").expect("a list");
    let shown: Vec<_> = parameters
        .iter()
        .map(|p| {
            format!(
                "{} {} {} {}",
                p.name, p.data_type.name, p.output, p.readonly
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "@a int false false",
            "@b nvarchar true false",
            "@t dbo.tt false true"
        ]
    );
    assert_eq!(list("  ").map(|parameters| parameters.len()), Ok(0));
    assert_eq!(list("@a").map_err(|error| error.number), Err(102));
    assert_eq!(
        list("@a int; SELECT 1").map_err(|error| error.number),
        Err(102)
    );
}
