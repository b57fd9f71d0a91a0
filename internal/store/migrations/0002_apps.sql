-- +goose NO TRANSACTION
-- +goose Up

-- Applications. client_id, kid and external_key are empty where an application
-- has none.
CREATE TABLE IF NOT EXISTS apps (
    org_id       NAME NOT NULL,
    id           NAME NOT NULL,
    name         NAME NOT NULL,
    label        TEXT NOT NULL,
    label_key    NAME NOT NULL,
    status       NAME NOT NULL,
    sign_on_mode NAME NOT NULL,
    client_id    NAME NOT NULL,
    kid          NAME NOT NULL,
    external_key NAME NOT NULL,
    settings     TEXT NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    CONSTRAINT apps__id PRIMARY KEY (org_id, id)
) CLUSTERED;
CREATE UNIQUE INDEX IF NOT EXISTS apps__client_id ON apps (org_id, client_id) WHERE client_id <> '';
CREATE UNIQUE INDEX IF NOT EXISTS apps__external_key ON apps (org_id, external_key) WHERE external_key <> '';
CREATE INDEX IF NOT EXISTS apps_name ON apps (org_id, name);
CREATE INDEX IF NOT EXISTS apps_label_key ON apps (org_id, label_key);
CREATE INDEX IF NOT EXISTS apps_kid ON apps (org_id, kid);

-- What is kept of a user of an application. Users who come by a group have a
-- row only when something was set for them.
CREATE TABLE IF NOT EXISTS app_users (
    org_id           NAME NOT NULL,
    app_id           NAME NOT NULL,
    user_id          NAME NOT NULL,
    scope            NAME NOT NULL,
    user_name        TEXT NOT NULL,
    user_name_key    NAME NOT NULL,
    password         TEXT NOT NULL,
    profile          TEXT NOT NULL,
    created          BIGINT NOT NULL,
    last_updated     BIGINT NOT NULL,
    password_changed BIGINT NOT NULL,
    version          BIGINT NOT NULL,
    CONSTRAINT app_users__user_id PRIMARY KEY (org_id, app_id, user_id),
    FOREIGN KEY (org_id, app_id) REFERENCES apps (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
) CLUSTERED;
CREATE INDEX IF NOT EXISTS app_users_user_id ON app_users (org_id, user_id, app_id);
CREATE INDEX IF NOT EXISTS app_users_user_name_key ON app_users (org_id, app_id, user_name_key);

CREATE TABLE IF NOT EXISTS app_groups (
    org_id       NAME NOT NULL,
    app_id       NAME NOT NULL,
    group_id     NAME NOT NULL,
    priority     BIGINT NOT NULL,
    profile      TEXT NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    CONSTRAINT app_groups__group_id PRIMARY KEY (org_id, app_id, group_id),
    FOREIGN KEY (org_id, app_id) REFERENCES apps (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, group_id) REFERENCES groups (org_id, id) ON DELETE CASCADE
) CLUSTERED;
CREATE INDEX IF NOT EXISTS app_groups_group_id ON app_groups (org_id, group_id, app_id);

-- Signing keys. purpose tells the one key that all OpenID Connect clients of an
-- organisation share from those of single applications.
CREATE TABLE IF NOT EXISTS app_keys (
    org_id       NAME NOT NULL,
    kid          NAME NOT NULL,
    purpose      NAME NOT NULL,
    private      TEXT NOT NULL,
    certificate  BYTEA NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    expires      BIGINT NOT NULL,
    CONSTRAINT app_keys__kid PRIMARY KEY (org_id, kid)
);
CREATE INDEX IF NOT EXISTS app_keys_purpose ON app_keys (org_id, purpose, created);

-- Which application has which key; clones share one.
CREATE TABLE IF NOT EXISTS app_key_links (
    org_id  NAME NOT NULL,
    app_id  NAME NOT NULL,
    kid     NAME NOT NULL,
    created BIGINT NOT NULL,
    CONSTRAINT app_key_links__kid PRIMARY KEY (org_id, app_id, kid),
    FOREIGN KEY (org_id, app_id) REFERENCES apps (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, kid) REFERENCES app_keys (org_id, kid) ON DELETE CASCADE
) CLUSTERED;
CREATE INDEX IF NOT EXISTS app_key_links_kid ON app_key_links (org_id, kid);

CREATE TABLE IF NOT EXISTS app_csrs (
    org_id  NAME NOT NULL,
    app_id  NAME NOT NULL,
    id      NAME NOT NULL,
    private TEXT NOT NULL,
    request BYTEA NOT NULL,
    created BIGINT NOT NULL,
    CONSTRAINT app_csrs__id PRIMARY KEY (org_id, app_id, id),
    FOREIGN KEY (org_id, app_id) REFERENCES apps (org_id, id) ON DELETE CASCADE
);

-- What an application has to keep secret: the secrets of an OAuth client and
-- the password that all users of an application share.
CREATE TABLE IF NOT EXISTS app_secrets (
    org_id       NAME NOT NULL,
    app_id       NAME NOT NULL,
    id           NAME NOT NULL,
    kind         NAME NOT NULL,
    status       NAME NOT NULL,
    sealed       TEXT NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    CONSTRAINT app_secrets__id PRIMARY KEY (org_id, app_id, id),
    FOREIGN KEY (org_id, app_id) REFERENCES apps (org_id, id) ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS app_logos (
    org_id  NAME NOT NULL,
    app_id  NAME NOT NULL,
    id      NAME NOT NULL,
    type    NAME NOT NULL,
    image   BYTEA NOT NULL,
    created BIGINT NOT NULL,
    CONSTRAINT app_logos__app_id PRIMARY KEY (org_id, app_id),
    FOREIGN KEY (org_id, app_id) REFERENCES apps (org_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX IF NOT EXISTS app_logos__id ON app_logos (org_id, id);

-- Numbers the custom applications of an organisation: their names end in it.
CREATE TABLE IF NOT EXISTS app_counters (
    org_id NAME NOT NULL,
    value  BIGINT NOT NULL,
    CONSTRAINT app_counters__org_id PRIMARY KEY (org_id)
);
