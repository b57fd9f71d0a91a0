-- +goose NO TRANSACTION
-- +goose Up

-- Each statement is a step of its own and can be repeated: a migration that was
-- cut short is finished by running it again.

CREATE TABLE IF NOT EXISTS server_facts (
    name  NAME NOT NULL,
    value TEXT NOT NULL,
    CONSTRAINT server_facts__name PRIMARY KEY (name)
);

CREATE TABLE IF NOT EXISTS orgs (
    id        NAME NOT NULL,
    name      TEXT NOT NULL,
    subdomain NAME NOT NULL,
    host      NAME,
    base_url  TEXT NOT NULL,
    created   BIGINT NOT NULL,
    settings  TEXT NOT NULL,
    CONSTRAINT orgs__id PRIMARY KEY (id)
);
CREATE UNIQUE INDEX IF NOT EXISTS orgs__host ON orgs (host);
CREATE UNIQUE INDEX IF NOT EXISTS orgs__subdomain ON orgs (subdomain);

CREATE TABLE IF NOT EXISTS users (
    org_id            NAME NOT NULL,
    id                NAME NOT NULL,
    type_id           NAME NOT NULL,
    status            NAME NOT NULL,
    login             TEXT NOT NULL,
    login_key         NAME NOT NULL,
    short_key         NAME NOT NULL,
    email_key         NAME NOT NULL,
    first_key         NAME NOT NULL,
    last_key          NAME NOT NULL,
    profile           TEXT NOT NULL,
    provider_type     NAME NOT NULL,
    provider_name     TEXT NOT NULL,
    has_password      BIGINT NOT NULL,
    recovery_question TEXT NOT NULL,
    factors           BIGINT NOT NULL,
    created           BIGINT NOT NULL,
    activated         BIGINT NOT NULL,
    status_changed    BIGINT NOT NULL,
    last_login        BIGINT NOT NULL,
    last_updated      BIGINT NOT NULL,
    password_changed  BIGINT NOT NULL,
    version           BIGINT NOT NULL,
    CONSTRAINT users__id PRIMARY KEY (org_id, id)
) CLUSTERED;
CREATE UNIQUE INDEX IF NOT EXISTS users__login_key ON users (org_id, login_key);
CREATE INDEX IF NOT EXISTS users_short_key ON users (org_id, short_key);
CREATE INDEX IF NOT EXISTS users_email_key ON users (org_id, email_key);
CREATE INDEX IF NOT EXISTS users_first_key ON users (org_id, first_key);
CREATE INDEX IF NOT EXISTS users_last_key ON users (org_id, last_key);

CREATE TABLE IF NOT EXISTS credentials (
    org_id        NAME NOT NULL,
    user_id       NAME NOT NULL,
    password      TEXT NOT NULL,
    answer        TEXT NOT NULL,
    history       TEXT NOT NULL,
    failures      BIGINT NOT NULL,
    last_failure  BIGINT NOT NULL,
    locked_at     BIGINT NOT NULL,
    version       BIGINT NOT NULL,
    CONSTRAINT credentials__user_id PRIMARY KEY (org_id, user_id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
) CLUSTERED;

CREATE TABLE IF NOT EXISTS user_tokens (
    org_id  NAME NOT NULL,
    hash    BYTEA NOT NULL,
    kind    NAME NOT NULL,
    user_id NAME NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    CONSTRAINT user_tokens__hash PRIMARY KEY (org_id, hash),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX IF NOT EXISTS user_tokens__kind ON user_tokens (org_id, user_id, kind);
CREATE INDEX IF NOT EXISTS user_tokens_expires ON user_tokens (expires);

CREATE TABLE IF NOT EXISTS groups (
    org_id                  NAME NOT NULL,
    id                      NAME NOT NULL,
    type                    NAME NOT NULL,
    object_class            NAME NOT NULL,
    name                    TEXT NOT NULL,
    name_key                NAME NOT NULL,
    profile                 TEXT NOT NULL,
    created                 BIGINT NOT NULL,
    last_updated            BIGINT NOT NULL,
    last_membership_updated BIGINT NOT NULL,
    version                 BIGINT NOT NULL,
    CONSTRAINT groups__id PRIMARY KEY (org_id, id)
) CLUSTERED;
CREATE UNIQUE INDEX IF NOT EXISTS groups__name ON groups (org_id, name) WHERE type <> 'APP_GROUP';
CREATE INDEX IF NOT EXISTS groups_name_key ON groups (org_id, name_key);

-- rule_id is empty for a membership that somebody made by hand.
CREATE TABLE IF NOT EXISTS memberships (
    org_id   NAME NOT NULL,
    group_id NAME NOT NULL,
    user_id  NAME NOT NULL,
    rule_id  NAME NOT NULL,
    created  BIGINT NOT NULL,
    CONSTRAINT memberships__rule_id PRIMARY KEY (org_id, group_id, user_id, rule_id),
    FOREIGN KEY (org_id, group_id) REFERENCES groups (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
) CLUSTERED;
CREATE INDEX IF NOT EXISTS memberships_user_id ON memberships (org_id, user_id, group_id);

CREATE TABLE IF NOT EXISTS roles (
    org_id       NAME NOT NULL,
    principal_id NAME NOT NULL,
    id           NAME NOT NULL,
    type         NAME NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    CONSTRAINT roles__id PRIMARY KEY (org_id, principal_id, id)
) CLUSTERED;
CREATE UNIQUE INDEX IF NOT EXISTS roles__type ON roles (org_id, principal_id, type);
CREATE INDEX IF NOT EXISTS roles_type ON roles (org_id, type);

CREATE TABLE IF NOT EXISTS api_tokens (
    org_id    NAME NOT NULL,
    id        NAME NOT NULL,
    hash      BYTEA NOT NULL,
    user_id   NAME NOT NULL,
    name      TEXT NOT NULL,
    created   BIGINT NOT NULL,
    last_used BIGINT NOT NULL,
    CONSTRAINT api_tokens__id PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX IF NOT EXISTS api_tokens__hash ON api_tokens (org_id, hash);

CREATE TABLE IF NOT EXISTS sessions (
    org_id        NAME NOT NULL,
    hash          BYTEA NOT NULL,
    id            NAME NOT NULL,
    user_id       NAME NOT NULL,
    login         TEXT NOT NULL,
    status        NAME NOT NULL,
    created       BIGINT NOT NULL,
    expires       BIGINT NOT NULL,
    ends_by       BIGINT NOT NULL,
    idle          BIGINT NOT NULL,
    last_password BIGINT NOT NULL,
    last_factor   BIGINT NOT NULL,
    amr           TEXT NOT NULL,
    persistent    BIGINT NOT NULL,
    version       BIGINT NOT NULL,
    CONSTRAINT sessions__hash PRIMARY KEY (org_id, hash),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS sessions_user_id ON sessions (org_id, user_id);
CREATE INDEX IF NOT EXISTS sessions_expires ON sessions (expires);

CREATE TABLE IF NOT EXISTS session_tokens (
    org_id  NAME NOT NULL,
    hash    BYTEA NOT NULL,
    user_id NAME NOT NULL,
    expires BIGINT NOT NULL,
    session TEXT NOT NULL,
    CONSTRAINT session_tokens__hash PRIMARY KEY (org_id, hash),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS session_tokens_expires ON session_tokens (expires);
CREATE INDEX IF NOT EXISTS session_tokens_user_id ON session_tokens (org_id, user_id);

CREATE TABLE IF NOT EXISTS transactions (
    org_id   NAME NOT NULL,
    hash     BYTEA NOT NULL,
    user_id  NAME NOT NULL,
    created  BIGINT NOT NULL,
    expires  BIGINT NOT NULL,
    document TEXT NOT NULL,
    version  BIGINT NOT NULL,
    CONSTRAINT transactions__hash PRIMARY KEY (org_id, hash)
);
CREATE INDEX IF NOT EXISTS transactions_expires ON transactions (expires);
CREATE INDEX IF NOT EXISTS transactions_user_id ON transactions (org_id, user_id);

CREATE TABLE IF NOT EXISTS policies (
    org_id       NAME NOT NULL,
    id           NAME NOT NULL,
    type         NAME NOT NULL,
    name         TEXT NOT NULL,
    status       NAME NOT NULL,
    priority     BIGINT NOT NULL,
    system       BIGINT NOT NULL,
    document     TEXT NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    CONSTRAINT policies__id PRIMARY KEY (org_id, id)
) CLUSTERED;
CREATE UNIQUE INDEX IF NOT EXISTS policies__name ON policies (org_id, type, name);

CREATE TABLE IF NOT EXISTS policy_rules (
    org_id       NAME NOT NULL,
    policy_id    NAME NOT NULL,
    id           NAME NOT NULL,
    name         TEXT NOT NULL,
    status       NAME NOT NULL,
    priority     BIGINT NOT NULL,
    system       BIGINT NOT NULL,
    document     TEXT NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    CONSTRAINT policy_rules__id PRIMARY KEY (org_id, policy_id, id),
    FOREIGN KEY (org_id, policy_id) REFERENCES policies (org_id, id) ON DELETE CASCADE
) CLUSTERED;
CREATE UNIQUE INDEX IF NOT EXISTS policy_rules__name ON policy_rules (org_id, policy_id, name);

CREATE TABLE IF NOT EXISTS trusted_origins (
    org_id       NAME NOT NULL,
    id           NAME NOT NULL,
    name         TEXT NOT NULL,
    origin       NAME NOT NULL,
    cors         BIGINT NOT NULL,
    redirect     BIGINT NOT NULL,
    status       NAME NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    CONSTRAINT trusted_origins__id PRIMARY KEY (org_id, id)
) CLUSTERED;
CREATE UNIQUE INDEX IF NOT EXISTS trusted_origins__origin ON trusted_origins (org_id, origin);

-- The system log. position is empty until the row has its place in the order
-- of persistence.
CREATE TABLE IF NOT EXISTS events (
    org_id   NAME NOT NULL,
    uuid     NAME NOT NULL,
    type     NAME NOT NULL,
    document TEXT NOT NULL,
    position BIGINT,
    CONSTRAINT events__uuid PRIMARY KEY (org_id, uuid)
);
CREATE INDEX IF NOT EXISTS events_position ON events (org_id, position);
CREATE TABLE IF NOT EXISTS event_heads (
    org_id   NAME NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT event_heads__org_id PRIMARY KEY (org_id)
);

CREATE TABLE IF NOT EXISTS outbox (
    org_id    NAME NOT NULL,
    id        NAME NOT NULL,
    kind      NAME NOT NULL,
    recipient TEXT NOT NULL,
    sealed    TEXT NOT NULL,
    status    NAME NOT NULL,
    attempts  BIGINT NOT NULL,
    created   BIGINT NOT NULL,
    due       BIGINT NOT NULL,
    lease     BIGINT NOT NULL,
    CONSTRAINT outbox__id PRIMARY KEY (org_id, id)
);
CREATE INDEX IF NOT EXISTS outbox_due ON outbox (status, due);

CREATE TABLE IF NOT EXISTS leases (
    name    NAME NOT NULL,
    holder  NAME NOT NULL,
    expires BIGINT NOT NULL,
    CONSTRAINT leases__name PRIMARY KEY (name)
);

CREATE TABLE IF NOT EXISTS jobs (
    org_id   NAME NOT NULL,
    id       NAME NOT NULL,
    kind     NAME NOT NULL,
    document TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    created  BIGINT NOT NULL,
    due      BIGINT NOT NULL,
    lease    BIGINT NOT NULL,
    CONSTRAINT jobs__id PRIMARY KEY (org_id, id)
);
CREATE INDEX IF NOT EXISTS jobs_due ON jobs (due);
