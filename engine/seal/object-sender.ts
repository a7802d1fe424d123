// Brings the object of one seal into the lake, and its schema before it. What becomes of an object that the store refuses is
// decided here: the log waits for it until it is known to be that object's own fault, which parks it in quarantine.

import type { AuditDetails } from '../audit.ts';
import { sha256Hex } from '../batch/merkle.ts';
import { decodeSeal, type ObjectSeal, type Seal } from '../batch/seal.ts';
import { FatalError } from '../errors.ts';
import type { Registry } from '../registry.ts';
import { SinkFault, SinkOutage } from '../sink/sink.ts';
import { schemaFile } from './lake-files.ts';
import type { SealLog } from './log.ts';
import type { Outbox } from './outbox.ts';
import type { PublishedLog } from './published-log.ts';
import type { Quarantine } from './quarantine.ts';
import { REFUSALS, type Refusals } from './refusals.ts';

/** A seal and its object, as they are sent. */
export interface Ready {
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly seal: Seal;
  readonly object: Uint8Array | null;
}

/** What became of the objects in quarantine: sent just now, and still there. */
export interface Resent {
  readonly sent: number;
  readonly left: number;
}

export interface ObjectSenderOptions {
  readonly log: SealLog;
  readonly outbox: Outbox;
  readonly quarantine: Quarantine;
  readonly refusals: Refusals;
  readonly registry: Registry;
  readonly published: PublishedLog;
  readonly audit: (action: string, target: string, details: AuditDetails) => void;
}

export class ObjectSender {
  readonly #options: ObjectSenderOptions;
  /** Schemas that are in the lake or on their way there, by SHA-256: a round of objects puts each once. */
  readonly #schemas = new Map<string, Promise<void>>();
  /** Objects in quarantine that were told again in this run. */
  readonly #toldAgain = new Set<number>();
  #resent = 0;

  constructor(options: ObjectSenderOptions) {
    this.#options = options;
  }

  /** Objects that have left the quarantine for the lake, in this run. */
  get resent(): number {
    return this.#resent;
  }

  /** Puts schema and object. @returns null, or what the store has against this object. */
  async put({ bytes, seal, object }: Ready): Promise<SinkFault | null> {
    if (seal.kind === 'heartbeat' || object === null) return null;
    await this.#putSchema(seal);
    try {
      await this.#options.published.putOnce(seal.key, object, bytes);
      return null;
    } catch (error) {
      if (error instanceof SinkFault) return error;
      throw error;
    }
  }

  #putSchema({ schema, schema_sha256 }: ObjectSeal): Promise<void> {
    const known = this.#schemas.get(schema_sha256);
    if (known !== undefined) return known;
    const { published, registry } = this.#options;
    const { key, body } = schemaFile(registry, schema, schema_sha256);
    const put = published.putOnce(key, body);
    this.#schemas.set(schema_sha256, put);
    // Forgotten before those who wait for it hear of it: their next attempt puts it again.
    put.catch(() => this.#schemas.delete(schema_sha256));
    return put;
  }

  /**
   * Whether the seal may be logged: its object is in the lake, or in quarantine by now. @returns null, or the failure
   * that the log waits for.
   */
  async judge({ index, object }: Ready, fault: SinkFault | null): Promise<unknown> {
    const { refusals, quarantine } = this.#options;
    if (fault === null) {
      refusals.forget(index);
      return null;
    }
    try {
      if (!(await refusals.judge(index, fault.message))) return fault;
    } catch (error) {
      if (isOfStore(error)) return error;
      throw error;
    }
    quarantine.take(index, object?.length ?? 0);
    return null;
  }

  /** The audit event, once the seal is in the log. */
  tellParked({ index, seal, object }: Ready, { message }: SinkFault): void {
    if (seal.kind === 'heartbeat') return;
    this.#options.audit('object.quarantined', seal.key, {
      new: { index, bytes: object?.length ?? 0 },
      reason: message,
    });
  }

  /** Puts the object of a logged seal; three refusals in a row are judged at once. */
  async #putOrPark(ready: Ready): Promise<void> {
    let failure: unknown = null;
    for (let attempt = 1; attempt <= REFUSALS; attempt++) {
      const fault = await this.put(ready);
      failure = await this.judge(ready, fault);
      if (failure !== null) continue;
      if (fault !== null) this.tellParked(ready, fault);
      return;
    }
    throw failure;
  }

  /**
   * Puts again what the lake lost: objects of logged seals from `from` on, as far as the outbox has them. When the lake is opened.
   * @throws SinkOutage, SinkFault when the store cannot be used
   */
  async republish(from: number): Promise<void> {
    const { log, outbox } = this.#options;
    let index = from;
    for (const bytes of log.entries(from, log.size)) {
      const seal = decodeSeal(bytes);
      if (outbox.has(index) && seal.kind !== 'heartbeat') {
        await this.#putOrPark({ index, bytes, seal, object: outbox.read(index, seal.zstd_sha256) });
      }
      index += 1;
    }
  }

  /**
   * One attempt for each object in quarantine. `again`: those that the store still refuses are told again (at a start:
   * a crash may have taken the event), once in a run.
   * @throws SinkOutage
   */
  async resend(again = false): Promise<void> {
    const { log, quarantine, audit } = this.#options;
    for (const index of quarantine.indexes()) {
      const [bytes = new Uint8Array()] = log.entries(index, index + 1);
      const seal = decodeSeal(bytes);
      const object = quarantine.read(index);
      if (seal.kind === 'heartbeat' || (object !== null && sha256Hex(object) !== seal.zstd_sha256)) {
        throw new FatalError(
          `quarantine: the file of seal ${index} is not its object: restore it from a backup`,
        );
      }
      const fault = await this.put({ index, bytes, seal, object });
      if (fault !== null) {
        if (again && !this.#toldAgain.has(index)) {
          this.#toldAgain.add(index);
          audit('object.quarantined', seal.key, { new: { index }, reason: fault.message });
        }
        continue;
      }
      quarantine.remove(index);
      if (object !== null) this.#resent += 1;
      const reason =
        object === null ? 'its file was taken out of the quarantine by hand' : 'the store took it';
      audit(object === null ? 'object.lost' : 'object.released', seal.key, { new: { index }, reason });
    }
  }
}

/** Whether the store has said so, and not the engine. */
export function isOfStore(error: unknown): error is SinkOutage | SinkFault {
  return error instanceof SinkOutage || error instanceof SinkFault;
}
