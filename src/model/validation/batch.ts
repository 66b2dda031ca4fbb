import { CronError, parseCron } from "../cron-parser.ts";
import {
  duplicate,
  type FieldError,
  goQuote,
  invalid,
  notSupported,
  required,
  tooLong,
  tooMany,
} from "../field-error.ts";
import type {
  CronJob,
  Job,
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  SuccessPolicyRule,
} from "../generated/api-types.ts";
import { byteLength, dns1123Label, qualifiedName } from "../names.ts";
import { matchesLabelSelector, validateLabelSelector } from "../selectors.ts";
import { isQualified, notNegative, oneOf } from "./checks.ts";
import { shownLabels, validateTemplate } from "./templates.ts";

const maxIndexedParallelism = 100_000;

export function validateJob(job: Job): FieldError[] {
  const { spec, metadata } = job;
  const errors = spec.manualSelector === true ? [] : validateGeneratedSelector(job);
  errors.push(...validateJobSpec(spec, "spec"));
  const labels = spec.template.metadata?.labels;
  if (spec.selector === undefined) errors.push(required("spec.selector"));
  else {
    const selectorErrors = validateLabelSelector(spec.selector, "spec.selector");
    errors.push(...selectorErrors);
    if (selectorErrors.length === 0 && !matchesLabelSelector(spec.selector, labels)) {
      errors.push(
        invalid("spec.template.metadata.labels", shownLabels(labels), "`selector` does not match template `labels`"),
      );
    }
  }
  if (spec.completionMode === "Indexed" && (spec.completions ?? 0) > 0) {
    const last = `${metadata.name}-${spec.completions! - 1}`;
    if (dns1123Label(last).length > 0) {
      errors.push(
        invalid("metadata.name", metadata.name, `will not able to create pod with invalid DNS label: ${last}`),
      );
    }
  }
  return errors;
}

/** A selector that users wrote without saying `manualSelector` is not the one the server made. */
function validateGeneratedSelector({ spec, metadata }: Job): FieldError[] {
  const errors: FieldError[] = [];
  const uid = metadata.uid;
  const labels = spec.template.metadata?.labels ?? {};
  const wanted = { "batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": metadata.name };
  const matchLabels = spec.selector?.matchLabels ?? {};
  const generated =
    Object.keys(matchLabels).length === 1 &&
    matchLabels["batch.kubernetes.io/controller-uid"] === uid &&
    (spec.selector?.matchExpressions?.length ?? 0) === 0;
  for (const [key, value] of Object.entries(wanted)) {
    if (labels[key] !== value) errors.push(invalid("spec.template.metadata.labels", labels, `must be '${value}'`));
  }
  if (!generated) errors.push(invalid("spec.selector", spec.selector, "`selector` not auto-generated"));
  return errors;
}

const mostFailedIndexes = 100_000;
const highCompletions = 100_000;
const parallelismOfHighCompletions = 10_000;
const failedIndexesOfHighCompletions = 10_000;
const longestManager = 63;

/** Upstream: pkg/apis/batch/validation `validateJobSpec`. */
function validateJobSpec(spec: JobSpec, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const { maxFailedIndexes: failures, backoffLimitPerIndex: limit, completionMode, managedBy } = spec;
  for (const key of ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit"] as const) {
    errors.push(...notNegative(spec[key], `${field}.${key}`));
  }
  errors.push(...notNegative(spec.ttlSecondsAfterFinished, `${field}.ttlSecondsAfterFinished`));
  errors.push(...notNegative(limit, `${field}.backoffLimitPerIndex`));
  errors.push(...notNegative(failures, `${field}.maxFailedIndexes`));
  if (failures !== undefined && limit === undefined) {
    errors.push(required(`${field}.backoffLimitPerIndex`, "when maxFailedIndexes is specified"));
  }
  if (managedBy !== undefined) {
    const detail = 'must be a domain-prefixed path (such as "acme.io/foo")';
    if (!isQualified(managedBy)) errors.push(invalid(`${field}.managedBy`, managedBy, detail));
    if (byteLength(managedBy) > longestManager) errors.push(tooLong(`${field}.managedBy`, longestManager));
  }
  errors.push(...oneOf(completionMode, ["NonIndexed", "Indexed"], `${field}.completionMode`));
  if (completionMode === "Indexed") errors.push(...validateIndexed(spec, field));
  if (completionMode === undefined || completionMode === "NonIndexed") {
    const detail = "requires indexed completion mode";
    if (limit !== undefined) errors.push(invalid(`${field}.backoffLimitPerIndex`, limit, detail));
    if (failures !== undefined) errors.push(invalid(`${field}.maxFailedIndexes`, failures, detail));
  }
  errors.push(...validatePodFailurePolicy(spec, `${field}.podFailurePolicy`));
  errors.push(...validateSuccessPolicy(spec, `${field}.successPolicy`));
  const replacements = spec.podFailurePolicy === undefined ? ["Failed", "TerminatingOrFailed"] : ["Failed"];
  errors.push(...oneOf(spec.podReplacementPolicy, replacements, `${field}.podReplacementPolicy`));
  errors.push(...validateTemplate(spec.template, `${field}.template`));
  const policy = spec.template.spec?.restartPolicy;
  const at = `${field}.template.spec.restartPolicy`;
  if (policy === "Always") errors.push(required(at, 'valid values: "OnFailure", "Never"'));
  else if (policy === "OnFailure" && spec.podFailurePolicy !== undefined) {
    errors.push(invalid(at, policy, 'only "Never" is supported when podFailurePolicy is specified'));
  } else errors.push(...oneOf(policy, ["OnFailure", "Never"], at));
  return errors;
}

function validateIndexed(spec: JobSpec, field: string): FieldError[] {
  const { completions, parallelism = 0, maxFailedIndexes: failures, backoffLimitPerIndex } = spec;
  const errors: FieldError[] = [];
  const atMost = (key: string, value: number, most: number, when = ""): void => {
    if (value > most) errors.push(invalid(`${field}.${key}`, value, `must be less than or equal to ${most}${when}`));
  };
  if (completions === undefined) errors.push(required(`${field}.completions`, "when completion mode is Indexed"));
  atMost("parallelism", parallelism, maxIndexedParallelism, " when completion mode is Indexed");
  if (completions !== undefined && failures !== undefined && failures > completions) {
    errors.push(invalid(`${field}.maxFailedIndexes`, failures, "must be less than or equal to completions"));
  }
  atMost("maxFailedIndexes", failures ?? 0, mostFailedIndexes);
  if (completions === undefined || completions <= highCompletions || backoffLimitPerIndex === undefined) return errors;
  if (failures === undefined) {
    errors.push(
      required(`${field}.maxFailedIndexes`, `must be specified when completions is above ${highCompletions}`),
    );
  }
  const when = ` when completions are above ${highCompletions} and used with backoff limit per index`;
  atMost("parallelism", parallelism, parallelismOfHighCompletions, when);
  atMost("maxFailedIndexes", failures ?? 0, failedIndexesOfHighCompletions, when);
  return errors;
}

const mostRules = 20;
const mostExitCodes = 255;
const actions = ["Count", "FailIndex", "FailJob", "Ignore"];

/** `valid values: ["a" "b"]`, as Go prints a list of texts. */
const validValues = (values: readonly string[]): string => `valid values: [${values.map(goQuote).join(" ")}]`;

function requiredOneOf(value: string, supported: readonly string[], field: string): FieldError[] {
  return value === "" ? [required(field, validValues(supported))] : oneOf(value, supported, field);
}

function validatePodFailurePolicy(spec: JobSpec, field: string): FieldError[] {
  const { containers = [], initContainers = [] } = spec.template.spec ?? {};
  const names = [...containers, ...initContainers].map(({ name }) => name);
  const rules = spec.podFailurePolicy?.rules ?? [];
  const errors = rules.length > mostRules ? [tooMany(`${field}.rules`, rules.length, mostRules)] : [];
  for (const [index, { action = "", onExitCodes, onPodConditions = [] }] of rules.entries()) {
    const at = `${field}.rules[${index}]`;
    errors.push(...requiredOneOf(action, actions, `${at}.action`));
    if (action === "FailIndex" && spec.backoffLimitPerIndex === undefined) {
      errors.push(invalid(`${at}.action`, action, "requires the backoffLimitPerIndex to be set"));
    }
    if (onExitCodes !== undefined) errors.push(...validateExitCodes(onExitCodes, names, `${at}.onExitCodes`));
    const conditions = `${at}.onPodConditions`;
    if (onPodConditions.length > mostRules) errors.push(tooMany(conditions, onPodConditions.length, mostRules));
    for (const [position, { type = "", status = "" }] of onPodConditions.entries()) {
      const pattern = `${conditions}[${position}]`;
      errors.push(...qualifiedName(type).map((message) => invalid(`${pattern}.type`, type, message)));
      errors.push(...requiredOneOf(status, ["False", "True", "Unknown"], `${pattern}.status`));
    }
    if (onExitCodes === undefined && onPodConditions.length === 0) {
      errors.push(bare(at, "specifying one of OnExitCodes and OnPodConditions is required"));
    } else if (onExitCodes !== undefined && onPodConditions.length > 0) {
      errors.push(bare(at, "specifying both OnExitCodes and OnPodConditions is not supported"));
    }
  }
  return errors;
}

function validateExitCodes(
  { operator = "", containerName, values = [] }: PodFailurePolicyOnExitCodesRequirement,
  names: readonly string[],
  at: string,
): FieldError[] {
  const errors = requiredOneOf(operator, ["In", "NotIn"], `${at}.operator`);
  if (containerName !== undefined && !names.includes(containerName)) {
    const detail = "must be one of the container or initContainer names in the pod template";
    errors.push(invalid(`${at}.containerName`, containerName, detail));
  }
  const field = `${at}.values`;
  if (values.length === 0) errors.push(invalid(field, values, "at least one value is required"));
  else if (values.length > mostExitCodes) errors.push(tooMany(field, values.length, mostExitCodes));
  for (const [index, value] of values.entries()) {
    const position = `${field}[${index}]`;
    if (operator === "In" && value === 0) errors.push(invalid(position, value, "must not be 0 for the In operator"));
    if (values.indexOf(value) < index) errors.push(duplicate(position, value));
  }
  const ordered = values.every((value, index) => index === 0 || values[index - 1]! <= value);
  return ordered ? errors : [...errors, invalid(field, values, "must be ordered")];
}

/** An invalid value whose type shows itself as nothing. */
const bare = (field: string, detail: string): FieldError => ({
  type: "FieldValueInvalid",
  field,
  detail,
  body: `Invalid value: ${detail}`,
  text: `${field}: Invalid value: ${detail}`,
});

function validateSuccessPolicy(spec: JobSpec, field: string): FieldError[] {
  if (spec.successPolicy === undefined) return [];
  const { rules = [] } = spec.successPolicy;
  if (spec.completionMode !== "Indexed") {
    const shown = rules.map(({ succeededIndexes, succeededCount }) => ({
      SucceededIndexes: succeededIndexes ?? null,
      SucceededCount: succeededCount ?? null,
    }));
    return [invalid(field, { Rules: shown }, "requires indexed completion mode")];
  }
  if (rules.length === 0) {
    return [required(`${field}.rules`, "at least one rules must be specified when the successPolicy is specified")];
  }
  const errors = rules.length > mostRules ? [tooMany(`${field}.rules`, rules.length, mostRules)] : [];
  for (const [index, rule] of rules.entries()) {
    errors.push(...validateSuccessRule(rule, spec.completions ?? 0, `${field}.rules[${index}]`));
  }
  return errors;
}

function validateSuccessRule(rule: SuccessPolicyRule, completions: number, at: string): FieldError[] {
  const { succeededCount: count, succeededIndexes: indexes } = rule;
  const errors: FieldError[] = [];
  if (count === undefined && indexes === undefined) {
    errors.push(required(at, "at least one of succeededCount or succeededIndexes must be specified"));
  }
  const parsed = indexes === undefined ? undefined : parseIndexes(indexes, completions);
  if (typeof parsed === "string") {
    errors.push(invalid(`${at}.succeededIndexes`, indexes, `error parsing succeededIndexes: ${parsed}`));
  }
  if (count === undefined) return errors;
  errors.push(...notNegative(count, `${at}.succeededCount`));
  const bounded = (max: number, noun: string): void => {
    if (count <= max) return;
    errors.push(invalid(`${at}.succeededCount`, count, `must be less than or equal to ${max} (the number of ${noun})`));
  };
  bounded(completions, "specified completions");
  if (parsed !== undefined) {
    bounded(typeof parsed === "string" ? 0 : parsed, "indexes in the specified succeededIndexes field");
  }
  return errors;
}

/** How many indexes `0,2-4` names, or what is wrong with it. */
function parseIndexes(text: string, completions: number): number | string {
  let total = 0;
  let last = -1;
  for (const part of text.split(",")) {
    const limits = part.split("-");
    if (limits.length > 2) return `expected format "x-y" or "x"; got: ${JSON.stringify(part)}`;
    for (const limit of limits) {
      if (!/^[+-]?[0-9]+$/.test(limit)) {
        return `cannot convert string to integer for index: ${JSON.stringify(limit)}`;
      }
      if (Number(limit) >= completions) return `too large index: ${JSON.stringify(limit)}`;
    }
    const [first, final] = [Number(limits[0]), Number(limits[limits.length - 1])];
    if (last >= first) return `non-increasing order, previous: ${last}, current: ${first}`;
    if (first > final) return `non-increasing order, previous: ${first}, current: ${final}`;
    total += final - first + 1;
    last = final;
  }
  return total;
}

export function validateCronJob({ spec, metadata }: CronJob): FieldError[] {
  const errors: FieldError[] = [];
  errors.push(...validateSchedule(spec.schedule, spec.timeZone));
  errors.push(...notNegative(spec.startingDeadlineSeconds, "spec.startingDeadlineSeconds"));
  errors.push(...oneOf(spec.concurrencyPolicy, ["Allow", "Forbid", "Replace"], "spec.concurrencyPolicy"));
  if (spec.jobTemplate.spec !== undefined)
    errors.push(...validateJobTemplate(spec.jobTemplate.spec, "spec.jobTemplate.spec"));
  errors.push(...notNegative(spec.successfulJobsHistoryLimit, "spec.successfulJobsHistoryLimit"));
  errors.push(...notNegative(spec.failedJobsHistoryLimit, "spec.failedJobsHistoryLimit"));
  if (spec.timeZone !== undefined) errors.push(...validateTimeZone(spec.timeZone));
  if (metadata.name.length > 52)
    errors.push(invalid("metadata.name", metadata.name, "must be no more than 52 characters"));
  return errors;
}

function validateJobTemplate(spec: JobSpec, field: string): FieldError[] {
  const errors = validateJobSpec(spec, field);
  if (spec.selector !== undefined) {
    errors.push(invalid(`${field}.selector`, spec.selector, "`selector` will be auto-generated"));
  }
  if (spec.manualSelector === true) errors.push(manualSelectorNotSupported(field));
  return errors;
}

/** A template cannot manage its own selector; the text quotes what Go's pointer could be. */
function manualSelectorNotSupported(field: string): FieldError {
  return notSupported(`${field}.manualSelector`, true, ["nil", "false"]);
}

function validateSchedule(schedule: string, timeZone: string | undefined): FieldError[] {
  const field = "spec.schedule";
  if (schedule === "") return [required(field)];
  try {
    parseCron(schedule);
  } catch (error) {
    if (!(error instanceof CronError)) throw error;
    return [invalid(field, schedule, error.message)];
  }
  if (!schedule.includes("TZ")) return [];
  const detail =
    timeZone === undefined
      ? "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
      : "cannot use both timeZone field and TZ or CRON_TZ in schedule";
  return [invalid(field, schedule, detail)];
}

/** Which zones exist is the edge's knowledge; names that cannot be one are refused here. */
function validateTimeZone(zone: string): FieldError[] {
  const field = "spec.timeZone";
  if (zone === "") return [invalid(field, zone, "timeZone must be nil or non-empty string")];
  if (zone.toLowerCase() === "local") {
    return [
      invalid(field, zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"),
    ];
  }
  const known =
    zone.includes("/") || /^(UTC|GMT|[A-Z]{2,4}[0-9]?([A-Z]{2,4})?)$/.test(zone) || singleWordZones.has(zone);
  return known ? [] : [invalid(field, zone, `unknown time zone ${zone}`)];
}

const singleWordZones: ReadonlySet<string> = new Set(
  "Cuba Egypt Eire Greenwich Hongkong Iceland Iran Israel Jamaica Japan Kwajalein Libya Navajo Poland Portugal Singapore Turkey Universal Zulu".split(
    " ",
  ),
);
