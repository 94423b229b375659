-- Who acts, what happened once, and what happened at all.

CREATE SCHEMA identity;

CREATE TABLE identity.tenant (
    id         uuid PRIMARY KEY,
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL
);

CREATE TABLE identity.principal (
    id          uuid PRIMARY KEY,
    tenant_id   uuid NOT NULL REFERENCES identity.tenant,
    role        text NOT NULL CHECK (role IN ('borrower', 'integrator', 'provider', 'officer')),
    provider_id text CHECK (provider_id ~ '^[a-z0-9-]{1,64}$'),
    created_at  timestamptz NOT NULL,
    CONSTRAINT principal_provider CHECK ((role = 'provider') = (provider_id IS NOT NULL))
);
CREATE INDEX principal_tenant ON identity.principal (tenant_id);

-- Secrets are random and at least 128 bits long, so a plain digest is as hard to invert as the secret is to guess.
CREATE TABLE identity.client (
    client_id     text PRIMARY KEY CHECK (length(client_id) BETWEEN 1 AND 100),
    principal_id  uuid NOT NULL REFERENCES identity.principal,
    secret_sha256 bytea NOT NULL CHECK (length(secret_sha256) = 32),
    created_at    timestamptz NOT NULL,
    revoked_at    timestamptz
);

-- The key of a mutation, in the same transaction as its effect. `answer` is replayed byte for byte.
CREATE TABLE identity.idempotency_key (
    tenant_id    uuid NOT NULL,
    principal_id uuid NOT NULL,
    key          text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    operation    text NOT NULL,
    body_sha256  bytea NOT NULL CHECK (length(body_sha256) = 32),
    answer       text,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, principal_id, key)
);
CREATE INDEX idempotency_key_expiry ON identity.idempotency_key (expires_at);

CREATE SCHEMA events;

-- Readers go by (xid, seq) and stop at the oldest running transaction, so an event that commits late is never skipped.
-- Nothing notifies inside the transaction: that would serialize every commit of the cluster.
CREATE TABLE events.outbox (
    seq          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid          xid8 NOT NULL DEFAULT pg_current_xact_id(),
    event_id     uuid NOT NULL,
    aggregate    text NOT NULL,
    aggregate_id uuid NOT NULL,
    version      integer NOT NULL CHECK (version > 0),
    kind         text NOT NULL,
    payload      text NOT NULL,
    occurred_at  timestamptz NOT NULL,
    CONSTRAINT outbox_version UNIQUE (aggregate_id, version)
);
CREATE INDEX outbox_order ON events.outbox (xid, seq);

CREATE FUNCTION events.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER outbox_append_only BEFORE UPDATE ON events.outbox
    FOR EACH ROW EXECUTE FUNCTION events.refuse_change();

-- How far a consumer has read.
CREATE TABLE events.cursor (
    consumer text PRIMARY KEY,
    xid      xid8 NOT NULL,
    seq      bigint NOT NULL
);

-- What a consumer has applied: written in the transaction of the effect.
CREATE TABLE events.inbox (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    PRIMARY KEY (consumer, event_id)
);

-- Failed deliveries. A parked event is set aside for an operator.
CREATE TABLE events.failure (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    attempts integer NOT NULL,
    error    text NOT NULL,
    parked   boolean NOT NULL DEFAULT false,
    last_at  timestamptz NOT NULL,
    PRIMARY KEY (consumer, event_id)
);
