-- +goose NO TRANSACTION
-- +goose Up

-- Relations between users, each with a name for either side. document is JSON
-- text: titles and descriptions.
CREATE TABLE IF NOT EXISTS linked_objects (
    org_id          NAME NOT NULL,
    primary_name    NAME NOT NULL,
    associated_name NAME NOT NULL,
    document        TEXT NOT NULL,
    created         BIGINT NOT NULL,
    CONSTRAINT linked_objects__primary PRIMARY KEY (org_id, primary_name),
    CONSTRAINT linked_objects__associated UNIQUE (org_id, associated_name)
) CLUSTERED;

-- Who stands in such a relation to whom: one primary user for each associated
-- one.
CREATE TABLE IF NOT EXISTS user_links (
    org_id        NAME NOT NULL,
    primary_name  NAME NOT NULL,
    associated_id NAME NOT NULL,
    primary_id    NAME NOT NULL,
    CONSTRAINT user_links__associated PRIMARY KEY (org_id, primary_name, associated_id),
    FOREIGN KEY (org_id, primary_name) REFERENCES linked_objects (org_id, primary_name) ON DELETE CASCADE,
    FOREIGN KEY (org_id, associated_id) REFERENCES users (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, primary_id) REFERENCES users (org_id, id) ON DELETE CASCADE
) CLUSTERED;

CREATE INDEX IF NOT EXISTS user_links_associated ON user_links (org_id, associated_id);
CREATE INDEX IF NOT EXISTS user_links_primary ON user_links (org_id, primary_id, primary_name, associated_id);
