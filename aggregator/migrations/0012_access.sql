-- Roles of staff, groups, and how often a principal's role changed. A token of an earlier revision is no longer good.

ALTER TABLE identity.principal
    DROP CONSTRAINT principal_role_check,
    ADD CONSTRAINT principal_role_check CHECK (role IN ('borrower', 'integrator', 'provider', 'officer', 'risk_manager',
                                                        'manager', 'credit_head', 'admin', 'system')),
    ADD COLUMN groups     text[] NOT NULL DEFAULT '{}' CHECK (groups <@ ARRAY['platform', 'aml']),
    ADD COLUMN revision   integer NOT NULL DEFAULT 0 CHECK (revision >= 0),
    ADD COLUMN changed_at timestamptz,
    ADD CONSTRAINT principal_groups CHECK (cardinality(groups) = 0
        OR role IN ('officer', 'risk_manager', 'manager', 'credit_head', 'admin'));

-- Officers of before crossed tenants. Those who are there go on; new ones stay within their tenant unless they are given the group.
UPDATE identity.principal SET groups = '{platform}' WHERE role = 'officer';

CREATE INDEX principal_changed ON identity.principal (changed_at) WHERE changed_at IS NOT NULL;

-- Every change of role or groups, for good.
CREATE TABLE identity.role_change (
    principal_id uuid NOT NULL REFERENCES identity.principal,
    revision     integer NOT NULL CHECK (revision > 0),
    from_role    text NOT NULL,
    to_role      text NOT NULL,
    from_groups  text[] NOT NULL,
    to_groups    text[] NOT NULL,
    changed_by   uuid NOT NULL REFERENCES identity.principal,
    reason       text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    changed_at   timestamptz NOT NULL,
    PRIMARY KEY (principal_id, revision),
    CONSTRAINT role_change_not_own CHECK (changed_by <> principal_id)
);
CREATE TRIGGER role_change_append_only BEFORE UPDATE OR DELETE ON identity.role_change
    FOR EACH ROW EXECUTE FUNCTION events.refuse_change();

-- A principal keeps who it is. Its role changes among those of staff, one revision at a time.
CREATE FUNCTION identity.check_principal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.tenant_id, NEW.provider_id, NEW.created_at) IS DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.provider_id, OLD.created_at) THEN
        RAISE EXCEPTION 'a principal keeps who it is' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.role, NEW.groups) IS DISTINCT FROM (OLD.role, OLD.groups) THEN
        IF NEW.revision <> OLD.revision + 1 OR NEW.changed_at IS NULL THEN
            RAISE EXCEPTION 'a change of role is a new revision' USING ERRCODE = 'restrict_violation';
        END IF;
        IF OLD.role IN ('borrower', 'integrator', 'provider', 'system') OR NEW.role IN ('borrower', 'integrator', 'provider', 'system') THEN
            RAISE EXCEPTION 'only staff change roles' USING ERRCODE = 'restrict_violation';
        END IF;
    ELSIF NEW.revision <> OLD.revision THEN
        RAISE EXCEPTION 'a new revision is a change of role' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER principal_checked BEFORE UPDATE ON identity.principal
    FOR EACH ROW EXECUTE FUNCTION identity.check_principal();

-- Our own processes have no token.
CREATE FUNCTION identity.check_client() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM identity.principal WHERE id = NEW.principal_id AND role = 'system') THEN
        RAISE EXCEPTION 'a process of ours has no client' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER client_checked BEFORE INSERT OR UPDATE ON identity.client
    FOR EACH ROW EXECUTE FUNCTION identity.check_client();
