import { duplicate, type FieldError, invalid, notSupported, required } from "../field-error.ts";
import type { Taint, Toleration } from "../generated/api-types.ts";
import { validateLabelName } from "../metadata-validation.ts";
import { labelValue } from "../names.ts";
import { oneOf } from "./checks.ts";

const effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/** Upstream: `ValidateTolerations`, without the operators that compare numbers (a gate that is off by default). */
export function validateTolerations(tolerations: readonly Toleration[], field: string): FieldError[] {
  return tolerations.flatMap(({ key = "", operator = "", value = "", effect = "", tolerationSeconds }, index) => {
    const at = `${field}[${index}]`;
    const errors = key === "" ? [] : validateLabelName(key, `${at}.key`);
    if (key === "" && operator !== "Exists") {
      const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      errors.push(invalid(`${at}.operator`, operator, detail));
    }
    if (tolerationSeconds !== undefined && effect !== "NoExecute") {
      errors.push(invalid(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    }
    if (operator === "" || operator === "Equal") {
      const messages = labelValue(value);
      if (messages.length > 0) errors.push(invalid(`${at}.operator`, value, messages.join(";")));
    } else if (operator === "Exists") {
      if (value !== "")
        errors.push(invalid(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"));
    } else errors.push(notSupported(`${at}.operator`, operator, ["Equal", "Exists"]));
    return effect === "" ? errors : [...errors, ...oneOf(effect, effects, `${at}.effect`)];
  });
}

/** Of a node; no two may have one key and one effect. Upstream: `validateNodeTaints`. */
export function validateTaints(taints: readonly Taint[], field: string): FieldError[] {
  const seen = new Set<string>();
  return taints.flatMap(({ key = "", value = "", effect = "" }, index) => {
    const at = `${field}[${index}]`;
    const errors = validateLabelName(key, `${at}.key`);
    const messages = labelValue(value);
    if (messages.length > 0) errors.push(invalid(`${at}.value`, value, messages.join(";")));
    if (effect === "") errors.push(required(`${at}.effect`));
    else errors.push(...oneOf(effect, effects, `${at}.effect`));
    if (seen.has(`${key}:${effect}`)) {
      const taint = duplicate(at, { Key: key, Value: value, Effect: effect, TimeAdded: null });
      const suffix = ": taints must be unique by key and effect pair";
      errors.push({ ...taint, body: taint.body + suffix, text: taint.text + suffix });
    }
    seen.add(`${key}:${effect}`);
    return errors;
  });
}
