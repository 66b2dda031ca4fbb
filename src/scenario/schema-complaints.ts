import type { z } from "zod";
import { type Complaint, shown } from "./complaint.ts";
import type { YamlDocument } from "./yaml-file.ts";

/** zod's issues as complaints with a place. `path`: where in the document what was parsed stands. */
export function complaintsOf(
  error: z.ZodError,
  document: YamlDocument,
  path: readonly PropertyKey[] = [],
): Complaint[] {
  return error.issues.flatMap((issue) => fromIssue(issue as z.core.$ZodIssue, path, document));
}

function fromIssue(issue: z.core.$ZodIssue, prefix: readonly PropertyKey[], document: YamlDocument): Complaint[] {
  const path = [...prefix, ...issue.path];
  const found = shown(valueAt(document.value, path));
  const complaint = (code: string, expected: string): Complaint[] => [
    { code, at: document.locate(path), path: pathText(path), expected, found },
  ];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        code: "UNKNOWN_FIELD",
        at: document.locate(path, key),
        path: pathText([...path, key]),
        expected: "a field that exists here",
        found: shown(key),
      }));
    case "invalid_type": {
      const missing = valueAt(document.value, path) === undefined;
      return complaint(missing ? "MISSING_FIELD" : "WRONG_TYPE", article(issue.expected));
    }
    case "invalid_value":
      return complaint("BAD_VALUE", issue.values.map((value) => shown(value)).join(" or "));
    case "invalid_union":
      return fromUnion(issue, path, document, found);
    case "too_small":
      return complaint("TOO_SMALL", `at least ${issue.minimum}`);
    case "too_big":
      return complaint("TOO_BIG", `at most ${issue.maximum}`);
    default: {
      const [code, expected] = issue.message.split("|");
      return expected === undefined ? complaint("BAD_VALUE", issue.message) : complaint(code!, expected);
    }
  }
}

/** Of the alternatives, the one that came closest: its complaints are what the user wants to read. */
function fromUnion(
  issue: Extract<z.core.$ZodIssue, { code: "invalid_union" }>,
  path: readonly PropertyKey[],
  document: YamlDocument,
  found: string,
): Complaint[] {
  const value = valueAt(document.value, path);
  const { discriminator } = issue as { discriminator?: string };
  if (discriminator !== undefined || issue.errors.length === 0) {
    const at = [...path];
    return [
      {
        code: "BAD_VALUE",
        at: document.locate(at),
        path: pathText(at),
        expected: "one of the known kinds",
        found: shown(value),
      },
    ];
  }
  const sameShape = issue.errors.filter(
    (issues) => !issues.some(({ code, path: inner }) => code === "invalid_type" && inner.length === 0),
  );
  const candidates = sameShape.length > 0 ? sameShape : issue.errors;
  const deepest = (issues: readonly z.core.$ZodIssue[]): number =>
    Math.max(...issues.map((inner) => inner.path.length));
  const [closest] = [...candidates].sort((a, b) => a.length - b.length || deepest(b) - deepest(a));
  if (sameShape.length === 0) {
    const types = issue.errors.flatMap((issues) =>
      issues.map((inner) => ("expected" in inner ? article(String(inner.expected)) : inner.message)),
    );
    return [
      {
        code: "WRONG_TYPE",
        at: document.locate(path),
        path: pathText(path),
        expected: [...new Set(types)].join(" or "),
        found,
      },
    ];
  }
  return closest!.flatMap((inner) => fromIssue(inner, path, document));
}

function article(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = (current as Record<PropertyKey, unknown>)[key];
  }
  return current;
}

/** `spec.faults[0].at`. */
export function pathText(path: readonly PropertyKey[]): string {
  let text = "";
  for (const key of path) text += typeof key === "number" ? `[${key}]` : text === "" ? String(key) : `.${String(key)}`;
  return text;
}
