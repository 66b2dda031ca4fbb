import {
  aggregateText,
  CompiledLabelSelector,
  CompiledNodeSelector,
  compileLabelSelector,
  compileLabelSelectorString,
  
  type FieldError,
  type Fields,
  formatFieldSelector,
  formatLabelSelector,
  type LabelSelector,
  type Labels,
  matchesFields,
  matchesLabelSelector,
  type NodeSelector,
  parseFieldSelector,
  parseLabelSelector,
  SelectorError,
  type SelectableNode,
  type Taint,
  type Toleration,
  toleratesTaint,
  validateLabelSelector,
} from "../../src/model/index.ts";
import { type CaseResult, firstDifference, type Recordings } from "./area.ts";
import { type RecordedLine, replayLines } from "./machinery-replay.ts";

interface Fixtures {
  readonly labelSets: readonly Labels[];
  readonly fieldSets: readonly Fields[];
  readonly nodes: readonly SelectableNode[];
  readonly taints: readonly Taint[];
}

interface SelectorLine extends RecordedLine {
  readonly in: unknown;
}

export function* selectors(recordings: Recordings): Iterable<CaseResult> {
  if (!recordings.has("selectors.fixtures.json")) return;
  const fixtures = recordings.json<Fixtures>("selectors.fixtures.json");
  yield* replayLines<SelectorLine>(recordings, "selectors", (line) => {
    const { id, op, in: asked, ...expected } = line;
    return firstDifference(expected, answer(line, fixtures));
  });
}

function answer(line: SelectorLine, fixtures: Fixtures): unknown {
  try {
    return verdict(line, fixtures);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    if (line.op !== "labelObject") return { error: error.message };
    const selector = line.in as LabelSelector;
    const validation = validateLabelSelector(selector, "spec.selector").map(recordedError);
    return { error: error.message, formatted: formatLabelSelector(selector), validation };
  }
}

/** A field error as the recordings write it. */
export function recordedError({ type, field, detail, text }: FieldError): unknown {
  return { type, field, detail, text };
}

function verdict(line: SelectorLine, { labelSets, fieldSets, nodes, taints }: Fixtures): unknown {
  switch (line.op) {
    case "labelString": {
      const requirements = parseLabelSelector(line.in as string);
      const selector = compileLabelSelectorString(line.in as string);
      return {
        empty: selector.empty,
        matches: labelSets.map((labels) => selector.matches(labels)),
        requirements: requirements.length === 0 ? null : requirements,
        selectable: true,
        string: new CompiledLabelSelector(requirements).toString(),
      };
    }
    case "labelObject": {
      const object = line.in as LabelSelector | null;
      const selector = compileLabelSelector(object);
      const matches = labelSets.map((labels) => selector.matches(labels));
      const uncompiled = labelSets.map((labels) => matchesLabelSelector(object, labels));
      return {
        formatted: formatLabelSelector(object),
        matches: firstDifference(matches, uncompiled) ?? matches,
        string: selector.toString(),
        validation: validateLabelSelector(object, "spec.selector").map(recordedError),
      };
    }
    case "fieldString": {
      const terms = parseFieldSelector(line.in as string);
      return {
        empty: terms.length === 0,
        matches: fieldSets.map((fields) => matchesFields(terms, fields)),
        string: formatFieldSelector(terms),
      };
    }
    case "nodeSelector": {
      const selector = new CompiledNodeSelector(line.in as NodeSelector);
      const { errors } = selector;
      if (errors.length > 0) return { error: aggregateText(errors.map(({ text }) => text)) };
      return { matches: nodes.map((node) => selector.matches(node)) };
    }
    default: {
      const toleration = line.in as Toleration;
      return {
        tolerates: taints.map((taint) => toleratesTaint(toleration, taint)),
        toleratesWithComparisonGate: taints.map((taint) => toleratesTaint(toleration, taint, true)),
      };
    }
  }
}
