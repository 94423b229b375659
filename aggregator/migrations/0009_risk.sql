-- What risk keeps: spending limits as a ledger, the registry of models, reviews by people, and drift.

create schema risk;

create function risk.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '%.% is append-only', tg_table_schema, tg_table_name
        using errcode = 'restrict_violation', constraint = 'append_only';
end $$;

-- Spending limits. ---------------------------------------------------------------------------------------------------

-- How the limits of a tenant's borrowers bind. A tenant without a row is advised: what is over a limit is noted, not refused.
create table risk.tenant_policy (
    tenant     uuid primary key,
    limits     text not null constraint tenant_policy_known check (limits in ('ADVISE', 'ENFORCE')),
    revision   integer not null check (revision > 0),
    reason     text not null check (length(reason) between 1 and 500),
    changed_by text not null,
    changed_at timestamptz not null
);

-- What a borrower may owe in one currency, minor units. The figures change by entries alone.
create table risk.limit_account (
    tenant          uuid not null,
    borrower        uuid not null,
    currency        text not null check (currency ~ '^[A-Z]{3}$'),
    limit_minor     bigint check (limit_minor >= 0),      -- of the newest decision; null: nobody assigned one, lenders decide
    decision_id     uuid,                                 -- that decision
    reserved_minor  bigint not null default 0 constraint limit_reserved_not_negative check (reserved_minor >= 0),
    committed_minor bigint not null default 0 constraint limit_committed_not_negative check (committed_minor >= 0),
    entries         integer not null default 0,
    changed_at      timestamptz not null,
    primary key (tenant, borrower, currency)
) with (fillfactor = 70);

-- What one credit holds of its borrower's limit.
create table risk.limit_hold (
    settlement_id   uuid primary key,
    loan_id         uuid not null constraint limit_hold_one_per_loan unique,
    tenant          uuid not null,
    borrower        uuid not null,
    currency        text not null,
    amount_minor    bigint not null check (amount_minor > 0),
    reserved_minor  bigint not null default 0 constraint hold_reserved_not_negative check (reserved_minor >= 0),
    committed_minor bigint not null default 0 constraint hold_committed_not_negative check (committed_minor >= 0),
    constraint hold_within_amount check (reserved_minor + committed_minor <= amount_minor),
    foreign key (tenant, borrower, currency) references risk.limit_account
);

create table risk.limit_entry (
    id              uuid primary key,
    key             text not null constraint limit_entry_once unique,
    settlement_id   uuid not null references risk.limit_hold,
    kind            text not null check (kind in ('RESERVE', 'COMMIT', 'RELEASE')),
    reserved_delta  bigint not null,
    committed_delta bigint not null,
    over_minor      bigint not null default 0 check (over_minor >= 0),  -- by how much a reservation passed the limit, where that is only advised
    at              timestamptz not null,
    constraint limit_entry_moves check (case kind
        when 'RESERVE' then reserved_delta > 0 and committed_delta = 0
        when 'COMMIT' then reserved_delta <= 0 and committed_delta > 0
        else reserved_delta <= 0 and committed_delta <= 0 and reserved_delta + committed_delta < 0 end),
    constraint limit_entry_over_reserves check (kind = 'RESERVE' or over_minor = 0)
);
create index limit_entry_of_hold on risk.limit_entry (settlement_id);
create trigger limit_entry_append_only before update or delete on risk.limit_entry
    for each row execute function risk.refuse_change();
create trigger limit_entry_not_truncated before truncate on risk.limit_entry
    for each statement execute function risk.refuse_change();

-- An entry moves the figures of its credit and of the account, which it holds until the commit: of reservations that come
-- together each one sees those before it.
create function risk.apply_limit_entry() returns trigger language plpgsql as $$
declare
    hold    risk.limit_hold;
    account risk.limit_account;
    mode    text;
    beyond  bigint;
begin
    select * into hold from risk.limit_hold where settlement_id = new.settlement_id;
    select * into account from risk.limit_account
        where tenant = hold.tenant and borrower = hold.borrower and currency = hold.currency for update;
    if new.kind = 'RESERVE' then
        if new.reserved_delta <> hold.amount_minor then
            raise exception 'credit % reserves % of %', new.settlement_id, new.reserved_delta, hold.amount_minor
                using errcode = 'check_violation', constraint = 'limit_reserves_whole';
        end if;
        -- Without a limit the sum is null, and the greatest is zero.
        beyond := greatest(account.reserved_minor + account.committed_minor + new.reserved_delta - account.limit_minor, 0);
        select limits into mode from risk.tenant_policy where tenant = hold.tenant;
        if beyond > 0 and mode = 'ENFORCE' then
            raise exception 'the limit is exceeded by %', beyond
                using errcode = 'check_violation', constraint = 'limit_exceeded';
        end if;
        if beyond <> new.over_minor then
            raise exception 'the reservation is % over the limit, not %', beyond, new.over_minor
                using errcode = 'check_violation', constraint = 'limit_over_noted';
        end if;
    end if;
    update risk.limit_hold set
        reserved_minor = reserved_minor + new.reserved_delta, committed_minor = committed_minor + new.committed_delta
        where settlement_id = new.settlement_id;
    update risk.limit_account set
        reserved_minor = reserved_minor + new.reserved_delta, committed_minor = committed_minor + new.committed_delta,
        entries = entries + 1, changed_at = new.at
        where tenant = hold.tenant and borrower = hold.borrower and currency = hold.currency;
    return null;
end $$;
create trigger limit_entry_applied after insert on risk.limit_entry
    for each row execute function risk.apply_limit_entry();

create function risk.check_limit_figures() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if (new.reserved_minor, new.committed_minor) is distinct from (0::bigint, 0::bigint) then
            raise exception 'figures of limits begin at zero'
                using errcode = 'check_violation', constraint = 'limit_by_entries';
        end if;
    elsif (new.reserved_minor, new.committed_minor) is distinct from (old.reserved_minor, old.committed_minor)
        and pg_trigger_depth() < 2 then
        raise exception 'figures of limits change by entries'
            using errcode = 'check_violation', constraint = 'limit_by_entries';
    end if;
    return new;
end $$;
create trigger limit_account_by_entries before insert or update on risk.limit_account
    for each row execute function risk.check_limit_figures();
create trigger limit_hold_by_entries before insert or update on risk.limit_hold
    for each row execute function risk.check_limit_figures();

-- Whether an acceptance kept to the limit is a decision too, with the figures it was made from.
alter table compliance.decision drop constraint decision_kind_check;
alter table compliance.decision add constraint decision_kind_check
    check (kind in ('RISK', 'REQUEST', 'OFFER', 'LIMIT'));
create index decision_of_risk on compliance.decision (id) where kind = 'RISK';

-- Models. ------------------------------------------------------------------------------------------------------------

-- Counts every change of the registry; processes that see a new number load what is in force anew.
create table risk.registry (
    one      boolean primary key default true check (one),
    uid      uuid not null,                                -- aggregate of its events
    revision integer not null check (revision >= 0)
);
insert into risk.registry (uid, revision) values (gen_random_uuid(), 0);

create table risk.model (
    id            uuid primary key,
    name          text not null check (name ~ '^[a-z0-9-]{1,64}$'),
    version       text not null check (length(version) between 1 and 32),
    digest        bytea not null constraint model_once unique check (length(digest) = 32), -- SHA-256 of its SHA256SUMS
    kind          text not null check (kind in ('FOREST', 'ADDITIVE', 'ISOLATION')),
    status        text not null check (status in ('TRAINED', 'EXPERT')),
    state         text not null constraint model_state_known check
                  (state in ('DRAFT', 'VALIDATED', 'SHADOW', 'CHAMPION', 'RETIRED')),
    share_ppm     integer not null default 0 check (share_ppm between 0 and 1000000), -- of the subjects that a challenger decides
    revision      integer not null check (revision > 0),   -- of the registry, at its last change
    champion_at   timestamptz,                             -- when it became champion last
    built_in      boolean not null default false,          -- shipped with the program
    registered_by text not null,
    registered_at timestamptz not null,
    constraint model_name_version unique (name, version),
    constraint model_share_of_challenger check (share_ppm = 0 or state = 'SHADOW')
);
create unique index model_one_champion on risk.model ((true)) where state = 'CHAMPION';

-- The files of the artefact, byte for byte: every process and every replay reads them here.
create table risk.model_file (
    model_id uuid not null references risk.model,
    name     text not null check (length(name) between 1 and 64),
    bytes    bytea not null,
    primary key (model_id, name)
);
create trigger model_file_append_only before update or delete on risk.model_file
    for each row execute function risk.refuse_change();

create table risk.proposal (
    id              uuid primary key,
    kind            text not null check (kind in ('PROMOTE', 'SHARE', 'ROLLBACK')),
    model_id        uuid not null references risk.model,
    share_ppm       integer check (share_ppm between 0 and 1000000),
    reason          text not null check (length(reason) between 1 and 500),
    evidence        text,                                  -- JSON: figures that speak for it
    state           text not null constraint proposal_state_known check (state in ('OPEN', 'APPROVED', 'REJECTED')),
    under_alarm     boolean not null default false,        -- a rollback that one officer may make: drift says ACT
    proposed_by     uuid not null,
    proposed_at     timestamptz not null,
    decided_by      uuid,
    decided_at      timestamptz,
    decision_reason text check (length(decision_reason) between 1 and 500),
    decided_xid     xid8,                                  -- the transaction that decided: what it allows happens in it
    constraint proposal_decided check ((state = 'OPEN') = (decided_by is null) and (state = 'OPEN') = (decided_at is null)
        and (state = 'OPEN') = (decision_reason is null)),
    constraint proposal_share check ((kind = 'SHARE') = (share_ppm is not null)),
    constraint proposal_alarm_of_rollback check (kind = 'ROLLBACK' or not under_alarm),
    constraint proposal_four_eyes check (state <> 'APPROVED' or decided_by <> proposed_by or under_alarm)
);
create unique index proposal_one_open on risk.proposal (model_id) where state = 'OPEN';

create function risk.check_proposal() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.state <> 'OPEN' then
            raise exception 'a proposal is born open' using errcode = 'check_violation', constraint = 'proposal_transition';
        end if;
        return new;
    end if;
    if old.state <> 'OPEN' or new.state = 'OPEN' or (new.id, new.kind, new.model_id, new.share_ppm, new.reason, new.evidence,
        new.proposed_by, new.proposed_at) is distinct from (old.id, old.kind, old.model_id, old.share_ppm, old.reason,
        old.evidence, old.proposed_by, old.proposed_at) then
        raise exception 'proposal % is decided once and does not change', old.id
            using errcode = 'check_violation', constraint = 'proposal_transition';
    end if;
    new.decided_xid := pg_current_xact_id();
    return new;
end $$;
create trigger proposal_checked before insert or update on risk.proposal
    for each row execute function risk.check_proposal();
create trigger proposal_kept before delete on risk.proposal
    for each row execute function risk.refuse_change();

create function risk.check_model() returns trigger language plpgsql as $$
declare
    approved boolean;
begin
    if tg_op = 'INSERT' then
        -- The first set is the one that the program brings with it; everything later begins as a draft.
        if new.share_ppm <> 0 or (new.state <> 'DRAFT' and not (new.built_in and new.state in ('CHAMPION', 'SHADOW'))) then
            raise exception 'a model is not registered as %', new.state
                using errcode = 'check_violation', constraint = 'model_transition';
        end if;
        return new;
    end if;
    if (new.id, new.name, new.version, new.digest, new.kind, new.status, new.built_in, new.registered_by, new.registered_at)
        is distinct from
        (old.id, old.name, old.version, old.digest, old.kind, old.status, old.built_in, old.registered_by, old.registered_at) then
        raise exception 'what model % is does not change', old.name
            using errcode = 'check_violation', constraint = 'model_identity';
    end if;
    if new.state <> old.state and (old.state, new.state) not in (
        ('DRAFT', 'VALIDATED'), ('DRAFT', 'RETIRED'), ('VALIDATED', 'SHADOW'), ('VALIDATED', 'RETIRED'), ('SHADOW', 'VALIDATED'),
        ('SHADOW', 'CHAMPION'), ('SHADOW', 'RETIRED'), ('CHAMPION', 'RETIRED'), ('RETIRED', 'CHAMPION')) then
        raise exception 'model % may not go from % to %', old.name, old.state, new.state
            using errcode = 'check_violation', constraint = 'model_transition';
    end if;
    if (new.state = 'CHAMPION' and old.state <> 'CHAMPION') or new.share_ppm > old.share_ppm then
        select exists (select 1 from risk.proposal p where p.model_id = new.id and p.state = 'APPROVED'
            and p.decided_xid = pg_current_xact_id() and case p.kind
                when 'SHARE' then new.state = old.state and new.share_ppm = p.share_ppm
                when 'PROMOTE' then old.state = 'SHADOW' and new.state = 'CHAMPION'
                else old.state = 'RETIRED' and new.state = 'CHAMPION' end) into approved;
        if not approved then
            raise exception 'nobody approved this of model %', old.name
                using errcode = 'check_violation', constraint = 'model_four_eyes';
        end if;
    end if;
    return new;
end $$;
create trigger model_checked before insert or update on risk.model
    for each row execute function risk.check_model();
create trigger model_kept before delete on risk.model
    for each row execute function risk.refuse_change();

-- Who did what, to models, proposals, reviews and limits: one row for each change, for good.
create table risk.audit (
    seq     bigint generated always as identity primary key,
    what    text not null,                                 -- as its event
    subject text not null,                                 -- a model, a proposal, a review, a tenant
    by      text not null,
    reason  text not null,
    body    text not null,                                 -- JSON
    at      timestamptz not null
);
create trigger audit_append_only before update or delete on risk.audit
    for each row execute function risk.refuse_change();
create trigger audit_not_truncated before truncate on risk.audit
    for each statement execute function risk.refuse_change();

-- Reviews. -----------------------------------------------------------------------------------------------------------

-- A decision that a person has to look at.
create table risk.review (
    id            uuid primary key,
    decision_id   uuid not null constraint review_one_per_decision unique,
    request_id    uuid not null,
    tenant        uuid not null,
    borrower      uuid not null,
    state         text not null constraint review_state_known check (state in ('OPEN', 'CLEARED', 'DECLINED')),
    version       integer not null check (version > 0),
    opened_at     timestamptz not null,
    decided_by    uuid,
    decided_at    timestamptz,
    note          text check (length(note) between 1 and 500),
    cleared_until timestamptz,                             -- until then decisions about the borrower need no review
    constraint review_decided check ((state = 'OPEN') = (decided_by is null) and (state = 'OPEN') = (decided_at is null)
        and (state = 'OPEN') = (note is null)),
    constraint review_cleared check ((state = 'CLEARED') = (cleared_until is not null))
);
create index review_open on risk.review (id) where state = 'OPEN';
create index review_of_borrower on risk.review (tenant, borrower, decided_at) where state <> 'OPEN';

create function risk.check_review() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.state <> 'OPEN' or new.version <> 1 then
            raise exception 'a review is born open' using errcode = 'check_violation', constraint = 'review_transition';
        end if;
        return new;
    end if;
    if old.state <> 'OPEN' or new.state = 'OPEN' or new.version <> old.version + 1
        or (new.id, new.decision_id, new.request_id, new.tenant, new.borrower, new.opened_at)
            is distinct from (old.id, old.decision_id, old.request_id, old.tenant, old.borrower, old.opened_at) then
        raise exception 'review % is decided once', old.id
            using errcode = 'check_violation', constraint = 'review_transition';
    end if;
    return new;
end $$;
create trigger review_checked before insert or update on risk.review
    for each row execute function risk.check_review();
create trigger review_kept before delete on risk.review
    for each row execute function risk.refuse_change();

-- Drift. -------------------------------------------------------------------------------------------------------------

-- What a process counted in one hour for one model. Its own rows are written by it alone, whole, so that writing again is harmless.
create table risk.drift (
    digest     bytea not null check (length(digest) = 32),
    hour       timestamptz not null,
    process_id uuid not null,
    counts     text not null,
    primary key (digest, hour, process_id)
);

-- The level that was told last, of the score and of each feature; whoever changes it tells it.
create table risk.drift_level (
    digest     bytea not null check (length(digest) = 32),
    subject    text not null check (length(subject) between 1 and 100),
    level      text not null constraint drift_level_known check (level in ('STABLE', 'LOOK', 'ACT')),
    value_ppm  bigint not null,
    uid        uuid not null,                              -- aggregate of its events
    version    integer not null check (version > 0),
    changed_at timestamptz not null,
    primary key (digest, subject)
);
