/** Where a mistake stands, counted from 1; `file` as the user named it, relative to the folder of the scenario. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One mistake of the user's. Printed as `file:line:column: path: expected …, got … [CODE]`. */
export interface Complaint {
  readonly code: string;
  readonly at: Location;
  /** `spec.faults[0].at`; empty for a file as a whole. */
  readonly path: string;
  readonly expected: string;
  readonly found: string;
}

/** Notes a mistake: where in the document, what would be right, and what stands there. */
export type Complain = (code: string, path: readonly PropertyKey[], expected: string, found: unknown) => void;

/** Everything wrong with what the user brought, all at once. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";
  readonly complaints: readonly Complaint[];

  constructor(complaints: readonly Complaint[]) {
    super(complaints.map(complaintText).join("\n"));
    this.complaints = complaints;
  }
}

export function complaintText({ at, path, expected, found, code }: Complaint): string {
  const subject = path === "" ? "" : `${path}: `;
  return `${at.file}:${at.line}:${at.column}: ${subject}expected ${expected}, got ${found} [${code}]`;
}

/** A value as shown in a complaint: short, quoted where it is text. */
export function shown(value: unknown): string {
  const text = value === undefined ? "nothing" : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
