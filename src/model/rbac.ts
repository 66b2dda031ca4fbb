/** RBAC's objects, as far as decisions need them. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

export interface RbacRole {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly PolicyRule[] | null;
}

export interface RbacSubject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

export interface RbacBinding {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly subjects?: readonly RbacSubject[] | null;
  readonly roleRef: { readonly kind: string; readonly name: string };
}

export interface RbacPolicy {
  readonly clusterRole: (name: string) => RbacRole | undefined;
  readonly role: (namespace: string, name: string) => RbacRole | undefined;
  readonly clusterRoleBindings: readonly RbacBinding[];
  readonly roleBindings: (namespace: string) => readonly RbacBinding[];
}

/** Who asks for what. Either `resource` or `path` is set. */
export interface AccessRequest {
  readonly user: string;
  readonly groups: readonly string[];
  readonly verb: string;
  readonly apiGroup?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly path?: string;
}

export interface AccessDecision {
  readonly allowed: boolean;
  readonly reason: string;
}

/** RBAC only ever allows: bindings of the cluster first, then those of the request's namespace. */
export function authorize(request: AccessRequest, policy: RbacPolicy): AccessDecision {
  const problems: string[] = [];
  for (const binding of policy.clusterRoleBindings) {
    const reason = granted(request, binding, policy, problems);
    if (reason !== undefined) return { allowed: true, reason };
  }
  if (request.namespace) {
    for (const binding of policy.roleBindings(request.namespace)) {
      const reason = granted(request, binding, policy, problems);
      if (reason !== undefined) return { allowed: true, reason };
    }
  }
  return { allowed: false, reason: problems.length === 0 ? "" : `RBAC: ${problems.join(", ")}` };
}

function granted(
  request: AccessRequest,
  binding: RbacBinding,
  policy: RbacPolicy,
  problems: string[],
): string | undefined {
  const namespace = binding.metadata.namespace;
  const subject = (binding.subjects ?? []).find((candidate) => isSubject(candidate, request, namespace));
  if (subject === undefined) return undefined;
  const { kind, name } = binding.roleRef;
  const role = kind === "ClusterRole" ? policy.clusterRole(name) : policy.role(namespace ?? "", name);
  if (role === undefined) {
    problems.push(`${kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(name)} not found`);
    return undefined;
  }
  if (!(role.rules ?? []).some((rule) => ruleAllows(rule, request))) return undefined;
  const what = namespace === undefined ? "ClusterRoleBinding" : "RoleBinding";
  const where = namespace === undefined ? binding.metadata.name : `${binding.metadata.name}/${namespace}`;
  const who =
    subject.kind === "ServiceAccount" ? `${subject.name}/${subject.namespace || namespace || ""}` : subject.name;
  return `RBAC: allowed by ${what} ${JSON.stringify(where)} of ${kind} ${JSON.stringify(name)} to ${subject.kind} ${JSON.stringify(who)}`;
}

function isSubject(
  subject: RbacSubject,
  { user, groups }: AccessRequest,
  bindingNamespace: string | undefined,
): boolean {
  switch (subject.kind) {
    case "User":
      return subject.name === user;
    case "Group":
      return groups.includes(subject.name);
    case "ServiceAccount": {
      const namespace = subject.namespace || bindingNamespace;
      return namespace !== undefined && user === `system:serviceaccount:${namespace}:${subject.name}`;
    }
    default:
      return false;
  }
}

/** Whether one rule covers the request. `pods` does not include `pods/log`, and `pods/*` covers nothing. */
function ruleAllows(rule: PolicyRule, request: AccessRequest): boolean {
  if (!covers(rule.verbs, request.verb)) return false;
  if (request.path !== undefined && request.path !== "")
    return (rule.nonResourceURLs ?? []).some((url) => urlCovers(url, request.path!));
  const { resource = "", subresource = "", name = "" } = request;
  return (
    covers(rule.apiGroups ?? [], request.apiGroup ?? "") &&
    (rule.resources ?? []).some((pattern) => resourceCovers(pattern, resource, subresource)) &&
    ((rule.resourceNames ?? []).length === 0 || rule.resourceNames!.includes(name))
  );
}

const covers = (patterns: readonly string[], asked: string): boolean =>
  patterns.includes("*") || patterns.includes(asked);

function resourceCovers(pattern: string, resource: string, subresource: string): boolean {
  if (pattern === "*") return true;
  if (pattern === (subresource === "" ? resource : `${resource}/${subresource}`)) return true;
  return subresource !== "" && pattern === `*/${subresource}`;
}

function urlCovers(pattern: string, path: string): boolean {
  if (pattern === "*" || pattern === path) return true;
  return pattern.endsWith("*") && path.startsWith(pattern.slice(0, -1));
}
