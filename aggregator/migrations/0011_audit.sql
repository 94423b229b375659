-- The audit trail: entries as they were recorded, their place in the tree of their tenant, signed checkpoints, anchors outside.
-- Nothing here is personal data; the salts, which are, have a table of their own and are destroyed with what they belong to.

create schema audit;

create function audit.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '%.% is append-only', tg_table_schema, tg_table_name
        using errcode = 'restrict_violation', constraint = 'append_only';
end $$;

-- What somebody did, written in the transaction of the deed. It has no number yet: nobody waits for anybody here.
-- The sequencer reads by (xid, n) and stops at the oldest running transaction, so an entry that commits late is never skipped.
create table audit.entry (
    id          uuid primary key,
    n           bigint generated always as identity,
    xid         xid8 not null default pg_current_xact_id(),
    tenant      uuid not null,
    at          timestamptz not null,
    actor       uuid not null,                             -- nil: the system
    role        text not null,
    action      text not null,
    object_kind text not null,
    object_id   text not null,
    subject     uuid,                                      -- pseudonymous
    decision    text,
    rules       text,                                      -- version of the rules that decided
    lists       text,                                      -- version of the lists that were screened
    commitments text,                                      -- JSON: field and HMAC of each
    -- Codes alone: no place here takes a sentence, a name or an address.
    constraint entry_codes check (concat_ws(':', role, action, object_kind, object_id, decision, rules, lists)
        ~ '^[A-Za-z0-9._:-]+$'),
    constraint entry_short check (greatest(length(role), length(action), length(object_kind), length(object_id), length(decision),
        length(rules), length(lists)) <= 80)
);
create index entry_order on audit.entry (xid, n);
create index entry_of_object on audit.entry (object_id, n);
create index entry_of_actor on audit.entry (actor, n);
create index entry_of_subject on audit.entry (subject, n) where subject is not null;
create trigger entry_append_only before update or delete on audit.entry
    for each row execute function audit.refuse_change();
create trigger entry_not_truncated before truncate on audit.entry
    for each statement execute function audit.refuse_change();

-- What opens the commitments of an entry. Personal data in the sense of the law, so it may be deleted, and nothing else may.
create table audit.salt (
    entry_id uuid primary key,
    tenant   uuid not null,
    subject  uuid,
    salt     bytea not null check (length(salt) = 32)
);
create index salt_of_subject on audit.salt (tenant, subject);

-- The tree of a tenant. -----------------------------------------------------------------------------------------------

-- The right edge of each tree. It only grows, and by as many leaves as were written with it.
create table audit.log (
    tenant     uuid primary key,
    size       bigint not null check (size >= 0),
    peaks      bytea not null check (length(peaks) % 32 = 0), -- roots of the perfect subtrees, the largest first
    created_at timestamptz not null
);

-- The number and the leaf hash of an entry.
create table audit.leaf (
    tenant   uuid not null,
    seq      bigint not null check (seq >= 0),
    entry_id uuid not null constraint leaf_once unique,
    hash     bytea not null check (length(hash) = 32),
    primary key (tenant, seq)
);
create trigger leaf_append_only before update or delete on audit.leaf
    for each row execute function audit.refuse_change();
create trigger leaf_not_truncated before truncate on audit.leaf
    for each statement execute function audit.refuse_change();

-- Roots of the complete subtrees of 256, 65,536, ... leaves (heights 8, 16, ...): with the leaves enough for any proof.
create table audit.node (
    tenant uuid not null,
    level  smallint not null check (level between 8 and 56 and level % 8 = 0),
    index  bigint not null check (index >= 0),
    hash   bytea not null check (length(hash) = 32),
    primary key (tenant, level, index)
);
create trigger node_append_only before update or delete on audit.node
    for each row execute function audit.refuse_change();
create trigger node_not_truncated before truncate on audit.node
    for each statement execute function audit.refuse_change();

create function audit.check_log() returns trigger language plpgsql as $$
declare
    written bigint;
begin
    if tg_op = 'INSERT' then
        if new.size <> 0 then
            raise exception 'a log is born empty' using errcode = 'check_violation', constraint = 'log_growth';
        end if;
        return new;
    end if;
    if (new.tenant, new.created_at) is distinct from (old.tenant, old.created_at) or new.size <= old.size then
        raise exception 'log % only grows', old.tenant using errcode = 'check_violation', constraint = 'log_growth';
    end if;
    select count(*) into written from audit.leaf l where l.tenant = new.tenant and l.seq >= old.size;
    if written <> new.size - old.size then
        raise exception 'log % grows by % leaves, not by %', new.tenant, written, new.size - old.size
            using errcode = 'check_violation', constraint = 'log_growth';
    end if;
    return new;
end $$;
create trigger log_checked before insert or update on audit.log
    for each row execute function audit.check_log();
create trigger log_kept before delete on audit.log
    for each row execute function audit.refuse_change();
create trigger log_not_truncated before truncate on audit.log
    for each statement execute function audit.refuse_change();

-- How far the sequencer has read; who holds this row for a transaction is the sequencer.
create table audit.sequencer (
    one  boolean primary key default true check (one),
    xid  xid8 not null,
    n    bigint not null,
    runs bigint not null default 0
);
insert into audit.sequencer (xid, n) values ('0', 0);
create trigger sequencer_kept before delete on audit.sequencer
    for each row execute function audit.refuse_change();

-- Signed roots. One size has one root, for good.
create table audit.checkpoint (
    tenant uuid not null,
    size   bigint not null check (size > 0),
    root   bytea not null check (length(root) = 32),
    at     timestamptz not null,
    note   text not null,                                  -- as signed
    signer text not null,                                  -- public key
    primary key (tenant, size)
);
create trigger checkpoint_append_only before update or delete on audit.checkpoint
    for each row execute function audit.refuse_change();
create trigger checkpoint_not_truncated before truncate on audit.checkpoint
    for each statement execute function audit.refuse_change();

-- Copies of checkpoints outside this database. -------------------------------------------------------------------------

create table audit.anchor (
    id        uuid primary key,
    tenant    uuid not null,
    size      bigint not null,
    place     text not null check (length(place) between 1 and 300), -- `eip155:CHAIN:CONTRACT` or `file:FOLDER`
    state     text not null constraint anchor_state_known check (state in ('WANTED', 'DONE', 'FAILED')),
    evidence  text,                                        -- hash of the transaction, name of the object
    wanted_at timestamptz not null,
    done_at   timestamptz,
    constraint anchor_done check ((state = 'WANTED') = (done_at is null) and (state <> 'DONE' or evidence is not null)),
    foreign key (tenant, size) references audit.checkpoint
);
create unique index anchor_one_under_way on audit.anchor (tenant, place) where state = 'WANTED';
create unique index anchor_once on audit.anchor (tenant, place, size) where state <> 'FAILED';

create function audit.check_anchor() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.state <> 'WANTED' then
            raise exception 'an anchor is wanted first' using errcode = 'check_violation', constraint = 'anchor_transition';
        end if;
        return new;
    end if;
    if old.state <> 'WANTED' or new.state = 'WANTED' or (new.id, new.tenant, new.size, new.place, new.wanted_at)
        is distinct from (old.id, old.tenant, old.size, old.place, old.wanted_at) then
        raise exception 'anchor % is done once', old.id using errcode = 'check_violation', constraint = 'anchor_transition';
    end if;
    return new;
end $$;
create trigger anchor_checked before insert or update on audit.anchor
    for each row execute function audit.check_anchor();
create trigger anchor_kept before delete on audit.anchor
    for each row execute function audit.refuse_change();
create trigger anchor_not_truncated before truncate on audit.anchor
    for each statement execute function audit.refuse_change();

-- A transaction may be for an anchor.
alter table chain.tx drop constraint tx_purpose_known, drop constraint tx_for_something;
alter table chain.tx
    add column anchor_id uuid constraint tx_one_per_anchor unique,
    add constraint tx_purpose_known check (purpose in ('SETTLEMENT', 'LIQUIDATE', 'MARK_DEFAULT', 'ANCHOR')),
    add constraint tx_for_something check ((purpose = 'SETTLEMENT') = (settlement_id is not null)
        and (purpose in ('LIQUIDATE', 'MARK_DEFAULT')) = (loan_id is not null)
        and (purpose = 'ANCHOR') = (anchor_id is not null));
