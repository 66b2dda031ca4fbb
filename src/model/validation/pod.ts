import { duplicate, type FieldError, forbidden, invalid, required } from "../field-error.ts";
import type { Affinity, Pod, PodAffinityTerm, PodSpec, Toleration, Volume } from "../generated/api-types.ts";
import { validateLabels } from "../metadata-validation.ts";
import { dns1123Label, dns1123Subdomain, qualifiedName } from "../names.ts";
import { CompiledNodeSelector } from "../node-selectors.ts";
import { sameContent } from "../same-content.ts";
import { validateLabelSelector } from "../selectors.ts";
import { ipAddress, named, oneOf } from "./checks.ts";
import { localPath, validateContainers } from "./container.ts";
import { validateResourceRequirements } from "./resources.ts";

/** Rules of a pod's spec, also inside templates. Upstream: pkg/apis/core/validation `ValidatePodSpec`. */
export function validatePodSpec(spec: PodSpec, field: string): FieldError[] {
  const errors = validateVolumes(spec.volumes ?? [], `${field}.volumes`);
  errors.push(...validateContainers(spec, field));
  errors.push(...oneOf(spec.restartPolicy, ["Always", "OnFailure", "Never"], `${field}.restartPolicy`));
  const dnsPolicies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
  errors.push(...oneOf(spec.dnsPolicy, dnsPolicies, `${field}.dnsPolicy`));
  errors.push(...validateLabels(spec.nodeSelector, `${field}.nodeSelector`));
  errors.push(...validateSecurity(spec, field));
  errors.push(...validateAffinity(spec.affinity, `${field}.affinity`));
  errors.push(...validateDnsConfig(spec, `${field}.dnsConfig`));
  for (const [index, { conditionType }] of (spec.readinessGates ?? []).entries()) {
    errors.push(...named(qualifiedName, conditionType, `${field}.readinessGates[${index}].conditionType`));
  }
  errors.push(...validateSchedulingGates(spec, `${field}.schedulingGates`));
  errors.push(...validateSpread(spec, `${field}.topologySpreadConstraints`));
  errors.push(...named(dns1123Subdomain, spec.serviceAccountName, `${field}.serviceAccountName`));
  errors.push(...named(dns1123Subdomain, spec.nodeName, `${field}.nodeName`));
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > 2_147_483_647)) {
    errors.push(invalid(`${field}.activeDeadlineSeconds`, deadline, "must be between 1 and 2147483647, inclusive"));
  }
  errors.push(...named(dns1123Label, spec.hostname, `${field}.hostname`));
  errors.push(...named(dns1123Label, spec.subdomain, `${field}.subdomain`));
  errors.push(...validateTolerations(spec.tolerations ?? [], `${field}.tolerations`));
  for (const [index, alias] of (spec.hostAliases ?? []).entries()) {
    errors.push(...ipAddress(alias.ip, `${field}.hostAliases[${index}].ip`));
  }
  errors.push(...named(dns1123Subdomain, spec.priorityClassName, `${field}.priorityClassName`));
  errors.push(...named(dns1123Subdomain, spec.runtimeClassName, `${field}.runtimeClassName`));
  errors.push(...oneOf(spec.preemptionPolicy, ["PreemptLowerPriority", "Never"], `${field}.preemptionPolicy`));
  if (spec.overhead !== undefined)
    errors.push(...validateResourceRequirements({ limits: spec.overhead }, `${field}.overhead`));
  errors.push(...oneOf(spec.os?.name, ["linux", "windows"], `${field}.os`));
  return errors;
}

/** Rules of a pod by itself. */
export function validatePod(pod: Pod): FieldError[] {
  const errors = validatePodSpec(pod.spec, "spec");
  if ((pod.spec.schedulingGates?.length ?? 0) > 0 && pod.spec.nodeName !== undefined) {
    errors.push(forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared"));
  }
  return errors;
}

function validateVolumes(volumes: readonly Volume[], field: string): FieldError[] {
  const names = new Set<string>();
  return volumes.flatMap((volume, index) => {
    const at = `${field}[${index}]`;
    const { name, configMap, secret } = volume;
    const errors: FieldError[] = [];
    const sources = Object.keys(volume).filter((key) => key !== "name");
    for (const source of sources.slice(1))
      errors.push(forbidden(`${at}.${source}`, "may not specify more than 1 volume type"));
    if (configMap !== undefined) {
      if (configMap.name === undefined || configMap.name === "") errors.push(required(`${at}.configMap.name`));
      errors.push(...validateItems(configMap.items ?? [], `${at}.configMap`));
    }
    if (secret !== undefined) {
      if (secret.secretName === undefined || secret.secretName === "") errors.push(required(`${at}.secret.secretName`));
      errors.push(...validateItems(secret.items ?? [], `${at}.secret`));
    }
    if (volume.persistentVolumeClaim?.claimName === "") errors.push(required(`${at}.persistentVolumeClaim.claimName`));
    if (name === undefined || name === "") errors.push(required(`${at}.name`));
    else errors.push(...named(dns1123Label, name, `${at}.name`));
    if (name !== undefined && names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
    return errors;
  });
}

function validateItems(items: readonly { readonly key: string; readonly path: string }[], at: string): FieldError[] {
  return items.flatMap(({ key, path }, index) => {
    const item = `${at}.items[${index}]`;
    const errors = key === "" ? [required(`${item}.key`)] : [];
    return [...errors, ...(path === "" ? [required(`${item}.path`)] : localPath(path, `${item}.path`))];
  });
}

function validateSecurity(spec: PodSpec, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const at = `${field}.securityContext`;
  if (spec.shareProcessNamespace === true && spec.hostPID === true) {
    const detail = "ShareProcessNamespace and HostPID cannot both be enabled";
    errors.push(invalid(`${at}.shareProcessNamespace`, true, detail));
  }
  if (spec.hostUsers === false) {
    for (const key of ["hostNetwork", "hostPID", "hostIPC"] as const) {
      if (spec[key] === true) errors.push(forbidden(`${field}.${key}`, "when `hostUsers` is false"));
    }
  }
  const profile = spec.securityContext?.seccompProfile;
  if (profile?.type === "Localhost" && profile.localhostProfile === undefined) {
    const detail = "must be set when seccomp type is Localhost";
    errors.push(required(`${at}.seccompProfile.localhostProfile`, detail));
  }
  return errors;
}

function validateAffinity(affinity: Affinity | undefined, field: string): FieldError[] {
  if (affinity === undefined) return [];
  const errors: FieldError[] = [];
  const node = affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (node !== undefined) {
    const at = `${field}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution`;
    if (node.nodeSelectorTerms.length === 0)
      errors.push(required(`${at}.nodeSelectorTerms`, "must have at least one node selector term"));
    errors.push(...new CompiledNodeSelector(node, at).errors);
  }
  for (const kind of ["podAffinity", "podAntiAffinity"] as const) {
    const terms = affinity[kind];
    for (const [index, term] of (terms?.requiredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
      const at = `${field}.${kind}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`;
      errors.push(...validateAffinityTerm(term, at));
    }
    for (const [index, { weight, podAffinityTerm }] of (
      terms?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    ).entries()) {
      const at = `${field}.${kind}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
      if (weight <= 0 || weight > 100) errors.push(invalid(`${at}.weight`, weight, "must be in the range 1-100"));
      errors.push(...validateAffinityTerm(podAffinityTerm, `${at}.podAffinityTerm`));
    }
  }
  return errors;
}

function validateAffinityTerm(term: PodAffinityTerm, at: string): FieldError[] {
  const errors = validateLabelSelector(term.labelSelector, `${at}.labelSelector`);
  errors.push(...validateLabelSelector(term.namespaceSelector, `${at}.namespaceSelector`));
  if (term.topologyKey === "") errors.push(required(`${at}.topologyKey`, "can not be empty"));
  else errors.push(...named(qualifiedName, term.topologyKey, `${at}.topologyKey`));
  return errors;
}

function validateDnsConfig({ dnsPolicy, dnsConfig }: PodSpec, field: string): FieldError[] {
  const nameservers = dnsConfig?.nameservers ?? [];
  if (dnsPolicy === "None") {
    if (dnsConfig === undefined) return [required(field, "must provide `dnsConfig` when `dnsPolicy` is None")];
    if (nameservers.length === 0) {
      return [required(`${field}.nameservers`, "must provide at least one DNS nameserver when `dnsPolicy` is None")];
    }
  }
  const at = `${field}.nameservers`;
  const errors = nameservers.length > 3 ? [invalid(at, nameservers, "must not have more than 3 nameservers")] : [];
  return [...errors, ...nameservers.flatMap((server, index) => ipAddress(server, `${at}[${index}]`))];
}

function validateSchedulingGates({ schedulingGates = [] }: PodSpec, field: string): FieldError[] {
  const names = new Set<string>();
  return schedulingGates.flatMap(({ name }, index) => {
    const at = `${field}[${index}]`;
    const errors = named(qualifiedName, name, at);
    if (names.has(name)) errors.push(duplicate(at, name));
    names.add(name);
    return errors;
  });
}

function validateSpread({ topologySpreadConstraints: constraints = [] }: PodSpec, field: string): FieldError[] {
  return constraints.flatMap((constraint, index) => {
    const { maxSkew, topologyKey, whenUnsatisfiable, minDomains } = constraint;
    const at = `${field}[${index}]`;
    const errors: FieldError[] = [];
    if (maxSkew <= 0) errors.push(invalid(`${at}.maxSkew`, maxSkew, "must be greater than zero"));
    if (topologyKey === "") errors.push(required(`${at}.topologyKey`, "can not be empty"));
    errors.push(...oneOf(whenUnsatisfiable, ["DoNotSchedule", "ScheduleAnyway"], `${at}.whenUnsatisfiable`));
    const twin = constraints.findIndex(
      (other, position) =>
        position > index && other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable,
    );
    if (twin >= 0) {
      errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`));
    }
    if (minDomains !== undefined && minDomains <= 0) {
      errors.push(invalid(`${at}.minDomains`, minDomains, "must be greater than zero"));
    } else if (minDomains !== undefined && whenUnsatisfiable !== "DoNotSchedule") {
      const detail = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`;
      errors.push(invalid(`${at}.minDomains`, minDomains, detail));
    }
    return [...errors, ...validateLabelSelector(constraint.labelSelector, `${at}.labelSelector`)];
  });
}

export function validateTolerations(tolerations: readonly Toleration[], field: string): FieldError[] {
  return tolerations.flatMap(({ key = "", operator = "", value = "", effect = "", tolerationSeconds }, index) => {
    const at = `${field}[${index}]`;
    const errors = named(qualifiedName, key, `${at}.key`);
    if (key === "" && operator !== "Exists") {
      const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      errors.push(invalid(`${at}.operator`, operator, detail));
    }
    if (tolerationSeconds !== undefined && effect !== "NoExecute") {
      errors.push(invalid(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    }
    if (operator === "Exists" && value !== "") {
      errors.push(invalid(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"));
    } else if (!["", "Equal", "Exists"].includes(operator)) {
      errors.push(...oneOf(operator, ["Equal", "Exists"], `${at}.operator`));
    }
    const effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
    return effect === "" ? errors : [...errors, ...oneOf(effect, effects, `${at}.effect`)];
  });
}

const mutableFields =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/** What may change in a running pod: images, a shorter deadline, more tolerations, fewer scheduling gates. */
export function validatePodUpdate(after: Pod, before: Pod): FieldError[] {
  const errors: FieldError[] = [];
  const [next, seen] = [after.spec, before.spec];
  if (next.containers.length !== seen.containers.length) {
    return [forbidden("spec.containers", "pod updates may not add or remove containers")];
  }
  for (const key of ["containers", "initContainers"] as const) {
    for (const [index, { image }] of (next[key] ?? []).entries()) {
      if (!image) errors.push(required(`spec.${key}[${index}].image`));
    }
  }
  const [wanted, was] = [next.activeDeadlineSeconds, seen.activeDeadlineSeconds];
  if (was !== undefined && (wanted === undefined || wanted > was)) {
    const detail = "must be less than or equal to previous value";
    errors.push(
      wanted === undefined
        ? invalid("spec.activeDeadlineSeconds", null, "must not update from a positive integer to nil value")
        : invalid("spec.activeDeadlineSeconds", wanted, detail),
    );
  }
  const gates = new Set((seen.schedulingGates ?? []).map(({ name }) => name));
  for (const [index, { name }] of (next.schedulingGates ?? []).entries()) {
    if (gates.has(name)) continue;
    errors.push(
      forbidden(
        `spec.schedulingGates[${index}].name`,
        `only deletion is allowed, but found new scheduling gate '${name}'`,
      ),
    );
  }
  for (const toleration of seen.tolerations ?? []) {
    if ((next.tolerations ?? []).some((candidate) => sameToleration(candidate, toleration))) continue;
    errors.push(forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds"));
    break;
  }
  if (!sameContent(withoutMutable(next, seen), withoutMutable(seen, seen)))
    errors.push(forbidden("spec", mutableFields));
  return errors;
}

function sameToleration(left: Toleration, right: Toleration): boolean {
  const { tolerationSeconds: _l, ...a } = left;
  const { tolerationSeconds: _r, ...b } = right;
  return sameContent(a, b);
}

/** A spec with everything that may change taken from the old one; resources change through the resize subresource only. */
function withoutMutable(spec: PodSpec, seen: PodSpec): object {
  const images = (list: PodSpec["containers"] | undefined, old: PodSpec["containers"] | undefined): unknown =>
    list?.map((container, index) => ({ ...container, image: old?.[index]?.image }));
  const grace = (seen.terminationGracePeriodSeconds ?? 0) < 0 ? 1 : spec.terminationGracePeriodSeconds;
  const gated = (seen.schedulingGates?.length ?? 0) > 0;
  return {
    ...spec,
    containers: images(spec.containers, seen.containers),
    initContainers: images(spec.initContainers, seen.initContainers),
    activeDeadlineSeconds: undefined,
    tolerations: undefined,
    schedulingGates: undefined,
    terminationGracePeriodSeconds: grace,
    ...(gated && { nodeSelector: undefined, affinity: undefined }),
  };
}
