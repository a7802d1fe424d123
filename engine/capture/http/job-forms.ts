// A job as EPCIS 2.0 tells it, in JSON (openapi.yaml, CaptureJob) and XML (EPCISCaptureJob of the 2.0 XSD). running and
// success mean what the truth table of EPCIS says: success is false as soon as one event is refused.

import { utc } from '../../clock.ts';
import type { JobReport } from '../../ledger/model.ts';
import { KIB } from '../../limits.ts';
import { findingJson, findingXml, OWN_NAMESPACE } from './exception.ts';
import { XML_HEAD, xmlElement, xmlText } from './xml-text.ts';

/** A job whose JSON is longer goes into no message whole. */
const MAX_MESSAGE_CHARACTERS = 64 * KIB;

const COUNTS = ['events', 'accepted', 'duplicate', 'rejected'] as const;

/** Where a job is told. */
export function jobPath(id: string): string {
  return `/epcis/capture/${id}`;
}

/** The members of a job. `errors` are what was refused and empty when all is well; `warnings` everything else. */
export function jobJson(job: JobReport): Record<string, unknown> {
  const { id, running, success, behaviour, createdMs, finishedMs, findings } = job;
  return {
    captureID: id,
    createdAt: utc(createdMs),
    ...(finishedMs !== null && { finishedAt: utc(finishedMs) }),
    running,
    success,
    captureErrorBehaviour: behaviour,
    errors: findings.filter(({ severity }) => severity === 'reject').map(findingJson),
    warnings: findings.filter(({ severity }) => severity !== 'reject').map(findingJson),
    events: job.events,
    accepted: job.accepted,
    duplicate: job.duplicate,
    rejected: job.rejected,
    sha256: job.sha256,
    ...(job.partner !== '' && { partner: job.partner }),
    ...(job.eventIds !== undefined && { eventIDs: job.eventIds }),
  };
}

/** The members of a job for a message; with more findings than it should carry, where they are instead. */
export function shortJobJson(job: JobReport): Record<string, unknown> {
  const members = jobJson(job);
  if (job.findings.length < 50 || JSON.stringify(members).length <= MAX_MESSAGE_CHARACTERS) return members;
  const { errors: _errors, warnings: _warnings, ...rest } = members;
  return { ...rest, errorFile: jobPath(job.id) };
}

/** The job as an XML document. */
export function jobXml(job: JobReport): string {
  const { id, running, success, behaviour, createdMs, finishedMs, findings } = job;
  const attributes = `running="${running}" success="${success}" captureID="${xmlText(id)}"`;
  const errors = findings.filter(({ severity }) => severity === 'reject');
  const warnings = findings.filter(({ severity }) => severity !== 'reject');
  const members = [
    xmlElement('captureErrorBehaviour', behaviour),
    xmlElement('createdAt', utc(createdMs)),
    ...(finishedMs === null ? [] : [xmlElement('finishedAt', utc(finishedMs))]),
    ...(errors.length === 0 ? [] : [`<errors>${errors.map((error) => findingXml(error)).join('')}</errors>`]),
    ...COUNTS.map((name) => xmlElement(`firn:${name}`, job[name])),
    xmlElement('firn:sha256', job.sha256),
    ...warnings.map((warning) => findingXml(warning, 'firn:warning')),
  ];
  return `${XML_HEAD}<epcis:EPCISCaptureJob xmlns:epcis="urn:epcglobal:epcis:xsd:2" ${OWN_NAMESPACE} ${attributes}>${members.join('')}</epcis:EPCISCaptureJob>\n`;
}
