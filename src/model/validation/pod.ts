import { duplicate, type FieldError, forbidden, invalid, required } from "../field-error.ts";
import type { Pod, PodSpec, PodTemplateSpec } from "../generated/api-types.ts";
import { sortedEntries, validateLabels } from "../metadata-validation.ts";
import { dns1123Label, dns1123Subdomain, dns1123SubdomainWithUnderscore, qualifiedName } from "../names.ts";
import { validateAffinity } from "./affinity.ts";
import { ipAddress, named, oneOf } from "./checks.ts";
import { validateContainers, validateHostNetwork, validateImageNames } from "./container.ts";
import { validatePodLevelResources, validateResourceRequirements } from "./resources.ts";
import { validateHostUsers, validateOperatingSystem, validatePodSecurityContext } from "./security-context.ts";
import { validateTolerations } from "./taints-and-tolerations.ts";
import { validateSpread } from "./topology-spread.ts";
import { validateVolumes } from "./volumes.ts";

/** Rules of a pod's spec, also inside templates, which have no `podName`. Upstream: pkg/apis/core/validation `ValidatePodSpec`. */
export function validatePodSpec(spec: PodSpec, field: string, podName?: string): FieldError[] {
  const { valid: volumes, errors } = validateVolumes(spec.volumes ?? [], podName ?? "", `${field}.volumes`);
  errors.push(...validateResourceClaims(spec, `${field}.resourceClaims`));
  errors.push(...validateContainers(spec, volumes, field));
  errors.push(...validatePodLevelResources(spec, `${field}.resources`));
  errors.push(...validateHostNetwork(spec, podName !== undefined, field));
  errors.push(...oneOf(spec.restartPolicy, ["Always", "OnFailure", "Never"], `${field}.restartPolicy`));
  const dnsPolicies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
  errors.push(...oneOf(spec.dnsPolicy, dnsPolicies, `${field}.dnsPolicy`));
  errors.push(...validateLabels(spec.nodeSelector, `${field}.nodeSelector`));
  errors.push(...validatePodSecurityContext(spec, field));
  errors.push(...validateAffinity(spec.affinity, `${field}.affinity`));
  errors.push(...validateDnsConfig(spec, `${field}.dnsConfig`));
  for (const [index, { conditionType }] of (spec.readinessGates ?? []).entries()) {
    errors.push(...named(qualifiedName, conditionType, `${field}.readinessGates[${index}].conditionType`));
  }
  errors.push(...validateSchedulingGates(spec, `${field}.schedulingGates`));
  errors.push(...validateSpread(spec.topologySpreadConstraints ?? [], `${field}.topologySpreadConstraints`));
  errors.push(...validateHostUsers(spec, field));
  errors.push(...named(dns1123Subdomain, spec.serviceAccountName, `${field}.serviceAccountName`));
  errors.push(...named(dns1123Subdomain, spec.nodeName, `${field}.nodeName`));
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > 2_147_483_647)) {
    errors.push(invalid(`${field}.activeDeadlineSeconds`, deadline, "must be between 1 and 2147483647, inclusive"));
  }
  errors.push(...named(dns1123Label, spec.hostname, `${field}.hostname`));
  errors.push(...named(dns1123Label, spec.subdomain, `${field}.subdomain`));
  errors.push(...validateTolerations(spec.tolerations ?? [], `${field}.tolerations`));
  for (const [index, { ip, hostnames = [] }] of (spec.hostAliases ?? []).entries()) {
    const at = `${field}.hostAliases[${index}]`;
    errors.push(...ipAddress(ip, `${at}.ip`));
    for (const [position, name] of hostnames.entries()) {
      for (const message of dns1123Subdomain(name)) errors.push(invalid(`${at}.hostnames[${position}]`, name, message));
    }
  }
  errors.push(...named(dns1123Subdomain, spec.priorityClassName, `${field}.priorityClassName`));
  errors.push(...named(dns1123Subdomain, spec.runtimeClassName, `${field}.runtimeClassName`));
  errors.push(...oneOf(spec.preemptionPolicy, ["PreemptLowerPriority", "Never"], `${field}.preemptionPolicy`));
  if (spec.overhead !== undefined) {
    errors.push(...validateResourceRequirements({ limits: spec.overhead }, `${field}.overhead`));
  }
  return [...errors, ...validateOperatingSystem(spec, field)];
}

/** Rules of a pod by itself, new or changed. */
export function validatePod(pod: Pod): FieldError[] {
  const { spec, metadata } = pod;
  const errors = validatePodAnnotations(pod, "metadata.annotations");
  errors.push(...validatePodSpec(spec, "spec", metadata.name));
  for (const [index, { projected }] of (spec.volumes ?? []).entries()) {
    for (const [position, source] of (projected?.sources ?? []).entries()) {
      if (source.serviceAccountToken === undefined || spec.serviceAccountName) continue;
      const at = `spec.volumes[${index}].projected.sources[${position}].serviceAccountToken`;
      errors.push(forbidden(at, "must not be specified when serviceAccountName is not set"));
    }
  }
  return [...errors, ...validateImageNames(spec)];
}

/** What only a new pod is asked. */
export function validateNewPod(pod: Pod): FieldError[] {
  const errors = validatePod(pod);
  const { ephemeralContainers = [], schedulingGates = [], nodeName } = pod.spec;
  if (ephemeralContainers.length > 0) errors.push(forbidden("spec.ephemeralContainers", "cannot be set on create"));
  if (schedulingGates.length > 0 && nodeName) {
    errors.push(forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared"));
  }
  return errors;
}

/** Annotations that say something to a pod's machine or controller, of a pod or of a template. */
export function validatePodAnnotations(
  { metadata, spec }: Pick<Pod | PodTemplateSpec, "metadata" | "spec">,
  field: string,
): FieldError[] {
  const annotations = metadata?.annotations ?? {};
  const errors: FieldError[] = [];
  const mirror = annotations["kubernetes.io/config.mirror"];
  if (mirror !== undefined && !spec?.nodeName) {
    const at = `${field}[kubernetes.io/config.mirror]`;
    errors.push(invalid(at, mirror, "must set spec.nodeName if mirror pod annotation is set"));
  }
  const cost = annotations["controller.kubernetes.io/pod-deletion-cost"];
  if (cost !== undefined && !isDeletionCost(cost)) {
    errors.push(invalid(`${field}[controller.kubernetes.io/pod-deletion-cost]`, cost, "must be a 32bit integer"));
  }
  const prefix = "container.apparmor.security.beta.kubernetes.io/";
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  for (const [key, profile] of sortedEntries(annotations)) {
    if (!key.startsWith(prefix)) continue;
    const name = key.slice(prefix.length);
    if (!containers.some((container) => container.name === name)) {
      errors.push(invalid(`${field}[${key}]`, name, "container not found"));
    }
    const known = ["", "runtime/default", "unconfined"].includes(profile) || profile.startsWith("localhost/");
    if (!known)
      errors.push(invalid(`${field}[${key}]`, profile, `invalid AppArmor profile name: ${JSON.stringify(profile)}`));
  }
  return errors;
}

/** A cost is written without a sign and without leading zeros, unless it is negative. */
function isDeletionCost(text: string): boolean {
  if (!/^(0|-?[1-9][0-9]*)$/.test(text)) return false;
  const cost = Number(text);
  return cost >= -2_147_483_648 && cost <= 2_147_483_647;
}

function validateResourceClaims({ resourceClaims = [] }: PodSpec, field: string): FieldError[] {
  const names = new Set<string>();
  return resourceClaims.flatMap((claim, index) => {
    const at = `${field}[${index}]`;
    const { name = "", resourceClaimName, resourceClaimTemplateName } = claim;
    const errors: FieldError[] = [];
    if (name === "") errors.push(required(`${at}.name`));
    else if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    else errors.push(...named(dns1123Label, name, `${at}.name`));
    names.add(name);
    const shown = {
      Name: name,
      ResourceClaimName: resourceClaimName ?? null,
      ResourceClaimTemplateName: resourceClaimTemplateName ?? null,
    };
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined) {
      const detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified";
      errors.push(invalid(at, shown, detail));
    }
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined) {
      errors.push(invalid(at, shown, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"));
    }
    errors.push(...named(dns1123Subdomain, resourceClaimName, `${at}.resourceClaimName`));
    return [...errors, ...named(dns1123Subdomain, resourceClaimTemplateName, `${at}.resourceClaimTemplateName`)];
  });
}

const mostNameservers = 3;
const mostSearchPaths = 32;
const longestSearchList = 2048;

function validateDnsConfig({ dnsPolicy, dnsConfig }: PodSpec, field: string): FieldError[] {
  const { nameservers = [], searches = [], options = [] } = dnsConfig ?? {};
  if (dnsPolicy === "None") {
    if (dnsConfig === undefined) return [required(field, "must provide `dnsConfig` when `dnsPolicy` is None")];
    if (nameservers.length === 0) {
      return [required(`${field}.nameservers`, "must provide at least one DNS nameserver when `dnsPolicy` is None")];
    }
  }
  const errors: FieldError[] = [];
  const at = `${field}.nameservers`;
  if (nameservers.length > mostNameservers) {
    errors.push(invalid(at, nameservers, `must not have more than ${mostNameservers} nameservers`));
  }
  errors.push(...nameservers.flatMap((server, index) => ipAddress(server, `${at}[${index}]`)));
  const list = `${field}.searches`;
  if (searches.length > mostSearchPaths) {
    errors.push(invalid(list, searches, `must not have more than ${mostSearchPaths} search paths`));
  }
  if (searches.join(" ").length > longestSearchList) {
    const detail = `must not have more than ${longestSearchList} characters (including spaces) in the search list`;
    errors.push(invalid(list, searches, detail));
  }
  for (const [index, search] of searches.entries()) {
    if (search === ".") continue;
    const name = search.replace(/\.$/, "");
    for (const message of dns1123SubdomainWithUnderscore(name))
      errors.push(invalid(`${list}[${index}]`, name, message));
  }
  for (const [index, { name }] of options.entries()) {
    if (!name) errors.push(required(`${field}.options[${index}]`, "must not be empty"));
  }
  return errors;
}

function validateSchedulingGates({ schedulingGates = [] }: PodSpec, field: string): FieldError[] {
  const names = new Set<string>();
  return schedulingGates.flatMap(({ name = "" }, index) => {
    const at = `${field}[${index}]`;
    const errors = qualifiedName(name).map((message) => invalid(at, name, message));
    if (names.has(name)) errors.push(duplicate(at, name));
    names.add(name);
    return errors;
  });
}
