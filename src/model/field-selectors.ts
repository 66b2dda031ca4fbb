import { SelectorError } from "./selector-requirement.ts";

/** Fields by path: `spec.nodeName`. A field that is absent has the value "". */
export type Fields = Readonly<Record<string, string>>;

export interface FieldTerm {
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

/** Terms of a field selector string, sorted by their text. Throws `SelectorError` with upstream's text. */
export function parseFieldSelector(text: string): FieldTerm[] {
  const terms: FieldTerm[] = [];
  for (const part of splitTerms(text).sort()) {
    if (part === "") continue;
    const term = parseTerm(part);
    if (term === undefined) throw new SelectorError(`invalid selector: '${text}'; can't understand '${part}'`);
    terms.push({ ...term, value: withoutEscapes(term.value) });
  }
  return terms;
}

/** Splits at commas that no backslash escapes. */
function splitTerms(text: string): string[] {
  const parts: string[] = [];
  let part = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === ",") {
      parts.push(part);
      part = "";
    } else {
      part += character;
      if (character === "\\" && at + 1 < text.length) part += text[++at]!;
    }
  }
  parts.push(part);
  return parts;
}

function parseTerm(part: string): FieldTerm | undefined {
  for (let at = 0; at < part.length; at++) {
    if (part.startsWith("!=", at)) return { field: part.slice(0, at), operator: "!=", value: part.slice(at + 2) };
    if (part.startsWith("==", at)) return { field: part.slice(0, at), operator: "=", value: part.slice(at + 2) };
    if (part[at] === "=") return { field: part.slice(0, at), operator: "=", value: part.slice(at + 1) };
  }
  return undefined;
}

function withoutEscapes(value: string): string {
  let out = "";
  for (let at = 0; at < value.length; at++) {
    const character = value[at]!;
    if (character === "\\") {
      const next = value[++at];
      if (next === undefined) throw new SelectorError("invalid field selector: invalid escape sequence: \\");
      if (!"\\,=".includes(next)) throw new SelectorError(`invalid field selector: invalid escape sequence: \\${next}`);
      out += next;
    } else if (character === "," || character === "=") {
      throw new SelectorError(`invalid field selector: unescaped character in value: ${character}`);
    } else {
      out += character;
    }
  }
  return out;
}

/** An equality with neither name nor value asks nothing, as upstream has it. */
export function matchesFields(terms: readonly FieldTerm[], fields: Fields): boolean {
  return terms.every(({ field, operator, value }) => ((fields[field] ?? "") === value) === (operator === "="));
}

export function formatFieldSelector(terms: readonly FieldTerm[]): string {
  const escaped = (value: string): string => value.replace(/[\\,=]/g, (character) => `\\${character}`);
  return terms.map(({ field, operator, value }) => `${field}${operator}${escaped(value)}`).join(",");
}
