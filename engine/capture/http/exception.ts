// Errors as EPCIS 2.0 tells them: RFC 7807 problems whose type names the exception, in JSON or XML, with members of our own
// for programs: `code`, `severity`, `eventIndex`, `pointer`, `eventHash` of the first finding, and all of them as `errors`.

import type { Finding } from '../../epcis/model.ts';
import type { Problem } from '../../frontend/problem.ts';
import type { Family } from './negotiate.ts';
import { XML_HEAD, xmlElement } from './xml-text.ts';

export type Status = 400 | 401 | 403 | 404 | 405 | 406 | 409 | 413 | 415 | 426 | 429 | 500 | 503;

/** Type and title by status: one title a type and status, as RFC 7807 asks. */
const KINDS: Readonly<Record<Status, readonly [type: string, title: string]>> = {
  400: ['epcisException:ValidationException', 'EPCIS document or request is not valid'],
  401: ['epcisException:SecurityException', 'Unauthorised request'],
  403: ['epcisException:SecurityException', 'Access to resource forbidden'],
  404: ['epcisException:NoSuchNameException', 'Resource not found'],
  405: ['about:blank', 'Method Not Allowed'],
  406: ['epcisException:NotAcceptableException', 'Conflicting request and response headers'],
  409: ['epcisException:ResourceAlreadyExistsException', 'Resource already exists'],
  413: ['epcisException:CaptureLimitExceededException', 'Capture payload too large'],
  415: ['epcisException:UnsupportedMediaTypeException', 'Unsupported media type'],
  426: ['about:blank', 'Upgrade Required'],
  429: ['epcisException:ImplementationException', 'Too many requests'],
  500: ['epcisException:ImplementationException', 'Error of this server'],
  503: ['epcisException:ImplementationException', 'Not possible now'],
};

/** An error as a value. */
export interface EpcisException {
  readonly status: Status;
  readonly detail: string;
  /** URI of this occurrence: the resource, or `urn:uuid:` and the id under which a refused document is kept. */
  readonly instance?: string;
  /** For programs; a rule's, or one of this interface. */
  readonly code?: string;
  readonly findings?: readonly Finding[];
  readonly headers?: readonly (readonly [string, string])[];
}

/** The front end's refusal in the terms of EPCIS. */
export function exceptionOf({ status, code, detail, headers }: Problem): EpcisException {
  return { status: (status in KINDS ? status : 500) as Status, detail, code, headers };
}

export function exceptionType(family: Family): string {
  return `application/problem+${family}`;
}

/** The body in its family. `where` = path of the request, the instance where there is no better one. */
export function exceptionBody(e: EpcisException, family: Family, where: string): string {
  return family === 'json' ? JSON.stringify(exceptionJson(e, where)) : exceptionXml(e, where);
}

/** The members of a problem; also what the WebSocket tells. */
export function exceptionJson(e: EpcisException, where: string): Record<string, unknown> {
  const [type, title] = KINDS[e.status];
  const { status, detail, findings = [] } = e;
  const first = findings[0];
  return {
    type,
    title,
    status,
    detail,
    instance: e.instance ?? where,
    ...(first === undefined ? { ...(e.code !== undefined && { code: e.code }) } : placeOf(first)),
    ...(findings.length > 0 && { errors: findings.map((finding) => findingJson(finding)) }),
  };
}

/** Type and title of one finding of a job. */
function kindOf({ code, severity }: Finding): readonly [type: string, title: string, status: number] {
  if (code === 'D02_BYTE_LIMIT' || code === 'D03_EVENT_LIMIT') return [...KINDS[413], 413];
  if (code === 'L11_GLN_PARTNER_MISMATCH') return [...KINDS[403], 403];
  if (code === 'L12_DUPLICATE_EVENT') return [...KINDS[409], 409];
  const word = severity === 'reject' ? 'refused' : severity === 'warn' ? 'warned of' : 'told';
  return ['epcisException:ValidationException', `EPCIS event or document ${word}`, 400];
}

/** One RFC 7807 object a finding. */
export function findingJson(finding: Finding): Record<string, unknown> {
  const [type, title, status] = kindOf(finding);
  // A warning has no status: nothing was refused for it.
  const refused = finding.severity === 'reject';
  return { type, title, ...(refused && { status }), detail: finding.detail, ...placeOf(finding) };
}

/** Where our own members of XML answers are: the schema of EPCIS takes elements of other namespaces at the end. */
export const OWN_NAMESPACE = 'xmlns:firn="urn:firn:capture:1"';

/** `<error>` of a job in XML. */
export function findingXml(finding: Finding, name = 'error'): string {
  const [type, title, status] = kindOf(finding);
  const members = [
    xmlElement('type', type),
    xmlElement('title', title),
    ...(finding.severity === 'reject' ? [xmlElement('status', status)] : []),
    xmlElement('detail', finding.detail),
    placeXml(finding),
  ];
  return `<${name}>${members.join('')}</${name}>`;
}

function placeOf({ code, severity, event, pointer, eventHash }: Finding): Record<string, unknown> {
  return { code, severity, eventIndex: event, pointer, ...(eventHash !== undefined && { eventHash }) };
}

function placeXml({ code, severity, event, pointer, eventHash }: Finding): string {
  return [
    xmlElement('firn:code', code),
    xmlElement('firn:severity', severity),
    ...(event === null ? [] : [xmlElement('firn:eventIndex', event)]),
    xmlElement('firn:pointer', pointer),
    ...(eventHash === undefined ? [] : [xmlElement('firn:eventHash', eventHash)]),
  ].join('');
}

function exceptionXml(e: EpcisException, where: string): string {
  const [type, title] = KINDS[e.status];
  const { findings = [] } = e;
  const first = findings[0];
  const own =
    first === undefined ? (e.code === undefined ? '' : xmlElement('firn:code', e.code)) : placeXml(first);
  const members = [
    xmlElement('type', type),
    xmlElement('title', title),
    xmlElement('status', e.status),
    xmlElement('detail', e.detail),
    xmlElement('instance', e.instance ?? where),
    own,
    ...(findings.length === 0
      ? []
      : [
          `<firn:errors>${findings.map((finding) => findingXml(finding, 'firn:error')).join('')}</firn:errors>`,
        ]),
  ];
  return `${XML_HEAD}<epcis:EPCISException xmlns:epcis="urn:epcglobal:epcis:xsd:2" ${OWN_NAMESPACE}>${members.join('')}</epcis:EPCISException>\n`;
}
