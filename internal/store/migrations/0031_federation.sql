-- +goose NO TRANSACTION
-- +goose Up

-- The identity providers that an organisation trusts. issuer is how one names
-- itself in what it signs.
CREATE TABLE IF NOT EXISTS identity_providers (
    org_id       NAME NOT NULL,
    id           NAME NOT NULL,
    name         TEXT NOT NULL,
    type         NAME NOT NULL,
    status       NAME NOT NULL,
    issuer       TEXT NOT NULL,
    document     TEXT NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    CONSTRAINT identity_providers__id PRIMARY KEY (org_id, id),
    CONSTRAINT identity_providers__name UNIQUE (org_id, name)
) CLUSTERED;
CREATE INDEX IF NOT EXISTS identity_providers_issuer ON identity_providers (org_id, issuer);

-- The certificates by which identity providers sign.
CREATE TABLE IF NOT EXISTS identity_provider_keys (
    org_id       NAME NOT NULL,
    id           NAME NOT NULL,
    certificate  BYTEA NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    expires      BIGINT NOT NULL,
    CONSTRAINT identity_provider_keys__id PRIMARY KEY (org_id, id)
) CLUSTERED;
