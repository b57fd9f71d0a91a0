-- +goose NO TRANSACTION
-- +goose Up

-- What is counted of a factor: wrong answers in a row, the last step of time
-- whose code was used, and when a code was last sent; and whether its user wants
-- to be asked by it without choosing it. Apart from the factor, so
-- that each is one statement that races with nothing else.
CREATE TABLE IF NOT EXISTS factor_counts (
    org_id    NAME NOT NULL,
    user_id   NAME NOT NULL,
    factor_id NAME NOT NULL,
    failures  BIGINT NOT NULL,
    last_step BIGINT NOT NULL,
    last_sent BIGINT NOT NULL,
    auto      BIGINT NOT NULL,
    CONSTRAINT factor_counts__factor_id PRIMARY KEY (org_id, user_id, factor_id),
    FOREIGN KEY (org_id, user_id, factor_id) REFERENCES factors (org_id, user_id, id) ON DELETE CASCADE
) CLUSTERED;

-- The challenges that wait for an answer, or have got one lately. owner is the
-- SHA-256, in base64url, of the handle of the sign-in that began it, empty for
-- a caller of the users' factors. sealed is what only the method may know.
CREATE TABLE IF NOT EXISTS factor_challenges (
    org_id    NAME NOT NULL,
    id        NAME NOT NULL,
    user_id   NAME NOT NULL,
    factor_id NAME NOT NULL,
    purpose   NAME NOT NULL,
    owner     NAME NOT NULL,
    result    NAME NOT NULL,
    sealed    TEXT NOT NULL,
    sends     BIGINT NOT NULL,
    attempts  BIGINT NOT NULL,
    created   BIGINT NOT NULL,
    expires   BIGINT NOT NULL,
    version   BIGINT NOT NULL,
    CONSTRAINT factor_challenges__id PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
) CLUSTERED;
CREATE INDEX IF NOT EXISTS factor_challenges_factor_id ON factor_challenges (org_id, user_id, factor_id, id);
CREATE INDEX IF NOT EXISTS factor_challenges_expires ON factor_challenges (expires);

-- The devices on which a user need not prove a further factor again. device is
-- the SHA-256 of what the device is known by, in base64url.
CREATE TABLE IF NOT EXISTS remembered_devices (
    org_id  NAME NOT NULL,
    user_id NAME NOT NULL,
    device  NAME NOT NULL,
    proved  BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    CONSTRAINT remembered_devices__device PRIMARY KEY (org_id, user_id, device),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
) CLUSTERED;
CREATE INDEX IF NOT EXISTS remembered_devices_expires ON remembered_devices (expires);
