// Writes test/conformance/machinery/defaulting.documents.jsonl.gz: the manifests that recorded defaulting cases speak of.
//   node scripts/collect-manifest-documents.mjs SHARED-DATA DEFAULTING.JSONL
// A case names a file and the number of a document in it; all documents of such files are kept, for other cases of the same files.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { parseDocument, visit } from "yaml";

const [, , data, cases] = process.argv;
const named = readFileSync(cases, "utf8")
  .split("\n")
  .filter(Boolean)
  .map((line) => JSON.parse(line).file)
  .filter(Boolean);
const folders = new Set(named.map((file) => dirname(file).split("/").slice(0, 2).join("/")));

function* filesIn(directory) {
  for (const name of readdirSync(directory).sort()) {
    const path = join(directory, name);
    if (statSync(path).isDirectory()) yield* filesIn(path);
    else if (/\.ya?ml$/.test(name)) yield path;
  }
}

/** As kubectl reads YAML: version 1.1 without timestamps and sexagesimal numbers. */
const options = {
  version: "1.1",
  merge: true,
  logLevel: "silent",
  customTags: (tags) => tags.filter((tag) => !/timestamp|TIME/.test(`${tag.tag ?? tag} ${tag.format ?? ""}`)),
};

/** go-yaml gives a block scalar its last line break only if the text has one; cut documents have none. */
function cutLastBreak(document, end) {
  visit(document, {
    Scalar(_key, node) {
      if (/^BLOCK/.test(node.type ?? "") && node.range[1] >= end) node.value = node.value.replace(/\n$/, "");
    },
  });
}

const lines = [];
for (const folder of [...folders].sort()) {
  for (const path of filesIn(join(data, folder))) {
    let doc = 0;
    // As the harness cut them: at the separators, blanks around each document taken off, documents of comments alone not counted.
    for (const text of readFileSync(path, "utf8").split(/^---.*$/m)) {
      if (text.split("\n").every((line) => /^\s*(#.*)?$/.test(line))) continue;
      const document = parseDocument(text.trim(), options);
      cutLastBreak(document, text.trim().length);
      const object = document.errors.length > 0 ? null : document.toJS({ maxAliasCount: -1 });
      if (object?.kind !== "CustomResourceDefinition")
        lines.push(JSON.stringify({ file: relative(data, path), doc, object }));
      doc++;
    }
  }
}
writeFileSync(
  "test/conformance/machinery/defaulting.documents.jsonl.gz",
  gzipSync(`${lines.join("\n")}\n`, { level: 9 }),
);
console.log(`${lines.length} documents`);
