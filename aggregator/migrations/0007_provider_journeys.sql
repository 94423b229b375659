-- Loans at lenders that answer later and elsewhere: what their adapters remember of them, and questions whose answers come as calls of the
-- lender's, to whichever of our processes gets them.

create schema networks;

create table networks.provider_journey (
    provider   text not null,
    id         text not null,
    version    bigint not null check (version > 0),   -- how often it was written; a write names the one that it saw
    topic      text,                                  -- by which the next question takes it up again
    settlement uuid,                                  -- which it serves
    handoff    text,                                  -- JSON: the lender's page on which the borrower has to act now
    body       text not null,                         -- JSON: the adapter's own record, without personal data
    created_at timestamptz not null default clock_timestamp(),
    changed_at timestamptz not null default clock_timestamp(),
    primary key (provider, id)
);
-- The settlement is the idempotency key: a lender has one journey for it.
create unique index journey_of_settlement on networks.provider_journey (provider, settlement) where settlement is not null;
create index journey_of_topic on networks.provider_journey (provider, topic, created_at) where settlement is null and topic is not null;
create index journey_unused on networks.provider_journey (changed_at) where settlement is null;
create index journey_by_settlement on networks.provider_journey (settlement) where settlement is not null;

create function networks.check_journey() returns trigger language plpgsql as $$
begin
    if old.settlement is not null and new.settlement is distinct from old.settlement then
        raise exception 'journey % of % keeps its settlement', old.id, old.provider
            using errcode = 'check_violation', constraint = 'journey_settlement_fixed';
    end if;
    return new;
end $$;
create trigger journey_checked before update on networks.provider_journey
    for each row execute function networks.check_journey();

create table networks.question (
    provider text not null,
    id       text not null,                           -- which the answer repeats
    thread   text not null,
    kind     text not null,
    asked_at timestamptz not null,
    until_at timestamptz not null,                    -- nobody waits any more
    answer   bytea,
    noted_at timestamptz not null default clock_timestamp(),
    primary key (provider, id)
);
create index question_noted on networks.question (noted_at);
