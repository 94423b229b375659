-- Requests, their closed books, and every decision with the facts it was made from.

CREATE SCHEMA quoting;

-- `body` (the request and how it is ranked) and `ranking` are exact bytes: a ranking replays to the same ones.
CREATE TABLE quoting.request (
    id             uuid CONSTRAINT request_id_unique PRIMARY KEY,
    tenant_id      uuid NOT NULL,
    borrower_id    uuid NOT NULL,
    state          text NOT NULL CHECK (state IN ('QUOTING', 'QUOTED', 'ACCEPTED', 'DECLINED', 'EXPIRED')),
    version        integer NOT NULL CHECK (version > 0),
    body           text NOT NULL,
    lenders        text NOT NULL,
    losers         text NOT NULL,
    refusal        text NOT NULL,
    ranking        text,
    created_at     timestamptz NOT NULL,
    deadline_at    timestamptz NOT NULL,
    closed_at      timestamptz,
    quotes_until   timestamptz,
    accepted_quote uuid,
    CONSTRAINT request_closed CHECK ((state = 'QUOTING') = (closed_at IS NULL)),
    CONSTRAINT request_quoted CHECK (state IN ('QUOTING', 'DECLINED') OR (ranking IS NOT NULL AND quotes_until IS NOT NULL)),
    CONSTRAINT request_accepted CHECK ((state = 'ACCEPTED') = (accepted_quote IS NOT NULL))
) WITH (fillfactor = 70);
CREATE INDEX request_open ON quoting.request (deadline_at) WHERE state = 'QUOTING';
CREATE INDEX request_expiring ON quoting.request (quotes_until) WHERE state = 'QUOTED';

-- The transition table of `domain::loan::RequestState`, also when a bug in one binary says otherwise.
CREATE FUNCTION quoting.check_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.version <> 1 OR NEW.state NOT IN ('QUOTING', 'DECLINED') THEN
            RAISE EXCEPTION 'a request cannot begin as %', NEW.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'request_transition';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.tenant_id, NEW.borrower_id, NEW.body, NEW.created_at)
        IS DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.borrower_id, OLD.body, OLD.created_at) THEN
        RAISE EXCEPTION 'the facts of a request do not change'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'request_immutable';
    END IF;
    IF OLD.ranking IS NOT NULL AND NEW.ranking IS DISTINCT FROM OLD.ranking THEN
        RAISE EXCEPTION 'a ranking does not change'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'request_immutable';
    END IF;
    IF NEW.version <> OLD.version + 1 OR (OLD.state, NEW.state) NOT IN (
        ('QUOTING', 'QUOTED'), ('QUOTING', 'DECLINED'), ('QUOTED', 'ACCEPTED'), ('QUOTED', 'EXPIRED')) THEN
        RAISE EXCEPTION 'a request does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'request_transition';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER request_state BEFORE INSERT OR UPDATE ON quoting.request
    FOR EACH ROW EXECUTE FUNCTION quoting.check_request();

CREATE TABLE quoting.quote (
    id          uuid PRIMARY KEY,
    request_id  uuid NOT NULL REFERENCES quoting.request,
    position    integer NOT NULL CHECK (position > 0),
    body        text NOT NULL,
    CONSTRAINT quote_position UNIQUE (request_id, position)
);

CREATE FUNCTION quoting.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER quote_append_only BEFORE UPDATE OR DELETE ON quoting.quote
    FOR EACH ROW EXECUTE FUNCTION quoting.refuse_change();

CREATE SCHEMA compliance;

-- `facts`, `screening` and `result` are exact bytes: deciding again from the first two gives the third.
CREATE TABLE compliance.decision (
    id         uuid PRIMARY KEY,
    request_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('RISK', 'REQUEST', 'OFFER')),
    stage      text NOT NULL CHECK (stage IN ('QUOTING', 'ACCEPTANCE')),
    facts      text NOT NULL,
    screening  text,
    result     text NOT NULL,
    decided_at timestamptz NOT NULL,
    CONSTRAINT decision_screened CHECK ((kind = 'REQUEST') = (screening IS NOT NULL))
);
CREATE INDEX decision_request ON compliance.decision (request_id);

CREATE FUNCTION compliance.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER decision_append_only BEFORE UPDATE OR DELETE ON compliance.decision
    FOR EACH ROW EXECUTE FUNCTION compliance.refuse_change();
