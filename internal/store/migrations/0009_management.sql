-- +goose NO TRANSACTION
-- +goose Up

-- The types of users that an organisation has made beside the default one, which
-- has a row once somebody has changed it. The schema of a type stands in
-- user_schemas, as do those of groups ("group") and of users of applications.
CREATE TABLE IF NOT EXISTS user_types (
    org_id          NAME NOT NULL,
    id              NAME NOT NULL,
    name            NAME NOT NULL,
    display_name    TEXT NOT NULL,
    description     TEXT NOT NULL,
    created         BIGINT NOT NULL,
    created_by      NAME NOT NULL,
    last_updated    BIGINT NOT NULL,
    last_updated_by NAME NOT NULL,
    version         BIGINT NOT NULL,
    CONSTRAINT user_types__id PRIMARY KEY (org_id, id)
) CLUSTERED;
CREATE UNIQUE INDEX IF NOT EXISTS user_types__name ON user_types (org_id, name);

-- The values of group attributes that no two groups may share.
CREATE TABLE IF NOT EXISTS group_uniques (
    org_id    NAME NOT NULL,
    name      NAME NOT NULL,
    value_key NAME NOT NULL,
    group_id  NAME NOT NULL,
    CONSTRAINT group_uniques__value_key PRIMARY KEY (org_id, name, value_key),
    FOREIGN KEY (org_id, group_id) REFERENCES groups (org_id, id) ON DELETE CASCADE
) CLUSTERED;
CREATE INDEX IF NOT EXISTS group_uniques_group_id ON group_uniques (org_id, group_id);

-- The trusted origins whose pages may frame ours. apps is JSON: which of our
-- pages, null for all.
CREATE TABLE IF NOT EXISTS origin_frames (
    org_id    NAME NOT NULL,
    origin_id NAME NOT NULL,
    apps      TEXT NOT NULL,
    CONSTRAINT origin_frames__origin_id PRIMARY KEY (org_id, origin_id),
    FOREIGN KEY (org_id, origin_id) REFERENCES trusted_origins (org_id, id) ON DELETE CASCADE
) CLUSTERED;
