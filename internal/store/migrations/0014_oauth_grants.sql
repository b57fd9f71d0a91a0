-- +goose NO TRANSACTION
-- +goose Up

-- What is handed out once and taken back once: authorization codes, pushed
-- requests, device and user codes, requests that wait for a sign-in. hash is of
-- what the bearer presents; used is when it was taken, 0 before.
CREATE TABLE IF NOT EXISTS oauth_tickets (
    org_id    NAME NOT NULL,
    hash      BYTEA NOT NULL,
    kind      NAME NOT NULL,
    client_id NAME NOT NULL,
    user_id   NAME NOT NULL,
    created   BIGINT NOT NULL,
    expires   BIGINT NOT NULL,
    used      BIGINT NOT NULL,
    document  TEXT NOT NULL,
    version   BIGINT NOT NULL,
    CONSTRAINT oauth_tickets__hash PRIMARY KEY (org_id, hash)
);
CREATE INDEX IF NOT EXISTS oauth_tickets_expires ON oauth_tickets (expires);
CREATE INDEX IF NOT EXISTS oauth_tickets_user_id ON oauth_tickets (org_id, user_id);

-- A refresh token through all its rotations. hash is of the part that stays,
-- current and previous of the part that changes.
CREATE TABLE IF NOT EXISTS oauth_refresh (
    org_id       NAME NOT NULL,
    id           NAME NOT NULL,
    hash         BYTEA NOT NULL,
    server_id    NAME NOT NULL,
    client_id    NAME NOT NULL,
    user_id      NAME NOT NULL,
    current      BYTEA NOT NULL,
    previous     BYTEA NOT NULL,
    salt         BYTEA NOT NULL,
    rotated      BIGINT NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    expires      BIGINT NOT NULL,
    document     TEXT NOT NULL,
    version      BIGINT NOT NULL,
    CONSTRAINT oauth_refresh__id PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS oauth_refresh__hash ON oauth_refresh (org_id, hash);
CREATE INDEX IF NOT EXISTS oauth_refresh_user_id ON oauth_refresh (org_id, user_id, client_id, id);
CREATE INDEX IF NOT EXISTS oauth_refresh_client_id ON oauth_refresh (org_id, client_id, server_id, id);
CREATE INDEX IF NOT EXISTS oauth_refresh_expires ON oauth_refresh (expires);

-- What may be presented once, or no more: identifiers of assertions and proofs
-- that were seen, and of access tokens that were revoked, until they expire.
CREATE TABLE IF NOT EXISTS oauth_spent (
    org_id  NAME NOT NULL,
    hash    BYTEA NOT NULL,
    expires BIGINT NOT NULL,
    CONSTRAINT oauth_spent__hash PRIMARY KEY (org_id, hash)
);
CREATE INDEX IF NOT EXISTS oauth_spent_expires ON oauth_spent (expires);
