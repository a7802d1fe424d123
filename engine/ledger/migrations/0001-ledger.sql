-- The ledger of captured events. event, ledger, batch and verdict are append only; item is a projection of them.
CREATE TABLE firn.partner (
  gln text COLLATE "C" PRIMARY KEY CHECK (gln ~ '^([0-9]{13})?$'), -- '' = nobody said who sends
  name text NOT NULL DEFAULT '',
  ack_url text,
  next_event_seq bigint NOT NULL DEFAULT 1,
  next_ack_seq bigint NOT NULL DEFAULT 1,
  next_batch_seq bigint NOT NULL DEFAULT 1,
  last_batch_id bytea NOT NULL DEFAULT '\x0000000000000000000000000000000000000000000000000000000000000000'
);

CREATE TABLE firn.capture_job (
  capture_id uuid PRIMARY KEY,
  partner_gln text COLLATE "C" NOT NULL REFERENCES firn.partner,
  media_type text NOT NULL,
  behaviour text NOT NULL CHECK (behaviour IN ('rollback', 'proceed')),
  single boolean NOT NULL,
  raw_sha256 bytea NOT NULL,
  raw_bytes bigint NOT NULL,
  head text NOT NULL, -- JSON
  received_at timestamptz(3) NOT NULL,
  accepted bigint NOT NULL DEFAULT 0,
  duplicate bigint NOT NULL DEFAULT 0,
  rejected bigint NOT NULL DEFAULT 0,
  finished_at timestamptz(3),
  report text -- JSON of the finished job
);
CREATE INDEX capture_job_received ON firn.capture_job (received_at, capture_id);
CREATE INDEX capture_job_raw ON firn.capture_job (partner_gln, raw_sha256);

CREATE TABLE firn.verdict (
  capture_id uuid NOT NULL,
  ord int NOT NULL,
  partner_gln text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('accepted', 'duplicate', 'refused')),
  findings text, -- JSON; NULL = none
  record_time timestamptz(3) NOT NULL,
  PRIMARY KEY (capture_id, ord),
  UNIQUE (partner_gln, seq)
);

CREATE TABLE firn.event (
  partner_gln text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  capture_id uuid NOT NULL,
  ord int NOT NULL,
  event_hash bytea NOT NULL,
  declared_at timestamptz(3) NOT NULL DEFAULT '-infinity', -- of an error declaration
  ni_hash text NOT NULL,
  event_id text NOT NULL,
  event_type text NOT NULL,
  action text,
  biz_step text,
  disposition text,
  event_time timestamptz(3) NOT NULL,
  tz_offset text NOT NULL,
  record_time timestamptz(3) NOT NULL,
  canonical text NOT NULL, -- the RFC 8785 characters that event_hash is of; cast to jsonb to look inside
  PRIMARY KEY (partner_gln, seq),
  UNIQUE (event_hash, declared_at), -- whoever sends it: a document of the maker comes again in those of each later owner
  UNIQUE (capture_id, ord)
);
CREATE INDEX event_id ON firn.event (event_id);

CREATE TABLE firn.ledger (
  gtin text COLLATE "C" NOT NULL,
  serial text COLLATE "C" NOT NULL,
  event_time timestamptz(3) NOT NULL,
  partner_gln text COLLATE "C" NOT NULL,
  disc text COLLATE "C" NOT NULL,
  event_hash bytea NOT NULL,
  seq bigint NOT NULL,
  role text NOT NULL,
  lot text COLLATE "C",
  expiry date,
  CONSTRAINT ledger_key PRIMARY KEY (gtin, serial, event_time, partner_gln, disc)
);

CREATE TABLE firn.lot (
  gtin text COLLATE "C" NOT NULL,
  lot text COLLATE "C" NOT NULL,
  expiry date NOT NULL,
  PRIMARY KEY (gtin, lot)
);

CREATE TABLE firn.item (
  gtin text COLLATE "C" NOT NULL,
  serial text COLLATE "C" NOT NULL,
  lot text COLLATE "C",
  expiry date,
  state text NOT NULL,
  parent_gtin text COLLATE "C",
  parent_serial text COLLATE "C",
  linked_at timestamptz(3),
  linked_in uuid,
  commissioned_at timestamptz(3),
  commissioned_in uuid,
  commissioned_by bytea,
  commission_void boolean NOT NULL,
  shipped_at timestamptz(3),
  shipped_in uuid,
  ended_at timestamptz(3),
  ended_in uuid,
  last_at timestamptz(3) NOT NULL,
  rev bigint NOT NULL, -- a writer that read another one than it replaces judges again
  PRIMARY KEY (gtin, serial)
);
CREATE INDEX item_parent ON firn.item (parent_gtin, parent_serial) WHERE parent_gtin IS NOT NULL;

CREATE TABLE firn.batch (
  partner_gln text COLLATE "C" NOT NULL,
  batch_seq bigint NOT NULL,
  batch_id bytea NOT NULL UNIQUE,
  prev_batch_id bytea NOT NULL,
  event_root bytea NOT NULL,
  capture_id uuid NOT NULL,
  first_seq bigint NOT NULL,
  last_seq bigint NOT NULL,
  accepted int NOT NULL,
  committed_at timestamptz(3) NOT NULL,
  PRIMARY KEY (partner_gln, batch_seq),
  UNIQUE (partner_gln, prev_batch_id)
);
CREATE INDEX batch_capture ON firn.batch (capture_id);

CREATE TABLE firn.proof (
  capture_id uuid NOT NULL,
  ord int NOT NULL,
  object_key text NOT NULL,
  line bigint NOT NULL,
  root bytea NOT NULL,
  log_index bigint NOT NULL,
  PRIMARY KEY (capture_id, ord)
);

CREATE TABLE firn.follower (name text PRIMARY KEY, position bigint NOT NULL);

CREATE TABLE firn.ack (
  partner_gln text COLLATE "C" NOT NULL REFERENCES firn.partner,
  ack_seq bigint NOT NULL,
  capture_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('received', 'accepted', 'partial', 'rejected')),
  body text NOT NULL, -- RFC 8785
  digest bytea NOT NULL,
  created_at timestamptz(3) NOT NULL,
  delivered_at timestamptz(3),
  acked_at timestamptz(3),
  PRIMARY KEY (partner_gln, ack_seq),
  UNIQUE (capture_id, kind)
);
CREATE UNIQUE INDEX ack_verdict ON firn.ack (capture_id) WHERE kind <> 'received';
CREATE INDEX ack_due ON firn.ack (partner_gln, ack_seq) WHERE delivered_at IS NULL AND acked_at IS NULL;

CREATE FUNCTION firn.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'firn.% is append only', TG_TABLE_NAME USING ERRCODE = '23001';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON firn.event FOR EACH ROW EXECUTE FUNCTION firn.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON firn.ledger FOR EACH ROW EXECUTE FUNCTION firn.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON firn.batch FOR EACH ROW EXECUTE FUNCTION firn.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON firn.verdict FOR EACH ROW EXECUTE FUNCTION firn.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON firn.event FOR EACH STATEMENT EXECUTE FUNCTION firn.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON firn.ledger FOR EACH STATEMENT EXECUTE FUNCTION firn.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON firn.batch FOR EACH STATEMENT EXECUTE FUNCTION firn.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON firn.verdict FOR EACH STATEMENT EXECUTE FUNCTION firn.refuse_change();
