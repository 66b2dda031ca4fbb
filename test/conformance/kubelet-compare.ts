import type { KubeletCase, Line } from "./kubelet-case.ts";

/**
 * The first instant at which the two lists differ as multisets. Left out, as the README says: garbage collection, lines without
 * content, texts of Go-internal errors, and instants at which the real kubelet's own runs differed.
 */
export function differenceOfLines(recorded: KubeletCase, lines: readonly Line[]): string | undefined {
  const unstable = new Set(recorded.unstableAtMs ?? []);
  const expected = byInstant(recorded.expect, unstable);
  const actual = byInstant(lines, unstable);
  const instants = [...new Set([...expected.keys(), ...actual.keys()])].sort((left, right) => left - right);
  for (const atMs of instants) {
    const [missing, surplus] = unmatched(expected.get(atMs) ?? [], actual.get(atMs) ?? []);
    if (missing.length > 0 || surplus.length > 0)
      return `at ${atMs} ms: expected ${shown(missing)}, got ${shown(surplus)}`;
  }
  return undefined;
}

function shown([first, ...others]: readonly string[]): string {
  if (first === undefined) return "nothing more";
  return `${first.slice(0, 300)}${others.length > 0 ? ` and ${others.length} more` : ""}`;
}

function unmatched(expected: readonly string[], actual: readonly string[]): [string[], string[]] {
  const surplus = [...actual];
  const missing = expected.filter((line) => {
    const at = surplus.indexOf(line);
    if (at >= 0) surplus.splice(at, 1);
    return at < 0;
  });
  return [missing, surplus];
}

function byInstant(lines: readonly Line[], unstable: ReadonlySet<number>): Map<number, string[]> {
  const instants = new Map<number, string[]>();
  const stopped = new Set<string>();
  for (const line of lines) {
    const { atMs, ...rest } = line;
    const again = rest.call === "StopPodSandbox" && stopped.has(String(rest.pod));
    if (rest.call === "RunPodSandbox") stopped.delete(String(rest.pod));
    if (rest.call === "StopPodSandbox") stopped.add(String(rest.pod));
    if (unstable.has(atMs) || again || !compared(rest)) continue;
    const text = canonical({ ...rest, ...(typeof rest.message === "string" && { message: withoutGo(rest.message) }) });
    instants.set(atMs, [...(instants.get(atMs) ?? []), text]);
  }
  return instants;
}

function compared(line: Omit<Line, "atMs">): boolean {
  if (line.what === "podCgroup") return false;
  if (line.what === "status") return Object.keys(line).length > 2;
  return line.call !== "RemoveContainer" && line.call !== "RemovePodSandbox";
}

function withoutGo(message: string): string {
  return message.replace(/(errored and resulted in unknown state: ).*/s, "$1…");
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1)))
      : inner,
  );
}
