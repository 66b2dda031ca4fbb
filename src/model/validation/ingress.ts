import type { JsonObject } from "../decode.ts";
import { type FieldError, forbidden, invalid, required, tooLong } from "../field-error.ts";
import {
  byteLength,
  dns1123Label,
  dns1123Subdomain,
  pathSegment,
  portName,
  portNumber,
  wildcardDns1123Subdomain,
} from "../names.ts";
import type { TemplateMeta } from "../object-meta.ts";
import { isIpAddress, isQualified, named, oneOf, unchanged } from "./checks.ts";
import { list } from "./untyped.ts";

/** Upstream: pkg/apis/networking/validation `ValidateIngressSpec`. */
export function validateIngress(ingress: JsonObject): FieldError[] {
  const spec = (ingress["spec"] ?? {}) as JsonObject;
  const errors: FieldError[] = [];
  if (list(spec["rules"]).length === 0 && spec["defaultBackend"] === undefined) {
    errors.push(invalid("spec", spec["rules"] ?? null, "either `defaultBackend` or `rules` must be specified"));
  }
  if (spec["defaultBackend"] !== undefined)
    errors.push(...validateBackend(spec["defaultBackend"] as JsonObject, "spec.defaultBackend"));
  for (const [index, rule] of list(spec["rules"]).entries()) {
    const at = `spec.rules[${index}]`;
    const host = (rule["host"] ?? "") as string;
    if (isIpAddress(host)) errors.push(invalid(`${at}.host`, host, "must be a DNS name, not an IP address"));
    errors.push(...hostName(host, `${at}.host`));
    const http = rule["http"] as JsonObject | undefined;
    if (http === undefined) continue;
    const paths = list(http["paths"]);
    if (paths.length === 0) errors.push(required(`${at}.http.paths`));
    for (const [position, path] of paths.entries()) {
      errors.push(...ingressPath(path, `${at}.http.paths[${position}]`));
    }
  }
  for (const [index, tls] of list(spec["tls"]).entries()) {
    const { hosts = [], secretName } = tls as { readonly hosts?: readonly string[]; readonly secretName?: string };
    const at = `spec.tls[${index}]`;
    for (const [position, host] of hosts.entries()) errors.push(...hostName(host, `${at}.hosts[${position}]`));
    errors.push(...named(dns1123Subdomain, secretName, `${at}.secretName`));
  }
  const className = spec["ingressClassName"] as string | undefined;
  return [...errors, ...named(dns1123Subdomain, className, "spec.ingressClassName")];
}

/** What only a new Ingress is asked: the annotation of old and the field of today agree. */
export function validateNewIngress(ingress: JsonObject): FieldError[] {
  const errors = validateIngress(ingress);
  const { annotations = {} } = (ingress["metadata"] ?? {}) as TemplateMeta;
  const annotated = annotations["kubernetes.io/ingress.class"];
  const named_ = ((ingress["spec"] ?? {}) as JsonObject)["ingressClassName"];
  if (annotated === undefined || named_ === undefined || annotated === named_) return errors;
  const detail = "must match `ingressClassName` when both are specified";
  return [...errors, invalid("annotations.kubernetes.io/ingress.class", annotated, detail)];
}

function hostName(host: string, field: string): FieldError[] {
  return named(host.includes("*") ? wildcardDns1123Subdomain : dns1123Subdomain, host, field);
}

const forbiddenParts = ["//", "/./", "/../", "%2f", "%2F"];
const forbiddenEnds = ["/..", "/."];

function ingressPath({ pathType, path = "", backend = {} }: JsonObject, at: string): FieldError[] {
  if (pathType === undefined) return [required(`${at}.pathType`, "pathType must be specified")];
  const errors: FieldError[] = [];
  const text = path as string;
  const complain = (detail: string): void => void errors.push(invalid(`${at}.path`, text, detail));
  const exact = pathType === "Exact" || pathType === "Prefix";
  if (!exact)
    errors.push(...oneOf(pathType as string, ["Exact", "ImplementationSpecific", "Prefix"], `${at}.pathType`));
  const absolute = exact || (pathType === "ImplementationSpecific" && text !== "");
  if (absolute && !text.startsWith("/")) complain("must be an absolute path");
  if (exact) {
    for (const part of forbiddenParts) if (text.includes(part)) complain(`must not contain '${part}'`);
    for (const end of forbiddenEnds) if (text.endsWith(end)) complain(`cannot end with '${end}'`);
  }
  return [...errors, ...validateBackend(backend as JsonObject, `${at}.backend`)];
}

function validateBackend({ service, resource }: JsonObject, at: string): FieldError[] {
  if (service !== undefined && resource !== undefined) {
    return [invalid(at, "", "cannot set both resource and service backends")];
  }
  if (resource !== undefined) return validateResource(resource as JsonObject, `${at}.resource`);
  if (service === undefined) return [invalid(at, "", "resource or service backend is required")];
  const { name = "", port = {} } = service as { readonly name?: string; readonly port?: JsonObject };
  const errors = name === "" ? [required(`${at}.service.name`)] : named(dns1123Label, name, `${at}.service.name`);
  const [number, portNamed] = [(port["number"] ?? 0) as number, (port["name"] ?? "") as string];
  if (number !== 0 && portNamed !== "") return [...errors, invalid(at, "", "cannot set both port name & port number")];
  if (portNamed !== "") return [...errors, ...named(portName, portNamed, `${at}.service.port.name`)];
  if (number === 0) return [...errors, required(at, "port name or number is required")];
  return [...errors, ...portNumber(number).map((message) => invalid(`${at}.service.port.number`, number, message))];
}

function validateResource({ apiGroup, kind, name }: JsonObject, at: string): FieldError[] {
  const errors = named(dns1123Subdomain, apiGroup as string | undefined, `${at}.apiGroup`);
  for (const [key, value] of Object.entries({ kind, name })) {
    if (!value) errors.push(required(`${at}.${key}`));
    else errors.push(...named(pathSegment, value as string, `${at}.${key}`));
  }
  return errors;
}

const longestController = 250;

/** Upstream: pkg/apis/networking/validation `ValidateIngressClass`. */
export function validateIngressClass(ingressClass: JsonObject): FieldError[] {
  const { controller = "", parameters } = (ingressClass["spec"] ?? {}) as {
    readonly controller?: string;
    readonly parameters?: JsonObject;
  };
  const at = "spec.controller";
  const errors: FieldError[] = [];
  if (controller === "") errors.push(required(at));
  else {
    if (byteLength(controller) > longestController) errors.push(tooLong(at, longestController));
    const detail = 'must be a domain-prefixed path (such as "acme.io/foo")';
    if (!isQualified(controller)) errors.push(invalid(at, controller, detail));
  }
  if (parameters === undefined) return errors;
  const { scope, namespace } = parameters as { readonly scope?: string; readonly namespace?: string };
  errors.push(...validateResource(parameters, "spec.parameters"));
  if (scope === undefined) return [...errors, required("spec.parameters.scope")];
  errors.push(...oneOf(scope, ["Cluster", "Namespace"], "spec.parameters.scope"));
  const field = "spec.parameters.namespace";
  if (scope === "Namespace" && namespace === undefined) {
    errors.push(required(field, "`parameters.scope` is set to 'Namespace'"));
  } else if (scope === "Namespace") errors.push(...named(dns1123Label, namespace, field));
  if (scope === "Cluster" && namespace !== undefined) {
    errors.push(forbidden(field, "`parameters.scope` is set to 'Cluster'"));
  }
  return errors;
}

export function validateIngressClassUpdate(after: JsonObject, before: JsonObject): FieldError[] {
  const [next, was] = [after, before].map((object) => ((object["spec"] ?? {}) as JsonObject)["controller"]);
  return unchanged(next, was, "spec.controller");
}
