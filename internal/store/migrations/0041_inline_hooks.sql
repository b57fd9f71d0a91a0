-- +goose NO TRANSACTION
-- +goose Up

-- What other systems are asked at certain points. document is JSON text: where
-- and how. sealed holds the secret that the request carries, empty for none.
CREATE TABLE IF NOT EXISTS inline_hooks (
    org_id       NAME NOT NULL,
    id           NAME NOT NULL,
    name         TEXT NOT NULL,
    type         NAME NOT NULL,
    status       NAME NOT NULL,
    document     TEXT NOT NULL,
    sealed       TEXT NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    CONSTRAINT inline_hooks__id PRIMARY KEY (org_id, id)
) CLUSTERED;
