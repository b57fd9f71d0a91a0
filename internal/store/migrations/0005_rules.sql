-- +goose NO TRANSACTION
-- +goose Up

-- Group rules. The document holds the condition and the target groups.
CREATE TABLE IF NOT EXISTS group_rules (
    org_id       NAME NOT NULL,
    id           NAME NOT NULL,
    name         TEXT NOT NULL,
    status       NAME NOT NULL,
    groups_valid BIGINT NOT NULL,
    document     TEXT NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    CONSTRAINT group_rules__id PRIMARY KEY (org_id, id)
) CLUSTERED;
CREATE UNIQUE INDEX IF NOT EXISTS group_rules__name ON group_rules (org_id, name);
CREATE INDEX IF NOT EXISTS group_rules_status ON group_rules (org_id, status, id);

-- The groups that a rule names, as a target or in its condition.
CREATE TABLE IF NOT EXISTS group_rule_groups (
    org_id   NAME NOT NULL,
    group_id NAME NOT NULL,
    rule_id  NAME NOT NULL,
    CONSTRAINT group_rule_groups__rule_id PRIMARY KEY (org_id, group_id, rule_id),
    FOREIGN KEY (org_id, rule_id) REFERENCES group_rules (org_id, id) ON DELETE CASCADE
) CLUSTERED;
CREATE INDEX IF NOT EXISTS group_rule_groups_rule_id ON group_rule_groups (org_id, rule_id);

-- The users whom a rule leaves alone.
CREATE TABLE IF NOT EXISTS group_rule_exclusions (
    org_id  NAME NOT NULL,
    user_id NAME NOT NULL,
    rule_id NAME NOT NULL,
    CONSTRAINT group_rule_exclusions__rule_id PRIMARY KEY (org_id, user_id, rule_id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, rule_id) REFERENCES group_rules (org_id, id) ON DELETE CASCADE
) CLUSTERED;
CREATE INDEX IF NOT EXISTS group_rule_exclusions_rule_id ON group_rule_exclusions (org_id, rule_id, user_id);

-- How far the evaluation of a rule over all users has come.
CREATE TABLE IF NOT EXISTS group_rule_runs (
    org_id  NAME NOT NULL,
    rule_id NAME NOT NULL,
    run     NAME NOT NULL,
    reached NAME NOT NULL,
    CONSTRAINT group_rule_runs__rule_id PRIMARY KEY (org_id, rule_id),
    FOREIGN KEY (org_id, rule_id) REFERENCES group_rules (org_id, id) ON DELETE CASCADE
);

-- One row an organisation, from its first rule on: it changes whenever the set of
-- active rules does. Whoever changes a user or a membership holds it shared
-- meanwhile.
CREATE TABLE IF NOT EXISTS group_rule_heads (
    org_id   NAME NOT NULL,
    revision NAME NOT NULL,
    active   BIGINT NOT NULL,
    since    BIGINT NOT NULL,
    CONSTRAINT group_rule_heads__org_id PRIMARY KEY (org_id)
);

CREATE INDEX IF NOT EXISTS memberships_rule_id ON memberships (org_id, rule_id, user_id, group_id) WHERE rule_id <> '';

CREATE INDEX IF NOT EXISTS groups_type ON groups (org_id, type, id);
CREATE INDEX IF NOT EXISTS groups_created ON groups (org_id, created, id);
CREATE INDEX IF NOT EXISTS groups_last_updated ON groups (org_id, last_updated, id);
CREATE INDEX IF NOT EXISTS groups_last_membership_updated ON groups (org_id, last_membership_updated, id);
