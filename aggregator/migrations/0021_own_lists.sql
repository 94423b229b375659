-- Lists that people ask for of their own things, reports of the conformance kit, and the last comparison of the books.

-- Whose quote it is and how long it holds stand beside the exact JSON, so that a lender's offers are listed without reading all.
ALTER TABLE quoting.quote DISABLE TRIGGER quote_append_only;
ALTER TABLE quoting.quote
    ADD COLUMN provider    text,
    ADD COLUMN valid_until timestamptz,
    ADD COLUMN received_at timestamptz;
UPDATE quoting.quote SET provider    = body::jsonb ->> 'provider',
                         valid_until = (body::jsonb #>> '{offer,valid_until}')::timestamptz,
                         received_at = (body::jsonb ->> 'received_at')::timestamptz;
ALTER TABLE quoting.quote
    ALTER COLUMN provider    SET NOT NULL,
    ALTER COLUMN valid_until SET NOT NULL,
    ALTER COLUMN received_at SET NOT NULL;
ALTER TABLE quoting.quote ENABLE TRIGGER quote_append_only;
CREATE INDEX quote_of_provider ON quoting.quote (provider, received_at DESC, id DESC);
CREATE INDEX quote_by_time ON quoting.quote (received_at DESC, id DESC);

CREATE INDEX request_of_borrower ON quoting.request (tenant_id, borrower_id, created_at DESC, id DESC);
CREATE INDEX request_of_tenant ON quoting.request (tenant_id, created_at DESC, id DESC);
CREATE INDEX request_by_time ON quoting.request (created_at DESC, id DESC);

-- What became of what a lender had accepted of it.
create index settlement_ended on lending.settlement (provider, created_at desc) where state in ('FAILED', 'CANCELLED');

-- Reports of the conformance kit, the exact text as handed in.
create table providers.conformance_report (
    id          uuid primary key,
    provider_id text not null references providers.provider (id),
    submitted_by uuid not null,
    submitted_at timestamptz not null,
    target      text not null check (length(target) between 1 and 500),
    passed      integer not null check (passed >= 0),
    failed      integer not null check (failed >= 0),
    skipped     integer not null check (skipped >= 0),
    took_ms     bigint not null check (took_ms >= 0),
    body        text not null,
    body_sha256 bytea not null check (length(body_sha256) = 32)
);
create index conformance_report_of on providers.conformance_report (provider_id, submitted_at desc, id desc);
create trigger conformance_report_append_only before update or delete on providers.conformance_report
    for each row execute function providers.refuse_change();

-- The last comparison of the books: one row.
create table ledger.reconciliation (
    only_one    boolean primary key default true check (only_one),
    compared_at timestamptz not null,
    report      text not null
);
