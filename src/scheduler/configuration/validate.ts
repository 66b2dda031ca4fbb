import { aggregateText, duplicate, type FieldError, invalid, required } from "../../model/index.ts";
import { argsErrors } from "./args-validation.ts";
import {
  ConfigurationError,
  type KubeSchedulerConfiguration,
  type KubeSchedulerProfile,
} from "./kube-scheduler-configuration.ts";

/** Refuses what upstream's validation refuses, with all complaints at once; `field` is that of the first. */
export function validateConfiguration(configuration: KubeSchedulerConfiguration): void {
  const errors = configurationErrors(configuration);
  if (errors.length === 0) return;
  throw new ConfigurationError("validate", errors[0]!.field, aggregateText(errors.map(({ text }) => text)));
}

function configurationErrors(configuration: KubeSchedulerConfiguration): FieldError[] {
  const { parallelism = 16, percentageOfNodesToScore, profiles = [], extenders = [] } = configuration;
  const { podInitialBackoffSeconds: initial = 1, podMaxBackoffSeconds: longest = 10 } = configuration;
  const errors: FieldError[] = [];
  if (parallelism <= 0)
    errors.push(invalid("parallelism", parallelism, "should be an integer value greater than zero"));
  errors.push(...profilesErrors(profiles));
  errors.push(...percentageErrors(percentageOfNodesToScore, "percentageOfNodesToScore"));
  if (initial <= 0) errors.push(invalid("podInitialBackoffSeconds", initial, "must be greater than 0"));
  if (longest < initial) {
    const detail = "must be greater than or equal to PodInitialBackoffSeconds";
    errors.push(invalid("podMaxBackoffSeconds", longest, detail));
  }
  errors.push(...extendersErrors(extenders as readonly Extender[]));
  return errors;
}

function percentageErrors(percentage: number | undefined, field: string): FieldError[] {
  if (percentage === undefined || (percentage >= 0 && percentage <= 100)) return [];
  return [invalid(field, percentage, "not in valid range [0-100]")];
}

function profilesErrors(profiles: readonly KubeSchedulerProfile[]): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, profile] of profiles.entries()) {
    const path = `profiles[${index}]`;
    errors.push(...profileErrors(profile, path, profiles.length));
    const name = profile.schedulerName ?? (profiles.length === 1 ? "default-scheduler" : "");
    if (seen.has(name)) errors.push(duplicate(`${path}.schedulerName`, name));
    seen.add(name);
  }
  errors.push(...queueSortErrors(profiles));
  return errors;
}

function profileErrors(profile: KubeSchedulerProfile, path: string, count: number): FieldError[] {
  const errors: FieldError[] = [];
  // The only profile may go without a name; it is then the default scheduler's.
  if (profile.schedulerName === "" || (profile.schedulerName === undefined && count > 1)) {
    errors.push(required(`${path}.schedulerName`));
  }
  errors.push(...percentageErrors(profile.percentageOfNodesToScore, `${path}.percentageOfNodesToScore`));
  const seen = new Set<string>();
  for (const [index, { name, args }] of (profile.pluginConfig ?? []).entries()) {
    const at = `${path}.pluginConfig[${index}]`;
    if (seen.has(name)) errors.push(duplicate(at, name));
    else errors.push(...argsErrors(name, args, `${at}.args`));
    seen.add(name);
  }
  return errors;
}

/** All profiles share one queue, so they must sort it alike. */
function queueSortErrors(profiles: readonly KubeSchedulerProfile[]): FieldError[] {
  const sortOf = ({ plugins }: KubeSchedulerProfile): string => JSON.stringify(plugins?.queueSort?.enabled ?? []);
  const errors: FieldError[] = [];
  for (const [index, profile] of profiles.entries()) {
    if (index === 0 || sortOf(profile) === sortOf(profiles[0]!)) continue;
    const field = `profiles[${index}].plugins.queueSort`;
    errors.push(invalid(field, profile.plugins?.queueSort ?? null, "queueSort must be the same for all profiles"));
  }
  return errors;
}

interface Extender {
  readonly bindVerb?: string;
  readonly prioritizeVerb?: string;
  readonly weight?: number;
}

function extendersErrors(extenders: readonly Extender[]): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, { prioritizeVerb = "", weight = 0 }] of extenders.entries()) {
    if (prioritizeVerb !== "" && weight <= 0) {
      errors.push(invalid(`extenders[${index}].weight`, weight, "must have a positive weight applied to it"));
    }
  }
  const binders = extenders.filter(({ bindVerb = "" }) => bindVerb !== "").length;
  if (binders > 1)
    errors.push(
      invalid("extenders", `found ${binders} extenders implementing bind`, "only one extender can implement bind"),
    );
  return errors;
}
