import { parseDocument } from "yaml";
import type { Market, Option } from "./expanders.ts";

/** Priority, highest first, and the expressions of the groups that have it. */
type Priorities = readonly (readonly [number, readonly RegExp[]])[];

/**
 * The options of the groups with the highest priority. Without a valid map, or without a match, all options pass.
 */
export function groupsOfHighestPriority(options: readonly Option[], market: Market): readonly Option[] {
  if (market.priorities === undefined || market.priorities === "") return options;
  const priorities = parsePriorities(market.priorities);
  if (priorities === undefined) {
    market.complain(
      "PriorityConfigMapInvalid",
      "Wrong configuration for priority expander: invalid YAML. Ignoring update.",
    );
    return options;
  }
  let highest = Number.NEGATIVE_INFINITY;
  let best: Option[] = [];
  for (const option of options) {
    const { id } = option.group.spec;
    let matched = false;
    for (const [priority, patterns] of priorities) {
      if (priority < highest || !patterns.some((pattern) => pattern.test(id))) continue;
      if (priority > highest) {
        highest = priority;
        best = [];
      }
      matched = true;
      best.push(option);
    }
    const known = matched || priorities.some(([, patterns]) => patterns.some((pattern) => pattern.test(id)));
    if (!known) {
      const message = `Priority expander: node group ${id} not found in priority expander configuration. The group won't be used.`;
      market.complain("PriorityConfigMapNotMatchedGroup", message);
    }
  }
  if (best.length > 0) return best;
  const message = "Priority expander: no priorities info found for any of the expansion options. No options filtered.";
  market.complain("PriorityConfigMapNoGroupMatched", message);
  return options;
}

function parsePriorities(text: string): Priorities | undefined {
  const document = parseDocument(text, { uniqueKeys: true });
  if (document.errors.length > 0) return undefined;
  const map = document.toJS({ mapAsMap: true }) as unknown;
  if (!(map instanceof Map)) return undefined;
  const priorities: (readonly [number, readonly RegExp[]])[] = [];
  for (const [priority, patterns] of map) {
    if (!Number.isInteger(priority) || !Array.isArray(patterns)) return undefined;
    try {
      priorities.push([priority as number, patterns.map((pattern) => new RegExp(String(pattern)))]);
    } catch {
      return undefined;
    }
  }
  return priorities.sort(([a], [b]) => b - a);
}
