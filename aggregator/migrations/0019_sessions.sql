-- Sign-in of people: logins, sessions of browsers, challenges to wallets, and how often somebody tried.

-- How a person signs in. No login is stored in clear: `login_hmac` finds it, `name_sealed` opens by a key of the person.
CREATE TABLE identity.login (
    id           uuid PRIMARY KEY,
    principal_id uuid NOT NULL REFERENCES identity.principal,
    kind         text NOT NULL CONSTRAINT login_kind_known CHECK (kind IN ('PASSWORD', 'WALLET')),
    login_hmac   bytea NOT NULL CHECK (length(login_hmac) = 32),
    password     text CHECK (password LIKE '$argon2id$%'),
    name_sealed  bytea NOT NULL,
    created_at   timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL,
    CONSTRAINT login_once UNIQUE (login_hmac),
    CONSTRAINT login_password CHECK ((kind = 'PASSWORD') = (password IS NOT NULL))
);
CREATE INDEX login_of_principal ON identity.login (principal_id);

-- One sign-in of one browser, through all rotations of its cookie.
CREATE TABLE identity.session (
    id           uuid PRIMARY KEY,
    login_id     uuid NOT NULL REFERENCES identity.login ON DELETE CASCADE,
    principal_id uuid NOT NULL REFERENCES identity.principal,
    generation   integer NOT NULL CHECK (generation > 0),
    begun_at     timestamptz NOT NULL,
    rotated_at   timestamptz NOT NULL,
    idle_until   timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    ended_at     timestamptz,
    ended_why    text CONSTRAINT session_end_known CHECK (ended_why IN ('SIGNED_OUT', 'REUSED', 'PASSWORD')),
    CONSTRAINT session_ended CHECK ((ended_at IS NULL) = (ended_why IS NULL)),
    CONSTRAINT session_times CHECK (idle_until <= ends_at)
);
CREATE INDEX session_of_login ON identity.session (login_id);
CREATE INDEX session_over ON identity.session (ends_at);

-- Cookies are 256 random bits, so a plain digest is as hard to invert as a cookie is to guess.
CREATE TABLE identity.session_cookie (
    sha256     bytea PRIMARY KEY CHECK (length(sha256) = 32),
    session_id uuid NOT NULL REFERENCES identity.session ON DELETE CASCADE,
    generation integer NOT NULL CHECK (generation > 0),
    issued_at  timestamptz NOT NULL
);
CREATE INDEX session_cookie_of_session ON identity.session_cookie (session_id);

-- A session ends once, goes on by one generation, and stays whose it is.
CREATE FUNCTION identity.check_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.login_id, NEW.principal_id, NEW.begun_at, NEW.ends_at)
        IS DISTINCT FROM (OLD.id, OLD.login_id, OLD.principal_id, OLD.begun_at, OLD.ends_at) THEN
        RAISE EXCEPTION 'a session stays whose it is' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.ended_at IS NOT NULL THEN
        RAISE EXCEPTION 'a session that ended stays as it is' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.generation NOT IN (OLD.generation, OLD.generation + 1) THEN
        RAISE EXCEPTION 'a session goes on by one generation' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER session_checked BEFORE UPDATE ON identity.session
    FOR EACH ROW EXECUTE FUNCTION identity.check_session();

-- What a wallet was asked to sign. Good once, and only as it was given out.
CREATE TABLE identity.wallet_challenge (
    message_sha256 bytea PRIMARY KEY CHECK (length(message_sha256) = 32),
    nonce          text NOT NULL CONSTRAINT wallet_nonce_once UNIQUE CHECK (nonce ~ '^[A-Za-z0-9]{16,64}$'),
    origin         text NOT NULL,
    address        bytea NOT NULL CHECK (length(address) = 20),
    chain_id       bigint NOT NULL CHECK (chain_id > 0),
    issued_at      timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL CHECK (expires_at > issued_at),
    used_at        timestamptz
);
CREATE INDEX wallet_challenge_over ON identity.wallet_challenge (expires_at);

CREATE FUNCTION identity.check_wallet_challenge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.used_at IS NOT NULL OR to_jsonb(NEW) - 'used_at' IS DISTINCT FROM to_jsonb(OLD) - 'used_at' THEN
        RAISE EXCEPTION 'a challenge is good once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER wallet_challenge_checked BEFORE UPDATE ON identity.wallet_challenge
    FOR EACH ROW EXECUTE FUNCTION identity.check_wallet_challenge();

-- Tries within a window that begins with the first. Keyed hashes; rows older than a day are taken away.
CREATE TABLE identity.sign_in_try (
    kind  text NOT NULL,
    key   bytea NOT NULL CHECK (length(key) = 32),
    since timestamptz NOT NULL,
    tries integer NOT NULL CHECK (tries > 0),
    PRIMARY KEY (kind, key)
);
CREATE INDEX sign_in_try_over ON identity.sign_in_try (since);
