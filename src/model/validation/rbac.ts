import type { JsonObject } from "../decode.ts";
import { type FieldError, invalid, notSupported, required } from "../field-error.ts";
import { dns1123Subdomain, pathSegment } from "../names.ts";
import { sameContent } from "../same-content.ts";
import { named } from "./checks.ts";
import { list } from "./untyped.ts";

const group = "rbac.authorization.k8s.io";

/** Of a Role or a ClusterRole. Upstream: pkg/apis/rbac/validation. */
export function validateRole(role: JsonObject): FieldError[] {
  const namespaced = role["kind"] === "Role";
  return list(role["rules"]).flatMap((rule, index) => {
    const at = `rules[${index}]`;
    const [verbs, urls] = [list(rule["verbs"]), list(rule["nonResourceURLs"])];
    const [groups, resources] = [list(rule["apiGroups"]), list(rule["resources"])];
    const errors: FieldError[] = [];
    if (verbs.length === 0) errors.push(required(`${at}.verbs`, "verbs must contain at least one value"));
    if (urls.length > 0) {
      if (namespaced)
        errors.push(invalid(`${at}.nonResourceURLs`, urls, "namespaced rules cannot apply to non-resource URLs"));
      if (groups.length + resources.length + list(rule["resourceNames"]).length > 0) {
        errors.push(
          invalid(`${at}.nonResourceURLs`, urls, "rules cannot apply to both regular resources and non-resource URLs"),
        );
      }
      return errors;
    }
    if (groups.length === 0)
      errors.push(required(`${at}.apiGroups`, "resource rules must supply at least one api group"));
    if (resources.length === 0)
      errors.push(required(`${at}.resources`, "resource rules must supply at least one resource"));
    if (list(rule["resourceNames"]).length > 0 && resources.length > 1) {
      errors.push(required(`${at}.resourceNames`, "resource names cannot apply to multiple resources"));
    }
    return errors;
  });
}

interface Subject {
  readonly kind?: string;
  readonly apiGroup?: string;
  readonly name?: string;
  readonly namespace?: string;
}

/** Of a RoleBinding or a ClusterRoleBinding. */
export function validateRoleBinding(binding: JsonObject): FieldError[] {
  const { apiGroup = "", kind = "", name = "" } = (binding["roleRef"] ?? {}) as Subject;
  const namespaced = binding["kind"] === "RoleBinding";
  const kinds = namespaced ? ["Role", "ClusterRole"] : ["ClusterRole"];
  const errors = apiGroup === group ? [] : [notSupported("roleRef.apiGroup", apiGroup, [group])];
  if (!kinds.includes(kind)) errors.push(notSupported("roleRef.kind", kind, kinds));
  if (name === "") errors.push(required("roleRef.name"));
  else errors.push(...named(pathSegment, name, "roleRef.name"));
  for (const [index, subject] of list(binding["subjects"]).entries()) {
    errors.push(...validateSubject(subject as Subject, namespaced, `subjects[${index}]`));
  }
  return errors;
}

function validateSubject(
  { kind = "", apiGroup = "", name = "", namespace = "" }: Subject,
  namespaced: boolean,
  at: string,
): FieldError[] {
  const errors = name === "" ? [required(`${at}.name`)] : [];
  if (kind === "ServiceAccount") {
    errors.push(...named(dns1123Subdomain, name, `${at}.name`));
    if (apiGroup !== "") errors.push(notSupported(`${at}.apiGroup`, apiGroup, [""]));
    if (!namespaced && namespace === "") errors.push(required(`${at}.namespace`));
  } else if (kind === "User" || kind === "Group") {
    if (name === "") errors.push(invalid(`${at}.name`, name, `${kind.toLowerCase()} name cannot be empty`));
    if (apiGroup !== group) errors.push(notSupported(`${at}.apiGroup`, apiGroup, [group]));
  } else errors.push(notSupported(`${at}.kind`, kind, ["ServiceAccount", "User", "Group"]));
  return errors;
}

export function validateRoleBindingUpdate(after: JsonObject, before: JsonObject): FieldError[] {
  const { apiGroup: APIGroup = "", kind: Kind = "", name: Name = "" } = (after["roleRef"] ?? {}) as Subject;
  if (sameContent(after["roleRef"], before["roleRef"])) return [];
  return [invalid("roleRef", { APIGroup, Kind, Name }, "cannot change roleRef")];
}
