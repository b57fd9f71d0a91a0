-- +goose NO TRANSACTION
-- +goose Up

-- The wrong codes that were given in recoveries of a user since a time, and
-- when one was last sent. Apart from the user, so that each is one statement
-- that races with nothing else.
CREATE TABLE IF NOT EXISTS recovery_guesses (
    org_id    NAME NOT NULL,
    user_id   NAME NOT NULL,
    failures  BIGINT NOT NULL,
    since     BIGINT NOT NULL,
    last_sent BIGINT NOT NULL,
    CONSTRAINT recovery_guesses__user_id PRIMARY KEY (org_id, user_id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
) CLUSTERED;
