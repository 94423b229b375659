-- Looks at wallets rest on more than the lists: oracle and services may have said nothing, which is UNKNOWN and lets a settlement wait.
-- A look that refused a call is stored after the call was rolled back, once however often it is repeated.

alter table screening.wallet_check
    drop constraint wallet_check_verdict_check,
    add constraint wallet_check_verdict_check check (verdict in ('CLEAR', 'REVIEW', 'BLOCK', 'UNKNOWN')),
    add column quote_id uuid,                                       -- a refused acceptance leaves no settlement to find it by
    add column once bytea constraint wallet_check_once unique check (octet_length(once) = 32);
create index wallet_check_of_quote on screening.wallet_check (quote_id, seq desc);
