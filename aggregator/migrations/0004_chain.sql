-- What the submitter and the indexer must not forget.

create schema chain;

-- One row per sending account: the next nonce, and who may send (a lease by database time with a fencing token).
create table chain.signer (
    chain_id    bigint not null,
    address     bytea not null check (octet_length(address) = 20),
    next_nonce  bigint not null default 0 check (next_nonce >= 0),
    holder      uuid,
    fence       bigint not null default 0,
    lease_until timestamptz not null default '-infinity',
    primary key (chain_id, address)
);

create table chain.tx (
    id            uuid primary key,
    seq           bigint generated always as identity,
    settlement_id uuid not null constraint tx_one_per_settlement unique,
    chain_id      bigint not null,
    to_address    bytea not null check (octet_length(to_address) = 20),
    data          bytea not null,
    gas_limit     bigint not null check (gas_limit > 0),
    signer        bytea,
    nonce         bigint,
    state         text not null default 'QUEUED' constraint tx_state_known check
                  (state in ('QUEUED', 'BROADCAST', 'INCLUDED', 'SUCCEEDED', 'REVERTED')),
    mined_hash    bytea,
    mined_block   bigint,
    constraint tx_nonce_once unique (chain_id, signer, nonce),
    constraint tx_nonce_when_taken check ((state = 'QUEUED') = (nonce is null) and (nonce is null) = (signer is null)),
    constraint tx_mined_when_seen check
        ((state in ('INCLUDED', 'SUCCEEDED', 'REVERTED')) = (mined_hash is not null)
         and (mined_hash is null) = (mined_block is null))
);
create index tx_queued on chain.tx (chain_id, seq) where state = 'QUEUED';
create index tx_in_flight on chain.tx (chain_id, signer, nonce) where state in ('BROADCAST', 'INCLUDED');

create function chain.check_tx() returns trigger language plpgsql as $$
begin
    -- A mined transaction may vanish again until it is final; a nonce, once given, stays.
    if new.state <> old.state and (old.state, new.state) not in (
        ('QUEUED', 'BROADCAST'), ('BROADCAST', 'INCLUDED'), ('INCLUDED', 'BROADCAST'),
        ('BROADCAST', 'SUCCEEDED'), ('BROADCAST', 'REVERTED'), ('INCLUDED', 'SUCCEEDED'), ('INCLUDED', 'REVERTED')
    ) then
        raise exception 'transaction % may not go from % to %', old.id, old.state, new.state
            using errcode = 'check_violation', constraint = 'tx_transition';
    end if;
    if old.nonce is not null and (new.nonce, new.signer) is distinct from (old.nonce, old.signer) then
        raise exception 'transaction % keeps its nonce', old.id using errcode = 'check_violation', constraint = 'tx_nonce_kept';
    end if;
    return new;
end $$;
create trigger tx_checked before update on chain.tx for each row execute function chain.check_tx();

-- Every signed version, stored before it is broadcast.
create table chain.attempt (
    tx_id      uuid not null references chain.tx (id),
    number     integer not null,
    hash       bytea not null constraint attempt_hash_once unique,
    raw        bytea not null,
    max_fee    numeric(38, 0) not null,
    tip        numeric(38, 0) not null,
    sent_block bigint not null,
    primary key (tx_id, number)
);

-- How far a chain is known to be final.
create table chain.cursor (
    chain_id  bigint primary key,
    finalized bigint
);

create table chain.block (
    chain_id  bigint not null references chain.cursor (chain_id),
    number    bigint not null,
    hash      bytea not null,
    parent    bytea not null,
    timestamp bigint not null,
    primary key (chain_id, number)
);

create table chain.event (
    chain_id   bigint not null,
    number     bigint not null,                 -- block
    log_index  bigint not null,
    block_hash bytea not null,
    block_time bigint not null,
    tx_hash    bytea not null,
    loan_hash  bytea not null,
    kind       text not null,
    payload    text not null,
    -- Effects in our books: NEW until the block is final, then APPLIED once, FOREIGN when the loan is not ours,
    -- or PARKED for an operator.
    effect     text not null default 'NEW' check (effect in ('NEW', 'APPLIED', 'FOREIGN', 'PARKED')),
    problem    text,
    primary key (chain_id, number, log_index)
);
create index event_new on chain.event (chain_id, number, log_index) where effect = 'NEW';
create index event_by_loan on chain.event (chain_id, loan_hash, number, log_index);
