-- Lenders as operators see them: state, versions of the configuration, history of every change, and health.

create schema providers;

-- `revision` counts every change; health is kept by it, so that what came before a change is not held against what follows.
create table providers.provider (
    id           text primary key check (id ~ '^[a-z0-9-]{1,64}$'),
    uid          uuid not null unique,          -- aggregate of its events
    name         text not null check (length(name) between 1 and 200),
    kind         text not null check (length(kind) between 1 and 64),
    state        text not null constraint provider_state_known check
                 (state in ('DRAFT', 'TESTING', 'CERTIFIED', 'LIVE', 'SUSPENDED')),
    version      integer not null check (version > 0),
    revision     integer not null check (revision > 0),
    suspended_by text check (suspended_by in ('OFFICER', 'SUPERVISOR')),
    cause        text check (cause in ('ERRORS', 'APR_MISDECLARED', 'SIGNATURES')),
    probation_at timestamptz,                   -- from then on a share of the requests is let through
    failed       integer not null default 0 check (failed >= 0), -- probations that failed in a row
    reason       text not null check (length(reason) between 1 and 500),
    changed_by   text not null check (length(changed_by) between 1 and 64),
    changed_at   timestamptz not null,
    created_at   timestamptz not null,
    constraint provider_suspended_by_someone check ((state = 'SUSPENDED') = (suspended_by is not null)),
    constraint provider_suspended_for_cause check
        ((suspended_by is not distinct from 'SUPERVISOR') = (cause is not null)),
    -- What a person suspended, only a person brings back.
    constraint provider_probation_of_supervisor check ((cause is null) = (probation_at is null))
);

create function providers.check_provider() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.state not in ('DRAFT', 'LIVE') or new.version <> 1 or new.revision <> 1 then
            raise exception 'a lender is not listed as %', new.state
                using errcode = 'check_violation', constraint = 'provider_transition';
        end if;
        return new;
    end if;
    if new.state <> old.state and (old.state, new.state) not in (
        ('DRAFT', 'TESTING'), ('TESTING', 'DRAFT'), ('TESTING', 'CERTIFIED'), ('CERTIFIED', 'TESTING'),
        ('CERTIFIED', 'LIVE'), ('LIVE', 'SUSPENDED'), ('SUSPENDED', 'LIVE'), ('SUSPENDED', 'TESTING')
    ) then
        raise exception 'lender % may not go from % to %', old.id, old.state, new.state
            using errcode = 'check_violation', constraint = 'provider_transition';
    end if;
    if new.revision <> old.revision + 1 or new.version not in (old.version, old.version + 1) then
        raise exception 'every change of lender % has its revision', old.id
            using errcode = 'check_violation', constraint = 'provider_revision';
    end if;
    if (new.id, new.uid, new.created_at) is distinct from (old.id, old.uid, old.created_at) then
        raise exception 'the identity of lender % does not change', old.id
            using errcode = 'check_violation', constraint = 'provider_identity';
    end if;
    return new;
end $$;
create trigger provider_checked before insert or update on providers.provider
    for each row execute function providers.check_provider();

create function providers.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '%.% is append-only', tg_table_schema, tg_table_name
        using errcode = 'restrict_violation', constraint = 'append_only';
end $$;

-- `config` is exact JSON; a secret stands in it as a reference only.
create table providers.version (
    provider_id   text not null references providers.provider (id),
    number        integer not null check (number > 0),
    config        text not null,
    config_sha256 bytea not null check (length(config_sha256) = 32),
    limits        text not null,
    made_by       text not null,
    made_at       timestamptz not null,
    primary key (provider_id, number)
);
create function providers.check_version() returns trigger language plpgsql as $$
begin
    if new.number <> 1 + (select coalesce(max(number), 0) from providers.version where provider_id = new.provider_id) then
        raise exception 'version % of lender % does not follow', new.number, new.provider_id
            using errcode = 'check_violation', constraint = 'version_monotonic';
    end if;
    return new;
end $$;
create trigger version_checked before insert on providers.version
    for each row execute function providers.check_version();
create trigger version_append_only before update or delete on providers.version
    for each row execute function providers.refuse_change();

-- Why, by whom and when: one row for each revision.
create table providers.change (
    provider_id text not null references providers.provider (id),
    revision    integer not null,
    kind        text not null,
    from_state  text,
    to_state    text not null,
    version     integer not null,
    reason      text not null,
    changed_by  text not null,
    changed_at  timestamptz not null,
    primary key (provider_id, revision)
);
create trigger change_append_only before update or delete on providers.change
    for each row execute function providers.refuse_change();

-- What a process saw of a lender in one minute. Its own rows are written by it alone, whole, so that writing again is harmless.
create table providers.health (
    provider_id text not null,
    process_id  uuid not null,
    revision    integer not null,
    started_at  timestamptz not null,
    figures     text not null,
    last_good   timestamptz,                    -- last good answer in it
    primary key (provider_id, started_at, revision, process_id)
);
create index health_by_time on providers.health (started_at);
