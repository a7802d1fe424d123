// Captures in a running engine: spool, stage and routes, put together and taken down. Wiring only; the stage knows the
// front end as a way to put entries, the routes know the stage as what answers.

import { join } from 'node:path';
import type { Registry } from 'prom-client';
import { atMost } from './at-most.ts';
import type { Boot } from './boot.ts';
import type { CaptureModules } from './capture/capture-threads.ts';
import type { PutEntry } from './capture/entry-writer.ts';
import { isOfStream } from './capture/follower.ts';
import { CaptureApi } from './capture/http/routes.ts';
import type { LedgerData } from './capture/ledger-data.ts';
import type { Judging } from './capture/messages.ts';
import { Spool } from './capture/spool.ts';
import { SpoolWatch } from './capture/spool-watch.ts';
import { CaptureStage, type CaptureStatus } from './capture/stage.ts';
import { Upload } from './capture/upload.ts';
import type { WebhookTarget } from './capture/webhook-post.ts';
import { type AckSource, type WebhookState, Webhooks } from './capture/webhooks.ts';
import { addCaptureMetrics } from './capture-metrics.ts';
import { type Config, type EpcisConfig, secretOf } from './config.ts';
import { ledgerName } from './config-epcis.ts';
import type { Captured, CaptureOptions } from './embedded.ts';
import { formOf } from './epcis/read.ts';
import { CaptureRefused, EngineBusy } from './errors.ts';
import { IN_PROCESS } from './frontend/calls.ts';
import type { CaptureRoutes } from './frontend/captures.ts';
import type { Counted } from './journal/rows.ts';
import type { Logger } from './log.ts';
import { POSITION } from './ring/layout.ts';
import { dropOrphans } from './seal/spool-files.ts';

/** What captures need of the front end. */
export interface CaptureFront {
  put: PutEntry;
  count(counted: Counted): void;
}

export interface EpcisStatus extends CaptureStatus {
  readonly webhooks: readonly WebhookState[];
  readonly profile: string;
  readonly spool: { readonly bytes: number; readonly quotaBytes: number };
}

/** How long a shutdown waits for bodies that are being handed over. */
const HANDOVER_MS = 5_000;

export class CapturePart {
  readonly routes: CaptureRoutes;
  readonly #api: CaptureApi;
  readonly #spool: Spool;
  readonly #stage: CaptureStage;
  readonly #watch: SpoolWatch;
  readonly #webhooks: Webhooks;
  readonly #epcis: EpcisConfig;
  #front: CaptureFront | null = null;
  #onFatal: (error: Error) => void = () => {};

  private constructor(boot: Boot, epcis: EpcisConfig, spool: Spool, log: Logger, modules: CaptureModules) {
    const { config, ring, folders, storage, clock, runningMs, fold } = boot;
    this.#epcis = epcis;
    this.#spool = spool;
    this.#watch = new SpoolWatch({ spool, quotaBytes: epcis.spool.quotaBytes, log });
    this.#stage = new CaptureStage({
      folder: folders.spool,
      judging: judgingOf(epcis),
      captures: fold.captures,
      put: (kind, entry, onDurable) => this.#front?.put(kind, entry, onDurable) ?? false,
      count: (counted) => this.#front?.count(counted),
      clock,
      runningMs,
      position: () => Number(Atomics.load(ring.positions, POSITION.journalDurable)),
      storage,
      ledger: { data: ledgerData(boot, config, epcis), name: ledgerName(config.ledger.url) },
      log,
      discard: ({ id, bytes }) => spool.remove(id, bytes),
      onAck: (partner) => this.#webhooks.poke(partner),
      onFatal: (error) => this.#onFatal(error),
      modules,
    });
    const stage = this.#stage;
    const source: AckSource = {
      due: (partner, limit) => stage.ask('dueAcks', partner, limit),
      delivered: (partner, seq) => stage.ask('delivered', partner, seq),
    };
    this.#webhooks = new Webhooks({ targets: targetsOf(epcis), source, log });
    const { maxEvents, extensions } = epcis;
    this.#api = new CaptureApi({ service: this.#stage, spool, maxEvents, extensions });
    this.routes = this.#api;
  }

  /** Opens the spool, without the bodies that nobody was told to have. @returns null where the configuration takes no captures */
  static async open(boot: Boot, log: Logger, modules: CaptureModules = {}): Promise<CapturePart | null> {
    const { epcis } = boot.config;
    if (epcis === false) return null;
    const orphans = dropOrphans(boot.storage, boot.folders.spool, boot.fold.captures);
    if (orphans > 0) log.info({ orphans }, 'files of captures that were never acknowledged were removed');
    let fail: (error: Error) => void = () => {};
    const spool = await Spool.open({
      folder: boot.folders.spool,
      maxBytes: epcis.maxBodyBytes,
      quotaBytes: epcis.spool.quotaBytes,
      onFatal: (error) => fail(error),
    });
    const part = new CapturePart(boot, epcis, spool, log, modules);
    fail = (error) => part.#onFatal(error);
    return part;
  }

  /** A document of the program that embeds the engine. See `Engine.capture`. */
  async take(bytes: Uint8Array, { type, behaviour = 'rollback' }: CaptureOptions): Promise<Captured> {
    const mediaType = type.toLowerCase();
    if (formOf(mediaType) === null) throw new TypeError(`${type} is no media type of EPCIS documents`);
    const upload = this.#spool.begin(bytes.length);
    // The caller may use its buffer again as soon as this returns.
    const body = upload instanceof Upload ? await upload.finish(new Uint8Array(bytes)) : upload;
    if ('kind' in body) {
      if (body.kind === 'busy') throw new EngineBusy(body.detail);
      throw new RangeError(
        `a document of ${bytes.length} bytes is over epcis.maxBodyBytes, ${this.#spool.maxBytes}`,
      );
    }
    const request = { principal: IN_PROCESS, gln: null, mediaType, behaviour, single: false };
    const submitted = await this.#stage.submit(body, request);
    if (submitted.kind === 'busy') throw new EngineBusy(submitted.detail);
    if (submitted.kind === 'refused') throw new CaptureRefused(submitted.findings);
    return { id: submitted.id, replay: submitted.replay };
  }

  connect(front: CaptureFront, onFatal: (error: Error) => void): void {
    this.#front = front;
    this.#onFatal = onFatal;
  }

  /** The journal takes entries: open jobs go on. */
  start(): void {
    this.#stage.start();
    this.#webhooks.start();
  }

  /** A batch is in lake and log: those of the stream prove what the ledger has. */
  sealed(seal: string, index: number): void {
    if (isOfStream(seal)) this.#stage.sealed({ seal, index });
  }

  addMetrics(registry: Registry): void {
    addCaptureMetrics(registry, () => this.status());
  }

  tick(): void {
    this.#stage.tick();
    this.#watch.look(this.#stage.openJobs);
  }

  status(): EpcisStatus {
    const { profile, spool } = this.#epcis;
    const bytes = this.#spool.usedBytes;
    return {
      ...this.#stage.status(),
      profile,
      spool: { bytes, quotaBytes: spool.quotaBytes },
      webhooks: this.#webhooks.status(),
    };
  }

  /** Nothing new comes: what is being handed over is taken, the chunk under way is finished. */
  async stop(): Promise<void> {
    await atMost(this.#api.idle(), HANDOVER_MS, undefined);
    await atMost(this.#webhooks.stop(), HANDOVER_MS, undefined);
    await this.#stage.stop();
  }

  async close(): Promise<void> {
    void this.#webhooks.stop();
    await this.#stage.close();
  }
}

function judgingOf({ profile, maxEvents, partners, staleDays, strictState }: EpcisConfig): Judging {
  const glns = partners === undefined ? null : partners.map(({ gln }) => gln);
  return { profile, maxEvents, partners: glns, staleDays, strictState };
}

function ledgerData(boot: Boot, { data, lake, s3, ledger }: Config, epcis: EpcisConfig): LedgerData {
  const { folders } = boot;
  return {
    url: ledger.url,
    poolSize: ledger.poolSize,
    folder: join(data, 'ledger'),
    spool: folders.spool,
    log: boot.sealer.folders.log,
    origin: boot.identity.engine,
    newest: newestOf(boot),
    lake,
    s3,
    judging: judgingOf(epcis),
    partners: (epcis.partners ?? []).map(({ gln, name, ack }) => ({
      gln,
      name,
      ackUrl: ack === 'poll' ? null : ack.url,
    })),
  };
}

/** Jobs run one after another: a ledger that has the events of the newest has those of all before it. */
function newestOf({ fold }: Boot): LedgerData['newest'] {
  const row = [...fold.captures.byId.values()].findLast(({ accepted }) => accepted > 0);
  return row === undefined ? null : { capture: row.id, accepted: row.accepted };
}

function targetsOf({ partners = [], webhook }: EpcisConfig): WebhookTarget[] {
  const timeoutMs = webhook.timeoutSeconds * 1000;
  return partners.flatMap(({ gln, ack }) =>
    ack === 'poll'
      ? []
      : [{ gln, url: ack.url, secret: secretOf(ack), timeoutMs, allowPlaintext: webhook.plaintext }],
  );
}
