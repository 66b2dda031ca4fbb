import { type Document, isMap, isNode, isPair, LineCounter, type ParseOptions, parseAllDocuments } from "yaml";
import { type Complaint, type Location, ScenarioError } from "./complaint.ts";

/** A scenario is at most this long; manifests and dumps may be any size. */
const longestScenarioBytes = 1_048_576;
/** Aliases may unfold to so many nodes per alias written; beyond that it is a bomb. */
const maxAliasCount = 100;

/** One document of a YAML file, which knows where every key stands. */
export class YamlDocument {
  readonly file: string;
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  /** Plain data; the YAML's mistakes are complaints already. */
  readonly value: unknown;

  constructor(file: string, document: Document.Parsed, lines: LineCounter, value: unknown) {
    this.file = file;
    this.#document = document;
    this.#lines = lines;
    this.value = value;
  }

  /** Where the value at a path stands, or the nearest thing around it. For a map's unknown key: the key. */
  locate(path: readonly PropertyKey[], key?: string): Location {
    if (key !== undefined) {
      const map = this.#document.getIn(path as unknown[], true);
      const pair = isMap(map) ? map.items.find((item) => String(item.key) === key) : undefined;
      if (isPair(pair) && isNode(pair.key) && pair.key.range) return this.#at(pair.key.range[0]);
    }
    for (let length = path.length; length >= 0; length -= 1) {
      const node =
        length === 0 ? this.#document.contents : this.#document.getIn(path.slice(0, length) as unknown[], true);
      if (isNode(node) && node.range) return this.#at(node.range[0]);
    }
    return { file: this.file, line: 1, column: 1 };
  }

  #at(offset: number): Location {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col) };
  }
}

/** Reads every document of a text. What cannot be read becomes complaints; documents that are empty are left out. */
export function readYaml(
  file: string,
  text: string,
  dialect: "scenario" | "manifest",
): { readonly documents: YamlDocument[]; readonly complaints: Complaint[] } {
  const complaints: Complaint[] = [];
  const whole = (code: string, expected: string, found: string): Complaint => ({
    code,
    at: { file, line: 1, column: 1 },
    path: "",
    expected,
    found,
  });
  if (dialect === "scenario" && Buffer.byteLength(text) > longestScenarioBytes) {
    const found = `${Buffer.byteLength(text)} bytes`;
    return { documents: [], complaints: [whole("FILE_TOO_LARGE", "a scenario of at most 1 MiB", found)] };
  }
  if (text.includes("\0")) return { documents: [], complaints: [whole("NOT_TEXT", "YAML text", "binary data")] };
  const lines = new LineCounter();
  const documents: YamlDocument[] = [];
  for (const document of parse(text, lines, dialect)) {
    for (const error of document.errors) {
      const { line, col } = lines.linePos(error.pos[0]);
      const [found = ""] = error.message.split("\n");
      complaints.push({
        code: "YAML_SYNTAX",
        at: { file, line, column: col },
        path: "",
        expected: "valid YAML",
        found,
      });
    }
    if (document.errors.length > 0 || document.contents === null) continue;
    try {
      documents.push(new YamlDocument(file, document, lines, document.toJS({ maxAliasCount })));
    } catch (error) {
      const found = error instanceof Error ? error.message : String(error);
      complaints.push(
        whole("ALIAS_BOMB", `aliases that unfold to at most ${maxAliasCount} times what is written`, found),
      );
    }
  }
  return { documents, complaints };
}

/** Scenarios are YAML 1.2; manifests what kubectl reads: YAML 1.1's booleans and octals and merge keys, but no timestamps and no base 60. */
function parse(text: string, lineCounter: LineCounter, dialect: "scenario" | "manifest"): Document.Parsed[] {
  const options: ParseOptions & { merge?: boolean; customTags?: never } = { lineCounter, prettyErrors: true };
  if (dialect === "scenario")
    return [...(parseAllDocuments(text, { ...options, version: "1.2", uniqueKeys: true }) as Document.Parsed[])];
  return [
    ...(parseAllDocuments(text, {
      ...options,
      version: "1.1",
      merge: true,
      uniqueKeys: false,
      logLevel: "silent",
      customTags: (tags) =>
        tags.filter((tag) => typeof tag === "string" || !skipped.has(`${tag.tag} ${tag.format ?? ""}`)),
    }) as Document.Parsed[]),
  ];
}

/** YAML 1.1's readings that Go's YAML (and so kubectl) does not share. */
const skipped = new Set([
  "tag:yaml.org,2002:timestamp ",
  "tag:yaml.org,2002:int TIME",
  "tag:yaml.org,2002:float TIME",
  "tag:yaml.org,2002:binary ",
]);

export function refuse(complaints: readonly Complaint[]): void {
  if (complaints.length > 0) throw new ScenarioError(complaints);
}
