-- +goose NO TRANSACTION
-- +goose Up

-- Requests counted in the window that begins at start (Unix milliseconds), by
-- node; the node '' stands for a count that all nodes share exactly.
CREATE TABLE IF NOT EXISTS rate_counts (
    org_id   NAME   NOT NULL,
    name     NAME   NOT NULL, -- of the bucket or throttle, with the hash of what is counted
    node     NAME   NOT NULL,
    start    BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    CONSTRAINT rate_counts__node PRIMARY KEY (org_id, name, node)
) CLUSTERED;
CREATE INDEX IF NOT EXISTS rate_counts_start ON rate_counts (start);

-- Sources from which a user has signed in, with the wrong guesses from there.
CREATE TABLE IF NOT EXISTS sign_in_sources (
    org_id   NAME   NOT NULL,
    user_id  NAME   NOT NULL,
    source   NAME   NOT NULL, -- a hash
    failures BIGINT NOT NULL,
    used     BIGINT NOT NULL,
    expires  BIGINT NOT NULL,
    CONSTRAINT sign_in_sources__source PRIMARY KEY (org_id, user_id, source),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
) CLUSTERED;
CREATE INDEX IF NOT EXISTS sign_in_sources_expires ON sign_in_sources (expires);

-- Why a request was answered as it was.
CREATE TABLE IF NOT EXISTS decisions (
    org_id   NAME   NOT NULL,
    request  NAME   NOT NULL,
    id       NAME   NOT NULL,
    expires  BIGINT NOT NULL,
    document TEXT   NOT NULL,
    CONSTRAINT decisions__id PRIMARY KEY (org_id, request, id)
) CLUSTERED;
CREATE INDEX IF NOT EXISTS decisions_expires ON decisions (expires);
