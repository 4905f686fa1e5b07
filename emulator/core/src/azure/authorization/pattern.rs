//! Patterns of actions, such as `Microsoft.Sql/managedInstances/*/read`.

/// Whether an action fits a pattern, in which `*` stands for anything. Case does not matter.
pub(super) fn fits(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.as_bytes(), action.as_bytes());
    let (mut p, mut a) = (0, 0);
    // Where the last star was, and how much of the action it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while a < action.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, a));
                p += 1;
            }
            Some(byte) if byte.eq_ignore_ascii_case(&action[a]) => {
                p += 1;
                a += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    a = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, action, result) in [
            ("*", "a/b/read", true),
            ("*/read", "Microsoft.Sql/managedInstances/Read", true),
            ("*/read", "Microsoft.Sql/managedInstances/write", false),
            (
                "Microsoft.Sql/*",
                "microsoft.sql/managedinstances/write",
                true,
            ),
            ("Microsoft.Sql/*/read", "Microsoft.Sql/a/b/read", true),
            ("Microsoft.Sql/*/read", "Microsoft.Sql/read", false),
            ("a/b", "a/bc", false),
            ("a/bc", "a/b", false),
            ("a*b*c", "a/x/b/y/b/c", true),
            ("", "a", false),
        ] {
            assert_eq!(fits(pattern, action), result, "{pattern} {action}");
        }
    }
}
