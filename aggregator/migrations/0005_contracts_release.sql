-- Attestations, refinancing, liquidation and the keeper, pauses of assets.

-- What a settlement commits to beside the intent. Neither ever changes.
alter table lending.settlement
    add column attestation text,                -- JSON of the signed attestation that the originating call presents
    add column refinance   text,                -- JSON: the loan that is repaid, and what the borrower must allow for it
    add constraint settlement_extras_onchain check (chain_id is not null or (attestation is null and refinance is null));

create function lending.check_settlement_extras() returns trigger language plpgsql as $$
begin
    if (new.attestation, new.refinance) is distinct from (old.attestation, old.refinance) then
        raise exception 'what was agreed in settlement % does not change', old.id
            using errcode = 'check_violation', constraint = 'settlement_agreed';
    end if;
    return new;
end $$;
create trigger settlement_extras_checked before update on lending.settlement
    for each row execute function lending.check_settlement_extras();

-- How a loan ended. CLOSED: nothing was lost. DEFAULTED: the debt was given up, or a liquidation did not reach.
alter table lending.loan
    add column ended_by      text constraint loan_ended_by_known check
                             (ended_by in ('REPAID', 'REFINANCED', 'LIQUIDATED', 'DEFAULTED')),
    add column shortfall     numeric(38, 0) not null default 0 check (shortfall >= 0), -- debt that a liquidation did not reach
    add column refinances    uuid references lending.loan (id),
    add column refinanced_by uuid references lending.loan (id);

alter table lending.loan disable trigger loan_checked;
update lending.loan set ended_by = case state when 'CLOSED' then 'REPAID' else 'DEFAULTED' end
    where state in ('CLOSED', 'DEFAULTED');
alter table lending.loan enable trigger loan_checked;

alter table lending.loan
    add constraint loan_ended_by_something check ((state in ('CLOSED', 'DEFAULTED')) = (ended_by is not null)),
    add constraint loan_ended_so check (
        (state <> 'CLOSED' or ended_by in ('REPAID', 'REFINANCED', 'LIQUIDATED'))
        and (state <> 'DEFAULTED' or ended_by in ('DEFAULTED', 'LIQUIDATED'))),
    add constraint loan_short_by_liquidation check (shortfall = 0 or (state = 'DEFAULTED' and ended_by = 'LIQUIDATED')),
    add constraint loan_refinanced_so check (refinanced_by is null or ended_by = 'REFINANCED'),
    add constraint loan_refinances_another check (refinances <> id);
-- One refinancing of a loan is under way at a time.
create unique index loan_one_refinancing on lending.loan (refinances) where state = 'PENDING' and refinances is not null;

-- Live on-chain loans that the keeper looks after. `next_at` paces its looks; `blocked_until` makes it wait after a
-- transaction of its own that the contract refused.
create table lending.watch (
    loan_id       uuid primary key references lending.loan (id),
    by_price      boolean not null,             -- an oracle values the collateral
    next_at       timestamptz not null default clock_timestamp(),
    blocked_until timestamptz not null default '-infinity',
    failures      integer not null default 0,   -- refused transactions in a row
    outcome       text                          -- of the last look, for operators
);
create index watch_next on lending.watch (next_at);
insert into lending.watch (loan_id, by_price)
    select id, false from lending.loan where chain_id is not null and state in ('ACTIVE', 'DELINQUENT');

-- A transaction is for a settlement, or the keeper's for a loan; of those one at a time is under way.
alter table chain.tx
    alter column settlement_id drop not null,
    add column purpose text not null default 'SETTLEMENT' constraint tx_purpose_known check
                       (purpose in ('SETTLEMENT', 'LIQUIDATE', 'MARK_DEFAULT')),
    add column loan_id uuid,
    add column queued_at timestamptz not null default clock_timestamp(),
    add constraint tx_for_something check
        ((purpose = 'SETTLEMENT') = (settlement_id is not null) and (purpose = 'SETTLEMENT') = (loan_id is null));
create unique index tx_one_of_keeper on chain.tx (loan_id) where state in ('QUEUED', 'BROADCAST', 'INCLUDED');
create index tx_by_loan on chain.tx (loan_id) where loan_id is not null;

-- The breaker of an asset tripped: nothing more is lent of it until the owner of the contract resumes.
create table chain.asset_pause (
    id        uuid not null unique,
    chain_id  bigint not null,
    asset     bytea not null check (octet_length(asset) = 20),
    number    bigint not null,                  -- block
    log_index bigint not null,
    tx_hash   bytea not null,
    used      numeric(39, 0) not null,
    refused   numeric(39, 0) not null,
    cap       numeric(39, 0) not null,
    at        timestamptz not null,
    primary key (chain_id, number, log_index)
);
