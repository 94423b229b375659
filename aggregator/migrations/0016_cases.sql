-- Cases: what a person has to look at, what was decided, and the reports that follow. No personal data: a subject is its id, a
-- list entry its number, a ground a code.

create schema cases;

create function cases.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '%.% is append-only', tg_table_schema, tg_table_name
        using errcode = 'restrict_violation', constraint = 'append_only';
end $$;

create table cases.case (
    id           uuid primary key,
    tenant       uuid not null,
    subject      uuid not null,                             -- the customer
    kind         text not null constraint case_kind_known check (kind in ('SCREENING_HIT', 'KYC_REVIEW', 'FRAUD_ALERT')),
    severity     text not null constraint case_severity_known check (severity in ('REVIEW', 'BLOCK')),
    entity       text not null check (length(entity) between 1 and 200),  -- list entry, verifier's session, fraud typology
    matched_hash bytea not null check (length(matched_hash) = 32),        -- of the matched fields of both sides
    evidence     text not null check (length(evidence) <= 20000),         -- JSON: scores, versions, codes
    raised_by    uuid,                                      -- the officer who raised it; null: a program
    assignee     uuid,
    state        text not null constraint case_state_known check (state in ('OPEN', 'PROPOSED', 'CLOSED')),
    verdict      text constraint case_verdict_known check (verdict in ('TRUE_HIT', 'FALSE_POSITIVE')),
    ground       text check (ground ~ '^[A-Z_]{3,40}$'),
    maker        uuid,
    made_at      timestamptz,
    checker      uuid,
    checked_at   timestamptz,
    expires_at   timestamptz,                               -- of a false positive
    due_on       date not null,
    version      integer not null check (version > 0),
    opened_at    timestamptz not null,
    constraint case_proposed check ((state = 'OPEN') = (verdict is null) and (verdict is null) = (ground is null)
        and (verdict is null) = (maker is null) and (maker is null) = (made_at is null)),
    constraint case_expires check ((verdict = 'FALSE_POSITIVE') = (expires_at is not null) or verdict is null),
    constraint case_checked check ((checker is null) = (checked_at is null) and (checker is null or state = 'CLOSED')),
    -- A block is cleared by two people.
    constraint case_four_eyes check (not (state = 'CLOSED' and severity = 'BLOCK' and verdict = 'FALSE_POSITIVE')
        or (checker is not null and checker <> maker)),
    -- Nobody clears what they raised, and nobody clears themselves.
    constraint case_not_own check (verdict is distinct from 'FALSE_POSITIVE'
        or (maker is distinct from raised_by and maker <> subject
            and (checker is null or (checker is distinct from raised_by and checker <> subject))))
);
create unique index case_one_open on cases.case (tenant, subject, entity, matched_hash) where state <> 'CLOSED';
create index case_queue on cases.case (severity, due_on, id) where state <> 'CLOSED';
create index case_of_subject on cases.case (tenant, subject, opened_at);

create function cases.check_case() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.state <> 'OPEN' or new.version <> 1 then
            raise exception 'a case is born open' using errcode = 'check_violation', constraint = 'case_transition';
        end if;
        return new;
    end if;
    if old.state = 'CLOSED' or new.version <> old.version + 1
        or (new.id, new.tenant, new.subject, new.kind, new.severity, new.entity, new.matched_hash, new.evidence, new.opened_at,
            new.due_on)
            is distinct from (old.id, old.tenant, old.subject, old.kind, old.severity, old.entity, old.matched_hash,
            old.evidence, old.opened_at, old.due_on)
        or new.raised_by is distinct from old.raised_by
        or (old.state = 'PROPOSED' and new.state = 'CLOSED'
            and (new.verdict, new.ground, new.maker, new.made_at, new.expires_at)
                is distinct from (old.verdict, old.ground, old.maker, old.made_at, old.expires_at)) then
        raise exception 'case % is closed, or what it is about changed', old.id
            using errcode = 'check_violation', constraint = 'case_transition';
    end if;
    return new;
end $$;
create trigger case_checked before insert or update on cases.case
    for each row execute function cases.check_case();
create trigger case_kept before delete on cases.case
    for each row execute function cases.refuse_change();

-- What was decided about one subject and one entity, for these matched fields and no others.
create table cases.disposition (
    seq          bigint generated always as identity primary key,
    case_id      uuid not null constraint disposition_one_per_case unique references cases.case (id),
    tenant       uuid not null,
    subject      uuid not null,
    entity       text not null,
    matched_hash bytea not null check (length(matched_hash) = 32),
    verdict      text not null check (verdict in ('TRUE_HIT', 'FALSE_POSITIVE')),
    maker        uuid not null,
    checker      uuid,
    made_at      timestamptz not null,
    expires_at   timestamptz,
    constraint disposition_expires check ((verdict = 'FALSE_POSITIVE') = (expires_at is not null))
);
create index disposition_of on cases.disposition (tenant, subject, entity, seq);
create trigger disposition_append_only before update or delete on cases.disposition
    for each row execute function cases.refuse_change();
create trigger disposition_not_truncated before truncate on cases.disposition
    for each statement execute function cases.refuse_change();

-- A report to an authority. The file itself holds personal data and is not kept here: its hash is.
create table cases.report (
    id          uuid primary key,
    case_id     uuid not null references cases.case (id),
    kind        text not null constraint report_kind_known check (kind in ('SAR', 'OFAC_BLOCKED', 'OFAC_REJECTED')),
    sha256      bytea not null check (length(sha256) = 32),
    bytes       integer not null check (bytes > 0),
    state       text not null constraint report_state_known check (state in ('DRAFT', 'RELEASED', 'WITHDRAWN')),
    due_on      date not null,
    drafted_by  uuid not null,
    drafted_at  timestamptz not null,
    decided_by  uuid,
    decided_at  timestamptz,
    version     integer not null check (version > 0),
    constraint report_decided check ((state = 'DRAFT') = (decided_by is null) and (state = 'DRAFT') = (decided_at is null)),
    constraint report_four_eyes check (state <> 'RELEASED' or decided_by <> drafted_by)
);
create index report_of_case on cases.report (case_id, drafted_at);

create function cases.check_report() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.state <> 'DRAFT' or new.version <> 1 then
            raise exception 'a report is born as a draft' using errcode = 'check_violation', constraint = 'report_transition';
        end if;
        return new;
    end if;
    if old.state <> 'DRAFT' or new.state = 'DRAFT' or new.version <> old.version + 1
        or (new.id, new.case_id, new.kind, new.sha256, new.bytes, new.due_on, new.drafted_by, new.drafted_at)
            is distinct from (old.id, old.case_id, old.kind, old.sha256, old.bytes, old.due_on, old.drafted_by, old.drafted_at) then
        raise exception 'report % is decided once', old.id
            using errcode = 'check_violation', constraint = 'report_transition';
    end if;
    return new;
end $$;
create trigger report_checked before insert or update on cases.report
    for each row execute function cases.check_report();
create trigger report_kept before delete on cases.report
    for each row execute function cases.refuse_change();

-- Who did what: one row for each change, for good. Rows about reports of suspicious activity are for the AML group.
create table cases.log (
    seq     bigint generated always as identity primary key,
    case_id uuid,
    what    text not null check (what ~ '^[A-Z_]{3,40}$'),
    by      text not null,
    detail  text not null,                                  -- JSON of codes and ids
    secret  boolean not null,
    at      timestamptz not null
);
create index log_of_case on cases.log (case_id, seq);
create trigger log_append_only before update or delete on cases.log
    for each row execute function cases.refuse_change();
create trigger log_not_truncated before truncate on cases.log
    for each statement execute function cases.refuse_change();
