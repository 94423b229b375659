-- Personal data: sealed values, the keys that seal them, and what a person and the law may ask about them.

-- Keys. This schema may live in a database of its own, with backups of a few days: a destroyed key must not come back with a
-- restore. The other schemas never refer to it by foreign keys.
create schema privacy_keys;

create table privacy_keys.tenant_key (
    id           uuid primary key,
    tenant       uuid not null,
    kind         text not null constraint tenant_key_kind_known check (kind in ('WRAP', 'INDEX')), -- wraps people's keys; makes blind indexes
    state        text not null constraint tenant_key_state_known check (state in ('ACTIVE', 'RETIRED', 'DESTROYED')),
    wrapped      bytea,                                    -- by the key service; null once destroyed
    kek          text not null,                            -- name and version of the key of keys that wrapped it
    created_at   timestamptz not null,
    changed_at   timestamptz not null,
    constraint tenant_key_destroyed_is_gone check ((state = 'DESTROYED') = (wrapped is null))
);
create unique index tenant_key_active on privacy_keys.tenant_key (tenant, kind) where state = 'ACTIVE';
create index tenant_key_by_kek on privacy_keys.tenant_key (kek) where state <> 'DESTROYED';

create table privacy_keys.subject_key (
    id           uuid primary key,
    tenant       uuid not null,
    subject      uuid not null,
    class        text not null,                            -- one key for each reason to keep something
    state        text not null constraint subject_key_state_known check (state in ('ACTIVE', 'RETIRED', 'DESTROYED')),
    wrapped      bytea,                                    -- by a tenant key; null once destroyed
    wrapped_by   uuid not null references privacy_keys.tenant_key,
    created_at   timestamptz not null,
    changed_at   timestamptz not null,
    constraint subject_key_destroyed_is_gone check ((state = 'DESTROYED') = (wrapped is null))
);
create unique index subject_key_active on privacy_keys.subject_key (tenant, subject, class) where state = 'ACTIVE';
create index subject_key_by_tenant_key on privacy_keys.subject_key (wrapped_by) where state <> 'DESTROYED';

-- Destroyed is for good, and what a key is does not change.
create function privacy_keys.check_key() returns trigger language plpgsql as $$
declare
    old_key jsonb := to_jsonb(old) - '{state,wrapped,wrapped_by,kek,changed_at}'::text[];
    new_key jsonb := to_jsonb(new) - '{state,wrapped,wrapped_by,kek,changed_at}'::text[];
begin
    if old_key is distinct from new_key then
        raise exception 'what key % is does not change', old.id using errcode = 'check_violation', constraint = 'key_identity';
    end if;
    if old.state = 'DESTROYED' or (old.state = 'RETIRED' and new.state = 'ACTIVE') then
        raise exception 'key % may not go from % to %', old.id, old.state, new.state
            using errcode = 'check_violation', constraint = 'key_transition';
    end if;
    return new;
end $$;
create trigger tenant_key_checked before update on privacy_keys.tenant_key
    for each row execute function privacy_keys.check_key();
create trigger subject_key_checked before update on privacy_keys.subject_key
    for each row execute function privacy_keys.check_key();
create function privacy_keys.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '%.% keeps its rows', tg_table_schema, tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger tenant_key_kept before delete on privacy_keys.tenant_key
    for each row execute function privacy_keys.refuse_change();
create trigger subject_key_kept before delete on privacy_keys.subject_key
    for each row execute function privacy_keys.refuse_change();

create schema privacy;

create function privacy.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '%.% is append-only', tg_table_schema, tg_table_name using errcode = 'restrict_violation';
end $$;

-- One sealed value of one person. The row it belongs to holds no copy.
create table privacy.field (
    table_name   text not null,
    column_name  text not null,
    row_id       uuid not null,
    version      integer not null check (version > 0),
    tenant       uuid not null,
    subject      uuid not null,
    class        text not null,
    country      text not null check (country ~ '^[A-Z]{2}$'),  -- whose law says how long
    key_id       uuid not null,
    sealed       bytea,                                    -- null once erased
    recorded_at  timestamptz not null,
    erased_at    timestamptz,
    erased_why   text check (erased_why in ('REQUEST', 'RETENTION')),
    primary key (table_name, column_name, row_id, version),
    constraint field_erased_is_gone check ((sealed is null) = (erased_at is not null) and (sealed is null) = (erased_why is not null))
);
create index field_of_subject on privacy.field (subject, tenant);
create index field_kept on privacy.field (recorded_at) where sealed is not null;
create index field_by_key on privacy.field (key_id) where sealed is not null;

create function privacy.check_field() returns trigger language plpgsql as $$
declare
    same boolean := to_jsonb(old) - '{sealed,key_id,erased_at,erased_why}'::text[]
        = to_jsonb(new) - '{sealed,key_id,erased_at,erased_why}'::text[];
begin
    -- A value is erased once, or sealed again by another key; nothing else happens to it.
    if not same or old.sealed is null or (new.sealed is null and new.key_id <> old.key_id)
        or (new.sealed is not null and new.key_id = old.key_id) then
        raise exception 'a sealed value is erased or sealed again' using errcode = 'check_violation', constraint = 'field_transition';
    end if;
    return new;
end $$;
create trigger field_checked before update on privacy.field for each row execute function privacy.check_field();
create trigger field_kept before delete on privacy.field for each row execute function privacy.refuse_change();

-- Keyed hashes of exact values, by which a row is found. Deleted on erasure.
create table privacy.blind_index (
    tenant       uuid not null,
    table_name   text not null,
    column_name  text not null,
    value        bytea not null check (octet_length(value) = 8),
    row_id       uuid not null,
    subject      uuid not null,
    class        text not null,
    primary key (tenant, table_name, column_name, value, row_id)
);
create index blind_index_of_subject on privacy.blind_index (subject, tenant);

-- Who read what in clear, and what for. No value is here.
create table privacy.exposure (
    seq          bigint generated always as identity primary key,
    tenant       uuid not null,
    subject      uuid not null,
    table_name   text not null,
    column_name  text not null,
    row_id       uuid not null,
    purpose      text not null,
    by           text not null,
    at           timestamptz not null
);
create index exposure_of_subject on privacy.exposure (subject, seq);
create trigger exposure_append_only before update or delete on privacy.exposure
    for each row execute function privacy.refuse_change();

-- A legal hold keeps everything, or one class, whatever else says otherwise. Two officers end it.
create table privacy.legal_hold (
    id             uuid primary key,
    tenant         uuid not null,
    subject        uuid not null,
    class          text,                                   -- null: everything
    reason         text not null check (length(reason) between 1 and 500),
    placed_by      uuid not null,
    placed_at      timestamptz not null,
    released_by    uuid,
    released_at    timestamptz,
    release_reason text check (length(release_reason) between 1 and 500),
    constraint hold_released_whole check ((released_by is null) = (released_at is null) and (released_by is null) = (release_reason is null)),
    constraint hold_four_eyes check (released_by <> placed_by)
);
create index legal_hold_active on privacy.legal_hold (subject, tenant) where released_at is null;
create function privacy.check_hold() returns trigger language plpgsql as $$
begin
    if old.released_at is not null or (new.id, new.tenant, new.subject, new.class, new.reason, new.placed_by, new.placed_at)
        is distinct from (old.id, old.tenant, old.subject, old.class, old.reason, old.placed_by, old.placed_at) then
        raise exception 'a hold is released once and does not change' using errcode = 'check_violation', constraint = 'hold_transition';
    end if;
    return new;
end $$;
create trigger legal_hold_checked before update on privacy.legal_hold for each row execute function privacy.check_hold();
create trigger legal_hold_kept before delete on privacy.legal_hold for each row execute function privacy.refuse_change();

-- A person asked to be forgotten.
create table privacy.erasure_request (
    id           uuid primary key,
    tenant       uuid not null,
    subject      uuid not null,
    state        text not null constraint erasure_state_known check (state in ('ACCEPTED', 'DONE', 'REFUSED')),
    version      integer not null check (version > 0),
    erases       text not null,                            -- JSON: classes that are erased
    kept         text not null,                            -- JSON: classes that are kept, why, and until when where that is known
    asked_by     uuid not null,
    asked_at     timestamptz not null,
    done_at      timestamptz,
    constraint erasure_done check ((state = 'DONE') = (done_at is not null))
);
create index erasure_of_subject on privacy.erasure_request (subject, tenant);
create index erasure_work on privacy.erasure_request (asked_at) where state = 'ACCEPTED';
create function privacy.check_erasure() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.state not in ('ACCEPTED', 'REFUSED') or new.version <> 1 then
            raise exception 'an erasure is not born %', new.state using errcode = 'check_violation', constraint = 'erasure_transition';
        end if;
        return new;
    end if;
    if (old.state, new.state) <> ('ACCEPTED', 'DONE') or new.version <> old.version + 1
        or (new.id, new.tenant, new.subject, new.asked_by, new.asked_at)
            is distinct from (old.id, old.tenant, old.subject, old.asked_by, old.asked_at) then
        raise exception 'erasure % may not go from % to %', old.id, old.state, new.state
            using errcode = 'check_violation', constraint = 'erasure_transition';
    end if;
    return new;
end $$;
create trigger erasure_checked before insert or update on privacy.erasure_request
    for each row execute function privacy.check_erasure();
create trigger erasure_kept before delete on privacy.erasure_request for each row execute function privacy.refuse_change();

-- How long, by which law. A newer row of the same class and jurisdiction replaces an older one from its day on.
create table privacy.retention_policy (
    class        text not null,
    jurisdiction text not null check (jurisdiction ~ '^([A-Z]{2}|\*)$'),
    effective_at timestamptz not null,
    basis        text not null check (length(basis) between 1 and 500),
    months       integer not null check (months between 0 and 1200),
    counts_from  text not null check (counts_from in ('RECORDED', 'RELATION_ENDED')),
    binding      boolean not null,                         -- a law asks to keep it so long; else it is only the latest end
    primary key (class, jurisdiction, effective_at)
);
create trigger retention_policy_append_only before update or delete on privacy.retention_policy
    for each row execute function privacy.refuse_change();

insert into privacy.retention_policy (class, jurisdiction, effective_at, basis, months, counts_from, binding) values
    ('APPLICATION', 'US', '1970-01-01Z', 'Regulation B, 12 CFR 1002.12(b): 25 months', 25, 'RECORDED', true),
    ('SCREENING', 'US', '1970-01-01Z', '31 CFR 501.601 as it was: 5 years', 60, 'RECORDED', true),
    ('SCREENING', 'US', '2025-03-12Z', '31 CFR 501.601: 10 years', 120, 'RECORDED', true),
    ('IDENTITY', 'US', '1970-01-01Z', 'Bank Secrecy Act rules: 5 years after the relation', 60, 'RELATION_ENDED', true),
    ('FILING', 'US', '1970-01-01Z', 'Bank Secrecy Act rules on reports: 5 years', 60, 'RECORDED', true),
    ('IDENTITY', 'EU', '2027-07-10Z', 'Regulation (EU) 2024/1624, Article 77: 5 years, then deletion', 60, 'RELATION_ENDED', true),
    ('SCREENING', 'EU', '2027-07-10Z', 'Regulation (EU) 2024/1624, Article 77: 5 years, then deletion', 60, 'RELATION_ENDED', true),
    ('APPLICATION', '*', '1970-01-01Z', 'Rule of the house, no law stated', 25, 'RECORDED', false),
    ('IDENTITY', '*', '1970-01-01Z', 'Rule of the house, no law stated', 60, 'RELATION_ENDED', false),
    ('SCREENING', '*', '1970-01-01Z', 'Rule of the house, no law stated', 60, 'RELATION_ENDED', false),
    ('CONTRACT', '*', '1970-01-01Z', 'Rule of the house, no law stated', 84, 'RELATION_ENDED', false),
    ('FILING', '*', '1970-01-01Z', 'Rule of the house, no law stated', 60, 'RECORDED', false),
    ('TRANSIENT', '*', '1970-01-01Z', 'Rule of the house, no law stated', 1, 'RECORDED', false);

-- Requests: who the applicant is lies sealed in `privacy.field`. Older rows hold it in clear until they are sealed too, and the
-- database sees to it that nothing but that changes.
alter table quoting.request add column applicant_sealed boolean not null default false;
create index request_unsealed on quoting.request (id) where not applicant_sealed;

create or replace function quoting.check_request() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.version <> 1 or new.state not in ('QUOTING', 'DECLINED') then
            raise exception 'a request cannot begin as %', new.state
                using errcode = 'check_violation', constraint = 'request_transition';
        end if;
        if new.applicant_sealed and (new.body::jsonb -> 'request') ?| array['applicant', 'data_consents'] then
            raise exception 'a sealed request holds no personal data'
                using errcode = 'check_violation', constraint = 'request_sealed';
        end if;
        return new;
    end if;
    if new.applicant_sealed and not old.applicant_sealed then
        if (to_jsonb(new) - 'body' - 'applicant_sealed') <> (to_jsonb(old) - 'body' - 'applicant_sealed')
            or new.body::jsonb <> (old.body::jsonb #- '{request,applicant}') #- '{request,data_consents}' then
            raise exception 'sealing a request takes out the applicant and nothing else'
                using errcode = 'check_violation', constraint = 'request_sealed';
        end if;
        return new;
    end if;
    if (new.id, new.tenant_id, new.borrower_id, new.body, new.created_at, new.applicant_sealed)
        is distinct from (old.id, old.tenant_id, old.borrower_id, old.body, old.created_at, old.applicant_sealed) then
        raise exception 'the facts of a request do not change'
            using errcode = 'check_violation', constraint = 'request_immutable';
    end if;
    if old.ranking is not null and new.ranking is distinct from old.ranking then
        raise exception 'a ranking does not change'
            using errcode = 'check_violation', constraint = 'request_immutable';
    end if;
    if new.version <> old.version + 1 or (old.state, new.state) not in (
        ('QUOTING', 'QUOTED'), ('QUOTING', 'DECLINED'), ('QUOTED', 'ACCEPTED'), ('QUOTED', 'EXPIRED')) then
        raise exception 'a request does not go from % to %', old.state, new.state
            using errcode = 'check_violation', constraint = 'request_transition';
    end if;
    return new;
end $$;
