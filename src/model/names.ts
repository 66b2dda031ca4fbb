// apimachinery's util/validation and api/validate/content: what may stand in names, labels, ports and keys.
// Each rule answers with its complaints in upstream's order; none means valid.

const dns1123LabelFormat = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const dns1123SubdomainFormat = `${dns1123LabelFormat}(\\.${dns1123LabelFormat})*`;
const underscoreLabelFormat = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const underscoreSubdomainFormat = `${underscoreLabelFormat}(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*`;
const dns1035LabelFormat = "[a-z]([-a-z0-9]*[a-z0-9])?";
const wildcardFormat = `\\*\\.${dns1123SubdomainFormat}`;
const qualifiedNameFormat = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const labelValueFormat = `(${qualifiedNameFormat})?`;
const envVarNameFormat = "[-._a-zA-Z][-._a-zA-Z0-9]*";
const configMapKeyFormat = "[-._a-zA-Z0-9]+";
const httpHeaderFormat = "[-A-Za-z0-9]+";
const percentFormat = "[0-9]+%";

const whole = (format: string): RegExp => new RegExp(`^(?:${format})$`);
const dns1123LabelPattern = whole(dns1123LabelFormat);
const dns1123SubdomainPattern = whole(dns1123SubdomainFormat);
const underscoreSubdomainPattern = whole(underscoreSubdomainFormat);
const dns1035LabelPattern = whole(dns1035LabelFormat);
const wildcardPattern = whole(wildcardFormat);
const qualifiedNamePattern = whole(qualifiedNameFormat);
const labelValuePattern = whole(labelValueFormat);
const envVarNamePattern = whole(envVarNameFormat);
const configMapKeyPattern = whole(configMapKeyFormat);
const httpHeaderPattern = whole(httpHeaderFormat);
const percentPattern = whole(percentFormat);

const labelMessage =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const subdomainMessage =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const underscoreMessage =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character";
const dns1035Message =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
const wildcardMessage =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
const qualifiedNameMessage =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const labelValueMessage =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const envVarNameMessage =
  "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit";
const relaxedEnvVarNameMessage =
  "a valid environment variable name must consist only of printable ASCII characters other than '='";
const configMapKeyMessage = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";

/** `message (e.g. 'a',  or 'b', regex used for validation is 'format')`, with upstream's two blanks. */
function regexError(message: string, format: string, ...examples: string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${format}')`;
  return `${message} (e.g. ${examples.map((example) => `'${example}', `).join(" or ")}regex used for validation is '${format}')`;
}

/** Length in bytes of UTF-8, as Go counts. */
export function byteLength(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x80) bytes += 1;
    else if (code < 0x800) bytes += 2;
    else if (code >= 0xd800 && code < 0xdc00) {
      bytes += 4;
      at++;
    } else bytes += 3;
  }
  return bytes;
}

const tooManyCharacters = (max: number): string => `must be no more than ${max} characters`;

export function dns1123Label(name: string): string[] {
  const complaints = byteLength(name) > 63 ? [tooManyCharacters(63)] : [];
  if (!dns1123LabelPattern.test(name)) {
    if (dns1123SubdomainPattern.test(name)) complaints.push("must not contain dots");
    else complaints.push(regexError(labelMessage, dns1123LabelFormat, "my-name", "123-abc"));
  }
  return complaints;
}

export function dns1123Subdomain(name: string): string[] {
  const complaints = byteLength(name) > 253 ? [tooManyCharacters(253)] : [];
  if (!dns1123SubdomainPattern.test(name)) {
    complaints.push(regexError(subdomainMessage, dns1123SubdomainFormat, "example.com"));
  }
  return complaints;
}

export function dns1123SubdomainWithUnderscore(name: string): string[] {
  const complaints = byteLength(name) > 253 ? [tooManyCharacters(253)] : [];
  if (!underscoreSubdomainPattern.test(name)) {
    complaints.push(regexError(underscoreMessage, underscoreSubdomainFormat, "example.com"));
  }
  return complaints;
}

export function dns1035Label(name: string): string[] {
  const complaints = byteLength(name) > 63 ? [tooManyCharacters(63)] : [];
  if (!dns1035LabelPattern.test(name)) {
    complaints.push(regexError(dns1035Message, dns1035LabelFormat, "my-name", "abc-123"));
  }
  return complaints;
}

export function wildcardDns1123Subdomain(name: string): string[] {
  const complaints = byteLength(name) > 253 ? [tooManyCharacters(253)] : [];
  if (!wildcardPattern.test(name)) complaints.push(regexError(wildcardMessage, wildcardFormat, "*.example.com"));
  return complaints;
}

/** Label keys, annotation keys (in lower case), finalizers, resource names. */
export function qualifiedName(key: string): string[] {
  const complaints: string[] = [];
  const parts = key.split("/");
  if (parts.length > 2) {
    const message = `a valid label key ${qualifiedNameMessage}`;
    return [
      `${regexError(message, qualifiedNameFormat, "MyName", "my.name", "123-abc")} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = parts[parts.length - 1]!;
  if (parts.length === 2) {
    const prefix = parts[0]!;
    if (prefix === "") complaints.push("prefix part must be non-empty");
    else if (byteLength(prefix) > 253) complaints.push("prefix part must be no more than 253 bytes");
    if (prefix !== "" && !dns1123SubdomainPattern.test(prefix)) {
      complaints.push(`prefix part ${regexError(subdomainMessage, dns1123SubdomainFormat, "example.com")}`);
    }
  }
  if (name === "") complaints.push("name part must be non-empty");
  else if (byteLength(name) > 63) complaints.push("name part must be no more than 63 bytes");
  if (!qualifiedNamePattern.test(name)) {
    const message = `name part ${qualifiedNameMessage}`;
    complaints.push(regexError(message, qualifiedNameFormat, "MyName", "my.name", "123-abc"));
  }
  return complaints;
}

export function labelValue(text: string): string[] {
  const complaints = byteLength(text) > 63 ? ["must be no more than 63 bytes"] : [];
  if (!labelValuePattern.test(text)) {
    complaints.push(regexError(labelValueMessage, labelValueFormat, "MyValue", "my_value", "12345"));
  }
  return complaints;
}

export function envVarName(name: string): string[] {
  if (!envVarNamePattern.test(name)) {
    return [regexError(envVarNameMessage, envVarNameFormat, "my.env-name", "MY_ENV.NAME", "MyEnvName1"), ...dots(name)];
  }
  return dots(name);
}

/** What 1.36 asks of environment variables: printable ASCII without `=`. */
export function relaxedEnvVarName(name: string): string[] {
  if (name === "") return ["environment variable name must be non-empty"];
  return /^[ -<>-~]+$/.test(name) ? [] : [relaxedEnvVarNameMessage];
}

function dots(name: string): string[] {
  if (name === ".") return ["must not be '.'"];
  if (name === "..") return ["must not be '..'"];
  return name.startsWith("..") ? ["must not start with '..'"] : [];
}

export function configMapKey(key: string): string[] {
  const complaints = byteLength(key) > 253 ? [tooManyCharacters(253)] : [];
  if (!configMapKeyPattern.test(key)) {
    complaints.push(regexError(configMapKeyMessage, configMapKeyFormat, "key.name", "KEY_NAME", "key-name"));
  }
  return [...complaints, ...dots(key)];
}

export function httpHeaderName(name: string): string[] {
  if (httpHeaderPattern.test(name)) return [];
  const message = "a valid HTTP header must consist of alphanumeric characters or '-'";
  return [regexError(message, httpHeaderFormat, "X-Header-Name")];
}

export function portNumber(port: number): string[] {
  return port >= 1 && port <= 65_535 ? [] : ["must be between 1 and 65535, inclusive"];
}

export function portName(name: string): string[] {
  const complaints = byteLength(name) > 15 ? [tooManyCharacters(15)] : [];
  if (!/^[-a-z0-9]+$/.test(name)) {
    complaints.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (!/[a-z]/.test(name)) complaints.push("must contain at least one letter (a-z)");
  if (name.includes("--")) complaints.push("must not contain consecutive hyphens");
  if (name.startsWith("-") || name.endsWith("-")) complaints.push("must not begin or end with a hyphen");
  return complaints;
}

export function percent(text: string): string[] {
  if (percentPattern.test(text)) return [];
  const message = "a valid percent string must be a numeric string followed by an ending '%'";
  return [regexError(message, percentFormat, "1%", "93%")];
}

/** Names of resources: a trailing `-` of a generateName counts as a letter. */
export function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith("-") ? `${name.slice(0, -2)}a` : name;
}

/** Names of RBAC objects and references: whatever may stand in a path. */
export function pathSegment(name: string): string[] {
  if (name === "." || name === "..") return [`may not be '${name}'`];
  return ["/", "%"].filter((part) => name.includes(part)).map((part) => `may not contain '${part}'`);
}
