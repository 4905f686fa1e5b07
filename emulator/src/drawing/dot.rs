//! A picture in the language of Graphviz.

use std::fmt::Write as _;

use super::picture::{Mark, Picture, Stroke};

/// The picture as a graph with clusters.
pub(super) fn write(picture: &Picture) -> String {
    let mut text = String::from("digraph network {\n");
    text.push_str("  rankdir=LR; compound=true; fontname=\"sans-serif\";\n");
    text.push_str("  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\"];\n");
    text.push_str("  edge [fontname=\"sans-serif\", fontsize=10];\n");
    if !picture.caption.is_empty() {
        let _ = writeln!(text, "  label={}; labelloc=t;", quoted(&picture.caption));
    }
    for number in &picture.outermost {
        write_box(&mut text, picture, *number, 1);
    }
    for line in &picture.lines {
        let mut traits = vec![format!("color=\"{}\"", line.mark.colour())];
        if line.mark != Mark::None {
            traits.push(format!("penwidth={}", line.mark.width()));
        }
        if !line.label.is_empty() {
            traits.push(format!(
                "label={}",
                quoted(std::slice::from_ref(&line.label))
            ));
        }
        match line.stroke {
            Stroke::Plain => traits.push("dir=none".to_owned()),
            Stroke::Arrow => (),
            Stroke::Dashed => traits.push("dir=none, style=dashed".to_owned()),
        }
        let has_inside = |number: usize| !picture.boxes[number].inside.is_empty();
        if has_inside(line.from) {
            traits.push(format!("ltail=cluster_n{}", line.from));
        }
        if has_inside(line.to) {
            traits.push(format!("lhead=cluster_n{}", line.to));
        }
        let _ = writeln!(
            text,
            "  n{} -> n{} [{}];",
            line.from,
            line.to,
            traits.join(", ")
        );
    }
    text.push_str("}\n");
    text
}

fn write_box(text: &mut String, picture: &Picture, number: usize, depth: usize) {
    let found = &picture.boxes[number];
    let indent = "  ".repeat(depth);
    let words = quoted(&found.words);
    let (fill, colour, width) = (found.kind.fill(), found.mark.colour(), found.mark.width());
    if found.inside.is_empty() {
        let _ = writeln!(
            text,
            "{indent}n{number} [label={words}, fillcolor=\"{fill}\", color=\"{colour}\", penwidth={width}];"
        );
        return;
    }
    let _ = writeln!(text, "{indent}subgraph cluster_n{number} {{");
    let _ = writeln!(
        text,
        "{indent}  label={words}; style=\"rounded,filled\"; fillcolor=\"{fill}\"; color=\"{colour}\"; penwidth={width};"
    );
    // Lines begin and end at nodes; a cluster's are clipped at its border.
    let _ = writeln!(text, "{indent}  n{number} [shape=point, style=invis];");
    for inside in &found.inside {
        write_box(text, picture, *inside, depth + 1);
    }
    let _ = writeln!(text, "{indent}}}");
}

/// Lines of text as one quoted string.
fn quoted(lines: &[String]) -> String {
    let mut text = String::from("\"");
    for (number, line) in lines.iter().enumerate() {
        if number > 0 {
            text.push_str("\\n");
        }
        for c in line.chars() {
            match c {
                '"' | '\\' => {
                    text.push('\\');
                    text.push(c);
                }
                c if c.is_control() => text.push(' '),
                c => text.push(c),
            }
        }
    }
    text.push('"');
    text
}
