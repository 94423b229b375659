-- Settlements, loans and the double-entry ledger. Amounts are whole units: minor units of a currency, base units of a token.

create schema lending;

create table lending.settlement (
    id          uuid primary key,
    tenant      uuid not null,
    borrower    uuid not null,
    provider    text not null,
    quote_id    uuid not null constraint settlement_one_per_quote unique,
    request_id  uuid not null constraint settlement_one_per_request unique,
    loan_id     uuid not null constraint settlement_one_per_loan unique,
    state       text not null constraint settlement_state_known check
                (state in ('AWAITING_SIGNATURE', 'READY', 'SUBMITTED', 'SETTLED', 'FAILED', 'CANCELLED')),
    version     integer not null default 1,
    quote       text not null,                  -- exact JSON of the quote as accepted
    intent      text,                           -- on chain: JSON of what the borrower signs
    chain_id    bigint,
    loan_hash   bytea,                          -- on chain: the contract's id of the loan
    signature   bytea,                          -- on chain: the borrower's
    tx_id       uuid,                           -- on chain: our transaction
    lender_ref  text,                           -- off chain: the lender's reference of the loan
    evidence    text,                           -- what proves that money is out
    failure     text,                           -- JSON of the reason
    created_at  timestamptz not null,
    -- Work: a lease by database time and a fencing token that every result is checked against.
    next_at     timestamptz not null default clock_timestamp(),
    lease_until timestamptz not null default '-infinity',
    fence       bigint not null default 0,
    attempts    integer not null default 0,
    constraint settlement_onchain_whole check
        ((chain_id is null) = (intent is null) and (chain_id is null) = (loan_hash is null)),
    constraint settlement_settled_by_evidence check (state <> 'SETTLED' or evidence is not null),
    constraint settlement_failed_by_reason check ((state = 'FAILED') = (failure is not null)),
    constraint settlement_one_per_onchain_loan unique (chain_id, loan_hash)
);
create index settlement_work on lending.settlement (next_at)
    where state in ('AWAITING_SIGNATURE', 'READY', 'SUBMITTED');

create function lending.check_settlement() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.state not in ('AWAITING_SIGNATURE', 'READY') then
            raise exception 'a settlement is not born %', new.state using errcode = 'check_violation', constraint = 'settlement_transition';
        end if;
        return new;
    end if;
    if new.state <> old.state and (old.state, new.state) not in (
        ('AWAITING_SIGNATURE', 'READY'), ('AWAITING_SIGNATURE', 'CANCELLED'),
        ('READY', 'SUBMITTED'), ('READY', 'CANCELLED'),
        ('SUBMITTED', 'SETTLED'), ('SUBMITTED', 'FAILED')
    ) then
        raise exception 'settlement % may not go from % to %', old.id, old.state, new.state
            using errcode = 'check_violation', constraint = 'settlement_transition';
    end if;
    if (new.quote, new.quote_id, new.loan_id, new.tenant, new.borrower, new.provider)
        is distinct from (old.quote, old.quote_id, old.loan_id, old.tenant, old.borrower, old.provider)
        or (old.intent is not null and new.intent is distinct from old.intent)
        or (old.signature is not null and new.signature is distinct from old.signature) then
        raise exception 'what was agreed in settlement % does not change', old.id
            using errcode = 'check_violation', constraint = 'settlement_agreed';
    end if;
    return new;
end $$;
create trigger settlement_checked before insert or update on lending.settlement
    for each row execute function lending.check_settlement();

create table lending.loan (
    id            uuid primary key,
    tenant        uuid not null,
    borrower      uuid not null,
    provider      text not null,
    quote_id      uuid not null,
    settlement_id uuid not null unique references lending.settlement (id),
    state         text not null constraint loan_state_known check
                  (state in ('PENDING', 'ACTIVE', 'DELINQUENT', 'CLOSED', 'DEFAULTED', 'CANCELLED')),
    version       integer not null default 0,
    unit          text not null,                -- ISO 4217 code or eip155:<chain>/erc20:<token>
    symbol        text not null,
    decimals      smallint not null check (decimals between 0 and 36),
    principal     numeric(38, 0) not null check (principal > 0),
    outstanding   numeric(38, 0) not null check (outstanding between 0 and principal),
    chain_id      bigint,
    loan_hash     bytea,
    terms         text,                         -- on chain: JSON of the terms that calls bring back
    created_at    timestamptz not null,
    started_at    timestamptz,
    closed_at     timestamptz,
    constraint loan_closed_owes_nothing check (state <> 'CLOSED' or outstanding = 0),
    constraint loan_started_when_live check ((state in ('PENDING', 'CANCELLED')) = (started_at is null)),
    constraint loan_one_per_onchain_loan unique (chain_id, loan_hash)
);
create index loan_by_owner on lending.loan (tenant, borrower, id);
create index loan_by_provider on lending.loan (provider, id);
create index loan_live on lending.loan (id) where state in ('ACTIVE', 'DELINQUENT');

create function lending.check_loan() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.state <> 'PENDING' then
            raise exception 'a loan is not born %', new.state using errcode = 'check_violation', constraint = 'loan_transition';
        end if;
        return new;
    end if;
    if new.state <> old.state and (old.state, new.state) not in (
        ('PENDING', 'ACTIVE'), ('PENDING', 'CANCELLED'),
        ('ACTIVE', 'DELINQUENT'), ('ACTIVE', 'CLOSED'), ('ACTIVE', 'DEFAULTED'),
        ('DELINQUENT', 'ACTIVE'), ('DELINQUENT', 'CLOSED'), ('DELINQUENT', 'DEFAULTED')
    ) then
        raise exception 'loan % may not go from % to %', old.id, old.state, new.state
            using errcode = 'check_violation', constraint = 'loan_transition';
    end if;
    if old.state in ('CLOSED', 'DEFAULTED', 'CANCELLED') and new is distinct from old then
        raise exception 'loan % has ended', old.id using errcode = 'check_violation', constraint = 'loan_ended';
    end if;
    if new.version <> old.version + 1 then
        raise exception 'every change of loan % has its event', old.id using errcode = 'check_violation', constraint = 'loan_version';
    end if;
    return new;
end $$;
create trigger loan_checked before insert or update on lending.loan
    for each row execute function lending.check_loan();

create function lending.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '%.% is append-only', tg_table_schema, tg_table_name
        using errcode = 'check_violation', constraint = 'append_only';
end $$;

-- What happened to a loan; `lending.loan` is the fold of it.
create table lending.loan_event (
    loan_id uuid not null references lending.loan (id),
    version integer not null check (version > 0),
    kind    text not null,
    payload text not null,
    at      timestamptz not null,
    primary key (loan_id, version)
);
create trigger loan_event_append_only before update or delete on lending.loan_event
    for each row execute function lending.refuse_change();
create trigger loan_event_not_truncated before truncate on lending.loan_event
    for each statement execute function lending.refuse_change();

create table lending.installment (
    loan_id        uuid not null references lending.loan (id),
    number         integer not null check (number > 0),
    due            date not null,
    principal      numeric(38, 0) not null check (principal >= 0),
    interest       numeric(38, 0) not null check (interest >= 0),
    fees           numeric(38, 0) not null check (fees >= 0),
    late_fee       numeric(38, 0) not null default 0 check (late_fee >= 0),
    paid_principal numeric(38, 0) not null default 0 check (paid_principal >= 0),
    paid_interest  numeric(38, 0) not null default 0 check (paid_interest >= 0),
    paid_fees      numeric(38, 0) not null default 0 check (paid_fees >= 0),
    paid_late_fee  numeric(38, 0) not null default 0 check (paid_late_fee >= 0),
    late_charged   boolean not null default false, -- the fixed fee was charged
    penal_to       date,                           -- penal interest is charged up to this day
    settled        boolean not null default false,
    primary key (loan_id, number)
);
create index installment_open on lending.installment (due) where not settled;

create table lending.repayment (
    id        uuid primary key,
    loan_id   uuid not null references lending.loan (id),
    channel   text not null check (channel in ('ON_CHAIN', 'OFF_CHAIN')),
    amount    numeric(38, 0) not null check (amount > 0),
    late_fee  numeric(38, 0) not null check (late_fee >= 0),
    fees      numeric(38, 0) not null check (fees >= 0),
    interest  numeric(38, 0) not null check (interest >= 0),
    principal numeric(38, 0) not null check (principal >= 0),
    evidence  text not null,
    paid_at   timestamptz not null,
    constraint repayment_parts_sum check (amount = late_fee + fees + interest + principal),
    constraint repayment_evidence_once unique (loan_id, evidence)
);
create trigger repayment_append_only before update or delete on lending.repayment
    for each row execute function lending.refuse_change();

create schema ledger;

-- One ledger transaction. `lines` fixes how many postings it has, so none can be added later.
create table ledger.entry (
    id          uuid primary key,
    external_id text not null constraint entry_external_id_once unique,
    kind        text not null,
    lines       smallint not null check (lines >= 2),
    at          timestamptz not null,
    posted_at   timestamptz not null default clock_timestamp()
);

-- Balances are derived: a platform account has no row that every writer would wait for.
create table ledger.posting (
    entry_id uuid not null references ledger.entry (id),
    line     smallint not null check (line > 0),
    account  text not null constraint posting_account_known check (account in (
        'loan_principal', 'interest_receivable', 'fee_receivable', 'penalty_receivable', 'clearing',
        'interest_income', 'fee_income', 'penalty_income', 'platform_fee_income', 'third_party_payable', 'written_off')),
    owner    text not null,                     -- whose: a loan, a lender, the platform
    unit     text not null,
    side     text not null check (side in ('D', 'C')),
    amount   numeric(38, 0) not null check (amount > 0),
    primary key (entry_id, line)
);
create index posting_by_account on ledger.posting (owner, account, unit) include (side, amount);

create function ledger.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '%.% is append-only; a correction is a new entry', tg_table_schema, tg_table_name
        using errcode = 'check_violation', constraint = 'append_only';
end $$;
create trigger entry_append_only before update or delete on ledger.entry
    for each row execute function ledger.refuse_change();
create trigger entry_not_truncated before truncate on ledger.entry
    for each statement execute function ledger.refuse_change();
create trigger posting_append_only before update or delete on ledger.posting
    for each row execute function ledger.refuse_change();
create trigger posting_not_truncated before truncate on ledger.posting
    for each statement execute function ledger.refuse_change();

create function ledger.check_balanced() returns trigger language plpgsql as $$
declare
    the_entry uuid;
    wanted    smallint;
    found     bigint;
begin
    if tg_table_name = 'entry' then the_entry := new.id; else the_entry := new.entry_id; end if;
    select lines into wanted from ledger.entry where id = the_entry;
    select count(*) into found from ledger.posting where entry_id = the_entry;
    if found <> wanted then
        raise exception 'ledger entry % has % postings instead of %', the_entry, found, wanted
            using errcode = 'check_violation', constraint = 'entry_whole';
    end if;
    if exists (
        select 1 from ledger.posting where entry_id = the_entry group by unit
        having sum(case side when 'D' then amount else -amount end) <> 0
    ) then
        raise exception 'ledger entry % does not balance', the_entry
            using errcode = 'check_violation', constraint = 'entry_balanced';
    end if;
    return null;
end $$;
create constraint trigger entry_balanced after insert on ledger.entry
    deferrable initially deferred for each row execute function ledger.check_balanced();
create constraint trigger posting_balanced after insert on ledger.posting
    deferrable initially deferred for each row execute function ledger.check_balanced();
