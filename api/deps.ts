import type { PayloadCodec } from '@temporalio/common';
import type { Logger } from 'pino';
import type { CommandRules } from '../config/adapter-commands.ts';
import type { Database } from '../db/client.ts';
import type { ReceiptSigner } from '../domain/governance/receipt.ts';
import type { MasterKeySource } from '../db/command/pin-master-key.ts';
import type { ContainmentPolicy } from '../domain/containment/policy.ts';
import type { GovernanceMode } from '../domain/export/record.ts';
import type { Upstreams } from '../domain/upstream/definition.ts';
import type { Checklist } from '../domain/checklist/checklist.ts';
import type { ForensicKey } from '../domain/forensic/key.ts';
import type { ProvenanceKey } from '../domain/export/provenance-key.ts';
import type { VerificationKey } from '../domain/signing/dsse.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { AdapterEvents } from './adapter-events/adapter-events.ts';
import type { Authentication } from './auth/authenticate.ts';
import type { Captures } from './capture.ts';
import type { DecisionEngine } from './engine.ts';
import type { IntakeQueue } from './intake-queue.ts';
import type { BlobPlace } from './status/storage.ts';
import type { EventStreams } from './streams/event-streams.ts';
import type { WatchEngine } from './watch-engine.ts';

/** What the routes are handed; tests hand in their own. */
export interface ApiDeps {
  db: Database;
  intake: IntakeQueue;
  adapterEvents: AdapterEvents;
  /** Which commands may run as adapters. */
  commands: CommandRules;
  streams: EventStreams;
  engine: DecisionEngine;
  watches: WatchEngine;
  /** The keys that signed reference values verify with; read when asked, empty before the first start of a worker. */
  verificationKeys: () => readonly VerificationKey[];
  /** Keys that the statements of exports verify with, oldest first. */
  provenanceKeys: () => ProvenanceKey[];
  /** Between two quotes of a node. */
  watchIntervalMs: number;
  /** Between two anchors of the log. */
  anchorIntervalMs: number;
  /** The reviewed policy file, read when asked. Errors: ContainmentFileError. */
  readPolicyFile: () => Promise<ContainmentPolicy>;
  /** The reviewed upstreams file, read when asked; null where none is configured. Errors: UpstreamsFileError. */
  readUpstreamsFile: () => Promise<Upstreams | null>;
  /** Whether tiles and entries are for anyone, not only for auditors. */
  ledgerPublic: boolean;
  /** The key that signs forensic bundles, read when asked. Errors: ForensicKeyError. */
  forensicKey: () => ForensicKey;
  /** The key that signs receipts of the governance ledger, read when asked. Errors: ReceiptKeyError. */
  receiptSigner: () => ReceiptSigner;
  /** The scenario checklists, by name. */
  checklists: ReadonlyMap<string, Checklist>;
  /** The key that wraps secrets. Errors: SecretsError master_key_missing. */
  masterKey: MasterKeySource;
  /** Where requests and answers are captured while a window is open. */
  captures: Captures;
  /** How what the engine keeps is sealed; none where nothing is. */
  payloadCodecs: readonly PayloadCodec[];
  /** Where the histories of processes are, and what the registry keeps. */
  blobs: BlobStore;
  /** Bytes that a blob of the registry may have. */
  registryBlobLimit: number;
  /** The registry that exports are checked against. `own`: it is this instance. */
  registry: { url: string; own: boolean };
  /** What an export that is asked for now is judged by. */
  governanceMode: GovernanceMode;
  auth: Authentication;
  log: Logger;
  /** What `/v1/status` says about this process. */
  about: {
    instance: string;
    version: string;
    bind: string;
    stateRoot: string;
    blob: BlobPlace;
    /** Whether a supervisor of this machine started everything and holds the lock of the state root. */
    embedded: boolean;
  };
}
