import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/**
 * What became of one recorded case: `difference` names the first thing that differs, absent when all is equal. `figures`
 * were measured and are printed either way.
 */
export interface CaseResult {
  readonly group: string;
  readonly id: string;
  readonly difference?: string;
  readonly figures?: string;
}

/** One folder of recordings and the code that replays them. An area ignores files it does not know. */
export interface Area {
  readonly name: string;
  /** The folder of the carried recordings. Default: the area's name. */
  readonly carried?: string;
  replay(recordings: Recordings): Iterable<CaseResult>;
}

/** A directory of recordings; `name.jsonl` also finds `name.jsonl.gz`. */
export class Recordings {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Names of all recordings, without `.gz`, sorted. */
  names(): string[] {
    const names = readdirSync(this.#directory).map((name) => name.replace(/\.gz$/, ""));
    return [...new Set(names)].sort();
  }

  has(name: string): boolean {
    return existsSync(join(this.#directory, name)) || existsSync(join(this.#directory, `${name}.gz`));
  }

  text(name: string): string {
    const plain = join(this.#directory, name);
    if (existsSync(plain)) return readFileSync(plain, "utf8");
    return gunzipSync(readFileSync(`${plain}.gz`)).toString("utf8");
  }

  json<T>(name: string): T {
    return JSON.parse(this.text(name)) as T;
  }

  /** The cases of a `.jsonl` file; none when the directory has no such file. */
  lines<T>(name: string): T[] {
    if (!this.has(name)) return [];
    const lines = this.text(name).split("\n");
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as T);
  }
}

/** The first difference between two JSON values as `path: expected …, got …`; `undefined` when they are equal. */
export function firstDifference(expected: unknown, actual: unknown, path = "$"): string | undefined {
  if (Object.is(expected, actual)) return undefined;
  const described = `${path}: expected ${shown(expected)}, got ${shown(actual)}`;
  if (typeof expected !== "object" || typeof actual !== "object" || expected === null || actual === null) return described;
  if (Array.isArray(expected) !== Array.isArray(actual)) return described;
  if (Array.isArray(expected) && expected.length !== (actual as unknown[]).length) return `${described} (length)`;
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  for (const key of keys) {
    const [left, right] = [expected, actual].map((value) => (value as Record<string, unknown>)[key]);
    const difference = firstDifference(left, right, `${path}.${key}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
