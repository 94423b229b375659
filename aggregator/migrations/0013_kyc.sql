-- Identity verification: sessions at vendors, what vendors said, what followed, and reviews by people.

create schema kyc;

create function kyc.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '%.% is append-only', tg_table_schema, tg_table_name
        using errcode = 'restrict_violation', constraint = 'append_only';
end $$;

-- One session of a person at a vendor. Names stand here as keyed digests of their words only, to be compared.
create table kyc.session (
    id             uuid primary key,
    tenant         uuid not null,
    borrower       uuid not null,
    vendor         text not null check (vendor in ('sumsub', 'jumio')),
    level          text not null check (level in ('BASIC', 'STANDARD', 'ENHANCED')),
    vendor_level   text not null check (vendor_level ~ '^[A-Za-z0-9_-]{1,64}$'),
    subject        text check (subject ~ '^[A-Za-z0-9_-]{1,64}$'),       -- the vendor's name of the person
    run            text check (run ~ '^[A-Za-z0-9_-]{1,64}$'),           -- and of this run of its checks
    state          text not null constraint session_state_known check (state in
                   ('CREATED', 'OPEN', 'PENDING', 'ON_HOLD', 'RETRY', 'REVIEW', 'VERIFIED', 'REJECTED', 'EXPIRED', 'ERASED')),
    version        integer not null check (version > 0),
    reason         text check (reason ~ '^[A-Z_]{1,64}$'),
    labels         text[] not null default '{}' check (cardinality(labels) <= 32),
    attempts       integer not null default 0 check (attempts >= 0),
    claimed_name   bytea not null check (length(claimed_name) % 16 = 0), -- digests of 16 bytes, sorted
    verified_name  bytea check (length(verified_name) % 16 = 0),
    consent_at     timestamptz not null,
    consent_country text check (consent_country ~ '^[A-Z]{2}$'),
    consent_region text check (length(consent_region) between 1 and 8),
    last_event_ms  bigint not null default 0,
    failures       integer not null default 0 check (failures >= 0),
    look_at        timestamptz,                                         -- when the vendor is asked without an event
    created_at     timestamptz not null,
    changed_at     timestamptz not null,
    decided_at     timestamptz,
    verified_until timestamptz,
    constraint session_named check (state in ('CREATED', 'ERASED') or subject is not null),
    constraint session_verified check (state <> 'VERIFIED'
        or (verified_until is not null and decided_at is not null and verified_name is not null)),
    constraint session_rejected check (state <> 'REJECTED' or decided_at is not null)
);
create index session_of_borrower on kyc.session (tenant, borrower);
create unique index session_one_running on kyc.session (tenant, borrower)
    where state in ('CREATED', 'OPEN', 'PENDING', 'ON_HOLD', 'RETRY', 'REVIEW');
create index session_to_look_at on kyc.session (look_at) where look_at is not null;
create index session_to_expire on kyc.session (verified_until) where state = 'VERIFIED';

create table kyc.review (
    id            uuid primary key,
    session_id    uuid not null references kyc.session,
    verdict       text not null check (verdict in ('APPROVE', 'REJECT')),
    state         text not null constraint review_state_known check (state in ('OPEN', 'CONFIRMED', 'DECLINED')),
    note          text not null check (length(note) between 1 and 500),
    proposed_by   uuid not null,
    proposed_at   timestamptz not null,
    decided_by    uuid,
    decided_at    timestamptz,
    decision_note text check (length(decision_note) between 1 and 500),
    decided_xid   xid8,
    constraint review_decided check ((state = 'OPEN') = (decided_by is null) and (state = 'OPEN') = (decided_at is null)
        and (state = 'OPEN') = (decision_note is null)),
    constraint review_four_eyes check (state <> 'CONFIRMED' or decided_by <> proposed_by)
);
create unique index review_one_open on kyc.review (session_id) where state = 'OPEN';
create index review_of_session on kyc.review (session_id);

create function kyc.check_review() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.state <> 'OPEN' then
            raise exception 'a review is born open' using errcode = 'check_violation', constraint = 'review_transition';
        end if;
        return new;
    end if;
    if old.state <> 'OPEN' or new.state = 'OPEN' or (new.id, new.session_id, new.verdict, new.note, new.proposed_by, new.proposed_at)
        is distinct from (old.id, old.session_id, old.verdict, old.note, old.proposed_by, old.proposed_at) then
        raise exception 'review % is decided once and does not change', old.id
            using errcode = 'check_violation', constraint = 'review_transition';
    end if;
    new.decided_xid := pg_current_xact_id();
    return new;
end $$;
create trigger review_checked before insert or update on kyc.review for each row execute function kyc.check_review();
create trigger review_kept before delete on kyc.review for each row execute function kyc.refuse_change();

create function kyc.check_session() returns trigger language plpgsql as $$
declare
    confirmed boolean;
begin
    if tg_op = 'INSERT' then
        if new.state <> 'CREATED' or new.version <> 1 then
            raise exception 'a session is born created' using errcode = 'check_violation', constraint = 'session_transition';
        end if;
        return new;
    end if;
    if (new.id, new.tenant, new.borrower, new.vendor, new.level, new.created_at, new.consent_at)
        is distinct from (old.id, old.tenant, old.borrower, old.vendor, old.level, old.created_at, old.consent_at)
        or (old.subject is not null and new.subject is distinct from old.subject and new.state <> 'ERASED') then
        raise exception 'what session % is does not change', old.id
            using errcode = 'check_violation', constraint = 'session_identity';
    end if;
    if new.last_event_ms < old.last_event_ms then
        raise exception 'events of session % go forward', old.id
            using errcode = 'check_violation', constraint = 'session_event_order';
    end if;
    if new.state = old.state then
        return new;
    end if;
    if new.version <> old.version + 1 then
        raise exception 'session % skips a version', old.id
            using errcode = 'check_violation', constraint = 'session_version';
    end if;
    if (old.state, new.state) not in (
        ('CREATED', 'OPEN'), ('CREATED', 'ERASED'),
        ('OPEN', 'PENDING'), ('OPEN', 'ON_HOLD'), ('OPEN', 'RETRY'), ('OPEN', 'REVIEW'), ('OPEN', 'VERIFIED'), ('OPEN', 'REJECTED'),
        ('OPEN', 'EXPIRED'), ('OPEN', 'ERASED'),
        ('PENDING', 'OPEN'), ('PENDING', 'ON_HOLD'), ('PENDING', 'RETRY'), ('PENDING', 'REVIEW'), ('PENDING', 'VERIFIED'),
        ('PENDING', 'REJECTED'), ('PENDING', 'EXPIRED'), ('PENDING', 'ERASED'),
        ('ON_HOLD', 'OPEN'), ('ON_HOLD', 'PENDING'), ('ON_HOLD', 'RETRY'), ('ON_HOLD', 'REVIEW'), ('ON_HOLD', 'VERIFIED'),
        ('ON_HOLD', 'REJECTED'), ('ON_HOLD', 'EXPIRED'), ('ON_HOLD', 'ERASED'),
        ('RETRY', 'OPEN'), ('RETRY', 'PENDING'), ('RETRY', 'ON_HOLD'), ('RETRY', 'REVIEW'), ('RETRY', 'VERIFIED'), ('RETRY', 'REJECTED'),
        ('RETRY', 'EXPIRED'), ('RETRY', 'ERASED'),
        ('REVIEW', 'VERIFIED'), ('REVIEW', 'REJECTED'), ('REVIEW', 'ERASED'),
        ('VERIFIED', 'REVIEW'), ('VERIFIED', 'REJECTED'), ('VERIFIED', 'EXPIRED'), ('VERIFIED', 'ERASED'),
        ('REJECTED', 'REVIEW'), ('REJECTED', 'VERIFIED'), ('REJECTED', 'ERASED'),
        ('EXPIRED', 'ERASED')) then
        raise exception 'session % may not go from % to %', old.id, old.state, new.state
            using errcode = 'check_violation', constraint = 'session_transition';
    end if;
    -- Whom a vendor did not approve, two officers may.
    if new.state = 'VERIFIED' and old.state in ('REVIEW', 'REJECTED') then
        select exists (select 1 from kyc.review r where r.session_id = new.id and r.state = 'CONFIRMED' and r.verdict = 'APPROVE'
            and r.decided_xid = pg_current_xact_id()) into confirmed;
        if not confirmed then
            raise exception 'nobody approved session %', old.id
                using errcode = 'check_violation', constraint = 'session_four_eyes';
        end if;
    end if;
    return new;
end $$;
create trigger session_checked before insert or update on kyc.session for each row execute function kyc.check_session();
create trigger session_kept before delete on kyc.session for each row execute function kyc.refuse_change();

-- Every webhook that passed its checks, once.
create table kyc.provider_event (
    id          uuid primary key,
    digest      bytea not null constraint provider_event_once unique check (length(digest) = 32),
    vendor      text not null,
    session_id  uuid not null references kyc.session,
    kind        text not null check (kind ~ '^[A-Za-z0-9_-]{1,64}$'),
    at_ms       bigint not null check (at_ms > 0),
    received_at timestamptz not null,
    body_sha256 bytea not null check (length(body_sha256) = 32),
    sealed      bytea,                                       -- the body under the person's key, where a vault is
    state       text not null default 'QUEUED' constraint provider_event_state_known check (state in ('QUEUED', 'APPLIED', 'STALE')),
    applied_at  timestamptz,
    constraint provider_event_applied check ((state = 'QUEUED') = (applied_at is null))
);
create index provider_event_queued on kyc.provider_event (session_id, at_ms) where state = 'QUEUED';
create index provider_event_of_session on kyc.provider_event (session_id, at_ms);

create function kyc.check_provider_event() returns trigger language plpgsql as $$
declare
    seen bigint;
begin
    if (new.id, new.digest, new.vendor, new.session_id, new.kind, new.at_ms, new.received_at, new.body_sha256) is distinct from
        (old.id, old.digest, old.vendor, old.session_id, old.kind, old.at_ms, old.received_at, old.body_sha256)
        or (new.sealed is distinct from old.sealed and new.sealed is not null)
        or (old.state <> 'QUEUED' and (new.state, new.applied_at) is distinct from (old.state, old.applied_at)) then
        raise exception 'event % is applied once and does not change', old.id
            using errcode = 'check_violation', constraint = 'provider_event_transition';
    end if;
    if old.state = 'QUEUED' and new.state = 'APPLIED' then
        select last_event_ms into seen from kyc.session where id = new.session_id;
        if new.at_ms <= seen then
            raise exception 'event % is older than what was applied', old.id
                using errcode = 'check_violation', constraint = 'provider_event_order';
        end if;
    end if;
    return new;
end $$;
create trigger provider_event_checked before update on kyc.provider_event
    for each row execute function kyc.check_provider_event();
create trigger provider_event_kept before delete on kyc.provider_event for each row execute function kyc.refuse_change();
create trigger provider_event_not_truncated before truncate on kyc.provider_event
    for each statement execute function kyc.refuse_change();

-- What became of a session, step by step.
create table kyc.outcome (
    session_id uuid not null references kyc.session,
    version    integer not null check (version > 0),
    from_state text,
    to_state   text not null,
    reason     text,
    by         text not null,
    at         timestamptz not null,
    primary key (session_id, version)
);
create trigger outcome_append_only before update or delete on kyc.outcome for each row execute function kyc.refuse_change();
create trigger outcome_not_truncated before truncate on kyc.outcome for each statement execute function kyc.refuse_change();
