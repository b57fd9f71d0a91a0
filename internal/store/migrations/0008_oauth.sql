-- +goose NO TRANSACTION
-- +goose Up

-- Custom authorization servers. The organisation's own server has no row. The
-- document holds what is not searched.
CREATE TABLE IF NOT EXISTS oauth_servers (
    org_id       NAME NOT NULL,
    id           NAME NOT NULL,
    name         TEXT NOT NULL,
    name_key     NAME NOT NULL,
    status       NAME NOT NULL,
    standard     BIGINT NOT NULL,
    document     TEXT NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    CONSTRAINT oauth_servers__id PRIMARY KEY (org_id, id)
) CLUSTERED;
CREATE UNIQUE INDEX IF NOT EXISTS oauth_servers__name_key ON oauth_servers (org_id, name_key);

-- Scopes, claims and policies of custom servers; kind tells them apart. name_key
-- is what must be unique among those of a kind.
CREATE TABLE IF NOT EXISTS oauth_parts (
    org_id       NAME NOT NULL,
    server_id    NAME NOT NULL,
    kind         NAME NOT NULL,
    id           NAME NOT NULL,
    parent_id    NAME NOT NULL,
    name         TEXT NOT NULL,
    name_key     NAME NOT NULL,
    status       NAME NOT NULL,
    priority     BIGINT NOT NULL,
    system       BIGINT NOT NULL,
    document     TEXT NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    CONSTRAINT oauth_parts__id PRIMARY KEY (org_id, server_id, kind, id),
    FOREIGN KEY (org_id, server_id) REFERENCES oauth_servers (org_id, id) ON DELETE CASCADE
) CLUSTERED;
CREATE UNIQUE INDEX IF NOT EXISTS oauth_parts__name_key ON oauth_parts (org_id, server_id, kind, parent_id, name_key);

-- Keys that sign tokens. server_id is empty for the organisation's own server.
CREATE TABLE IF NOT EXISTS signing_keys (
    org_id       NAME NOT NULL,
    server_id    NAME NOT NULL,
    kid          NAME NOT NULL,
    alg          NAME NOT NULL,
    status       NAME NOT NULL,
    private      TEXT NOT NULL,
    created      BIGINT NOT NULL,
    activated    BIGINT NOT NULL,
    retired      BIGINT NOT NULL,
    CONSTRAINT signing_keys__kid PRIMARY KEY (org_id, server_id, kid)
) CLUSTERED;
CREATE INDEX IF NOT EXISTS signing_keys_activated ON signing_keys (status, activated);

-- What clients may ask for: scopes of the management interface that an
-- administrator granted to an application (user_id empty), and scopes that users
-- consented to. server_id is empty for the organisation's own server.
CREATE TABLE IF NOT EXISTS oauth_grants (
    org_id       NAME NOT NULL,
    id           NAME NOT NULL,
    client_id    NAME NOT NULL,
    user_id      NAME NOT NULL,
    server_id    NAME NOT NULL,
    scope        NAME NOT NULL,
    source       NAME NOT NULL,
    created_by   NAME NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    CONSTRAINT oauth_grants__id PRIMARY KEY (org_id, id)
) CLUSTERED;
CREATE UNIQUE INDEX IF NOT EXISTS oauth_grants__scope ON oauth_grants (org_id, client_id, user_id, server_id, scope);
CREATE INDEX IF NOT EXISTS oauth_grants_user_id ON oauth_grants (org_id, user_id, client_id);
