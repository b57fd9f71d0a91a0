-- +goose NO TRANSACTION
-- +goose Up

-- What users are searched by, each in the order of identifiers, so that a page
-- of many equal ones needs no sorting.
CREATE INDEX IF NOT EXISTS users_status ON users (org_id, status, id);
CREATE INDEX IF NOT EXISTS users_created ON users (org_id, created, id);
CREATE INDEX IF NOT EXISTS users_activated ON users (org_id, activated, id);
CREATE INDEX IF NOT EXISTS users_status_changed ON users (org_id, status_changed, id);
CREATE INDEX IF NOT EXISTS users_last_updated ON users (org_id, last_updated, id);
CREATE INDEX IF NOT EXISTS users_email_id ON users (org_id, email_key, id);
CREATE INDEX IF NOT EXISTS users_first_id ON users (org_id, first_key, id);
CREATE INDEX IF NOT EXISTS users_last_id ON users (org_id, last_key, id);
DROP INDEX IF EXISTS users_email_key;
DROP INDEX IF EXISTS users_first_key;
DROP INDEX IF EXISTS users_last_key;

-- The values of the profile attributes that have no column of their own, folded.
CREATE TABLE IF NOT EXISTS user_attributes (
    org_id    NAME NOT NULL,
    user_id   NAME NOT NULL,
    name      NAME NOT NULL,
    value_key NAME NOT NULL,
    CONSTRAINT user_attributes__value_key PRIMARY KEY (org_id, user_id, name, value_key),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
) CLUSTERED;
CREATE INDEX IF NOT EXISTS user_attributes_name ON user_attributes (org_id, name, value_key, user_id);

-- The values of attributes that no two users may share.
CREATE TABLE IF NOT EXISTS user_uniques (
    org_id    NAME NOT NULL,
    name      NAME NOT NULL,
    value_key NAME NOT NULL,
    user_id   NAME NOT NULL,
    CONSTRAINT user_uniques__value_key PRIMARY KEY (org_id, name, value_key),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
) CLUSTERED;
CREATE INDEX IF NOT EXISTS user_uniques_user_id ON user_uniques (org_id, user_id);

-- What an organisation has changed about the profile of its users. There is no
-- row while nothing has been.
CREATE TABLE IF NOT EXISTS user_schemas (
    org_id       NAME NOT NULL,
    type_id      NAME NOT NULL,
    document     TEXT NOT NULL,
    last_updated BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    CONSTRAINT user_schemas__type_id PRIMARY KEY (org_id, type_id)
) CLUSTERED;

-- What a role is limited to: a group, an application of the catalogue by its
-- name, or one instance of it (instance_id is empty otherwise).
CREATE TABLE IF NOT EXISTS role_targets (
    org_id       NAME NOT NULL,
    principal_id NAME NOT NULL,
    role_id      NAME NOT NULL,
    kind         NAME NOT NULL,
    target_id    NAME NOT NULL,
    instance_id  NAME NOT NULL,
    created      BIGINT NOT NULL,
    CONSTRAINT role_targets__instance_id PRIMARY KEY (org_id, principal_id, role_id, kind, target_id, instance_id),
    FOREIGN KEY (org_id, principal_id, role_id) REFERENCES roles (org_id, principal_id, id) ON DELETE CASCADE
) CLUSTERED;
CREATE INDEX IF NOT EXISTS role_targets_target_id ON role_targets (org_id, kind, target_id);

-- The factors that users have enrolled. What only the method may know is sealed.
CREATE TABLE IF NOT EXISTS factors (
    org_id       NAME NOT NULL,
    user_id      NAME NOT NULL,
    id           NAME NOT NULL,
    type         NAME NOT NULL,
    provider     NAME NOT NULL,
    vendor       TEXT NOT NULL,
    status       NAME NOT NULL,
    profile      TEXT NOT NULL,
    sealed       TEXT NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    CONSTRAINT factors__id PRIMARY KEY (org_id, user_id, id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
) CLUSTERED;

CREATE INDEX IF NOT EXISTS events_type ON events (org_id, type, uuid);
