-- Published sets of rules, what rules oblige us to, and the documents that they ask for.

create schema rules;

create function rules.refuse_change() returns trigger language plpgsql as $$
begin
    -- The retention job names itself; nobody else removes anything.
    if tg_op = 'DELETE' and tg_table_name = 'document' and current_setting('rules.retention', true) = 'on' then
        return old;
    end if;
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation', constraint = 'append_only';
end $$;

-- Counts every change; processes that see a new number look what is in force.
create table rules.registry (
    one      boolean primary key default true check (one),
    uid      uuid not null,                                -- aggregate of its events
    revision integer not null check (revision >= 0)
);
insert into rules.registry (uid, revision) values (gen_random_uuid(), 0);

-- The texts of a set, byte for byte: every replay of a decision reads them here.
create table rules.rule_set (
    sha256    text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
    documents text not null,                               -- JSON: name and text of each file
    added_at  timestamptz not null
);
create trigger rule_set_append_only before update or delete on rules.rule_set
    for each row execute function rules.refuse_change();
create trigger rule_set_not_truncated before truncate on rules.rule_set
    for each statement execute function rules.refuse_change();

create table rules.publication (
    id              uuid primary key,
    sha256          text not null references rules.rule_set,
    effective_from  date not null,                         -- first day on which it decides
    state           text not null constraint publication_state_known check (state in ('PROPOSED', 'APPROVED', 'REJECTED')),
    built_in        boolean not null default false,        -- shipped with the program
    revision        integer not null check (revision > 0), -- of the registry, at its last change
    reason          text not null check (length(reason) between 1 and 500),
    proposed_by     text not null,
    proposed_at     timestamptz not null,
    decided_by      text,
    decided_at      timestamptz,
    decision_reason text check (length(decision_reason) between 1 and 500),
    constraint publication_decided check ((state = 'PROPOSED') = (decided_by is null)
        and (state = 'PROPOSED') = (decided_at is null) and (state = 'PROPOSED') = (decision_reason is null)),
    constraint publication_four_eyes check (state <> 'APPROVED' or decided_by <> proposed_by or built_in)
);
create unique index publication_one_open on rules.publication ((true)) where state = 'PROPOSED' and not built_in;

create function rules.check_publication() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        -- The first set of all is the one that the program brings with it; everything later is proposed.
        if new.state <> 'PROPOSED' and not (new.built_in and new.state = 'APPROVED'
            and not exists (select 1 from rules.publication)) then
            raise exception 'a set of rules is not published as %', new.state
                using errcode = 'check_violation', constraint = 'publication_transition';
        end if;
        return new;
    end if;
    if old.state <> 'PROPOSED' or new.state = 'PROPOSED' or (new.id, new.sha256, new.effective_from, new.built_in, new.reason,
        new.proposed_by, new.proposed_at) is distinct from (old.id, old.sha256, old.effective_from, old.built_in, old.reason,
        old.proposed_by, old.proposed_at) then
        raise exception 'publication % is decided once and does not change', old.id
            using errcode = 'check_violation', constraint = 'publication_transition';
    end if;
    return new;
end $$;
create trigger publication_checked before insert or update on rules.publication
    for each row execute function rules.check_publication();
create trigger publication_kept before delete on rules.publication
    for each row execute function rules.refuse_change();

-- What a proposed set would have decided, over the decisions since a moment.
create table rules.shadow (
    publication_id uuid primary key references rules.publication,
    since          timestamptz not null,
    cursor_at      timestamptz not null,
    cursor_id      uuid not null,
    decided        bigint not null default 0 check (decided >= 0),
    differing      bigint not null default 0 check (differing between 0 and decided),
    failed         bigint not null default 0 check (failed >= 0)
);
create table rules.shadow_difference (
    publication_id uuid not null references rules.publication,
    decision_id    uuid not null,
    kind           text not null,
    difference     text not null,                          -- JSON
    primary key (publication_id, decision_id)
);
create trigger shadow_difference_append_only before update or delete on rules.shadow_difference
    for each row execute function rules.refuse_change();

-- Documents for borrowers. They name the request, never the person.
create table rules.document (
    id          uuid primary key,
    tenant      uuid not null,
    borrower    uuid not null,
    subject_id  uuid not null,                             -- a quote or a request
    code        text not null check (code ~ '^[A-Z0-9_]{1,40}$'),
    title       text not null,
    html        text not null,
    pdf         bytea not null,
    sha256      bytea not null check (length(sha256) = 32),
    html_sha256 bytea not null check (length(html_sha256) = 32),
    retention   text not null,
    created_at  timestamptz not null,
    constraint document_once unique (subject_id, code)
);
create trigger document_append_only before update or delete on rules.document
    for each row execute function rules.refuse_change();

-- What has to be done by when.
create table rules.obligation (
    id           uuid primary key,
    tenant       uuid not null,
    borrower     uuid not null,
    request_id   uuid not null,
    code         text not null check (code ~ '^[A-Z0-9_]{1,40}$'),
    rule_id      text not null,
    rule_version integer not null check (rule_version > 0),
    rule_set     text not null,
    retention    text not null,
    facts        text not null,                            -- JSON: what the notice says
    opened_at    timestamptz not null,
    ready_at     timestamptz not null,                     -- from when on it can be done
    due_on       date not null,
    state        text not null constraint obligation_state_known check (state in ('OPEN', 'DONE', 'LAPSED')),
    version      integer not null check (version > 0),
    closed_at    timestamptz,
    closed_why   text,
    document_id  uuid references rules.document,
    constraint obligation_once unique (request_id, code),
    constraint obligation_closed check ((state = 'OPEN') = (closed_at is null) and (state = 'OPEN') = (closed_why is null)),
    constraint obligation_documented check ((state = 'DONE') = (document_id is not null))
);
create index obligation_open on rules.obligation (ready_at) where state = 'OPEN';

create function rules.check_obligation() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.state <> 'OPEN' or new.version <> 1 then
            raise exception 'an obligation is born open'
                using errcode = 'check_violation', constraint = 'obligation_transition';
        end if;
        return new;
    end if;
    if old.state <> 'OPEN' or new.version <> old.version + 1 or (new.id, new.tenant, new.borrower, new.request_id, new.code,
        new.rule_id, new.rule_version, new.rule_set, new.retention, new.facts, new.opened_at, new.due_on) is distinct from
        (old.id, old.tenant, old.borrower, old.request_id, old.code, old.rule_id, old.rule_version, old.rule_set,
        old.retention, old.facts, old.opened_at, old.due_on) then
        raise exception 'obligation % is closed once and does not change', old.id
            using errcode = 'check_violation', constraint = 'obligation_transition';
    end if;
    return new;
end $$;
create trigger obligation_checked before insert or update on rules.obligation
    for each row execute function rules.check_obligation();
create trigger obligation_kept before delete on rules.obligation
    for each row execute function rules.refuse_change();

-- Who did what: one row for each change, for good.
create table rules.audit (
    seq     bigint generated always as identity primary key,
    what    text not null,
    subject text not null,
    by      text not null,
    reason  text not null,
    body    text not null,                                 -- JSON
    at      timestamptz not null
);
create trigger audit_append_only before update or delete on rules.audit
    for each row execute function rules.refuse_change();
create trigger audit_not_truncated before truncate on rules.audit
    for each statement execute function rules.refuse_change();

-- At acceptance the offer, the person and the documents are decided about together.
alter table compliance.decision drop constraint decision_kind_check;
alter table compliance.decision add constraint decision_kind_check
    check (kind in ('RISK', 'REQUEST', 'OFFER', 'LIMIT', 'ACCEPTANCE'));
create index decision_of_rules on compliance.decision (decided_at, id) where kind in ('REQUEST', 'OFFER', 'ACCEPTANCE');
