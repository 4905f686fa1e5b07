//! Paths of ARM resources: taken apart without regard to case, doubled slashes or a slash at the end.

/// A path under `/subscriptions/{id}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ResourcePath {
    /// The subscription, as written.
    pub(super) subscription: String,
    /// The resource group.
    pub(super) group: Option<String>,
    /// The provider namespace; none in paths such as `/subscriptions/{id}/resourceGroups`.
    pub(super) namespace: Option<String>,
    /// Types and names after the namespace, in pairs.
    pub(super) pairs: Vec<(String, String)>,
    /// What is left over: a collection, or an action on the resource before it.
    pub(super) tail: Option<String>,
}

/// The segments of a path, decoded; none if the encoding is broken.
pub(super) fn segments(path: &str) -> Option<Vec<String>> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(percent_decode)
        .collect()
}

impl ResourcePath {
    /// Reads the segments after `subscriptions`.
    pub(super) fn parse(segments: &[String]) -> Option<Self> {
        let mut path = Self::default();
        let (subscription, mut rest) = segments.split_first()?;
        path.subscription.clone_from(subscription);
        if let [word, group, after @ ..] = rest
            && word.eq_ignore_ascii_case("resourceGroups")
        {
            path.group = Some(group.clone());
            rest = after;
        }
        // A group's own children, such as `…/resourceGroups/rg/resources`, have no provider.
        if let [word, namespace, after @ ..] = rest
            && word.eq_ignore_ascii_case("providers")
        {
            path.namespace = Some(namespace.clone());
            rest = after;
        }
        let mut pairs = rest.chunks_exact(2);
        path.pairs = pairs
            .by_ref()
            .map(|pair| (pair[0].clone(), pair[1].clone()))
            .collect();
        path.tail = pairs.remainder().first().cloned();
        Some(path)
    }

    /// The type that the path names, without what is left over: `managedInstances/databases`.
    pub(super) fn type_name(&self) -> String {
        let words: Vec<&str> = self.pairs.iter().map(|(word, _)| word.as_str()).collect();
        words.join("/")
    }

    /// The name at this depth.
    pub(super) fn name(&self, depth: usize) -> &str {
        self.pairs.get(depth).map_or("", |(_, name)| name)
    }

    /// The group's name, as written.
    pub(super) fn group_name(&self) -> &str {
        self.group.as_deref().unwrap_or_default()
    }
}

/// Decodes `%41`; none if it is broken or not UTF-8.
pub(super) fn percent_decode(text: &str) -> Option<String> {
    decode(text, false)
}

/// The same for queries and forms, where `+` is a blank.
pub(super) fn form_decode(text: &str) -> Option<String> {
    decode(text, true)
}

/// The pairs of a query or form.
pub(super) fn form_pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .filter_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((form_decode(name)?, form_decode(value)?))
        })
        .collect()
}

/// Encodes a value for a query.
pub(super) fn percent_encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn decode(text: &str, plus_is_blank: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                bytes.push((high * 16 + low) as u8);
            }
            b'+' if plus_is_blank => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(path: &str) -> ResourcePath {
        ResourcePath::parse(&segments(path).expect("decodes")[1..]).expect("a subscription")
    }

    #[test]
    fn paths_are_taken_apart() {
        let path = parsed(
            "/Subscriptions/s//resourcegroups/rg/Providers/microsoft.sql/MANAGEDINSTANCES/mi/databases/d%20b/",
        );
        assert_eq!(path.group_name(), "rg");
        assert_eq!(path.namespace.as_deref(), Some("microsoft.sql"));
        assert_eq!(path.type_name(), "MANAGEDINSTANCES/databases");
        assert_eq!(path.name(1), "d b");
        assert_eq!(path.tail, None);
    }

    #[test]
    fn an_odd_segment_is_a_tail() {
        let path = parsed(
            "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/mi/databases",
        );
        assert_eq!(path.type_name(), "managedInstances");
        assert_eq!(path.tail.as_deref(), Some("databases"));
        assert_eq!(
            parsed("/subscriptions/s/resourceGroups").tail.as_deref(),
            Some("resourceGroups")
        );
        assert_eq!(segments("/a/%zz"), None);
    }
}
