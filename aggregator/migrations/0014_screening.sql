-- What screening keeps: which lists decided, who was asked again after a change, what came of it, and the check of every wallet that
-- money goes from or to. No personal data: entries of lists, scores, and wallets that are on a chain for all to see.

create schema screening;

create function screening.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '%.% is append-only', tg_table_schema, tg_table_name
        using errcode = 'restrict_violation', constraint = 'append_only';
end $$;

-- Lists as they were when they began to decide.
create table screening.list_snapshot (
    version   text primary key check (version ~ '^[0-9a-f]{64}$'),  -- hash over the files
    lists     text not null,                                        -- JSON: names, files, dates, counts
    notices   text not null,                                        -- JSON: kinds of oddities and how many
    entries   integer not null check (entries > 0),
    loaded_at timestamptz not null
);
create trigger list_snapshot_append_only before update or delete or truncate on screening.list_snapshot
    for each statement execute function screening.refuse_change();

-- One pass over all customers after a change of lists. It goes on where a crash left it.
create table screening.rescreen (
    version     text primary key references screening.list_snapshot,
    started_at  timestamptz not null,
    cursor      uuid,                                               -- last request that was looked at
    looked      bigint not null default 0 check (looked >= 0),
    raised      bigint not null default 0 check (raised >= 0),      -- results that are graver than the one before
    lapsed      bigint not null default 0 check (lapsed >= 0),      -- results that are milder
    finished_at timestamptz
) with (fillfactor = 70);

create function screening.check_rescreen() returns trigger language plpgsql as $$
begin
    if old.finished_at is not null then
        raise exception 'a finished pass does not change'
            using errcode = 'restrict_violation', constraint = 'rescreen_finished';
    end if;
    if new.looked < old.looked or (old.cursor is not null and new.cursor < old.cursor) then
        raise exception 'a pass does not go back'
            using errcode = 'check_violation', constraint = 'rescreen_forward';
    end if;
    return new;
end $$;
create trigger rescreen_forward before update on screening.rescreen
    for each row execute function screening.check_rescreen();

-- What screening a customer again came to, where it differs from the result before; the newest counts.
create table screening.result (
    seq         bigint generated always as identity primary key,
    request_id  uuid not null,
    tenant      uuid not null,
    borrower    uuid not null,
    version     text not null references screening.list_snapshot,
    verdict     text not null check (verdict in ('CLEAR', 'REVIEW', 'BLOCK')),
    evidence    text not null,                                      -- JSON: hits, thresholds, versions
    at          timestamptz not null,
    constraint result_once unique (request_id, version)
);
create index result_of_request on screening.result (request_id, seq desc);
create index result_of_borrower on screening.result (tenant, borrower, seq desc);
create trigger result_append_only before update or delete or truncate on screening.result
    for each statement execute function screening.refuse_change();

-- Each look at the wallets of a settlement, in the transaction that it allowed or stopped.
create table screening.wallet_check (
    seq           bigint generated always as identity primary key,
    settlement_id uuid not null,
    stage         text not null check (stage in ('ACCEPTANCE', 'SIGNATURE', 'RELEASE')),
    version       text not null,                                    -- of the lists; the built-in ones have no snapshot row before the first load
    verdict       text not null check (verdict in ('CLEAR', 'REVIEW', 'BLOCK')),
    evidence      text not null,                                    -- JSON: roles, wallets, hits
    at            timestamptz not null
);
create index wallet_check_of_settlement on screening.wallet_check (settlement_id, seq desc);
create trigger wallet_check_append_only before update or delete or truncate on screening.wallet_check
    for each statement execute function screening.refuse_change();
