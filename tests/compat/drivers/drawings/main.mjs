// Drawings of the network as their own readers take them: `main.mjs list` names the tests, `main.mjs TEST` runs one.
//
// The emulator's golden drawings are read, too: they have words that would end a string or a tag if they could.

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { strict as assert } from "node:assert";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const SKIPPED = 77;
const require = createRequire(join(process.env.MILINK_NODE_MODULES ?? ".", "x.js"));
const GOLDEN = join(dirname(fileURLToPath(import.meta.url)), "../../../../emulator/src/drawing/golden");
const { JSDOM } = require("jsdom");

let ready;

// The world's network, a way that works, and one that breaks.
async function drawings(format, suffix) {
  const host = ready.managedInstances[0].fqdn;
  const base = `${ready.controlUrl.replace("https", "http").replace(/\/$/, "")}/net/drawing?format=${format}`;
  const ways = ["", `&from=mi:${ready.managedInstances[0].name}&host=${host}`, `&from=internet&host=${host}`];
  const drawn = [];
  for (const way of ways) {
    const answer = await fetch(base + way);
    assert.equal(answer.status, 200, await answer.clone().text());
    drawn.push([`${format} ${way}`, await answer.text()]);
  }
  const golden = readdirSync(GOLDEN).filter((name) => name.endsWith(suffix));
  assert.ok(golden.length > 0, `there is no golden ${suffix}`);
  return [...drawn, ...golden.map((name) => [name, readFileSync(join(GOLDEN, name), "utf8")])];
}

const tests = {
  async mermaid() {
    const dom = new JSDOM("");
    globalThis.window = dom.window;
    globalThis.document = dom.window.document;
    const { default: mermaid } = await import(pathToFileURL(require.resolve("mermaid")));
    for (const [name, text] of await drawings("mermaid", ".mmd")) {
      const read = await mermaid.parse(text).catch((error) => assert.fail(`${name}: ${error}\n${text}`));
      assert.equal(read.diagramType, "flowchart-v2", name);
    }
    await assert.rejects(mermaid.parse("flowchart LR\n  a[\"x\"y\"] --> b\n"), "it takes anything");
  },
  async graphviz() {
    const dot = (text) => spawnSync("dot", ["-Tcanon"], { input: text, encoding: "utf8" });
    if (dot("digraph {}").error?.code === "ENOENT") {
      console.log("there is no dot (Graphviz) on this machine");
      process.exit(SKIPPED);
    }
    for (const [name, text] of await drawings("dot", ".dot")) {
      const read = dot(text);
      assert.deepEqual([read.status, read.stderr], [0, ""], `${name}\n${text}`);
    }
    assert.notEqual(dot("digraph { a -> ").status, 0, "it takes anything");
  },
  async svg() {
    const { DOMParser } = new JSDOM("").window;
    const read = (text) => new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    for (const [name, text] of await drawings("svg", ".svg")) {
      const root = read(text);
      assert.equal(root.localName, "svg", `${name}: ${root.textContent}`);
      assert.ok(root.querySelectorAll("text").length > 0, name);
      assert.equal(root.querySelectorAll("script, [onload]").length, 0, name);
    }
    assert.equal(read("<svg><text></svg>").localName, "parsererror", "it takes anything");
  },
};

const word = process.argv[2];
if (word === "list") {
  console.log(Object.keys(tests).join("\n"));
} else {
  ready = JSON.parse(readFileSync(process.env.MILINK_READY, "utf8"));
  tests[word]().then(
    () => process.exit(0),
    (error) => {
      console.log(error.stack ?? error);
      process.exit(1);
    },
  );
}
