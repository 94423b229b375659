-- API clients that their owners see and rotate, and what we tell their programs of: webhooks.

ALTER TABLE identity.client
    ADD COLUMN label           text CHECK (length(label) BETWEEN 1 AND 100),
    -- The secret of before is good until then, so that a program can be moved to the new one without a gap.
    ADD COLUMN previous_sha256 bytea CHECK (length(previous_sha256) = 32),
    ADD COLUMN previous_until  timestamptz,
    ADD COLUMN rotated_at      timestamptz,
    ADD COLUMN last_used_at    timestamptz,
    ADD COLUMN created_by      uuid REFERENCES identity.principal,
    ADD CONSTRAINT client_previous CHECK ((previous_sha256 IS NULL) = (previous_until IS NULL));
CREATE INDEX client_of_principal ON identity.client (principal_id);

CREATE SCHEMA webhooks;

-- Where events go. An endpoint belongs to a tenant (its integrator) or to a lender. Its secret is not stored: it is derived from a key of
-- the key store, the id and the version.
CREATE TABLE webhooks.endpoint (
    id             uuid PRIMARY KEY,
    tenant_id      uuid,
    provider_id    text CHECK (provider_id ~ '^[a-z0-9-]{1,64}$'),
    url            text NOT NULL CHECK (length(url) BETWEEN 1 AND 500),
    description    text NOT NULL CHECK (length(description) <= 200),
    -- Names of events; none: all.
    events         text[] NOT NULL,
    state          text NOT NULL CHECK (state IN ('ENABLED', 'DISABLED', 'DELETED')),
    why            text CHECK (why IN ('ASKED', 'FAILING', 'GONE')),
    secret_version integer NOT NULL CHECK (secret_version > 0),
    -- The secret of the version before signs as well until then.
    previous_until timestamptz,
    failing_since  timestamptz,
    created_by     uuid NOT NULL,
    created_at     timestamptz NOT NULL,
    changed_at     timestamptz NOT NULL,
    CONSTRAINT endpoint_owner CHECK ((tenant_id IS NULL) <> (provider_id IS NULL)),
    CONSTRAINT endpoint_why CHECK ((state = 'DISABLED') = (why IS NOT NULL))
);
CREATE INDEX endpoint_of_tenant ON webhooks.endpoint (tenant_id) WHERE state <> 'DELETED';
CREATE INDEX endpoint_of_provider ON webhooks.endpoint (provider_id) WHERE state <> 'DELETED';

CREATE FUNCTION webhooks.check_endpoint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.tenant_id, NEW.provider_id, NEW.created_by, NEW.created_at)
        IS DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.provider_id, OLD.created_by, OLD.created_at) THEN
        RAISE EXCEPTION 'an endpoint stays whose it is' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'DELETED' THEN
        RAISE EXCEPTION 'a deleted endpoint stays deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.secret_version NOT IN (OLD.secret_version, OLD.secret_version + 1) THEN
        RAISE EXCEPTION 'a secret is rotated one version at a time' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER endpoint_checked BEFORE UPDATE ON webhooks.endpoint
    FOR EACH ROW EXECUTE FUNCTION webhooks.check_endpoint();

-- One event to one endpoint. The id is the `webhook-id` of every attempt; the body never changes.
CREATE TABLE webhooks.delivery (
    id          uuid PRIMARY KEY,
    endpoint_id uuid NOT NULL REFERENCES webhooks.endpoint,
    event_id    uuid NOT NULL,
    event       text NOT NULL,
    body        text NOT NULL CHECK (length(body) <= 20000),
    state       text NOT NULL CHECK (state IN ('PENDING', 'DELIVERED', 'FAILED', 'CANCELLED')),
    -- All attempts, and those since it was last begun.
    attempts    integer NOT NULL CHECK (attempts >= 0),
    tries       integer NOT NULL CHECK (tries >= 0),
    -- When it is due; while it is under way, when another process may take it.
    next_at     timestamptz,
    occurred_at timestamptz NOT NULL,
    created_at  timestamptz NOT NULL,
    done_at     timestamptz,
    CONSTRAINT delivery_once UNIQUE (endpoint_id, event_id),
    CONSTRAINT delivery_due CHECK ((state = 'PENDING') = (next_at IS NOT NULL)),
    CONSTRAINT delivery_done CHECK ((state = 'PENDING') = (done_at IS NULL))
);
CREATE INDEX delivery_due_at ON webhooks.delivery (endpoint_id, next_at) WHERE state = 'PENDING';
CREATE INDEX delivery_old ON webhooks.delivery (done_at) WHERE state <> 'PENDING';

CREATE FUNCTION webhooks.check_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.endpoint_id, NEW.event_id, NEW.event, NEW.body, NEW.occurred_at, NEW.created_at)
        IS DISTINCT FROM (OLD.id, OLD.endpoint_id, OLD.event_id, OLD.event, OLD.body, OLD.occurred_at, OLD.created_at) THEN
        RAISE EXCEPTION 'a delivery keeps what it says' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.attempts < OLD.attempts THEN
        RAISE EXCEPTION 'attempts are not taken back' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'CANCELLED' AND NEW.state <> 'CANCELLED' OR OLD.state IN ('DELIVERED', 'FAILED') AND NEW.state NOT IN (OLD.state, 'PENDING') THEN
        RAISE EXCEPTION 'a delivery does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER delivery_checked BEFORE UPDATE ON webhooks.delivery
    FOR EACH ROW EXECUTE FUNCTION webhooks.check_delivery();

-- What came of each attempt. They go with their delivery, 30 days after its end.
CREATE TABLE webhooks.attempt (
    delivery_id uuid NOT NULL REFERENCES webhooks.delivery ON DELETE CASCADE,
    number      integer NOT NULL CHECK (number > 0),
    at          timestamptz NOT NULL,
    duration_ms integer NOT NULL CHECK (duration_ms >= 0),
    status      integer CHECK (status BETWEEN 100 AND 999),
    failure     text CHECK (length(failure) <= 200),
    -- The beginning of the answer, without control characters.
    answer      text NOT NULL CHECK (length(answer) <= 1000),
    PRIMARY KEY (delivery_id, number),
    CONSTRAINT attempt_outcome CHECK ((status IS NULL) <> (failure IS NULL))
);
CREATE TRIGGER attempt_append_only BEFORE UPDATE ON webhooks.attempt
    FOR EACH ROW EXECUTE FUNCTION events.refuse_change();
