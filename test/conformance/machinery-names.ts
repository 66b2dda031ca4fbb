import {
  configMapKey,
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  dns1123SubdomainWithUnderscore,
  envVarName,
  httpHeaderName,
  labelValue,
  percent,
  portName,
  portNumber,
  qualifiedName,
  relaxedEnvVarName,
  validateAnnotations,
  validateFinalizerName,
  validateLabels,
  wildcardDns1123Subdomain,
} from "../../src/model/index.ts";
import { type CaseResult, firstDifference, type Recordings } from "./area.ts";
import { type RecordedLine, replayLines } from "./machinery-replay.ts";
import { recordedError } from "./machinery-selectors.ts";

interface NameLine extends RecordedLine {
  readonly rule: string;
  readonly value: string;
  readonly messages?: readonly string[];
  readonly errors?: readonly unknown[];
}

const rules: Readonly<Record<string, (value: string) => string[]>> = {
  configMapKey,
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  dns1123SubdomainWithUnderscore,
  envVarName,
  httpHeaderName,
  labelValue,
  percent,
  portName,
  portNumber: (value) => portNumber(Number(value)),
  qualifiedName,
  relaxedEnvVarName,
  wildcardDns1123Subdomain,
};

export function names(recordings: Recordings): Iterable<CaseResult> {
  return replayLines<NameLine>(recordings, "names", ({ rule, value, messages, errors }) => {
    const labels = value as unknown as Readonly<Record<string, string>>;
    switch (rule) {
      case "labels":
        return firstDifference(errors, validateLabels(labels, "metadata.labels").map(recordedError));
      case "annotations":
        return firstDifference(errors, validateAnnotations(labels, "metadata.annotations").map(recordedError));
      case "finalizer":
        return firstDifference(errors, validateFinalizerName(value, "metadata.finalizers").map(recordedError));
      default:
        return firstDifference(messages, rules[rule]?.(value) ?? "no such rule");
    }
  });
}
