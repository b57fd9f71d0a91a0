-- +goose NO TRANSACTION
-- +goose Up

-- The hardware tokens that an administrator has handed out. sealed holds the
-- secrets, counter the highest one that was used, user_id whose it is, empty
-- while it is nobody's.
CREATE TABLE IF NOT EXISTS yubikeys (
    org_id        NAME NOT NULL,
    id            NAME NOT NULL,
    public_id     NAME NOT NULL,
    serial        TEXT NOT NULL,
    sealed        TEXT NOT NULL,
    user_id       NAME NOT NULL,
    counter       BIGINT NOT NULL,
    created       BIGINT NOT NULL,
    last_updated  BIGINT NOT NULL,
    last_verified BIGINT NOT NULL,
    CONSTRAINT yubikeys__id PRIMARY KEY (org_id, id),
    CONSTRAINT yubikeys__public_id UNIQUE (org_id, public_id)
) CLUSTERED;
