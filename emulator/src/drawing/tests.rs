use std::io::{ErrorKind, Write as _};
use std::process::{Command, Stdio};

use expect_test::{expect, expect_file};
use milink_core::World;
use milink_core::azure::fabric::Records;
use milink_core::path::{Ask, Vantage, evaluate};

use super::picture::{Kind, Picture, Stroke};
use super::{Format, dot, draw, mermaid, svg};
use crate::ways::sample::{HOST, PRIVATE_ZONE, approve, balance, record_set, surround, town};

fn drawn(world: &World, from: &str, host: &str, port: u16, format: Format) -> String {
    let from = Vantage::parse(world, from).unwrap();
    let verdict = evaluate(world, &Ask::new(&from, host, port));
    draw(world, Some((&from, &verdict)), format)
}

#[test]
fn a_way_that_breaks_is_marked_where_it_breaks() {
    let world = town();
    let drawing = drawn(&world, "vm:vm-app", "10.9.1.4", 1433, Format::Mermaid);
    expect![[r#"
        %% from vm:vm-app: not reachable: pe.pending
        %% 10.9.1.4 (literal)
        flowchart LR
          subgraph n0["app-vnet<br/>10.9.0.0/16"]
            subgraph n1["app<br/>10.9.0.0/24"]
              n2["vm-app<br/>virtual machine<br/>10.9.0.4"]
            end
            subgraph n3["pe<br/>10.9.1.0/24"]
              n4["pe-mi1<br/>private endpoint<br/>10.9.1.4<br/>Pending"]
            end
          end
          subgraph n5["mi-vnet<br/>10.1.0.0/16"]
            subgraph n6["mi<br/>10.1.1.0/24"]
              n7["mi1<br/>managed instance<br/>10.1.1.254<br/>Default"]
            end
          end
          n8["privatelink.6d710bcf372b.database.windows.net<br/>private DNS zone<br/>mi1 A 10.9.1.4"]
          n9["pe.pending<br/>approve the connection<br/>pe-mi1-88b894e1-401e-425b-b86c-9a98359e0b62<br/>of private endpoint pe-mi1"]
          n8 -.-|"heard"| n0
          n4 -.-|"Pending"| n7
          n2 ==> n4
          n4 ==> n9
          style n2 stroke:#15803d,stroke-width:3px
          linkStyle 2 stroke:#15803d,stroke-width:3px
          style n4 stroke:#dc2626,stroke-width:3px
          style n9 stroke:#dc2626,stroke-width:3px
          linkStyle 3 stroke:#dc2626,stroke-width:3px
    "#]].assert_eq(&drawing);
}

#[test]
fn every_way_is_marked_and_where_each_breaks() {
    let mut world = town();
    approve(&mut world);
    balance(&mut world);
    let front = Records::A(vec!["10.9.0.5".parse().unwrap()]);
    record_set(&mut world, PRIVATE_ZONE, "mi1", front);
    let drawing = drawn(&world, "vm:vm-app", HOST, 1433, Format::Mermaid);
    expect_file!["golden/ways.mmd"].assert_eq(&drawing);
    // The same marks, whoever draws them.
    let graph = drawn(&world, "vm:vm-app", HOST, 1433, Format::Dot);
    let picture = drawn(&world, "vm:vm-app", HOST, 1433, Format::Svg);
    let red = |text: &str| text.matches("#dc2626").count();
    assert_eq!((red(&drawing), red(&graph), red(&picture)), (3, 3, 3));
}

#[test]
fn a_name_that_leads_nowhere_is_noted_at_the_vantage() {
    let world = town();
    let drawing = drawn(&world, "internet", "nobody.example", 1433, Format::Mermaid);
    let end: Vec<&str> = drawing.lines().skip(12).map(str::trim).collect();
    expect![[r#"
        subgraph n6["mi<br/>10.1.1.0/24"]
        n7["mi1<br/>managed instance<br/>10.1.1.254<br/>Default"]
        end
        end
        n8["privatelink.6d710bcf372b.database.windows.net<br/>private DNS zone<br/>mi1 A 10.9.1.4"]
        n9["internet"]
        n10["dns.nxdomain<br/>check the name 'nobody.example': no instance<br/>or record of this world has it"]
        n8 -.-|"heard"| n0
        n4 -.-|"Pending"| n7
        n9 ==> n10
        style n9 stroke:#15803d,stroke-width:3px
        style n10 stroke:#dc2626,stroke-width:3px
        linkStyle 2 stroke:#dc2626,stroke-width:3px"#]].assert_eq(&end.join("\n"));
}

#[test]
fn graphs_and_pictures_show_the_way() {
    let mut world = town();
    approve(&mut world);
    surround(&mut world);
    let from = "onprem:office";
    let graph = drawn(&world, from, "10.9.1.4", 1433, Format::Dot);
    expect_file!["golden/office.dot"].assert_eq(&graph);
    let picture = drawn(&world, "vm:vm-app", HOST, 1433, Format::Svg);
    expect_file!["golden/app.svg"].assert_eq(&picture);
}

#[test]
fn a_world_without_a_network_is_a_drawing_too() {
    let now = milink_core::time::Timestamp::from_unix_seconds(1_770_000_000);
    let world = World::new(1, uuid::Uuid::from_u128(7), now);
    for format in [Format::Mermaid, Format::Dot, Format::Svg] {
        assert!(draw(&world, None, format).lines().count() <= 8);
    }
}

/// Words that would end a string, a tag or a line in one of the languages.
fn hostile() -> Picture {
    let words = [
        "\"];end",
        "<b>&amp;</b>",
        "\\",
        "#quot;",
        "a\nb\u{0}\u{1b}",
        "--> x",
        "' onload='x",
    ];
    let mut picture = Picture {
        caption: vec!["%%{init: {}}%% <svg> \"\n end".to_owned()],
        ..Picture::default()
    };
    let network = picture.add(None, Kind::Network, vec![words[0].to_owned()]);
    for word in words {
        picture.add(Some(network), Kind::Machine, vec![word.to_owned()]);
    }
    picture.join(1, 2, "\"]|<x>\\", Stroke::Arrow);
    let other = picture.add(None, Kind::Note, vec!["]".to_owned()]);
    picture.join(network, other, "", Stroke::Dashed);
    picture
}

#[test]
fn words_stay_words() {
    let picture = hostile();
    expect_file!["golden/hostile.mmd"].assert_eq(&mermaid::write(&picture));
    expect![[r##"
        digraph network {
          rankdir=LR; compound=true; fontname="sans-serif";
          node [shape=box, style="rounded,filled", fontname="sans-serif"];
          edge [fontname="sans-serif", fontsize=10];
          label="%%{init: {}}%% <svg> \"  end"; labelloc=t;
          subgraph cluster_n0 {
            label="\"];end"; style="rounded,filled"; fillcolor="#f4f7fb"; color="#64748b"; penwidth=1;
            n0 [shape=point, style=invis];
            n1 [label="\"];end", fillcolor="#ecfccb", color="#64748b", penwidth=1];
            n2 [label="<b>&amp;</b>", fillcolor="#ecfccb", color="#64748b", penwidth=1];
            n3 [label="\\", fillcolor="#ecfccb", color="#64748b", penwidth=1];
            n4 [label="#quot;", fillcolor="#ecfccb", color="#64748b", penwidth=1];
            n5 [label="a b  ", fillcolor="#ecfccb", color="#64748b", penwidth=1];
            n6 [label="--> x", fillcolor="#ecfccb", color="#64748b", penwidth=1];
            n7 [label="' onload='x", fillcolor="#ecfccb", color="#64748b", penwidth=1];
          }
          n8 [label="]", fillcolor="#fff1f2", color="#64748b", penwidth=1];
          n1 -> n2 [color="#64748b", label="\"]|<x>\\"];
          n0 -> n8 [color="#64748b", dir=none, style=dashed, ltail=cluster_n0];
        }
    "##]].assert_eq(&dot::write(&picture));
    let svg = svg::write(&picture);
    let texts: Vec<&str> = svg
        .lines()
        .filter(|line| line.contains("</text>"))
        .collect();
    expect![[r##"
        <text class="caption" x="10" y="22" font-weight="bold">%%{init: {}}%% &lt;svg&gt; &quot;  end</text>
        <text class="words" x="45" y="58" font-weight="bold">&quot;];end</text>
        <text class="words" x="55" y="98" font-weight="bold">&quot;];end</text>
        <text class="words" x="55" y="148" font-weight="bold">&lt;b&gt;&amp;amp;&lt;/b&gt;</text>
        <text class="words" x="55" y="198" font-weight="bold">\</text>
        <text class="words" x="55" y="248" font-weight="bold">#quot;</text>
        <text class="words" x="55" y="298" font-weight="bold">a b  </text>
        <text class="words" x="55" y="348" font-weight="bold">--&gt; x</text>
        <text class="words" x="55" y="398" font-weight="bold">&#39; onload=&#39;x</text>
        <text class="words" x="242" y="58" font-weight="bold">]</text>
        <text x="87" y="119" text-anchor="middle" font-size="10" stroke="#ffffff" stroke-width="3" paint-order="stroke">&quot;]|&lt;x&gt;\</text>"##]].assert_eq(&texts.join("\n"));
    // A tag is opened as often as it is closed, and nothing but tags has brackets.
    assert_eq!(svg.matches('<').count(), svg.matches('>').count());
    assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
}

#[test]
fn graphviz_reads_the_graphs_where_it_is_installed() {
    let mut world = town();
    surround(&mut world);
    let mut balanced = world.clone();
    approve(&mut balanced);
    balance(&mut balanced);
    let front = Records::A(vec!["10.9.0.5".parse().unwrap()]);
    record_set(&mut balanced, PRIVATE_ZONE, "mi1", front);
    let graphs = [
        dot::write(&hostile()),
        draw(&world, None, Format::Dot),
        drawn(&world, "vm:vm-app", HOST, 1433, Format::Dot),
        drawn(&balanced, "vm:vm-app", HOST, 1433, Format::Dot),
    ];
    for graph in graphs {
        let started = Command::new("dot")
            .arg("-Tcanon")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let mut program = match started {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let _ = writeln!(std::io::stderr(), "skipped: there is no Graphviz here");
                return;
            }
            started => started.unwrap(),
        };
        program
            .stdin
            .take()
            .unwrap()
            .write_all(graph.as_bytes())
            .unwrap();
        let output = program.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && said.is_empty(),
            "{said}\n{graph}"
        );
    }
}
