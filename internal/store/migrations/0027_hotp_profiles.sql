-- +goose NO TRANSACTION
-- +goose Up

-- How the one-time passwords of the tokens that an organisation buys elsewhere
-- are made. settings is a JSON object. is_default marks the one that is meant
-- when an enrolment names none.
CREATE TABLE IF NOT EXISTS hotp_profiles (
    org_id       NAME NOT NULL,
    id           NAME NOT NULL,
    name         TEXT NOT NULL,
    is_default   BIGINT NOT NULL,
    settings     TEXT NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    CONSTRAINT hotp_profiles__id PRIMARY KEY (org_id, id)
) CLUSTERED;
