-- +goose NO TRANSACTION
-- +goose Up

-- The OAuth clients that have learnt of a session by an ID token, and want to
-- hear of its end. server_id is empty for the organisation's own server.
CREATE TABLE IF NOT EXISTS session_clients (
    org_id       NAME NOT NULL,
    session_hash BYTEA NOT NULL,
    client_id    NAME NOT NULL,
    server_id    NAME NOT NULL,
    CONSTRAINT session_clients__client PRIMARY KEY (org_id, session_hash, client_id, server_id),
    FOREIGN KEY (org_id, session_hash) REFERENCES sessions (org_id, hash) ON DELETE CASCADE
);
