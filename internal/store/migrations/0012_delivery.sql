-- +goose NO TRANSACTION
-- +goose Up

-- Why the last attempt to send a message failed, for people; no secrets.
CREATE TABLE IF NOT EXISTS outbox_problems (
    org_id     NAME NOT NULL,
    message_id NAME NOT NULL,
    problem    TEXT NOT NULL,
    CONSTRAINT outbox_problems__message_id PRIMARY KEY (org_id, message_id),
    FOREIGN KEY (org_id, message_id) REFERENCES outbox (org_id, id) ON DELETE CASCADE
) CLUSTERED;

-- An organisation's own texts of text messages. translations is a JSON object
-- of texts by language.
CREATE TABLE IF NOT EXISTS sms_templates (
    org_id       NAME NOT NULL,
    id           NAME NOT NULL,
    name         TEXT NOT NULL,
    type         NAME NOT NULL,
    template     TEXT NOT NULL,
    translations TEXT NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    CONSTRAINT sms_templates__id PRIMARY KEY (org_id, id)
) CLUSTERED;
