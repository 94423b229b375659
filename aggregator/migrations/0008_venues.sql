-- Loans of lending pools: the borrower's wallet takes them, and the pool's own events in final blocks are the evidence.

-- JSON of the wallet's plan and of the block from which on its events count. Never changes.
alter table lending.settlement
    add column venue text,
    add constraint settlement_venue_or_contract check (venue is null or chain_id is null);

create function lending.check_settlement_venue() returns trigger language plpgsql as $$
begin
    if new.venue is distinct from old.venue then
        raise exception 'what was agreed in settlement % does not change', old.id
            using errcode = 'check_violation', constraint = 'settlement_agreed';
    end if;
    return new;
end $$;
create trigger settlement_venue_checked before update on lending.settlement
    for each row execute function lending.check_settlement_venue();

-- A wallet's position at a venue, followed from acceptance until the loan has ended. Everything up to `read_to` is in the books.
create table lending.venue_position (
    loan_id       uuid primary key references lending.loan (id),
    settlement_id uuid not null unique references lending.settlement (id),
    provider      text not null,                -- the venue
    chain_id      bigint not null,
    wallet        bytea not null check (octet_length(wallet) = 20),
    read_to       bigint not null check (read_to >= 0),
    other_debt    numeric(78, 0) not null default 0 check (other_debt >= 0), -- borrowed there by the wallet beside the loan
    next_at       timestamptz not null default clock_timestamp(),
    done          boolean not null default false,
    problem       text                          -- what an operator must look at; nothing more is booked until then
);
-- Two loans of one wallet at one venue could not be told apart.
create unique index venue_position_one_open on lending.venue_position (provider, wallet) where not done;
create index venue_position_next on lending.venue_position (next_at) where not done and problem is null;

create function lending.check_venue_position() returns trigger language plpgsql as $$
begin
    if new.read_to < old.read_to then
        raise exception 'the events of loan % were read already', old.loan_id
            using errcode = 'check_violation', constraint = 'venue_position_forward';
    end if;
    return new;
end $$;
create trigger venue_position_checked before update on lending.venue_position
    for each row execute function lending.check_venue_position();
